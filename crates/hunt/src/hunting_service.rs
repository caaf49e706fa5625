use std::collections::BTreeMap;

use coldtrail_model::{RunId, TimeRange};
use coldtrail_query::{Error, Principal};
use serde::{Deserialize, Serialize};

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

/// How a hunter ends a hunt.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConclusionRequest {
    /// What came of it: one of [`OUTCOMES`].
    pub outcome: String,
    /// Why, and what is to be done.
    pub note: Option<String>,
    /// The detections that were made because of it, by name.
    pub detections: Vec<String>,
}

/// What can come of a hunt: a threat was found, there is none, something else was found that has to be mended (a gap of logs, a policy
/// that nobody keeps), or it cannot be said.
pub const OUTCOMES: [&str; 4] = ["threat", "no_threat", "improvement", "inconclusive"];

/// What a hunter said at the end of a hunt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HuntConclusion {
    /// The run.
    pub run_id: String,
    /// The hunt, set of rules or feed, without its version.
    pub hunt: String,
    /// One of [`OUTCOMES`].
    pub outcome: String,
    /// Why.
    pub note: Option<String>,
    /// The detections that were made because of it.
    pub detections: Vec<String>,
    /// Who says so.
    pub by: String,
    /// When, in milliseconds since 1970, UTC.
    pub at_ms: i64,
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

    /// All that is known of a run that has ended, but the rows of its result: the facts of the crate `evidence`, as JSON.
    async fn facts(&self, by: &Principal, run: RunId) -> Result<String, Error>;

    /// Ends the hunt that a run belongs to. Said again, it takes the place of what was said before.
    async fn conclude(&self, by: &Principal, run: RunId, conclusion: ConclusionRequest) -> Result<HuntConclusion, Error>;
}
