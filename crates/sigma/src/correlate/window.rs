use std::collections::VecDeque;

use super::measure::Measure;
use super::{Correlated, CorrelationHit, Moment, Occurrence, Question};
use crate::correlation::{Correlation, CorrelationKind};

/// The window of one group.
pub(super) struct Window {
    group: Vec<String>,
    occurrences: VecDeque<Occurrence>,
    measure: Measure,
    burst: Option<Burst>,
    /// The moment of the newest occurrence, of which there may be more to come.
    last_ms: i64,
}

/// Windows for which the condition held, so far.
struct Burst {
    first_ms: i64,
    last_ms: i64,
    peak: f64,
    events_total: u64,
    events: Vec<String>,
}

impl Window {
    pub(super) fn new(correlation: &Correlation, group: Vec<String>) -> Self {
        Self { group, occurrences: VecDeque::new(), measure: Measure::new(correlation), burst: None, last_ms: i64::MIN }
    }

    pub(super) fn len(&self) -> usize {
        self.occurrences.len()
    }

    pub(super) fn last_ms(&self) -> i64 {
        self.last_ms
    }

    /// Goes on to a moment: if it is a later one, nothing more belongs to the last, and the condition is asked of it.
    pub(super) fn advance(&mut self, time_ms: i64, question: &Question<'_>, found: &mut Correlated) {
        if time_ms > self.last_ms && !self.occurrences.is_empty() {
            self.ask(question, found);
        }
        let start_ms = time_ms.saturating_sub(question.correlation.timespan_ms);
        while self.occurrences.front().is_some_and(|first| first.time_ms < start_ms) {
            if let Some(left) = self.occurrences.pop_front() {
                self.measure.remove(&left);
            }
        }
    }

    /// Adds an occurrence of the moment that was gone on to.
    pub(super) fn add(&mut self, occurrence: Occurrence, found: &mut Correlated) {
        self.last_ms = occurrence.time_ms;
        let is_known =
            |known: &Occurrence| known.event == occurrence.event && (!self.measure.counts_rules() || known.rule == occurrence.rule);
        let same_moment = self.occurrences.iter().rev().take_while(|known| known.time_ms == occurrence.time_ms);
        if same_moment.into_iter().any(is_known) {
            return;
        }
        self.measure.add(&occurrence, &mut found.values_not_numbers);
        self.occurrences.push_back(occurrence);
    }

    /// Asks for the last time, and reports what is under way.
    pub(super) fn close(&mut self, question: &Question<'_>, found: &mut Correlated) {
        if !self.occurrences.is_empty() {
            self.ask(question, found);
        }
        self.report(found);
    }

    fn ask(&mut self, question: &Question<'_>, found: &mut Correlated) {
        let Question { correlation, options, decided_from_ms } = *question;
        let now_ms = self.last_ms;
        let start_ms = now_ms.saturating_sub(correlation.timespan_ms);
        let Some(number) = self.measure.holds(&correlation.condition, start_ms) else { return };
        if now_ms < decided_from_ms {
            found.windows_undecided += 1;
            return;
        }
        let from_ms = match correlation.kind {
            CorrelationKind::TemporalOrdered => self.measure.chain_start_ms(number, start_ms).unwrap_or(start_ms),
            _ => start_ms,
        };
        let first = self.occurrences.iter().find(|occurrence| occurrence.time_ms >= from_ms);
        let first_ms = first.map_or(now_ms, |occurrence| occurrence.time_ms);
        if self.burst.as_ref().is_some_and(|burst| first_ms > burst.last_ms) {
            self.report(found);
        }
        let burst = self.burst.get_or_insert(Burst { first_ms, last_ms: i64::MIN, peak: number, events_total: 0, events: Vec::new() });
        let known_until = burst.last_ms;
        for occurrence in self.occurrences.iter().filter(|it| it.time_ms >= first_ms && it.time_ms > known_until) {
            burst.add(&occurrence.event, options.hit_events_max);
        }
        burst.last_ms = now_ms;
        burst.peak = burst.peak.max(number);
        if options.wants_moments {
            found.moments.push(Moment { time_ms: now_ms, group: self.group.clone() });
        }
    }

    fn report(&mut self, found: &mut Correlated) {
        if let Some(Burst { first_ms, last_ms, peak, events_total, events }) = self.burst.take() {
            found.hits.push(CorrelationHit { group: self.group.clone(), first_ms, last_ms, peak, events_total, events });
        }
    }
}

impl Burst {
    fn add(&mut self, event: &str, events_max: usize) {
        // An event that several rules matched stands there several times in a row.
        if self.events.last().is_some_and(|last| last == event) {
            return;
        }
        self.events_total += 1;
        if self.events.len() < events_max {
            self.events.push(event.to_owned());
        }
    }
}
