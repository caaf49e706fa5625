//! Rejects are read again once a mapping is mended.

mod reread;
mod rows;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use coldtrail_catalog::CatalogClient;
use coldtrail_lake::{KeptReject, Lake, SegmentWriter, WriterConfig};
use coldtrail_model::{Commit, Day, SegmentId, SegmentMeta, SourceObject, Table};
use coldtrail_normalize::Source;
use futures::TryStreamExt;
use serde::Serialize;

use crate::Error;
use crate::transaction::commit_surely;

use reread::{Fate, reread};
use rows::rows_of;

/// How many segments of rejects are replaced by one commit.
const SEGMENTS_PER_COMMIT: usize = 64;

/// How many bytes of Parquet those may have together.
const BYTES_PER_COMMIT: u64 = 64 << 20;

/// How often a commit that the catalog did not answer is sent again.
const COMMIT_RETRIES_MAX: u32 = 5;

/// Which rejects are read again; all of them by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RejectFilter {
    /// Those of this source only, by the name in `system.rejects`.
    pub source: Option<String>,
    /// Those that were rejected on this day or later.
    pub from_day: Option<Day>,
    /// Those that were rejected on this day or earlier.
    pub until_day: Option<Day>,
    /// Those whose object's URL contains this.
    pub object: Option<String>,
    /// Those whose reason contains this.
    pub reason: Option<String>,
    /// Read them as records of this source, whatever they were taken for.
    pub read_as: Option<Source>,
}

/// What became of rejects that were read again. `rows = events + rejects + not_whole + context`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RetryReport {
    /// Segments of rejects that were looked at.
    pub segments: u64,
    /// Rejects that the filter fits.
    pub rows: u64,
    /// Rejects that are events now.
    pub events: u64,
    /// Rejects that still cannot be read.
    pub rejects: u64,
    /// Rejects of which less is kept than there was; they stay rejects.
    pub not_whole: u64,
    /// Lines that mean nothing without the head of their object; they stay rejects.
    pub context: u64,
    /// Events by source.
    pub events_by_source: BTreeMap<String, u64>,
    /// Segments that another process replaced meanwhile; run it again for them.
    pub segments_changed: u64,
    /// The newest snapshot that shows the events.
    pub snapshot_id: Option<u64>,
}

/// Reads rejects again with the mappings of today. Those that can be read now become events, with the object and the offset that they
/// came from; the rest stays as it is.
///
/// Exactly once: one commit adds the events, replaces the segments of rejects by what is left of them, and notes for each the source
/// object `rejects://<segment id>` with the number of events. It is refused as a whole if another was faster.
pub async fn retry_rejects(lake: &Lake, catalog: &dyn CatalogClient, filter: &RejectFilter) -> Result<RetryReport, Error> {
    let snapshot = catalog.snapshot().await?;
    let mut report = RetryReport::default();
    let segments = snapshot.segments.get(&Table::Rejects).into_iter().flatten().filter(|segment| filter.fits_segment(segment));
    let mut waiting: Vec<Arc<SegmentMeta>> = segments.cloned().collect();
    if waiting.is_empty() {
        return Ok(report);
    }
    let again = Again { lake, filter, written: when_written(catalog).await? };
    while let Some(part) = take_part(&mut waiting) {
        retry_part(&again, catalog, part, &mut report).await?;
    }
    Ok(report)
}

/// When each object was written, for records that have no year or no time of their own.
async fn when_written(catalog: &dyn CatalogClient) -> Result<HashMap<String, i64>, Error> {
    let objects = catalog.source_objects().await?.into_iter();
    Ok(objects.filter(|object| object.rejects > 0).map(|object| (object.url, object.modified_ms)).collect())
}

/// What is read again, and how.
struct Again<'a> {
    lake: &'a Lake,
    filter: &'a RejectFilter,
    written: HashMap<String, i64>,
}

impl Again<'_> {
    /// What becomes of a reject; nothing if it is not asked for.
    fn fate(&self, kept: &KeptReject<'_>) -> Option<Fate> {
        let written_ms = self.written.get(kept.row.source_object).copied().filter(|written_ms| *written_ms > 0);
        self.filter.fits_row(kept.row.source_object, kept.row.reason).then(|| reread(kept, self.filter.read_as, written_ms))
    }
}

impl RejectFilter {
    fn fits_segment(&self, segment: &SegmentMeta) -> bool {
        self.source.as_ref().is_none_or(|source| *source == segment.source)
            && self.from_day.is_none_or(|day| segment.day >= day)
            && self.until_day.is_none_or(|day| segment.day <= day)
    }

    fn fits_row(&self, object: &str, reason: &str) -> bool {
        self.object.as_ref().is_none_or(|part| object.contains(part.as_str()))
            && self.reason.as_ref().is_none_or(|part| reason.contains(part.as_str()))
    }
}

/// As many segments as go into one commit.
fn take_part(waiting: &mut Vec<Arc<SegmentMeta>>) -> Option<Vec<Arc<SegmentMeta>>> {
    let (mut part, mut bytes) = (Vec::new(), 0_u64);
    while let Some(segment) = waiting.last() {
        let fits = part.len() < SEGMENTS_PER_COMMIT && bytes.saturating_add(segment.bytes) <= BYTES_PER_COMMIT;
        if !part.is_empty() && !fits {
            break;
        }
        bytes = bytes.saturating_add(segment.bytes);
        part.extend(waiting.pop());
    }
    (!part.is_empty()).then_some(part)
}

