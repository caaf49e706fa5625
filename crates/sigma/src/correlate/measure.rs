use std::collections::{BTreeMap, HashMap};

use super::Occurrence;
use crate::correlation::{Correlation, CorrelationCondition, CorrelationKind};
use crate::pattern::fold;
use crate::scalar::Numeric;

/// What is known of the occurrences in a window, kept up to date as they come and go.
#[derive(Debug)]
pub(super) enum Measure {
    Events(usize),
    Values(HashMap<Vec<String>, usize>),
    Numbers(Numbers, Statistic),
    /// How often each rule is there.
    Rules(Vec<usize>),
    Chains(Chains),
}

/// What is made of numbers.
#[derive(Debug, Clone, Copy)]
pub(super) enum Statistic {
    Sum,
    Average,
    Median,
    Percentile(u8),
}

impl Measure {
    pub(super) fn new(correlation: &Correlation) -> Self {
        let rules = correlation.rules.len();
        match correlation.kind {
            CorrelationKind::EventCount => Self::Events(0),
            CorrelationKind::ValueCount(_) => Self::Values(HashMap::new()),
            CorrelationKind::ValueSum(_) => Self::Numbers(Numbers::default(), Statistic::Sum),
            CorrelationKind::ValueAverage(_) => Self::Numbers(Numbers::default(), Statistic::Average),
            CorrelationKind::ValueMedian(_) => Self::Numbers(Numbers::default(), Statistic::Median),
            CorrelationKind::ValuePercentile(_, percent) => Self::Numbers(Numbers::default(), Statistic::Percentile(percent)),
            CorrelationKind::Temporal => Self::Rules(vec![0; rules]),
            CorrelationKind::TemporalOrdered => Self::Chains(Chains::new(rules)),
        }
    }

    /// True if an event counts once for each rule that it matches.
    pub(super) fn counts_rules(&self) -> bool {
        matches!(self, Self::Rules(_) | Self::Chains(_))
    }

    pub(super) fn add(&mut self, occurrence: &Occurrence, values_not_numbers: &mut u64) {
        match self {
            Self::Events(count) => *count += 1,
            Self::Values(counts) => {
                if let Some(values) = whole(&occurrence.values) {
                    *counts.entry(values).or_default() += 1;
                }
            }
            Self::Numbers(numbers, _) => match value(occurrence) {
                Some(Ok(number)) => numbers.add(number),
                Some(Err(())) => *values_not_numbers += 1,
                None => {}
            },
            Self::Rules(counts) => counts.iter_mut().skip(occurrence.rule).take(1).for_each(|count| *count += 1),
            Self::Chains(chains) => chains.add(occurrence.rule, occurrence.time_ms),
        }
    }

    pub(super) fn remove(&mut self, occurrence: &Occurrence) {
        match self {
            Self::Events(count) => *count -= 1,
            Self::Values(counts) => {
                if let Some(values) = whole(&occurrence.values)
                    && let Some(count) = counts.get_mut(&values)
                {
                    *count -= 1;
                    if *count == 0 {
                        counts.remove(&values);
                    }
                }
            }
            Self::Numbers(numbers, _) => {
                if let Some(Ok(number)) = value(occurrence) {
                    numbers.remove(number);
                }
            }
            Self::Rules(counts) => counts.iter_mut().skip(occurrence.rule).take(1).for_each(|count| *count -= 1),
            Self::Chains(_) => {}
        }
    }

    /// The number of the window, if it fits the condition. The window begins at `start_ms`.
    pub(super) fn holds(&self, condition: &CorrelationCondition, start_ms: i64) -> Option<f64> {
        let number = match self {
            Self::Events(count) => *count as f64,
            Self::Values(counts) => counts.len() as f64,
            Self::Numbers(numbers, statistic) => numbers.statistic(*statistic)?,
            Self::Rules(counts) => counts.iter().filter(|count| **count > 0).count() as f64,
            Self::Chains(chains) => chains.longest(start_ms) as f64,
        };
        match (condition, self) {
            (CorrelationCondition::Rules(rules), Self::Rules(counts)) => rules.holds(&|rule| counts[rule] > 0).then_some(number),
            (condition, _) => condition.fits(number).then_some(number),
        }
    }

    /// When the latest chain of so many rules began.
    pub(super) fn chain_start_ms(&self, length: f64, start_ms: i64) -> Option<i64> {
        match self {
            Self::Chains(chains) => chains.start_ms(length as usize).filter(|start| *start >= start_ms),
            _ => None,
        }
    }
}

/// The values of an event in small letters, if it has all.
fn whole(values: &[Option<String>]) -> Option<Vec<String>> {
    values.iter().map(|value| value.as_deref().map(fold)).collect()
}

fn value(occurrence: &Occurrence) -> Option<Result<Numeric, ()>> {
    let text = occurrence.values.first()?.as_deref()?;
    Some(Numeric::from_text(text.trim()).ok_or(()))
}

