//! Parquet files, as Security Lake and VPC flow logs have them. The first byte chooses the source.
#![no_main]

use coldtrail_fuzz::{count, within};
use coldtrail_normalize::Source;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((which, rest)) = input.split_first() else { return };
    let source = if which % 2 == 0 { Source::Ocsf } else { Source::AwsVpcflow };
    let file = [b"PAR1", rest].concat();
    within(256 << 20, || count(source, &file, 64 << 10));
});
