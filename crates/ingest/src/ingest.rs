use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use coldtrail_catalog::{CatalogClient, SourceIdentity, SourceProbe};
use coldtrail_lake::{Lake, StoreOptions, WriterConfig};
use coldtrail_normalize::{Options, Source};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc::Receiver;
use tokio_util::sync::CancellationToken;

use crate::reader::{hash, read_whole, start_reading};
use crate::take::Hashed;
use crate::transaction::Transaction;
use crate::{Error, FailedObject, IngestConfig, Progress, ReadOutcome, ReceivedObject, Report, SourceChoice, SourceFile, find, locate};

/// The source of rejects that no source recognises.
pub const UNKNOWN_SOURCE: &str = "unknown";

/// How many objects are asked for at once.
pub(crate) const PROBES_PER_REQUEST: usize = 10_000;

/// Takes objects in; one of it can be used many times.
#[derive(Clone)]
pub struct Ingest {
    pub(crate) lake: Lake,
    pub(crate) catalog: Arc<dyn CatalogClient>,
    pub(crate) config: IngestConfig,
    pub(crate) writer_config: WriterConfig,
    store_options: StoreOptions,
}

/// One run of [`Ingest::run`].
struct Run<'a> {
    ingest: &'a Ingest,
    choice: SourceChoice,
    report: Report,
    progress: Progress,
    watch: &'a (dyn Fn(Progress) + Sync),
    stop: CancellationToken,
    waiting: VecDeque<SourceFile>,
    /// Nothing is taken in whose content was taken in under another name.
    unique_content: bool,
    /// Objects whose content was taken in under another name while they were read.
    doubled: Vec<Hashed>,
    /// Objects that are being read, in order.
    reading: VecDeque<(SourceFile, Receiver<ReadOutcome>)>,
}

impl Ingest {
    /// Brings a lake and a catalog together. `store_options` say how to reach the stores that objects are read from.
    pub fn new(
        lake: Lake,
        catalog: Arc<dyn CatalogClient>,
        config: IngestConfig,
        writer_config: WriterConfig,
        store_options: StoreOptions,
    ) -> Result<Self, Error> {
        config.validate()?;
        writer_config.validate()?;
        Ok(Self { lake, catalog, config, writer_config, store_options })
    }

    /// Takes in every object at the locations that was not taken in before. Objects that cannot be read are listed in the report
    /// and do not stop the others.
    ///
    /// # Errors
    ///
    /// A location that does not exist or cannot be listed, a lake that cannot be written, a catalog that does not answer, or
    /// `stop`. What was committed before stays.
    pub async fn run(
        &self,
        locations: &[String],
        choice: SourceChoice,
        watch: &(dyn Fn(Progress) + Sync),
        stop: CancellationToken,
    ) -> Result<Report, Error> {
        let mut files = Vec::new();
        for location in locations {
            files.extend(locate(location, &self.store_options).await?);
        }
        let mut seen = HashSet::new();
        files.retain(|file| seen.insert(file.url.clone()));
        let mut report = Report { objects_found: files.len() as u64, ..Report::default() };
        let files = self.without_known(files, &mut report).await?;
        self.read_all(files, choice, report, watch, stop).await
    }

    /// What is at a location, as [`locate`] lists it.
    pub async fn list(&self, location: &str) -> Result<Vec<SourceFile>, Error> {
        locate(location, &self.store_options).await
    }

    /// These objects of the store of a location, as [`find`] looks at them.
    pub async fn find(&self, location: &str, keys: &[String]) -> Result<Vec<Result<Option<SourceFile>, String>>, Error> {
        find(location, keys, &self.store_options).await
    }

    /// How to reach the stores that objects are read from.
    pub fn store_options(&self) -> &StoreOptions {
        &self.store_options
    }

    /// Reads and commits these objects.
    pub(crate) async fn read_all(
        &self,
        files: Vec<SourceFile>,
        choice: SourceChoice,
        report: Report,
        watch: &(dyn Fn(Progress) + Sync),
        stop: CancellationToken,
    ) -> Result<Report, Error> {
        self.read_run(files, choice, report, watch, stop, false).await.map(|(report, _)| report)
    }

    /// The same; with `unique_content`, gives back those of whose content another process was faster to take in under another name.
    pub(crate) async fn read_run(
        &self,
        files: Vec<SourceFile>,
        choice: SourceChoice,
        report: Report,
        watch: &(dyn Fn(Progress) + Sync),
        stop: CancellationToken,
        unique_content: bool,
    ) -> Result<(Report, Vec<Hashed>), Error> {
        let bytes_total = files.iter().map(|file| file.bytes).sum();
        let progress = Progress { objects_total: files.len() as u64, bytes_total, ..Progress::default() };
        let (waiting, reading, doubled) = (files.into(), VecDeque::new(), Vec::new());
        let mut run = Run { ingest: self, choice, report, progress, watch, stop, waiting, unique_content, doubled, reading };
        run.take_all().await?;
        Ok((run.report, run.doubled))
    }

