//! Documents: small named records that all nodes agree on.

use std::sync::Arc;

use coldtrail_catalog::{
    Catalog, CatalogClient, DOCUMENT_BYTES_MAX, DOCUMENT_CHANGES_BYTES_MAX, Error, RUN_LABEL_BYTES_MAX, RUN_LABELS_MAX, RemoteCatalog,
    serve,
};
use coldtrail_model::{Document, DocumentAction, DocumentChange, Run};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::cluster::Nodes;
use crate::support::{commit_all, open, run, whole_commits};

/// What another process would use.
async fn remote(catalog: &Catalog) -> RemoteCatalog {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(serve(listener, catalog.clone(), "a token".to_owned(), CancellationToken::new()));
    RemoteCatalog::connect(address, "a token").await.expect("it connects")
}

fn change(key: &str, expected_version: impl Into<Option<u64>>, action: DocumentAction) -> DocumentChange {
    let (kind, key, expected_version) = ("hunt_file".to_owned(), key.to_owned(), expected_version.into());
    DocumentChange { kind, key, expected_version, action, changed_ms: 1_770_000_000_000, changed_by: "ann".to_owned() }
}

fn put(key: &str, expected_version: impl Into<Option<u64>>, body: &str) -> DocumentChange {
    change(key, expected_version, DocumentAction::Put(body.as_bytes().to_vec()))
}

fn delete(key: &str, expected_version: impl Into<Option<u64>>) -> DocumentChange {
    change(key, expected_version, DocumentAction::Delete)
}

/// Each document as `key@version=body`.
fn texts<'a>(documents: impl IntoIterator<Item = &'a Document>) -> Vec<String> {
    let text = |document: &Document| format!("{}@{}={}", document.key, document.version, String::from_utf8_lossy(&document.body));
    documents.into_iter().map(text).collect()
}

/// Makes changes; what is stored then, or why not.
async fn make(catalog: &dyn CatalogClient, changes: Vec<DocumentChange>) -> Result<Vec<String>, String> {
    catalog.put_documents(changes).await.map(|stored| texts(&stored)).map_err(|error| error.to_string())
}

async fn listed(catalog: &dyn CatalogClient, kind: &str) -> Vec<String> {
    texts(catalog.documents(kind).await.expect("a list").iter().map(Arc::as_ref))
}

/// What every way to the catalog must do.
async fn conform(catalog: &dyn CatalogClient) {
    assert_eq!(listed(catalog, "hunt_file").await, [""; 0]);
    assert_eq!(catalog.document("hunt_file", "a").await.expect("an answer"), None);
    assert_eq!(make(catalog, vec![]).await.as_deref(), Ok(&[][..]));

    let first = vec![put("b", 0, "one"), put("a", None, "")];
    let of_other_kind = DocumentChange { kind: "finding".to_owned(), ..put("a", 0, "found") };
    assert_eq!(make(catalog, first.clone()).await, Ok(vec!["b@1=one".to_owned(), "a@1=".to_owned()]));
    assert_eq!(make(catalog, vec![of_other_kind]).await, Ok(vec!["a@1=found".to_owned()]));
    assert_eq!(make(catalog, first).await, Ok(vec!["b@1=one".to_owned(), "a@1=".to_owned()]), "a retry changes nothing");
    assert_eq!(listed(catalog, "hunt_file").await, ["a@1=", "b@1=one"], "in order of keys, and of this kind");
    let stored = catalog.document("finding", "a").await.expect("an answer").expect("it is there");
    let (changed_ms, changed_by) = (1_770_000_000_000, "ann".to_owned());
    let expected =
        Document { kind: "finding".to_owned(), key: "a".to_owned(), version: 1, body: b"found".to_vec(), changed_ms, changed_by };
    assert_eq!(stored, expected);

    let both = vec![put("a", 1, "two"), put("b", 5, "two")];
    assert_eq!(make(catalog, both).await, Err("hunt_file \"b\" was changed by another: it is at version 1 now".to_owned()));
    assert_eq!(make(catalog, vec![put("c", 1, "two")]).await, Err("hunt_file \"c\" was changed by another: it is not there".to_owned()));
    assert_eq!(listed(catalog, "hunt_file").await, ["a@1=", "b@1=one"], "all of them or none");

    let mixed = vec![put("c", None, "new"), delete("b", 1), put("a", 1, "two")];
    for _ in 0..2 {
        assert_eq!(make(catalog, mixed.clone()).await, Ok(vec!["c@1=new".to_owned(), "a@2=two".to_owned()]), "those that were put");
        assert_eq!(listed(catalog, "hunt_file").await, ["a@2=two", "c@1=new"]);
    }
    assert_eq!(make(catalog, vec![put("b", 0, "one")]).await, Ok(vec!["b@2=one".to_owned()]), "version 1 was another document");
    assert_eq!(make(catalog, vec![delete("a", None), delete("b", None), delete("c", 1), delete("d", 9)]).await, Ok(vec![]));
    assert_eq!(listed(catalog, "hunt_file").await, [""; 0]);
    assert_eq!(listed(catalog, "finding").await, ["a@1=found"]);
}

