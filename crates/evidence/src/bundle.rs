//! A bundle: evidence as a folder of files, which a signature holds together.

mod folder;
mod manifest;
mod members;
mod read;
mod signature;
mod verification;
mod verify;
mod write;

pub use manifest::{FileEntry, HuntHead, Manifest, SegmentTotals};
pub use read::{Bundle, read};
pub use verification::{Problem, Signer, Verification};
pub use verify::verify;
pub use write::{Written, write};

/// The file that names and hashes all others.
const MANIFEST: &str = "manifest.json";
/// The file that signs the manifest.
const SIGNATURE: &str = "signature.json";
/// The folder of result files.
const RESULTS: &str = "results";
