use std::collections::BTreeMap;
use std::fmt;

use coldtrail_model::format_ms;
use serde::{Deserialize, Serialize};

use crate::{Error, Evidence, SegmentRead, evidence_members};

/// How many segments a difference names; the others are counted.
const NAMED_MAX: usize = 20;

/// How a repetition differs from the run it repeats.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Differences {
    /// What differs though it should not: each is covered by the evidence digest.
    pub evidence: Vec<Difference>,
    /// What may differ: people, clocks, machines, versions.
    pub circumstances: Vec<Difference>,
}

/// Something that two runs do not have in common.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// What.
    pub what: String,
    /// What the first says.
    pub first: String,
    /// What the second says.
    pub second: String,
}

impl Differences {
    /// True if the second run says the same as the first, over the same data.
    pub fn is_same_evidence(&self) -> bool {
        self.evidence.is_empty()
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} / {}", self.what, self.first, self.second)
    }
}

/// Compares a run with its repetition: both read from bundles, or the second just made with [`Evidence::of`].
///
/// # Errors
///
/// As [`crate::evidence_digest`].
pub fn compare(first: &Evidence, second: &Evidence) -> Result<Differences, Error> {
    let mut evidence = Vec::new();
    let members = evidence_members(&first.facts, &first.rows)?.into_iter().zip(evidence_members(&second.facts, &second.rows)?);
    for (a, b) in members {
        if a.lines == b.lines {
            continue;
        }
        if a.name == "segment" {
            evidence.extend(segment_differences(&first.facts.segments, &second.facts.segments));
        } else {
            evidence.push(line_difference(a.name, &a.lines, &b.lines));
        }
    }
    Ok(Differences { evidence, circumstances: circumstances(first, second) })
}

/// Lines that only one of both has.
fn line_difference(name: &str, first: &[Vec<u8>], second: &[Vec<u8>]) -> Difference {
    let only = |these: &[Vec<u8>], those: &[Vec<u8>]| {
        let lines: Vec<&Vec<u8>> = these.iter().filter(|line| those.binary_search(line).is_err()).collect();
        if lines.is_empty() {
            return format!("{} lines", these.len());
        }
        listed(lines.into_iter().map(|line| String::from_utf8_lossy(line).into_owned()))
    };
    Difference { what: name.to_owned(), first: only(first, second), second: only(second, first) }
}

fn segment_differences(first: &[SegmentRead], second: &[SegmentRead]) -> Vec<Difference> {
    let by_path = |segments: &[SegmentRead]| -> BTreeMap<String, SegmentRead> {
        segments.iter().map(|segment| (segment.path.clone(), segment.clone())).collect()
    };
    let (first_by_path, second_by_path) = (by_path(first), by_path(second));
    let only = |these: &BTreeMap<String, SegmentRead>, those: &BTreeMap<String, SegmentRead>| {
        these.keys().filter(|path| !those.contains_key(*path)).cloned().collect::<Vec<_>>()
    };
    let (only_first, only_second) = (only(&first_by_path, &second_by_path), only(&second_by_path, &first_by_path));
    let mut differences = Vec::new();
    if !only_first.is_empty() || !only_second.is_empty() {
        let what = "segments that only one has read".to_owned();
        differences.push(Difference { what, first: listed(only_first), second: listed(only_second) });
    }
    let changed: Vec<(&SegmentRead, &SegmentRead)> =
        first_by_path.values().filter_map(|a| second_by_path.get(&a.path).filter(|b| *b != a).map(|b| (a, b))).collect();
    if !changed.is_empty() {
        let text = |segment: &SegmentRead| format!("{} ({} rows, {} bytes, {})", segment.path, segment.rows, segment.bytes, segment.sha256);
        differences.push(Difference {
            what: "segments that were changed".to_owned(),
            first: listed(changed.iter().map(|(a, _)| text(a))),
            second: listed(changed.iter().map(|(_, b)| text(b))),
        });
    }
    if differences.is_empty() {
        // The same segments, but not equally often.
        let what = "segments".to_owned();
        differences.push(Difference { what, first: format!("{} read", first.len()), second: format!("{} read", second.len()) });
    }
    differences
}

fn circumstances(first: &Evidence, second: &Evidence) -> Vec<Difference> {
    let time = |time_ms: Option<i64>| time_ms.map_or_else(|| "never".to_owned(), format_ms);
    let facts = |evidence: &Evidence| -> Vec<(&'static str, String)> {
        let (facts, run) = (&evidence.facts, &evidence.facts.run);
        let attempts: u64 = facts.slices.iter().map(|slice| u64::from(slice.attempts)).sum();
        let others = &facts.versions.others;
        vec![
            ("run", run.id.clone()),
            ("owner", run.owner.clone()),
            ("submitted", format_ms(run.submitted_ms)),
            ("started", time(run.started_ms)),
            ("finished", time(run.finished_ms)),
            ("slices", facts.slices.len().to_string()),
            ("attempts", attempts.to_string()),
            ("coldtrail", facts.versions.coldtrail.clone()),
            ("ocsf", facts.versions.ocsf.clone()),
            ("datafusion", facts.versions.datafusion.clone()),
            ("other versions", others.iter().map(|(name, version)| format!("{name} {version}")).collect::<Vec<_>>().join(", ")),
            ("plan", crate::Sha256Digest::of(facts.plan.as_bytes()).to_string()),
            ("findings", facts.findings.len().to_string()),
            ("result files", evidence.results.len().to_string()),
        ]
    };
    let pairs = facts(first).into_iter().zip(facts(second));
    pairs
        .filter(|(first, second)| first != second)
        .map(|((what, first), (_, second))| Difference { what: what.to_owned(), first, second })
        .collect()
}

/// The first of these, and how many more there are.
fn listed(items: impl IntoIterator<Item = String>) -> String {
    let items: Vec<String> = items.into_iter().collect();
    let more = items.len().saturating_sub(NAMED_MAX);
    let named = items.into_iter().take(NAMED_MAX).collect::<Vec<_>>().join(", ");
    match (named.is_empty(), more) {
        (true, _) => "none".to_owned(),
        (false, 0) => named,
        (false, more) => format!("{named} and {more} more"),
    }
}
