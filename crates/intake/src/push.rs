//! What is sent: kept in the spool, committed a few seconds later, and only then confirmed.

mod receipt;
mod spool;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use coldtrail_catalog::SourceProbe;
use coldtrail_ingest::{Marks, ReceivedObject, Report, SourceChoice};
use coldtrail_model::SourceObject;
use sha2::{Digest, Sha256};
use tokio::sync::{Mutex, Notify};
use tokio_util::sync::CancellationToken;

use crate::{Error, PushConfig, Taker};

pub use receipt::{Receipt, Taken};
pub(crate) use spool::Portion;
use spool::{Spool, Spooled};

/// The longest wait after nothing could be committed.
const RETRY_MAX: Duration = Duration::from_secs(30);

/// How long the last commit may take when the process stops; what it does not reach waits in the spool.
const LAST_FLUSH_MAX: Duration = Duration::from_secs(10);

/// Receives logs. A handle: cheap to clone, and all clones are the same spool.
///
/// A batch is on disk before it is waited for, and stays there until the catalog has committed it: after a crash it is committed when
/// the spool is opened again. Its name is made of what is in it, so that the same batch sent twice is one object; the catalog knows
/// it for ever.
///
/// Works on any node: commits go to the leader, the spool is the node's own.
#[derive(Clone)]
pub struct Push {
    inner: Arc<Inner>,
}

struct Inner {
    taker: Taker,
    config: PushConfig,
    spool: Spool,
    /// Told when something was received.
    received: Notify,
    /// One flush at a time.
    turn: Mutex<()>,
}

/// Logs of one source that were sent together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Records as a file would hold them.
    pub content: bytes::Bytes,
    /// The source that the sender named.
    pub choice: SourceChoice,
    /// When they happened, if the sender said so, for records that do not say it themselves; milliseconds since 1970, UTC.
    pub time_ms: Option<i64>,
    /// What the sender said of all of them.
    pub marks: Marks,
}

/// What a flush did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flushed {
    /// Batches that were committed.
    pub committed: u64,
    /// Batches that turned out to be committed already.
    pub known: u64,
    /// Batches that could not be read from the spool, and wait.
    pub failed: u64,
}

impl Push {
    /// Opens the spool in this folder, which belongs to this process alone, and makes it first if there is none. What a crash left
    /// in it is committed with the next flush.
    pub async fn open(folder: impl Into<PathBuf>, taker: Taker, config: PushConfig) -> Result<Self, Error> {
        config.validate()?;
        let spool = Spool::open(folder.into(), config.spool_bytes_max).await?;
        Ok(Self { inner: Arc::new(Inner { taker, config, spool, received: Notify::new(), turn: Mutex::default() }) })
    }

    /// Keeps batches that were sent together, and gives what says when all of them are committed. `key` tells batches apart that
    /// hold the same, if the sender wants that.
    ///
    /// # Errors
    ///
    /// [`Error::SpoolFull`] if nothing can be kept now: then nothing of them was, or a part, which sending all again makes whole.
    pub async fn receive(&self, batches: Vec<Batch>, key: Option<&str>) -> Result<Receipt, Error> {
        let now_ms = chrono::Utc::now().timestamp_millis();
        let portions: Vec<Portion> = batches.into_iter().map(|batch| Portion::new(batch, key, now_ms)).collect();
        let known = self.known(&portions.iter().map(Portion::probe).collect::<Vec<_>>()).await?;
        let mut receipt = Receipt::default();
        for (portion, known) in portions.into_iter().zip(known) {
            if let Some(taken) = known {
                receipt.add_known(taken);
                continue;
            }
            // A sender that hangs up must not leave a file behind that nobody knows of.
            let inner = Arc::clone(&self.inner);
            let keeping = tokio::spawn(async move { inner.spool.keep(portion).await });
            let (outcome, is_again) = keeping.await.map_err(|_| Error::Ingest(coldtrail_ingest::Error::Stopped))??;
            receipt.add(outcome, is_again);
        }
        self.inner.received.notify_one();
        Ok(receipt)
    }

    /// What became of those of these batches that are committed already, in the order asked.
    async fn known(&self, probes: &[SourceProbe]) -> Result<Vec<Option<Taken>>, Error> {
        let catalog = self.inner.taker.catalog();
        if !catalog.is_ingested(probes).await?.contains(&true) {
            return Ok(vec![None; probes.len()]);
        }
        let objects = catalog.ingested(probes).await?;
        let snapshot_id = catalog.status().await?.snapshot_id;
        let to_taken = |object: SourceObject| Taken { object: object.url, duplicates: object.records, snapshot_id, ..Taken::default() };
        Ok(objects.into_iter().map(|object| object.map(to_taken)).collect())
    }

