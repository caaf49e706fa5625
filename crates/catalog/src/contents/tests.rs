use std::collections::BTreeMap;

use coldtrail_model::{Commit, DocumentAction, DocumentChange, Run, RunDefinition, RunId, RunState};

use super::{Contents, RECENT_COMMITS_MAX};
use crate::raft::{ProposedCommit, Refusal};
use crate::{CommitId, DOCUMENTS_BYTES_MAX, DOCUMENTS_MAX, RUNS_MAX};

#[test]
fn only_the_newest_commits_are_remembered_so_that_memory_is_bounded() {
    let mut contents = Contents::default();
    for number in 0..RECENT_COMMITS_MAX as u128 + 5 {
        (contents, _) = contents.apply(empty_commit(number, 0)).expect("it changes nothing and is taken");
    }
    let remembered: Vec<CommitId> = contents.recent_commits().map(|commit| commit.id).collect();
    assert_eq!(remembered.len(), RECENT_COMMITS_MAX);
    assert_eq!((remembered[0], contents.recent.ages.len()), (id(5), RECENT_COMMITS_MAX));

    assert!(contents.apply(empty_commit(4, 1)).is_ok(), "a forgotten id is as good as new");
    let refusal = contents.apply(empty_commit(5, 1)).map(|_| ());
    assert_eq!(refusal, Err(Refusal::CommitIdReused { id: id(5) }));
}

#[test]
fn so_many_ended_runs_are_kept_and_no_more() {
    let mut contents = Contents::default();
    for number in 0..RUNS_MAX as u128 {
        contents = contents.create_run(run(number, RunState::Done)).expect("there is room");
    }
    let one_more = run(u128::MAX, RunState::Queued);
    assert_eq!(contents.create_run(one_more.clone()).map(|_| ()), Err(Refusal::TooManyRuns));
    assert!(contents.create_run(run(7, RunState::Queued)).is_ok(), "a retry is answered as the first time");
    let contents = contents.delete_run(run(7, RunState::Done).id).expect("it has ended");
    assert!(contents.create_run(one_more).is_ok());
}

#[test]
fn so_many_documents_are_kept_and_no_more() {
    let put = |key: &str, action| DocumentChange {
        kind: "finding".to_owned(),
        key: key.to_owned(),
        expected_version: None,
        action,
        changed_ms: 0,
        changed_by: String::new(),
    };
    let body = |body: &str| DocumentAction::Put(body.into());
    let (mut contents, _) = Contents::default().put_documents(vec![put("a", body("one"))]).expect("there is room");
    let (count, bytes) = (contents.documents.count, contents.documents.bytes);

    contents.documents.count = DOCUMENTS_MAX;
    let refused = |contents: &Contents, changes| contents.put_documents(changes).map(|_| ()).expect_err("there is no room");
    assert_eq!(refused(&contents, vec![put("b", body(""))]), Refusal::TooManyDocuments);
    assert!(contents.put_documents(vec![put("a", body("longer"))]).is_ok(), "there are no more than before");
    assert!(contents.put_documents(vec![put("b", body("")), put("a", DocumentAction::Delete)]).is_ok(), "one goes for the other");

    (contents.documents.count, contents.documents.bytes) = (count, DOCUMENTS_BYTES_MAX);
    assert_eq!(refused(&contents, vec![put("a", body("longer"))]), Refusal::TooManyDocumentBytes);
    assert!(contents.put_documents(vec![put("a", body("1"))]).is_ok(), "it is shorter than before");

    contents.documents.bytes = bytes;
    let (contents, _) = contents.put_documents(vec![put("a", DocumentAction::Delete)]).expect("it is there");
    assert_eq!((contents.documents.count, contents.documents.bytes, contents.all_documents().count()), (0, 0, 0));
}

fn run(number: u128, state: RunState) -> Run {
    let definition = RunDefinition {
        sql: "SELECT 1".to_owned(),
        title: None,
        principal: "ann".to_owned(),
        submitted_ms: 0,
        snapshot_id: 0,
        priority: 0,
        deadline_ms: None,
        bytes_max: None,
        parallelism: 1,
        labels: BTreeMap::new(),
    };
    let id = RunId::from_bytes(number.to_be_bytes());
    Run { id, definition, state, plan: None, epoch: 0, version: 0, message: None, started_ms: None, ended_ms: None }
}

fn id(number: u128) -> CommitId {
    CommitId::from_bytes(number.to_be_bytes())
}

fn empty_commit(number: u128, digest: u8) -> ProposedCommit {
    ProposedCommit { id: id(number), digest: [digest; 32], commit: Commit::default() }
}
