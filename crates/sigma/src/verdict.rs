use std::fmt;

use crate::compile::{Compiled, Placeholders, compile};
use crate::mapping::{Mappings, Target};
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
    usable(rule, mappings, placeholders).err().unwrap_or(Verdict::Pass)
}

/// The compiled rule and where its events are, or why it cannot be evaluated.
pub(crate) fn usable<'m>(rule: &Rule, mappings: &'m Mappings, placeholders: &Placeholders) -> Result<(Compiled, Vec<Target<'m>>), Verdict> {
    let compiled = compile(rule, placeholders).map_err(Verdict::Unsupported)?;
    let mut targets = mappings.targets(&rule.logsource);
    let mut unreadable = None;
    targets.found.retain(|target| {
        let field = target.definition.unreadable(target.variant, &compiled.fields);
        unreadable = unreadable.take().or_else(|| field.map(|field| (target.definition.source.clone(), field.to_owned())));
        field.is_none()
    });
    if let (true, Some((source, field))) = (targets.found.is_empty(), unreadable) {
        return Err(Verdict::Unmapped(format!("the records of {source} have no field {field}")));
    }
    match (targets.found.is_empty(), targets.not_collected.first()) {
        (false, _) => Ok((compiled, targets.found)),
        (true, Some(source)) => {
            Err(Verdict::Unmapped(format!("the logsource {} is of the source {source}, which is not collected", rule.logsource)))
        }
        (true, None) => Err(Verdict::Unmapped(format!("the logsource {} has no mapping", rule.logsource))),
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
