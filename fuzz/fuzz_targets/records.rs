//! Records of every source: the first byte chooses the source, the second how the rest is cut.
#![no_main]

use coldtrail_fuzz::{read_both_ways, sources, within};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    if let [source, cut, plain @ ..] = input {
        let sources = sources();
        within(64 << 20, || read_both_ways(sources[usize::from(*source) % sources.len()], plain, *cut));
    }
});
