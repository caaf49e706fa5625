use std::sync::Arc;

use chrono::Utc;
use coldtrail_model::{Day, Event, SegmentMeta, Table};
use hashbrown::HashMap;

use crate::config::EVENT_BYTES_MAX;
use crate::events::{EventBuffer, event_bytes};
use crate::observables::DailyObservables;
use crate::rejects::{KeptReject, RejectBuffer, RejectRow};
use crate::{Error, Lake, WriterConfig};

use job::{Buffer, Job, Jobs, Written};

mod job;

/// Turns the events of one ingest transaction into segments.
///
/// Events are kept by table, day and source until there are enough of them, are then sorted, encoded on a thread for that, and
/// stored. What they show goes to the table `observables`. Nothing is visible before the catalog has committed what
/// [`SegmentWriter::finish`] returns: if the process dies before, [`Lake::clean_orphans`] removes the files.
///
/// ```text
/// let mut writer = SegmentWriter::new(lake, WriterConfig::default());
/// for … {
///     writer.append("aws_cloudtrail", &object, event, offset)?;
///     if writer.is_full() {
///         writer.roll_full().await?;            // the only place that waits for the store
///     }
/// }
/// catalog.commit(Commit { added: writer.finish().await?, … }).await?;
/// ```
///
/// Memory stays below `buffer_bytes_max` for events (up to twice that while buffers grow), one encoded segment for each encoding
/// under way, and `observables_bytes_max`, whatever the size of the input, if `roll_full` is called as above.
#[derive(Debug)]
pub struct SegmentWriter {
    config: Arc<WriterConfig>,
    sources: Vec<Arc<str>>,
    open: HashMap<Key, Open>,
    open_bytes: usize,
    closed: Vec<Job>,
    closed_bytes: usize,
    jobs: Jobs,
    observables: DailyObservables,
    written: Vec<SegmentMeta>,
    has_failed: bool,
}

/// Which buffer a row belongs to; the source by its number.
type Key = (Table, Day, u32);

#[derive(Debug)]
struct Open {
    buffer: Buffer,
    opened_ms: i64,
}

impl SegmentWriter {
    /// A writer for one transaction. The settings should have been validated ([`WriterConfig::validate`]).
    pub fn new(lake: Lake, config: WriterConfig) -> Self {
        let config = Arc::new(config);
        Self {
            jobs: Jobs::new(lake, Arc::clone(&config)),
            config,
            sources: Vec::new(),
            open: HashMap::new(),
            open_bytes: 0,
            closed: Vec::new(),
            closed_bytes: 0,
            observables: DailyObservables::default(),
            written: Vec::new(),
            has_failed: false,
        }
    }

    /// Adds an event that was read from `source_object`, at `offset`, as a record of `source`; sets the columns of these names.
    /// What the event's class has no column for is kept in `unmapped`. Fails only for an event of half a gigabyte and more.
    pub fn append(&mut self, source: &str, source_object: &Arc<str>, event: Event, offset: i64) -> Result<(), Error> {
        let bytes = event_bytes(&event);
        if bytes > EVENT_BYTES_MAX {
            return Err(Error::EventTooLarge { source_object: source_object.to_string(), offset, bytes });
        }
        let (class, day) = (event.class(), Day::of_ms(event.time_ms()));
        let key = (Table::Events(class), day, self.source_number(source));
        let buffer = self.buffer(key, |source| Buffer::Events(Box::new(EventBuffer::new(class, day, source))));
        let before = buffer.bytes();
        if let Buffer::Events(buffer) = buffer {
            buffer.append(&event, source_object, offset);
        }
        self.note_growth(key, before);
        Ok(())
    }

    /// Adds several events of one object, each with its offset.
    pub fn append_batch(
        &mut self,
        source: &str,
        source_object: &Arc<str>,
        events: impl IntoIterator<Item = (Event, i64)>,
    ) -> Result<(), Error> {
        events.into_iter().try_for_each(|(event, offset)| self.append(source, source_object, event, offset))
    }

