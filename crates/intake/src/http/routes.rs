//! Which request is for what.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use coldtrail_ingest::{Marks, SourceChoice};
use coldtrail_normalize::Source;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, CONTENT_ENCODING, HeaderMap};
use hyper::{Method, Request, Response, StatusCode};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::Semaphore;

use super::acks::Acks;
use super::answer::{Refusal, respond};
use super::body::{parse_encoding, read_body};
use super::collector::unwrap_events;
use crate::packing::{Packing, unpack};
use crate::tokens::token_of;
use crate::{Batch, Error, Push, Receipt, TokenCheck};

/// How long a request waits until others were read.
const TURN_MAX: Duration = Duration::from_secs(5);

/// How long the name is that tells equal batches apart, in bytes.
const KEY_BYTES_MAX: usize = 256;

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Records as they are, of one source.
    Events,
    /// Splunk's events in envelopes.
    CollectorEvent,
    /// Records as they are, sent to Splunk.
    CollectorRaw,
    Ack,
    Health,
}

/// Paths, without the version that Splunk allows at their ends.
const PLACES: &[(&str, Place)] = &[
    ("/v1/events", Place::Events),
    ("/services/collector", Place::CollectorEvent),
    ("/services/collector/event", Place::CollectorEvent),
    ("/services/collector/raw", Place::CollectorRaw),
    ("/services/collector/ack", Place::Ack),
    ("/services/collector/health", Place::Health),
];

/// Takes requests and answers them.
pub(super) struct Desk {
    push: Push,
    tokens: Arc<dyn TokenCheck>,
    acks: Acks,
    bodies: Semaphore,
}

type Answer = Result<Response<Full<Bytes>>, Refusal>;

/// What the query of a URL and the headers say.
struct Said {
    query: HashMap<String, String>,
    channel: Option<String>,
    key: Option<String>,
    encoding: Result<Packing, Refusal>,
}

impl Desk {
    pub(super) fn new(push: Push, tokens: Arc<dyn TokenCheck>) -> Self {
        let bodies = Semaphore::new(push.config().bodies_max);
        Self { push, tokens, acks: Acks::default(), bodies }
    }

