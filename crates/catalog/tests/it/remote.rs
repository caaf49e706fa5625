use std::net::SocketAddr;
use std::sync::Arc;

use coldtrail_catalog::{Catalog, CatalogClient, CommitId, Error, RemoteCatalog, SourceIdentity, SourceProbe, serve};
use coldtrail_model::{Commit, Run, RunId, RunState, SegmentIndex, Slice, SliceState, SourceObject};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::support::{commit, commit_all, open, run, segment, segment_id, slice, source_object};

const TOKEN: &str = "a token of the test";

struct Served {
    _folder: TempDir,
    catalog: Catalog,
    address: SocketAddr,
    stop: CancellationToken,
    server: JoinHandle<Result<(), Error>>,
}

async fn start() -> Served {
    let folder = tempfile::tempdir().expect("a folder");
    let catalog = open(folder.path()).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let stop = CancellationToken::new();
    let server = tokio::spawn(serve(listener, catalog.clone(), TOKEN.to_owned(), stop.clone()));
    Served { _folder: folder, catalog, address, stop, server }
}

async fn connect(served: &Served) -> RemoteCatalog {
    RemoteCatalog::connect(served.address, TOKEN).await.expect("the client connects")
}

#[tokio::test]
async fn another_process_sees_and_changes_the_same_catalog() {
    let served = start().await;
    let remote = connect(&served).await;
    let committed = remote.commit(commit(0)).await.expect("it is taken");
    commit_all(&served.catalog, 1..4).await;
    assert_eq!(committed.snapshot_id, 1);
    let (here, there) = (served.catalog.snapshot().await.expect("here"), remote.snapshot().await.expect("there"));
    assert_eq!((here.id, &here.segments), (there.id, &there.segments));
    assert_eq!(remote.source_objects().await.expect("there"), served.catalog.source_objects().await.expect("here"));
    assert_eq!(remote.status().await.expect("there"), served.catalog.status().await.expect("here"));
    let probe = |number| SourceProbe { url: source_object(number).url, identity: SourceIdentity::Sha256(source_object(number).sha256) };
    assert_eq!(remote.is_ingested(&[probe(9), probe(2)]).await.expect("an answer"), [false, true]);
    let content = [source_object(9).sha256, source_object(2).sha256];
    assert_eq!(remote.has_content(&content).await.expect("an answer"), [false, true]);
}

#[tokio::test]
async fn an_unchanged_snapshot_is_not_sent_again() {
    let served = start().await;
    let remote = connect(&served).await;
    let empty = remote.snapshot().await.expect("a snapshot");
    assert_eq!(empty.id, 0);
    remote.commit(commit(0)).await.expect("it is taken");
    let first = remote.snapshot().await.expect("a snapshot");
    assert!(Arc::ptr_eq(&first, &remote.snapshot().await.expect("a snapshot")));
    remote.commit(commit(1)).await.expect("it is taken");
    assert_eq!(remote.snapshot().await.expect("a snapshot").segments.values().flatten().count(), 4);
}

#[tokio::test]
async fn a_snapshot_and_a_list_of_many_chunks_arrive_whole() {
    let served = start().await;
    let source_objects = (0..2_500).map(source_object).collect();
    let large = Commit { added: (0..7_001).map(segment).collect(), source_objects, ..Commit::default() };
    served.catalog.commit(large).await.expect("it is taken");
    let remote = connect(&served).await;
    let (here, there) = (served.catalog.snapshot().await.expect("here"), remote.snapshot().await.expect("there"));
    assert_eq!(there.segments.values().flatten().count(), 7_001);
    assert_eq!(here.segments, there.segments);
    assert_eq!(remote.source_objects().await.expect("there").len(), 2_500);
}

#[tokio::test]
async fn a_commit_larger_than_grpc_usually_takes_is_taken() {
    let served = start().await;
    let remote = connect(&served).await;
    let added = (0..30_000).map(segment).collect();
    remote.commit(Commit { added, ..Commit::default() }).await.expect("it is taken");
    assert_eq!(remote.status().await.expect("a status").segments, 30_000);
}

