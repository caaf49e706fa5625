//! Received batches on disk, each a file whose name says all that is to be known of it.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use coldtrail_catalog::{SourceIdentity, SourceProbe};
use coldtrail_ingest::{Marks, SourceChoice, SourceFile};
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use tokio::sync::watch;
use tokio::task::spawn_blocking;

use super::receipt::{Outcome, Taken};
use super::{Batch, digest};
use crate::Error;

/// What the name of a batch ends with.
const SUFFIX: &str = ".batch";

/// What the name of a file ends with that holds the marks of a batch, beside it.
const MARKS_SUFFIX: &str = "marks";

/// What the name of a file under way ends with.
const UNFINISHED: &str = ".unfinished";

/// How many batches are written at the same time; the same batch never twice.
const WRITERS: usize = 16;

/// A batch, its names and its times.
pub(crate) struct Portion {
    batch: Batch,
    name: [u8; 32],
    sha256: [u8; 32],
    written_ms: i64,
}

impl Portion {
    /// The name is of the content, of what the sender said of it and of the key; not of when it came.
    pub(crate) fn new(batch: Batch, key: Option<&str>, now_ms: i64) -> Self {
        let time = batch.time_ms.map(i64::to_le_bytes);
        let time: &[u8] = time.as_ref().map_or(&[], |time| time);
        let mut parts: Vec<&[u8]> = vec![choice_name(batch.choice).as_bytes(), key.unwrap_or_default().as_bytes(), time, &batch.content];
        // Batches without marks are named as they were before there were marks.
        if !batch.marks.is_empty() {
            parts.push(batch.marks.account.as_deref().unwrap_or_default().as_bytes());
            parts.extend(batch.marks.labels.iter().map(String::as_bytes));
        }
        let name = digest(&parts);
        let sha256 = Sha256::digest(&batch.content).into();
        Self { name, sha256, written_ms: batch.time_ms.unwrap_or(now_ms), batch }
    }

    pub(crate) fn probe(&self) -> SourceProbe {
        SourceProbe { url: url_of(&self.name), identity: SourceIdentity::Sha256(self.sha256) }
    }
}

/// The marks as they are kept; nothing without any.
fn marks_text(marks: &Marks) -> Option<String> {
    if marks.is_empty() { None } else { serde_json::to_string(marks).ok() }
}

fn url_of(name: &[u8; 32]) -> String {
    format!("push://listener/{}", hex::encode(name))
}

fn choice_name(choice: SourceChoice) -> &'static str {
    match choice {
        SourceChoice::Auto => "auto",
        SourceChoice::Named(source) => source.name(),
    }
}

/// A batch in the spool.
#[derive(Debug, Clone)]
pub(super) struct Spooled {
    name: [u8; 32],
    file: PathBuf,
    bytes: u64,
    written_ms: i64,
    choice: SourceChoice,
    marks: Marks,
    since: Instant,
    pub(super) sha256: [u8; 32],
    /// True if an earlier process left it: it may be committed already.
    pub(super) is_replayed: bool,
}

impl Spooled {
    pub(super) fn url(&self) -> String {
        url_of(&self.name)
    }

    pub(super) fn probe(&self) -> SourceProbe {
        SourceProbe { url: self.url(), identity: SourceIdentity::Sha256(self.sha256) }
    }

    pub(super) fn to_source_file(&self) -> SourceFile {
        SourceFile::received(self.url(), self.file.clone(), self.bytes, self.written_ms, self.choice).with_marks(self.marks.clone())
    }
}

pub(super) struct Spool {
    folder: PathBuf,
    bytes_max: u64,
    pending: Mutex<Pending>,
    writing: [tokio::sync::Mutex<()>; WRITERS],
}

#[derive(Default)]
struct Pending {
    batches: HashMap<[u8; 32], (Spooled, watch::Sender<Option<Taken>>)>,
    /// Bytes of the batches, and of those that are being written.
    bytes: u64,
}

impl Spool {
    pub(super) async fn open(folder: PathBuf, bytes_max: u64) -> Result<Self, Error> {
        let place = folder.clone();
        let found = spawn_blocking(move || read_folder(&place)).await.unwrap_or_else(|stopped| Err(io::Error::other(stopped)));
        let found = found.map_err(|source| Error::Spool { action: "open", path: folder.clone(), source })?;
        let mut pending = Pending::default();
        for batch in found {
            pending.bytes += batch.bytes;
            if let Some((double, _)) = pending.batches.insert(batch.name, (batch, watch::Sender::new(None))) {
                pending.bytes -= double.bytes;
            }
        }
        Ok(Self { folder, bytes_max, pending: Mutex::new(pending), writing: Default::default() })
    }

