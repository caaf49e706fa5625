//! Files of a local lake that survive a power cut once they are written.
//!
//! `object_store` renames a finished file into its place but flushes neither the file nor its folder, so after a power cut the
//! catalog could name a file that is empty or gone. Here the order is: write under a staged name, flush the file, rename,
//! flush the folder.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// What a staged name ends with: `object_store` takes such a name for an upload under way and does not list it, and no other
/// engine takes it for Parquet.
pub(crate) const STAGED_SUFFIX: &str = "#1";

/// Writes a whole new file so that it is there in full or not at all.
pub(crate) fn write_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "a file needs a folder"))?;
    create_folders(folder)?;
    let staged = staged_path(path);
    let written = write_staged(&staged, bytes).and_then(|()| fs::rename(&staged, path)).and_then(|()| flush_folder(folder));
    if written.is_err() {
        // Whatever is left would only take space; the error that matters is the first one.
        drop(fs::remove_file(&staged));
        drop(fs::remove_file(path));
    }
    written
}

/// Writes a whole file in the place of the one that is there, if any: whoever reads sees the old one or the new one.
pub(crate) fn replace_file(path: &Path, staged: &Path, bytes: &[u8]) -> io::Result<()> {
    stage_beside(path, staged, bytes, |staged| fs::rename(staged, path))
}

/// Writes a whole new file unless there is one: then it fails with [`io::ErrorKind::AlreadyExists`] and leaves that as it is.
pub(crate) fn create_file(path: &Path, staged: &Path, bytes: &[u8]) -> io::Result<()> {
    // A rename would take the place of what is there; a link does not.
    stage_beside(path, staged, bytes, |staged| fs::hard_link(staged, path).and_then(|()| fs::remove_file(staged)))
}

fn stage_beside(path: &Path, staged: &Path, bytes: &[u8], place: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
    let folder = path.parent().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "a file needs a folder"))?;
    create_folders(folder)?;
    let written = write_staged(staged, bytes).and_then(|()| place(staged)).and_then(|()| flush_folder(folder));
    if written.is_err() {
        // Whatever is left would only take space; the error that matters is the first one.
        drop(fs::remove_file(staged));
    }
    written
}

/// Makes a folder and those above it, each durable in the one above.
pub(crate) fn create_folders(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(above) = folder.parent() {
        create_folders(above)?;
        match fs::create_dir(folder) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => {}
            other => other?,
        }
        flush_folder(above)?;
    }
    Ok(())
}

fn staged_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(STAGED_SUFFIX);
    PathBuf::from(name)
}

fn write_staged(staged: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create_new(staged)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Flushes the entries of a folder. Only Unix can; elsewhere the file system is trusted.
fn flush_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}