    /// Leaves out what the catalog knows: by what the listing says, and by content where only the listing differs.
    async fn without_known(&self, files: Vec<SourceFile>, report: &mut Report) -> Result<Vec<SourceFile>, Error> {
        let mut fresh = Vec::new();
        let urls: HashSet<String> = self.catalog.source_objects().await?.into_iter().map(|object| object.url).collect();
        for files in files.chunks(PROBES_PER_REQUEST) {
            let probes: Vec<SourceProbe> = files.iter().map(stamp_of).collect();
            for (file, is_known) in files.iter().zip(self.catalog.is_ingested(&probes).await?) {
                if is_known || (urls.contains(&file.url) && self.is_same_content(file, report).await?) {
                    report.objects_known += 1;
                } else {
                    fresh.push(file.clone());
                }
            }
        }
        Ok(fresh)
    }

    /// An object of a known name whose stamp differs was touched, copied back, or changed: only its content tells.
    async fn is_same_content(&self, file: &SourceFile, report: &mut Report) -> Result<bool, Error> {
        let Ok(sha256) = hash(file.stream()).await else { return Ok(false) };
        let probe = SourceProbe { url: file.url.clone(), identity: SourceIdentity::Sha256(sha256) };
        let is_same = self.catalog.is_ingested(&[probe]).await?.first().copied().unwrap_or(false);
        report.objects_changed += u64::from(!is_same);
        Ok(is_same)
    }
}

fn stamp_of(file: &SourceFile) -> SourceProbe {
    let identity = SourceIdentity::Stamp { bytes: file.bytes, modified_ms: file.modified_ms, etag: file.etag.clone() };
    SourceProbe { url: file.url.clone(), identity }
}

