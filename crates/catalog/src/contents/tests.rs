use coldtrail_model::Commit;

use super::{Contents, RECENT_COMMITS_MAX};
use crate::CommitId;
use crate::raft::{ProposedCommit, Refusal};

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

fn id(number: u128) -> CommitId {
    CommitId::from_bytes(number.to_be_bytes())
}

fn empty_commit(number: u128, digest: u8) -> ProposedCommit {
    ProposedCommit { id: id(number), digest: [digest; 32], commit: Commit::default() }
}
