//! A backup: one consistent copy of what the nodes agree on, in one file that can be kept anywhere.
//!
//! ```text
//! "coldtrail catalog backup\n"  | u32 length of the table of contents, little-endian | table of contents, JSON | its SHA-256
//! one part behind the other, as the table of contents lists them: zstd of `v1.ImageRecord`s with their lengths in front
//! ```
//!
//! The SHA-256 behind the table of contents is that of everything before it; the table has the SHA-256 of each part. So each byte is
//! covered by a checksum, and which part is damaged can be told.

use std::io;
use std::sync::Arc;

use coldtrail_model::{Document, SegmentId, Snapshot};
use coldtrail_proto::catalog::v1;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::Error;
use crate::contents::Contents;
use crate::image::{self, ImageError, Part, RecordReader, RecordWriter, State};
use crate::raft::LogId;
use crate::store::Identity;

mod restore;

pub use restore::{Restored, restore};
pub(crate) use restore::{is_unfinished, marker};

/// What every backup begins with.
const MAGIC: &[u8] = b"coldtrail catalog backup\n";

/// The format that is written. Frozen: what comes later is a new optional field, or another number.
pub const BACKUP_FORMAT: u32 = 1;

/// A longer table of contents is a sign of damage and is not allocated.
const TABLE_BYTES_MAX: usize = 1 << 20;

const LENGTH_BYTES: usize = 4;
const DIGEST_BYTES: usize = 32;

/// What a backup says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupAbout {
    /// The format of the file.
    pub format: u32,
    /// The cluster whose catalog it is.
    pub cluster_id: Uuid,
    /// The newest snapshot that it holds.
    pub snapshot_id: u64,
    /// When it was made, in milliseconds since 1970, UTC.
    pub taken_ms: i64,
    /// Where in the Raft log it stands.
    log: LogPlace,
    last_removal_id: u64,
    deleted_version_max: u64,
    parts: Vec<PartAbout>,
}

/// The last entry of the log that a backup covers: what comes after a restore must have higher numbers, since runs remember them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct LogPlace {
    term: u64,
    index: u64,
}

/// One part of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct PartAbout {
    name: String,
    records: u64,
    bytes: u64,
    sha256: String,
}

/// A backup that was read, and found to be whole.
///
/// It holds the visible segments and those that runs still read, the source objects, the runs with their slices, and every document
/// of the catalog: holds and their audit, retention, content, schedules, findings and conclusions. It holds no secret: users, tokens
/// and keys are files beside the configuration, and not in the catalog. It holds no rows and no results either: these lie in the lake.
#[derive(Debug, Clone)]
pub struct Backup {
    about: BackupAbout,
    contents: Contents,
}

impl Backup {
    /// Reads a backup. Every checksum and every count is compared before anything is given.
    ///
    /// # Errors
    ///
    /// [`Error::BackupDamaged`] names what is not as it was written, [`Error::BackupFormat`] a format of another version.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let (about, mut rest) = read_table(bytes)?;
        let mut contents = Contents::rebuild(about.snapshot_id, about.last_removal_id);
        contents.restore_deleted_version_max(about.deleted_version_max);
        let expected: Vec<&str> = Part::ALL.iter().map(|part| part.name()).collect();
        if !about.parts.iter().map(|part| part.name.as_str()).eq(expected) {
            return Err(damaged("its parts are not those of this format"));
        }
        let mut seen = v1::ImageEnd::default();
        for (part, told) in Part::ALL.into_iter().zip(&about.parts) {
            let length = usize::try_from(told.bytes).unwrap_or(usize::MAX);
            let (packed, behind) = rest.split_at_checked(length).ok_or_else(|| damaged(format!("it is cut off within {}", told.name)))?;
            if hex(&Sha256::digest(packed)) != told.sha256 {
                return Err(damaged(format!("the SHA-256 of its {} is another", told.name)));
            }
            read_part(&mut contents, part, told, packed, &mut seen)
                .map_err(|error| damaged(format!("its {} cannot be read: {error}", told.name)))?;
            rest = behind;
        }
        if !rest.is_empty() {
            return Err(damaged(format!("{} bytes follow behind its end", rest.len())));
        }
        Ok(Self { about, contents })
    }

    /// What it says of itself.
    pub fn about(&self) -> &BackupAbout {
        &self.about
    }

    /// The newest snapshot that it holds.
    pub fn snapshot(&self) -> Snapshot {
        self.contents.to_snapshot()
    }

    /// The documents of a kind.
    pub fn documents(&self, kind: &str) -> Vec<Arc<Document>> {
        self.contents.documents_of(kind).cloned().collect()
    }

    /// Every segment whose file it needs: the visible ones, and those that runs read.
    pub fn kept_segments(&self) -> Vec<SegmentId> {
        self.contents.kept_segments()
    }
}

