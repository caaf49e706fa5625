//! What is answered, in the words of Splunk's HTTP Event Collector where its senders ask.
//!
//! Codes and texts: <https://help.splunk.com/en/splunk-enterprise/get-data-in/collect-http-event-data/troubleshoot-http-event-collector>.

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use hyper::{Response, StatusCode};
use serde_json::{Value, json};

use crate::packing::Unpackable;

/// How long a sender should wait before it comes again, in seconds.
const RETRY_AFTER_SECONDS: u64 = 5;

/// Why a request is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    NoToken,
    BadAuthorization,
    WrongToken,
    NoData,
    /// The body is not what it should be.
    Bad(String),
    /// The event of this number, from 0, has no `event`.
    NoEvent(usize),
    /// The event of this number, from 0, is blank.
    BlankEvent(usize),
    TooLarge(String),
    BadEncoding(String),
    NoChannel,
    AckIsOff,
    NotFound,
    MethodNotAllowed,
    /// Nothing can be kept or committed now.
    Busy(String),
}

impl Refusal {
    /// Status, Splunk's code and the text.
    fn parts(&self) -> (StatusCode, u8, String) {
        let of = |status, code, text: &str| (status, code, text.to_owned());
        match self {
            Self::NoToken => of(StatusCode::UNAUTHORIZED, 2, "Token is required"),
            Self::BadAuthorization => of(StatusCode::UNAUTHORIZED, 3, "Invalid authorization"),
            Self::WrongToken => of(StatusCode::FORBIDDEN, 4, "Invalid token"),
            Self::NoData => of(StatusCode::BAD_REQUEST, 5, "No data"),
            Self::Bad(reason) => (StatusCode::BAD_REQUEST, 6, format!("Invalid data format: {reason}")),
            Self::NoEvent(_) => of(StatusCode::BAD_REQUEST, 12, "Event field is required"),
            Self::BlankEvent(_) => of(StatusCode::BAD_REQUEST, 13, "Event field cannot be blank"),
            Self::TooLarge(reason) => (StatusCode::PAYLOAD_TOO_LARGE, 27, reason.clone()),
            Self::BadEncoding(reason) => (StatusCode::UNSUPPORTED_MEDIA_TYPE, 6, reason.clone()),
            Self::NoChannel => of(StatusCode::BAD_REQUEST, 10, "Data channel is missing"),
            Self::AckIsOff => of(StatusCode::BAD_REQUEST, 14, "ACK is disabled"),
            Self::NotFound => of(StatusCode::NOT_FOUND, 0, "The requested URL was not found on this server."),
            Self::MethodNotAllowed => of(StatusCode::METHOD_NOT_ALLOWED, 6, "Method not allowed"),
            Self::Busy(reason) => (StatusCode::SERVICE_UNAVAILABLE, 9, format!("Server is busy: {reason}")),
        }
    }

    pub(super) fn into_response(self) -> Response<Full<Bytes>> {
        let (status, code, text) = self.parts();
        let mut body = json!({"text": text, "code": code});
        if let Self::NoEvent(number) | Self::BlankEvent(number) = self {
            body["invalid-event-number"] = json!(number);
        }
        let mut response = respond(status, &body);
        match status {
            StatusCode::SERVICE_UNAVAILABLE => {
                response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS));
            }
            StatusCode::UNAUTHORIZED => {
                response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            _ => {}
        }
        response
    }
}

impl From<Unpackable> for Refusal {
    fn from(unpackable: Unpackable) -> Self {
        match unpackable {
            Unpackable::TooLarge(reason) => Self::TooLarge(reason),
            Unpackable::Damaged(reason) => Self::Bad(reason),
        }
    }
}

pub(super) fn respond(status: StatusCode, body: &Value) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body.to_string())));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
