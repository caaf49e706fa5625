//! The body of a request.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;

use super::answer::Refusal;
use crate::packing::Packing;

/// How long the body of a request may take to arrive.
const BODY_MAX: Duration = Duration::from_secs(60);

pub(super) fn parse_encoding(value: Option<&str>) -> Result<Packing, Refusal> {
    match value.map(|value| value.trim().to_ascii_lowercase()).as_deref() {
        None | Some("" | "identity") => Ok(Packing::Plain),
        Some("gzip" | "x-gzip") => Ok(Packing::Gzip),
        Some("zstd") => Ok(Packing::Zstd),
        Some(other) => Err(Refusal::BadEncoding(format!("Content-Encoding {other:?} is not gzip, zstd or identity"))),
    }
}

pub(super) async fn read_body(body: Incoming, bytes_max: usize) -> Result<Bytes, Refusal> {
    match tokio::time::timeout(BODY_MAX, Limited::new(body, bytes_max).collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            Err(Refusal::TooLarge(format!("the body is over push.limits.body_bytes_max ({bytes_max} bytes); send smaller batches")))
        }
        Ok(Err(error)) => Err(Refusal::Bad(format!("the body cannot be read: {error}"))),
        Err(_) => Err(Refusal::Bad(format!("the body did not arrive within {} seconds", BODY_MAX.as_secs()))),
    }
}
