use std::sync::Arc;
use std::time::Duration;

use coldtrail_catalog::{CatalogClient, CommitId, Committed, Error as CatalogError};
use coldtrail_lake::{Lake, WriterConfig};
use coldtrail_model::Commit;
use tokio_util::sync::CancellationToken;

use crate::budget::Budget;
use crate::compaction::{JobDone, JobEnd, run_job};
use crate::config::hours_ms;
use crate::plan::plan;
use crate::report::FailedJob;
use crate::{
    BackupReport, CompactionReport, Error, GarbageReport, Holds, IcebergReport, MaintenanceConfig, Report, RetentionReport, backup,
    garbage, retire,
};

/// How often a commit that the catalog did not answer is sent again.
const COMMIT_RETRIES_MAX: u32 = 5;

/// Keeps a lake: one of it can be used many times. Two at the same time do no harm: what one removed, the other is refused.
#[derive(Clone)]
pub struct Maintenance {
    lake: Lake,
    catalog: Arc<dyn CatalogClient>,
    config: MaintenanceConfig,
    writer_config: WriterConfig,
}

/// What the steps of one pass share.
pub(crate) struct Work<'a> {
    pub(crate) lake: &'a Lake,
    pub(crate) catalog: &'a dyn CatalogClient,
    pub(crate) config: &'a MaintenanceConfig,
    pub(crate) writer_config: &'a WriterConfig,
    pub(crate) budget: Budget,
    pub(crate) now_ms: i64,
    stop: &'a CancellationToken,
}

impl Maintenance {
    /// Brings a lake and its catalog together.
    pub fn new(lake: Lake, catalog: Arc<dyn CatalogClient>, config: MaintenanceConfig, writer_config: WriterConfig) -> Result<Self, Error> {
        config.validate()?;
        writer_config.validate()?;
        Ok(Self { lake, catalog, config, writer_config })
    }

    /// Does all that is due: brings back what is on hold, removes what is past its time, merges small segments, publishes the tables if
    /// that is asked for, deletes files that nobody needs, backs the catalog up. `now_ms` is in milliseconds since 1970, UTC.
    ///
    /// # Errors
    ///
    /// A hold or a rule that cannot be understood, a store or a catalog that does not answer, or `stop`. What was committed before
    /// stays; the next pass goes on from there.
    pub async fn pass(&self, now_ms: i64, stop: &CancellationToken) -> Result<Report, Error> {
        let retention = self.retain(now_ms, stop).await?;
        let compaction = self.compact(now_ms, stop).await?;
        // In this order: what is published after a merge names no file that is deleted next.
        let iceberg = match self.config.iceberg {
            true => Some(self.publish(now_ms, stop).await?),
            false => None,
        };
        let garbage = self.collect_garbage(now_ms, stop).await?;
        let backup = self.back_up(now_ms).await;
        Ok(Report { compaction, retention, iceberg, garbage, backup })
    }

    /// Backs the catalog up if that is due. What is wrong with it is in the report: the lake is kept nevertheless.
    pub async fn back_up(&self, now_ms: i64) -> BackupReport {
        let done = backup::back_up_if_due(&self.lake, self.catalog.as_ref(), &self.config, now_ms).await;
        done.unwrap_or_else(|error| {
            tracing::warn!(%error, "the catalog could not be backed up; it is tried again");
            BackupReport { failed: Some(error.to_string()), ..BackupReport::default() }
        })
    }

    /// Has engines that read Apache Iceberg see what is visible now, and deletes versions of the tables that were replaced longer ago
    /// than the files of removed segments stay: those name files that are gone.
    pub async fn publish(&self, now_ms: i64, stop: &CancellationToken) -> Result<IcebergReport, Error> {
        let work = self.work(now_ms, stop);
        work.check_stop()?;
        let published = coldtrail_iceberg::publish(work.lake, work.catalog.snapshot().await?.as_ref(), now_ms).await?;
        let expired = coldtrail_iceberg::expire(work.lake, now_ms.saturating_sub(hours_ms(work.config.removed_hours))).await?;
        Ok(IcebergReport { published, expired })
    }

