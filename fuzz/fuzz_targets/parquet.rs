//! Parquet files, as Security Lake and VPC flow logs have them. The first byte chooses the source.
#![no_main]

use std::sync::Once;

use coldtrail_fuzz::{count, within};
use coldtrail_normalize::Source;
use libfuzzer_sys::fuzz_target;

/// Panics of the Parquet reader, which `normalize` catches, do not end the fuzzer. Those that nobody catches do.
fn let_panics_be_caught() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| std::panic::set_hook(Box::new(|panic| eprintln!("{panic}"))));
}

fuzz_target!(|input: &[u8]| {
    let_panics_be_caught();
    let Some((which, rest)) = input.split_first() else { return };
    let source = if which % 2 == 0 { Source::Ocsf } else { Source::AwsVpcflow };
    let file = [b"PAR1", rest].concat();
    within(256 << 20, || count(source, &file, 64 << 10));
});