    pub(super) async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        self.take(request).await.unwrap_or_else(Refusal::into_response)
    }

    async fn take(&self, request: Request<Incoming>) -> Answer {
        let path = request.uri().path().trim_end_matches('/');
        let path = path.strip_suffix("/1.0").unwrap_or(path);
        let place = PLACES.iter().find(|(known, _)| *known == path).map(|(_, place)| *place).ok_or(Refusal::NotFound)?;
        if place == Place::Health {
            return self.health(request.headers());
        }
        if request.method() != Method::POST {
            return Err(Refusal::MethodNotAllowed);
        }
        self.authorize(request.headers())?;
        let said = Said::read(&request);
        if place == Place::Ack {
            return self.ack(&said, request.into_body()).await;
        }
        let batches = self.read(place, &said, request.into_body()).await?;
        let receipt = self.push.receive(batches, said.key.as_deref()).await.map_err(busy)?;
        match (place, &said.channel) {
            (Place::CollectorEvent | Place::CollectorRaw, Some(channel)) if self.push.config().hec_ack => {
                let many = || Refusal::Busy("too many acknowledgements are waiting".to_owned());
                let id = self.acks.issue(channel, receipt).ok_or_else(many)?;
                Ok(respond(StatusCode::OK, &json!({"text": "Success", "code": 0, "ackId": id})))
            }
            (Place::Events, _) => self.wait(receipt).await.map(|()| respond(StatusCode::OK, &json!({"committed": true}))),
            _ => self.wait(receipt).await.map(|()| respond(StatusCode::OK, &json!({"text": "Success", "code": 0}))),
        }
    }

    /// The batches in a body. Few bodies are read at a time, since each takes memory.
    async fn read(&self, place: Place, said: &Said, body: Incoming) -> Result<Vec<Batch>, Refusal> {
        let (bytes, limit) = self.push.fill();
        if bytes >= limit {
            return Err(busy(Error::SpoolFull { bytes, limit }));
        }
        let late = || Refusal::Busy("too many requests are being read; push.limits.bodies_max allows more".to_owned());
        let _turn = tokio::time::timeout(TURN_MAX, self.bodies.acquire()).await.map_err(|_| late())?;
        let encoding = said.encoding.clone()?;
        let config = self.push.config();
        let (body_max, plain_max) = (config.body_bytes_max, config.plain_bytes_max);
        let source = said.source(place)?;
        let body = read_body(body, body_max).await?;
        let unwrapping = tokio::task::spawn_blocking(move || {
            let plain = unpack(body, encoding, plain_max)?;
            if plain.trim_ascii().is_empty() {
                return Err(Refusal::NoData);
            }
            match place {
                Place::CollectorEvent => unwrap_events(&plain, source),
                _ => Ok(vec![Batch {
                    content: plain,
                    choice: source.map_or(SourceChoice::Auto, SourceChoice::Named),
                    time_ms: None,
                    marks: Marks::default(),
                }]),
            }
        });
        unwrapping.await.unwrap_or_else(|_| Err(Refusal::Busy("the process is stopping".to_owned())))
    }

    async fn wait(&self, receipt: Receipt) -> Result<(), Refusal> {
        let seconds = self.push.config().answer_seconds_max;
        match tokio::time::timeout(Duration::from_secs(seconds), receipt.committed()).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(Refusal::Busy("the process is stopping".to_owned())),
            Err(_) => Err(Refusal::Busy(format!("it is kept, but not committed after {seconds} seconds; send it again"))),
        }
    }

    async fn ack(&self, said: &Said, body: Incoming) -> Answer {
        #[derive(Deserialize)]
        struct Asked {
            acks: Vec<u64>,
        }
        if !self.push.config().hec_ack {
            return Err(Refusal::AckIsOff);
        }
        let channel = said.channel.as_deref().ok_or(Refusal::NoChannel)?;
        let body = read_body(body, self.push.config().body_bytes_max).await?;
        // Vector compresses its questions like its batches.
        let body = unpack(body, said.encoding.clone()?, self.push.config().plain_bytes_max)?;
        let asked: Asked = serde_json::from_slice(&body).map_err(|error| Refusal::Bad(error.to_string()))?;
        Ok(respond(StatusCode::OK, &json!({"acks": self.acks.ask(channel, &asked.acks)})))
    }

    /// Splunk's own answers without a token, and says 400 to a wrong one; Vector tells the two apart by that.
    fn health(&self, headers: &HeaderMap) -> Answer {
        if headers.contains_key(AUTHORIZATION) && self.authorize(headers).is_err() {
            return Ok(respond(StatusCode::BAD_REQUEST, &json!({"text": "Invalid token", "code": 4})));
        }
        let (bytes, limit) = self.push.fill();
        match bytes < limit {
            true => Ok(respond(StatusCode::OK, &json!({"text": "HEC is healthy", "code": 17}))),
            false => Ok(respond(StatusCode::SERVICE_UNAVAILABLE, &json!({"text": "HEC is unhealthy, queues are full", "code": 18}))),
        }
    }

    fn authorize(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let header = headers.get(AUTHORIZATION).ok_or(Refusal::NoToken)?;
        let token = header.to_str().ok().and_then(token_of).ok_or(Refusal::BadAuthorization)?;
        if self.tokens.is_valid(&token) { Ok(()) } else { Err(Refusal::WrongToken) }
    }
}

impl Said {
    fn read(request: &Request<Incoming>) -> Self {
        let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let query = request.uri().query().unwrap_or_default();
        let query: HashMap<String, String> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        Self {
            channel: header("x-splunk-request-channel").or_else(|| query.get("channel").cloned()).filter(|channel| !channel.is_empty()),
            key: header("idempotency-key").filter(|key| key.len() <= KEY_BYTES_MAX),
            encoding: parse_encoding(header(CONTENT_ENCODING.as_str()).as_deref()),
            query,
        }
    }

    /// The source that the request names. A name that is none of ours is a mistake in our own API, and only a name in Splunk's.
    fn source(&self, place: Place) -> Result<Option<Source>, Refusal> {
        let names = ["sourcetype", "source"].into_iter().filter_map(|name| self.query.get(name));
        match place {
            Place::Events => match self.query.get("source").map(String::as_str) {
                None | Some("" | "auto") => Ok(None),
                Some(name) => name.parse().map(Some).map_err(|error: coldtrail_normalize::UnknownSource| Refusal::Bad(error.to_string())),
            },
            _ => Ok(names.into_iter().find_map(|name| Source::named(name))),
        }
    }
}

fn busy(error: Error) -> Refusal {
    Refusal::Busy(error.to_senders())
}