/// Replaces some segments; without those that another process has replaced already.
async fn retry_part(
    again: &Again<'_>,
    catalog: &dyn CatalogClient,
    mut part: Vec<Arc<SegmentMeta>>,
    report: &mut RetryReport,
) -> Result<(), Error> {
    while !part.is_empty() {
        let mut attempt = Attempt::new(again.lake);
        for segment in &part {
            if let Err(error) = attempt.read(again, segment).await {
                attempt.writer.abandon().await;
                return Err(error);
            }
        }
        match attempt.commit(again.lake, catalog, report).await {
            Ok(()) => return Ok(()),
            Err(Error::Catalog(coldtrail_catalog::Error::SegmentUnknown { segment })) => {
                tracing::info!(%segment, "another process was faster; reading the other rejects again");
                part.retain(|other| other.id != segment);
                report.segments_changed += 1;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Some segments on their way to be replaced.
struct Attempt {
    writer: SegmentWriter,
    removed: Vec<SegmentId>,
    notes: Vec<SourceObject>,
    found: RetryReport,
}

impl Attempt {
    fn new(lake: &Lake) -> Self {
        let writer = SegmentWriter::new(lake.clone(), WriterConfig::default());
        Self { writer, removed: Vec::new(), notes: Vec::new(), found: RetryReport::default() }
    }

    /// Reads a segment twice: first to see whether anything in it can be read now, for one of which nothing can stays where it is.
    async fn read(&mut self, again: &Again<'_>, segment: &SegmentMeta) -> Result<(), Error> {
        let mut found = RetryReport { segments: 1, ..RetryReport::default() };
        let mut batches = again.lake.stream_segment(segment).await?;
        while let Some(batch) = batches.try_next().await? {
            let rows = rows_of(&batch).map_err(|reason| unreadable(segment, reason))?;
            rows.filter_map(|kept| again.fate(&kept)).for_each(|fate| found.count(&fate));
        }
        if found.events > 0 {
            self.replace(again, segment).await?;
            self.notes.push(note_of(segment, found.events));
            self.removed.push(segment.id);
        }
        self.found.add(found);
        Ok(())
    }

    async fn replace(&mut self, again: &Again<'_>, segment: &SegmentMeta) -> Result<(), Error> {
        let mut batches = again.lake.stream_segment(segment).await?;
        while let Some(batch) = batches.try_next().await? {
            for kept in rows_of(&batch).map_err(|reason| unreadable(segment, reason))? {
                match again.fate(&kept) {
                    Some(Fate::Event(source, event)) => {
                        let object: Arc<str> = kept.row.source_object.into();
                        self.writer.append(source.name(), &object, *event, kept.row.offset)?;
                    }
                    _ => self.writer.keep_reject(kept),
                }
            }
            if self.writer.is_full() {
                self.writer.roll_full().await?;
            }
        }
        Ok(())
    }

    async fn commit(self, lake: &Lake, catalog: &dyn CatalogClient, report: &mut RetryReport) -> Result<(), Error> {
        if self.removed.is_empty() {
            self.writer.abandon().await;
        } else {
            let added = self.writer.finish().await?;
            let commit = Commit { added, removed: self.removed, source_objects: self.notes, ..Commit::default() };
            let committed = commit_surely(lake, catalog, commit, COMMIT_RETRIES_MAX).await?;
            report.snapshot_id = Some(committed.snapshot_id);
        }
        report.add(self.found);
        Ok(())
    }
}

fn unreadable(segment: &SegmentMeta, reason: String) -> Error {
    Error::Lake(coldtrail_lake::Error::NotASegment { path: segment.path.clone(), reason })
}

/// What says in `system.sources` that rejects became events.
fn note_of(segment: &SegmentMeta, events: u64) -> SourceObject {
    SourceObject {
        url: format!("rejects://{}", segment.id),
        source: segment.source.clone(),
        bytes: segment.bytes,
        modified_ms: segment.created_ms,
        etag: None,
        sha256: segment.sha256,
        records: events,
        events,
        rejects: 0,
        ingested_ms: chrono::Utc::now().timestamp_millis(),
    }
}

impl RetryReport {
    fn count(&mut self, fate: &Fate) {
        self.rows += 1;
        match fate {
            Fate::Event(source, _) => {
                self.events += 1;
                *self.events_by_source.entry(source.name().to_owned()).or_default() += 1;
            }
            Fate::Reject => self.rejects += 1,
            Fate::NotWhole => self.not_whole += 1,
            Fate::Context => self.context += 1,
        }
    }

    fn add(&mut self, other: Self) {
        self.segments += other.segments;
        self.rows += other.rows;
        self.events += other.events;
        self.rejects += other.rejects;
        self.not_whole += other.not_whole;
        self.context += other.context;
        for (source, events) in other.events_by_source {
            *self.events_by_source.entry(source).or_default() += events;
        }
    }
}
