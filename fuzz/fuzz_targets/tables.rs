//! Tables of comma-separated values: the first byte chooses one of the sources that read them, the second how the rest is cut.
#![no_main]

use coldtrail_fuzz::{read_both_ways, within};
use coldtrail_normalize::Source;
use libfuzzer_sys::fuzz_target;

const SOURCES: &[&str] =
    &["azure_nsgflow", "linux_auditd", "ms_defender_mde", "ms_defender_xdr", "ms_sentinel", "paloalto", "windows_event", "zscaler"];

fuzz_target!(|input: &[u8]| {
    if let [source, cut, plain @ ..] = input {
        let name = SOURCES[usize::from(*source) % SOURCES.len()];
        let source = Source::named(name).expect("a source of Coldtrail");
        within(64 << 20, || read_both_ways(source, plain, *cut));
    }
});
