use std::collections::BTreeMap;

use crate::correlate::{Correlated, CorrelationOptions, Occurrence, correlate};
use crate::correlation::{Correlation, fields_needed};
use crate::error::{Error, Problem};
use crate::rule::{About, Rule};

/// Correlations with the rules, and the other correlations, that they name.
#[derive(Debug, Clone)]
pub struct CorrelationSet {
    /// Each after those that it names.
    correlations: Vec<Correlation>,
    /// For each correlation and each of its rules, what it is.
    sources: Vec<Vec<Source>>,
    /// What the rules say of themselves, in the order of the rule set.
    rules: Vec<About>,
}

/// What a correlation's rule is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Rule(usize),
    Correlation(usize),
}

/// A match of a rule, with what correlations need of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleMatch {
    /// When the event was, in milliseconds since 1970.
    pub time_ms: i64,
    /// The rule, as its position in the rule set.
    pub rule: usize,
    /// What tells events apart, such as object and offset.
    pub event: String,
    /// The values of [`CorrelationSet::fields_needed`], in order.
    pub fields: Vec<Option<String>>,
}

impl CorrelationSet {
    /// Links correlations with rules. One that names what there is not, or itself over others, is a problem and left out, as is one
    /// that names it.
    pub fn link(correlations: Vec<Correlation>, rules: &[Rule]) -> (Self, Vec<Problem>) {
        let mut set = Self { correlations: Vec::new(), sources: Vec::new(), rules: rules.iter().map(|rule| rule.about.clone()).collect() };
        let mut waiting = correlations;
        loop {
            let before = waiting.len();
            let mut still = Vec::new();
            for correlation in waiting {
                match set.sources_of(&correlation) {
                    Ok(sources) => {
                        set.correlations.push(correlation);
                        set.sources.push(sources);
                    }
                    Err(_) => still.push(correlation),
                }
            }
            waiting = still;
            if waiting.len() == before {
                break;
            }
        }
        let names: Vec<About> = waiting.iter().map(|correlation| correlation.about.clone()).collect();
        let problems = waiting.iter().map(|correlation| set.problem(correlation, &names)).collect();
        (set, problems)
    }

    fn sources_of(&self, correlation: &Correlation) -> Result<Vec<Source>, String> {
        let source = |reference: &String| {
            let rule = self.rules.iter().position(|rule| rule.is_called(reference)).map(Source::Rule);
            let other = || self.correlations.iter().position(|other| other.about.is_called(reference)).map(Source::Correlation);
            rule.or_else(other).ok_or_else(|| reference.clone())
        };
        correlation.rules.iter().map(source).collect()
    }

    fn problem(&self, correlation: &Correlation, left_out: &[About]) -> Problem {
        let missing = self.sources_of(correlation).err().unwrap_or_default();
        let message = match left_out.iter().any(|other| other.is_called(&missing)) {
            true => format!("the correlation {missing:?} that it names cannot be used, or names this one"),
            false => format!("there is no rule {missing:?} among those that can be evaluated"),
        };
        let About { file, line, .. } = correlation.about.clone();
        Problem { file, line, column: 1, rule: Some(correlation.about.key().to_owned()), message }
    }

    /// For each correlation, its rules by their positions, with the fields that it needs of each.
    pub(crate) fn needs(&self) -> impl Iterator<Item = (&Correlation, Vec<(usize, Vec<String>)>)> {
        self.correlations.iter().zip(&self.sources).map(|(correlation, sources)| {
            let of_rule = |source: &Source| match source {
                Source::Rule(rule) => self.rules.get(*rule).map(|about| (*rule, fields_needed(correlation, about))),
                Source::Correlation(_) => None,
            };
            (correlation, sources.iter().filter_map(of_rule).collect())
        })
    }

    /// The correlations, each after those that it names.
    pub fn correlations(&self) -> &[Correlation] {
        &self.correlations
    }

    /// The fields that must be carried along with the matches of a rule, for all correlations.
    pub fn fields_needed(&self, rule: usize) -> Vec<String> {
        let mut fields: Vec<String> = Vec::new();
        let Some(about) = self.rules.get(rule) else { return fields };
        for (correlation, sources) in self.correlations.iter().zip(&self.sources) {
            if !sources.contains(&Source::Rule(rule)) {
                continue;
            }
            for field in fields_needed(correlation, about) {
                if !fields.contains(&field) {
                    fields.push(field);
                }
            }
        }
        fields
    }

    /// Runs all correlations over the matches of the rules, which come sorted by time; one result for each correlation, in order.
    pub fn run(&self, matches: &[RuleMatch], options: &CorrelationOptions) -> Result<Vec<Correlated>, Error> {
        let needed: BTreeMap<usize, Vec<String>> = (0..self.rules.len()).map(|rule| (rule, self.fields_needed(rule))).collect();
        let mut results: Vec<Correlated> = Vec::new();
        for (position, correlation) in self.correlations.iter().enumerate() {
            let mut occurrences: Vec<Occurrence> = Vec::new();
            for (rule, source) in self.sources[position].iter().enumerate() {
                match source {
                    Source::Rule(wanted) => {
                        let found = matches.iter().filter(|found| found.rule == *wanted);
                        occurrences.extend(found.map(|found| of_match(correlation, rule, found, &self.rules[*wanted], &needed[wanted])));
                    }
                    Source::Correlation(inner) => {
                        occurrences.extend(of_correlation(correlation, rule, &self.correlations[*inner], &results[*inner]));
                    }
                }
            }
            occurrences.sort_by_key(|occurrence| occurrence.time_ms);
            let is_named = self.sources.iter().flatten().any(|source| *source == Source::Correlation(position));
            let options = CorrelationOptions { wants_moments: options.wants_moments || is_named, ..*options };
            results.push(correlate(correlation, occurrences, &options)?);
        }
        Ok(results)
    }
}

fn of_match(correlation: &Correlation, rule: usize, found: &RuleMatch, about: &About, needed: &[String]) -> Occurrence {
    let value = |name: &String| {
        let field = correlation.field_in(name, about);
        let position = needed.iter().position(|needed| needed == field)?;
        found.fields.get(position).cloned().flatten()
    };
    Occurrence {
        time_ms: found.time_ms,
        rule,
        group: correlation.group_by.iter().map(value).collect(),
        values: correlation.value_fields().iter().map(value).collect(),
        event: found.event.clone(),
    }
}

/// The moments at which another correlation held; it brings the values that it groups by.
fn of_correlation<'r>(
    correlation: &'r Correlation,
    rule: usize,
    inner: &'r Correlation,
    result: &'r Correlated,
) -> impl Iterator<Item = Occurrence> + 'r {
    let fields = correlation.value_fields();
    result.moments.iter().enumerate().map(move |(number, moment)| {
        let value = |name: &String| {
            let field = correlation.field_in(name, &inner.about);
            let position = inner.group_by.iter().position(|known| known == field)?;
            moment.group.get(position).cloned()
        };
        Occurrence {
            time_ms: moment.time_ms,
            rule,
            group: correlation.group_by.iter().map(value).collect(),
            values: fields.iter().map(value).collect(),
            event: format!("{}#{number}", inner.about.key()),
        }
    })
}
