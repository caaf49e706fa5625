//! EVTX files: whatever follows the signature.
#![no_main]

use coldtrail_fuzz::{count, within};
use coldtrail_normalize::Source;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let file = [b"ElfFile\0", input].concat();
    within(256 << 20, || count(Source::WindowsEvent, &file, 64 << 10));
});
