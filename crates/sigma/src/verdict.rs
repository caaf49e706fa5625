use std::fmt;

use crate::compile::{Placeholders, compile};
use crate::mapping::Mappings;
use crate::rule::Rule;

/// Whether a rule can be evaluated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It can, as it is meant.
    Pass,
    /// It says something that cannot be kept as it is meant.
    Unsupported(String),
    /// There are no events that it is about, or nobody said where they are.
    Unmapped(String),
}

/// Says whether a rule can be evaluated over what Coldtrail collects.
pub fn check(rule: &Rule, mappings: &Mappings, placeholders: &Placeholders) -> Verdict {
    let targets = mappings.targets(&rule.logsource);
    match compile(rule, placeholders) {
        Err(why) => Verdict::Unsupported(why),
        Ok(_) if !targets.found.is_empty() => Verdict::Pass,
        Ok(_) => match targets.not_collected.first() {
            Some(source) => {
                Verdict::Unmapped(format!("the logsource {} is of the source {source}, which is not collected", rule.logsource))
            }
            None => Verdict::Unmapped(format!("the logsource {} has no mapping", rule.logsource)),
        },
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pass => f.write_str("it can be evaluated"),
            Self::Unsupported(why) => write!(f, "unsupported: {why}"),
            Self::Unmapped(why) => write!(f, "unmapped: {why}"),
        }
    }
}
