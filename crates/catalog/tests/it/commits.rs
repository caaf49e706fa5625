use std::sync::Arc;

use coldtrail_catalog::{CatalogClient, CommitId, Committed, Error, SourceIdentity, SourceProbe};
use coldtrail_model::{Commit, SegmentIndex, SegmentMeta, SourceObject};

use crate::support::{commit, commit_all, open, segment, segment_id, source_object, time, whole_commits};

#[tokio::test]
async fn a_commit_is_visible_once_it_is_acknowledged() {
    let folder = tempfile::tempdir().expect("a folder");
    let catalog = open(folder.path()).await;
    assert_eq!(catalog.snapshot().await.expect("a snapshot").id, 0);
    for number in 0..3 {
        let committed = catalog.commit(commit(number)).await.expect("it is taken");
        assert_eq!(committed, Committed { snapshot_id: u64::from(number) + 1 });
        assert_eq!(catalog.snapshot().await.expect("a snapshot").id, committed.snapshot_id);
    }
    assert_eq!(whole_commits(&catalog).await, [0, 1, 2]);
}

#[tokio::test]
async fn a_snapshot_lists_segments_in_order_of_day_and_id_and_never_changes() {
    let folder = tempfile::tempdir().expect("a folder");
    let catalog = open(folder.path()).await;
    catalog.commit(Commit { added: (0..200).map(segment).collect(), ..Commit::default() }).await.expect("it is taken");
    let before = catalog.snapshot().await.expect("a snapshot");
    assert!(before.segments.values().all(|of_table| of_table.is_sorted_by_key(|segment| (segment.day, segment.id))));
    let again = catalog.snapshot().await.expect("a snapshot");
    assert!(Arc::ptr_eq(&before, &again), "an unchanged snapshot is not made twice");

    let removed = (0..200).map(segment_id).collect();
    catalog.commit(Commit { removed, added: vec![segment(500)], ..Commit::default() }).await.expect("it is taken");
    assert_eq!(before.segments.values().map(Vec::len).sum::<usize>(), 200);
    let after = catalog.snapshot().await.expect("a snapshot");
    assert_eq!((after.id, after.segments.values().flatten().map(|segment| segment.id).collect::<Vec<_>>()), (2, vec![segment_id(500)]));
}

#[tokio::test]
async fn a_commit_without_segments_leaves_the_snapshot_as_it_was() {
    let folder = tempfile::tempdir().expect("a folder");
    let catalog = open(folder.path()).await;
    catalog.commit(commit(0)).await.expect("it is taken");
    let only_an_object = Commit { source_objects: vec![source_object(9)], ..Commit::default() };
    assert_eq!(catalog.commit(only_an_object).await.expect("it is taken").snapshot_id, 1);
    assert_eq!(catalog.status().await.expect("a status").source_objects, 2);
}

#[tokio::test]
async fn a_source_object_is_taken_in_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let catalog = open(folder.path()).await;
    catalog.commit(commit(0)).await.expect("it is taken");
    let again = Commit { added: vec![segment(70)], source_objects: vec![source_object(5), source_object(0)], ..Commit::default() };
    let error = catalog.commit(again).await.expect_err("one object was there already");
    assert_eq!(error.to_string(), "s3://trail/00000000.json.gz was ingested already");
    assert_eq!(whole_commits(&catalog).await, [0], "nothing of a refused commit stays");

    let rewritten = SourceObject { sha256: [1; 32], ..source_object(0) };
    catalog.commit(Commit { source_objects: vec![rewritten], ..Commit::default() }).await.expect("new content is a new object");
}

