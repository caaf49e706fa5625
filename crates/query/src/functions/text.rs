use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::DataType;
use datafusion::common::{Result, exec_err, plan_err};

/// The type that an argument is read as: text as it comes, dictionaries unpacked, an untyped null as text.
pub(super) fn text_type(function: &str, given: &DataType) -> Result<DataType> {
    match given {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Ok(given.clone()),
        DataType::Dictionary(_, values) => text_type(function, values),
        DataType::Null => Ok(DataType::Utf8),
        other => plan_err!("{function} takes text, not {other}"),
    }
}

/// Calls `visit` for each value in order.
pub(super) fn for_each_text<'a>(array: &'a ArrayRef, visit: impl FnMut(Option<&'a str>)) -> Result<()> {
    match array.data_type() {
        DataType::Utf8 => array.as_string::<i32>().iter().for_each(visit),
        DataType::LargeUtf8 => array.as_string::<i64>().iter().for_each(visit),
        DataType::Utf8View => array.as_string_view().iter().for_each(visit),
        other => return exec_err!("expected text, got {other}"),
    }
    Ok(())
}
