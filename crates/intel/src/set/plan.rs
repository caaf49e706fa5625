use std::collections::{BTreeMap, BTreeSet};

use ipnet::IpNet;
use serde::Serialize;

use crate::normal::domain;

use super::IndicatorSet;
use super::table::Space;

/// What to look for in the table `observables`, so that pages that cannot hold a match need not be read.
///
/// Whatever a plan leaves out does not match. What it lets through may still not match: ask [`IndicatorSet::matches`] of it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct LookupPlan {
    /// One for each OCSF type that some indicator is compared with, in order. Rows of other types match nothing.
    pub types: Vec<TypeLookup>,
}

/// What to look for among the observables of one type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TypeLookup {
    /// OCSF's `type_id`.
    pub type_id: i32,
    /// How `values`, `ranges` and `suffixes` are compared.
    pub comparison: Comparison,
    /// Values, sorted.
    pub values: Vec<String>,
    /// Ranges of values in the order of bytes: the first is in it, the second is past it.
    pub ranges: Vec<(String, String)>,
    /// Ends of values, sorted: `.evil.example`.
    pub suffixes: Vec<String>,
    /// True if values with letters beyond ASCII must be asked about whatever the lists say: a host has several writings in Unicode, and
    /// databases do not agree on lower case.
    pub beyond_ascii: bool,
    /// The least and the greatest value that can match, both in it, if there are such.
    pub bounds: Option<(String, String)>,
    /// True if the lists do not suffice and every row of the type must be asked about: there are too many values, or they are written
    /// in too many ways. The lists are empty then; `bounds` still holds.
    pub scan: bool,
}

/// How a value is compared with a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Comparison {
    /// As it stands, so that statistics of pages help.
    Exact,
    /// In lower case, for the lake keeps such values as the event wrote them.
    Folded,
}

#[derive(Default)]
struct Draft {
    values: BTreeSet<String>,
    ranges: BTreeSet<(String, String)>,
    suffixes: BTreeSet<String>,
    is_folded: bool,
    beyond_ascii: bool,
    scan: bool,
}

impl IndicatorSet {
    /// What to look for, with at most `values_max` values, ranges and suffixes a type.
    pub fn lookup_plan(&self, values_max: usize) -> LookupPlan {
        let mut drafts: BTreeMap<i32, Draft> = BTreeMap::new();
        for (space, key) in self.table.keys() {
            plan_key(space, key, &mut drafts);
        }
        for network in self.networks.all() {
            plan_network(network, drafts.entry(2).or_default());
        }
        for space in self.globs.keys() {
            types_of(*space).iter().for_each(|type_id| drafts.entry(*type_id).or_default().scan = true);
        }
        LookupPlan { types: drafts.into_iter().map(|(type_id, draft)| draft.finish(type_id, values_max)).collect() }
    }
}

/// The types of observables that a space is compared with.
fn types_of(space: Space) -> Vec<i32> {
    match space {
        Space::DOMAIN | Space::BELOW => vec![1, 2],
        Space::HOST => vec![1, 2, 6],
        Space::URL_PATH | Space::URL_FULL => vec![6],
        Space::PATH | Space::NAME => vec![7, 9, 45],
        Space::REGISTRY | Space::REGISTRY_REST | Space::REGISTRY_PARENT | Space::REGISTRY_REST_PARENT => vec![46],
        Space::EMAIL => vec![5],
        Space::HASH => vec![8],
        Space::FINGERPRINT => vec![30],
        Space::MAC => vec![3],
        Space::BARE_USER => vec![4, 31],
        other => other.type_id().into_iter().collect(),
    }
}