    /// Adds a record that could not become an event.
    pub fn reject(&mut self, reject: RejectRow<'_>) {
        let kept_max = self.config.reject_bytes_max;
        self.add_reject(&reject, |buffer| buffer.append(&reject, kept_max));
    }

    /// Adds a reject that was written before and is still one, as it was.
    pub fn keep_reject(&mut self, kept: KeptReject<'_>) {
        self.add_reject(&kept.row, |buffer| buffer.append_kept(&kept));
    }

    fn add_reject(&mut self, reject: &RejectRow<'_>, append: impl FnOnce(&mut RejectBuffer)) {
        let day = Day::of_ms(reject.time_ms);
        let key = (Table::Rejects, day, self.source_number(reject.source));
        let buffer = self.buffer(key, |source| Buffer::Rejects(Box::new(RejectBuffer::new(day, source))));
        let before = buffer.bytes();
        if let Buffer::Rejects(buffer) = buffer {
            append(buffer);
        }
        self.note_growth(key, before);
    }

    /// How much memory the rows take that are not stored yet, those on their way included.
    pub fn buffered_bytes(&self) -> usize {
        self.open_bytes + self.closed_bytes + self.jobs.bytes()
    }

    /// True if [`SegmentWriter::roll_full`] has something to do; cheap, to be asked after every append.
    pub fn is_full(&self) -> bool {
        !self.closed.is_empty()
            || self.open_bytes > self.open_bytes_max()
            || self.buffered_bytes() > self.config.buffer_bytes_max
            || self.observables.bytes() > self.config.observables_bytes_max
    }

    /// Writes what is over a threshold: full buffers, and the largest ones while all of them take too much memory. Returns once
    /// the rows take no more than `buffer_bytes_max`; encoding and storing go on behind. After an error the transaction has
    /// failed: call [`SegmentWriter::abandon`].
    pub async fn roll_full(&mut self) -> Result<(), Error> {
        while let Some(written) = self.jobs.next_finished() {
            self.note(written)?;
        }
        loop {
            self.close_largest();
            let Some(job) = self.closed.pop() else { break };
            self.start(job).await?;
        }
        while self.buffered_bytes() > self.config.buffer_bytes_max && self.wait_for_one().await? {}
        Ok(())
    }

    /// Writes what has waited for longer than `segment_age_seconds_max`, and what [`SegmentWriter::roll_full`] writes.
    pub async fn roll_aged(&mut self, now_ms: i64) -> Result<(), Error> {
        let age_ms = i64::try_from(self.config.segment_age_seconds_max.saturating_mul(1000)).unwrap_or(i64::MAX);
        let is_aged = |open: &Open| now_ms.saturating_sub(open.opened_ms) >= age_ms;
        let aged: Vec<Key> = self.open.iter().filter(|(_, open)| is_aged(open)).map(|(key, _)| *key).collect();
        aged.into_iter().for_each(|key| self.close(key));
        self.roll_full().await
    }

    /// Writes the rest and the observables, and returns every segment for the catalog to commit, in order of table, day and id.
    /// After an error there is nothing to commit, and what was written is deleted again as far as the store allows.
    pub async fn finish(mut self) -> Result<Vec<SegmentMeta>, Error> {
        match self.write_rest().await {
            Ok(()) => {
                self.written.sort_by_key(|meta| (meta.table, meta.day, meta.id));
                Ok(self.written)
            }
            Err(error) => {
                self.abandon().await;
                Err(error)
            }
        }
    }

    /// Gives the transaction up: waits for what is under way and deletes what was written, as far as the store allows.
    pub async fn abandon(mut self) {
        while let Some(written) = self.jobs.wait_for_one().await {
            drop(self.note(written));
        }
        self.jobs.delete(&self.written).await;
    }

