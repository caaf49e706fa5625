use std::fmt;

use crate::compile::Placeholders;
use crate::correlation::Correlation;
use crate::correlation_set::CorrelationSet;
use crate::error::Problem;
use crate::filter::Filter;
use crate::mapping::Mappings;
use crate::parse::{Parsed, parse};
use crate::rule::{About, Rule};
use crate::rule_files::RuleFiles;
use crate::rule_set::{Compilation, RuleSet};
use crate::verdict::Verdict;

/// A set of rules ready for use: with the filters that apply to them and the correlations that put them together.
#[derive(Debug)]
pub struct Collection {
    /// The rules that can be evaluated. They carry the fields that the correlations need.
    pub set: RuleSet,
    /// The correlations of these rules.
    pub correlations: CorrelationSet,
    /// How many filters there are that apply to a rule.
    pub filters: usize,
    /// What cannot be used.
    pub refused: Vec<Refused>,
}

/// A document that cannot be used, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// What is said of it in one word: `malformed`, `unsupported` or `unmapped`.
    pub verdict: &'static str,
    /// The name of its file.
    pub file: String,
    /// Its title; empty if it has none that can be read.
    pub title: String,
    /// Why.
    pub reason: String,
}

impl Collection {
    /// Puts a set together.
    ///
    /// A filter that could not be read, or that names no rule of the set, is said as refused: the rules that it was meant for are
    /// evaluated without it, and so find more, not less.
    pub fn new(files: &RuleFiles, mappings: &Mappings) -> Self {
        let parsed: Vec<Parsed> = files.files.iter().map(|(name, text)| parse(name, text)).collect();
        let mut refused: Vec<Refused> = parsed.iter().flat_map(|parsed| &parsed.problems).map(Refused::malformed).collect();
        let mut rules: Vec<Rule> = parsed.iter().flat_map(|parsed| parsed.rules().cloned()).collect();
        let filters = apply(parsed.iter().flat_map(Parsed::filters), &mut rules, &mut refused);
        let Compilation { mut set, refused: unusable } = RuleSet::compile(rules, mappings, &files.placeholders);
        refused.extend(unusable.iter().map(|(rule, verdict)| Refused::rule(&rule.about, verdict)));
        let correlations: Vec<Correlation> = parsed.iter().flat_map(|parsed| parsed.correlations().cloned()).collect();
        let correlations = link(correlations, &set, &mut refused);
        for rule in 0..set.rules().len() {
            match correlations.fields_needed(rule) {
                fields if fields.is_empty() => {}
                fields => set.carry(rule, fields),
            }
        }
        Self { set, correlations, filters, refused }
    }

    /// The values of the placeholders that the set was made with.
    pub fn placeholders(&self) -> &Placeholders {
        self.set.placeholders()
    }
}

/// Links correlations with their rules. One that groups by, or counts, a field that no event of a rule can have would find nothing, and
/// is refused, as are those that build on it.
fn link(mut correlations: Vec<Correlation>, set: &RuleSet, refused: &mut Vec<Refused>) -> CorrelationSet {
    let (linked, _) = CorrelationSet::link(correlations.clone(), set.rules());
    for (correlation, needs) in linked.needs() {
        let lacking = |(rule, fields): &(usize, Vec<String>)| {
            fields.iter().find_map(|field| set.without_field(*rule, field).map(|source| (source.to_owned(), field.clone())))
        };
        let Some((source, field)) = needs.iter().find_map(lacking) else { continue };
        correlations.retain(|other| other.about.file != correlation.about.file || other.about.line != correlation.about.line);
        refused.push(Refused::rule(&correlation.about, &Verdict::Unmapped(format!("the records of {source} have no field {field}"))));
    }
    let (linked, problems) = CorrelationSet::link(correlations, set.rules());
    refused.extend(problems.iter().map(Refused::correlation));
    linked
}

/// Applies filters to the rules that they name, and says which name none.
fn apply<'f>(filters: impl Iterator<Item = &'f Filter>, rules: &mut [Rule], refused: &mut Vec<Refused>) -> usize {
    let mut applied = 0;
    for filter in filters {
        match filter.apply(rules) {
            0 => refused.push(Refused {
                verdict: "unsupported",
                file: filter.about.file.clone(),
                title: filter.about.title.clone(),
                reason: "the filter applies to no rule: none of the logsource has an id or a name that it names".to_owned(),
            }),
            _ => applied += 1,
        }
    }
    applied
}

impl Refused {
    fn malformed(problem: &Problem) -> Self {
        Self { verdict: "malformed", file: problem.file.clone(), title: String::new(), reason: problem.to_string() }
    }

    fn rule(about: &About, verdict: &Verdict) -> Self {
        let (verdict, reason) = match verdict {
            Verdict::Unmapped(why) => ("unmapped", why.clone()),
            Verdict::Unsupported(why) => ("unsupported", why.clone()),
            Verdict::Pass => ("unsupported", verdict.to_string()),
        };
        Self { verdict, file: about.file.clone(), title: about.title.clone(), reason }
    }

    fn correlation(problem: &Problem) -> Self {
        let title = problem.rule.clone().unwrap_or_default();
        Self { verdict: "unsupported", file: problem.file.clone(), title, reason: problem.message.clone() }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.title.is_empty() {
            true => f.write_str(&self.reason),
            false => write!(f, "{}: {}: {}: {}", self.file, self.title, self.verdict, self.reason),
        }
    }
}
