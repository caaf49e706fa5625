//! Objects that a watcher or a listener brings: the same content under another name is taken in once.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use coldtrail_catalog::{SourceIdentity, SourceProbe};
use coldtrail_model::{Commit, SourceObject};
use futures::StreamExt;
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

use crate::ingest::PROBES_PER_REQUEST;
use crate::reader::{hash, read_whole};
use crate::transaction::commit_surely;
use crate::{Error, FailedObject, Ingest, Report, SourceChoice, SourceFile};

/// An object up to this size is read once and kept in memory between hashing and reading, in bytes.
const KEPT_BYTES_MAX: u64 = 8 << 20;

/// How many bytes are kept in memory at once.
const KEPT_BYTES_TOTAL: u64 = 128 << 20;

/// An object, and the SHA-256 of its bytes as stored.
pub(crate) struct Hashed {
    pub(crate) file: SourceFile,
    pub(crate) sha256: [u8; 32],
}

/// What is to be done with objects whose content is known now.
#[derive(Default)]
struct Sorted {
    fresh: Vec<SourceFile>,
    /// Their content is in the catalog.
    noted: Vec<Hashed>,
    /// Their content is that of a fresh one, whose URL stands beside.
    twins: Vec<(Hashed, String)>,
}

impl Ingest {
    /// Takes in these objects, which the catalog is not asked for before. Afterwards each is in the catalog or in
    /// [`Report::failed`].
    ///
    /// With `drop_same_content`, an object whose bytes were taken in under another name is only noted in the catalog, without
    /// records, and counts in [`Report::objects_duplicate`] ([`count_duplicates`] finds it later). The catalog judges that with
    /// the commit, so that of two that bring the same content at once one takes it in. [`Ingest::run`] does not ask for that.
    ///
    /// # Errors
    ///
    /// As [`Ingest::run`]. What was committed before stays, and is found to be known when it is brought again.
    pub async fn take(
        &self,
        files: Vec<SourceFile>,
        choice: SourceChoice,
        drop_same_content: bool,
        stop: CancellationToken,
    ) -> Result<Report, Error> {
        let mut report = Report { objects_found: files.len() as u64, ..Report::default() };
        if !drop_same_content {
            return self.read_all(files, choice, report, &|_| {}, stop).await;
        }
        let hashed = tokio::select! {
            biased;
            () = stop.cancelled() => return Err(Error::Stopped),
            hashed = hash_all(files, self.config.readers_max, &mut report) => hashed,
        };
        let Sorted { fresh, mut noted, twins } = self.sort_by_content(hashed, &mut report).await?;
        let (mut report, doubled) = self.read_run(fresh, choice, report, &|_| {}, stop, true).await?;
        noted.extend(doubled);
        for (twin, of) in twins {
            match report.failed.iter().find(|failed| failed.url == of) {
                Some(failed) => {
                    let reason = failed.reason.clone();
                    report.failed.push(FailedObject { url: twin.file.url, reason });
                }
                None => noted.push(twin),
            }
        }
        self.note_duplicates(noted, &mut report).await?;
        Ok(report)
    }

    async fn sort_by_content(&self, hashed: Vec<Hashed>, report: &mut Report) -> Result<Sorted, Error> {
        let mut sorted = Sorted::default();
        let mut first: HashMap<[u8; 32], String> = HashMap::new();
        let mut rest = hashed.into_iter();
        loop {
            let chunk: Vec<Hashed> = rest.by_ref().take(PROBES_PER_REQUEST).collect();
            if chunk.is_empty() {
                return Ok(sorted);
            }
            let probe = |hashed: &Hashed| SourceProbe { url: hashed.file.url.clone(), identity: SourceIdentity::Sha256(hashed.sha256) };
            let is_known = self.catalog.is_ingested(&chunk.iter().map(probe).collect::<Vec<_>>()).await?;
            let has_content = self.catalog.has_content(&chunk.iter().map(|hashed| hashed.sha256).collect::<Vec<_>>()).await?;
            for ((hashed, is_known), has_content) in chunk.into_iter().zip(is_known).zip(has_content) {
                match first.get(&hashed.sha256) {
                    _ if is_known => report.objects_known += 1,
                    // Empty objects are alike and have nothing that could be doubled.
                    _ if hashed.file.bytes == 0 => sorted.fresh.push(hashed.file),
                    _ if has_content => sorted.noted.push(hashed),
                    Some(url) => sorted.twins.push((hashed, url.clone())),
                    None => {
                        first.insert(hashed.sha256, hashed.file.url.clone());
                        sorted.fresh.push(hashed.file);
                    }
                }
            }
        }
    }

