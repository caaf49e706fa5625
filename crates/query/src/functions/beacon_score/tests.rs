use std::sync::Arc;

use arrow::array::{ArrayRef, TimestampSecondArray};
use datafusion::common::{DataFusionError, ScalarValue};
use datafusion::logical_expr::Accumulator;

use super::super::regularity::regularity;
use super::BeaconAccumulator;

#[track_caller]
fn check(times: &[i64], expected: Option<f64>) {
    match (regularity(times), expected) {
        (Some(found), Some(expected)) => assert!((found - expected).abs() < 1e-9, "{found} is not {expected}"),
        (found, expected) => assert_eq!(found, expected),
    }
}

#[test]
fn a_clock_scores_one() {
    check(&[0, 60, 120, 180], Some(1.0));
}

#[test]
fn three_events_tell_nothing() {
    check(&[0, 60, 120], None);
    check(&[], None);
}

#[test]
fn events_that_come_at_once_have_no_interval() {
    check(&[5, 5, 5, 5, 5], None);
    check(&[0, 0, 0, 60, 60, 60], None);
}

#[test]
fn the_score_is_one_less_the_deviation_by_the_median() {
    // Intervals 50, 60, 70, 60, 80: median 60, deviations 10, 0, 10, 0, 20: median 10.
    check(&[0, 50, 110, 180, 240, 320], Some(1.0 - 10.0 / 60.0));
    // Intervals 10, 20, 30, 40: median 25, deviations 15, 5, 5, 15: median 10.
    check(&[0, 10, 30, 60, 100], Some(1.0 - 10.0 / 25.0));
    // Intervals 1, 1, 100: median 1, deviations 0, 0, 99: median 0.
    check(&[0, 1, 2, 102], Some(1.0));
    // Intervals 1, 2, 100, 1000: median 51, deviations 50, 49, 49, 949: median 49.5.
    check(&[0, 1, 3, 103, 1103], Some(1.0 - 49.5 / 51.0));
}

#[test]
fn jitter_and_beats_that_are_missed_change_little() {
    let jitter = [3, -9, 7, 0, -5, 8, -2, 6, -7, 4];
    let beats: Vec<i64> = (0..100).filter(|beat| beat % 9 != 5).map(|beat| beat * 60 + jitter[beat as usize % 10]).collect();
    let score = regularity(&beats).unwrap();
    assert!(score > 0.8, "{score}");
}

#[test]
fn intervals_by_chance_score_low() {
    // The quantiles of exponential intervals, in an order that repeats nothing.
    let interval = |part: i64| (-(1.0 - (((part * 37) % 101) as f64 + 0.5) / 101.0).ln() * 6000.0) as i64;
    let times: Vec<i64> = (0..101)
        .scan(0, |time, part| {
            *time += interval(part);
            Some(*time)
        })
        .collect();
    let score = regularity(&times).unwrap();
    assert!((0.25..0.35).contains(&score), "{score}");
}

fn times(seconds: &[i64]) -> ArrayRef {
    Arc::new(TimestampSecondArray::from(seconds.to_vec()))
}

#[test]
fn parts_of_a_group_give_the_same_in_whatever_order_they_are_put_together() {
    let mut merged = BeaconAccumulator::new(false);
    for part in [&[180, 0][..], &[], &[300, 60], &[120]] {
        let mut partial = BeaconAccumulator::new(false);
        partial.update_batch(&[times(part)]).unwrap();
        let state = partial.state().unwrap()[0].to_array().unwrap();
        merged.merge_batch(&[state]).unwrap();
    }
    // Intervals 60, 60, 60, 120.
    assert_eq!(merged.evaluate().unwrap(), ScalarValue::Float64(Some(1.0)));
}

#[test]
fn events_of_the_same_time_count_once_with_distinct() {
    for (is_distinct, expected) in [(false, None), (true, Some(1.0))] {
        let mut accumulator = BeaconAccumulator::new(is_distinct);
        accumulator.update_batch(&[times(&[0, 0, 0, 60, 60, 60, 120, 120, 120, 180, 180, 180])]).unwrap();
        assert_eq!(accumulator.evaluate().unwrap(), ScalarValue::Float64(expected));
    }
}

#[test]
fn a_group_with_too_many_events_fails_and_says_which_limit_it_is() {
    let mut accumulator = BeaconAccumulator { events_max: 3, ..BeaconAccumulator::new(false) };
    accumulator.update_batch(&[times(&[1, 2, 3])]).unwrap();
    let refused = accumulator.update_batch(&[times(&[4])]);
    let Err(DataFusionError::ResourcesExhausted(message)) = refused else { panic!("{refused:?}") };
    assert_eq!(
        message,
        "beacon_score: one group has more than 3 events (BEACON_EVENTS_MAX); ask for less time, leave out what is that frequent, or \
         group by more columns"
    );
}