/// Numbers of which each may be there several times. Whole numbers are summed up exactly, others in order of size, so that the sum does
/// not depend on what came and went.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    whole_sum: i128,
    /// By the bits of [`f64`], in order of size.
    counts: BTreeMap<i64, usize>,
    reals: BTreeMap<i64, usize>,
    total: usize,
}

/// Bits in the order of the numbers they are of.
fn key(real: f64) -> i64 {
    let bits = real.to_bits().cast_signed();
    bits ^ ((bits >> 63).cast_unsigned() >> 1).cast_signed()
}

fn real(key: i64) -> f64 {
    f64::from_bits((key ^ ((key >> 63).cast_unsigned() >> 1).cast_signed()).cast_unsigned())
}

impl Numbers {
    fn add(&mut self, number: Numeric) {
        self.total += 1;
        *self.counts.entry(key(number.real())).or_default() += 1;
        match number {
            Numeric::Whole(whole) => self.whole_sum = self.whole_sum.saturating_add(whole),
            Numeric::Real(real) => *self.reals.entry(key(real)).or_default() += 1,
        }
    }

    fn remove(&mut self, number: Numeric) {
        self.total -= 1;
        take_one(&mut self.counts, key(number.real()));
        match number {
            Numeric::Whole(whole) => self.whole_sum = self.whole_sum.saturating_sub(whole),
            Numeric::Real(real) => take_one(&mut self.reals, key(real)),
        }
    }

    fn statistic(&self, statistic: Statistic) -> Option<f64> {
        let total = self.total;
        if total == 0 {
            return None;
        }
        Some(match statistic {
            Statistic::Sum => self.sum(),
            Statistic::Average => self.sum() / total as f64,
            Statistic::Median => self.percentile(50),
            Statistic::Percentile(percent) => self.percentile(percent),
        })
    }

    fn sum(&self) -> f64 {
        self.whole_sum as f64 + self.reals.iter().map(|(key, count)| real(*key) * *count as f64).sum::<f64>()
    }

    /// The number at this part of the way from the smallest to the largest; between two numbers, as far between them.
    fn percentile(&self, percent: u8) -> f64 {
        let way = (self.total - 1) * usize::from(percent);
        let (position, rest) = (way / 100, (way % 100) as f64 / 100.0);
        let below = self.nth(position);
        if rest == 0.0 { below } else { below + (self.nth(position + 1) - below) * rest }
    }

    /// The number at a position in order of size, from 0.
    fn nth(&self, position: usize) -> f64 {
        let mut passed = 0;
        for (key, count) in &self.counts {
            passed += count;
            if passed > position {
                return real(*key);
            }
        }
        f64::NAN
    }
}

fn take_one(counts: &mut BTreeMap<i64, usize>, key: i64) {
    if let Some(count) = counts.get_mut(&key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(&key);
        }
    }
}

/// Rules that followed each other in order. Of all chains of so many rules that end with a rule, only the one that began last matters:
/// it fits into the shortest window.
#[derive(Debug)]
pub(super) struct Chains {
    /// `[rule][length - 1]`: when the latest chain of this length that ends with the rule began.
    starts_ms: Vec<Vec<Option<i64>>>,
    /// What came at the newest moment: things of one moment may have come in any order.
    moment_ms: i64,
    of_moment: Vec<usize>,
}

impl Chains {
    fn new(rules: usize) -> Self {
        Self { starts_ms: vec![vec![None; rules]; rules], moment_ms: i64::MIN, of_moment: Vec::new() }
    }

    fn add(&mut self, rule: usize, time_ms: i64) {
        if rule >= self.starts_ms.len() {
            return;
        }
        if time_ms > self.moment_ms {
            self.of_moment.clear();
            self.moment_ms = time_ms;
        }
        self.of_moment.push(rule);
        self.of_moment.sort_unstable();
        // Again from the rule on: those behind it in order, of the same moment, may now follow it.
        for rule in self.of_moment.clone().into_iter().filter(|of_moment| *of_moment >= rule) {
            self.extend(rule, time_ms);
        }
    }

    fn extend(&mut self, rule: usize, time_ms: i64) {
        let (before, from) = self.starts_ms.split_at_mut(rule);
        let Some(own) = from.first_mut() else { return };
        own[0] = own[0].max(Some(time_ms));
        for length in 1..own.len() {
            let latest = before.iter().filter_map(|starts| starts[length - 1]).max();
            own[length] = own[length].max(latest);
        }
    }

    fn start_ms(&self, length: usize) -> Option<i64> {
        let position = length.checked_sub(1)?;
        self.starts_ms.iter().filter_map(|starts| *starts.get(position)?).max()
    }

    fn longest(&self, start_ms: i64) -> usize {
        let fits = |length: &usize| self.start_ms(*length).is_some_and(|start| start >= start_ms);
        (1..=self.starts_ms.len()).rev().find(fits).unwrap_or(0)
    }
}
