use serde::{Deserialize, Serialize};

/// The kind of the documents of alarms, one each, by key.
pub const ALARM_KIND: &str = "alarm";

/// Something is not as it was, and somebody should look: kept in the catalog, so that it is raised once and cleared once, whoever leads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alarm {
    /// Names it: the same kind, source and account give the same key.
    pub key: String,
    /// What it is about: `rejects`.
    pub kind: String,
    /// What happened, for people.
    pub title: String,
    /// How severe it is, as OCSF names it.
    pub severity: String,
    /// The source that it is about.
    pub source: String,
    /// The account that it is about, if the objects of the source tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// What was measured when it was raised: the share of records that became rejects.
    pub share: f64,
    /// What it was before: the same share, over the time before; none if there were no records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share_before: Option<f64>,
    /// What the share had to reach.
    pub limit: f64,
    /// Records of the window when it was raised.
    pub records: u64,
    /// Those that became rejects.
    pub rejects: u64,
    /// When it was raised, in milliseconds since 1970, UTC.
    pub raised_ms: i64,
    /// When it was cleared; none while it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cleared_ms: Option<i64>,
    /// When a case system took it, since it was raised; none if none did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notified_ms: Option<i64>,
}
