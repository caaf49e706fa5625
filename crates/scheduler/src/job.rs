use std::sync::Arc;
use std::time::Duration;

use ballista_core::JobId;
use ballista_core::serde::protobuf::job_status::Status;
use ballista_core::serde::protobuf::{JobStatus, PartitionLocation};
use coldtrail_executor::{Job, JobRegistry, Progress};
use coldtrail_query::Error;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::SessionContext;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::analyze::render;
use crate::cluster::{Cluster, RemoteTasks};
use crate::failure::of_report;
use crate::stream::{Deadline, stopping};

/// Room for the statuses of a job between two looks at them.
const STATUSES: usize = 256;
/// How often the supervisor asks for the status that it may have missed.
const POLL: Duration = Duration::from_secs(1);
/// How often it looks whether cancelled work has ended.
const ENDING_POLL: Duration = Duration::from_millis(20);
const ENDING_TIME_MAX: Duration = Duration::from_secs(10);
/// How long is waited for an executor to attach, if there is none.
const ATTACH_TIME_MAX: Duration = Duration::from_secs(10);
/// How long the first task of a job may take to start on executors that have nothing else to do.
const START_TIME_MAX: Duration = Duration::from_secs(30);

/// What a job left behind when it ended well.
pub(crate) struct Finished {
    pub(crate) locations: Vec<PartitionLocation>,
    /// The stages with their metrics, when asked for.
    pub(crate) report: Option<String>,
}

/// Everything that a job needs of its engine.
pub(crate) struct Supervisor {
    pub(crate) cluster: Arc<Cluster>,
    pub(crate) registry: Arc<JobRegistry>,
    pub(crate) slots: Arc<Semaphore>,
    pub(crate) job_id: JobId,
    /// Cancelled when nobody wants the result any more.
    pub(crate) released: CancellationToken,
    /// Cancelled when the engine stops.
    pub(crate) stop: CancellationToken,
    pub(crate) deadline: Option<Deadline>,
    pub(crate) stall_time_max: Duration,
    pub(crate) analyze: bool,
}

impl Supervisor {
    /// Runs a plan from its submission to the removal of its files, whatever becomes of the caller.
    pub(crate) async fn run(
        self,
        plan: Arc<dyn ExecutionPlan>,
        context: Arc<SessionContext>,
        answer: oneshot::Sender<Result<Finished, Error>>,
    ) {
        let job = self.registry.enter(self.job_id.as_str());
        let mut submitted = false;
        let outcome = self.execute(&job, plan, context, &mut submitted).await;
        let ended_well = outcome.is_ok();
        if !ended_well {
            // Before the answer, so that the cores are free when the caller hears of it.
            job.cancel();
        }
        let taken = answer.send(outcome).is_ok();
        if !ended_well && submitted {
            self.abort().await;
        } else if ended_well && taken {
            tokio::select! {
                () = self.released.cancelled() => {}
                () = self.stop.cancelled() => {}
            }
        }
        self.wait_for_end(job).await;
        self.cluster.forget(&self.job_id).await;
    }

    async fn execute(
        &self,
        job: &Job,
        plan: Arc<dyn ExecutionPlan>,
        context: Arc<SessionContext>,
        submitted: &mut bool,
    ) -> Result<Finished, Error> {
        let _slot = tokio::select! {
            biased;
            error = self.interruption() => return Err(error),
            slot = self.slots.acquire() => slot,
        };
        self.wait_for_executors().await?;
        let (subscriber, statuses) = mpsc::channel(STATUSES);
        let losses = self.cluster.losses();
        let accepted = self.cluster.submit(&self.job_id, plan, context, subscriber).await;
        accepted.map_err(|error| of_report(&error.to_string(), self.job_id.as_str()))?;
        *submitted = true;
        let locations = self.watch(job, statuses, losses).await?;
        self.trust().await?;
        let report = if self.analyze { self.report().await } else { None };
        Ok(Finished { locations, report })
    }

    /// After a change of leader, executors attach again within seconds: a statement that comes in between waits for them.
    async fn wait_for_executors(&self) -> Result<(), Error> {
        let unavailable = |message: &str| Error::Unavailable { message: message.to_owned() };
        let since = Instant::now();
        while !self.cluster.is_running().await {
            if self.cluster.executes() {
                return Err(unavailable("no executor is running; restart the server"));
            }
            if since.elapsed() >= ATTACH_TIME_MAX {
                return Err(unavailable("no executor is attached; start one with `coldtrail serve --role executor`, or wait for it"));
            }
            tokio::select! {
                biased;
                error = self.interruption() => return Err(error),
                () = sleep(ENDING_POLL) => {}
            }
        }
        Ok(())
    }

    /// Waits for the job's last status: as it is announced, or, should that be lost, by asking.
    async fn watch(
        &self,
        job: &Job,
        mut statuses: mpsc::Receiver<JobStatus>,
        mut losses: watch::Receiver<u64>,
    ) -> Result<Vec<PartitionLocation>, Error> {
        let mut poll = interval(POLL);
        poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let is_remote = !self.cluster.executes();
        let mut stall = Stall::new(if is_remote { self.stall_time_max * REMOTE_PATIENCE } else { self.stall_time_max });
        loop {
            let status = tokio::select! {
                biased;
                error = self.interruption() => return Err(error),
                Ok(()) = losses.changed() => return Err(executor_lost()),
                Some(status) = statuses.recv() => Some(status),
                _ = poll.tick() => self.cluster.status(&self.job_id).await,
            };
            if let Some(end) = status.and_then(|status| self.terminal(status)) {
                return end;
            }
            let remote = if is_remote { self.cluster.tasks_of(&self.job_id) } else { None };
            stall.check(job, &self.registry, remote)?;
        }
    }

