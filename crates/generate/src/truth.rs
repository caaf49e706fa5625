use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::SourceKind;

/// What was planted, and what was written in all: `ground_truth.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroundTruth {
    /// The steps of the intrusion, in order of time.
    pub steps: Vec<Step>,
    /// What a hunter could be given to look for.
    pub indicators: Indicators,
    /// Records written, ordinary and planted, by source and day. Counted while writing.
    pub totals: BTreeMap<SourceKind, BTreeMap<NaiveDate, u64>>,
}

/// One step of the intrusion, as one source saw it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// A short name, such as `console-login-without-mfa`.
    pub id: String,
    /// The phase it belongs to, from 1 (phishing) to 10 (exfiltration).
    pub phase: u8,
    /// What happened.
    pub title: String,
    /// The technique of MITRE ATT&CK.
    pub attack_technique: String,
    /// The source that saw it.
    pub source: SourceKind,
    /// How many records.
    pub count: u64,
    /// The first record, RFC 3339.
    pub time_first: String,
    /// The last record, RFC 3339.
    pub time_last: String,
    /// The files that hold the records.
    pub files: Vec<StepFile>,
    /// Fields of the vendor's format, with dots between, that all planted records of the step meet and no other record of the source
    /// does. In Zeek's logs `#path` names the log; in flow logs the names of the header count.
    #[serde(rename = "match")]
    pub matches: BTreeMap<String, Condition>,
    /// What stands out in it: kind of indicator to values.
    pub indicators: BTreeMap<String, Vec<String>>,
}

/// The part of a step in one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepFile {
    /// The file, relative to the output folder.
    pub path: String,
    /// Its day.
    pub day: NaiveDate,
    /// How many of the step's records it holds.
    pub count: u64,
}

/// What a field must be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// One of these values, as text.
    AnyOf(Vec<String>),
    /// A text with this end.
    EndsWith(String),
    /// A text with this part.
    Contains(String),
    /// A number of at least this.
    AtLeast(u64),
}

impl Condition {
    /// Exactly this value.
    pub(crate) fn is(value: &str) -> Self {
        Self::AnyOf(vec![value.to_owned()])
    }

    /// True if the field's text meets it.
    pub fn holds(&self, text: &str) -> bool {
        match self {
            Self::AnyOf(values) => values.iter().any(|value| value == text),
            Self::EndsWith(end) => text.ends_with(end.as_str()),
            Self::Contains(part) => text.contains(part.as_str()),
            Self::AtLeast(bound) => text.parse::<u64>().is_ok_and(|number| number >= *bound),
        }
    }
}

/// Every indicator of the intrusion, by kind. Each occurs in planted records only, but for users and hashes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Indicators {
    /// Addresses.
    pub ips: Vec<String>,
    /// Domains.
    pub domains: Vec<String>,
    /// Accounts that were taken over or created.
    pub users: Vec<String>,
    /// SHA-256 of programs.
    pub hashes: Vec<String>,
    /// Access keys.
    pub keys: Vec<String>,
}