fn plan_key(space: Space, key: &str, drafts: &mut BTreeMap<i32, Draft>) {
    for type_id in types_of(space) {
        let draft = drafts.entry(type_id).or_default();
        match (space, type_id) {
            // URLs, paths, registry keys and serial numbers are written in many ways.
            (_, 6 | 7 | 9 | 37 | 45 | 46) => draft.scan = true,
            (Space::DOMAIN | Space::BELOW | Space::HOST, _) => {
                draft.beyond_ascii |= key.parse::<std::net::IpAddr>().is_err();
                for name in std::iter::once(key.to_owned()).chain(domain::unicode(key)) {
                    if space != Space::HOST {
                        draft.suffixes.insert(format!(".{name}"));
                    }
                    draft.values.insert(name);
                }
            }
            (Space::MAC, _) => {
                let digits = key.replace(':', "");
                draft.values.extend([key.to_owned(), groups(&digits, 4, "."), digits]);
            }
            (Space::FINGERPRINT, _) => draft.values.extend([groups(key, 2, ":"), groups(key, 2, " "), key.to_owned()]),
            (Space::BARE_USER, _) => drop(draft.suffixes.insert(format!(r"\{key}"))),
            _ => {
                draft.is_folded |= space.type_id().is_some();
                draft.values.insert(key.to_owned());
            }
        }
    }
}

fn groups(text: &str, length: usize, between: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    letters.chunks(length).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(between)
}

/// The texts of the addresses of a network: ranges where the network ends at a border between numbers, else several of them.
fn plan_network(network: IpNet, draft: &mut Draft) {
    if network.prefix_len() == network.max_prefix_len() {
        draft.values.insert(network.addr().to_string());
        return;
    }
    match network {
        IpNet::V4(v4) => {
            let bytes = usize::from(v4.prefix_len()).div_ceil(8);
            let octets = v4.network().octets();
            let (first, last) = match bytes {
                0 => return draft.add_prefix(""),
                bytes => (octets[bytes - 1], v4.broadcast().octets()[bytes - 1]),
            };
            let head: String = octets[..bytes - 1].iter().map(|octet| format!("{octet}.")).collect();
            for octet in first..=last {
                match bytes {
                    4 => drop(draft.values.insert(format!("{head}{octet}"))),
                    _ => draft.add_prefix(&format!("{head}{octet}.")),
                }
            }
        }
        IpNet::V6(v6) => {
            // A zero may be left out of the text, so only the groups before the first one are sure to stand there.
            let whole = usize::from(v6.prefix_len() / 16);
            let sure: String =
                v6.network().segments()[..whole].iter().take_while(|group| **group != 0).map(|group| format!("{group:x}:")).collect();
            draft.add_prefix(&sure);
        }
    }
}

impl Draft {
    fn add_prefix(&mut self, prefix: &str) {
        match prefix.strip_suffix(['.', ':']) {
            // `/` comes after `.`, `;` after `:`.
            Some(head) => {
                let past = if prefix.ends_with('.') { '/' } else { ';' };
                self.ranges.insert((prefix.to_owned(), format!("{head}{past}")));
            }
            None => self.scan = true,
        }
    }

    fn finish(self, type_id: i32, values_max: usize) -> TypeLookup {
        let comparison = if self.is_folded { Comparison::Folded } else { Comparison::Exact };
        let beyond_ascii = self.beyond_ascii || self.is_folded;
        let is_bounded = !self.scan && self.suffixes.is_empty() && !beyond_ascii;
        let lows = self.values.first().into_iter().chain(self.ranges.first().map(|(low, _)| low)).min();
        let highs = self.values.last().into_iter().chain(self.ranges.iter().map(|(_, high)| high).max()).max();
        let bounds = lows.cloned().zip(highs.cloned()).filter(|_| is_bounded);
        let scan = self.scan || self.values.len() + self.ranges.len() + self.suffixes.len() > values_max;
        let empty =
            TypeLookup { type_id, comparison, values: Vec::new(), ranges: Vec::new(), suffixes: Vec::new(), beyond_ascii, bounds, scan };
        match scan {
            true => empty,
            false => TypeLookup {
                values: self.values.into_iter().collect(),
                ranges: self.ranges.into_iter().collect(),
                suffixes: self.suffixes.into_iter().collect(),
                ..empty
            },
        }
    }
}
