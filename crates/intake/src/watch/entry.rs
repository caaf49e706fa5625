//! One watched location.

use std::collections::{HashMap, HashSet};

use coldtrail_catalog::{SourceIdentity, SourceProbe};
use coldtrail_ingest::{Error as IngestError, FailedObject, SourceChoice, SourceFile};
use tokio_util::sync::CancellationToken;

use super::queue::Queue;
use super::seen::{Seen, Stamp, State, back_off_seconds};
use super::status::{FAILED_SHOWN, QueueStatus, WatchStatus};
use crate::{Error, Taker, WatchConfig};

/// How many objects the catalog is asked for at once.
const PROBES_PER_REQUEST: usize = 10_000;

/// The longest wait after a location could not be listed or nothing could be committed, in seconds.
const ENTRY_RETRY_SECONDS_MAX: u64 = 300;

/// How soon a location with a queue is listed again that could not be listed, in seconds.
const LISTING_RETRY_SECONDS: u64 = 300;

/// When to look again.
pub(super) enum Next {
    /// There may be more.
    AtOnce,
    /// After `every_seconds`.
    Later,
}

pub(super) struct Entry {
    pub(super) config: WatchConfig,
    choice: SourceChoice,
    /// The last listing: what is known of each object, so that only new ones are asked for.
    pub(super) seen: HashMap<String, Seen>,
    /// How often in a row a look has failed.
    failures: u32,
    /// What tells of new objects, if anything does.
    pub(super) queue: Option<Queue>,
    /// When the next listing is due, in milliseconds since 1970, UTC.
    list_due_ms: i64,
    /// When the next look is due, in milliseconds since 1970, UTC.
    pub(super) due_ms: i64,
    pub(super) status: WatchStatus,
}

impl Entry {
    pub(super) fn new(config: WatchConfig, taker: &Taker) -> Result<Self, Error> {
        let unknown = |error: coldtrail_normalize::UnknownSource| Error::Config {
            section: "watch",
            key: "source",
            value: error.name.clone(),
            reason: error.to_string(),
        };
        let choice = config.choice().map_err(unknown)?;
        let queue = config.queue.as_ref().map(|url| Queue::open(url, taker.ingest().store_options())).transpose()?;
        let status = WatchStatus {
            location: config.location.clone(),
            source: config.source.clone(),
            queue: queue.as_ref().map(|_| QueueStatus::default()),
            ..WatchStatus::default()
        };
        Ok(Self { config, choice, seen: HashMap::new(), failures: 0, queue, list_due_ms: i64::MIN, due_ms: i64::MIN, status })
    }

    /// Looks once and takes what is ready; says when to look again.
    pub(super) async fn step(&mut self, taker: &Taker, now_ms: i64, stop: &CancellationToken) -> i64 {
        let result = match now_ms >= self.list_due_ms {
            true => self.list(taker, now_ms, stop).await,
            false => self.poll(taker, now_ms, stop).await,
        };
        self.status.error = None;
        let mut wait_seconds = i64::try_from(self.config.every_seconds).unwrap_or(i64::MAX);
        match result {
            Ok(Next::AtOnce) => (self.failures, wait_seconds) = (0, 0),
            Ok(Next::Later) => self.failures = 0,
            Err(Error::Ingest(IngestError::Stopped)) => {}
            Err(error) => {
                self.failures += 1;
                tracing::warn!(location = self.config.location, %error, "a watched location could not be taken in; trying again");
                self.status.error = Some(error.to_string());
                wait_seconds = back_off_seconds(self.failures, self.config.every_seconds, ENTRY_RETRY_SECONDS_MAX).max(wait_seconds);
            }
        }
        self.show(now_ms);
        self.due_ms = now_ms.saturating_add(wait_seconds.saturating_mul(1000));
        self.due_ms
    }

