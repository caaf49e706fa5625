use std::collections::BTreeMap;

use coldtrail_model::{RunId, TimeRange};
use coldtrail_query::{Error, Principal};

/// What is asked of a hunt.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HuntRequest {
    /// The name of a hunt file that was brought.
    pub hunt: String,
    /// Values of the hunt's parameters, as text.
    pub parameters: BTreeMap<String, String>,
    /// The time to look at; none: the hunt's own window, up to now.
    pub window: Option<TimeRange>,
    /// Say what would run, and run nothing.
    pub only_check: bool,
}

/// One query of a hunt that was started, or would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HuntQueryRun {
    /// The query's id within the hunt.
    pub id: String,
    /// What it runs.
    pub sql: String,
    /// Its run; none if it was only checked.
    pub run: Option<RunId>,
}

/// A hunt that was started, or checked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StartedHunt {
    /// Its queries, in order.
    pub queries: Vec<HuntQueryRun>,
    /// Data that it needs and that are not there for all of its window, in words.
    pub missing: Vec<String>,
}

/// What a hunter says of a finding; none leaves it as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Judgement {
    /// How far the work on it is.
    pub status: Option<String>,
    /// What it turned out to be.
    pub verdict: Option<String>,
    /// Why.
    pub note: Option<String>,
}

/// Hunts and what they find, as whatever serves clients asks for it.
#[async_trait::async_trait]
pub trait HuntingService: Send + Sync + 'static {
    /// Begins the queries of a hunt, each as a run.
    async fn start_hunt(&self, by: &Principal, request: HuntRequest) -> Result<StartedHunt, Error>;

    /// One verdict for each entry of the feed that a run swept for, each as JSON.
    async fn verdicts(&self, run: RunId) -> Result<Vec<String>, Error>;

    /// Says what a finding is worth, and gives the finding as JSON.
    async fn judge(&self, by: &Principal, key: &str, judgement: Judgement) -> Result<String, Error>;
}
