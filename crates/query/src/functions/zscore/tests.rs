use std::ops::Range;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::PartitionEvaluator;

use super::{Baseline, Scores};

/// The scores of numbers whose frames are these.
fn scores(numbers: &[Option<f64>], frame: impl Fn(usize) -> Range<usize>) -> Vec<Option<f64>> {
    let values: Vec<ArrayRef> = vec![Arc::new(Float64Array::from(numbers.to_vec()))];
    let mut scores = Scores { row: 0, baseline: Baseline::default() };
    (0..numbers.len())
        .map(|row| match scores.evaluate(&values, &frame(row)).unwrap() {
            ScalarValue::Float64(score) => score,
            other => panic!("{other:?}"),
        })
        .collect()
}

#[test]
fn the_score_is_the_distance_from_the_mean_in_deviations_of_a_sample() {
    // Mean 4 and deviation 2 of 2, 4, 6.
    let found = scores(&[2.0, 4.0, 6.0, 10.0].map(Some), |row| 0..row);
    assert_eq!(found, [None, None, Some(3.0 / 2_f64.sqrt()), Some(3.0)]);
}

#[test]
fn a_frame_that_moves_forgets_what_it_leaves() {
    let found = scores(&[1e9, 1e9, 2.0, 4.0, 6.0, 10.0].map(Some), |row| row.saturating_sub(3)..row);
    assert_eq!(found[5], Some(3.0));
}

#[test]
fn any_change_of_what_never_changed_is_infinite() {
    let found = scores(&[0.1, 0.1, 0.1, 0.1, 0.2, 0.0].map(Some), |row| 0..row.min(3));
    assert_eq!(found[3..], [Some(0.0), Some(f64::INFINITY), Some(f64::NEG_INFINITY)]);
}

#[test]
fn nulls_are_left_out_of_the_baseline_and_score_nothing() {
    let found = scores(&[Some(2.0), None, Some(4.0), Some(6.0), None, Some(10.0)], |row| 0..row);
    assert_eq!(found[4..], [None, Some(3.0)]);
}

#[test]
fn a_frame_that_ends_before_it_begins_is_empty() {
    let found = scores(&[2.0, 4.0, 6.0, 10.0].map(Some), |row| if row < 3 { Range { start: row, end: 0 } } else { 0..3 });
    assert_eq!(found, [None, None, None, Some(3.0)]);
}
