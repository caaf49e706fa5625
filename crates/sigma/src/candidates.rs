use std::collections::{BTreeMap, BTreeSet, HashMap};

use coldtrail_model::{Class, Col};

use crate::pattern::fold;
use crate::unit::{ColumnLine, Unit};
use crate::value::Text;

/// Finds the units that the columns of a row leave, without asking each.
#[derive(Debug, Clone)]
pub(crate) struct CandidateIndex {
    columns: Vec<Col>,
    groups: Vec<Group>,
}

/// The units of one variant of one source, which ask for the same of the columns, by what else they need.
#[derive(Debug, Clone)]
struct Group {
    source: String,
    lines: Vec<ColumnLine>,
    /// Units that need nothing else.
    any: Vec<u32>,
    /// For each column, by position, and each value, the units that need it.
    needing: Vec<(usize, HashMap<String, Vec<u32>>)>,
}

impl CandidateIndex {
    pub(crate) fn new(table: Class, units: &[Unit]) -> Self {
        let columns: BTreeSet<Col> = units.iter().flat_map(Unit::deciding_columns).filter(|col| table.has(*col)).collect();
        let columns: Vec<Col> = columns.into_iter().collect();
        let mut by_variant: BTreeMap<(&str, &str), Vec<u32>> = BTreeMap::new();
        for (position, unit) in (0..).zip(units) {
            by_variant.entry((unit.definition.source.as_str(), unit.variant.as_str())).or_default().push(position);
        }
        let groups = by_variant.into_iter().map(|((source, _), members)| Group::new(source, members, units, &columns)).collect();
        Self { columns, groups }
    }

    /// The columns whose values [`Self::find`] is given, in order.
    pub(crate) fn columns(&self) -> &[Col] {
        &self.columns
    }

    /// The units that may match a row of a source with these values, in order.
    pub(crate) fn find(&self, units: &[Unit], source: Option<&str>, values: &[Option<&str>]) -> Vec<u32> {
        let value = |col: Col| self.columns.iter().position(|known| *known == col).and_then(|position| values[position]);
        let texts: Vec<Text<'_>> = values.iter().map(|value| Text::new(value.unwrap_or_default())).collect();
        // A column without a value is an empty text, so that a mapping can ask for that.
        let text = |col: Col| self.columns.iter().position(|known| *known == col).map(|position| &texts[position]);
        let fits = |line: &ColumnLine| line.iter().all(|(col, patterns, _)| text(*col).is_some_and(|text| patterns.matches(text)));
        let mut found = Vec::new();
        for group in self.groups.iter().filter(|group| source == Some(group.source.as_str())) {
            if !group.lines.is_empty() && !group.lines.iter().any(fits) {
                continue;
            }
            found.extend(&group.any);
            for (position, units_of_value) in &group.needing {
                found.extend(values[*position].and_then(|value| units_of_value.get(&fold(value))).into_iter().flatten());
            }
        }
        found.retain(|unit| {
            let needs = &units[*unit as usize].needs;
            needs.iter().all(|(col, wanted)| value(*col).is_some_and(|value| wanted.contains(&fold(value))))
        });
        found.sort_unstable();
        found
    }
}

impl Group {
    fn new(source: &str, members: Vec<u32>, units: &[Unit], columns: &[Col]) -> Self {
        let lines = members.first().map(|first| units[*first as usize].columns.clone()).unwrap_or_default();
        let mut group = Self { source: source.to_owned(), lines, any: Vec::new(), needing: Vec::new() };
        for unit in members {
            let fewest = units[unit as usize].needs.iter().min_by_key(|(_, values)| values.len());
            let anchor = fewest.and_then(|(col, values)| Some((columns.iter().position(|known| known == col)?, values)));
            let Some((position, values)) = anchor else {
                group.any.push(unit);
                continue;
            };
            let at = group.needing.iter().position(|(known, _)| *known == position).unwrap_or_else(|| {
                group.needing.push((position, HashMap::new()));
                group.needing.len() - 1
            });
            for value in values {
                group.needing[at].1.entry(value.clone()).or_default().push(unit);
            }
        }
        group
    }
}
