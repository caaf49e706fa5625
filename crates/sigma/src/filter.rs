use yaml_serde::Value;

use crate::condition::Condition;
use crate::detection::Detection;
use crate::fault::{Fault, kind_of};
use crate::logsource::Logsource;
use crate::rule::{About, Rule, texts};

/// A Sigma filter, which keeps rules from matching what is known to be harmless:
/// <https://github.com/SigmaHQ/sigma-specification/blob/main/specification/sigma-filters-specification.md>.
///
/// The specification suppresses what the condition matches (`condition: selection`); pySigma, and many filters that exist, say the
/// opposite of what is suppressed (`condition: not selection`). Both mean the same here. A condition that says both, such as
/// `one and not another`, would mean different things to the two, and is refused.
#[derive(Debug, Clone)]
pub struct Filter {
    /// What it says of itself.
    pub about: About,
    /// Which rules it can be for: those whose logsource names at least the same.
    pub logsource: Logsource,
    /// The ids or names of the rules; empty for any.
    pub rules: Vec<String>,
    pub(crate) detection: Detection,
    /// True if the condition says what is kept, not what is suppressed.
    pub(crate) is_kept: bool,
    pub(crate) document: Value,
}

impl Filter {
    pub(crate) fn read(document: &Value) -> Result<Self, Fault> {
        let members = document.as_mapping().ok_or_else(|| Fault::new(format!("a filter is {}, not a map", kind_of(document))))?;
        let about = About::read(members)?;
        let logsource = members.get("logsource").ok_or_else(|| Fault::new("there is no logsource"))?;
        let logsource = Logsource::read(logsource).map_err(|fault| fault.member("logsource"))?;
        let filter = members.get("filter").ok_or_else(|| Fault::new("there is no filter"))?;
        let (rules, detection) = Self::read_filter(filter).map_err(|fault| fault.member("filter"))?;
        let is_kept = says_what_is_kept(&detection.condition).map_err(|fault| fault.member("condition").member("filter"))?;
        Ok(Self { about, logsource, rules, detection, is_kept, document: document.clone() })
    }

    fn read_filter(filter: &Value) -> Result<(Vec<String>, Detection), Fault> {
        let members = filter.as_mapping().ok_or_else(|| Fault::new(format!("this is {}, not a map", kind_of(filter))))?;
        if !members.contains_key("rules") {
            return Err(Fault::new("there are no rules; write any for all rules of the logsource"));
        }
        let mut rules = texts(members, "rules")?;
        if rules.len() == 1 && rules[0].eq_ignore_ascii_case("any") {
            rules.clear();
        }
        Ok((rules, Detection::read(filter, &["rules"])?))
    }

    /// Applies it to the rules that it names, and returns how many those were.
    pub fn apply(&self, rules: &mut [Rule]) -> usize {
        let mut applied = 0;
        for rule in rules {
            let is_named = self.rules.is_empty() || self.rules.iter().any(|reference| rule.about.is_called(reference));
            if is_named && self.logsource.covers(&rule.logsource) {
                rule.filters.push(self.clone());
                applied += 1;
            }
        }
        applied
    }

    /// The filter as one YAML document.
    pub fn yaml(&self) -> String {
        yaml_serde::to_string(&self.document).unwrap_or_default()
    }
}

fn says_what_is_kept(condition: &Condition) -> Result<bool, Fault> {
    let is_kept = match condition {
        Condition::Not(inner) if !has_not(inner) => true,
        Condition::All(parts) if parts.iter().all(|part| matches!(part, Condition::Not(inner) if !has_not(inner))) => true,
        other if !has_not(other) => false,
        _ => {
            return Err(Fault::new(
                "the condition of a filter says what is suppressed, or only what is not: this one does both, and tools read it differently",
            ));
        }
    };
    Ok(is_kept)
}

fn has_not(condition: &Condition) -> bool {
    match condition {
        Condition::Search(_) => false,
        Condition::Not(_) => true,
        Condition::All(parts) | Condition::Any(parts) => parts.iter().any(has_not),
    }
}
