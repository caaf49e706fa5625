//! What a run leaves for an auditor: bundle, signature, verification, report.
//!
//! Never runs a query. Its only I/O is the folder of a bundle, and the Parquet files that go into it.
//!
//! ```text
//! Facts + result files ─► Contents ─► Evidence ─► report.html, report.md
//!                            │            │
//!                            └── write ───┴─► folder: manifest.json, signature.json, … ─► verify, read ─► compare
//! ```
//!
//! Read in this order: [`Facts`] is all that is known of a run, [`Contents`] adds the files of its result, [`Evidence`] what follows
//! from both (hashes, and a [`Conclusion`]); [`write()`] signs and writes it as a folder, [`verify`] finds whatever was changed since,
//! [`compare`] says how two runs differ. [`hunt_kpis`] counts over many runs. The format is described in `docs/evidence.md`.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may fail where it stands"))]

mod digest;
mod error;

mod coverage;
mod facts;
mod finding;
mod verdict;

mod canonical;
mod evidence;
mod evidence_digest;
mod result_writer;
mod rows;

mod conclusion;

mod bundle;
mod key;

mod compare;
mod kpi;
mod report;

pub use bundle::{Bundle, FileEntry, HuntHead, Manifest, Problem, SegmentTotals, Signer, Verification, Written, read, verify, write};
pub use canonical::canonical_json;
pub use compare::{Difference, Differences, compare};
pub use conclusion::{Answer, Conclusion, conclude};
pub use coverage::{Coverage, CoverageCell, Gap, UnreadableSegment, Window};
pub use digest::Sha256Digest;
pub use error::Error;
pub use evidence::{Contents, Evidence, ResultData, ResultFile, ResultHash};
pub use evidence_digest::{Member, evidence_digest, evidence_members};
pub use facts::{
    Facts, HuntRecord, PinnedSnapshot, RunRecord, Searched, SegmentRead, SliceOutcome, SliceRecord, SliceRows, Technique, TimelineBin,
    Versions,
};
pub use finding::{Entity, Finding, Judgement, Severity};
pub use key::{PublicKey, SigningKey};
pub use kpi::{DetectionMade, FindingFact, Kpis, MonthlyHunts, Ratio, RunFact, hunt_kpis};
pub use report::{report_html, report_markdown};
pub use result_writer::ResultWriter;
pub use rows::{RowsDigest, RowsHasher, rows_sha256};
pub use verdict::{IndicatorStatus, IndicatorVerdict};
