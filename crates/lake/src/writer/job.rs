use std::sync::Arc;

use coldtrail_model::{Day, SegmentId, SegmentMeta, Table};
use tokio::task::{JoinError, JoinSet, spawn_blocking};

use crate::encode::{Encoded, encode};
use crate::events::EventBuffer;
use crate::observables::{SegmentObservables, observables_of_day, observe};
use crate::rejects::RejectBuffer;
use crate::{Error, Lake, WriterConfig};

/// Rows of one segment to be.
#[derive(Debug)]
pub(super) enum Buffer {
    Events(Box<EventBuffer>),
    Rejects(Box<RejectBuffer>),
}

/// What becomes one segment.
#[derive(Debug)]
pub(super) enum Job {
    Rows(Buffer),
    Observables(Day, Vec<SegmentObservables>),
}

/// A segment that is stored, and what its events show.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) meta: SegmentMeta,
    pub(super) observables: Option<SegmentObservables>,
}

/// The segments that are being encoded and stored.
#[derive(Debug)]
pub(super) struct Jobs {
    lake: Lake,
    config: Arc<WriterConfig>,
    running: JoinSet<(usize, Result<Written, Error>)>,
    bytes: usize,
}

impl Buffer {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Events(buffer) => buffer.len(),
            Self::Rejects(buffer) => buffer.len(),
        }
    }

    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Events(buffer) => buffer.bytes(),
            Self::Rejects(buffer) => buffer.bytes(),
        }
    }
}

impl Job {
    /// How much memory its rows take; observables are counted elsewhere.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Rows(buffer) => buffer.bytes(),
            Self::Observables(..) => 0,
        }
    }
}

impl Jobs {
    pub(super) fn new(lake: Lake, config: Arc<WriterConfig>) -> Self {
        Self { lake, config, running: JoinSet::new(), bytes: 0 }
    }

    /// How many are under way.
    pub(super) fn len(&self) -> usize {
        self.running.len()
    }

    /// How much memory their rows take.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Begins a job, whatever is under way already.
    pub(super) fn start(&mut self, job: Job) {
        let bytes = job.bytes();
        self.bytes += bytes;
        let work = write(self.lake.clone(), Arc::clone(&self.config), job);
        self.running.spawn(async move { (bytes, work.await) });
    }

    /// A job that is done already, if there is one.
    pub(super) fn next_finished(&mut self) -> Option<Result<Written, Error>> {
        let finished = self.running.try_join_next()?;
        Some(self.settle(finished))
    }

    /// The next job that is done; `None` if none is under way.
    pub(super) async fn wait_for_one(&mut self) -> Option<Result<Written, Error>> {
        let finished = self.running.join_next().await?;
        Some(self.settle(finished))
    }

    /// Deletes segments that will not be committed; what cannot be deleted now is left to the cleaning of orphans.
    pub(super) async fn delete(&self, segments: &[SegmentMeta]) {
        for segment in segments {
            if let Err(error) = self.lake.delete(&segment.path).await {
                tracing::warn!(segment_id = %segment.id, %error, "an abandoned segment stays until orphans are cleaned");
            }
        }
    }

    fn settle(&mut self, finished: Result<(usize, Result<Written, Error>), JoinError>) -> Result<Written, Error> {
        let (bytes, written) = finished.map_err(|source| Error::Interrupted { source })?;
        self.bytes = self.bytes.saturating_sub(bytes);
        written
    }
}

async fn write(lake: Lake, config: Arc<WriterConfig>, job: Job) -> Result<Written, Error> {
    let encoding = spawn_blocking(move || encode_job(job, &config));
    let (encoded, observables) = encoding.await.map_err(|source| Error::Interrupted { source })??;
    lake.put(&encoded.meta.path, encoded.bytes).await?;
    tracing::debug!(segment_id = %encoded.meta.id, table = %encoded.meta.table, rows = encoded.meta.rows, bytes = encoded.meta.bytes, "segment written");
    Ok(Written { meta: encoded.meta, observables })
}

fn encode_job(job: Job, config: &WriterConfig) -> Result<(Encoded, Option<SegmentObservables>), Error> {
    let id = SegmentId::generate();
    let (draft, rows) = match job {
        Job::Rows(Buffer::Events(buffer)) => buffer.finish(),
        Job::Rows(Buffer::Rejects(buffer)) => buffer.finish(),
        Job::Observables(day, segments) => observables_of_day(day, &segments),
    };
    let observables = match draft.table {
        Table::Events(class) => Some(observe(class, &Arc::from(draft.source.as_str()), id, &rows)),
        Table::Observables | Table::Rejects => None,
    };
    Ok((encode(id, draft, &rows, None, config)?, observables))
}