    /// Writes a batch durably, if it is not there; gives what says when it is committed, and whether it was there.
    pub(super) async fn keep(&self, portion: Portion) -> Result<(Outcome, bool), Error> {
        let _turn = self.writing[usize::from(portion.name[0]) % WRITERS].lock().await;
        let bytes = portion.batch.content.len() as u64;
        {
            let mut pending = self.pending.lock();
            if let Some((_, committed)) = pending.batches.get(&portion.name) {
                return Ok((committed.subscribe(), true));
            }
            if pending.bytes.saturating_add(bytes) > self.bytes_max {
                return Err(Error::SpoolFull { bytes: pending.bytes, limit: self.bytes_max });
            }
            pending.bytes += bytes;
        }
        let reserved = Reserved { spool: self, bytes };
        let choice = portion.batch.choice;
        let file = self.folder.join(format!("{}.{}.{}{SUFFIX}", hex::encode(portion.name), choice_name(choice), portion.written_ms));
        let (path, content, marks) = (file.clone(), portion.batch.content, portion.batch.marks);
        let text = marks_text(&marks);
        let written = spawn_blocking(move || {
            // A batch is never there without its marks.
            text.map_or(Ok(()), |text| write_durably(&path.with_extension(MARKS_SUFFIX), text.as_bytes()))?;
            write_durably(&path, &content)
        });
        let written = written.await;
        let written = written.unwrap_or_else(|stopped| Err(io::Error::other(stopped)));
        written.map_err(|source| Error::Spool { action: "write to", path: file.clone(), source })?;
        std::mem::forget(reserved);
        let (name, sha256, written_ms) = (portion.name, portion.sha256, portion.written_ms);
        let batch = Spooled { name, file, bytes, written_ms, choice, marks, since: Instant::now(), sha256, is_replayed: false };
        let (sender, receiver) = watch::channel(None);
        self.pending.lock().batches.insert(name, (batch, sender));
        Ok((receiver, false))
    }

    /// Everything that waits, the oldest first.
    pub(super) fn waiting(&self) -> Vec<Spooled> {
        let mut waiting: Vec<Spooled> = self.pending.lock().batches.values().map(|(batch, _)| batch.clone()).collect();
        waiting.sort_by_key(|batch| (batch.since, batch.name));
        waiting
    }

    /// How many bytes of them there are: without what is still being written.
    pub(super) fn waiting_bytes(&self) -> u64 {
        self.pending.lock().batches.values().map(|(batch, _)| batch.bytes).sum()
    }

    /// Forgets a batch that is committed, and tells those who wait for it what became of it.
    pub(super) async fn release(&self, batch: &Spooled, taken: Taken) -> Result<(), Error> {
        // The marks go last: without their batch they are nothing, and are deleted when the spool is opened.
        let marks = (!batch.marks.is_empty()).then(|| batch.file.with_extension(MARKS_SUFFIX));
        for file in [Some(batch.file.clone()), marks].into_iter().flatten() {
            match tokio::fs::remove_file(&file).await {
                Err(source) if source.kind() != io::ErrorKind::NotFound => {
                    return Err(Error::Spool { action: "delete from", path: file, source });
                }
                _ => {}
            }
        }
        let mut pending = self.pending.lock();
        if let Some((batch, committed)) = pending.batches.remove(&batch.name) {
            pending.bytes -= batch.bytes;
            committed.send_replace(Some(taken));
        }
        Ok(())
    }

    pub(super) fn bytes(&self) -> u64 {
        self.pending.lock().bytes
    }

    /// When the oldest batch came.
    pub(super) fn oldest(&self) -> Option<Instant> {
        self.pending.lock().batches.values().map(|(batch, _)| batch.since).min()
    }
}

/// Room in the spool for a batch that is being written; given back if it is not.
struct Reserved<'a> {
    spool: &'a Spool,
    bytes: u64,
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        self.spool.pending.lock().bytes -= self.bytes;
    }
}

fn read_folder(folder: &Path) -> io::Result<Vec<Spooled>> {
    make_private(folder)?;
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let Some(name) = entry.file_name().to_str().map(str::to_owned) else { continue };
        if name.ends_with(UNFINISHED) {
            // Nobody was told that it was received.
            fs::remove_file(entry.path())?;
        } else if let Some((name, choice, written_ms)) = parse(&name) {
            let content = fs::read(entry.path())?;
            let (bytes, sha256) = (content.len() as u64, Sha256::digest(&content).into());
            let marks = read_marks(&entry.path().with_extension(MARKS_SUFFIX))?;
            found.push(Spooled {
                name,
                file: entry.path(),
                bytes,
                written_ms,
                choice,
                marks,
                since: Instant::now(),
                sha256,
                is_replayed: true,
            });
        } else if entry.path().extension().is_some_and(|end| end == MARKS_SUFFIX) && !entry.path().with_extension(&SUFFIX[1..]).exists() {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(found)
}

fn read_marks(file: &Path) -> io::Result<Marks> {
    match fs::read(file) {
        Ok(text) => {
            serde_json::from_slice(&text).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, format!("its marks: {error}")))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Marks::default()),
        Err(error) => Err(error),
    }
}

/// Takes a file's name apart. A source that is not there any more is told from the content.
fn parse(name: &str) -> Option<([u8; 32], SourceChoice, i64)> {
    let mut parts = name.strip_suffix(SUFFIX)?.splitn(3, '.');
    let (hash, choice, written_ms) = (parts.next()?, parts.next()?, parts.next()?);
    let hash = hex::decode(hash).ok()?.try_into().ok()?;
    Some((hash, choice.parse().unwrap_or(SourceChoice::Auto), written_ms.parse().ok()?))
}

/// Makes the folder so that only this user sees what is in it.
fn make_private(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// Afterwards the file is there in full also after a power cut, or not at all.
fn write_durably(path: &Path, content: &[u8]) -> io::Result<()> {
    let unfinished = path.with_extension(format!("{}{UNFINISHED}", uuid::Uuid::now_v7()));
    let written = File::create_new(&unfinished).and_then(|mut file| {
        file.write_all(content)?;
        file.sync_all()
    });
    let written = written.and_then(|()| fs::rename(&unfinished, path)).and_then(|()| flush_folder(path));
    if written.is_err() {
        drop(fs::remove_file(&unfinished));
    }
    written
}

/// Flushes the entry of a file in its folder. Only Unix can; elsewhere the file system is trusted.
fn flush_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) if cfg!(unix) => File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}