#[tokio::test]
async fn documents_are_made_replaced_and_deleted_in_this_process_as_its_only_node() {
    let folder = tempfile::tempdir().expect("a folder");
    conform(&open(folder.path()).await).await;
}

#[tokio::test]
async fn documents_are_made_replaced_and_deleted_from_another_process() {
    let folder = tempfile::tempdir().expect("a folder");
    conform(&remote(&open(folder.path()).await).await).await;
}

#[tokio::test]
async fn documents_are_made_replaced_and_deleted_on_a_node_that_does_not_lead_and_through_it() {
    for through_a_process in [false, true] {
        let nodes = Nodes::three().await;
        let follower = nodes.get((nodes.leader().await + 1) % 3);
        if through_a_process {
            conform(&remote(follower).await).await
        } else {
            conform(follower).await
        }
        for node in 0..3 {
            nodes.get(node).linearizable().await.expect("there is a leader");
            assert_eq!(listed(nodes.get(node), "finding").await, ["a@1=found"]);
        }
    }
}

#[tokio::test]
async fn a_refusal_is_the_same_error_on_the_other_side() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = open(folder.path()).await;
    make(&here, vec![put("a", 0, "one")]).await.expect("it is taken");
    let there = remote(&here).await;
    let body = |bytes| DocumentAction::Put(vec![b'x'; bytes]);
    let most = DOCUMENT_CHANGES_BYTES_MAX / DOCUMENT_BYTES_MAX;
    let cases = [
        (vec![put("a", 0, "two")], "hunt_file \"a\" was changed by another: it is at version 1 now"),
        (vec![delete("a", 2)], "hunt_file \"a\" was changed by another: it is at version 1 now"),
        (
            vec![change("b", None, body(DOCUMENT_BYTES_MAX + 1))],
            "hunt_file \"b\" has 1048577 bytes, and 1048576 are the most that a document can have; divide it",
        ),
        (vec![put("b", 0, "one"), delete("b", None)], "the documents cannot be changed like this: hunt_file \"b\" is in the change twice"),
        (
            vec![put("b\n", None, "")],
            "the documents cannot be changed like this: \"b\\n\" is not a key of a document (1 to 256 printable ASCII characters)",
        ),
        (
            vec![DocumentChange { kind: "Hunt".to_owned(), ..put("b", None, "") }],
            "the documents cannot be changed like this: \"Hunt\" is not a kind of documents (1 to 32 of a to z and _)",
        ),
        (
            vec![DocumentChange { changed_by: "a".repeat(257), ..put("b", None, "") }],
            "the documents cannot be changed like this: the name of who changed hunt_file \"b\" is longer than 256 bytes",
        ),
        (
            (0..most).map(|number| change(&format!("{number:02}"), None, body(DOCUMENT_BYTES_MAX))).collect(),
            "the documents cannot be changed like this: one change has 4194616 bytes, and 4194304 are the most; make several",
        ),
    ];
    for (changes, text) in cases {
        let (here, there) = (here.put_documents(changes.clone()).await, there.put_documents(changes).await);
        let (here, there) = (here.expect_err("it is refused here"), there.expect_err("it is refused there"));
        assert_eq!(format!("{here:?}"), format!("{there:?}"));
        assert_eq!(here.to_string(), text);
        assert!(!here.is_retryable());
    }
    assert_eq!(listed(&here, "hunt_file").await, ["a@1=one"]);
}

