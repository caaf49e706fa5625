use arrow::array::Int64Array;

use super::sessions;

#[track_caller]
fn check(times: &[Option<i64>], gap: i64, expected: &[Option<i64>]) {
    assert_eq!(sessions(&Int64Array::from(times.to_vec()), gap).unwrap(), Int64Array::from(expected.to_vec()));
}

#[test]
fn a_session_ends_when_nothing_happens_for_longer_than_the_gap() {
    check(&[Some(0), Some(10), Some(21), Some(21), Some(30)], 10, &[Some(1), Some(1), Some(2), Some(2), Some(2)]);
}

#[test]
fn sessions_are_numbered_backwards_as_well() {
    check(&[Some(30), Some(21), Some(10), Some(0)], 10, &[Some(1), Some(1), Some(2), Some(2)]);
}

#[test]
fn an_event_without_a_time_has_no_session_and_parts_none() {
    check(&[None, Some(0), None, Some(5), None], 10, &[None, Some(1), None, Some(1), None]);
    check(&[], 10, &[]);
}

#[test]
fn times_that_are_far_apart_do_not_overflow() {
    check(&[Some(i64::MIN), Some(i64::MAX)], 10, &[Some(1), Some(2)]);
    check(&[Some(i64::MAX), Some(i64::MIN)], 10, &[Some(1), Some(2)]);
}

#[test]
fn times_in_no_order_are_an_error() {
    let refused = sessions(&Int64Array::from(vec![0, 20, 10]), 5).unwrap_err();
    assert!(refused.to_string().contains("sessionize needs the order of time"), "{refused}");
}
