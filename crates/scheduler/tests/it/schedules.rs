//! Hunts with a schedule: each slot once, whoever leads, and nothing that came late is missed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::task::Poll;

use coldtrail_catalog::CatalogClient;
use coldtrail_hunt::{ContentKind, ContentRequest, ContentService, RunService};
use coldtrail_lake::{SegmentWriter, WriterConfig};
use coldtrail_model::{Class, Col, Commit, Day, Event, Run, RunState, format_ms};
use coldtrail_scheduler::TierMode;

use crate::world::{CALLS_A_DAY, DAYS, World, hunter};

const MINUTE_MS: i64 = 60_000;

/// A hunt that gives every call, row by row, and one that counts them.
const HUNT: &str = r"
version: 1
id: every-call
title: Every call
hypothesis: Somebody calls.
status: test
severity: low
attack: {tactics: [discovery], techniques: [T1087]}
data: {sources: [aws_cloudtrail], tables: [api_activity]}
window: {lookback: 3650d}
schedule: {cron: '* * * * *', timezone: UTC}
queries:
  - id: calls
    sql: SELECT time, actor_user_name FROM api_activity
    expect: review
  - id: count
    sql: SELECT count(*) AS n FROM api_activity
    expect: review
  - id: ended
    sql: SELECT time FROM api_activity WHERE time < ${until}
    expect: review
";

async fn bring(world: &World) -> i64 {
    let bytes = HUNT.trim_start().to_owned().into();
    let request = ContentRequest { kind: ContentKind::Hunt, name: "every-call".to_owned(), bytes, options: BTreeMap::new() };
    world.content.put(&hunter(), request).await.unwrap().content.brought_ms
}