    /// Takes in what lies at the location. With a queue this is rare, and what fails is tried again while the queue goes on.
    async fn list(&mut self, taker: &Taker, now_ms: i64, stop: &CancellationToken) -> Result<Next, Error> {
        let has_queue = self.queue.is_some();
        let after = |seconds: u64| now_ms.saturating_add(i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1000));
        if has_queue {
            self.list_due_ms = after(self.config.queue_list_seconds.min(LISTING_RETRY_SECONDS));
        }
        let ready = self.look(taker, now_ms).await?;
        self.take(taker, ready, now_ms, stop).await?;
        if has_queue {
            // What still settles may be older than the queue: no message tells of it.
            let settles = self.seen.values().any(|seen| matches!(seen.state, State::Waiting));
            let soon = self.config.every_seconds.max(self.config.settle_seconds);
            self.list_due_ms = after(if settles { soon } else { self.config.queue_list_seconds });
        }
        Ok(if has_queue { Next::AtOnce } else { Next::Later })
    }

    /// Lists the location and gives what is to be taken, the oldest first.
    async fn look(&mut self, taker: &Taker, now_ms: i64) -> Result<Vec<SourceFile>, Error> {
        let is_store = self.config.location.contains("://") && !self.config.location.starts_with("file://");
        let files = match taker.ingest().list(&self.config.location).await {
            Ok(files) => files,
            // A prefix begins to exist with its first object.
            Err(IngestError::NoSuchLocation { .. }) if is_store => Vec::new(),
            Err(error) => return Err(error.into()),
        };
        self.status.last_look_ms = Some(now_ms);
        self.remember(taker, &files, now_ms).await?;
        let settle_ms = i64::try_from(self.config.settle_seconds).unwrap_or(i64::MAX).saturating_mul(1000);
        let is_ready = |file: &SourceFile| self.seen.get(&file.url).is_some_and(|seen| seen.is_ready(now_ms, settle_ms, !is_store));
        let mut ready: Vec<SourceFile> = files.into_iter().filter(is_ready).collect();
        ready.sort_by(|one, other| (one.modified_ms, &one.url).cmp(&(other.modified_ms, &other.url)));
        Ok(ready)
    }

    /// Compares a listing with the last one, and asks the catalog for what is new in it.
    async fn remember(&mut self, taker: &Taker, files: &[SourceFile], now_ms: i64) -> Result<(), Error> {
        let mut next = HashMap::with_capacity(files.len());
        let mut new = Vec::new();
        for file in files {
            let stamp = Stamp::of(file);
            match self.seen.get(&file.url) {
                Some(seen) if seen.stamp == stamp => {
                    next.insert(file.url.clone(), Seen { is_unchanged: true, ..seen.clone() });
                }
                _ => {
                    next.insert(file.url.clone(), Seen::new(stamp, now_ms));
                    new.push(file);
                }
            }
        }
        for part in new.chunks(PROBES_PER_REQUEST) {
            let probes: Vec<SourceProbe> = part.iter().map(|file| probe_of(file)).collect();
            for (file, is_known) in part.iter().zip(taker.catalog().is_ingested(&probes).await?) {
                if let (true, Some(seen)) = (is_known, next.get_mut(&file.url)) {
                    seen.state = State::Done;
                }
            }
        }
        self.seen = next;
        Ok(())
    }

    /// Takes in batches; what was committed stays if a later one fails.
    pub(super) async fn take(&mut self, taker: &Taker, ready: Vec<SourceFile>, now_ms: i64, stop: &CancellationToken) -> Result<(), Error> {
        let mut rest = ready.into_iter().peekable();
        while rest.peek().is_some() {
            let (mut batch, mut bytes) = (Vec::new(), 0_u64);
            while let Some(file) = rest.next_if(|file| {
                batch.is_empty()
                    || (batch.len() < self.config.batch_objects_max && bytes.saturating_add(file.bytes) <= self.config.batch_bytes_max)
            }) {
                bytes = bytes.saturating_add(file.bytes);
                batch.push(file);
            }
            self.take_batch(taker, batch, now_ms, stop).await?;
        }
        Ok(())
    }

    async fn take_batch(&mut self, taker: &Taker, mut batch: Vec<SourceFile>, now_ms: i64, stop: &CancellationToken) -> Result<(), Error> {
        loop {
            match taker.take(batch.clone(), self.choice, self.config.drop_same_content, stop.clone()).await {
                Ok(report) => {
                    self.status.count(&report);
                    let failed: HashSet<&str> = report.failed.iter().map(|failed| failed.url.as_str()).collect();
                    batch.iter().filter(|file| !failed.contains(file.url.as_str())).for_each(|file| self.done(&file.url));
                    report.failed.into_iter().for_each(|failed| self.fail(failed, now_ms));
                    return Ok(());
                }
                // One object that cannot be stored must not stop the others.
                Err(IngestError::Lake(error @ coldtrail_lake::Error::EventTooLarge { .. })) => {
                    let coldtrail_lake::Error::EventTooLarge { source_object: url, .. } = &error else { return Ok(()) };
                    batch.retain(|file| file.url != *url);
                    self.fail(FailedObject { url: url.clone(), reason: error.to_string() }, now_ms);
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn done(&mut self, url: &str) {
        if let Some(seen) = self.seen.get_mut(url) {
            seen.state = State::Done;
        }
    }

    fn fail(&mut self, failed: FailedObject, now_ms: i64) {
        let (min, max) = (self.config.retry_seconds_min, self.config.retry_seconds_max);
        tracing::warn!(object = failed.url, reason = failed.reason, "a watched object could not be read; trying again later");
        if let Some(seen) = self.seen.get_mut(&failed.url) {
            seen.fail(failed.reason, now_ms, min, max);
        }
    }

    /// Puts what is known of the last listing into the status.
    fn show(&mut self, now_ms: i64) {
        let status = &mut self.status;
        (status.objects_listed, status.objects_done, status.objects_waiting, status.objects_failed) = (self.seen.len() as u64, 0, 0, 0);
        status.failed.clear();
        let mut oldest_ms: Option<i64> = None;
        for (url, seen) in &self.seen {
            match &seen.state {
                State::Done => status.objects_done += 1,
                State::Waiting => {
                    status.objects_waiting += 1;
                    oldest_ms = Some(oldest_ms.map_or(seen.stamp.modified_ms(), |oldest| oldest.min(seen.stamp.modified_ms())));
                }
                State::Failed { reason, .. } => {
                    status.objects_failed += 1;
                    status.failed.push(FailedObject { url: url.clone(), reason: reason.clone() });
                }
            }
        }
        status.failed.sort_by(|one, other| one.url.cmp(&other.url));
        status.failed.truncate(FAILED_SHOWN);
        status.lag_seconds = oldest_ms.map(|oldest| now_ms.saturating_sub(oldest).max(0) as f64 / 1000.0);
    }
}

pub(super) fn probe_of(file: &SourceFile) -> SourceProbe {
    let identity = SourceIdentity::Stamp { bytes: file.bytes, modified_ms: file.modified_ms, etag: file.etag.clone() };
    SourceProbe { url: file.url.clone(), identity }
}
