//! Feeds of indicators: the first byte chooses the format, the rest is the feed. Each indicator is looked for as a value.
#![no_main]

use coldtrail_fuzz::within;
use coldtrail_intel::{FeedFormat, IndicatorSet, Options, read_feed};
use libfuzzer_sys::fuzz_target;

const FORMATS: &[FeedFormat] = &[
    FeedFormat::Guess,
    FeedFormat::Stix,
    FeedFormat::Misp,
    FeedFormat::OpenIoc,
    FeedFormat::Csv,
    FeedFormat::Json,
    FeedFormat::Text,
];

fuzz_target!(|input: &[u8]| {
    let Some((format, bytes)) = input.split_first() else { return };
    within(256 << 20, || {
        let format = FORMATS[usize::from(*format) % FORMATS.len()];
        let Ok(feed) = read_feed(format, "feed", bytes, &Options::default()) else { return };
        let set = IndicatorSet::new(&feed.indicators);
        let mut found = Vec::new();
        for type_id in [1, 2, 6, 8, 45] {
            set.matches(type_id, "a.example.com", &mut found);
        }
    });
});
