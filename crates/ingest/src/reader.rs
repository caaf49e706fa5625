//! Reads one object: hashes it as stored, inflates it, tells its source, and cuts it into events and rejects.

use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use coldtrail_normalize::{Batch, Compression, Inflater, Normalizer, Options, Source, detect};
use futures::stream::{BoxStream, StreamExt};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use crate::SourceChoice;

/// How many plain bytes are needed to tell the source.
const HEAD_BYTES: usize = 64 << 10;

/// How many plain bytes are normalised at a time: few enough to stay in a core's cache.
const NORMALIZE_BYTES: usize = 64 << 10;

/// How many pieces and batches wait between the threads.
const WAITING_MAX: usize = 4;

/// What reading an object gives, in order; the last is `Done` or `Failed`.
#[derive(Debug)]
pub enum ReadOutcome {
    /// Events and rejects, with the source that they were read as.
    Batch(Source, Batch),
    /// The object was read to its end.
    Done {
        /// SHA-256 of the object as stored.
        sha256: [u8; 32],
        /// The source it was read as; nothing if the object is empty.
        source: Option<Source>,
        /// Bytes after decompression.
        bytes_plain: u64,
    },
    /// The object cannot be read; nothing of it may be kept.
    Failed {
        /// Why, and the way out.
        reason: String,
    },
}

/// Reads an object in threads of its own. Dropping the receiver ends them.
pub(crate) fn start_reading(
    name: String,
    bytes: BoxStream<'static, Result<Bytes, String>>,
    choice: SourceChoice,
    options: Options,
) -> mpsc::Receiver<ReadOutcome> {
    let (piece_sender, piece_receiver) = mpsc::channel(WAITING_MAX);
    let (sender, receiver) = mpsc::channel(WAITING_MAX);
    tokio::spawn(forward(bytes, piece_sender));
    tokio::task::spawn_blocking(move || {
        let mut pieces = piece_receiver;
        let mut next = || pieces.blocking_recv();
        let _ = Reader::new(name, choice, options).run(&mut next, &mut |outcome| sender.blocking_send(outcome).is_ok());
    });
    receiver
}

async fn forward(mut bytes: BoxStream<'static, Result<Bytes, String>>, pieces: mpsc::Sender<Result<Bytes, String>>) {
    while let Some(piece) = bytes.next().await {
        if pieces.send(piece).await.is_err() {
            return;
        }
    }
}

/// Reads an object in this thread: `next` gives its stored bytes, `emit` takes what comes out and says whether to go on.
pub fn read_plain(
    name: &str,
    choice: SourceChoice,
    options: Options,
    next: &mut dyn FnMut() -> Option<Result<Bytes, String>>,
    emit: &mut dyn FnMut(ReadOutcome) -> bool,
) {
    let _ = Reader::new(name.to_owned(), choice, options).run(next, emit);
}

struct Reader {
    name: String,
    choice: SourceChoice,
    options: Options,
    hasher: Sha256,
    inflater: Option<Inflater>,
    normalizer: Option<(Source, Normalizer)>,
    /// Plain bytes that were not normalised yet.
    plain: Vec<u8>,
    bytes_plain: u64,
}

/// When a file was last written; what is no file is written while it is read.
fn written_ms(name: &str) -> Option<i64> {
    let modified = std::fs::metadata(name).and_then(|metadata| metadata.modified()).unwrap_or_else(|_| SystemTime::now());
    modified.duration_since(UNIX_EPOCH).ok().and_then(|since| i64::try_from(since.as_millis()).ok())
}

/// The receiver is gone.
struct Gone;

impl Reader {
    fn new(name: String, choice: SourceChoice, mut options: Options) -> Self {
        options.written_ms = options.written_ms.or_else(|| written_ms(&name));
        Self { name, choice, options, hasher: Sha256::new(), inflater: None, normalizer: None, plain: Vec::new(), bytes_plain: 0 }
    }

    fn run(
        mut self,
        next: &mut dyn FnMut() -> Option<Result<Bytes, String>>,
        emit: &mut dyn FnMut(ReadOutcome) -> bool,
    ) -> Result<(), Gone> {
        let mut damage = None;
        while let Some(piece) = next() {
            let piece = match piece {
                Ok(piece) => piece,
                Err(error) => return send(emit, ReadOutcome::Failed { reason: format!("cannot read {}: {error}", self.name) }),
            };
            self.hasher.update(&piece);
            let mut left = &piece[..];
            while !left.is_empty() && damage.is_none() {
                match self.inflate(left) {
                    Ok(taken) => left = &left[taken..],
                    Err(reason) => damage = Some(reason),
                }
                if let Err(reason) = self.normalize(false, emit)? {
                    return send(emit, ReadOutcome::Failed { reason });
                }
            }
        }
        if damage.is_none() {
            damage = self.end_inflating().err();
        }
        if let Err(reason) = self.normalize(true, emit)? {
            return send(emit, ReadOutcome::Failed { reason });
        }
        self.end(damage, emit)
    }

