use std::collections::HashSet;
use std::sync::Arc;

use coldtrail_catalog::Error as CatalogError;
use coldtrail_model::{Run, RunId, RunState, Slice, SliceState};
use coldtrail_query::Error;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::prepare::Prepared;
use super::slice::SliceWork;
use super::{LOOK, Shared, catalog_error, now_ms};

/// Works on one run until it has ended, or somebody else should.
pub(super) struct Worker {
    shared: Arc<Shared>,
    id: RunId,
    epoch: u64,
    stop: CancellationToken,
}

/// Why a worker leaves its run.
enum Leave {
    /// It has ended, was paused or cancelled, or belongs to another leader.
    NotOurs,
    /// It cannot be gone on with.
    Failed(Error),
}

impl From<Error> for Leave {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// How the slices of a run stand.
struct Standing {
    slices: Vec<Slice>,
    under_way: HashSet<u32>,
    rows_wanted: Option<usize>,
}

impl Worker {
    pub(super) fn new(shared: Arc<Shared>, id: RunId, epoch: u64, stop: CancellationToken) -> Self {
        Self { shared, id, epoch, stop }
    }

    pub(super) async fn run(self) {
        let outcome = tokio::select! {
            () = self.stop.cancelled() => return,
            outcome = self.work() => outcome,
        };
        let ended = match outcome {
            Ok(ended) => self.end(ended.0, ended.1).await,
            Err(Leave::NotOurs) => Ok(()),
            Err(Leave::Failed(error @ Error::Unavailable { .. })) => {
                // The catalog or the store is away: whoever leads takes the run up again.
                tracing::warn!(run = %self.id, %error, "the run waits");
                tokio::time::sleep(self.shared.config.retry_pause).await;
                Ok(())
            }
            Err(Leave::Failed(error)) => self.end(RunState::Failed, Some(error.to_string())).await,
        };
        if let Err(error) = ended {
            tracing::warn!(run = %self.id, %error, "the end of the run could not be noted; it is tried again");
        }
    }

    /// Works on the slices that are left. Gives how the run ended, and why if not well.
    async fn work(&self) -> Result<(RunState, Option<String>), Leave> {
        let (run, slices) = self.claim().await?;
        let definition = &run.definition;
        let snapshot = self.shared.snapshot_of(definition).await?;
        let prepared = Arc::new(Prepared::of_run(&self.shared, definition, snapshot).await?);
        let slices = match slices.is_empty() {
            true => {
                let planned = prepared.slices(self.id);
                self.put(planned.clone()).await?;
                planned
            }
            false => slices,
        };
        let mut standing = Standing { slices, under_way: HashSet::new(), rows_wanted: prepared.division.rows_wanted() };
        let mut work: JoinSet<Slice> = JoinSet::new();
        loop {
            if standing.is_satisfied() {
                work.shutdown().await;
                self.put(standing.skip_the_rest()).await?;
            }
            while work.len() < usize::try_from(definition.parallelism).unwrap_or(1).max(1)
                && let Some(slice) = standing.next()
            {
                let (shared, prepared, epoch) = (Arc::clone(&self.shared), Arc::clone(&prepared), self.epoch);
                work.spawn(SliceWork { shared, prepared, slice, epoch }.run());
            }
            if work.is_empty() {
                return Ok(standing.outcome());
            }
            tokio::select! {
                Some(ended) = work.join_next() => {
                    let slice = ended.map_err(|error| Error::Failed(datafusion::error::DataFusionError::External(Box::new(error))))?;
                    self.put(vec![slice.clone()]).await?;
                    standing.note(slice);
                }
                () = tokio::time::sleep(LOOK) => self.look(run.definition.deadline_ms).await?,
            }
        }
    }

    /// Makes the run ours: from here on, what another leader sends is refused.
    async fn claim(&self) -> Result<(Run, Vec<Slice>), Leave> {
        loop {
            let (run, slices) = self.shared.get(self.id).await?;
            if !matches!(run.state, RunState::Queued | RunState::Running) || run.epoch > self.epoch {
                return Err(Leave::NotOurs);
            }
            let started_ms = run.started_ms.or_else(|| Some(now_ms()));
            let claimed = Run { state: RunState::Running, epoch: self.epoch, started_ms, ..run.clone() };
            match self.shared.catalog.update_run(run.version, claimed).await {
                Ok(run) => return Ok((run, slices)),
                Err(CatalogError::RunChanged { .. }) => tokio::time::sleep(LOOK / 10).await,
                Err(CatalogError::RunEnded { .. }) => return Err(Leave::NotOurs),
                Err(error) => return Err(catalog_error(error).into()),
            }
        }
    }