#[tokio::test]
async fn documents_are_there_after_a_restart_and_a_version_is_never_given_twice() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut catalog = open(folder.path()).await;
    make(&catalog, vec![put("b", None, "one"), put("a", None, "one")]).await.expect("it is taken");
    for version in 1..5 {
        make(&catalog, vec![put("b", version, &format!("body {version}"))]).await.expect("it is taken");
    }
    make(&catalog, vec![delete("b", 5)]).await.expect("it is there");
    for from_image in [false, true] {
        catalog.shutdown().await.expect("it stops");
        catalog = open(folder.path()).await;
        assert_eq!(listed(&catalog, "hunt_file").await, ["a@1=one"], "from an image: {from_image}");
        catalog.write_image().await.expect("an image");
    }
    let stale = make(&catalog, vec![put("b", 5, "what was seen before it was deleted")]).await;
    assert_eq!(stale, Err("hunt_file \"b\" was changed by another: it is not there".to_owned()));
    assert_eq!(make(&catalog, vec![put("b", 0, "again")]).await, Ok(vec!["b@6=again".to_owned()]));
}

#[tokio::test]
async fn a_change_that_is_sent_again_after_another_one_is_told_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let catalog = open(folder.path()).await;
    make(&catalog, vec![put("a", 0, "one")]).await.expect("it is taken");
    make(&catalog, vec![put("a", 1, "two")]).await.expect("it is taken");
    let same_body = DocumentChange { changed_by: "ben".to_owned(), ..put("a", 1, "two") };
    let error = catalog.put_documents(vec![same_body.clone()]).await.expect_err("ben did not make it");
    assert!(matches!(error, Error::DocumentChanged { version: 2, .. }), "{error}");
    let by_ben = catalog.put_documents(vec![DocumentChange { expected_version: None, ..same_body }]).await.expect("it is taken");
    assert_eq!((by_ben[0].version, by_ben[0].changed_by.as_str()), (3, "ben"));
    let error = catalog.put_documents(vec![put("a", 1, "two")]).await.expect_err("it is another by now");
    assert!(matches!(error, Error::DocumentChanged { version: 3, .. }), "{error}");
}

#[tokio::test]
async fn documents_of_many_chunks_arrive_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = open(folder.path()).await;
    let small = (0..2_500).map(|number| put(&format!("small {number:04}"), 0, "x")).collect();
    let large = (0..15_u8).map(|number| change(&format!("large {number:02}"), 0, DocumentAction::Put(vec![number; DOCUMENT_BYTES_MAX])));
    let there = remote(&here).await;
    there.put_documents(small).await.expect("they are taken");
    for change in large {
        there.put_documents(vec![change]).await.expect("it is taken");
    }
    let list = there.documents("hunt_file").await.expect("a list");
    assert_eq!(list.len(), 2_515);
    assert!(list == here.documents("hunt_file").await.expect("a list"), "they are the same on both sides");
    let one = there.document("hunt_file", "large 07").await.expect("an answer").expect("it is there");
    assert!(one.body == vec![7; DOCUMENT_BYTES_MAX]);
}

