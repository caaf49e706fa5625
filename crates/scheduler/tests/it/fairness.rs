use std::time::Duration;

use coldtrail_scheduler::{Run, WorkClass};
use futures::StreamExt;

use crate::fixture::{Lab, VCORES, rows};

/// Compares pairs for minutes, on all cores.
const ENDLESS: &str =
    "SELECT count(*) FROM events a JOIN events b ON a.day = b.day JOIN events c ON b.day = c.day WHERE a.bytes + b.bytes + c.bytes < 0";

/// Begins jobs that never end by themselves; each is polled by a task of its own.
fn follow(runs: Vec<Run>) -> Vec<tokio::task::JoinHandle<()>> {
    let follow = |mut run: Run| tokio::spawn(async move { while run.stream.next().await.is_some() {} });
    runs.into_iter().map(follow).collect()
}

/// Waits until this many tasks of the class run.
async fn tasks(lab: &Lab, class: WorkClass, wanted: usize) {
    let running = || {
        let jobs = lab.engine.distributed_jobs().jobs();
        jobs.iter().filter(|job| WorkClass::of_job(job.id()) == class).map(|job| job.progress().tasks).sum::<usize>()
    };
    let begun = tokio::time::timeout(Duration::from_secs(20), async {
        while running() < wanted {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    assert!(begun.await.is_ok(), "{} of {wanted} tasks of {class:?} run", running());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_is_answered_while_runs_have_more_to_do_than_there_are_cores() {
    let lab = Lab::new().await;
    let busy = follow(futures::future::join_all((0..4).map(|_| lab.start_batch(ENDLESS))).await);
    tasks(&lab, WorkClass::Batch, VCORES).await;
    for _ in 0..3 {
        let answer = rows(lab.start_distributed("SELECT count(*) FROM events").await);
        let (_, rows) = tokio::time::timeout(Duration::from_secs(30), answer).await.expect("runs keep a statement waiting").unwrap();
        assert_eq!(rows.len(), 1);
    }
    busy.iter().for_each(tokio::task::JoinHandle::abort);
    drop(busy);
    lab.idle(Duration::from_secs(10)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_is_answered_while_another_never_ends() {
    let lab = Lab::new().await;
    let busy = follow(vec![lab.start_distributed(ENDLESS).await]);
    tasks(&lab, WorkClass::Interactive, VCORES).await;
    let answer = rows(lab.start_distributed("SELECT count(*) FROM events").await);
    tokio::time::timeout(Duration::from_secs(30), answer).await.expect("one statement keeps another waiting").unwrap();
    busy.iter().for_each(tokio::task::JoinHandle::abort);
    drop(busy);
    lab.idle(Duration::from_secs(10)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_goes_on_while_statements_have_more_to_do_than_there_are_cores() {
    let lab = Lab::new().await;
    let busy = follow(futures::future::join_all((0..4).map(|_| lab.start_distributed(ENDLESS))).await);
    tasks(&lab, WorkClass::Interactive, 2 * VCORES).await;
    let run = follow(vec![lab.start_batch(ENDLESS).await]);
    tasks(&lab, WorkClass::Batch, 1).await;
    busy.iter().chain(&run).for_each(tokio::task::JoinHandle::abort);
    drop((busy, run));
    lab.idle(Duration::from_secs(10)).await;
}
