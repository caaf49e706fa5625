use serde::{Deserialize, Serialize};

/// What a hunt found: rows that belong together, and what a person says of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// Its name.
    pub id: String,
    /// What it says it found.
    pub title: String,
    /// How bad that would be.
    pub severity: Severity,
    /// The query of the hunt that found it, if the hunt has several.
    pub query: Option<String>,
    /// The ATT&CK techniques, by id.
    pub techniques: Vec<String>,
    /// Whom and what it is about.
    pub entities: Vec<Entity>,
    /// How many events, or rows, it stands for.
    pub events: u64,
    /// When the first of them happened, in milliseconds since 1970, UTC.
    pub first_ms: Option<i64>,
    /// When the last of them happened.
    pub last_ms: Option<i64>,
    /// What a person says of it.
    pub judgement: Judgement,
    /// Who says so.
    pub judged_by: Option<String>,
    /// When.
    pub judged_ms: Option<i64>,
    /// Why.
    pub note: Option<String>,
}

/// Somebody or something that a finding is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entity {
    /// What it is: such as `user` or `ip`, or the name of a column.
    pub kind: String,
    /// Which.
    pub value: String,
}

/// How bad a finding is, in OCSF's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing.
    Informational,
    /// Of little consequence.
    Low,
    /// To be looked at.
    Medium,
    /// To be looked at now.
    High,
    /// Somebody is at work.
    Critical,
}

impl Severity {
    /// Every severity, the mildest first.
    pub const ALL: [Self; 5] = [Self::Informational, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The severity of this name.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.name() == name)
    }

    /// The name in reports and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Informational => "informational",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// What a person says of a finding.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Judgement {
    /// Nobody has judged it.
    #[default]
    Unjudged,
    /// It is what it says, and it is bad.
    TruePositive,
    /// It is what it says, and it was allowed.
    Benign,
    /// It is not what it says.
    FalsePositive,
    /// It may be bad; somebody is looking further.
    Suspicious,
    /// It cannot be said.
    InsufficientData,
    /// Another finding says the same.
    Duplicate,
}

impl Judgement {
    /// Every judgement.
    pub const ALL: [Self; 7] =
        [Self::Unjudged, Self::TruePositive, Self::Benign, Self::FalsePositive, Self::Suspicious, Self::InsufficientData, Self::Duplicate];

    /// The judgement of this name.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|judgement| judgement.name() == name)
    }

    /// The name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unjudged => "unjudged",
            Self::TruePositive => "true_positive",
            Self::Benign => "benign",
            Self::FalsePositive => "false_positive",
            Self::Suspicious => "suspicious",
            Self::InsufficientData => "insufficient_data",
            Self::Duplicate => "duplicate",
        }
    }
}
