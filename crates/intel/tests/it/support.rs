//! What tests say a feed became, as text.

use coldtrail_intel::{Entry, Feed, FeedFormat, Indicator, IndicatorSet, Options, Outcome, read_feed};
use coldtrail_model::format_ms;
use expect_test::Expect;

/// Checks what becomes of every entry of a feed whose format is guessed.
pub(crate) fn check(feed: &str, expected: Expect) {
    check_with(FeedFormat::Guess, feed.as_bytes(), &Options::default(), expected);
}

pub(crate) fn check_with(format: FeedFormat, bytes: &[u8], options: &Options, expected: Expect) {
    let shown = match read_feed(format, "feed", bytes, options) {
        Ok(feed) => show(&feed),
        Err(error) => format!("error: {error}\n"),
    };
    expected.assert_eq(&shown);
}

pub(crate) fn read(feed: &str) -> Feed {
    read_feed(FeedFormat::Guess, "feed", feed.as_bytes(), &Options::default()).unwrap()
}

fn show(feed: &Feed) -> String {
    let mut shown = format!("{}\n", feed.format.name());
    for entry in &feed.entries {
        shown += &show_entry(entry, feed);
    }
    for (what, count) in &feed.passed_over {
        shown += &format!("passed over: {what} ×{count}\n");
    }
    shown
}

fn show_entry(entry: &Entry, feed: &Feed) -> String {
    match &entry.outcome {
        Outcome::Accepted(start, end) => {
            let indicators = &feed.indicators[*start as usize..*end as usize];
            indicators.iter().map(|one| format!("{}: {}\n", entry.place, show_indicator(one))).collect()
        }
        Outcome::Rejected(reason) => format!("{}: REJECTED {} ({reason})\n", entry.place, entry.original),
        Outcome::Unsupported(reason) => format!("{}: UNSUPPORTED {} ({reason})\n", entry.place, entry.original),
    }
}

/// Everything that an indicator says, but its id, feed and, where it is the value, its original.
pub(crate) fn show_indicator(one: &Indicator) -> String {
    let mut shown = format!("{} {}", one.kind, one.value);
    let mut add = |name: &str, value: Option<String>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            shown += &format!(" {name}={value}");
        }
    };
    add("pattern", one.pattern.then(|| "yes".to_owned()));
    add("confirm", one.confirm.as_ref().map(ToString::to_string));
    add("original", (one.original != one.value).then(|| one.original.replace('\u{200b}', "<U+200B>")));
    add("from", one.valid_from.map(format_ms));
    add("until", one.valid_until.map(format_ms));
    add("confidence", one.confidence.map(|number| number.to_string()));
    add("tlp", one.tlp.as_ref().map(ToString::to_string));
    add("attack", Some(one.attack.join(",")));
    add("labels", Some(one.labels.join(",")));
    add("description", one.description.as_ref().map(|text| format!("{text:?}")));
    shown
}

/// The values of the indicators that an observable matches, each with what must be confirmed, in order.
pub(crate) fn matches(set: &IndicatorSet, indicators: &[Indicator], type_id: i32, value: &str) -> Vec<String> {
    let mut found = Vec::new();
    set.matches(type_id, value, &mut found);
    let mut shown: Vec<String> = found
        .into_iter()
        .map(|index| {
            let confirm = set.needs_confirmation(index, type_id, value);
            let confirm: String = confirm.iter().map(|confirm| format!(" if {confirm}")).collect();
            format!("{}{confirm}", indicators[index as usize].value)
        })
        .collect();
    shown.sort();
    shown
}
