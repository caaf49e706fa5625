//! Rows as numbers: whether two sets of rows are the same, and whether two rows are.

use std::hash::{DefaultHasher, Hasher};

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Float64Type, Int32Type, Int64Type, TimestampMillisecondType};
use arrow::error::ArrowError;

/// How many rows there are, and a sum over all of them that depends on every value and not on their order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct RowsDigest {
    pub(crate) rows: u64,
    sum: u128,
}

impl RowsDigest {
    /// Adds a row by its hash.
    pub(crate) fn add(&mut self, row: u128) {
        self.rows += 1;
        self.sum = self.sum.wrapping_add(row);
    }

    /// Takes away a row that was added.
    pub(crate) fn remove(&mut self, row: u128) {
        self.rows -= 1;
        self.sum = self.sum.wrapping_sub(row);
    }

    /// Adds all rows of a batch.
    pub(crate) fn add_batch(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        hash_rows(batch, |_| true)?.into_iter().for_each(|row| self.add(row));
        Ok(())
    }
}

/// A hash of each row over the columns that are wanted. A column without a value counts as one that is not there, so that rows of
/// before a column was added are the same afterwards. Only to be compared within a process.
pub(crate) fn hash_rows(batch: &RecordBatch, is_wanted: impl Fn(&str) -> bool) -> Result<Vec<u128>, ArrowError> {
    let mut hashers = vec![DefaultHasher::new(); batch.num_rows()];
    let schema = batch.schema();
    for (field, array) in schema.fields().iter().zip(batch.columns()) {
        if array.null_count() < array.len() && is_wanted(field.name()) {
            hash_column(field.name(), array, &mut hashers)?;
        }
    }
    Ok(hashers.into_iter().map(finish).collect())
}

fn hash_column(name: &str, array: &ArrayRef, hashers: &mut [DefaultHasher]) -> Result<(), ArrowError> {
    for (row, hasher) in hashers.iter_mut().enumerate() {
        if array.is_null(row) {
            continue;
        }
        write_text(hasher, name);
        match array.data_type() {
            DataType::Utf8 => write_text(hasher, array.as_string::<i32>().value(row)),
            DataType::Int32 => hasher.write_i32(array.as_primitive::<Int32Type>().value(row)),
            DataType::Int64 => hasher.write_i64(array.as_primitive::<Int64Type>().value(row)),
            DataType::Timestamp(..) => hasher.write_i64(array.as_primitive::<TimestampMillisecondType>().value(row)),
            DataType::Float64 => hasher.write_u64(array.as_primitive::<Float64Type>().value(row).to_bits()),
            DataType::Boolean => hasher.write_u8(array.as_boolean().value(row).into()),
            DataType::List(_) => write_texts(hasher, &array.as_list::<i32>().value(row)),
            other => return Err(ArrowError::SchemaError(format!("no table has a column of type {other}"))),
        }
    }
    Ok(())
}

fn write_texts(hasher: &mut DefaultHasher, items: &ArrayRef) {
    let Some(texts) = items.as_string_opt::<i32>() else { return };
    hasher.write_usize(texts.len());
    for text in texts {
        hasher.write_u8(text.is_some().into());
        write_text(hasher, text.unwrap_or_default());
    }
}

fn write_text(hasher: &mut DefaultHasher, text: &str) {
    hasher.write_usize(text.len());
    hasher.write(text.as_bytes());
}

fn finish(mut hasher: DefaultHasher) -> u128 {
    let first = hasher.finish();
    hasher.write_u8(1);
    (u128::from(first) << 64) | u128::from(hasher.finish())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Int64Array, StringArray};

    use super::*;

    fn batch(names: [&str; 2], texts: Vec<Option<&str>>, numbers: Vec<Option<i64>>) -> RecordBatch {
        let columns: [(&str, ArrayRef); 2] =
            [(names[0], Arc::new(StringArray::from(texts))), (names[1], Arc::new(Int64Array::from(numbers)))];
        RecordBatch::try_from_iter(columns).expect("columns of the same length")
    }

    fn digest(batches: &[RecordBatch]) -> RowsDigest {
        let mut digest = RowsDigest::default();
        batches.iter().for_each(|batch| digest.add_batch(batch).expect("columns as tables have them"));
        digest
    }

    #[test]
    fn the_order_of_rows_does_not_matter_and_every_value_does() {
        let all = batch(["a", "b"], vec![Some("x"), None, Some("z")], vec![Some(1), Some(2), None]);
        let apart = [batch(["a", "b"], vec![Some("z"), Some("x")], vec![None, Some(1)]), batch(["a", "b"], vec![None], vec![Some(2)])];
        assert_eq!(digest(std::slice::from_ref(&all)), digest(&apart));
        for changed in [
            batch(["a", "b"], vec![Some("x"), None, Some("z")], vec![Some(1), Some(2), Some(0)]),
            batch(["a", "b"], vec![Some("x"), Some(""), Some("z")], vec![Some(1), Some(2), None]),
            batch(["a", "b"], vec![Some("x"), None, Some("z")], vec![Some(2), Some(1), None]),
            batch(["a", "c"], vec![Some("x"), None, Some("z")], vec![Some(1), Some(2), None]),
        ] {
            assert_ne!(digest(&[changed]), digest(std::slice::from_ref(&all)));
        }
    }

    #[test]
    fn twice_the_same_row_is_not_none() {
        let twice = batch(["a", "b"], vec![Some("x"), Some("x")], vec![Some(1), Some(1)]);
        let mut all = digest(std::slice::from_ref(&twice));
        assert_ne!(all, digest(&[twice.slice(0, 1)]));
        all.remove(hash_rows(&twice, |_| true).expect("hashes")[0]);
        assert_eq!(all, digest(&[twice.slice(1, 1)]));
    }
}
