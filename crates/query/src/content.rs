use std::fmt;
use std::sync::Arc;

use coldtrail_intel::{Feed, IndicatorSet};
use coldtrail_sigma::RuleSet;
use datafusion::common::Result;

/// A feed that was read, and what finds its indicators.
#[derive(Debug)]
pub struct Indicators {
    /// The feed.
    pub feed: Feed,
    /// Its indicators, by their place in the feed.
    pub set: IndicatorSet,
}

impl Indicators {
    /// What finds the indicators of this feed.
    #[must_use]
    pub fn new(feed: Feed) -> Self {
        let set = IndicatorSet::new(&feed.indicators);
        Self { feed, set }
    }
}

/// What hunters brought: sets of indicators and of Sigma rules, by name. Asked by the planner, answered by whatever keeps them.
#[async_trait::async_trait]
pub trait ContentStore: fmt::Debug + Send + Sync + 'static {
    /// The indicators of a set, as they were stored under this name.
    async fn indicators(&self, name: &str) -> Result<Option<Arc<Indicators>>>;

    /// The rules of a set, as they were stored under this name.
    async fn rules(&self, name: &str) -> Result<Option<Arc<RuleSet>>>;
}