    async fn write_rest(&mut self) -> Result<(), Error> {
        let mut rest: Vec<Key> = self.open.keys().copied().collect();
        rest.sort_unstable();
        rest.into_iter().for_each(|key| self.close(key));
        self.write_closed().await?;
        while let Some((day, segments)) = self.observables.take_largest() {
            self.closed.push(Job::Observables(day, segments));
        }
        self.write_closed().await
    }

    /// Writes what is closed, also what is closed meanwhile: observables that went over their bound.
    async fn write_closed(&mut self) -> Result<(), Error> {
        loop {
            while let Some(job) = self.closed.pop() {
                self.start(job).await?;
            }
            if !self.wait_for_one().await? && self.closed.is_empty() {
                return Ok(());
            }
        }
    }

    async fn start(&mut self, job: Job) -> Result<(), Error> {
        while self.jobs.len() >= self.config.encodings_max {
            self.wait_for_one().await?;
        }
        if self.has_failed {
            return Err(Error::TransactionFailed);
        }
        self.closed_bytes -= job.bytes();
        self.jobs.start(job);
        Ok(())
    }

    /// Waits until one segment is stored; false if none is under way.
    async fn wait_for_one(&mut self) -> Result<bool, Error> {
        match self.jobs.wait_for_one().await {
            Some(written) => self.note(written).map(|()| true),
            None if self.has_failed => Err(Error::TransactionFailed),
            None => Ok(false),
        }
    }

    /// Takes note of a segment that was stored, or that could not be: then the transaction must never finish, for its rows are gone.
    fn note(&mut self, written: Result<Written, Error>) -> Result<(), Error> {
        let written = written.inspect_err(|_| self.has_failed = true)?;
        if let Some(observables) = written.observables {
            self.observables.add(written.meta.day, observables);
        }
        self.written.push(written.meta);
        let is_over = self.observables.bytes() > self.config.observables_bytes_max;
        if let Some((day, segments)) = if is_over { self.observables.take_largest() } else { None } {
            self.closed.push(Job::Observables(day, segments));
        }
        Ok(())
    }

    /// The memory that open buffers may take; the rest is for what is being encoded.
    fn open_bytes_max(&self) -> usize {
        self.config.buffer_bytes_max / 4 * 3
    }

    fn buffer(&mut self, key: Key, make: impl FnOnce(Arc<str>) -> Buffer) -> &mut Buffer {
        let source = &self.sources[key.2 as usize];
        let open = self.open.entry(key).or_insert_with(|| {
            let open = Open { buffer: make(Arc::clone(source)), opened_ms: Utc::now().timestamp_millis() };
            self.open_bytes += open.buffer.bytes();
            open
        });
        &mut open.buffer
    }

    fn note_growth(&mut self, key: Key, before: usize) {
        let Some(open) = self.open.get(&key) else { return };
        let (bytes, rows) = (open.buffer.bytes(), open.buffer.len());
        self.open_bytes += bytes - before;
        if bytes >= self.config.segment_buffer_bytes_max || rows >= self.config.segment_rows_max {
            self.close(key);
        }
    }

    fn close_largest(&mut self) {
        while self.open_bytes > self.open_bytes_max() {
            let Some(key) = self.open.iter().max_by_key(|(_, open)| open.buffer.bytes()).map(|(key, _)| *key) else { return };
            self.close(key);
        }
    }

    fn close(&mut self, key: Key) {
        if let Some(open) = self.open.remove(&key) {
            let bytes = open.buffer.bytes();
            self.open_bytes -= bytes;
            self.closed_bytes += bytes;
            self.closed.push(Job::Rows(open.buffer));
        }
    }

    fn source_number(&mut self, source: &str) -> u32 {
        let number = self.sources.iter().position(|known| **known == *source).unwrap_or_else(|| {
            self.sources.push(source.into());
            self.sources.len() - 1
        });
        u32::try_from(number).expect("there are a few dozen sources")
    }
}