    /// Merges small segments, and keeps events once that came twice. A job that fails does not stop the others.
    pub async fn compact(&self, now_ms: i64, stop: &CancellationToken) -> Result<CompactionReport, Error> {
        let mut work = self.work(now_ms, stop);
        let holds = Holds::load(work.catalog).await?;
        let plan = plan(self.catalog.snapshot().await?.as_ref(), &holds, &self.config, now_ms);
        let mut report = CompactionReport { segments_held: plan.segments_held, ..CompactionReport::default() };
        report.jobs_left = plan.jobs.len().saturating_sub(self.config.jobs_max) as u64;
        for job in plan.jobs.iter().take(self.config.jobs_max) {
            work.check_stop()?;
            match run_job(&mut work, job).await {
                Ok(JobEnd::Committed(done)) => report.note(&done),
                Ok(JobEnd::GivenUp) => report.jobs_given_up += 1,
                Err(error) if stops_the_pass(&error) => return Err(error),
                Err(error) => {
                    let day = job.day().map(|day| day.to_string()).unwrap_or_default();
                    tracing::warn!(%day, %error, "segments could not be merged; they stay as they are");
                    report.failed.push(FailedJob { day, reason: error.to_string() });
                }
            }
        }
        report.io_bytes = work.budget.spent();
        Ok(report)
    }

    /// Brings back what is on hold, and removes what is past its time.
    pub async fn retain(&self, now_ms: i64, stop: &CancellationToken) -> Result<RetentionReport, Error> {
        let mut work = self.work(now_ms, stop);
        retire::retain(&mut work).await
    }

    /// Deletes files that nobody needs: of segments that were removed long enough ago, unless a run or a hold needs them, and those
    /// that no commit names.
    pub async fn collect_garbage(&self, now_ms: i64, stop: &CancellationToken) -> Result<GarbageReport, Error> {
        let work = self.work(now_ms, stop);
        work.check_stop()?;
        garbage::collect(&work).await
    }

    fn work<'a>(&'a self, now_ms: i64, stop: &'a CancellationToken) -> Work<'a> {
        Work {
            lake: &self.lake,
            catalog: self.catalog.as_ref(),
            config: &self.config,
            writer_config: &self.writer_config,
            budget: Budget::new(self.config.io_bytes_per_second_max),
            now_ms,
            stop,
        }
    }
}

impl CompactionReport {
    fn note(&mut self, done: &JobDone) {
        self.jobs += 1;
        self.segments_removed += done.segments_removed;
        self.segments_added += done.segments_added;
        self.rows += done.rows;
        self.duplicates += done.duplicates;
    }
}

impl Work<'_> {
    /// Ends the pass if somebody said so.
    pub(crate) fn check_stop(&self) -> Result<(), Error> {
        if self.stop.is_cancelled() { Err(Error::Stopped) } else { Ok(()) }
    }

    /// Commits, and sends the very same again if the catalog does not answer.
    pub(crate) async fn commit(&self, id: CommitId, commit: Commit) -> Result<Committed, CatalogError> {
        let mut tries = 0;
        loop {
            match self.catalog.commit_as(id, commit.clone()).await {
                Err(error) if error.is_retryable() && tries < COMMIT_RETRIES_MAX => {
                    tries += 1;
                    tracing::warn!(%error, tries, "the catalog did not take a commit; sending it again");
                    tokio::time::sleep(Duration::from_millis(200 << tries)).await;
                }
                other => return other,
            }
        }
    }
}

/// True if the other jobs would fail as well, or should not go on.
fn stops_the_pass(error: &Error) -> bool {
    match error {
        Error::Lake(error) => !matches!(
            error,
            coldtrail_lake::Error::SegmentMissing { .. }
                | coldtrail_lake::Error::SegmentDamaged { .. }
                | coldtrail_lake::Error::Encode { .. }
        ),
        Error::NotSorted { .. } | Error::RowsDiffer { .. } | Error::Rows { .. } => false,
        _ => true,
    }
}
