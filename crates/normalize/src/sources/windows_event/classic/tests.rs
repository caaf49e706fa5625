use super::{EventFramer, is_event, object};
use crate::Options;
use crate::framing::Cut;

const TWO: &str = "03/12/2026 10:48:14 AM\nLogName=Security\nEventCode=1\nMessage=One.\n\n\tTime:\t03/12/2026\n\n03/12/2026 11:00:00 PM\r\nLogName=System\r\nEventCode=2\r\n";

fn events(input: &str, size: usize) -> Vec<String> {
    let mut framer = EventFramer::boxed(&Options { record_bytes_max: 90, ..Options::default() });
    let (mut buffer, mut found) = (Vec::new(), Vec::new());
    let pieces: Vec<&[u8]> = input.as_bytes().chunks(size).collect();
    for (number, piece) in pieces.iter().enumerate() {
        buffer.extend_from_slice(piece);
        while let Some(cut) = framer.next(&buffer, number + 1 == pieces.len()) {
            found.push(match cut {
                Cut::Record(range) => String::from_utf8_lossy(&buffer[range]).lines().nth(1).unwrap_or_default().to_owned(),
                Cut::TooLong(_) => "too long".to_owned(),
                Cut::Broken(_) => "broken".to_owned(),
            });
        }
        let done = framer.done();
        buffer.drain(..done);
        framer.shift(done);
    }
    found
}

#[test]
fn an_event_ends_where_the_next_begins() {
    for size in 1..60 {
        assert_eq!(events(TWO, size), ["LogName=Security", "LogName=System"], "in pieces of {size}");
    }
}

#[test]
fn an_event_over_the_limit_does_not_take_the_next_with_it() {
    let long = TWO.replacen("One.", &"x".repeat(200), 1);
    for size in 1..60 {
        assert_eq!(events(&long, size), ["too long", "LogName=System"], "in pieces of {size}");
    }
}

#[test]
fn a_date_alone_begins_no_event() {
    assert!(is_event(b"03/12/2026 10:48:14 AM\r\nLogName=Security"));
    assert!(!is_event(b"03/12/2026 10:48:14 AM\nanything"));
    assert!(!is_event(b"03/12/2026 10:48:14 AM LogName=Security"));
    assert!(!is_event("03/12/2026 10:48:14 \u{e4}\nLogName=".as_bytes()));
    assert!(!is_event(b"03/12/2026"));
}

#[test]
fn the_message_is_all_that_follows_its_key() {
    let read = object("03/12/2026 11:48:14 PM\nLogName=Security\nType=Information\nMessage=One.\nKey=Value\n\n\tTwo:\t2\n");
    assert_eq!(
        read.to_string(),
        r#"{"EventTime":"2026-03-12T23:48:14","LogName":"Security","EventLevelName":"Information","Message":"One.\nKey=Value\n\n\tTwo:\t2"}"#
    );
    assert_eq!(object("99/99/2026 11:48:14 PM").to_string(), r#"{"EventTime":"99/99/2026 11:48:14 PM"}"#);
}
