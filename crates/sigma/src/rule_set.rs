use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::RecordBatch;
use coldtrail_model::{Class, Col};
use serde::{Deserialize, Serialize};

use crate::compile::Placeholders;
use crate::error::Error;
use crate::mapping::{Definition, Mappings};
use crate::matches::Matches;
use crate::parse::parse;
use crate::plan::Plan;
use crate::rule::Rule;
use crate::unit::Unit;
use crate::verdict::{Verdict, usable};

/// Rules made ready to be evaluated over the tables, all of one table in one pass.
#[derive(Debug, Clone)]
pub struct RuleSet {
    rules: Vec<Rule>,
    placeholders: Placeholders,
    plans: BTreeMap<Class, Plan>,
    carried: BTreeMap<usize, Vec<String>>,
}

/// A set of rules, and the rules that could not become part of it.
#[derive(Debug)]
pub struct Compilation {
    /// The rules that can be evaluated.
    pub set: RuleSet,
    /// The others, with what [`crate::check`] says of them.
    pub refused: Vec<(Rule, Verdict)>,
}

/// Values that a column must have for any rule of a table to match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prefilter {
    /// The sources of the events; a row of another source matches nothing.
    pub sources: BTreeSet<String>,
    /// Columns, and values in small letters: a row in which `lower(column)` is none of these, or null, matches nothing. All must hold.
    pub columns: Vec<(&'static str, BTreeSet<String>)>,
}

/// Longer lists of values do not help to leave rows out.
const PREFILTER_VALUES_MAX: usize = 512;

/// How a set is serialised. Frozen: a change is a new version.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Serialised {
    version: u32,
    rules: Vec<SerialisedRule>,
    placeholders: Placeholders,
    /// For each rule, by its position, the fields that are carried along.
    carried: BTreeMap<usize, Vec<String>>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SerialisedRule {
    file: String,
    line: usize,
    yaml: String,
    filters: Vec<String>,
}

impl RuleSet {
    /// Makes a set of the rules that can be evaluated.
    pub fn compile(rules: impl IntoIterator<Item = Rule>, mappings: &Mappings, placeholders: &Placeholders) -> Compilation {
        let mut set = Self { rules: Vec::new(), placeholders: placeholders.clone(), plans: BTreeMap::new(), carried: BTreeMap::new() };
        let mut refused = Vec::new();
        let mut units: BTreeMap<Class, Vec<Unit>> = BTreeMap::new();
        let mut definitions: Vec<Arc<Definition>> = Vec::new();
        for rule in rules {
            let (compiled, targets) = match usable(&rule, mappings, placeholders) {
                Ok(usable) => usable,
                Err(verdict) => {
                    refused.push((rule, verdict));
                    continue;
                }
            };
            let position = u32::try_from(set.rules.len()).unwrap_or(u32::MAX);
            for target in targets {
                let unit = Unit::new(position, &compiled, &target, shared(target.definition, &mut definitions));
                for table in target.tables().iter().filter(|table| unit.fits_table(**table)) {
                    units.entry(*table).or_default().push(unit.clone());
                }
            }
            set.rules.push(rule);
        }
        set.plans = units.into_iter().map(|(table, units)| (table, Plan::new(table, units))).collect();
        Compilation { set, refused }
    }

    /// The rules, in the order that [`Matches`] numbers them.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The values of placeholders that the rules were made with.
    pub fn placeholders(&self) -> &Placeholders {
        &self.placeholders
    }

    /// The tables that hold events which a rule is about.
    pub fn tables(&self) -> impl Iterator<Item = Class> {
        self.plans.keys().copied()
    }

    /// The rules that are about events of a table, by their positions.
    pub fn rules_of(&self, table: Class) -> BTreeSet<usize> {
        self.plan(table).into_iter().flat_map(Plan::units).map(|unit| unit.rule as usize).collect()
    }

