mod encode;

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{Error, Sha256Digest};

/// What the final hash begins with: another way of hashing must begin otherwise.
const DOMAIN: &[u8] = b"coldtrail rows 1\n";

/// Rows as a multiset: how many, and a hash that depends on them alone.
///
/// Two results have the same hash if and only if (but for a collision of SHA-256) they have the same columns and the same rows equally
/// often. Neither the order of rows nor how they are cut into batches, files and row groups, nor how a value is encoded (dictionary,
/// view, width of an integer, unit of a time) matters. Example: `[(1, "a"), (2, "b")]` in one batch of plain strings and
/// `[(2, "b")]`, `[(1, "a")]` in two batches of dictionaries are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowsDigest {
    /// How many rows.
    pub rows: u64,
    /// The hash.
    pub sha256: Sha256Digest,
}

/// Hashes rows, batch by batch.
///
/// Each row is encoded and hashed; the hash of all is SHA-256 over the names of the columns and the rows' own hashes in order. Sorting
/// keeps the strength of SHA-256, which adding or xoring hashes would lose, and anybody can redo it. It takes 32 bytes of memory a row
/// (320 MB for ten million), and the encoding of the longest row.
#[derive(Debug, Default)]
pub struct RowsHasher {
    schema: Option<SchemaRef>,
    rows: Vec<[u8; 32]>,
    encoded: Vec<u8>,
}

impl RowsHasher {
    /// Nothing hashed yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the rows of a batch.
    ///
    /// # Errors
    ///
    /// [`Error::Column`] if the columns are not named as those before, or a type has no rule.
    pub fn push(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        self.check_columns(batch)?;
        let fields = batch.schema_ref().fields();
        let writers = batch.columns().iter().zip(fields).map(|(column, field)| {
            encode::writer(column).map_err(|error| Error::Column { column: field.name().clone(), reason: error.to_string() })
        });
        let writers = writers.collect::<Result<Vec<_>, _>>()?;
        self.rows.reserve(batch.num_rows());
        for row in 0..batch.num_rows() {
            self.encoded.clear();
            for write in &writers {
                write(row, &mut self.encoded);
            }
            self.rows.push(Sha256::digest(&self.encoded).into());
        }
        Ok(())
    }

    /// The hash of all rows. No rows are the same, whatever their columns would have been.
    pub fn finish(mut self) -> RowsDigest {
        self.rows.sort_unstable();
        let mut hasher = Sha256::new_with_prefix(DOMAIN);
        let fields = self.schema.filter(|_| !self.rows.is_empty());
        let names: Vec<&str> = fields.iter().flat_map(|schema| schema.fields().iter()).map(|field| field.name().as_str()).collect();
        hasher.update((names.len() as u64).to_be_bytes());
        for name in names {
            hasher.update((name.len() as u64).to_be_bytes());
            hasher.update(name.as_bytes());
        }
        hasher.update((self.rows.len() as u64).to_be_bytes());
        for row in &self.rows {
            hasher.update(row);
        }
        RowsDigest { rows: self.rows.len() as u64, sha256: Sha256Digest(hasher.finalize().into()) }
    }

    fn check_columns(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        let schema = self.schema.get_or_insert_with(|| batch.schema());
        let (before, now) = (schema.fields(), batch.schema_ref().fields());
        if before.len() != now.len() {
            let reason = format!("there are {} columns after batches of {}", now.len(), before.len());
            return Err(Error::Column { column: String::new(), reason });
        }
        match before.iter().zip(now).find(|(before, now)| before.name() != now.name()) {
            Some((before, now)) => {
                Err(Error::Column { column: now.name().clone(), reason: format!("it was named {:?} in batches before", before.name()) })
            }
            None => Ok(()),
        }
    }
}

/// The hash of all rows of these batches: see [`RowsDigest`].
///
/// # Errors
///
/// As [`RowsHasher::push`].
pub fn rows_sha256<'a>(batches: impl IntoIterator<Item = &'a RecordBatch>) -> Result<RowsDigest, Error> {
    let mut hasher = RowsHasher::new();
    for batch in batches {
        hasher.push(batch)?;
    }
    Ok(hasher.finish())
}
