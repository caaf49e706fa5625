use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::{Error, Facts, RowsDigest, Sha256Digest, canonical_json};

/// What the digest begins with: another list of members must begin otherwise.
const DOMAIN: &[u8] = b"coldtrail evidence digest 1\n";

/// One hash over what a run was asked, over which data, and what it answered: the same for a run that was never disturbed, for one that
/// was resumed on another machine, and for an exact repetition.
///
/// Covered: `sql`, `parameters`, the SHA-256 of the hunt file, the snapshot, every segment read (path, table, rows, bytes, SHA-256),
/// the number of segments left out by each reason, the state in which the run ended, the ranges of time without an answer, the events
/// searched, the coverage (window and cells; of unreadable segments path, table and rows), the indicators' verdicts, and the rows.
///
/// Not covered, because they depend on people, machines or clocks: who asked and when, names and ids, attempts, how the run was divided
/// into slices, messages, versions, the plan's text, and findings with their judgements (they are made of the rows by the hunt file, and
/// both are covered).
///
/// # Errors
///
/// None in practice: all members have canonical JSON.
pub fn evidence_digest(facts: &Facts, rows: &RowsDigest) -> Result<Sha256Digest, Error> {
    let mut hasher = Sha256::new_with_prefix(DOMAIN);
    for member in evidence_members(facts, rows)? {
        for line in &member.lines {
            hasher.update(member.name.as_bytes());
            hasher.update(b" ");
            hasher.update(line);
            hasher.update(b"\n");
        }
    }
    Ok(Sha256Digest(hasher.finalize().into()))
}

/// Something that [`evidence_digest`] covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its name, which every line begins with when it is hashed.
    pub name: &'static str,
    /// What it says, as canonical JSON: one line for each thing, sorted.
    pub lines: Vec<Vec<u8>>,
}

/// The members that [`evidence_digest`] covers, in its order.
///
/// # Errors
///
/// As [`evidence_digest`].
pub fn evidence_members(facts: &Facts, rows: &RowsDigest) -> Result<Vec<Member>, Error> {
    let hunt = facts.hunt.as_ref().map(|hunt| Sha256Digest::of(hunt.text.as_bytes()));
    let unreadable = facts.coverage.unreadable.iter().map(|segment| (&segment.path, &segment.table, segment.rows));
    Ok(vec![
        member("sql", [&facts.sql])?,
        member("parameters", [&facts.parameters])?,
        member("hunt", [hunt])?,
        member("snapshot", [facts.snapshot])?,
        member("segment", &facts.segments)?,
        member("skipped", [&facts.skipped])?,
        member("state", [facts.run.state.name()])?,
        member("unanswered", facts.unanswered())?,
        member("searched", &facts.searched)?,
        member("window", [facts.coverage.window])?,
        member("coverage", &facts.coverage.cells)?,
        member("unreadable", unreadable)?,
        member("verdict", &facts.verdicts)?,
        member("rows", [rows])?,
    ])
}

fn member<T: Serialize>(name: &'static str, values: impl IntoIterator<Item = T>) -> Result<Member, Error> {
    let mut lines = values.into_iter().map(|value| canonical_json(&value)).collect::<Result<Vec<_>, _>>()?;
    lines.sort_unstable();
    Ok(Member { name, lines })
}