    /// Commits everything that waits now.
    pub async fn flush(&self, stop: &CancellationToken) -> Result<Flushed, Error> {
        let _turn = self.inner.turn.lock().await;
        let (waiting, mut flushed) = (self.inner.spool.waiting(), Flushed::default());
        if waiting.is_empty() {
            return Ok(flushed);
        }
        let waiting = self.drop_known(waiting, &mut flushed).await?;
        let files = waiting.iter().map(Spooled::to_source_file).collect();
        let report = self.inner.taker.take(files, SourceChoice::Auto, false, stop.clone()).await?;
        self.release(waiting, report, &mut flushed).await?;
        Ok(flushed)
    }

    /// Lets go of what was committed.
    async fn release(&self, waiting: Vec<Spooled>, report: Report, flushed: &mut Flushed) -> Result<(), Error> {
        let failed: HashMap<String, String> = report.failed.into_iter().map(|failed| (failed.url, failed.reason)).collect();
        let mut received: HashMap<String, ReceivedObject> =
            report.received.into_iter().map(|object| (object.url.clone(), object)).collect();
        for batch in waiting {
            let url = batch.url();
            if let Some(reason) = failed.get(&url) {
                tracing::error!(object = url, reason, "a received batch cannot be read from the spool");
                flushed.failed += 1;
                continue;
            }
            let taken = match received.remove(&url) {
                Some(ReceivedObject { url, events, rejects, snapshot_id }) => {
                    Some(Taken { object: url, events, rejects, duplicates: 0, snapshot_id })
                }
                // Another node was faster with the same batch.
                None => self.known(&[batch.probe()]).await?.pop().flatten(),
            };
            let Some(taken) = taken else {
                tracing::error!(object = url, "a received batch was neither committed nor refused; it is tried again");
                flushed.failed += 1;
                continue;
            };
            self.inner.spool.release(&batch, taken).await?;
            flushed.committed += 1;
        }
        Ok(())
    }

    /// Drops what a crash left behind after it was committed.
    async fn drop_known(&self, waiting: Vec<Spooled>, flushed: &mut Flushed) -> Result<Vec<Spooled>, Error> {
        let (replayed, mut fresh): (Vec<Spooled>, Vec<Spooled>) = waiting.into_iter().partition(|batch| batch.is_replayed);
        let known = self.known(&replayed.iter().map(Spooled::probe).collect::<Vec<_>>()).await?;
        for (batch, known) in replayed.into_iter().zip(known) {
            match known {
                Some(taken) => {
                    self.inner.spool.release(&batch, taken).await?;
                    flushed.known += 1;
                }
                None => fresh.push(batch),
            }
        }
        Ok(fresh)
    }

    /// How many bytes wait to be committed, and how many may.
    pub fn fill(&self) -> (u64, u64) {
        (self.inner.spool.bytes(), self.inner.config.spool_bytes_max)
    }

    /// How many bytes are safe on the disk and wait to be committed; [`Push::fill`] counts those too that are being written.
    pub fn waiting_bytes(&self) -> u64 {
        self.inner.spool.waiting_bytes()
    }

    /// Commits what is received, `flush_seconds` after it came or when there is enough of it, until `stop`.
    pub async fn run(&self, stop: CancellationToken) {
        let (mut wait, mut not_before) = (Duration::ZERO, Instant::now());
        while !stop.is_cancelled() {
            let received = self.inner.received.notified();
            let due = self.due().map(|due| due.max(not_before));
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                () = sleep_until(due) => {}
                () = received => continue,
            }
            match self.flush(&stop).await {
                Ok(Flushed { failed: 0, .. }) => wait = Duration::ZERO,
                Ok(_) => wait = longer(wait),
                Err(Error::Ingest(coldtrail_ingest::Error::Stopped)) => break,
                Err(error) => {
                    tracing::warn!(%error, "received logs could not be committed; they wait in the spool");
                    wait = longer(wait);
                }
            }
            not_before = Instant::now() + wait;
        }
        let last = tokio::time::timeout(LAST_FLUSH_MAX, self.flush(&CancellationToken::new())).await;
        if !matches!(last, Ok(Ok(Flushed { failed: 0, .. }))) {
            tracing::warn!(bytes = self.fill().0, "received logs wait in the spool for the next start");
        }
    }

    /// When the next flush is due, if anything waits.
    fn due(&self) -> Option<Instant> {
        let oldest = self.inner.spool.oldest()?;
        let is_enough = self.inner.spool.bytes() >= self.inner.config.flush_bytes;
        Some(if is_enough { Instant::now() } else { oldest + Duration::from_secs(self.inner.config.flush_seconds) })
    }

    pub(crate) fn config(&self) -> &PushConfig {
        &self.inner.config
    }
}

async fn sleep_until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due.into()).await,
        None => std::future::pending().await,
    }
}

fn longer(wait: Duration) -> Duration {
    (wait * 2).clamp(Duration::from_secs(1), RETRY_MAX)
}

/// SHA-256 over parts, each with its length, so that no two lists of parts are alike.
fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    hasher.finalize().into()
}
