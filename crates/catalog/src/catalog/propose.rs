//! What is done to a commit before it enters the log.

use std::collections::HashSet;

use coldtrail_model::{Commit, Run, RunId, SegmentMeta, Slice, SourceObject};
use coldtrail_proto::catalog::v1;
use prost::Message;
use sha2::{Digest, Sha256};

use crate::raft::ProposedCommit;
use crate::{CommitId, Error, RUN_LABEL_BYTES_MAX, RUN_LABELS_MAX};

/// How much of the name of a label that is too long is shown, in characters.
const LABEL_NAME_SHOWN: usize = 64;

/// Refuses a commit that no state of the catalog could accept.
pub(super) fn validate(commit: &Commit) -> Result<(), Error> {
    commit.added.iter().try_for_each(validate_segment)?;
    commit.source_objects.iter().try_for_each(validate_source_object)?;
    let mut segments = HashSet::new();
    let ids = commit.added.iter().map(|segment| &segment.id).chain(&commit.removed);
    for id in ids {
        if !segments.insert(id) {
            return refuse(format!("segment {id} is in it twice"));
        }
    }
    let mut objects = HashSet::new();
    for object in &commit.source_objects {
        if !objects.insert((&object.url, &object.sha256)) {
            return refuse(format!("{} is in it twice", object.url));
        }
    }
    Ok(())
}

/// Refuses a run with more or longer labels than can be.
pub(super) fn validate_run(run: &Run) -> Result<(), Error> {
    let labels = &run.definition.labels;
    let invalid = |reason| Err(Error::RunInvalid { reason });
    if labels.len() > RUN_LABELS_MAX {
        return invalid(format!("it has {} labels, and {RUN_LABELS_MAX} are the most", labels.len()));
    }
    for (name, value) in labels {
        if name.is_empty() {
            return invalid("one of its labels has no name".to_owned());
        }
        let bytes = name.len() + value.len();
        if bytes > RUN_LABEL_BYTES_MAX {
            let name: String = name.chars().take(LABEL_NAME_SHOWN).collect();
            return invalid(format!("its label {name:?} has {bytes} bytes, and {RUN_LABEL_BYTES_MAX} are the most"));
        }
    }
    Ok(())
}

/// Refuses slices that are not of this run, or the same one twice.
pub(super) fn validate_slices(run: RunId, slices: &[Slice]) -> Result<(), Error> {
    let mut numbers = HashSet::new();
    for slice in slices {
        if slice.run != run {
            return Err(Error::RunInvalid { reason: format!("slice {} belongs to run {}, not to run {run}", slice.number, slice.run) });
        }
        if !numbers.insert(slice.number) {
            return Err(Error::RunInvalid { reason: format!("slice {} is in it twice", slice.number) });
        }
    }
    Ok(())
}

/// Adds the digest that tells a retry from an id that is used twice.
pub(super) fn seal(id: CommitId, commit: Commit) -> ProposedCommit {
    let encoded = v1::Commit::from(&commit).encode_to_vec();
    let digest = Sha256::digest(&encoded).into();
    ProposedCommit { id, digest, commit }
}

fn validate_segment(segment: &SegmentMeta) -> Result<(), Error> {
    if segment.path.is_empty() {
        return refuse(format!("segment {} has no path", segment.id));
    }
    if segment.time.start_ms > segment.time.end_ms {
        return refuse(format!("segment {} ends before it starts", segment.id));
    }
    Ok(())
}

fn validate_source_object(object: &SourceObject) -> Result<(), Error> {
    let SourceObject { url, records, events, rejects, .. } = object;
    if url.is_empty() {
        return refuse("a source object has no URL".to_owned());
    }
    if events.checked_add(*rejects) != Some(*records) {
        return refuse(format!("{url} has {records} records, but {events} events and {rejects} rejects"));
    }
    Ok(())
}

fn refuse(reason: String) -> Result<(), Error> {
    Err(Error::CommitInvalid { reason })
}
