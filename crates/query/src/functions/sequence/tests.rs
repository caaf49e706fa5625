use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, IntervalMonthDayNanoArray, TimestampMillisecondArray};
use datafusion::common::{DataFusionError, ScalarValue};
use datafusion::logical_expr::Accumulator;

use super::accumulator::SequenceAccumulator;
use super::chain::{END, Marked, longest};

/// The steps done in a log written like `"A@0 B@10 .@12"`: the steps that an event does, or `.` for one that ends, and when.
fn steps(log: &str, steps: usize, within: i64) -> usize {
    let mark = |letter: char| match letter {
        '.' => END,
        letter => 1 << (u32::from(letter) - u32::from('A')),
    };
    let event = |written: &str| {
        let (letters, time) = written.split_once('@').unwrap();
        Marked { time: time.parse().unwrap(), marks: letters.chars().map(mark).sum() }
    };
    let mut events: Vec<Marked> = log.split_whitespace().map(event).collect();
    events.sort_by_key(|event| event.time);
    longest(&events, steps, within)
}

#[test]
fn steps_are_counted_from_the_first_and_in_order() {
    for (log, expected) in [
        ("", 0),
        ("A@0", 1),
        ("B@0", 0),
        ("A@0 B@1 C@2", 3),
        ("A@0 C@1 B@2", 2),
        ("C@0 B@1 A@2", 1),
        ("A@0 B@1 B@2 A@3 C@4", 3),
        ("A@0 C@1", 1),
    ] {
        assert_eq!(steps(log, 3, 100), expected, "{log}");
    }
}

#[test]
fn the_last_step_lies_within_the_span_of_the_first() {
    assert_eq!(steps("A@0 B@5 C@10", 3, 10), 3);
    assert_eq!(steps("A@0 B@5 C@11", 3, 10), 2);
    assert_eq!(steps("A@0 B@0 C@0", 3, 0), 3);
    assert_eq!(steps("A@-9223372036854775808 B@9223372036854775807", 2, 10), 1);
}

#[test]
fn a_later_beginning_does_not_spoil_an_earlier_one_nor_the_other_way_round() {
    assert_eq!(steps("A@0 A@8 B@9 C@17", 3, 10), 3, "the second A is the one");
    assert_eq!(steps("A@0 B@1 A@8 C@9", 3, 10), 3, "the first A is the one");
    assert_eq!(steps("A@0 B@1 A@2 B@3 C@12", 3, 10), 3);
}

#[test]
fn events_of_the_same_time_are_taken_in_the_order_that_does_most() {
    assert_eq!(steps("C@0 B@0 A@0", 3, 0), 3);
    assert_eq!(steps("A@0 C@5 B@5 D@5", 4, 10), 4);
}

#[test]
fn an_event_does_one_step_only() {
    assert_eq!(steps("AB@0", 2, 10), 1);
    assert_eq!(steps("AB@0 AB@0", 2, 10), 2);
    assert_eq!(steps("AB@0 A@0", 2, 10), 2, "the first event is moved to B");
    assert_eq!(steps("ABC@0 AB@0", 3, 10), 2);
}

#[test]
fn what_has_begun_is_cut_off_by_an_end() {
    assert_eq!(steps("A@0 .@1 B@2", 2, 10), 1);
    assert_eq!(steps("A@0 .@1 A@2 B@3", 2, 10), 2);
    assert_eq!(steps("A@0 B@1 .@1", 2, 10), 2, "at the time of the end a step may still finish");
    assert_eq!(steps("A@1 .@1 B@2", 2, 10), 2, "at the time of the end a step may begin anew");
    assert_eq!(steps("A@0 B@1 .@1 C@2", 3, 10), 2, "but not both");
    assert_eq!(steps("A.@0 B@1", 2, 10), 0, "what ends is no step");
}

/// Tries every choice of events, as the words of the documentation have it.
fn by_trying_everything(events: &[Marked], steps: usize, within: i64) -> usize {
    fn go_on(events: &[Marked], chain: &mut Vec<usize>, steps: usize, within: i64) -> usize {
        let step = chain.len();
        let mut best = step;
        for next in 0..events.len() {
            let event = events[next];
            let first = chain.first().map_or(event.time, |first| events[*first].time);
            let last = chain.last().map_or(event.time, |last| events[*last].time);
            let cuts = |end: &Marked| end.marks & END != 0 && first < end.time && end.time < event.time;
            let fits = step < steps
                && event.marks & END == 0
                && event.marks & (1 << step) != 0
                && !chain.contains(&next)
                && event.time >= last
                && event.time - first <= within
                && !events.iter().any(cuts);
            if fits {
                chain.push(next);
                best = best.max(go_on(events, chain, steps, within));
                chain.pop();
            }
        }
        best
    }
    go_on(events, &mut Vec::new(), steps, within)
}

