use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;

use crate::{Error, ResultData, ResultFile};

/// How many rows a file of the result has at most.
const ROWS_A_FILE: usize = 1_000_000;

/// Writes the rows of a result, as they come, into Parquet files for a bundle.
///
/// Memory is that of one row group, however many rows there are.
#[derive(Debug)]
pub struct ResultWriter {
    folder: PathBuf,
    open: Option<(String, ArrowWriter<File>, usize)>,
    done: Vec<ResultFile>,
}

impl ResultWriter {
    /// Writes into this folder, which must be there until the bundle is written.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), open: None, done: Vec::new() }
    }

    /// Adds rows. All batches have the same columns.
    ///
    /// # Errors
    ///
    /// [`Error::Result`] for columns that Parquet does not know, [`Error::Io`] for a disk that is full.
    pub fn push(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        let mut from = 0;
        while from < batch.num_rows() {
            let (name, writer, rows) = match &mut self.open {
                Some(open) => open,
                closed => closed.insert(start(&self.folder, self.done.len(), batch)?),
            };
            let taken = (ROWS_A_FILE - *rows).min(batch.num_rows() - from);
            writer.write(&batch.slice(from, taken)).map_err(|source| Error::Result { name: name.clone(), source })?;
            (*rows, from) = (*rows + taken, from + taken);
            if *rows == ROWS_A_FILE {
                self.close()?;
            }
        }
        Ok(())
    }

    /// The files, in order; none if there were no rows.
    ///
    /// # Errors
    ///
    /// As [`ResultWriter::push`].
    pub fn finish(mut self) -> Result<Vec<ResultFile>, Error> {
        self.close()?;
        Ok(self.done)
    }

    fn close(&mut self) -> Result<(), Error> {
        let Some((name, writer, _)) = self.open.take() else { return Ok(()) };
        let path = self.folder.join(&name);
        writer.close().map_err(|source| Error::Result { name: name.clone(), source })?;
        self.done.push(ResultFile { name, data: ResultData::Path(path) });
        Ok(())
    }
}

fn start(folder: &Path, number: usize, batch: &RecordBatch) -> Result<(String, ArrowWriter<File>, usize), Error> {
    let name = format!("rows-{number:05}.parquet");
    let path = folder.join(&name);
    let file = File::create_new(&path).map_err(|source| Error::io("write", &path, source))?;
    let failed = |source: ParquetError| Error::Result { name: name.clone(), source };
    let level = ZstdLevel::try_new(3).map_err(failed)?;
    let properties = WriterProperties::builder().set_compression(Compression::ZSTD(level)).build();
    let schema = Arc::new(Schema::new(batch.schema().fields().clone()));
    let writer = ArrowWriter::try_new(file, schema, Some(properties)).map_err(failed)?;
    Ok((name, writer, 0))
}

#[cfg(test)]
mod tests {
    use arrow::array::Int64Array;

    use super::*;
    use crate::{RowsHasher, rows_sha256};

    #[test]
    fn rows_are_the_same_however_they_come_and_are_cut() {
        let folder = tempfile::tempdir().unwrap();
        let column = |from: i64, to: i64| Arc::new(Int64Array::from_iter_values(from..to)) as _;
        let batch = |from, to| RecordBatch::try_from_iter([("n", column(from, to))]).unwrap();
        let rows = i64::try_from(ROWS_A_FILE).unwrap() + 10;
        let mut writer = ResultWriter::new(folder.path());
        for (from, to) in [(0, 7), (7, rows)] {
            writer.push(&batch(from, to)).unwrap();
        }
        let files = writer.finish().unwrap();
        assert_eq!(files.len(), 2);
        let mut hasher = RowsHasher::new();
        let counts: Vec<u64> = files.iter().map(|file| file.data.push_rows(&file.name, &mut hasher).unwrap()).collect();
        assert_eq!(counts, [ROWS_A_FILE as u64, 10]);
        assert_eq!(hasher.finish(), rows_sha256(&[batch(0, rows)]).unwrap());
    }

    #[test]
    fn without_rows_there_is_no_file() {
        assert!(ResultWriter::new(Path::new("nowhere")).finish().unwrap().is_empty());
    }
}
