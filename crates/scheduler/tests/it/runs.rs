//! Runs over a real catalog and a real lake.

use std::time::{Duration, Instant};

use coldtrail_catalog::CatalogClient;
use coldtrail_model::{Commit, Merge, RunId, RunState, SegmentIndex, SliceState};
use coldtrail_query::{Error, QueryService};
use coldtrail_scheduler::{RunRequest, RunService, TierMode};

use crate::world::{CALLS_A_DAY, DAYS, World, hunter, segments};

const BY_USER: &str =
    "SELECT actor_user_name, count(*) AS n, count(DISTINCT api_operation) AS operations FROM api_activity GROUP BY 1 ORDER BY n DESC, 1";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_gives_the_rows_of_its_statement_in_both_tiers() {
    for tier in [TierMode::Local, TierMode::Distributed] {
        let world = World::new(tier).await;
        let leading = world.lead(1);
        for (sql, merge) in [
            (BY_USER, Merge::Aggregate),
            (
                "SELECT time, actor_user_name FROM api_activity WHERE api_operation = 'GetObject' ORDER BY time, actor_user_name",
                Merge::Sort,
            ),
            ("SELECT median(activity_id) FROM api_activity", Merge::Whole),
        ] {
            let id = world.submit(sql).await;
            let (run, slices) = world.end(id).await;
            assert_eq!(run.state, RunState::Done, "{sql}: {:?}", run.message);
            assert_eq!(run.plan.as_ref().map(|plan| (plan.merge, plan.slices as usize)), Some((merge, slices.len())));
            assert!(slices.iter().all(|slice| matches!(slice.state, SliceState::Done(_)) && slice.attempts == 1), "{slices:?}");
            assert_eq!(world.result(id).await, world.rows(sql).await, "{sql}");
        }
        leading.stop().await;
        world.router.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_leader_goes_on_where_the_first_was_and_repeats_nothing() {
    let world = World::new(TierMode::Local).await;
    let id = world.submit(BY_USER).await;
    let first = world.lead(1);
    world.wait_for(id, |_, slices| slices.iter().any(|slice| matches!(slice.state, SliceState::Done(_)))).await;
    first.stop().await;
    let (_, before) = world.runs.get(id).await.unwrap();
    let second = world.lead(2);
    let (run, after) = world.end(id).await;
    assert_eq!((run.state, run.epoch), (RunState::Done, 2));
    for slice in before.iter().filter(|slice| matches!(slice.state, SliceState::Done(_))) {
        assert!(after.contains(slice), "a slice that was done was repeated: {slice:?}");
    }
    assert_eq!(world.result(id).await, world.rows(BY_USER).await);
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_whose_term_is_over_changes_nothing() {
    let world = World::new(TierMode::Local).await;
    let id = world.submit(BY_USER).await;
    let newer = world.lead(7);
    let (run, slices) = world.end(id).await;
    let older = world.lead(3);
    let again = world.submit(BY_USER).await;
    // The newer leader may take it or the older, but both of one run's leaders cannot end it twice.
    let (_, of_again) = world.end(again).await;
    assert!(of_again.iter().all(|slice| matches!(slice.state, SliceState::Done(_))));
    assert_eq!(world.runs.get(id).await.unwrap(), (run, slices));
    older.stop().await;
    newer.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_reads_the_snapshot_that_it_was_submitted_with() {
    let world = World::new(TierMode::Local).await;
    let id = world.submit("SELECT count(*) AS n FROM api_activity").await;
    let more = segments(&world.lake).await;
    world.catalog.commit(Commit { added: more, ..Commit::default() }).await.unwrap();
    let leading = world.lead(1);
    world.end(id).await;
    assert!(world.result(id).await.contains(&(DAYS * CALLS_A_DAY).to_string()));
    assert!(world.rows("SELECT count(*) AS n FROM api_activity").await.contains(&(2 * DAYS * CALLS_A_DAY).to_string()));
    leading.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_segment_that_cannot_be_read_costs_its_slice_and_is_named() {
    let world = World::new(TierMode::Local).await;
    let snapshot = world.catalog.snapshot().await.unwrap();
    let broken = snapshot.segments.values().flatten().find(|segment| segment.table.name() == "api_activity").unwrap();
    let path = world.folder.path().join("lake").join(&broken.path);
    std::fs::write(&path, vec![7_u8; usize::try_from(broken.bytes).unwrap()]).unwrap();
    let id = world.submit(BY_USER).await;
    let leading = world.lead(1);
    let (run, slices) = world.end(id).await;
    assert_eq!(run.state, RunState::Partial);
    let message = run.message.unwrap();
    assert!(message.contains(&broken.id.to_string()) && message.contains("1 of "), "{message}");
    let failed: Vec<_> = slices.iter().filter(|slice| matches!(slice.state, SliceState::Failed { .. })).collect();
    assert_eq!(failed.len(), 1);
    assert!(failed[0].time.start_ms <= broken.time.start_ms && broken.time.end_ms <= failed[0].time.end_ms);
    assert!(world.rows("SELECT state, count(*) FROM system.slices GROUP BY state ORDER BY state").await.contains("failed"));
    leading.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limit_leaves_the_older_slices_unread() {
    let world = World::new(TierMode::Local).await;
    let leading = world.lead(1);
    let sql = "SELECT time, actor_user_name FROM api_activity ORDER BY time DESC, actor_user_name LIMIT 60";
    let id = world.submit(sql).await;
    let (run, slices) = world.end(id).await;
    assert_eq!(run.state, RunState::Done);
    assert!(slices.iter().any(|slice| slice.state == SliceState::Skipped), "{slices:?}");
    assert_eq!(world.result(id).await, world.rows(sql).await);
    leading.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_can_be_paused_resumed_cancelled_and_deleted() {
    let world = World::new(TierMode::Local).await;
    let id = world.submit(BY_USER).await;
    assert_eq!(world.runs.pause(id).await.unwrap().state, RunState::Paused);
    let leading = world.lead(1);
    let other = world.submit("SELECT count(*) FROM api_activity").await;
    world.end(other).await;
    assert_eq!(world.runs.get(id).await.unwrap().0.state, RunState::Paused, "a paused run was worked on");
    let refused = world.runs.delete(id).await.unwrap_err().to_string();
    assert!(refused.contains("paused") && refused.contains("cancel"), "{refused}");
    world.runs.resume(id).await.unwrap();
    assert_eq!(world.end(id).await.0.state, RunState::Done);
    assert_eq!(world.runs.cancel(id, &hunter()).await.unwrap().state, RunState::Done, "what has ended stays as it is");
    let files = || std::fs::read_dir(world.folder.path().join("lake/runs").join(id.to_string())).map_or(0, Iterator::count);
    assert!(files() > 0);
    world.runs.delete(id).await.unwrap();
    assert_eq!(files(), 0);
    let gone = world.runs.get(id).await.unwrap_err().to_string();
    assert!(gone.contains("no run"), "{gone}");
    leading.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cancelling_ends_the_work_within_two_seconds() {
    let world = World::new(TierMode::Local).await;
    let leading = world.lead(1);
    let id = world.submit("SELECT count(*) FROM api_activity a JOIN api_activity b ON a.activity_id = b.activity_id JOIN api_activity c ON b.activity_id = c.activity_id JOIN api_activity d ON c.activity_id = d.activity_id WHERE a.time + (b.time - c.time) < TIMESTAMP '1980-01-01 00:00:00'").await;
    let local = world.router.engine().local_jobs();
    world.wait_for(id, |run, _| run.state == RunState::Running && !local.jobs().is_empty()).await;
    let start = Instant::now();
    let run = world.runs.cancel(id, &hunter()).await.unwrap();
    assert_eq!((run.state, run.message.as_deref()), (RunState::Cancelled, Some("cancelled by hunter")));
    while !local.jobs().is_empty() {
        assert!(start.elapsed() < Duration::from_secs(2), "the work goes on");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    leading.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_would_read_too_much_is_refused_with_the_estimate() {
    let world = World::new(TierMode::Local).await;
    let estimate = world.runs.estimate(BY_USER).await.unwrap();
    assert_eq!((estimate.plan.rows, estimate.plan.segments, estimate.row_groups), ((DAYS * CALLS_A_DAY) as u64, DAYS as u64, DAYS as u64));
    assert!(estimate.plan.slices > 2 && estimate.seconds > 0.0);
    let request = RunRequest { sql: BY_USER.to_owned(), bytes_max: Some(1), ..RunRequest::default() };
    let refused = world.try_submit(request).await.unwrap_err();
    assert!(matches!(&refused, Error::Exhausted { message } if message.contains(&format!("{} bytes", estimate.plan.bytes))), "{refused}");
    for sql in ["SELECT nonsense FROM api_activity", "EXPLAIN SELECT 1", "DROP TABLE api_activity"] {
        let refused = world.try_submit(RunRequest { sql: sql.to_owned(), ..RunRequest::default() }).await;
        assert!(matches!(refused, Err(Error::BadStatement { .. } | Error::NotAllowed { .. })), "{sql}");
    }
    assert!(world.runs.list().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_ends_at_its_deadline() {
    let world = World::new(TierMode::Local).await;
    let leading = world.lead(1);
    let sql = "SELECT count(*) FROM api_activity a JOIN api_activity b ON a.activity_id = b.activity_id JOIN api_activity c ON b.activity_id = c.activity_id JOIN api_activity d ON c.activity_id = d.activity_id WHERE a.time + (b.time - c.time) < TIMESTAMP '1980-01-01 00:00:00'";
    let request = RunRequest { sql: sql.to_owned(), time_max: Some(Duration::from_millis(600)), ..RunRequest::default() };
    let id = world.try_submit(request).await.unwrap().id;
    let (run, _) = world.end(id).await;
    assert_eq!(run.state, RunState::Failed);
    assert!(run.message.unwrap().contains("deadline"));
    leading.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runs_and_their_results_are_tables_also_while_they_go_on() {
    let world = World::new(TierMode::Local).await;
    let id = world.submit(BY_USER).await;
    let rows = world.rows("SELECT title, state, principal, slices, merge FROM system.runs").await;
    assert!(rows.contains("queued") && rows.contains("hunter") && rows.contains("aggregate"), "{rows}");
    let prepared = world.router.prepare(&hunter(), &format!("SELECT * FROM results.\"{id}\"")).await.unwrap();
    assert_eq!(prepared.schema.fields().len(), 3, "a run has its columns before it has rows");
    let leading = world.lead(1);
    world.end(id).await;
    let joined = format!("SELECT max(r.n) FROM results.\"{id}\" r JOIN api_activity a ON a.actor_user_name = r.actor_user_name");
    assert!(world.rows(&joined).await.contains("56"));
    let unknown = world.router.execute(&hunter(), &format!("SELECT * FROM results.\"{}\"", RunId::generate()), None).await;
    assert!(matches!(unknown, Err(Error::BadStatement { .. })));
    leading.stop().await;
}
