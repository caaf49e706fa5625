//! Refusals as errors.

use crate::Error;
use crate::raft::Refusal;

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::AlreadyIngested { url } => Self::AlreadyIngested { url },
            Refusal::ContentKnown { url } => Self::ContentKnown { url },
            Refusal::SegmentExists { segment } => Self::SegmentExists { segment },
            Refusal::SegmentUnknown { segment } => Self::SegmentUnknown { segment },
            Refusal::CommitIdReused { id } => Self::CommitIdReused { id },
            Refusal::RunExists { run } => Self::RunExists { run },
            Refusal::RunUnknown { run } => Self::RunUnknown { run },
            Refusal::RunChanged { run } => Self::RunChanged { run },
            Refusal::RunEnded { run, state } => Self::RunEnded { run, state },
            Refusal::RunActive { run, state } => Self::RunActive { run, state },
            Refusal::StaleEpoch { epoch, current } => Self::StaleEpoch { epoch, current },
            Refusal::SliceEnded { run, number } => Self::SliceEnded { run, number },
            Refusal::SnapshotGone { snapshot_id, oldest, newest } => Self::SnapshotGone { snapshot_id, oldest, newest },
            Refusal::TooManyRuns => Self::TooManyRuns,
            Refusal::RunInvalid { reason } => Self::RunInvalid { reason },
            Refusal::DocumentChanged { kind, key, version } => Self::DocumentChanged { kind, key, version },
            Refusal::DocumentTooLarge { kind, key, bytes } => Self::DocumentTooLarge { kind, key, bytes },
            Refusal::DocumentInvalid { reason } => Self::DocumentInvalid { reason },
            Refusal::TooManyDocuments => Self::TooManyDocuments,
            Refusal::TooManyDocumentBytes => Self::TooManyDocumentBytes,
        }
    }
}