#[tokio::test]
async fn a_segment_is_added_once_and_removed_only_while_it_is_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let catalog = open(folder.path()).await;
    catalog.commit(commit(0)).await.expect("it is taken");
    let error = catalog.commit(Commit { added: vec![segment(3), segment(1)], ..Commit::default() }).await.expect_err("1 is there");
    assert!(matches!(error, Error::SegmentExists { segment } if segment == segment_id(1)), "{error}");
    let removed = vec![segment_id(0), segment_id(8)];
    let error = catalog.commit(Commit { removed, ..Commit::default() }).await.expect_err("8 is not there");
    assert!(matches!(error, Error::SegmentUnknown { segment } if segment == segment_id(8)), "{error}");
    assert_eq!(whole_commits(&catalog).await, [0]);
    assert_eq!(catalog.snapshot().await.expect("a snapshot").id, 1);
}

#[tokio::test]
async fn the_same_commit_sent_again_is_answered_as_the_first_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let catalog = open(folder.path()).await;
    let id = CommitId::generate();
    let first = catalog.commit_as(id, commit(0)).await.expect("it is taken");
    commit_all(&catalog, 1..20).await;
    assert_eq!(catalog.commit_as(id, commit(0)).await.expect("a retry is no error"), first);
    catalog.shutdown().await.expect("it stops");
    let catalog = open(folder.path()).await;
    assert_eq!(catalog.commit_as(id, commit(0)).await.expect("nor after a restart"), first);
    let error = catalog.commit_as(id, commit(77)).await.expect_err("another commit under the same id is one");
    assert!(matches!(error, Error::CommitIdReused { id: reused } if reused == id), "{error}");
    assert_eq!(whole_commits(&catalog).await.len(), 20);
}

#[tokio::test]
async fn many_commits_at_once_are_each_made_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let catalog = open(folder.path()).await;
    let committing = (0..40).flat_map(|number| [number, number]).map(|number| {
        let catalog = catalog.clone();
        tokio::spawn(async move { catalog.commit(commit(number)).await.is_ok() })
    });
    let committing: Vec<_> = committing.collect();
    let mut taken = 0;
    for handle in committing {
        taken += usize::from(handle.await.expect("it does not panic"));
    }
    assert_eq!(taken, 40, "of each two that bring the same object, one is taken");
    assert_eq!(whole_commits(&catalog).await, (0..40).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_commit_that_contradicts_itself_is_refused_with_the_contradiction() {
    let folder = tempfile::tempdir().expect("a folder");
    let catalog = open(folder.path()).await;
    let with_segment = |segment| Commit { added: vec![segment], ..Commit::default() };
    let lost_a_record = SourceObject { records: 12, ..source_object(0) };
    let cases = [
        (Commit { added: vec![segment(1), segment(1)], ..Commit::default() }, "is in it twice"),
        (Commit { removed: vec![segment_id(1)], ..with_segment(segment(1)) }, "is in it twice"),
        (Commit { source_objects: vec![source_object(1); 2], ..Commit::default() }, "00000001.json.gz is in it twice"),
        (Commit { source_objects: vec![lost_a_record], ..Commit::default() }, "has 12 records, but 10 events and 1 rejects"),
        (with_segment(SegmentMeta { time: time(2, 1), ..segment(1) }), "ends before it starts"),
        (with_segment(SegmentMeta { path: String::new(), ..segment(1) }), "has no path"),
    ];
    for (commit, reason) in cases {
        let error = catalog.commit(commit).await.expect_err(reason);
        assert!(matches!(&error, Error::CommitInvalid { reason: found } if found.ends_with(reason)), "{error}");
    }
    assert_eq!(catalog.status().await.expect("a status").snapshot_id, 0);
}

#[tokio::test]
async fn an_object_is_recognised_by_its_content_or_by_its_listing() {
    let folder = tempfile::tempdir().expect("a folder");
    let catalog = open(folder.path()).await;
    catalog.commit(commit(3)).await.expect("it is taken");
    let SourceObject { url, sha256, bytes, modified_ms, etag, .. } = source_object(3);
    let stamp = |bytes, modified_ms, etag| SourceIdentity::Stamp { bytes, modified_ms, etag };
    let cases = [
        (url.clone(), SourceIdentity::Sha256(sha256), true),
        (url.clone(), SourceIdentity::Sha256([0; 32]), false),
        (url.clone(), stamp(bytes, modified_ms, etag.clone()), true),
        (url.clone(), stamp(bytes, modified_ms, None), true),
        (url.clone(), stamp(bytes, modified_ms, Some("other".to_owned())), false),
        (url.clone(), stamp(bytes + 1, modified_ms, etag.clone()), false),
        (url, stamp(bytes, modified_ms + 1, etag), false),
        ("s3://trail/none".to_owned(), SourceIdentity::Sha256(sha256), false),
    ];
    let (probes, expected): (Vec<_>, Vec<_>) =
        cases.into_iter().map(|(url, identity, expected)| (SourceProbe { url, identity }, expected)).unzip();
    assert_eq!(catalog.is_ingested(&probes).await.expect("an answer"), expected);
}

#[tokio::test]
async fn content_is_known_under_any_name_also_after_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let catalog = open(folder.path()).await;
    catalog.commit(commit(3)).await.expect("it is taken");
    let asked = [source_object(3).sha256, source_object(4).sha256];
    assert_eq!(catalog.has_content(&asked).await.expect("an answer"), [true, false]);
    catalog.write_image().await.expect("an image");
    catalog.shutdown().await.expect("a clean end");
    let again = open(folder.path()).await;
    assert_eq!(again.has_content(&asked).await.expect("an answer"), [true, false]);
}

