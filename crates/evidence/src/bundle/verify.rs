use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::folder::{Entry, is_safe, list};
use super::manifest::{FileEntry, Manifest};
use super::read::evidence_of;
use super::signature::{Check, Signature};
use super::{MANIFEST, Problem, RESULTS, SIGNATURE, Signer, Verification};
use crate::evidence::hash_file;
use crate::{Error, PublicKey, ResultData, RowsHasher, Sha256Digest};

/// Finds whatever was altered, taken away or added since a bundle was signed, and names the file.
///
/// Three questions, in this order: did somebody whom `trusted` names sign the manifest; is every file as the manifest says, and is there
/// none besides; and, if nothing was changed, does the bundle agree with itself (the rows' hash with the Parquet files, the digest,
/// the gaps and the conclusion with the facts)?
///
/// # Errors
///
/// [`Error::NotABundle`] if there is no such folder, [`Error::Io`] if it cannot be listed. What is wrong with a bundle is no error.
pub fn verify(folder: &Path, trusted: &[PublicKey]) -> Result<Verification, Error> {
    if !folder.is_dir() {
        return Err(Error::NotABundle { path: folder.to_owned() });
    }
    let entries = list(folder)?;
    let mut found = Verification { bundle_id: None, signer: Signer::Nobody, problems: Vec::new(), files: 0, bytes: 0 };
    let manifest = read_head(MANIFEST, &entries, &mut found);
    let signature = read_head(SIGNATURE, &entries, &mut found);
    found.bundle_id = manifest.as_deref().map(Sha256Digest::of);
    if let (Some(manifest), Some(signature)) = (&manifest, &signature) {
        check_signature(manifest, signature, trusted, &mut found);
    }
    match manifest.as_deref().map(Manifest::parse) {
        Some(Ok(manifest)) => {
            check_files(&manifest, &entries, &mut found);
            if found.problems.is_empty() {
                check_sense(folder, manifest, &mut found);
            }
        }
        // A manifest that was altered is named already.
        Some(Err(Error::Unreadable { file, reason })) if !found.problems.iter().any(|problem| problem.file() == MANIFEST) => {
            found.problems.push(Problem::Unreadable { file, reason });
        }
        Some(Err(_)) | None => {}
    }
    found.problems.sort();
    Ok(found)
}

/// The bytes of the manifest or its signature; if there are none, that is a problem.
fn read_head(name: &str, entries: &BTreeMap<String, Entry>, found: &mut Verification) -> Option<Vec<u8>> {
    let Some(Entry::File(path)) = entries.get(name) else {
        found.problems.push(Problem::Missing { file: name.to_owned() });
        return None;
    };
    match fs::read(path) {
        Ok(bytes) => {
            found.files += 1;
            found.bytes += bytes.len() as u64;
            Some(bytes)
        }
        Err(error) => {
            found.problems.push(Problem::Unreadable { file: name.to_owned(), reason: error.to_string() });
            None
        }
    }
}

fn check_signature(manifest: &[u8], signature: &[u8], trusted: &[PublicKey], found: &mut Verification) {
    let check = match Signature::parse(signature) {
        Ok(signature) => signature.check(manifest),
        Err(Error::Unreadable { file, reason }) => return found.problems.push(Problem::Altered { file, reason }),
        Err(error) => return found.problems.push(Problem::Altered { file: SIGNATURE.to_owned(), reason: error.to_string() }),
    };
    match check {
        Check::Signed(key) => found.signer = if trusted.contains(&key) { Signer::Trusted(key) } else { Signer::Unknown(key) },
        Check::SignatureAltered(reason) => {
            found.problems.push(Problem::Altered { file: SIGNATURE.to_owned(), reason: reason.to_owned() });
        }
        Check::ManifestAltered => {
            let reason = "it is not what was signed".to_owned();
            found.problems.push(Problem::Altered { file: MANIFEST.to_owned(), reason });
        }
    }
}

