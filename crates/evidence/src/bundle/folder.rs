//! What lies in a folder, as names with `/` between the parts.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::Error;

/// What a name in a folder stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry {
    /// A file of its own.
    File(PathBuf),
    /// A folder with something in it.
    Folder,
    /// A folder with nothing in it.
    EmptyFolder,
    /// A link or a device: what it leads to lies outside of the bundle.
    Other,
}

/// Everything in a folder and the folders in it; links are not followed.
pub(super) fn list(root: &Path) -> Result<BTreeMap<String, Entry>, Error> {
    let mut entries = BTreeMap::new();
    list_into(root, "", &mut entries)?;
    Ok(entries)
}

/// Adds what is in `folder`, and says how much that is.
fn list_into(folder: &Path, prefix: &str, entries: &mut BTreeMap<String, Entry>) -> Result<usize, Error> {
    let io = |source| Error::io("list", folder, source);
    let mut count = 0;
    for entry in fs::read_dir(folder).map_err(io)? {
        let entry = entry.map_err(io)?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        let kind = entry.file_type().map_err(io)?;
        count += 1;
        let found = if kind.is_dir() {
            let inside = list_into(&entry.path(), &format!("{name}/"), entries)?;
            if inside == 0 { Entry::EmptyFolder } else { Entry::Folder }
        } else if kind.is_file() {
            Entry::File(entry.path())
        } else {
            Entry::Other
        };
        insert(entries, name, found);
    }
    Ok(count)
}

/// Two names that are no UTF-8 may look the same: neither is lost.
fn insert(entries: &mut BTreeMap<String, Entry>, mut name: String, entry: Entry) {
    while entries.contains_key(&name) {
        name.push('\u{fffd}');
    }
    entries.insert(name, entry);
}

/// True for a name that can only be a file within the bundle.
pub(super) fn is_safe(name: &str) -> bool {
    !name.is_empty() && name.split('/').all(is_safe_part)
}

/// True for letters, digits, `-`, `_` and `.`, not `.` first.
pub(super) fn is_safe_part(part: &str) -> bool {
    let is_safe = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    !part.is_empty() && !part.starts_with('.') && part.bytes().all(is_safe)
}
