use std::fs;
use std::path::Path;

use super::manifest::Manifest;
use super::{MANIFEST, members};
use crate::{Error, Evidence, Sha256Digest};

/// A bundle as it was read, whoever signed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// Its id: SHA-256 of its manifest.
    pub id: Sha256Digest,
    /// What it says.
    pub evidence: Evidence,
}

/// Reads what a bundle says. Believe it only after [`crate::verify`]: this trusts every byte.
///
/// # Errors
///
/// [`Error::NotABundle`] if there is no manifest; [`Error::Unreadable`] names the file that cannot be understood.
pub fn read(folder: &Path) -> Result<Bundle, Error> {
    let path = folder.join(MANIFEST);
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {
            return Err(Error::NotABundle { path: folder.to_owned() });
        }
        Err(source) => return Err(Error::io("read", &path, source)),
    };
    let evidence = evidence_of(folder, Manifest::parse(&bytes)?)?;
    Ok(Bundle { id: Sha256Digest::of(&bytes), evidence })
}

/// The evidence that a manifest and the files next to it say. Digest and conclusion are made anew.
pub(super) fn evidence_of(folder: &Path, manifest: Manifest) -> Result<Evidence, Error> {
    let (results, rows) = (manifest.results.clone(), manifest.rows);
    let facts = members::to_facts(manifest, |name| {
        let path = folder.join(name);
        fs::read(&path).map_err(|source| Error::io("read", &path, source))
    })?;
    Evidence::new(facts, results, rows)
}
