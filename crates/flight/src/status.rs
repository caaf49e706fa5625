use std::collections::HashMap;

use arrow::error::ArrowError;
use arrow_flight::sql::Any;
use bytes::Bytes;
use coldtrail_query::Error;
use datafusion::error::DataFusionError;
use prost::Message;
use tonic::metadata::{MetadataMap, MetadataValue};
use tonic::{Code, Status};

use crate::scrub::scrub;

/// The header and trailer that names the run.
pub(crate) const QUERY_ID: &str = "x-query-id";

/// gRPC sends messages percent-encoded in a header, and clients on gRPC C drop the whole message once all headers pass 8 KiB.
const ENCODED_BYTES_MAX: usize = 4 << 10;
/// With details the message travels twice, the second time in base64.
const DETAILED_BYTES_MAX: usize = 3 << 10;

/// What a client is told when a statement cannot be planned or run.
pub(crate) fn from_query_error(error: &Error, query_id: Option<&str>) -> Status {
    let code = match error {
        Error::BadStatement { .. } => Code::InvalidArgument,
        Error::NotAllowed { .. } => Code::PermissionDenied,
        Error::Exhausted { .. } => Code::ResourceExhausted,
        Error::Cancelled { .. } => Code::Cancelled,
        Error::Unavailable { .. } => Code::Unavailable,
        Error::Failed(failure) => return from_engine_error(failure, query_id),
    };
    let own_id = match error {
        Error::Cancelled { query_id } => Some(query_id.as_str()),
        _ => query_id,
    };
    tell(code, &error.to_string(), own_id)
}

/// What a client is told when the stream of a running statement breaks.
pub(crate) fn from_engine_error(error: &DataFusionError, query_id: Option<&str>) -> Status {
    let root = error.find_root();
    if let DataFusionError::External(inner) = root {
        if let Some(error) = inner.downcast_ref::<Error>() {
            return from_query_error(error, query_id);
        }
        if let Some(status) = inner.downcast_ref::<Status>() {
            return tell(status.code(), status.message(), query_id);
        }
    }
    let code = match root {
        DataFusionError::ResourcesExhausted(_) => Code::ResourceExhausted,
        DataFusionError::Plan(_) | DataFusionError::SchemaError(..) | DataFusionError::SQL(..) => Code::InvalidArgument,
        DataFusionError::NotImplemented(_) => Code::InvalidArgument,
        DataFusionError::ArrowError(error, _) if is_about_values(error) => Code::InvalidArgument,
        DataFusionError::ObjectStore(_) => Code::Unavailable,
        _ => Code::Internal,
    };
    if code == Code::Internal {
        tracing::error!(query_id, error = %error, "statement failed");
    }
    tell(code, &root.strip_backtrace(), query_id)
}

/// Values that the statement cannot work on, such as a division by zero.
fn is_about_values(error: &ArrowError) -> bool {
    matches!(error, ArrowError::DivideByZero | ArrowError::ArithmeticOverflow(_) | ArrowError::CastError(_) | ArrowError::ParseError(_))
}

/// A status whose message any client can receive, with the query's id for people (in the text) and for programs (trailer, details).
pub(crate) fn tell(code: Code, message: &str, query_id: Option<&str>) -> Status {
    let message = match code {
        Code::Internal | Code::Unavailable | Code::Unknown => scrub(message),
        _ => message.to_owned(),
    };
    let Some(query_id) = query_id else { return Status::new(code, cut(&message, ENCODED_BYTES_MAX)) };
    let suffix = format!(" (query {query_id})");
    let message = match message.contains(query_id) {
        true => cut(&message, DETAILED_BYTES_MAX).to_owned(),
        false => format!("{}{suffix}", cut(&message, DETAILED_BYTES_MAX.saturating_sub(encoded_bytes(&suffix)))),
    };
    let mut metadata = MetadataMap::new();
    if let Ok(value) = MetadataValue::try_from(query_id) {
        metadata.insert(QUERY_ID, value);
    }
    let details = details(code, &message, query_id);
    Status::with_details_and_metadata(code, message, details, metadata)
}

/// The longest beginning of the text that takes at most `limit` bytes on the wire.
fn cut(text: &str, limit: usize) -> &str {
    if encoded_bytes(text) <= limit {
        return text;
    }
    let mut used = 0;
    let end = text.char_indices().find(|&(start, c)| {
        used += encoded_bytes(&text[start..start + c.len_utf8()]);
        used > limit
    });
    end.map_or(text, |(end, _)| &text[..end])
}

fn encoded_bytes(text: &str) -> usize {
    let plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'#' | b'%' | b'<' | b'>' | b'`' | b'?' | b'{' | b'}');
    text.bytes().map(|byte| if plain(byte) { 1 } else { 3 }).sum()
}

/// `google.rpc.Status` with one `ErrorInfo`, for the `grpc-status-details-bin` trailer.
///
/// Clients in Go show the message that stands in here and forget the other one.
fn details(code: Code, message: &str, query_id: &str) -> Bytes {
    #[derive(Clone, PartialEq, Message)]
    struct RpcStatus {
        #[prost(int32, tag = "1")]
        code: i32,
        #[prost(string, tag = "2")]
        message: String,
        #[prost(message, repeated, tag = "3")]
        details: Vec<Any>,
    }
    #[derive(Clone, PartialEq, Message)]
    struct ErrorInfo {
        #[prost(string, tag = "1")]
        reason: String,
        #[prost(string, tag = "2")]
        domain: String,
        #[prost(map = "string, string", tag = "3")]
        metadata: HashMap<String, String>,
    }
    let info = ErrorInfo {
        reason: reason(code).into(),
        domain: "coldtrail".into(),
        metadata: HashMap::from([("query_id".into(), query_id.into())]),
    };
    let info = Any { type_url: "type.googleapis.com/google.rpc.ErrorInfo".into(), value: info.encode_to_vec().into() };
    RpcStatus { code: code.into(), message: message.to_owned(), details: vec![info] }.encode_to_vec().into()
}

fn reason(code: Code) -> &'static str {
    match code {
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::Cancelled => "CANCELLED",
        Code::Unavailable => "UNAVAILABLE",
        _ => "INTERNAL",
    }
}

#[cfg(test)]
mod tests;