    /// Inflates the beginning of a piece, so much that it fits into memory; how many bytes that was.
    fn inflate(&mut self, piece: &[u8]) -> Result<usize, String> {
        if self.inflater.is_none() {
            self.inflater = Some(Inflater::new(Compression::detect(piece)).map_err(|error| error.to_string())?);
        }
        let before = self.plain.len();
        let result = match &mut self.inflater {
            Some(inflater) => inflater.push_some(piece, &mut self.plain).map_err(|error| error.to_string()),
            None => Ok(piece.len()),
        };
        self.bytes_plain += (self.plain.len() - before) as u64;
        result
    }

    fn end_inflating(&mut self) -> Result<(), String> {
        let before = self.plain.len();
        let result = match &mut self.inflater {
            Some(inflater) => inflater.finish(&mut self.plain).map_err(|error| error.to_string()),
            None => Ok(()),
        };
        self.bytes_plain += (self.plain.len() - before) as u64;
        result
    }

    /// Normalises what is waiting; the inner error says why the object cannot be read at all.
    fn normalize(&mut self, at_end: bool, emit: &mut dyn FnMut(ReadOutcome) -> bool) -> Result<Result<(), String>, Gone> {
        if self.plain.is_empty() || (!at_end && self.normalizer.is_none() && self.plain.len() < HEAD_BYTES) {
            return Ok(Ok(()));
        }
        if self.normalizer.is_none() {
            match self.choose_source() {
                Ok(source) => self.normalizer = Some((source, Normalizer::new(source, self.options.clone()))),
                Err(reason) => return Ok(Err(reason)),
            }
        }
        if let Some((source, normalizer)) = &mut self.normalizer {
            for piece in self.plain.chunks(NORMALIZE_BYTES) {
                send_batch(emit, *source, normalizer.push(piece))?;
            }
        }
        self.plain.clear();
        Ok(Ok(()))
    }

    fn choose_source(&self) -> Result<Source, String> {
        let head = &self.plain[..self.plain.len().min(HEAD_BYTES)];
        match (self.choice, detect(head, &self.name)) {
            // What a daemon writes into syslog looks like syslog: whoever names the daemon knows better.
            (SourceChoice::Named(named @ Source::LinuxSshd), Some(Source::LinuxSyslog)) => Ok(named),
            (SourceChoice::Named(named), Some(seen)) if seen != named => Err(format!(
                "{} looks like {seen}, not like {named}; nothing of it was ingested: name the right source or use auto",
                self.name
            )),
            (SourceChoice::Named(named), _) => Ok(named),
            (SourceChoice::Auto, Some(seen)) => Ok(seen),
            (SourceChoice::Auto, None) => {
                Err(format!("cannot tell what log {} is; nothing of it was ingested: name its source with --source", self.name))
            }
        }
    }

    fn end(mut self, damage: Option<String>, emit: &mut dyn FnMut(ReadOutcome) -> bool) -> Result<(), Gone> {
        let source = match (self.normalizer.take(), damage) {
            (Some((source, mut normalizer)), None) => {
                send_batch(emit, source, normalizer.end())?;
                send_more(emit, source, &mut normalizer)?;
                Some(source)
            }
            (Some((source, mut normalizer)), Some(damage)) => {
                send_batch(emit, source, normalizer.fail(&damage))?;
                send_more(emit, source, &mut normalizer)?;
                Some(source)
            }
            (None, Some(damage)) => return send(emit, ReadOutcome::Failed { reason: format!("cannot read {}: {damage}", self.name) }),
            (None, None) => None,
        };
        let sha256 = self.hasher.finalize().into();
        send(emit, ReadOutcome::Done { sha256, source, bytes_plain: self.bytes_plain })
    }
}

fn send_more(emit: &mut dyn FnMut(ReadOutcome) -> bool, source: Source, normalizer: &mut Normalizer) -> Result<(), Gone> {
    while let Some(batch) = normalizer.more() {
        send_batch(emit, source, batch)?;
    }
    Ok(())
}

fn send_batch(emit: &mut dyn FnMut(ReadOutcome) -> bool, source: Source, batch: Batch) -> Result<(), Gone> {
    if batch.records() == 0 { Ok(()) } else { send(emit, ReadOutcome::Batch(source, batch)) }
}

fn send(emit: &mut dyn FnMut(ReadOutcome) -> bool, outcome: ReadOutcome) -> Result<(), Gone> {
    if emit(outcome) { Ok(()) } else { Err(Gone) }
}

/// SHA-256 of an object as stored.
pub(crate) async fn hash(mut bytes: BoxStream<'static, Result<Bytes, String>>) -> Result<[u8; 32], String> {
    let mut hasher = Sha256::new();
    while let Some(piece) = bytes.next().await {
        hasher.update(&piece?);
    }
    Ok(hasher.finalize().into())
}

/// An object as stored, as a whole.
pub(crate) async fn read_whole(mut bytes: BoxStream<'static, Result<Bytes, String>>) -> Result<Vec<u8>, String> {
    let mut whole = Vec::new();
    while let Some(piece) = bytes.next().await {
        whole.extend_from_slice(&piece?);
    }
    Ok(whole)
}
