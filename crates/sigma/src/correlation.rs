//! Sigma correlations: <https://github.com/SigmaHQ/sigma-specification/blob/main/specification/sigma-correlation-rules-specification.md>,
//! with the types and the conditions over rules that pySigma has beside them.

mod read;

use std::collections::{BTreeMap, BTreeSet};

use yaml_serde::Value;

use crate::rule::About;

pub use read::Timespan;

/// A correlation: what must come together in a stretch of time.
#[derive(Debug, Clone)]
pub struct Correlation {
    /// What it says of itself.
    pub about: About,
    /// What is counted or put together.
    pub kind: CorrelationKind,
    /// The ids or names of rules, or of other correlations.
    pub rules: Vec<String>,
    /// Fields, or aliases, that must have the same values. An event without one of them belongs to no group.
    pub group_by: Vec<String>,
    /// How long the stretch of time is, in milliseconds: the first and the last event are at most this far apart.
    pub timespan_ms: i64,
    /// When it is a hit.
    pub condition: CorrelationCondition,
    /// For each alias, the field that it stands for in each rule.
    pub aliases: BTreeMap<String, BTreeMap<String, String>>,
    /// True if the matches of the rules are wanted on their own too.
    pub generates: bool,
    pub(crate) document: Value,
}

/// What a correlation counts or puts together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CorrelationKind {
    /// How many events there are.
    EventCount,
    /// How many values, of one field or of several together, there are.
    ValueCount(Vec<String>),
    /// The sum of a field's numbers.
    ValueSum(String),
    /// Their average.
    ValueAverage(String),
    /// Their median.
    ValueMedian(String),
    /// Their percentile: the number at so many percent of the way from the smallest to the largest, between two of them if need be.
    ValuePercentile(String, u8),
    /// Which of the rules match.
    Temporal,
    /// Which of the rules match in the order in which they are named.
    TemporalOrdered,
}

/// When a correlation is a hit.
#[derive(Debug, Clone, PartialEq)]
pub enum CorrelationCondition {
    /// All of these comparisons are true of the number.
    Bounds(Vec<Bound>),
    /// Some rules match and others do not.
    Rules(RuleCondition),
}

/// A comparison of a number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bound {
    /// How it is compared.
    pub relation: Relation,
    /// What with.
    pub number: f64,
}

/// How numbers are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// `lt`
    Less,
    /// `lte`
    LessOrEqual,
    /// `gt`
    Greater,
    /// `gte`
    GreaterOrEqual,
    /// `eq`
    Equal,
    /// `neq`
    NotEqual,
}

/// A condition over the rules of a correlation, by their positions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleCondition {
    /// The rule matches.
    Rule(usize),
    /// All are true.
    All(Vec<RuleCondition>),
    /// One is true.
    Any(Vec<RuleCondition>),
    /// It is not true.
    Not(Box<RuleCondition>),
}

impl Bound {
    /// True if the comparison holds.
    pub fn holds(self, number: f64) -> bool {
        match self.relation {
            Relation::Less => number < self.number,
            Relation::LessOrEqual => number <= self.number,
            Relation::Greater => number > self.number,
            Relation::GreaterOrEqual => number >= self.number,
            Relation::Equal => number == self.number,
            Relation::NotEqual => number != self.number,
        }
    }
}

impl CorrelationCondition {
    /// True if a number fits all bounds.
    pub(crate) fn fits(&self, number: f64) -> bool {
        match self {
            Self::Bounds(bounds) => bounds.iter().all(|bound| bound.holds(number)),
            Self::Rules(_) => false,
        }
    }
}

impl RuleCondition {
    /// True if it asks for an absence.
    pub(crate) fn has_not(&self) -> bool {
        match self {
            Self::Rule(_) => false,
            Self::Not(_) => true,
            Self::All(parts) | Self::Any(parts) => parts.iter().any(Self::has_not),
        }
    }

    /// True for a set of rules that match.
    pub(crate) fn holds(&self, matches: &dyn Fn(usize) -> bool) -> bool {
        match self {
            Self::Rule(rule) => matches(*rule),
            Self::All(parts) => parts.iter().all(|part| part.holds(matches)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(matches)),
            Self::Not(inner) => !inner.holds(matches),
        }
    }
}

impl Correlation {
    /// The fields whose numbers or values are counted.
    pub fn value_fields(&self) -> Vec<String> {
        match &self.kind {
            CorrelationKind::ValueCount(fields) => fields.clone(),
            CorrelationKind::ValueSum(field)
            | CorrelationKind::ValueAverage(field)
            | CorrelationKind::ValueMedian(field)
            | CorrelationKind::ValuePercentile(field, _) => vec![field.clone()],
            CorrelationKind::EventCount | CorrelationKind::Temporal | CorrelationKind::TemporalOrdered => Vec::new(),
        }
    }

    /// The field that a name of `group_by` or of [`Self::value_fields`] stands for in a rule, called by the names that it has.
    pub fn field_in<'c>(&'c self, name: &'c str, rule: &About) -> &'c str {
        let of_rule = |fields: &'c BTreeMap<String, String>| fields.iter().find(|(reference, _)| rule.is_called(reference));
        self.aliases.get(name).and_then(of_rule).map_or(name, |(_, field)| field)
    }

    /// The correlation as one YAML document.
    pub fn yaml(&self) -> String {
        yaml_serde::to_string(&self.document).unwrap_or_default()
    }
}

/// The fields that must be carried along with a rule's matches for a correlation: those of `group_by`, then those that are counted, each
/// once and as the rule names them.
pub fn fields_needed(correlation: &Correlation, rule: &About) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let values = correlation.value_fields();
    let names = correlation.group_by.iter().chain(&values);
    names.map(|name| correlation.field_in(name, rule).to_owned()).filter(|field| seen.insert(field.clone())).collect()
}