/// Numbers that look random and are the same each time.
fn numbers() -> impl FnMut(u64) -> u64 {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    move |below| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    }
}

fn random_log(number: &mut impl FnMut(u64) -> u64, steps: usize) -> Vec<Marked> {
    let mut events: Vec<Marked> = (0..number(8))
        .map(|_| {
            let end = if number(8) == 0 { END } else { 0 };
            Marked { time: i64::try_from(number(6)).unwrap(), marks: u32::try_from(number(1 << steps)).unwrap() | end }
        })
        .collect();
    events.sort_by_key(|event| event.time);
    events
}

#[test]
fn the_answer_is_that_of_trying_every_choice() {
    let mut number = numbers();
    for _ in 0..20_000 {
        let count = usize::try_from(1 + number(4)).unwrap();
        let within = i64::try_from(number(6)).unwrap();
        let events = random_log(&mut number, count);
        assert_eq!(longest(&events, count, within), by_trying_everything(&events, count, within), "{events:?} within {within}");
    }
}

/// The arguments of `sequence_until(time, within, end, step1, step2, step3)`.
fn arguments(events: &[Marked]) -> Vec<ArrayRef> {
    let condition = |bit: u32| -> ArrayRef { Arc::new(events.iter().map(|event| Some(event.marks & bit != 0)).collect::<BooleanArray>()) };
    let times: ArrayRef = Arc::new(TimestampMillisecondArray::from_iter_values(events.iter().map(|event| event.time)));
    let spans: ArrayRef = Arc::new(IntervalMonthDayNanoArray::new_null(events.len()));
    vec![times, spans, condition(END), condition(1), condition(2), condition(4)]
}

fn accumulator() -> SequenceAccumulator {
    SequenceAccumulator::new("sequence_until", 3, true, 3)
}

#[test]
fn parts_of_a_group_give_the_same_in_whatever_order_they_are_put_together() {
    let mut number = numbers();
    for _ in 0..500 {
        let mut events = random_log(&mut number, 3);
        events.extend(random_log(&mut number, 3));
        let mut whole = accumulator();
        whole.update_batch(&arguments(&events)).unwrap();
        let cut = usize::try_from(number(events.len() as u64 + 1)).unwrap();
        let mut merged = accumulator();
        for part in [&events[cut..], &events[..cut]] {
            let mut partial = accumulator();
            part.iter().for_each(|event| partial.update_batch(&arguments(&[*event])).unwrap());
            let state: Vec<ArrayRef> = partial.state().unwrap().iter().map(|value| value.to_array().unwrap()).collect();
            merged.merge_batch(&state).unwrap();
        }
        let answer = whole.evaluate().unwrap();
        assert_eq!(answer, merged.evaluate().unwrap(), "{events:?}");
        events.sort_by_key(|event| event.time);
        assert_eq!(answer, ScalarValue::Int64(Some(by_trying_everything(&events, 3, 3) as i64)), "{events:?}");
    }
}

#[test]
fn an_event_without_a_time_and_a_condition_that_is_null_are_left_out() {
    let times: ArrayRef = Arc::new(TimestampMillisecondArray::from(vec![Some(1), None, Some(2)]));
    let spans: ArrayRef = Arc::new(IntervalMonthDayNanoArray::new_null(3));
    let condition = |met: [Option<bool>; 3]| -> ArrayRef { Arc::new(BooleanArray::from(met.to_vec())) };
    let mut accumulator = SequenceAccumulator::new("sequence", 2, false, 10);
    let (first, second) = (condition([Some(true), None, None]), condition([None, Some(true), None]));
    accumulator.update_batch(&[times, spans, first, second]).unwrap();
    assert_eq!(accumulator.evaluate().unwrap(), ScalarValue::Int64(Some(1)));
}

#[test]
fn a_group_with_too_many_events_fails_and_says_which_limit_it_is() {
    let event = Marked { time: 0, marks: 1 };
    let mut accumulator = accumulator().with_events_max(2);
    accumulator.update_batch(&arguments(&[event, event])).unwrap();
    let state: Vec<ArrayRef> = accumulator.state().unwrap().iter().map(|value| value.to_array().unwrap()).collect();
    for refused in [accumulator.update_batch(&arguments(&[event])), accumulator.merge_batch(&state)] {
        let Err(DataFusionError::ResourcesExhausted(message)) = refused else { panic!("{refused:?}") };
        assert_eq!(
            message,
            "sequence_until: one group has more than 2 events that meet a condition (SEQUENCE_EVENTS_MAX); ask for less time, narrow \
             the conditions, or group by more columns"
        );
    }
}
