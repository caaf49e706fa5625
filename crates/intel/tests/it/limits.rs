//! Feeds that are broken or too large.

use coldtrail_intel::{FeedFormat, Limits, Options};
use expect_test::{Expect, expect};

use crate::support::{check, check_with};

fn check_limits(limits: Limits, feed: &str, expected: Expect) {
    check_with(FeedFormat::Guess, feed.as_bytes(), &Options { limits, ..Options::default() }, expected);
}

#[test]
fn json_that_ends_too_early_is_named_with_its_place() {
    check(
        "{\"type\": \"bundle\",\n \"objects\": [{\"type\": \"indicator\", \"pattern\": \"[ipv4-ad",
        expect![[r#"
        error: feed feed is not well-formed JSON: line 2, column 55: EOF while parsing a string
    "#]],
    );
    check(
        "[{\"Event\": {\"Attribute\": [",
        expect![[r#"
        error: feed feed is not well-formed JSON: line 1, column 26: EOF while parsing a list
    "#]],
    );
    check(
        "{\"Event\": {}} trailing",
        expect![[r#"
        error: feed feed is not well-formed JSON: line 1, column 15: trailing characters
    "#]],
    );
}

#[test]
fn json_without_indicators_says_what_is_known() {
    check(
        r#"{"error": "unauthorised"}"#,
        expect![[r#"
        error: feed feed is not a feed that can be read: it holds no list of objects; known are STIX bundles, MISP events and the JSON of abuse.ch
    "#]],
    );
}

#[test]
fn deep_nesting_is_an_error_and_not_an_overflow() {
    let deep = format!("{{\"objects\": {}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    check(
        &deep,
        expect![[r#"
        error: feed feed is nested deeper than 64 levels at line 1, column 76, which depth_max allows
    "#]],
    );
    let pattern = format!("{}[ipv4-addr:value = '198.51.100.7']{}", "(".repeat(10_000), ")".repeat(10_000));
    let long = serde_json::json!({"type": "indicator", "pattern_type": "stix", "pattern": pattern}).to_string();
    let limits = Limits { entry_bytes_max: 100_000, ..Limits::default() };
    let shown = coldtrail_intel::read_feed(FeedFormat::Guess, "feed", long.as_bytes(), &Options { limits, ..Options::default() }).unwrap();
    let expected = "its pattern cannot be read: it is nested deeper than 64 levels (depth_max)";
    assert_eq!(shown.entries[0].outcome, coldtrail_intel::Outcome::Rejected(expected.into()));
    let xml = format!("<ioc>{}", "<Indicator>".repeat(100_000));
    check(
        &xml,
        expect![[r#"
        error: feed feed is nested deeper than 64 levels at line 1, column 699, which depth_max allows
    "#]],
    );
}

#[test]
fn too_many_entries_are_an_error() {
    check_limits(
        Limits { indicators_max: 2, ..Limits::default() },
        "a.example\nb.example\nc.example\n",
        expect![[r#"
        error: feed feed holds more than 2 entries, which indicators_max allows; split it
    "#]],
    );
}

#[test]
fn a_long_entry_is_rejected_alone() {
    check_limits(
        Limits { entry_bytes_max: 32, ..Limits::default() },
        "http://evil.example/a-very-long-path\nevil.example\n",
        expect![[r#"
            text
            line 1: REJECTED http://evil.example/a-very-long- (it is 36 bytes long; entry_bytes_max is 32)
            line 2: domain evil.example
        "#]],
    );
}
