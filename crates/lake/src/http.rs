//! HTTP to the stores: how many requests are open at once, and how long a store may keep one waiting.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpResponseBody, HttpService, ReqwestConnector,
};
use object_store::{ClientConfigKey, ClientOptions};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Sleep, sleep, timeout};

use crate::StoreOptions;

/// Makes the clients of one store. All of them share its connections.
///
/// The time limit of `object_store`'s own client holds for a whole answer, and so it also ends a download whose reader takes its
/// time. Here only the store is on the clock: until it begins to answer, and each time that somebody waits for more of the answer.
#[derive(Debug)]
pub(crate) struct Connector {
    limits: Arc<Limits>,
    connect_time_max: String,
}

#[derive(Debug)]
struct Limits {
    connections: Arc<Semaphore>,
    connections_max: usize,
    request_seconds_max: u64,
}

impl Connector {
    pub(crate) fn new(options: &StoreOptions) -> Self {
        let connections_max = options.connections_max.min(Semaphore::MAX_PERMITS);
        let limits = Limits {
            connections: Arc::new(Semaphore::new(connections_max)),
            connections_max,
            request_seconds_max: options.request_seconds_max,
        };
        Self { limits: Arc::new(limits), connect_time_max: format!("{}s", options.connect_seconds_max) }
    }
}

impl HttpConnector for Connector {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let inner = ReqwestConnector::default().connect(&options.clone().with_timeout_disabled())?;
        let connect_time_max = match options.get_config_value(&ClientConfigKey::ConnectTimeout) {
            // The service on this machine that gives out credentials has its own, short time.
            Some(time) if time != self.connect_time_max => time,
            _ => format!("{} (store.connect_seconds_max)", self.connect_time_max),
        };
        Ok(HttpClient::new(Client { inner, limits: Arc::clone(&self.limits), connect_time_max }))
    }
}

impl Limits {
    fn request_time_max(&self) -> Duration {
        Duration::from_secs(self.request_seconds_max)
    }

    /// Waits for a connection to be free, but not for ever: whoever holds one may be waiting for us.
    async fn connection(&self) -> Result<OwnedSemaphorePermit, HttpError> {
        let free = Arc::clone(&self.connections).acquire_owned();
        match timeout(self.request_time_max(), free).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) | Err(_) => Err(HttpError::new(
                HttpErrorKind::Connect,
                Failure::new(format!(
                    "none of the {} connections (store.connections_max) was free within {} s",
                    self.connections_max, self.request_seconds_max
                )),
            )),
        }
    }

    fn too_slow(&self) -> HttpError {
        let text = format!("the store did not answer within {} s (store.request_seconds_max)", self.request_seconds_max);
        HttpError::new(HttpErrorKind::Timeout, Failure::new(text))
    }
}

/// Sends the requests, each within the limits.
#[derive(Debug)]
struct Client {
    inner: HttpClient,
    limits: Arc<Limits>,
    /// How long connecting may take, for messages.
    connect_time_max: String,
}

impl Client {
    fn explain(&self, error: HttpError) -> HttpError {
        let is_of_system =
            |error: &(dyn StdError + 'static)| error.downcast_ref::<io::Error>().is_some_and(|error| error.raw_os_error().is_some());
        // The client itself keeps no other time than that of connecting.
        if error.kind() == HttpErrorKind::Timeout && !sources(&error).any(is_of_system) {
            let text = format!("there was no connection within {}", self.connect_time_max);
            return HttpError::new(HttpErrorKind::Timeout, Failure { text, source: Some(error) });
        }
        with_reasons(error)
    }
}

/// The error with all that it wraps in its text, for the outermost layer alone says next to nothing.
fn with_reasons(error: HttpError) -> HttpError {
    let mut reasons: Vec<String> = sources(&error).map(ToString::to_string).collect();
    reasons.dedup();
    HttpError::new(error.kind(), Failure { text: reasons.join(": "), source: Some(error) })
}

/// What an error wraps, outermost first.
fn sources(error: &HttpError) -> impl Iterator<Item = &(dyn StdError + 'static)> {
    std::iter::successors(error.source(), |layer| (*layer).source())
}

#[async_trait]
impl HttpService for Client {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let connection = self.limits.connection().await?;
        let answer = timeout(self.limits.request_time_max(), self.inner.execute(request)).await;
        let response = answer.map_err(|_| self.limits.too_slow())?.map_err(|error| self.explain(error))?;
        let limits = Arc::clone(&self.limits);
        Ok(response.map(|inner| HttpResponseBody::new(Answer { inner, limits, deadline: None, connection: Some(connection) })))
    }
}

/// The body of an answer, which holds its connection until it has ended.
struct Answer {
    inner: HttpResponseBody,
    limits: Arc<Limits>,
    /// Set while somebody waits for the store.
    deadline: Option<Pin<Box<Sleep>>>,
    connection: Option<OwnedSemaphorePermit>,
}

impl Body for Answer {
    type Data = Bytes;
    type Error = HttpError;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, HttpError>>> {
        let this = self.get_mut();
        if let Poll::Ready(frame) = Pin::new(&mut this.inner).poll_frame(context) {
            this.deadline = None;
            if !matches!(frame, Some(Ok(_))) {
                this.connection = None;
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(with_reasons)));
        }
        let limits = &this.limits;
        let deadline = this.deadline.get_or_insert_with(|| Box::pin(sleep(limits.request_time_max())));
        if deadline.as_mut().poll(context).is_pending() {
            return Poll::Pending;
        }
        this.connection = None;
        Poll::Ready(Some(Err(limits.too_slow())))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// Why a request failed, in one line.
#[derive(Debug)]
struct Failure {
    text: String,
    source: Option<HttpError>,
}

impl Failure {
    fn new(text: String) -> Self {
        Self { text, source: None }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl StdError for Failure {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_ref().map(|error| error as &(dyn StdError + 'static))
    }
}