    /// Looks whether the run is still to be worked on.
    async fn look(&self, deadline_ms: Option<i64>) -> Result<(), Leave> {
        let (run, _) = self.shared.get(self.id).await?;
        if run.state != RunState::Running || run.epoch != self.epoch {
            return Err(Leave::NotOurs);
        }
        if deadline_ms.is_some_and(|deadline| deadline <= now_ms()) {
            return Err(Leave::Failed(Error::Exhausted { message: "the run had not ended at its deadline".to_owned() }));
        }
        Ok(())
    }

    async fn put(&self, slices: Vec<Slice>) -> Result<(), Leave> {
        match self.shared.catalog.put_slices(self.id, self.epoch, slices).await {
            Ok(()) => Ok(()),
            Err(CatalogError::StaleEpoch { .. } | CatalogError::RunEnded { .. } | CatalogError::RunUnknown { .. }) => Err(Leave::NotOurs),
            Err(error) => Err(catalog_error(error).into()),
        }
    }

    async fn end(&self, state: RunState, message: Option<String>) -> Result<(), Error> {
        let change = |run: &Run| {
            let ours = run.state == RunState::Running && run.epoch == self.epoch;
            ours.then(|| Run { state, message: message.clone(), ended_ms: Some(now_ms()), ..run.clone() })
        };
        self.shared.change(self.id, change).await.map(drop)
    }
}

impl Standing {
    /// The next slice to begin: the newest that nobody works on.
    fn next(&mut self) -> Option<Slice> {
        let waiting = |slice: &&Slice| slice.state == SliceState::Planned && !self.under_way.contains(&slice.number);
        let slice = self.slices.iter().find(waiting)?.clone();
        self.under_way.insert(slice.number);
        Some(slice)
    }

    fn note(&mut self, ended: Slice) {
        self.under_way.remove(&ended.number);
        if let Some(slice) = self.slices.iter_mut().find(|slice| slice.number == ended.number) {
            *slice = ended;
        }
    }

    /// True once the newest slices, without a gap, have all the rows that are wanted, and others are left.
    fn is_satisfied(&self) -> bool {
        let Some(wanted) = self.rows_wanted else { return false };
        let done = self.slices.iter().map_while(|slice| match &slice.state {
            SliceState::Done(result) => Some(result.rows),
            _ => None,
        });
        let left = self.slices.iter().any(|slice| slice.state == SliceState::Planned);
        left && done.sum::<u64>() >= wanted as u64
    }

    fn skip_the_rest(&mut self) -> Vec<Slice> {
        self.under_way.clear();
        let left = self.slices.iter_mut().filter(|slice| slice.state == SliceState::Planned);
        left.map(|slice| {
            slice.state = SliceState::Skipped;
            slice.ended_ms = Some(now_ms());
            slice.clone()
        })
        .collect()
    }

    /// How the run ended once no slice is left.
    fn outcome(&self) -> (RunState, Option<String>) {
        let failed: Vec<(u32, &str, Option<&str>)> = self
            .slices
            .iter()
            .filter_map(|slice| match &slice.state {
                SliceState::Failed { message, segment } => Some((slice.number, message.as_str(), segment.as_deref())),
                _ => None,
            })
            .collect();
        let Some((number, message, _)) = failed.first() else { return (RunState::Done, None) };
        let why = match failed.iter().filter_map(|(_, _, segment)| *segment).collect::<Vec<_>>().as_slice() {
            [] => format!("slice {number}: {message}"),
            segments => format!("these segments cannot be read: {}; slice {number}: {message}", segments.join(", ")),
        };
        match failed.len() == self.slices.len() {
            true => (RunState::Failed, Some(why)),
            false => (RunState::Partial, Some(format!("{} of {} slices are missing; {why}", failed.len(), self.slices.len()))),
        }
    }
}
