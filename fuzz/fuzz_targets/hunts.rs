//! Hunt files: read, and rendered with their defaults.
#![no_main]

use std::collections::BTreeMap;

use coldtrail_fuzz::within;
use coldtrail_huntfile::{Bindings, Hunt, import_markdown};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    within(256 << 20, || {
        if let Ok(hunt) = Hunt::parse("hunt.yml", text) {
            let range = hunt.range_at(1_772_366_400_000);
            let _ = hunt.render(&Bindings { values: BTreeMap::new(), range });
        }
        let _ = import_markdown("page.md", text);
    });
});
