use tokio::runtime::{Builder, Handle, Runtime};

/// Plans may be deep, and operators call each other.
const STACK_BYTES: usize = 8 << 20;
/// Names the jobs of runs, so that an executor elsewhere knows them too.
const BATCH_PREFIX: &str = "batch-";
/// The least share of the cores that Linux has: whatever else wants to compute goes first.
#[cfg(target_os = "linux")]
const BATCH_NICE: i32 = 19;

/// Who waits for a piece of work. Interactive work goes first; batch work takes all that is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WorkClass {
    /// A statement: a hunter waits for its answer.
    Interactive,
    /// A slice of a run, or what follows from one: it may last for hours.
    Batch,
}

impl WorkClass {
    /// A name for a new job of this class, that no other job has. Names of later jobs are greater.
    #[must_use]
    pub fn new_job_id(self) -> String {
        let id = uuid::Uuid::now_v7().simple();
        match self {
            Self::Interactive => id.to_string(),
            Self::Batch => format!("{BATCH_PREFIX}{id}"),
        }
    }

    /// The class of the job with this name.
    #[must_use]
    pub fn of_job(job_id: &str) -> Self {
        if job_id.starts_with(BATCH_PREFIX) { Self::Batch } else { Self::Interactive }
    }
}

/// The threads that compute, apart from those that answer clients: a query that computes for long must not keep the server from hearing
/// that it is cancelled. Those of batch work give way to all others.
#[derive(Debug)]
pub(crate) struct WorkThreads {
    interactive: Threads,
    batch: Threads,
}

impl WorkThreads {
    pub(crate) fn start(vcores: usize) -> std::io::Result<Self> {
        Ok(Self { interactive: Threads::start("local-tier", vcores, || ())?, batch: Threads::start("batch", vcores, give_way)? })
    }

    pub(crate) fn of(&self, class: WorkClass) -> &Handle {
        match class {
            WorkClass::Interactive => &self.interactive.handle,
            WorkClass::Batch => &self.batch.handle,
        }
    }
}

#[derive(Debug)]
struct Threads {
    handle: Handle,
    /// None only while it is dropped.
    runtime: Option<Runtime>,
}

impl Threads {
    fn start(name: &str, threads: usize, begin: impl Fn() + Send + Sync + 'static) -> std::io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(threads.max(1))
            .thread_name(name)
            .thread_stack_size(STACK_BYTES)
            .on_thread_start(begin)
            .enable_all()
            .build()?;
        Ok(Self { handle: runtime.handle().clone(), runtime: Some(runtime) })
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Threads must not be waited for from a thread that serves others.
            runtime.shutdown_background();
        }
    }
}

/// Gives the calling thread the lowest priority. Elsewhere than on Linux, where priorities are those of processes, it keeps its own.
fn give_way() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(Some(rustix::thread::gettid()), BATCH_NICE) {
        tracing::warn!(%error, "batch work has no lower priority than interactive work");
    }
}

/// Runs a future on these threads; dropping what is returned ends it.
pub(crate) async fn on<T: Send + 'static>(threads: &Handle, work: impl Future<Output = T> + Send + 'static) -> T {
    match tokio_util::task::AbortOnDropHandle::new(threads.spawn(work)).await {
        Ok(result) => result,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        // Its threads are gone with the process.
        Err(_) => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn the_name_of_a_job_tells_its_class() {
        for class in [WorkClass::Interactive, WorkClass::Batch] {
            let (first, second) = (class.new_job_id(), class.new_job_id());
            assert_eq!(WorkClass::of_job(&first), class);
            assert!(first < second, "{first} {second}");
        }
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn batch_work_has_the_lowest_priority_and_interactive_work_that_of_the_process() {
        let threads = Arc::new(WorkThreads::start(1).unwrap());
        let nice = || rustix::process::getpriority_process(Some(rustix::thread::gettid())).unwrap();
        let own = nice();
        assert_eq!(on(threads.of(WorkClass::Interactive), async move { nice() }).await, own);
        assert_eq!(on(threads.of(WorkClass::Batch), async move { nice() }).await, BATCH_NICE);
    }

    #[tokio::test]
    async fn work_that_nobody_waits_for_ends() {
        let threads = WorkThreads::start(1).unwrap();
        let held = Arc::new(());
        let inside = Arc::clone(&held);
        let waiting = on(threads.of(WorkClass::Batch), async move {
            let _inside = inside;
            std::future::pending::<()>().await;
        });
        assert!(tokio::time::timeout(std::time::Duration::from_millis(10), waiting).await.is_err());
        while Arc::strong_count(&held) > 1 {
            tokio::task::yield_now().await;
        }
    }
}
