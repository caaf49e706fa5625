use expect_test::{Expect, expect};

use super::XmlFramer;
use crate::Options;
use crate::framing::Cut;

/// The cuts must be the same however the input comes in.
fn check(input: &str, expected: Expect) {
    let whole = cuts(input, input.len().max(1));
    for size in 1..12 {
        assert_eq!(cuts(input, size), whole, "in pieces of {size}");
    }
    expected.assert_eq(&whole);
}

fn cuts(input: &str, size: usize) -> String {
    let mut framer = XmlFramer::boxed(&Options { record_bytes_max: 200, ..Options::default() });
    let (mut buffer, mut shown) = (Vec::new(), String::new());
    let mut drain = |buffer: &mut Vec<u8>, at_end: bool| {
        while let Some(cut) = framer.next(buffer, at_end) {
            let (kind, range) = match cut {
                Cut::Record(range) => ("record", range),
                Cut::TooLong(range) => ("too long", range.start..range.start),
                Cut::Broken(range) => ("cut off", range),
            };
            shown.push_str(&format!("{kind}: {}\n", String::from_utf8_lossy(&buffer[range]).trim()));
        }
        let done = framer.done();
        buffer.drain(..done);
        framer.shift(done);
    };
    for piece in input.as_bytes().chunks(size) {
        buffer.extend_from_slice(piece);
        drain(&mut buffer, false);
    }
    drain(&mut buffer, true);
    shown
}

#[test]
fn events_are_found_in_a_document_in_lines_and_side_by_side() {
    check(
        "<?xml version='1.0'?>\n<Events>\n<!-- a > b -->\n<Event a='1'>x</Event><Event>\n y\n</Event>\n</Events>\n",
        expect![[r#"
        record: <Event a='1'>x</Event>
        record: <Event>
         y
        </Event>
    "#]],
    );
}

#[test]
fn an_element_whose_name_only_begins_alike_is_none() {
    check(
        "<Event><EventData/><EventXML>z</EventXML></Event>",
        expect![[r#"
        record: <Event><EventData/><EventXML>z</EventXML></Event>
    "#]],
    );
}

#[test]
fn a_broken_event_does_not_take_the_next_with_it() {
    check(
        "<Event>a\n<Event>b</Event>\nlost</Event>\n<Event>c</Event>\n<Event>d",
        expect![[r#"
        cut off: <Event>a
        record: <Event>b</Event>
        cut off: lost</Event>
        record: <Event>c</Event>
        cut off: <Event>d
    "#]],
    );
}

#[test]
fn an_event_over_the_limit_is_passed_over() {
    let long = "x".repeat(500);
    check(
        &format!("<Event>{long}</Event><Event>b</Event>"),
        expect![[r#"
        too long: 
        record: <Event>b</Event>
    "#]],
    );
}
