//! Records as they were before they were compressed.

use std::io::Read;

use bytes::Bytes;

/// How records may be compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packing {
    Plain,
    Gzip,
    Zstd,
}

/// Why records cannot be unpacked; the text is for the sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unpackable {
    TooLarge(String),
    Damaged(String),
}

/// The plain records; takes no more memory than they may have bytes, whatever a sender packed.
pub(crate) fn unpack(packed: Bytes, packing: Packing, bytes_max: usize) -> Result<Bytes, Unpackable> {
    let damaged = |error: std::io::Error| Unpackable::Damaged(format!("the body cannot be decompressed: {error}"));
    let mut plain = Vec::new();
    let limit = bytes_max as u64 + 1;
    match packing {
        Packing::Plain => return if packed.len() > bytes_max { Err(too_large(bytes_max)) } else { Ok(packed) },
        Packing::Gzip => flate2::read::MultiGzDecoder::new(&packed[..]).take(limit).read_to_end(&mut plain).map_err(damaged)?,
        Packing::Zstd => {
            let mut decoder = zstd::Decoder::new(&packed[..]).map_err(damaged)?;
            // A sender cannot make us set aside more than this for its window.
            decoder.window_log_max(27).map_err(damaged)?;
            decoder.take(limit).read_to_end(&mut plain).map_err(damaged)?
        }
    };
    if plain.len() > bytes_max { Err(too_large(bytes_max)) } else { Ok(Bytes::from(plain)) }
}

fn too_large(bytes_max: usize) -> Unpackable {
    Unpackable::TooLarge(format!(
        "the body is over push.limits.plain_bytes_max ({bytes_max} bytes) once decompressed; send smaller batches"
    ))
}