    /// Marks objects as done of which nothing is taken in.
    async fn note_duplicates(&self, noted: Vec<Hashed>, report: &mut Report) -> Result<(), Error> {
        let mut objects: Vec<SourceObject> = noted.into_iter().map(without_records).collect();
        while !objects.is_empty() {
            let part = objects.split_off(objects.len().saturating_sub(self.config.commit_objects_max));
            let mut part = part;
            while !part.is_empty() {
                let commit = Commit { source_objects: part.clone(), ..Commit::default() };
                match commit_surely(&self.lake, self.catalog.as_ref(), commit, self.config.commit_retries_max).await {
                    Ok(_) => break,
                    Err(Error::Catalog(coldtrail_catalog::Error::AlreadyIngested { url })) => {
                        part.retain(|object| object.url != url);
                        report.objects_known += 1;
                    }
                    Err(error) => return Err(error),
                }
            }
            report.objects_duplicate += part.len() as u64;
        }
        Ok(())
    }
}

/// Hashes objects, several at once and in their order; those that cannot be read are reported.
async fn hash_all(files: Vec<SourceFile>, readers_max: usize, report: &mut Report) -> Vec<Hashed> {
    let kept = AtomicU64::new(0);
    let hashing = files.into_iter().map(|file| {
        let fits = file.bytes <= KEPT_BYTES_MAX && kept.fetch_add(file.bytes, Ordering::Relaxed) + file.bytes <= KEPT_BYTES_TOTAL;
        hash_one(file, fits)
    });
    let mut hashing = futures::stream::iter(hashing).buffered(readers_max);
    let mut all = Vec::new();
    while let Some(result) = hashing.next().await {
        match result {
            Ok(hashed) => all.push(hashed),
            Err(failed) => report.failed.push(failed),
        }
    }
    all
}

async fn hash_one(mut file: SourceFile, is_kept: bool) -> Result<Hashed, FailedObject> {
    let fail = |url: &str, error: String| FailedObject { url: url.to_owned(), reason: format!("cannot read {url}: {error}") };
    if !is_kept {
        let sha256 = hash(file.stream()).await.map_err(|error| fail(&file.url, error))?;
        return Ok(Hashed { file, sha256 });
    }
    let content = read_whole(file.stream()).await.map_err(|error| fail(&file.url, error))?;
    let sha256 = Sha256::digest(&content).into();
    file = file.in_memory(Bytes::from(content));
    Ok(Hashed { file, sha256 })
}

fn without_records(Hashed { file, sha256 }: Hashed) -> SourceObject {
    SourceObject {
        url: file.url,
        source: String::new(),
        bytes: file.bytes,
        modified_ms: file.modified_ms,
        etag: file.etag,
        sha256,
        records: 0,
        events: 0,
        rejects: 0,
        ingested_ms: chrono::Utc::now().timestamp_millis(),
    }
}

/// Objects that were delivered again under another name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Duplicates {
    /// How many objects.
    pub objects: u64,
    /// How many records are in them.
    pub records: u64,
}

/// Finds the objects that were noted and not taken in, since another of the same content was.
pub fn count_duplicates(objects: &[SourceObject]) -> Duplicates {
    let mut records: HashMap<[u8; 32], u64> = HashMap::new();
    for object in objects.iter().filter(|object| object.records > 0) {
        records.insert(object.sha256, object.records);
    }
    let doubled = objects.iter().filter(|object| object.records == 0).filter_map(|object| records.get(&object.sha256));
    doubled.fold(Duplicates::default(), |sum, records| Duplicates { objects: sum.objects + 1, records: sum.records + records })
}
