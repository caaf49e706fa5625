use std::sync::Arc;
use std::time::{Duration, Instant};

use coldtrail_catalog::{CatalogClient, CommitId, Committed};
use coldtrail_lake::{Lake, RejectRow, SegmentWriter, WriterConfig};
use coldtrail_model::{Commit, SegmentMeta, SourceObject};
use coldtrail_normalize::{Batch, Source};
use tokio::time::sleep;

use crate::{Error, IngestConfig, SourceFile};

/// Whole objects on their way into the lake; visible all at once or not at all.
pub(crate) struct Transaction {
    writer: SegmentWriter,
    started: Instant,
    /// The objects that are read to their end.
    pub(crate) done: Vec<(SourceFile, SourceObject, u64)>,
    /// Plain bytes of the objects that are read to their end.
    bytes_plain: u64,
    /// Events and rejects of the object under way.
    pub(crate) under_way: Counts,
}

/// How many records became what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) events: u64,
    pub(crate) rejects: u64,
}

impl Transaction {
    pub(crate) fn begin(lake: &Lake, config: &WriterConfig) -> Self {
        Self {
            writer: SegmentWriter::new(lake.clone(), config.clone()),
            started: Instant::now(),
            done: Vec::new(),
            bytes_plain: 0,
            under_way: Counts::default(),
        }
    }

    /// Adds what was read of the object under way.
    pub(crate) async fn add(&mut self, object: &Arc<str>, source: Source, batch: Batch, now_ms: i64) -> Result<(), Error> {
        self.under_way.events += batch.events.len() as u64;
        self.under_way.rejects += batch.rejects.len() as u64;
        let events = batch.events.into_iter().map(|(place, event)| (event, offset(place.offset)));
        self.writer.append_batch(source.name(), object, events)?;
        for reject in &batch.rejects {
            self.writer.reject(RejectRow {
                source: source.name(),
                source_object: object,
                offset: offset(reject.place.offset),
                time_ms: now_ms,
                reason: &reject.reason.to_string(),
                raw: &reject.raw,
                raw_bytes: offset(reject.raw_bytes),
            });
        }
        if self.writer.is_full() {
            self.writer.roll_full().await?;
        }
        Ok(())
    }

    /// Adds the lines of an object that cannot be read at all.
    pub(crate) fn add_unread(&mut self, object: &str, source: &str, reason: &str, content: &[u8], now_ms: i64) -> u64 {
        let (mut start, before) = (0, self.under_way.rejects);
        for line in content.split_inclusive(|byte| *byte == b'\n') {
            let raw = line.trim_ascii();
            if !raw.is_empty() {
                let (offset, raw_bytes) = (offset(start), offset(raw.len() as u64));
                self.writer.reject(RejectRow { source, source_object: object, offset, time_ms: now_ms, reason, raw, raw_bytes });
                self.under_way.rejects += 1;
            }
            start += line.len() as u64;
        }
        self.under_way.rejects - before
    }

    /// Ends the object under way.
    pub(crate) fn end_object(&mut self, file: SourceFile, sha256: [u8; 32], source: &str, bytes_plain: u64) {
        let counts = std::mem::take(&mut self.under_way);
        let object = SourceObject {
            url: file.url.clone(),
            source: source.to_owned(),
            bytes: file.bytes,
            modified_ms: file.modified_ms,
            etag: file.etag.clone(),
            sha256,
            records: counts.events + counts.rejects,
            events: counts.events,
            rejects: counts.rejects,
            ingested_ms: chrono::Utc::now().timestamp_millis(),
        };
        self.bytes_plain += bytes_plain;
        self.done.push((file, object, bytes_plain));
    }

    /// True if it is time to commit.
    pub(crate) fn is_due(&self, config: &IngestConfig) -> bool {
        self.bytes_plain >= config.commit_bytes_target
            || self.done.len() >= config.commit_objects_max
            || (self.started.elapsed().as_secs() >= config.commit_seconds_max && !self.done.is_empty())
    }

    /// Writes the rest and commits. On [`coldtrail_catalog::Error::AlreadyIngested`] nothing was changed.
    /// With `unique_content`, nothing was changed either on [`coldtrail_catalog::Error::ContentKnown`].
    pub(crate) async fn commit(
        self,
        lake: &Lake,
        catalog: &dyn CatalogClient,
        retries_max: u32,
        unique_content: bool,
    ) -> Result<(Vec<SegmentMeta>, Committed), Error> {
        let added = self.writer.finish().await?;
        let source_objects = self.done.into_iter().map(|(_, object, _)| object).collect();
        let commit = Commit { added: added.clone(), source_objects, unique_content, ..Commit::default() };
        let committed = commit_surely(lake, catalog, commit, retries_max).await?;
        Ok((added, committed))
    }

    /// Gives it up: deletes what was written and returns the objects that were whole, to be read again.
    pub(crate) async fn abandon(self) -> Vec<SourceFile> {
        self.writer.abandon().await;
        self.done.into_iter().map(|(file, ..)| file).collect()
    }
}

fn offset(offset: u64) -> i64 {
    i64::try_from(offset).unwrap_or(i64::MAX)
}

/// Commits, and asks again where the catalog gives no answer: it applies a commit once, however often it is sent. Then notes its objects
/// in the lake, for the day when the catalog is lost.
pub(crate) async fn commit_surely(lake: &Lake, catalog: &dyn CatalogClient, commit: Commit, retries_max: u32) -> Result<Committed, Error> {
    let id = CommitId::generate();
    let mut tries = 0;
    loop {
        match catalog.commit_as(id, commit.clone()).await {
            Ok(committed) => {
                // The commit stands, whatever becomes of the note.
                if let Err(error) = lake.note_source_objects(&id.to_string(), &commit.source_objects).await {
                    let objects = commit.source_objects.len();
                    tracing::warn!(%error, objects, "could not note what was taken in: a catalog made of the lake alone would not know it");
                }
                return Ok(committed);
            }
            Err(error) if error.is_retryable() && tries < retries_max => {
                tries += 1;
                tracing::warn!(%error, tries, "the catalog did not take a commit; sending it again");
                sleep(Duration::from_millis(200 << tries.min(5))).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
}
