use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::folder::is_safe_part;
use super::manifest::{FileEntry, Manifest};
use super::signature::Signature;
use super::{MANIFEST, RESULTS, SIGNATURE, members};
use crate::evidence::{hash_reader, open};
use crate::{Contents, Error, Evidence, ResultData, ResultHash, Sha256Digest, SigningKey, canonical_json, report_html, report_markdown};

/// What [`write()`] wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The bundle's id: SHA-256 of its manifest.
    pub bundle_id: Sha256Digest,
    /// What the bundle says.
    pub evidence: Evidence,
}

/// Writes a bundle: a folder that appears at `folder` whole and signed, or not at all.
///
/// It is written next to it, as `.NAME.partial`, and then renamed; what an earlier attempt left there is removed.
///
/// # Errors
///
/// [`Error::Exists`] if something is at `folder`; names of result files that cannot be; whatever [`Evidence::of`] refuses; a disk that
/// is full.
pub fn write(folder: &Path, contents: &Contents, key: &SigningKey) -> Result<Written, Error> {
    check_names(contents)?;
    if fs::symlink_metadata(folder).is_ok() {
        return Err(Error::Exists { path: folder.to_owned() });
    }
    let evidence = Evidence::of(contents)?;
    let partial = partial_path(folder)?;
    if partial.exists() {
        fs::remove_dir_all(&partial).map_err(|source| Error::io("remove", &partial, source))?;
    }
    let results = partial.join(RESULTS);
    fs::create_dir_all(if contents.results.is_empty() { &partial } else { &results })
        .map_err(|source| Error::io("make", &partial, source))?;
    let files = write_files(&partial, contents, &evidence)?;
    let manifest = canonical_json(&Manifest::of(&evidence, files))?;
    write_file(&partial.join(MANIFEST), &manifest)?;
    write_file(&partial.join(SIGNATURE), &Signature::sign(&manifest, key).to_bytes()?)?;
    if !contents.results.is_empty() {
        sync_folder(&results)?;
    }
    sync_folder(&partial)?;
    fs::rename(&partial, folder).map_err(|source| Error::io("make", folder, source))?;
    sync_folder(parent(folder))?;
    Ok(Written { bundle_id: Sha256Digest::of(&manifest), evidence })
}

fn check_names(contents: &Contents) -> Result<(), Error> {
    let mut names = BTreeSet::new();
    for file in &contents.results {
        let error = |reason| Error::ResultName { name: file.name.clone(), reason };
        if !is_safe_part(&file.name) {
            return Err(error("only letters, digits, -, _ and . can be in it, and . not first"));
        }
        // Some file systems do not tell capitals.
        if !names.insert(file.name.to_ascii_lowercase()) {
            return Err(error("another result file has it"));
        }
    }
    Ok(())
}

fn parent(folder: &Path) -> &Path {
    match folder.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn partial_path(folder: &Path) -> Result<PathBuf, Error> {
    let name = folder.file_name().ok_or_else(|| Error::NotABundle { path: folder.to_owned() })?;
    let mut partial = OsString::from(".");
    partial.push(name);
    partial.push(".partial");
    Ok(parent(folder).join(partial))
}

fn write_files(root: &Path, contents: &Contents, evidence: &Evidence) -> Result<BTreeMap<String, FileEntry>, Error> {
    let mut files = BTreeMap::new();
    let mut texts = members::of_facts(&evidence.facts)?;
    texts.push(("report.html", report_html(evidence).into_bytes()));
    texts.push(("report.md", report_markdown(evidence).into_bytes()));
    for (name, bytes) in texts {
        write_file(&root.join(name), &bytes)?;
        files.insert(name.to_owned(), FileEntry { bytes: bytes.len() as u64, sha256: Sha256Digest::of(&bytes) });
    }
    for (file, hashed) in contents.results.iter().zip(&evidence.results) {
        let entry = copy_result(&root.join(RESULTS).join(&file.name), &file.data, hashed)?;
        files.insert(format!("{RESULTS}/{}", file.name), entry);
    }
    Ok(files)
}

fn write_file(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let write = || {
        let mut file = File::create_new(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(|source| Error::io("write", path, source))
}

/// Copies a result file, and sees that its bytes are still those that were hashed.
fn copy_result(path: &Path, data: &ResultData, hashed: &ResultHash) -> Result<FileEntry, Error> {
    let from = match data {
        ResultData::Bytes(bytes) => {
            write_file(path, bytes)?;
            return Ok(FileEntry { bytes: hashed.bytes, sha256: hashed.sha256 });
        }
        ResultData::Path(from) => from,
    };
    let mut source = open(from)?;
    let mut target = File::create_new(path).map_err(|source| Error::io("write", path, source))?;
    let copied = hash_reader(&mut source, |bytes| target.write_all(bytes)).and_then(|copied| target.sync_all().map(|()| copied));
    let (bytes, sha256) = copied.map_err(|source| Error::io("copy", from, source))?;
    if sha256 != hashed.sha256 {
        return Err(Error::Unreadable { file: hashed.name.clone(), reason: "it was changed while evidence was made of it".to_owned() });
    }
    Ok(FileEntry { bytes, sha256 })
}

/// Makes the names in a folder last through a loss of power; only Unix needs and knows it.
fn sync_folder(folder: &Path) -> Result<(), Error> {
    if cfg!(unix) {
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(|source| Error::io("write", folder, source))?;
    }
    Ok(())
}
