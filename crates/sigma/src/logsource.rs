use std::fmt;

use yaml_serde::{Mapping, Value};

use crate::fault::{Fault, Step, kind_of};

/// Which logs a rule is about. The other members of `logsource` explain, and are not evaluated.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Logsource {
    /// The vendor or system: `windows`, `aws`.
    pub product: Option<String>,
    /// The kind of event: `process_creation`.
    pub category: Option<String>,
    /// The log: `security`, `cloudtrail`.
    pub service: Option<String>,
}

impl Logsource {
    pub(crate) fn read(value: &Value) -> Result<Self, Fault> {
        let Value::Mapping(members) = value else {
            return Err(Fault::new(format!("the logsource is {}, not a map", kind_of(value))));
        };
        let logsource =
            Self { product: part(members, "product")?, category: part(members, "category")?, service: part(members, "service")? };
        if logsource == Self::default() {
            return Err(Fault::new("the logsource names no product, category or service"));
        }
        Ok(logsource)
    }

    /// True if every part that this one names is the same in the other; what it does not name may be anything.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        let fits = |ours: &Option<String>, theirs: &Option<String>| ours.is_none() || ours == theirs;
        fits(&self.product, &other.product) && fits(&self.category, &other.category) && fits(&self.service, &other.service)
    }
}

fn part(members: &Mapping, key: &str) -> Result<Option<String>, Fault> {
    match members.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.trim().to_lowercase())),
        Some(other) => Err(Fault::new(format!("the {key} is {}, not a text", kind_of(other))).under(Step::Member(key.to_owned()))),
    }
}

impl fmt::Display for Logsource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [("product", &self.product), ("category", &self.category), ("service", &self.service)];
        let named: Vec<String> = parts.iter().filter_map(|(name, part)| Some(format!("{name}={}", part.as_ref()?))).collect();
        f.write_str(&named.join(" "))
    }
}
