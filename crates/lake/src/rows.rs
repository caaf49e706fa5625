use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringArray, UInt32Array, new_null_array};
use arrow::compute::take;
use arrow::datatypes::{SchemaRef, UInt32Type};
use arrow::error::ArrowError;
use coldtrail_model::{Day, Table, TimeRange};

/// What is known of a segment before it is encoded.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) table: Table,
    pub(crate) day: Day,
    pub(crate) source: String,
    pub(crate) time: TimeRange,
    pub(crate) accounts: Option<Vec<String>>,
    pub(crate) has_rows_without_account: bool,
}

/// Rows that are complete and wait to be encoded, column by column, and the order that they are to be in.
#[derive(Debug)]
pub(crate) struct Rows {
    pub(crate) schema: SchemaRef,
    /// One for each field of the schema.
    pub(crate) cells: Vec<Cells>,
    /// Which row comes first, second, …; `None` if they are in order.
    pub(crate) order: Option<UInt32Array>,
    pub(crate) count: usize,
}

/// The values of one column. Most columns of a table are empty in most segments, so that must cost nothing.
#[derive(Debug)]
pub(crate) enum Cells {
    /// No row has a value.
    Absent,
    /// Every row has this text.
    Same(Arc<str>),
    /// Every row has one of a few texts.
    Coded { texts: StringArray, codes: UInt32Array },
    /// Any values.
    Plain(ArrayRef),
}

impl Rows {
    /// The values of a column in some rows, in order.
    pub(crate) fn column(&self, index: usize, range: Range<usize>) -> Result<ArrayRef, ArrowError> {
        let order = self.order.as_ref().map(|order| order.slice(range.start, range.len()));
        match &self.cells[index] {
            Cells::Absent => Ok(new_null_array(self.schema.field(index).data_type(), range.len())),
            Cells::Same(text) => Ok(Arc::new(StringArray::from_iter_values(std::iter::repeat_n(text.as_ref(), range.len())))),
            Cells::Coded { texts, codes } => {
                let codes = in_order(codes, order.as_ref(), &range)?;
                take(texts, codes.as_primitive::<UInt32Type>(), None)
            }
            Cells::Plain(array) => in_order(array.as_ref(), order.as_ref(), &range),
        }
    }
}

fn in_order(array: &dyn Array, order: Option<&UInt32Array>, range: &Range<usize>) -> Result<ArrayRef, ArrowError> {
    match order {
        Some(order) => take(array, order, None),
        None => Ok(array.slice(range.start, range.len())),
    }
}

/// The order that sorts rows by time, and rows of the same time as they came; `None` if they are sorted already.
pub(crate) fn order_by_time(times: &[i64]) -> Option<UInt32Array> {
    if times.is_sorted() {
        return None;
    }
    let count = u32::try_from(times.len()).expect("a buffer is closed long before it holds 2^32 rows");
    let mut order: Vec<u32> = (0..count).collect();
    order.sort_unstable_by_key(|row| (times[*row as usize], *row));
    Some(UInt32Array::from(order))
}
