use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{Indicator, Sighting};

/// How many different values an indicator keeps; those after are counted, but not named.
const VALUES_KEPT: usize = 1000;

/// What was seen of an indicator.
///
/// Counts are sums over rows of `observables`: an event that shows the indicator by two observables (a domain in a URL and in a query)
/// counts twice.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tally {
    /// Events in rows that lie wholly within the validity of the indicator; all, if the feed gives none.
    pub inside: u64,
    /// Events in rows that lie wholly outside it.
    pub outside: u64,
    /// Events in rows of which the first and the last lie on different sides of its beginning or end.
    pub partly: u64,
    /// What was seen of a part of it in rows of which nobody looked whether they show the rest; none of it is told elsewhere here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unconfirmed: Option<Box<Tally>>,
    /// When it was first seen, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_ms: Option<i64>,
    /// When it was last seen, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_ms: Option<i64>,
    /// The classes of the events.
    pub classes: BTreeSet<String>,
    /// The sources of the events.
    pub sources: BTreeSet<String>,
    /// The accounts of the events.
    pub accounts: BTreeSet<String>,
    /// The values that matched, each with its count; the first thousand that were found.
    pub values: BTreeMap<String, u64>,
    /// Events of values that are not named in `values`.
    pub values_unnamed: u64,
}

impl Tally {
    /// How many events there are in all rows but the unconfirmed.
    pub fn events(&self) -> u64 {
        self.inside + self.outside + self.partly
    }

    pub(super) fn add(&mut self, sighting: &Sighting<'_>, indicator: &Indicator) {
        if !sighting.confirmed {
            let confirmed = Sighting { confirmed: true, ..*sighting };
            return self.unconfirmed.get_or_insert_default().add(&confirmed, indicator);
        }
        *self.counter(sighting, indicator) += sighting.count;
        self.first_ms = Some(self.first_ms.map_or(sighting.first_ms, |first| first.min(sighting.first_ms)));
        self.last_ms = Some(self.last_ms.map_or(sighting.last_ms, |last| last.max(sighting.last_ms)));
        for (set, name) in [(&mut self.classes, sighting.class), (&mut self.sources, sighting.source)] {
            if !set.contains(name) {
                set.insert(name.to_owned());
            }
        }
        self.accounts.extend(sighting.account.map(str::to_owned));
        self.name(sighting.value, sighting.count);
    }

    fn counter(&mut self, sighting: &Sighting<'_>, indicator: &Indicator) -> &mut u64 {
        let is_valid =
            |time: i64| indicator.valid_from.is_none_or(|from| time >= from) && indicator.valid_until.is_none_or(|until| time < until);
        let from_in_row = indicator.valid_from.is_some_and(|from| sighting.first_ms < from && from <= sighting.last_ms);
        let until_in_row = indicator.valid_until.is_some_and(|until| sighting.first_ms < until && until <= sighting.last_ms);
        match (is_valid(sighting.first_ms), is_valid(sighting.last_ms)) {
            (true, true) => &mut self.inside,
            (false, false) if !from_in_row && !until_in_row => &mut self.outside,
            _ => &mut self.partly,
        }
    }

    fn name(&mut self, value: &str, count: u64) {
        let is_full = self.values.len() >= VALUES_KEPT;
        match self.values.get_mut(value) {
            Some(known) => *known += count,
            None if is_full => self.values_unnamed += count,
            None => drop(self.values.insert(value.to_owned(), count)),
        }
    }

    /// Adds what was seen in other rows.
    pub fn merge(&mut self, other: &Self) {
        self.inside += other.inside;
        self.outside += other.outside;
        self.partly += other.partly;
        if let Some(other) = &other.unconfirmed {
            self.unconfirmed.get_or_insert_default().merge(other);
        }
        self.first_ms = self.first_ms.into_iter().chain(other.first_ms).min();
        self.last_ms = self.last_ms.into_iter().chain(other.last_ms).max();
        self.classes.extend(other.classes.iter().cloned());
        self.sources.extend(other.sources.iter().cloned());
        self.accounts.extend(other.accounts.iter().cloned());
        other.values.iter().for_each(|(value, count)| self.name(value, *count));
        self.values_unnamed += other.values_unnamed;
    }

    /// The values with the highest counts, highest first.
    pub fn top_values(&self, most: usize) -> Vec<(&str, u64)> {
        let mut values: Vec<(&str, u64)> = self.values.iter().map(|(value, count)| (value.as_str(), *count)).collect();
        values.sort_by(|one, other| other.1.cmp(&one.1).then(one.0.cmp(other.0)));
        values.truncate(most);
        values
    }
}