#[tokio::test]
async fn of_many_that_take_in_the_same_object_at_once_one_does() {
    let folder = tempfile::tempdir().expect("a folder");
    let catalog = open(folder.path()).await;
    let tries = (0..8).map(|number| {
        let (catalog, object) = (catalog.clone(), source_object(1));
        let commit = Commit { added: vec![segment(100 + number)], source_objects: vec![object], ..Commit::default() };
        async move { catalog.commit(commit).await }
    });
    let ended = futures::future::join_all(tries).await;
    assert_eq!(ended.iter().filter(|ended| ended.is_ok()).count(), 1);
    let refused = ended.iter().filter_map(|ended| ended.as_ref().err());
    assert!(refused.clone().count() == 7 && refused.clone().all(|error| matches!(error, Error::AlreadyIngested { .. })), "{ended:?}");
    let snapshot = catalog.snapshot().await.expect("a snapshot");
    assert_eq!((snapshot.id, snapshot.segments.values().map(Vec::len).sum::<usize>()), (1, 1));
}

#[tokio::test]
async fn of_many_that_take_in_the_same_content_under_their_own_names_one_does_if_they_ask_for_that() {
    let folder = tempfile::tempdir().expect("a folder");
    let catalog = open(folder.path()).await;
    let commit = |number: u32, unique_content| {
        let object = SourceObject { url: format!("s3://trail/copy-{number}"), ..source_object(1) };
        Commit { added: vec![segment(100 + number)], source_objects: vec![object], unique_content, ..Commit::default() }
    };
    let ended = futures::future::join_all((0..8).map(|number| catalog.commit(commit(number, true)))).await;
    assert_eq!(ended.iter().filter(|ended| ended.is_ok()).count(), 1);
    let refused = ended.iter().filter_map(|ended| ended.as_ref().err());
    assert!(refused.clone().count() == 7 && refused.clone().all(|error| matches!(error, Error::ContentKnown { .. })), "{ended:?}");
    assert_eq!(catalog.status().await.expect("a status").segments, 1);
    catalog.commit(commit(8, false)).await.expect("whoever does not ask takes it in under another name");
    let noted = SourceObject { url: "s3://trail/copy-9".to_owned(), records: 0, events: 0, rejects: 0, ..source_object(1) };
    let noted = Commit { source_objects: vec![noted], unique_content: true, ..Commit::default() };
    catalog.commit(noted).await.expect("an object without records is only noted");
}
