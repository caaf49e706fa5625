//! What is known of a run stays the same, whatever becomes of the lake.

use std::collections::BTreeMap;

use coldtrail_catalog::CatalogClient;
use coldtrail_evidence::Facts;
use coldtrail_hunt::{
    ALL_TIME, ContentKind, ContentRequest, ContentService, HuntingService, RunKind, RunRequest, RunService, sigma_statement,
    sweep_statement,
};
use coldtrail_model::{Class, Commit, RunState, SegmentIndex, Table};
use coldtrail_scheduler::TierMode;
use tokio_util::sync::CancellationToken;

use crate::world::{CALLS_A_DAY, DAYS, World, hunter};

const STATEMENT: &str = "SELECT time, actor_user_name FROM api_activity";

async fn facts(world: &World, run: coldtrail_model::RunId) -> Facts {
    let facts = world.hunting.facts(&hunter(), run).await.unwrap();
    Facts { made_ms: 0, ..serde_json::from_str(&facts).unwrap() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_can_be_repeated_after_its_segments_were_replaced() {
    let world = World::new(TierMode::Local).await;
    let leading = world.lead(1);
    let request = RunRequest { sql: STATEMENT.to_owned(), ..RunRequest::default() };
    let first = world.runs.submit(&hunter(), request.clone()).await.unwrap();
    assert_eq!(world.end(first.id).await.0.state, RunState::Done);
    let before = facts(&world, first.id).await;
    let segments = world.catalog.snapshot().await.unwrap().segments_of(Table::Events(Class::ApiActivity)).to_vec();
    assert_eq!(before.segments.len(), segments.len());
    assert_eq!(before.searched_events(), u64::try_from(DAYS * CALLS_A_DAY).unwrap());

    // As compaction or retention would.
    let removed = segments.iter().take(2).map(|segment| segment.id).collect();
    world.catalog.commit(Commit { removed, ..Commit::default() }).await.unwrap();

    assert_eq!(facts(&world, first.id).await, before, "the evidence can still be made");
    let again = RunRequest { snapshot_id: Some(first.definition.snapshot_id), ..request.clone() };
    let again = world.runs.submit(&hunter(), again).await.unwrap();
    assert_eq!(world.end(again.id).await.0.state, RunState::Done);
    let second = facts(&world, again.id).await;
    assert_eq!((&second.segments, &second.searched, &second.coverage), (&before.segments, &before.searched, &before.coverage));
    assert_eq!(sorted(&world.result(again.id).await), sorted(&world.result(first.id).await));

    let newer = world.runs.submit(&hunter(), request).await.unwrap();
    world.end(newer.id).await;
    assert_eq!(facts(&world, newer.id).await.segments.len(), segments.len() - 2);
    leading.stop().await;
}

/// The statement names no order.
fn sorted(rows: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = rows.lines().collect();
    lines.sort_unstable();
    lines
}

const RULE: &str = "
title: Somebody calls
id: 4db60cc0-36fb-42b7-9b58-a5b53019fb74
status: test
level: low
logsource: {product: aws, service: cloudtrail}
detection:
    selection: {userIdentity.userName: user0}
    condition: selection
";

/// A schedule looks at a window without an end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rules_and_feeds_are_looked_for_in_all_of_time() {
    let world = World::new(TierMode::Local).await;
    let leading = world.lead(1);
    let (hunting, stop) = (world.hunting.clone(), CancellationToken::new());
    let ended = stop.clone();
    let concluding = tokio::spawn(async move { hunting.lead(None, ended).await });
    for (kind, bytes) in [(ContentKind::Rules, RULE.to_owned()), (ContentKind::Indicators, "never-seen.example\n".to_owned())] {
        let request = ContentRequest { kind, name: "all".to_owned(), bytes: bytes.into(), options: BTreeMap::new() };
        world.content.put(&hunter(), request).await.unwrap();
    }
    for (kind, label, sql) in
        [(RunKind::Sigma, "rules", sigma_statement("all", ALL_TIME)), (RunKind::Sweep, "indicators", sweep_statement("all", ALL_TIME))]
    {
        let mut labels = kind.labels(ALL_TIME);
        labels.insert(label.to_owned(), "all".to_owned());
        let run = world.runs.submit(&hunter(), RunRequest { sql, labels, ..RunRequest::default() }).await.unwrap();
        let (run, _) = world.end(run.id).await;
        assert_eq!((run.state, run.message), (RunState::Done, None));
        assert!(facts(&world, run.id).await.searched_events() > 0);
    }
    stop.cancel();
    concluding.await.unwrap();
    leading.stop().await;
}
