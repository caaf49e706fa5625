use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::facts::{PinnedSnapshot, RunRecord, Searched, Technique, TimelineBin, Versions};
use crate::{Conclusion, Error, Evidence, Gap, ResultHash, RowsDigest, Sha256Digest};

/// What kind of file a manifest is.
const FORMAT: &str = "coldtrail evidence bundle";
/// The version of the format that this code writes, and the only one that it reads.
const VERSION: u32 = 1;

/// `manifest.json`: what a bundle says, and which files say the rest.
///
/// Written as canonical JSON; its bytes are what is signed, and their SHA-256 is the bundle's id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Always `coldtrail evidence bundle`.
    pub format: String,
    /// Always 1.
    pub version: u32,
    /// The run.
    pub run: RunRecord,
    /// The hunt, if it ran one; its text is `hunt.yaml`.
    pub hunt: Option<HuntHead>,
    /// The hunt's parameters.
    pub parameters: BTreeMap<String, String>,
    /// What ran it.
    pub versions: Versions,
    /// The snapshot that it read.
    pub snapshot: PinnedSnapshot,
    /// How many segments were read, their rows and bytes; they are named in `segments.jsonl`.
    pub segments: SegmentTotals,
    /// How many segments pruning left out, by reason.
    pub skipped: BTreeMap<String, u64>,
    /// The events that the answer is about.
    pub searched: Vec<Searched>,
    /// Days without events where there should be some.
    pub gaps: Vec<Gap>,
    /// Whether a rule made findings of the rows.
    pub rows_are_judged: bool,
    /// Hits over time.
    pub timeline: Vec<TimelineBin>,
    /// The result's files.
    pub results: Vec<ResultHash>,
    /// The rows of all of them.
    pub rows: RowsDigest,
    /// What does not depend on attempts and clocks.
    pub evidence_digest: Sha256Digest,
    /// What can be concluded.
    pub conclusion: Conclusion,
    /// Who made the bundle.
    pub made_by: String,
    /// When.
    pub made_ms: i64,
    /// The id of the bundle that this is a repetition of.
    pub previous: Option<Sha256Digest>,
    /// Every file of the bundle but the manifest and its signature, by name.
    pub files: BTreeMap<String, FileEntry>,
}

/// A file of a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// Its size.
    pub bytes: u64,
    /// SHA-256 of the file.
    pub sha256: Sha256Digest,
}

/// What the manifest says of a hunt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HuntHead {
    /// Its name for machines.
    pub id: String,
    /// Its name for people.
    pub title: String,
    /// What it supposes.
    pub hypothesis: String,
    /// The techniques that it looks for.
    pub techniques: Vec<Technique>,
    /// SHA-256 of the hunt file.
    pub sha256: Sha256Digest,
}

/// The segments that were read, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SegmentTotals {
    /// How many.
    pub segments: u64,
    /// Their rows.
    pub rows: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Manifest {
    /// The manifest of this evidence, with these files.
    pub(crate) fn of(evidence: &Evidence, files: BTreeMap<String, FileEntry>) -> Self {
        let facts = &evidence.facts;
        Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            run: facts.run.clone(),
            hunt: facts.hunt.as_ref().map(|hunt| HuntHead {
                id: hunt.id.clone(),
                title: hunt.title.clone(),
                hypothesis: hunt.hypothesis.clone(),
                techniques: hunt.techniques.clone(),
                sha256: Sha256Digest::of(hunt.text.as_bytes()),
            }),
            parameters: facts.parameters.clone(),
            versions: facts.versions.clone(),
            snapshot: facts.snapshot,
            segments: SegmentTotals::of(evidence),
            skipped: facts.skipped.clone(),
            searched: facts.searched.clone(),
            gaps: facts.coverage.gaps(),
            rows_are_judged: facts.rows_are_judged,
            timeline: facts.timeline.clone(),
            results: evidence.results.clone(),
            rows: evidence.rows,
            evidence_digest: evidence.evidence_digest,
            conclusion: evidence.conclusion.clone(),
            made_by: facts.made_by.clone(),
            made_ms: facts.made_ms,
            previous: facts.previous,
            files,
        }
    }

    /// Reads a manifest.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let unreadable = |reason: String| Error::Unreadable { file: super::MANIFEST.to_owned(), reason };
        let manifest: serde_json::Value = serde_json::from_slice(bytes).map_err(|error| unreadable(error.to_string()))?;
        if manifest["format"] != FORMAT {
            return Err(unreadable("it is not the manifest of an evidence bundle".to_owned()));
        }
        if manifest["version"] != VERSION {
            return Err(unreadable(format!(
                "version {} of the format is not known; this reader knows version {VERSION}",
                manifest["version"]
            )));
        }
        serde_json::from_value(manifest).map_err(|error| unreadable(error.to_string()))
    }
}

impl SegmentTotals {
    fn of(evidence: &Evidence) -> Self {
        evidence.facts.segments.iter().fold(Self::default(), |sum, segment| Self {
            segments: sum.segments + 1,
            rows: sum.rows.saturating_add(segment.rows),
            bytes: sum.bytes.saturating_add(segment.bytes),
        })
    }
}