    /// The columns of a table that its rules read; none if no rule is about the table.
    pub fn columns_needed(&self, table: Class) -> Vec<&'static str> {
        self.plan(table).into_iter().flat_map(Plan::columns).collect()
    }

    /// What a row must have for any rule of the table to match, or for these rules if some are named.
    pub fn prefilter(&self, table: Class, rules: Option<&BTreeSet<usize>>) -> Prefilter {
        let units = self.plan(table).map(Plan::units).unwrap_or_default();
        let mut units = units.iter().filter(|unit| rules.is_none_or(|rules| rules.contains(&(unit.rule as usize))));
        let Some(first) = units.next() else { return Prefilter { sources: BTreeSet::new(), columns: Vec::new() } };
        let mut sources = BTreeSet::from([first.definition.source.clone()]);
        let mut wanted = first.wanted_values();
        for unit in units {
            sources.insert(unit.definition.source.clone());
            let others = unit.wanted_values();
            wanted.retain(|column, _| others.contains_key(column));
            wanted.iter_mut().for_each(|(column, values)| values.extend(others[column].iter().cloned()));
        }
        let is_useful = |(column, values): &(Col, BTreeSet<String>)| table.has(*column) && values.len() <= PREFILTER_VALUES_MAX;
        let columns = wanted.into_iter().filter(is_useful).map(|(column, values)| (column.column().name, values)).collect();
        Prefilter { sources, columns }
    }

    /// Finds the rows that each rule matches. The batch must hold [`Self::columns_needed`], in any order and among others.
    pub fn evaluate(&self, table: Class, batch: &RecordBatch) -> Result<Matches, Error> {
        self.plan(table).map_or(Ok(Matches::default()), |plan| plan.evaluate(batch))
    }

    /// Says which fields are wanted with the matches of a rule, for correlations or to show; [`Self::columns_needed`] may grow.
    pub fn carry(&mut self, rule: usize, fields: Vec<String>) {
        let Ok(position) = u32::try_from(rule) else { return };
        self.plans.values_mut().for_each(|plan| plan.carry(position, &fields));
        self.carried.insert(rule, fields);
    }

    /// The source whose records, as those of all others that a rule is evaluated over, have no such field; `None` if some may have it.
    pub(crate) fn without_field(&self, rule: usize, field: &str) -> Option<&str> {
        let units = self.plans.values().flat_map(Plan::units).filter(|unit| unit.rule as usize == rule);
        let mut lacking = None;
        for unit in units {
            if unit.has_field(field) {
                return None;
            }
            lacking = lacking.or(Some(unit.definition.source.as_str()));
        }
        lacking
    }

    /// The fields that are wanted with the matches of a rule, in order.
    pub fn carried_fields(&self, rule: usize) -> &[String] {
        self.carried.get(&rule).map_or(&[], Vec::as_slice)
    }

    /// For each match of a batch, the values of [`Self::carried_fields`], as the rule reads them. A list gives its first value.
    pub fn carried(&self, table: Class, batch: &RecordBatch, matches: &Matches) -> Result<Vec<Vec<Option<String>>>, Error> {
        self.plan(table).map_or(Ok(Vec::new()), |plan| plan.carried(batch, matches))
    }

    /// The set as JSON, for another process to make it again with [`Self::from_json`].
    pub fn to_json(&self) -> String {
        let serialise = |rule: &Rule| SerialisedRule {
            file: rule.about.file.clone(),
            line: rule.about.line,
            yaml: rule.yaml(),
            filters: rule.filters().iter().map(crate::Filter::yaml).collect(),
        };
        let serialised = Serialised {
            version: 1,
            rules: self.rules.iter().map(serialise).collect(),
            placeholders: self.placeholders.clone(),
            carried: self.carried.clone(),
        };
        serde_json::to_string(&serialised).unwrap_or_default()
    }

    /// Makes a set again from [`Self::to_json`], with the same rules in the same order.
    pub fn from_json(json: &str, mappings: &Mappings) -> Result<Self, Error> {
        let not_a_set = |reason: String| Error::NotARuleSet { reason };
        let serialised: Serialised = serde_json::from_str(json).map_err(|error| not_a_set(error.to_string()))?;
        if serialised.version != 1 {
            return Err(not_a_set(format!("its version is {}, not 1", serialised.version)));
        }
        let rules = serialised.rules.iter().map(SerialisedRule::read).collect::<Result<Vec<Rule>, String>>().map_err(not_a_set)?;
        let Compilation { mut set, refused } = Self::compile(rules, mappings, &serialised.placeholders);
        for (rule, fields) in serialised.carried {
            set.carry(rule, fields);
        }
        match refused.into_iter().next() {
            Some((rule, verdict)) => Err(Error::Rule { rule: rule.about.key().to_owned(), verdict }),
            None => Ok(set),
        }
    }

    fn plan(&self, table: Class) -> Option<&Plan> {
        self.plans.get(&table)
    }
}

impl SerialisedRule {
    fn read(&self) -> Result<Rule, String> {
        let parsed = parse(&self.file, &self.yaml);
        if let Some(problem) = parsed.problems.first() {
            return Err(problem.to_string());
        }
        let mut rule = parsed.rules().next().cloned().ok_or_else(|| format!("{} holds no rule", self.file))?;
        rule.about.line = self.line;
        for filter in &self.filters {
            rule.filters.extend(parse(&self.file, filter).filters().cloned());
        }
        if rule.filters.len() != self.filters.len() {
            return Err(format!("a filter of rule {} cannot be read", rule.about.key()));
        }
        Ok(rule)
    }
}

fn shared(definition: &Definition, known: &mut Vec<Arc<Definition>>) -> Arc<Definition> {
    if let Some(found) = known.iter().find(|known| known.source == definition.source) {
        return Arc::clone(found);
    }
    let shared = Arc::new(definition.clone());
    known.push(Arc::clone(&shared));
    shared
}