/// The runs of a query of the hunt, by slot.
async fn runs_of(world: &World, query: &str) -> BTreeMap<i64, Vec<Arc<Run>>> {
    let mut slots: BTreeMap<i64, Vec<Arc<Run>>> = BTreeMap::new();
    for run in world.runs.list().await.unwrap() {
        let labels = &run.definition.labels;
        if labels.get("query").is_some_and(|id| id == query) {
            slots.entry(labels["slot_ms"].parse().unwrap()).or_default().push(run);
        }
    }
    slots
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_slots_run_once_each_though_two_leaders_start_them() {
    let world = World::new(TierMode::Local).await;
    let brought = bring(&world).await;
    for slot in 1..=50 {
        let now = brought + slot * MINUTE_MS;
        let (one, other) = tokio::join!(world.hunting.start_scheduled(now), world.hunting.start_scheduled(now));
        one.and(other).unwrap();
    }
    for query in ["calls", "count"] {
        let slots = runs_of(&world, query).await;
        assert_eq!(slots.len(), 50, "each slot ran");
        assert!(slots.values().all(|runs| runs.len() == 1), "no slot ran twice");
        assert!(slots.keys().all(|slot| slot % MINUTE_MS == 0 && *slot > brought));
    }
}

/// Lets something go on until it has waited so often, and then never again: what a leader that is killed leaves behind.
async fn killed_after(waits: usize, work: impl Future<Output = Result<(), coldtrail_query::Error>>) -> bool {
    let mut work = std::pin::pin!(work);
    let mut left = waits;
    std::future::poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(ended) => Poll::Ready(ended.map(|()| false).unwrap()),
        Poll::Pending if left == 0 => Poll::Ready(true),
        Poll::Pending => {
            left -= 1;
            Poll::Pending
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_slots_run_once_each_though_their_leader_is_killed_at_the_slot() {
    let world = World::new(TierMode::Local).await;
    let brought = bring(&world).await;
    let mut killed = 0;
    for slot in 1..=50 {
        let now = brought + slot * MINUTE_MS;
        // It falls at another of its first waits in each slot; the next leader comes at once, or at the next slot.
        let waits = usize::try_from(slot % 8).unwrap();
        killed += usize::from(killed_after(waits, world.hunting.start_scheduled(now)).await);
        if slot % 3 != 0 {
            world.hunting.start_scheduled(now).await.unwrap();
        }
    }
    world.hunting.start_scheduled(brought + 50 * MINUTE_MS).await.unwrap();
    assert!(killed >= 20, "only {killed} of 50 leaders fell in the middle");
    for query in ["calls", "count", "ended"] {
        let slots = runs_of(&world, query).await;
        assert_eq!(slots.len(), 50, "each slot of {query} ran");
        assert!(slots.values().all(|runs| runs.len() == 1), "no slot of {query} ran twice");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slot_reads_what_came_in_since_the_last_one_that_was_read_to_its_end() {
    let world = World::new(TierMode::Local).await;
    let brought = bring(&world).await;
    let all = DAYS * CALLS_A_DAY;

    let leading = world.lead(1);
    assert_eq!(run_slot(&world, brought + MINUTE_MS).await, (all, all));
    assert_eq!(run_slot(&world, brought + 2 * MINUTE_MS).await, (0, all), "nothing is new; a count is of everything");

    add_late(&world, 3).await;
    leading.stop().await;
    // Nobody works on the third slot, and it is cancelled: what came late was not read.
    world.hunting.start_scheduled(brought + 3 * MINUTE_MS).await.unwrap();
    for run in runs_of(&world, "calls").await.into_values().flatten().filter(|run| !run.state.has_ended()) {
        world.runs.cancel(run.id, &hunter()).await.unwrap();
    }
    let leading = world.lead(2);
    assert_eq!(run_slot(&world, brought + 4 * MINUTE_MS).await, (3, all + 3), "the fourth slot finds it");
    assert_eq!(run_slot(&world, brought + 5 * MINUTE_MS).await, (0, all + 3));
    leading.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_is_newer_than_the_slot_is_not_lost_between_two_slots() {
    let world = World::new(TierMode::Local).await;
    let brought = bring(&world).await;
    let leading = world.lead(1);
    // It happens after the slot's instant, and is there before the slot's run pins its snapshot.
    add(&world, brought + MINUTE_MS + 59_000, 1).await;
    let all = DAYS * CALLS_A_DAY + 1;
    assert_eq!(run_slot(&world, brought + MINUTE_MS).await, (all, all));
    assert_eq!(run_slot(&world, brought + 2 * MINUTE_MS).await, (0, all));
    leading.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_that_ends_at_the_slot_reads_all_of_its_window_again() {
    let world = World::new(TierMode::Local).await;
    let brought = bring(&world).await;
    let leading = world.lead(1);
    for slot in [1, 2] {
        run_slot(&world, brought + slot * MINUTE_MS).await;
        let (slot_ms, runs) = runs_of(&world, "ended").await.pop_last().unwrap();
        let (run, _) = world.end(runs[0].id).await;
        assert_eq!(run.state, RunState::Done, "{:?}", run.message);
        let end = format!("TIMESTAMP '{}'", format_ms(slot_ms).replace('T', " ").trim_end_matches('Z'));
        assert!(run.definition.sql.contains(&end), "{} does not end at {end}", run.definition.sql);
        assert!(!run.definition.labels.contains_key("since_snapshot"));
    }
    let calls = runs_of(&world, "calls").await.pop_last().unwrap().1;
    assert!(calls[0].definition.labels.contains_key("since_snapshot"), "the others read what is new");
    leading.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hunt_that_was_forgotten_does_not_make_up_for_its_slots() {
    let world = World::new(TierMode::Local).await;
    let brought = bring(&world).await;
    world.hunting.start_scheduled(brought + MINUTE_MS).await.unwrap();
    world.content.delete(&hunter(), ContentKind::Hunt, "every-call").await.unwrap();
    world.hunting.start_scheduled(brought + 30 * MINUTE_MS).await.unwrap();
    assert_eq!(runs_of(&world, "calls").await.len(), 1);
    assert!(world.catalog.document("schedule", "every-call").await.unwrap().is_none());
}

/// Starts the slot that is due by then; how many rows its two queries gave, and the number that the second counted.
async fn run_slot(world: &World, now: i64) -> (i64, i64) {
    world.hunting.start_scheduled(now).await.unwrap();
    let newest = |slots: BTreeMap<i64, Vec<Arc<Run>>>| slots.into_values().next_back().unwrap().remove(0).id;
    let (calls, count) = (newest(runs_of(world, "calls").await), newest(runs_of(world, "count").await));
    let (run, _) = world.end(calls).await;
    assert_eq!(run.state, RunState::Done, "{:?}", run.message);
    world.end(count).await;
    for runs in runs_of(world, "ended").await.into_values() {
        world.end(runs[0].id).await;
    }
    let number = |text: String| text.lines().nth(3).unwrap().trim_matches(['|', ' ']).parse().unwrap();
    let rows = number(world.rows(&format!("SELECT count(*) AS n FROM results.\"{calls}\"")).await);
    (rows, number(world.result(count).await))
}

/// Takes in events of a day long past.
async fn add_late(world: &World, events: i64) {
    let day: Day = "2026-03-02".parse().unwrap();
    add(world, day.range().start_ms, events).await;
}

async fn add(world: &World, time_ms: i64, events: i64) {
    let mut writer = SegmentWriter::new(world.lake.clone(), WriterConfig::default());
    let object: Arc<str> = "file:///logs/late.json".into();
    let late = (0..events).map(|number| {
        let mut event = Event::new(Class::ApiActivity, 2, time_ms + number);
        event.text(Col::ActorUserName, "late");
        event
    });
    writer.append_batch("aws_cloudtrail", &object, late.zip(0..)).unwrap();
    let added = writer.finish().await.unwrap();
    world.catalog.commit(Commit { added, ..Commit::default() }).await.unwrap();
}
