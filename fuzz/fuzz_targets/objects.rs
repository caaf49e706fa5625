//! Objects as they are stored: compressed or not, their source told by their first bytes.
#![no_main]

use coldtrail_fuzz::{count, within};
use coldtrail_normalize::{Compression, Inflater, detect};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    within(256 << 20, || {
        let mut plain = Vec::new();
        let mut inflater = Inflater::new(Compression::detect(input)).expect("a decoder");
        for piece in input.chunks(4096) {
            if inflater.push(piece, &mut plain).is_err() {
                break;
            }
        }
        let _ = inflater.finish(&mut plain);
        if let Some(source) = detect(&plain[..plain.len().min(64 << 10)], "object") {
            count(source, &plain, 64 << 10);
        }
    });
});
