use coldtrail_model::{Col, Event, Value};
use serde::{Deserialize, Serialize};

/// What whoever sent records said of all of them together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Marks {
    /// The cloud account, subscription or project that they belong to, for events that do not name one themselves.
    #[serde(default)]
    pub account: Option<String>,
    /// Labels that every event gets beside those it has.
    #[serde(default)]
    pub labels: Vec<String>,
}

impl Marks {
    /// True if nothing was said.
    pub fn is_empty(&self) -> bool {
        self.account.is_none() && self.labels.is_empty()
    }

    pub(crate) fn put_on(&self, event: &mut Event) {
        if event.get(Col::CloudAccountUid).is_none() {
            event.text_opt(Col::CloudAccountUid, self.account.as_deref());
        }
        if !self.labels.is_empty() {
            let own: Vec<String> = match event.get(Col::MetadataLabels) {
                Some(Value::TextList(labels)) => labels.iter().map(ToString::to_string).collect(),
                _ => Vec::new(),
            };
            let fresh: Vec<String> = self.labels.iter().filter(|label| !own.contains(*label)).cloned().collect();
            event.list(Col::MetadataLabels, own.into_iter().chain(fresh));
        }
    }
}
