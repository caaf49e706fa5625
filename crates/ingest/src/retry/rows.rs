use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{Int64Type, TimestampMillisecondType};
use coldtrail_lake::{KeptReject, RejectRow, rejects_schema};

/// The rows of a batch of the table `rejects`; why not, if it is none.
pub(super) fn rows_of(batch: &RecordBatch) -> Result<impl Iterator<Item = KeptReject<'_>>, String> {
    if batch.schema().fields() != rejects_schema().fields() {
        return Err("its columns are not those of rejects; it may be written by another version".to_owned());
    }
    let text = |index: usize| batch.column(index).as_string::<i32>();
    let number = |index: usize| batch.column(index).as_primitive::<Int64Type>();
    let flag = |index: usize| batch.column(index).as_boolean();
    let time = batch.column(0).as_primitive::<TimestampMillisecondType>();
    let (source, source_object, reason, raw) = (text(1), text(2), text(4), text(5));
    let (offset, raw_bytes, is_cut, is_lossy) = (number(3), number(6), flag(7), flag(8));
    let row = move |row: usize| KeptReject {
        row: RejectRow {
            source: source.value(row),
            source_object: source_object.value(row),
            offset: offset.value(row),
            time_ms: time.value(row),
            reason: reason.value(row),
            raw: raw.value(row).as_bytes(),
            raw_bytes: raw_bytes.value(row),
        },
        raw_is_cut: is_cut.value(row),
        raw_is_lossy: is_lossy.value(row),
    };
    Ok((0..batch.num_rows()).map(row))
}
