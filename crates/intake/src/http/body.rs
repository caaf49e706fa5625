//! The body of a request, as it was before it was compressed.

use std::io::Read;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;

use super::answer::Refusal;

/// How long the body of a request may take to arrive.
const BODY_MAX: Duration = Duration::from_secs(60);

/// How a body may be compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Plain,
    Gzip,
    Zstd,
}

impl Encoding {
    pub(super) fn parse(value: Option<&str>) -> Result<Self, Refusal> {
        match value.map(|value| value.trim().to_ascii_lowercase()).as_deref() {
            None | Some("" | "identity") => Ok(Self::Plain),
            Some("gzip" | "x-gzip") => Ok(Self::Gzip),
            Some("zstd") => Ok(Self::Zstd),
            Some(other) => Err(Refusal::BadEncoding(format!("Content-Encoding {other:?} is not gzip, zstd or identity"))),
        }
    }
}

pub(super) async fn read_body(body: Incoming, bytes_max: usize) -> Result<Bytes, Refusal> {
    match tokio::time::timeout(BODY_MAX, Limited::new(body, bytes_max).collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            Err(Refusal::TooLarge(format!("the body is over push.body_bytes_max ({bytes_max} bytes); send smaller batches")))
        }
        Ok(Err(error)) => Err(Refusal::Bad(format!("the body cannot be read: {error}"))),
        Err(_) => Err(Refusal::Bad(format!("the body did not arrive within {} seconds", BODY_MAX.as_secs()))),
    }
}

/// The plain body; takes no more memory than it may have bytes, whatever a sender packed.
pub(super) fn inflate(body: Bytes, encoding: Encoding, bytes_max: usize) -> Result<Bytes, Refusal> {
    let bad = |error: std::io::Error| Refusal::Bad(format!("the body cannot be decompressed: {error}"));
    let mut plain = Vec::new();
    let limit = bytes_max as u64 + 1;
    match encoding {
        Encoding::Plain => return if body.len() > bytes_max { Err(too_large(bytes_max)) } else { Ok(body) },
        Encoding::Gzip => flate2::read::MultiGzDecoder::new(&body[..]).take(limit).read_to_end(&mut plain).map_err(bad)?,
        Encoding::Zstd => {
            let mut decoder = zstd::Decoder::new(&body[..]).map_err(bad)?;
            // A sender cannot make us set aside more than this for its window.
            decoder.window_log_max(27).map_err(bad)?;
            decoder.take(limit).read_to_end(&mut plain).map_err(bad)?
        }
    };
    if plain.len() > bytes_max { Err(too_large(bytes_max)) } else { Ok(Bytes::from(plain)) }
}

fn too_large(bytes_max: usize) -> Refusal {
    Refusal::TooLarge(format!("the body is over push.plain_bytes_max ({bytes_max} bytes) once decompressed; send smaller batches"))
}
