use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

/// The jobs that this process works on.
///
/// An entry lives exactly as long as something of its job does: its supervisor, a task, or
/// an operator that has not ended yet. An empty registry therefore proves that nothing runs.
#[derive(Debug, Default)]
pub struct JobRegistry(Mutex<Entries>);

#[derive(Debug, Default)]
struct Entries {
    jobs: HashMap<String, Weak<Job>>,
    /// Jobs that were cancelled lately: a task may still be on its way when the rest of its job has ended.
    cancelled: VecDeque<String>,
}

/// Cancelled jobs that are remembered.
const CANCELLED_MAX: usize = 1024;

impl JobRegistry {
    /// An empty registry.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::new(Self::default())
    }

    /// The entry of a job, made when it is the first of the job.
    pub fn enter(self: &Arc<Self>, job_id: &str) -> Arc<Job> {
        let mut entries = self.0.lock();
        if let Some(job) = entries.jobs.get(job_id).and_then(Weak::upgrade) {
            return job;
        }
        let job = Arc::new(Job::new(job_id, Arc::downgrade(self)));
        if entries.cancelled.iter().any(|cancelled| cancelled == job_id) {
            job.cancel.cancel();
        }
        entries.jobs.insert(job_id.to_owned(), Arc::downgrade(&job));
        job
    }

    /// The jobs of which something is still alive.
    #[must_use]
    pub fn jobs(&self) -> Vec<Arc<Job>> {
        self.0.lock().jobs.values().filter_map(Weak::upgrade).collect()
    }

    fn remember_cancelled(&self, job_id: &str) {
        let cancelled = &mut self.0.lock().cancelled;
        if cancelled.len() == CANCELLED_MAX {
            cancelled.pop_front();
        }
        cancelled.push_back(job_id.to_owned());
    }

    fn leave(&self, job: &Job) {
        let jobs = &mut self.0.lock().jobs;
        // A new entry of the same name may have taken the place already.
        if jobs.get(&job.id).is_some_and(|entry| std::ptr::eq(entry.as_ptr(), job)) {
            jobs.remove(&job.id);
        }
    }
}

/// One job: whether it is cancelled, and how far it is.
#[derive(Debug)]
pub struct Job {
    id: String,
    registry: Weak<JobRegistry>,
    cancel: CancellationToken,
    rows: AtomicU64,
    bytes: AtomicU64,
    batches: AtomicU64,
    tasks: AtomicUsize,
    tasks_ended: AtomicU64,
}

/// How far a job is, as its operators see it while they run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Rows that came out of scans and shuffle reads.
    pub rows: u64,
    /// Bytes read from object storage.
    pub bytes: u64,
    /// Batches that passed a guard, or the filter of a join.
    pub batches: u64,
    /// Tasks that run now.
    pub tasks: usize,
    /// Tasks that have ended, well or not.
    pub tasks_ended: u64,
}

impl Job {
    fn new(id: &str, registry: Weak<JobRegistry>) -> Self {
        Self {
            id: id.to_owned(),
            registry,
            cancel: CancellationToken::new(),
            rows: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            batches: AtomicU64::new(0),
            tasks: AtomicUsize::new(0),
            tasks_ended: AtomicU64::new(0),
        }
    }

    /// The name that the scheduler gave it.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Ends every operator of the job that runs or that is still to come.
    pub fn cancel(&self) {
        if self.cancel.is_cancelled() {
            return;
        }
        if let Some(registry) = self.registry.upgrade() {
            registry.remember_cancelled(&self.id);
        }
        self.cancel.cancel();
    }

    /// A token for one task: cancelled with the job, or on its own.
    #[must_use]
    pub fn task_token(&self) -> CancellationToken {
        self.cancel.child_token()
    }

    /// How far it is.
    #[must_use]
    pub fn progress(&self) -> Progress {
        Progress {
            rows: self.rows.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            batches: self.batches.load(Ordering::Relaxed),
            tasks: self.tasks.load(Ordering::Relaxed),
            tasks_ended: self.tasks_ended.load(Ordering::Relaxed),
        }
    }

    pub(crate) fn count_rows(&self, rows: usize) {
        self.rows.fetch_add(rows as u64, Ordering::Relaxed);
    }

    pub(crate) fn count_bytes(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn count_batch(&self) {
        self.batches.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn begin_task(self: &Arc<Self>) -> RunningTask {
        self.tasks.fetch_add(1, Ordering::Relaxed);
        RunningTask(Arc::clone(self))
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        if let Some(registry) = self.registry.upgrade() {
            registry.leave(self);
        }
    }
}

/// Counts a task as running until dropped.
pub(crate) struct RunningTask(Arc<Job>);

impl Drop for RunningTask {
    fn drop(&mut self) {
        self.0.tasks.fetch_sub(1, Ordering::Relaxed);
        self.0.tasks_ended.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_lives_as_long_as_something_of_its_job() {
        let registry = JobRegistry::new();
        let supervisor = registry.enter("a");
        let task = registry.enter("a");
        assert!(Arc::ptr_eq(&supervisor, &task));
        drop(supervisor);
        assert_eq!(registry.jobs().len(), 1);
        drop(task);
        assert!(registry.jobs().is_empty());
    }

    #[test]
    fn a_task_that_comes_after_the_cancel_is_cancelled() {
        let registry = JobRegistry::new();
        let supervisor = registry.enter("a");
        supervisor.cancel();
        assert!(registry.enter("a").task_token().is_cancelled());
        drop(supervisor);
        assert!(registry.jobs().is_empty());
        assert!(registry.enter("a").task_token().is_cancelled());
        assert!(!registry.enter("b").task_token().is_cancelled());
    }

    #[test]
    fn cancelling_one_task_leaves_the_job_alone() {
        let job = JobRegistry::new().enter("a");
        job.task_token().cancel();
        assert!(!job.task_token().is_cancelled());
    }
}
