//! A queue of SQS, asked in its JSON protocol.
//!
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/Welcome.html>

use std::time::Duration;

use bytes::Bytes;
use coldtrail_lake::StoreOptions;
use hyper::header::CONTENT_TYPE;
use hyper::{Method, Request, StatusCode};
use object_store::ClientOptions;
use object_store::aws::{AmazonS3Builder, AwsAuthorizer, AwsCredentialProvider};
use object_store::client::{HttpClient, HttpConnector, ReqwestConnector};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use url::Url;

use crate::Error;

/// How many messages SQS gives, and deletes, at once.
const MESSAGES_PER_CALL: usize = 10;

/// How long a call may take beside the time that it waits for messages.
const ANSWER_MAX: Duration = Duration::from_secs(30);

/// The longest that one question may wait for messages.
const WAIT_MAX: Duration = Duration::from_secs(20);

/// How much of an answer that is none is shown, in characters.
const SHOWN_MAX: usize = 300;

/// A message that was received. It comes again unless it is deleted in time.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Message {
    pub(super) message_id: String,
    receipt_handle: String,
    pub(super) body: String,
}

/// An open queue. A handle: cheap to clone.
#[derive(Clone)]
pub(super) struct Queue {
    url: String,
    /// Where calls go: the queue's URL without its path.
    endpoint: String,
    region: String,
    client: HttpClient,
    credentials: AwsCredentialProvider,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Received {
    #[serde(default)]
    messages: Vec<Message>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Deleted {
    #[serde(default)]
    failed: Vec<Value>,
}

impl Queue {
    /// Makes what calls need, and calls nobody. Credentials are those of `s3://` locations: the environment's, or the machine's role.
    pub(super) fn open(url: &str, options: &StoreOptions) -> Result<Self, Error> {
        let refuse = |reason: String| Error::Config { section: "watch", key: "queue", value: url.to_owned(), reason };
        let parsed = Url::parse(url).map_err(|error| refuse(error.to_string()))?;
        if parsed.scheme() == "http" && !options.allow_http {
            return Err(refuse("it is http://, without TLS; write https:// or set store.allow_http = true".to_owned()));
        }
        let failed = |error: object_store::Error| Error::Queue { action: "use", queue: url.to_owned(), reason: error.to_string() };
        let connect_max = Duration::from_secs(options.connect_seconds_max);
        let client = ClientOptions::new().with_allow_http(options.allow_http).with_connect_timeout(connect_max);
        let client = ReqwestConnector::default().connect(&client.with_timeout(WAIT_MAX + ANSWER_MAX)).map_err(failed)?;
        let environment = AmazonS3Builder::from_env();
        let of_store = || options.s3_region.clone().or_else(|| environment.get_config_value(&object_store::aws::AmazonS3ConfigKey::Region));
        let region = region_of(parsed.host_str().unwrap_or_default()).or_else(of_store).unwrap_or_else(|| "us-east-1".to_owned());
        // A store that is never used: it knows where credentials come from, and gets new ones in time.
        let store = environment.with_bucket_name("queue").with_region(&region).build().map_err(failed)?;
        let mut endpoint = parsed;
        endpoint.set_path("/");
        Ok(Self { url: url.to_owned(), endpoint: endpoint.to_string(), region, client, credentials: store.credentials().clone() })
    }

    /// Waits for messages, and gives all that are there then, up to a number.
    pub(super) async fn receive(&self, wait_seconds: u64, messages_max: usize) -> Result<Vec<Message>, Error> {
        let mut all = Vec::new();
        let mut wait_seconds = wait_seconds;
        while all.len() < messages_max {
            let body = json!({"QueueUrl": self.url, "MaxNumberOfMessages": MESSAGES_PER_CALL, "WaitTimeSeconds": wait_seconds});
            let received: Received = self.call("receive from", "ReceiveMessage", &body).await?;
            if received.messages.is_empty() {
                break;
            }
            all.extend(received.messages);
            wait_seconds = 0;
        }
        Ok(all)
    }

    /// Deletes messages; gives how many are gone. One that could not be deleted comes again.
    pub(super) async fn delete(&self, messages: &[Message]) -> Result<u64, Error> {
        let mut deleted = 0;
        for messages in messages.chunks(MESSAGES_PER_CALL) {
            let to_entry =
                |(number, message): (usize, &Message)| json!({"Id": number.to_string(), "ReceiptHandle": message.receipt_handle});
            let entries: Vec<Value> = messages.iter().enumerate().map(to_entry).collect();
            let answer: Deleted =
                self.call("delete from", "DeleteMessageBatch", &json!({"QueueUrl": self.url, "Entries": entries})).await?;
            if let Some(first) = answer.failed.first() {
                tracing::warn!(queue = self.url, failed = answer.failed.len(), %first, "messages could not be deleted; they come again");
            }
            deleted += messages.len().saturating_sub(answer.failed.len()) as u64;
        }
        Ok(deleted)
    }

    async fn call<T: DeserializeOwned>(&self, action: &'static str, name: &str, body: &Value) -> Result<T, Error> {
        let failed = |reason: String| Error::Queue { action, queue: self.url.clone(), reason };
        let credential = self.credentials.get_credential().await.map_err(|error| failed(error.to_string()))?;
        let request = Request::builder()
            .method(Method::POST)
            .uri(&self.endpoint)
            .header(CONTENT_TYPE, "application/x-amz-json-1.0")
            .header("x-amz-target", format!("AmazonSQS.{name}"))
            .body(Bytes::from(body.to_string()).into());
        let mut request = request.map_err(|error| failed(error.to_string()))?;
        AwsAuthorizer::new(&credential, "sqs", &self.region).authorize(&mut request, None);
        let (head, body) = self.client.execute(request).await.map_err(|error| failed(reasons(&error)))?.into_parts();
        let body = body.bytes().await.map_err(|error| failed(reasons(&error)))?;
        if head.status != StatusCode::OK {
            return Err(failed(said(head.status, &body)));
        }
        let body: &[u8] = if body.is_empty() { b"{}" } else { &body };
        serde_json::from_slice(body).map_err(|error| failed(format!("its answer cannot be read: {error}")))
    }
}

/// The region in `sqs.REGION.amazonaws.com` and its like.
fn region_of(host: &str) -> Option<String> {
    let (region, rest) = host.strip_prefix("sqs.").or_else(|| host.strip_prefix("sqs-fips."))?.split_once('.')?;
    rest.starts_with("amazonaws.com").then(|| region.to_owned())
}

/// An error with all that it wraps: the outermost layer alone says next to nothing.
fn reasons(error: &dyn std::error::Error) -> String {
    let all: Vec<String> = std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string).collect();
    all.join(": ")
}

/// What SQS says of a call that failed: `{"__type": "…#QueueDoesNotExist", "message": "…"}`.
fn said(status: StatusCode, body: &[u8]) -> String {
    let read: Option<Value> = serde_json::from_slice(body).ok();
    let text = |key: &str| read.as_ref().and_then(|read| read.get(key)).and_then(Value::as_str);
    match (text("__type"), text("message").or_else(|| text("Message"))) {
        (Some(kind), message) => {
            let kind = kind.rsplit('#').next().unwrap_or(kind);
            format!("{} {kind}: {}", status.as_u16(), message.unwrap_or_default())
        }
        _ => format!("{status}: {}", String::from_utf8_lossy(body).chars().take(SHOWN_MAX).collect::<String>()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_region_is_that_of_the_queue() {
        assert_eq!(region_of("sqs.eu-central-1.amazonaws.com").as_deref(), Some("eu-central-1"));
        assert_eq!(region_of("sqs.cn-north-1.amazonaws.com.cn").as_deref(), Some("cn-north-1"));
        assert_eq!(region_of("127.0.0.1"), None);
        assert_eq!(region_of("sqs.example.org"), None);
    }

    #[test]
    fn what_the_queue_says_is_passed_on() {
        let missing = br#"{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"The specified queue does not exist."}"#;
        assert_eq!(said(StatusCode::BAD_REQUEST, missing), "400 QueueDoesNotExist: The specified queue does not exist.");
        assert_eq!(said(StatusCode::BAD_GATEWAY, b"<html>"), "502 Bad Gateway: <html>");
    }

    #[test]
    fn a_queue_in_the_clear_has_to_be_allowed() {
        let refused = Queue::open("http://127.0.0.1:9/1/q", &StoreOptions::default()).err().expect("it is refused");
        assert!(refused.to_string().contains("store.allow_http"), "{refused}");
        let allowed = StoreOptions { allow_http: true, ..StoreOptions::default() };
        assert_eq!(Queue::open("http://127.0.0.1:9/1/q", &allowed).expect("a queue").endpoint, "http://127.0.0.1:9/");
    }
}
