use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::errors::ParquetError;
use parquet::file::reader::ChunkReader;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::evidence_digest::evidence_digest;
use crate::{Conclusion, Error, Facts, RowsDigest, RowsHasher, Sha256Digest, conclude};

/// What a bundle is made of: what is known of a run, and the files of its result.
#[derive(Debug, Clone)]
pub struct Contents {
    /// All but the rows.
    pub facts: Facts,
    /// The rows, as Parquet files in order; all with the same columns.
    pub results: Vec<ResultFile>,
}

/// A Parquet file of the result.
#[derive(Debug, Clone)]
pub struct ResultFile {
    /// Its name in the bundle's folder `results`: letters, digits, `-`, `_` and `.`, not `.` first.
    pub name: String,
    /// Its bytes.
    pub data: ResultData,
}

/// Where the bytes of a result file are.
#[derive(Debug, Clone)]
pub enum ResultData {
    /// In memory.
    Bytes(Bytes),
    /// In a file, which must not change while evidence is made of it.
    Path(PathBuf),
}

/// What a run leaves: what is known of it, what its result hashes to, and what follows.
///
/// Made of [`Contents`] or read back from a bundle; everything that reports and compares starts from here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// All but the rows.
    pub facts: Facts,
    /// The files of the result.
    pub results: Vec<ResultHash>,
    /// The rows of all these files.
    pub rows: RowsDigest,
    /// What does not depend on attempts and clocks, as one hash: see [`evidence_digest`].
    pub evidence_digest: Sha256Digest,
    /// What can be concluded.
    pub conclusion: Conclusion,
}

/// A file of the result, as it was hashed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResultHash {
    /// Its name in the folder `results`.
    pub name: String,
    /// Its rows.
    pub rows: u64,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 of the file.
    pub sha256: Sha256Digest,
}

impl Evidence {
    /// Hashes the result, and concludes.
    ///
    /// # Errors
    ///
    /// A result file that cannot be read, is not Parquet, or has other columns than the one before.
    pub fn of(contents: &Contents) -> Result<Self, Error> {
        let mut hasher = RowsHasher::new();
        let mut results = Vec::with_capacity(contents.results.len());
        for file in &contents.results {
            let (bytes, sha256) = file.data.hash()?;
            let rows = file.data.push_rows(&file.name, &mut hasher)?;
            results.push(ResultHash { name: file.name.clone(), rows, bytes, sha256 });
        }
        Self::new(contents.facts.clone(), results, hasher.finish())
    }

    pub(crate) fn new(facts: Facts, results: Vec<ResultHash>, rows: RowsDigest) -> Result<Self, Error> {
        let evidence_digest = evidence_digest(&facts, &rows)?;
        let conclusion = conclude(&facts, rows.rows);
        Ok(Self { facts, results, rows, evidence_digest, conclusion })
    }
}

impl ResultData {
    fn hash(&self) -> Result<(u64, Sha256Digest), Error> {
        match self {
            Self::Bytes(bytes) => Ok((bytes.len() as u64, Sha256Digest::of(bytes))),
            Self::Path(path) => hash_file(path),
        }
    }

    /// Adds the rows to the hash of all, and counts them.
    pub(crate) fn push_rows(&self, name: &str, hasher: &mut RowsHasher) -> Result<u64, Error> {
        match self {
            Self::Bytes(bytes) => push_rows(name, bytes.clone(), hasher),
            Self::Path(path) => push_rows(name, open(path)?, hasher),
        }
    }
}

fn push_rows<R: ChunkReader + 'static>(name: &str, reader: R, hasher: &mut RowsHasher) -> Result<u64, Error> {
    let damaged = |source: ParquetError| Error::Result { name: name.to_owned(), source };
    let reader = ParquetRecordBatchReaderBuilder::try_new(reader).and_then(|builder| builder.build()).map_err(damaged)?;
    let mut rows = 0;
    for batch in reader {
        let batch = batch.map_err(|error| damaged(error.into()))?;
        rows += batch.num_rows() as u64;
        hasher.push(&batch)?;
    }
    Ok(rows)
}

pub(crate) fn open(path: &Path) -> Result<File, Error> {
    File::open(path).map_err(|source| Error::io("read", path, source))
}

/// The size and SHA-256 of a file, in constant memory.
pub(crate) fn hash_file(path: &Path) -> Result<(u64, Sha256Digest), Error> {
    let mut file = open(path)?;
    hash_reader(&mut file, |_| Ok(())).map_err(|source| Error::io("read", path, source))
}

/// The size and SHA-256 of all that a reader gives; `also` sees each piece.
pub(crate) fn hash_reader(reader: &mut impl Read, mut also: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<(u64, Sha256Digest)> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    let mut bytes = 0;
    loop {
        let read = match reader.read(&mut buffer) {
            Ok(0) => return Ok((bytes, Sha256Digest(hasher.finalize().into()))),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        hasher.update(&buffer[..read]);
        also(&buffer[..read])?;
        bytes += read as u64;
    }
}