#[tokio::test]
async fn a_refusal_is_the_same_error_on_the_other_side() {
    let served = start().await;
    let remote = connect(&served).await;
    let id = CommitId::generate();
    remote.commit_as(id, commit(0)).await.expect("it is taken");
    let lost_a_record = SourceObject { records: 12, ..source_object(5) };
    let cases = [
        (CommitId::generate(), Commit { source_objects: vec![source_object(0)], ..Commit::default() }),
        (CommitId::generate(), Commit { added: vec![segment(0)], ..Commit::default() }),
        (CommitId::generate(), Commit { removed: vec![segment_id(99)], ..Commit::default() }),
        (CommitId::generate(), Commit { source_objects: vec![lost_a_record], ..Commit::default() }),
        (id, commit(7)),
    ];
    let mut kinds = Vec::new();
    for (id, commit) in cases {
        let here = served.catalog.commit_as(id, commit.clone()).await.expect_err("it is refused here");
        let there = remote.commit_as(id, commit).await.expect_err("it is refused there");
        assert_eq!(format!("{here:?}"), format!("{there:?}"));
        kinds.push(std::mem::discriminant(&there));
    }
    kinds.dedup();
    assert_eq!(kinds.len(), 5, "five kinds of refusal");
    assert_eq!(remote.commit_as(id, commit(0)).await.expect("a retry is none").snapshot_id, 1);

    served.catalog.shutdown().await.expect("it stops");
    let error = remote.commit(commit(8)).await.expect_err("the catalog has stopped");
    assert!(matches!(error, Error::Stopped { .. }), "{error}");
}