impl Run<'_> {
    async fn take_all(&mut self) -> Result<(), Error> {
        let mut transaction = self.begin();
        loop {
            self.start_readers();
            let Some((file, outcomes)) = self.reading.pop_front() else { break };
            let taken = self.take_object(&mut transaction, &file, outcomes).await;
            match taken {
                Ok(()) => {}
                Err(error) => {
                    transaction.abandon().await;
                    return Err(error);
                }
            }
            if transaction.is_due(&self.ingest.config) {
                let due = std::mem::replace(&mut transaction, self.begin());
                self.commit(due).await?;
            }
        }
        self.commit(transaction).await?;
        // A transaction that was given up put its objects back.
        if self.waiting.is_empty() { Ok(()) } else { Box::pin(self.take_all()).await }
    }

    fn begin(&self) -> Transaction {
        Transaction::begin(&self.ingest.lake, &self.ingest.writer_config)
    }

    fn start_readers(&mut self) {
        while self.reading.len() < self.ingest.config.readers_max
            && let Some(file) = self.waiting.pop_front()
        {
            let options = Options {
                record_bytes_max: self.ingest.config.record_bytes_max,
                object_bytes_max: self.ingest.config.object_bytes_max,
                written_ms: (file.modified_ms > 0).then_some(file.modified_ms),
            };
            let outcomes = start_reading(file.url.clone(), file.stream(), file.received_as().unwrap_or(self.choice), options);
            self.reading.push_back((file, outcomes));
        }
    }

    async fn take_object(
        &mut self,
        transaction: &mut Transaction,
        file: &SourceFile,
        mut outcomes: Receiver<ReadOutcome>,
    ) -> Result<(), Error> {
        let object: Arc<str> = file.url.as_str().into();
        let now_ms = chrono::Utc::now().timestamp_millis();
        loop {
            let outcome = tokio::select! {
                biased;
                () = self.stop.cancelled() => return Err(Error::Stopped),
                outcome = outcomes.recv() => outcome,
            };
            match outcome {
                Some(ReadOutcome::Batch(source, mut batch)) => {
                    self.progress.events += batch.events.len() as u64;
                    self.progress.rejects += batch.rejects.len() as u64;
                    for reject in &batch.rejects {
                        *self.report.rejects_by_reason.entry(format!("{source}: {}", kind_of(&reject.reason))).or_default() += 1;
                    }
                    if let Some(marks) = file.marks() {
                        batch.events.iter_mut().for_each(|(_, event)| marks.put_on(event));
                    }
                    transaction.add(&object, source, batch, now_ms).await?;
                    (self.watch)(self.progress);
                }
                Some(ReadOutcome::Done { sha256, source, bytes_plain }) => {
                    transaction.end_object(file.clone(), sha256, source.map(Source::name).unwrap_or_default(), bytes_plain);
                    self.object_done(file);
                    return Ok(());
                }
                Some(ReadOutcome::Failed { reason }) => return self.object_failed(transaction, file, reason).await,
                None => return self.object_failed(transaction, file, format!("reading {} ended unexpectedly", file.url)).await,
            }
        }
    }

    fn object_done(&mut self, file: &SourceFile) {
        self.progress.objects_done += 1;
        self.progress.bytes_done += file.bytes;
        (self.watch)(self.progress);
    }

    /// What somebody sent and no source recognises is kept line by line, to be read once there is a mapping for it; false if it
    /// cannot be kept.
    async fn keep_unread(&mut self, transaction: &mut Transaction, file: &SourceFile) -> Result<bool, Error> {
        let (Some(choice), true) = (file.received_as(), transaction.under_way == Default::default()) else { return Ok(false) };
        let Ok(content) = read_whole(file.stream()).await else { return Ok(false) };
        let (source, reason) = match choice {
            SourceChoice::Auto => (UNKNOWN_SOURCE, "no source recognises it; name its source, or add a mapping".to_owned()),
            SourceChoice::Named(named) => (named.name(), format!("it does not look like {named}")),
        };
        let rejects = transaction.add_unread(&file.url, source, &reason, &content, chrono::Utc::now().timestamp_millis());
        self.progress.rejects += rejects;
        *self.report.rejects_by_reason.entry(format!("{source}: {reason}")).or_default() += rejects;
        transaction.end_object(file.clone(), Sha256::digest(&content).into(), source, content.len() as u64);
        self.object_done(file);
        Ok(true)
    }

    /// Nothing of a failed object may stay: if some of it is in the transaction, the transaction goes and its other objects come again.
    async fn object_failed(&mut self, transaction: &mut Transaction, file: &SourceFile, reason: String) -> Result<(), Error> {
        if self.keep_unread(transaction, file).await? {
            return Ok(());
        }
        self.report.failed.push(FailedObject { url: file.url.clone(), reason });
        self.object_done(file);
        if transaction.under_way != Default::default() {
            let given_up = std::mem::replace(transaction, self.begin());
            let again = given_up.abandon().await;
            self.progress.objects_total += again.len() as u64;
            self.progress.bytes_total += again.iter().map(|file| file.bytes).sum::<u64>();
            self.waiting.extend(again);
        }
        Ok(())
    }

    async fn commit(&mut self, transaction: Transaction) -> Result<(), Error> {
        if transaction.done.is_empty() {
            transaction.abandon().await;
            return Ok(());
        }
        let objects: Vec<_> = transaction.done.iter().map(|(file, object, plain)| (file.clone(), object.clone(), *plain)).collect();
        let (ingest, unique_content) = (self.ingest, self.unique_content);
        let committed = transaction.commit(&ingest.lake, ingest.catalog.as_ref(), ingest.config.commit_retries_max, unique_content).await;
        match committed {
            Ok((segments, committed)) => {
                for (file, object, bytes_plain) in objects {
                    if file.received_as().is_some() {
                        let (url, snapshot_id) = (object.url.clone(), committed.snapshot_id);
                        self.report.received.push(ReceivedObject { url, events: object.events, rejects: object.rejects, snapshot_id });
                    }
                    self.report.objects_ingested += 1;
                    self.report.bytes_stored += object.bytes;
                    self.report.bytes_plain += bytes_plain;
                    self.report.records += object.records;
                    self.report.events += object.events;
                    self.report.rejects += object.rejects;
                }
                self.report.segments += segments.len() as u64;
                self.report.segment_bytes += segments.iter().map(|segment| segment.bytes).sum::<u64>();
                self.report.snapshot_id = Some(committed.snapshot_id);
                Ok(())
            }
            Err(Error::Catalog(coldtrail_catalog::Error::AlreadyIngested { url })) => {
                tracing::info!(url, "another ingest was faster; reading the rest of the transaction again");
                self.report.objects_known += 1;
                self.waiting.extend(objects.into_iter().map(|(file, ..)| file).filter(|file| file.url != url));
                Ok(())
            }
            Err(Error::Catalog(coldtrail_catalog::Error::ContentKnown { url })) => {
                tracing::info!(url, "another ingest was faster with the same content; reading the rest of the transaction again");
                for (file, object, _) in objects {
                    match file.url == url {
                        true => self.doubled.push(Hashed { file, sha256: object.sha256 }),
                        false => self.waiting.push_back(file),
                    }
                }
                Ok(())
            }
            Err(error) => Err(error),
        }
    }
}

/// A reason without what differs from record to record.
fn kind_of(reason: &coldtrail_normalize::Reason) -> String {
    use coldtrail_normalize::Reason;
    match reason {
        Reason::NotJson { .. } => "not JSON".to_owned(),
        Reason::NotThisFormat { format, .. } => format!("not {format}"),
        Reason::BadField { field, expected, .. } => format!("the field {field} is not {expected}"),
        other => other.to_string(),
    }
}
