use coldtrail_ingest::SourceChoice;
use serde::{Deserialize, Serialize};

use crate::Error;

/// A folder or a prefix of an object store that is watched.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct WatchConfig {
    /// A folder, `file://…`, `s3://bucket/prefix`, `az://container/prefix`, `abfss://…` or `gs://bucket/prefix`.
    pub location: String,
    /// The source of what lies there; `auto` tells it from each object.
    #[serde(default = "auto")]
    pub source: String,
    /// How often the location is listed, in seconds.
    #[serde(default = "every_seconds")]
    pub every_seconds: u64,
    /// An object is taken once it has not changed for so long, in seconds. Raise it for blobs that are appended to.
    #[serde(default = "settle_seconds")]
    pub settle_seconds: u64,
    /// How long an object that could not be read waits until it is tried again, in seconds; twice as long after each failure.
    #[serde(default = "retry_seconds_min")]
    pub retry_seconds_min: u64,
    /// The longest such wait, in seconds.
    #[serde(default = "retry_seconds_max")]
    pub retry_seconds_max: u64,
    /// At most so many objects are taken at once, in one commit as far as they fit one.
    #[serde(default = "batch_objects_max")]
    pub batch_objects_max: usize,
    /// Objects of at most so many bytes together are taken at once; a larger one goes alone.
    #[serde(default = "batch_bytes_max")]
    pub batch_bytes_max: u64,
    /// An object whose bytes were taken in under another name is only noted. Objects of more than 8 MiB are then read twice.
    #[serde(default = "drop_same_content")]
    pub drop_same_content: bool,
    /// The URL of an SQS queue that is told of new objects: they are taken as soon as its messages come. Only for `s3://`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// With `queue`: how long one question to it waits for messages, in seconds.
    #[serde(default = "queue_wait_seconds")]
    pub queue_wait_seconds: u64,
    /// With `queue`: how often the location is listed all the same, in seconds, instead of `every_seconds`. Finds what no message told of.
    #[serde(default = "queue_list_seconds")]
    pub queue_list_seconds: u64,
}

fn queue_wait_seconds() -> u64 {
    20
}

fn queue_list_seconds() -> u64 {
    3600
}

fn auto() -> String {
    "auto".to_owned()
}

fn every_seconds() -> u64 {
    10
}

fn settle_seconds() -> u64 {
    5
}

fn retry_seconds_min() -> u64 {
    30
}

fn retry_seconds_max() -> u64 {
    3600
}

fn batch_objects_max() -> usize {
    10_000
}

fn batch_bytes_max() -> u64 {
    256 << 20
}

fn drop_same_content() -> bool {
    true
}

/// The longest time that can be set, in seconds: a week.
const SECONDS_MAX: u64 = 7 * 86_400;

impl WatchConfig {
    /// A location with every setting at its default.
    pub fn new(location: impl Into<String>) -> Self {
        Self {
            location: location.into(),
            source: auto(),
            every_seconds: every_seconds(),
            settle_seconds: settle_seconds(),
            retry_seconds_min: retry_seconds_min(),
            retry_seconds_max: retry_seconds_max(),
            batch_objects_max: batch_objects_max(),
            batch_bytes_max: batch_bytes_max(),
            drop_same_content: drop_same_content(),
            queue: None,
            queue_wait_seconds: queue_wait_seconds(),
            queue_list_seconds: queue_list_seconds(),
        }
    }

    /// Checks every setting, and names the one that is out of its range.
    pub fn validate(&self) -> Result<(), Error> {
        let refuse = |key, value: &dyn ToString, reason: &str| {
            Err(Error::Config { section: "watch", key, value: value.to_string(), reason: reason.to_owned() })
        };
        if self.location.trim().is_empty() {
            return refuse("location", &"empty", "name a folder, or s3://…, az://…, gs://…");
        }
        if let Err(error) = self.choice() {
            return refuse("source", &self.source, &error.to_string());
        }
        if let Some(queue) = &self.queue {
            if !self.location.starts_with("s3://") {
                return refuse("queue", &shown(queue), "only a location in s3:// has a queue");
            }
            if !queue.starts_with("https://") && !queue.starts_with("http://") {
                return refuse("queue", &shown(queue), "give the queue's URL, as https://sqs.REGION.amazonaws.com/ACCOUNT/NAME");
            }
            if queue.contains('@') || queue.contains('?') {
                return refuse("queue", &shown(queue), "credentials and options do not belong in it; put credentials in the environment");
            }
        }
        let ranges = [
            ("every_seconds", self.every_seconds, 1, SECONDS_MAX),
            ("settle_seconds", self.settle_seconds, 0, SECONDS_MAX),
            ("retry_seconds_min", self.retry_seconds_min, 1, self.retry_seconds_max),
            ("retry_seconds_max", self.retry_seconds_max, 1, SECONDS_MAX),
            ("queue_wait_seconds", self.queue_wait_seconds, 1, 20),
            ("queue_list_seconds", self.queue_list_seconds, 1, SECONDS_MAX),
            ("batch_objects_max", self.batch_objects_max as u64, 1, u64::MAX),
            ("batch_bytes_max", self.batch_bytes_max, 1, u64::MAX),
        ];
        check_ranges("watch", &ranges)
    }