#[tokio::test]
async fn a_wrong_token_is_refused() {
    let served = start().await;
    for token in ["", "another token", "a token of the tesT", "line\nbreak"] {
        let error = RemoteCatalog::connect(served.address, token).await.expect_err("it is the wrong one");
        assert_eq!(error.to_string(), format!("the catalog at {} does not accept this token", served.address));
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let error = RemoteCatalog::connect(address, TOKEN).await.expect_err("nobody is there");
    assert!(matches!(error, Error::Unreachable { .. }) && error.is_retryable(), "{error}");
    assert!(error.to_string().starts_with(&format!("the catalog at {address} cannot be reached: ")), "{error}");
    assert!(error.to_string().contains("Connection refused"), "{error}");
}

#[tokio::test]
async fn a_commit_outlives_a_restart_of_the_server() {
    let served = start().await;
    let remote = connect(&served).await;
    served.stop.cancel();
    served.server.await.expect("no panic").expect("it stops well");
    let again = TcpListener::bind(served.address).await.expect("the same port");
    let stop = CancellationToken::new();
    let committing = tokio::spawn({
        let remote = remote.clone();
        async move { remote.commit(commit(0)).await }
    });
    let server = tokio::spawn(serve(again, served.catalog.clone(), TOKEN.to_owned(), stop.clone()));
    assert_eq!(committing.await.expect("no panic").expect("it is taken").snapshot_id, 1);
    stop.cancel();
    server.await.expect("no panic").expect("it stops well");
}

#[tokio::test]
async fn the_catalog_is_served_on_loopback_and_with_a_token_only() {
    let folder = tempfile::tempdir().expect("a folder");
    let catalog = open(folder.path()).await;
    let open_to_all = TcpListener::bind("0.0.0.0:0").await.expect("a port");
    let error = serve(open_to_all, catalog.clone(), TOKEN.to_owned(), CancellationToken::new()).await.expect_err("it is open to all");
    assert!(error.to_string().ends_with("it is no loopback address, and the connection is not encrypted"), "{error}");
    let loopback = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let error = serve(loopback, catalog, String::new(), CancellationToken::new()).await.expect_err("there is no token");
    assert!(error.to_string().ends_with("there is no token"), "{error}");
}

#[tokio::test]
async fn runs_are_the_same_from_another_process() {
    let served = start().await;
    let (here, there) = (&served.catalog, connect(&served).await);
    commit_all(here, 0..2).await;
    let sql = "SELECT ".repeat(10_000);
    let mut long = run(1, 1);
    long.definition.sql = sql;
    there.create_run(long.clone()).await.expect("it is taken");
    for number in 2..120 {
        here.create_run(run(number, 2)).await.expect("it is taken");
    }
    let running = Run { state: RunState::Running, epoch: 3, ..long.clone() };
    assert_eq!(there.update_run(0, running.clone()).await.expect("it is taken"), Run { version: 1, ..running });
    there.put_slices(long.id, 3, (0..5).map(|number| slice(&long, number, SliceState::Planned)).collect()).await.expect("they are taken");
    here.commit(Commit { removed: vec![segment_id(0)], ..Commit::default() }).await.expect("it is taken");
    assert_eq!(there.run(long.id).await.expect("there"), here.run(long.id).await.expect("here"));
    assert_eq!(there.run(RunId::generate()).await.expect("there"), None);
    assert_eq!(there.runs().await.expect("there"), here.runs().await.expect("here"));
    assert_eq!(there.slices(long.id).await.expect("there").len(), 5);
    assert_eq!(there.kept_segments().await.expect("there"), here.kept_segments().await.expect("here"));
    let (old_here, old_there) = (here.snapshot_at(1).await.expect("here"), there.snapshot_at(1).await.expect("there"));
    assert_eq!((old_here.id, &old_here.segments), (old_there.id, &old_there.segments));
    assert_eq!(old_there.segments.values().flatten().count(), 2);
}

#[tokio::test]
async fn a_refusal_of_a_run_is_the_same_error_on_the_other_side() {
    let served = start().await;
    let (here, there) = (&served.catalog, connect(&served).await);
    let mut active = run(1, 0);
    active.definition.sql = "SELECT ".repeat(10_000);
    here.create_run(active.clone()).await.expect("it is taken");
    here.create_run(Run { state: RunState::Done, ..run(2, 0) }).await.expect("it is taken");
    here.put_slices(active.id, 0, vec![slice(&active, 0, SliceState::Skipped)]).await.expect("it is taken");
    let mut other = active.clone();
    other.definition.principal = "ben".to_owned();
    let planned = || vec![slice(&active, 0, SliceState::Planned)];
    let both: [&dyn CatalogClient; 2] = [here, &there];
    let mut errors: [Vec<Error>; 2] = [Vec::new(), Vec::new()];
    for (catalog, errors) in both.into_iter().zip(&mut errors) {
        errors.push(catalog.create_run(other.clone()).await.expect_err("another run has the id"));
        errors.push(catalog.create_run(run(3, 9)).await.expect_err("the snapshot is to come"));
        errors.push(catalog.update_run(0, run(3, 0)).await.expect_err("there is none"));
        errors.push(catalog.update_run(0, other.clone()).await.expect_err("definitions stay"));
        errors.push(catalog.update_run(4, active.clone()).await.expect_err("it is at another version"));
        errors.push(catalog.update_run(0, run(2, 0)).await.expect_err("it has ended"));
        errors.push(catalog.put_slices(active.id, 1, vec![Slice { attempts: 9, ..planned()[0].clone() }]).await.expect_err("stale"));
        errors.push(catalog.put_slices(active.id, 0, planned()).await.expect_err("it is skipped"));
        errors.push(catalog.delete_run(active.id).await.expect_err("it has not ended"));
        errors.push(catalog.snapshot_at(8).await.expect_err("it is to come"));
    }
    let [here, there] = errors.map(|errors| errors.iter().map(|error| format!("{error:?}")).collect::<Vec<_>>());
    assert_eq!(here, there);
}