    /// Completes when the job must end before its time.
    async fn interruption(&self) -> Error {
        let deadline = async {
            match self.deadline {
                Some(deadline) => {
                    deadline.sleep().await;
                    deadline.error()
                }
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.released.cancelled() => Error::Cancelled { query_id: self.job_id.to_string() },
            () = self.stop.cancelled() => stopping(),
            error = deadline => error,
        }
    }

    fn terminal(&self, status: JobStatus) -> Option<Result<Vec<PartitionLocation>, Error>> {
        match status.status? {
            Status::Successful(job) => Some(Ok(job.partition_location)),
            Status::Failed(job) => Some(Err(of_report(&job.error, self.job_id.as_str()))),
            Status::Queued(_) | Status::Running(_) => None,
        }
    }

    /// A job that Ballista mended after it had lost an executor is not believed: its last stage may have given its rows twice.
    async fn trust(&self) -> Result<(), Error> {
        if self.cluster.executes() {
            return Ok(());
        }
        let known = async {
            loop {
                match self.cluster.ran_once(&self.job_id).await {
                    Some(once) => return once,
                    None => sleep(ENDING_POLL).await,
                }
            }
        };
        match timeout(ENDING_TIME_MAX, known).await {
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => Err(executor_lost()),
        }
    }

    /// The announcement of a job's end comes a moment before its metrics can be asked for.
    async fn report(&self) -> Option<String> {
        let known = async {
            loop {
                match self.cluster.graph(&self.job_id).await {
                    Some(graph) => return render(graph.as_ref()),
                    None => sleep(ENDING_POLL).await,
                }
            }
        };
        timeout(ENDING_TIME_MAX, known).await.ok()
    }

    /// Cancels until the job has ended: the scheduler loses a cancel that comes before it has planned the job.
    async fn abort(&self) {
        let ended = async {
            while !self.has_ended().await {
                self.cluster.cancel(&self.job_id).await;
                sleep(ENDING_POLL).await;
            }
        };
        if timeout(ENDING_TIME_MAX, ended).await.is_err() {
            tracing::warn!(job_id = %self.job_id, "the scheduler did not end the job in {ENDING_TIME_MAX:?}");
        }
    }

    /// A job without a status is one that the scheduler has accepted but not looked at yet.
    async fn has_ended(&self) -> bool {
        let status = self.cluster.status(&self.job_id).await.and_then(|job| job.status);
        matches!(status, Some(Status::Successful(_) | Status::Failed(_)))
    }

    /// Waits until no task holds the job any more, so that none writes a file after they are removed.
    async fn wait_for_end(&self, job: Arc<Job>) {
        let ended = async {
            while Arc::strong_count(&job) > 1 {
                sleep(ENDING_POLL).await;
            }
        };
        if timeout(ENDING_TIME_MAX, ended).await.is_err() {
            tracing::warn!(job_id = %self.job_id, "tasks of the job did not end in {ENDING_TIME_MAX:?}");
        }
    }
}

/// What ends a job that an executor was lost for. It is begun anew.
pub(crate) fn executor_lost() -> Error {
    Error::Unavailable { message: EXECUTOR_LOST.to_owned() }
}

/// True for the end of a job that may be begun anew at once.
pub(crate) fn is_executor_lost(error: &Error) -> bool {
    matches!(error, Error::Unavailable { message } if message == EXECUTOR_LOST)
}

const EXECUTOR_LOST: &str = "an executor was lost while the query ran; run it again";

/// A task elsewhere shows nothing of its progress until it has ended.
const REMOTE_PATIENCE: u32 = 6;

/// Watches for a job that stands still: Ballista waits for ever for a task whose report was
/// lost, and starts a task over and over that its executor cannot read.
struct Stall {
    time_max: Duration,
    progress: Option<(Progress, Option<RemoteTasks>)>,
    since: Instant,
}

impl Stall {
    fn new(time_max: Duration) -> Self {
        Self { time_max, progress: None, since: Instant::now() }
    }

    fn check(&mut self, job: &Job, registry: &JobRegistry, remote: Option<RemoteTasks>) -> Result<(), Error> {
        let progress = job.progress();
        // A job that has no task while others have is waiting for its turn.
        let waits = progress.tasks == 0 && registry.jobs().iter().any(|other| other.progress().tasks > 0);
        if self.progress != Some((progress, remote)) || waits {
            self.progress = Some((progress, remote));
            self.since = Instant::now();
        }
        let started = progress.tasks > 0 || progress.tasks_ended > 0 || remote.is_some();
        let time_max = if started { self.time_max } else { self.time_max.min(START_TIME_MAX) };
        if self.since.elapsed() < time_max {
            return Ok(());
        }
        let message = if started {
            format!("the query made no progress for stall_time_max {time_max:?}")
        } else {
            format!("no task of the query started in {time_max:?}; the log of the server says why")
        };
        Err(Error::Unavailable { message })
    }
}