impl BackupAbout {
    /// How many there are of each part, by its name.
    pub fn counts(&self) -> impl Iterator<Item = (&str, u64)> {
        self.parts.iter().map(|part| (part.name.as_str(), part.records))
    }
}

/// The backup of a state. Takes memory for all of it, packed.
pub(crate) fn encode(state: &State, identity: Identity, taken_ms: i64) -> io::Result<Vec<u8>> {
    let mut packed = Vec::new();
    let mut parts = Vec::new();
    for part in Part::ALL {
        let (mut records, mut writer) = (0, RecordWriter::new()?);
        for record in part.records(&state.contents) {
            writer.write(record)?;
            records += 1;
        }
        let bytes = writer.finish()?;
        let (name, sha256) = (part.name().to_owned(), hex(&Sha256::digest(&bytes)));
        parts.push(PartAbout { name, records, bytes: bytes.len() as u64, sha256 });
        packed.extend_from_slice(&bytes);
    }
    let about = BackupAbout {
        format: BACKUP_FORMAT,
        cluster_id: identity.cluster_id,
        snapshot_id: state.contents.snapshot_id(),
        taken_ms,
        log: state.last_applied.as_ref().map(place_of).unwrap_or_default(),
        last_removal_id: state.contents.last_removal_id(),
        deleted_version_max: state.contents.deleted_version_max(),
        parts,
    };
    let table = serde_json::to_vec(&about)?;
    let length = u32::try_from(table.len()).map_err(io::Error::other)?;
    let mut backup = [MAGIC, &length.to_le_bytes(), &table].concat();
    let digest = Sha256::digest(&backup);
    backup.extend_from_slice(&digest);
    backup.append(&mut packed);
    Ok(backup)
}

fn place_of(id: &LogId) -> LogPlace {
    LogPlace { term: id.committed_leader_id().term, index: id.index }
}

/// The table of contents, and what stands behind it.
fn read_table(bytes: &[u8]) -> Result<(BackupAbout, &[u8]), Error> {
    let cut = || damaged("it is cut off within its table of contents");
    let rest = bytes.strip_prefix(MAGIC).ok_or_else(|| damaged("it does not begin as a backup does; it is another file"))?;
    let (length, rest) = rest.split_first_chunk::<LENGTH_BYTES>().ok_or_else(cut)?;
    let length = u32::from_le_bytes(*length) as usize;
    if length > TABLE_BYTES_MAX {
        return Err(damaged("its table of contents has an impossible length"));
    }
    let (table, rest) = rest.split_at_checked(length).ok_or_else(cut)?;
    let (digest, rest) = rest.split_first_chunk::<DIGEST_BYTES>().ok_or_else(cut)?;
    let covered = &bytes[..MAGIC.len() + LENGTH_BYTES + length];
    if Sha256::digest(covered).as_slice() != digest {
        return Err(damaged("the SHA-256 of its table of contents is another"));
    }
    // Another format may have another table: only its number is looked at.
    #[derive(Deserialize)]
    struct Format {
        format: u32,
    }
    let unreadable = |error: serde_json::Error| damaged(format!("its table of contents cannot be read: {error}"));
    let Format { format } = serde_json::from_slice(table).map_err(unreadable)?;
    if format != BACKUP_FORMAT {
        return Err(Error::BackupFormat { format });
    }
    Ok((serde_json::from_slice(table).map_err(unreadable)?, rest))
}

fn read_part(contents: &mut Contents, part: Part, told: &PartAbout, packed: &[u8], seen: &mut v1::ImageEnd) -> Result<(), ImageError> {
    let mut reader = RecordReader::new(packed)?;
    for _ in 0..told.records {
        image::restore(contents, reader.read()?, seen)?;
    }
    if *part.count_in(seen) != told.records {
        return Err(ImageError::Torn("it holds records of another part"));
    }
    reader.end()
}

fn damaged(reason: impl Into<String>) -> Error {
    Error::BackupDamaged { reason: reason.into() }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string cannot fail");
        text
    })
}
