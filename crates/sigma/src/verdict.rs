use std::fmt;

use crate::compile::{Compiled, Placeholders, compile};
use crate::mapping::{Limit, Mappings, Target, hindered};
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

/// The sources that have events which a rule is about, but over which it cannot be evaluated as it is meant, each with the reason. A
/// rule may be evaluated over other sources all the same.
pub fn sources_left_out(rule: &Rule, mappings: &Mappings, placeholders: &Placeholders) -> Vec<String> {
    let Ok(compiled) = compile(rule, placeholders) else { return Vec::new() };
    let targets = mappings.targets(&rule.logsource).found;
    let used: Vec<&str> = targets.iter().filter(|target| hindrance(target, &compiled).is_none()).map(|target| target.source()).collect();
    let mut left_out: Vec<String> =
        targets.iter().filter(|target| !used.contains(&target.source())).filter_map(|target| hindrance(target, &compiled)).collect();
    left_out.dedup();
    left_out
}

/// The compiled rule and where its events are, or why it cannot be evaluated.
pub(crate) fn usable<'m>(rule: &Rule, mappings: &'m Mappings, placeholders: &Placeholders) -> Result<(Compiled, Vec<Target<'m>>), Verdict> {
    let compiled = compile(rule, placeholders).map_err(Verdict::Unsupported)?;
    let mut targets = mappings.targets(&rule.logsource);
    let mut first = None;
    targets.found.retain(|target| {
        let why = hindrance(target, &compiled);
        let is_usable = why.is_none();
        first = first.take().or(why);
        is_usable
    });
    if let (true, Some(why)) = (targets.found.is_empty(), first) {
        return Err(Verdict::Unmapped(why));
    }
    match (targets.found.is_empty(), targets.not_collected.first()) {
        (false, _) => Ok((compiled, targets.found)),
        (true, Some(source)) => {
            Err(Verdict::Unmapped(format!("the logsource {} is of the source {source}, which is not collected", rule.logsource)))
        }
        (true, None) => Err(Verdict::Unmapped(format!("the logsource {} has no mapping", rule.logsource))),
    }
}

/// Why a rule cannot be evaluated over the events of a target as it is meant.
fn hindrance(target: &Target<'_>, compiled: &Compiled) -> Option<String> {
    let (definition, variant) = (target.definition, target.variant);
    if let Some(field) = definition.unreadable(variant, &compiled.fields) {
        return Some(format!("the records of {} have no field {field}", definition.source));
    }
    let limit = |field: usize| compiled.fields.get(field).map_or(Limit::None, |field| definition.limit(variant, field));
    let (field, why) = hindered(&compiled.expr, &limit)?;
    Some(format!("of the records of {}, {} cannot be compared so: {why}", definition.source, compiled.fields[field]))
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