/// Every file as the manifest says, and none besides.
fn check_files(manifest: &Manifest, entries: &BTreeMap<String, Entry>, found: &mut Verification) {
    for (name, signed) in &manifest.files {
        match entries.get(name) {
            _ if !is_safe(name) || [MANIFEST, SIGNATURE].contains(&name.as_str()) => {
                let reason = format!("{name:?} cannot be the name of a file in a bundle");
                found.problems.push(Problem::Contradictory { file: MANIFEST.to_owned(), reason });
            }
            Some(Entry::File(path)) => check_file(name, path, signed, found),
            Some(Entry::Other) => {
                let reason = "it is a link or a device, not a file".to_owned();
                found.problems.push(Problem::Altered { file: name.clone(), reason });
            }
            Some(Entry::Folder | Entry::EmptyFolder) | None => found.problems.push(Problem::Missing { file: name.clone() }),
        }
    }
    for (name, entry) in entries {
        let is_signed = manifest.files.contains_key(name) || [MANIFEST, SIGNATURE].contains(&name.as_str());
        // A folder that something lies in is named by what lies in it.
        if *entry != Entry::Folder && !is_signed {
            found.problems.push(Problem::Additional { file: name.clone() });
        }
    }
}

fn check_file(name: &str, path: &Path, signed: &FileEntry, found: &mut Verification) {
    let file = name.to_owned();
    match hash_file(path) {
        Ok((bytes, sha256)) => {
            found.files += 1;
            found.bytes += bytes;
            if bytes != signed.bytes {
                let reason = format!("it has {bytes} bytes, and had {} when it was signed", signed.bytes);
                found.problems.push(Problem::Altered { file, reason });
            } else if sha256 != signed.sha256 {
                let reason = format!("its SHA-256 is {sha256}, and was {} when it was signed", signed.sha256);
                found.problems.push(Problem::Altered { file, reason });
            }
        }
        Err(error) => found.problems.push(Problem::Unreadable { file, reason: error.to_string() }),
    }
}

/// Whether the manifest says what follows from the files: it may have been signed by a program that is wrong.
fn check_sense(folder: &Path, manifest: Manifest, found: &mut Verification) {
    let mut contradict = |reason: String| found.problems.push(Problem::Contradictory { file: MANIFEST.to_owned(), reason });
    let evidence = match evidence_of(folder, manifest.clone()) {
        Ok(evidence) => evidence,
        Err(error) => return contradict(error.to_string()),
    };
    let said = Manifest::of(&evidence, manifest.files.clone());
    if said.evidence_digest != manifest.evidence_digest {
        contradict(format!("its evidence digest is {}, and the files' is {}", manifest.evidence_digest, said.evidence_digest));
    }
    if said.gaps != manifest.gaps
        || said.conclusion != manifest.conclusion
        || said.segments != manifest.segments
        || said.hunt != manifest.hunt
    {
        contradict("its gaps, conclusion, segments or hunt are not those of the files".to_owned());
    }
    if let Err(error) = check_results(folder, &manifest, &mut contradict) {
        contradict(error.to_string());
    }
}

fn check_results(folder: &Path, manifest: &Manifest, contradict: &mut impl FnMut(String)) -> Result<(), Error> {
    let mut hasher = RowsHasher::new();
    for result in &manifest.results {
        let name = format!("{RESULTS}/{}", result.name);
        // Only what is signed as a file is opened: its name cannot lead out of the bundle.
        if manifest.files.get(&name) != Some(&FileEntry { bytes: result.bytes, sha256: result.sha256 }) {
            contradict(format!("it says two things of {name}"));
            continue;
        }
        let rows = ResultData::Path(folder.join(&name)).push_rows(&result.name, &mut hasher)?;
        if rows != result.rows {
            contradict(format!("{name} has {rows} rows, and it says {}", result.rows));
        }
    }
    let files = manifest.files.keys().filter(|name| name.starts_with("results/")).count();
    if files != manifest.results.len() {
        contradict(format!("there are {files} files in results, and it names {} of the result", manifest.results.len()));
    }
    let rows = hasher.finish();
    if rows != manifest.rows {
        contradict(format!(
            "the result has {} rows of {}, and it says {} of {}",
            rows.rows, rows.sha256, manifest.rows.rows, manifest.rows.sha256
        ));
    }
    Ok(())
}