#[tokio::test]
async fn the_largest_change_reaches_every_node_and_a_new_one_gets_it_with_the_image_of_another() {
    let mut nodes = Nodes::three().await;
    let most = u8::try_from(DOCUMENT_CHANGES_BYTES_MAX / DOCUMENT_BYTES_MAX).expect("few") - 1;
    let large = |number: u8| change(&format!("large {number}"), 0, DocumentAction::Put(vec![number; DOCUMENT_BYTES_MAX]));
    nodes.get(0).put_documents((0..most).map(large).collect()).await.expect("they are taken");
    make(nodes.get(1), vec![put("gone", 0, "one")]).await.expect("it is taken");
    make(nodes.get(1), vec![put("gone", 1, "two")]).await.expect("it is taken");
    make(nodes.get(2), vec![delete("gone", 2), put("kept", 0, "one")]).await.expect("it is taken");
    nodes.stop(2).await;
    nodes.wipe(2);
    // More than is kept in the log.
    commit_all(nodes.get(0), 0..50).await;
    nodes.get(0).write_image().await.expect("an image");
    nodes.get(1).write_image().await.expect("an image");
    nodes.start(2).await;
    nodes.get(2).linearizable().await.expect("there is a leader");
    assert_eq!(whole_commits(nodes.get(2)).await.len(), 50);
    let (new, old) =
        (nodes.get(2).documents("hunt_file").await.expect("a list"), nodes.get(0).documents("hunt_file").await.expect("a list"));
    assert_eq!(new.len(), usize::from(most) + 1);
    assert!(new == old, "they are the same on both nodes");
    let from_the_new_node = make(nodes.get(2), vec![put("gone", 0, "again")]).await;
    assert_eq!(from_the_new_node, Ok(vec!["gone@3=again".to_owned()]), "the image says which versions were given");
}

#[tokio::test]
async fn of_two_nodes_that_change_the_same_document_one_wins_and_the_other_is_told() {
    let nodes = Nodes::three().await;
    make(nodes.get(0), vec![put("a", 0, "one")]).await.expect("it is taken");
    let (first, second) = (vec![put("a", 1, "from node 1")], vec![put("a", 1, "from node 2")]);
    let (first, second) = tokio::join!(nodes.get(1).put_documents(first), nodes.get(2).put_documents(second));
    let (won, lost) = match (first, second) {
        (Ok(won), Err(lost)) | (Err(lost), Ok(won)) => (won, lost),
        other => panic!("one wins: {other:?}"),
    };
    assert!(matches!(lost, Error::DocumentChanged { version: 2, .. }), "{lost}");
    for node in 0..3 {
        nodes.get(node).linearizable().await.expect("there is a leader");
        assert_eq!(nodes.get(node).document("hunt_file", "a").await.expect("an answer").as_ref(), won.first());
    }
}

#[tokio::test]
async fn a_run_keeps_its_labels_and_can_have_so_many_and_no_more() {
    let folder = tempfile::tempdir().expect("a folder");
    let catalog = open(folder.path()).await;
    let there = remote(&catalog).await;
    let labelled = |number, labels: Vec<(String, String)>| {
        let mut run = run(number, 0);
        run.definition.labels = labels.into_iter().collect();
        run
    };
    let many = |count| (0..count).map(|number| (format!("label {number:02}"), "x".to_owned())).collect::<Vec<_>>();
    let long = |bytes| vec![("name".to_owned(), "v".repeat(bytes - 4))];
    let taken = [labelled(1, many(RUN_LABELS_MAX)), labelled(2, long(RUN_LABEL_BYTES_MAX)), labelled(3, vec![])];
    for run in &taken {
        there.create_run(run.clone()).await.expect("it is taken");
        there.create_run(run.clone()).await.expect("a retry is none");
    }
    let refused = [
        (labelled(4, many(RUN_LABELS_MAX + 1)), "the run is not valid: it has 65 labels, and 64 are the most"),
        (labelled(4, long(RUN_LABEL_BYTES_MAX + 1)), "the run is not valid: its label \"name\" has 4097 bytes, and 4096 are the most"),
        (labelled(4, vec![(String::new(), "x".to_owned())]), "the run is not valid: one of its labels has no name"),
    ];
    for (run, text) in refused {
        let (here, there) = (catalog.create_run(run.clone()).await, there.create_run(run).await);
        assert_eq!(here.expect_err("it is refused here").to_string(), text);
        assert_eq!(there.expect_err("it is refused there").to_string(), text);
    }
    let error = catalog.create_run(labelled(1, many(2))).await.expect_err("labels are part of what was asked for");
    assert!(matches!(error, Error::RunExists { .. }), "{error}");
    catalog.write_image().await.expect("an image");
    catalog.shutdown().await.expect("it stops");
    let found: Vec<Run> = open(folder.path()).await.runs().await.expect("a list").iter().rev().map(|run| run.as_ref().clone()).collect();
    assert_eq!(found, taken);
}
