use std::cmp::Ordering;
use std::net::IpAddr;

use ipnet::IpNet;

use crate::modifier::{Comparison, TimePart};
use crate::regex_test::RegexTest;
use crate::scalar::Numeric;
use crate::text_set::TextSet;
use crate::time_part::time_part;
use crate::value::{FieldValue, Leaf, Text};

/// A rule's condition with everything put in its place. Fields are positions in a list of the rule's.
#[derive(Debug, Clone)]
pub(crate) enum Expr {
    All(Vec<Expr>),
    Any(Vec<Expr>),
    Not(Box<Expr>),
    Field(usize, Test),
    /// Somewhere in the whole event.
    Keyword(KeywordTest),
}

/// What a field is compared with.
#[derive(Debug, Clone)]
pub(crate) enum Test {
    Texts(TextSet, Vec<crate::pattern::Pattern>),
    Number(Numeric),
    Flag(bool),
    Null,
    Exists(bool),
    Regex(RegexTest),
    Networks(Vec<IpNet>),
    Compare(Comparison, Numeric),
    Time(TimePart, Option<Comparison>, Numeric),
    SameAs(FieldRef),
}

/// Another field whose value a field must have, begin with, end with or hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FieldRef {
    pub(crate) field: usize,
    pub(crate) opens_before: bool,
    pub(crate) opens_after: bool,
    pub(crate) is_cased: bool,
}

/// What is looked for in the whole event.
#[derive(Debug, Clone)]
pub(crate) enum KeywordTest {
    Texts(TextSet, Vec<crate::pattern::Pattern>),
    Regex(RegexTest),
}

/// An event, as a condition asks for it.
pub(crate) trait Event {
    /// The value of a field of the rule.
    fn field(&self, field: usize) -> &FieldValue<'_>;

    /// True if `is_found` is true of any text of the event.
    fn any_text(&self, is_found: &mut dyn FnMut(&Text<'_>) -> bool) -> bool;
}

impl Expr {
    pub(crate) fn matches(&self, event: &dyn Event) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.matches(event)),
            Self::Any(parts) => parts.iter().any(|part| part.matches(event)),
            Self::Not(inner) => !inner.matches(event),
            Self::Field(field, test) => test.matches(event.field(*field), event),
            Self::Keyword(KeywordTest::Texts(texts, _)) => event.any_text(&mut |text| texts.matches(text)),
            Self::Keyword(KeywordTest::Regex(regex)) => event.any_text(&mut |text| regex.matches(text)),
        }
    }
}

impl Test {
    fn matches(&self, value: &FieldValue<'_>, event: &dyn Event) -> bool {
        match (self, value) {
            (Self::Exists(exists), value) => *exists != matches!(value, FieldValue::Absent),
            (Self::Null, FieldValue::Absent | FieldValue::Null) => true,
            (Self::SameAs(reference), FieldValue::Values(leaves)) => match event.field(reference.field) {
                FieldValue::Values(others) => leaves.iter().any(|leaf| others.iter().any(|other| reference.relates(leaf, other))),
                FieldValue::Absent | FieldValue::Null => false,
            },
            (test, FieldValue::Values(leaves)) => leaves.iter().any(|leaf| test.matches_leaf(leaf)),
            (_, FieldValue::Absent | FieldValue::Null) => false,
        }
    }

    fn matches_leaf(&self, leaf: &Leaf<'_>) -> bool {
        match self {
            Self::Texts(texts, _) => texts.matches(&leaf.text),
            Self::Number(number) => leaf.as_number().is_some_and(|found| found.compare(*number) == Ordering::Equal),
            Self::Flag(flag) => match leaf.flag {
                Some(found) => found == *flag,
                None => leaf.text.folded() == if *flag { "true" } else { "false" },
            },
            Self::Regex(regex) => regex.matches(&leaf.text),
            Self::Networks(networks) => addresses(leaf.text.as_str()).any(|ip| networks.iter().any(|network| network.contains(&ip))),
            Self::Compare(comparison, number) => leaf.as_number().is_some_and(|found| comparison.holds(found.compare(*number))),
            Self::Time(part, comparison, number) => time_part(leaf, *part).is_some_and(|found| match comparison {
                Some(comparison) => comparison.holds(found.compare(*number)),
                None => found.compare(*number) == Ordering::Equal,
            }),
            Self::Null | Self::Exists(_) | Self::SameAs(_) => false,
        }
    }
}

impl Comparison {
    pub(crate) fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Less => ordering == Ordering::Less,
            Self::LessOrEqual => ordering != Ordering::Greater,
            Self::Greater => ordering == Ordering::Greater,
            Self::GreaterOrEqual => ordering != Ordering::Less,
        }
    }
}

impl FieldRef {
    fn relates(self, leaf: &Leaf<'_>, other: &Leaf<'_>) -> bool {
        let (text, other) = match self.is_cased {
            true => (leaf.text.as_str(), other.text.as_str()),
            false => (leaf.text.folded(), other.text.folded()),
        };
        match (self.opens_before, self.opens_after) {
            (false, false) => text == other,
            (false, true) => text.starts_with(other),
            (true, false) => text.ends_with(other),
            (true, true) => text.contains(other),
        }
    }
}

/// An address, and the IPv4 address that an IPv6 one stands for: logs of Windows write `::ffff:192.0.2.7`.
fn addresses(text: &str) -> impl Iterator<Item = IpAddr> {
    let bare = text.trim();
    let bare = bare.split_once('%').map_or(bare, |(address, _zone)| address);
    let address = bare.parse::<IpAddr>().ok();
    let mapped = match address {
        Some(IpAddr::V6(address)) => address.to_ipv4_mapped().map(IpAddr::V4),
        _ => None,
    };
    address.into_iter().chain(mapped)
}