    /// The source as a choice.
    pub(crate) fn choice(&self) -> Result<SourceChoice, coldtrail_normalize::UnknownSource> {
        self.source.parse()
    }
}

/// How pushes are received and committed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct PushConfig {
    /// What was received is committed so long after it came, in seconds.
    pub flush_seconds: u64,
    /// It is committed earlier once so many bytes wait.
    pub flush_bytes: u64,
    /// So many bytes may wait in the spool; then senders are told to come again later.
    pub spool_bytes_max: u64,
    /// The longest body of a request as sent, in bytes.
    pub body_bytes_max: usize,
    /// The longest body of a request after decompression, in bytes.
    pub plain_bytes_max: usize,
    /// Answer Splunk's senders at once with an `ackId` if they name a channel, and tell them through `/services/collector/ack` when
    /// it is committed. If false, or without a channel, they are answered after the commit.
    pub hec_ack: bool,
    /// How long a sender waits for the commit before it is told to send again, in seconds.
    pub answer_seconds_max: u64,
    /// How many connections may be open at the same time.
    pub connections_max: usize,
    /// How many requests are read and unwrapped at the same time; each takes up to `body_bytes_max` and `plain_bytes_max` of memory.
    pub bodies_max: usize,
    /// So many bytes of one call of `IngestService` may be received and not answered yet; then nothing more is read of it, and the
    /// sender waits.
    pub inflight_bytes_max: u64,
    /// How many calls of `IngestService` may be open at the same time; each takes up to twice `body_bytes_max` of memory while a batch
    /// arrives.
    pub calls_max: usize,
}

impl Default for PushConfig {
    fn default() -> Self {
        Self {
            flush_seconds: 5,
            flush_bytes: 64 << 20,
            spool_bytes_max: 1 << 30,
            body_bytes_max: 16 << 20,
            plain_bytes_max: 64 << 20,
            hec_ack: true,
            answer_seconds_max: 60,
            connections_max: 1024,
            bodies_max: 8,
            inflight_bytes_max: 64 << 20,
            calls_max: 256,
        }
    }
}

impl PushConfig {
    /// Checks every setting, and names the one that is out of its range.
    pub fn validate(&self) -> Result<(), Error> {
        let ranges = [
            ("flush_seconds", self.flush_seconds, 1, 600),
            ("flush_bytes", self.flush_bytes, 1, u64::MAX),
            ("body_bytes_max", self.body_bytes_max as u64, 1, 1 << 30),
            ("plain_bytes_max", self.plain_bytes_max as u64, 1, 1 << 30),
            ("spool_bytes_max", self.spool_bytes_max, self.plain_bytes_max as u64, u64::MAX),
            ("answer_seconds_max", self.answer_seconds_max, 1, 3600),
            ("connections_max", self.connections_max as u64, 1, 100_000),
            ("bodies_max", self.bodies_max as u64, 1, 1024),
            ("inflight_bytes_max", self.inflight_bytes_max, 1, u64::MAX),
            ("calls_max", self.calls_max as u64, 1, 100_000),
        ];
        check_ranges("push.limits", &ranges)
    }
}

/// A URL without what may be secret in it.
fn shown(url: &str) -> &str {
    url.rsplit('@').next().unwrap_or_default().split('?').next().unwrap_or_default()
}

/// Refuses the first setting that is out of its range.
fn check_ranges(section: &'static str, ranges: &[(&'static str, u64, u64, u64)]) -> Result<(), Error> {
    let refuse = |key, value: u64, reason| Err(Error::Config { section, key, value: value.to_string(), reason });
    match ranges.iter().find(|(_, value, least, most)| value < least || value > most) {
        Some((key, value, least, u64::MAX)) => refuse(key, *value, format!("it must be at least {least}")),
        Some((key, value, least, most)) => refuse(key, *value, format!("it must be {least} to {most}")),
        None => Ok(()),
    }
}
