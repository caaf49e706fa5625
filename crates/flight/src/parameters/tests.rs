use std::sync::Arc;

use arrow::array::{DictionaryArray, Float64Array, Int64Array, RecordBatch, StringArray, StringViewArray};
use arrow::datatypes::{DataType, Field, Int32Type, Schema, SchemaRef};

use super::*;

#[test]
fn question_marks_that_stand_for_values_are_numbered() {
    for (sql, expected) in [
        ("SELECT ?", "SELECT $1"),
        ("SELECT ?, ? FROM t WHERE a = ? AND b IN (?,?)", "SELECT $1, $2 FROM t WHERE a = $3 AND b IN ($4,$5)"),
        ("SELECT * FROM t WHERE a LIKE ? ESCAPE ? LIMIT ? OFFSET ?", "SELECT * FROM t WHERE a LIKE $1 ESCAPE $2 LIMIT $3 OFFSET $4"),
        ("SELECT ?||'x', ?::int", "SELECT $1||'x', $2::int"),
        ("SELECT CASE WHEN ? THEN ? ELSE ? END", "SELECT CASE WHEN $1 THEN $2 ELSE $3 END"),
        ("SELECT a FROM t WHERE größe = ?", "SELECT a FROM t WHERE größe = $1"),
        ("SELECT '?', \"?\", 'it''s ?' -- ?\n, ? /* ? /* ? */ ? */", "SELECT '?', \"?\", 'it''s ?' -- ?\n, $1 /* ? /* ? */ ? */"),
        ("SELECT $tag$ ? $tag$, $$?$$, ?", "SELECT $tag$ ? $tag$, $$?$$, $1"),
    ] {
        assert_eq!(number_placeholders(sql), expected);
    }
}

#[test]
fn text_without_such_marks_is_left_alone() {
    for sql in [
        "SELECT $1, $2",
        "SELECT raw_data ? 'key' FROM t",
        "SELECT (a) ? 'key', \"b\" ? $1, a ?| b, a ?& b",
        "SELECT '?",
        "SELECT /* ?",
        "SELECT $tag$ ?",
        "$",
        "",
    ] {
        assert!(matches!(number_placeholders(sql), std::borrow::Cow::Borrowed(same) if same == sql), "{sql}");
    }
}

fn expecting(types: &[DataType]) -> SchemaRef {
    let field = |(index, data_type): (usize, &DataType)| Field::new(format!("${}", index + 1), data_type.clone(), true);
    Arc::new(Schema::new(types.iter().enumerate().map(field).collect::<Vec<_>>()))
}

fn bind_one(value: ArrayRef, expected: DataType) -> Result<ArrayRef, String> {
    let batch = RecordBatch::try_from_iter([("0", value)]).expect("one column");
    let bound = bind(std::slice::from_ref(&batch), batch.schema_ref(), &expecting(&[expected]));
    bound.map(|rows| Arc::clone(rows.column(0))).map_err(|status| status.message().to_owned())
}

#[test]
fn bound_values_take_the_type_that_the_statement_expects() {
    let text: ArrayRef = Arc::new(StringArray::from(vec![Some("a"), None]));
    let view: ArrayRef = Arc::new(StringViewArray::from(vec![Some("a"), None]));
    let dictionary: ArrayRef = Arc::new(DictionaryArray::<Int32Type>::from_iter([Some("a"), None]));
    for sent in [&text, &view, &dictionary] {
        assert_eq!(bind_one(Arc::clone(sent), DataType::Utf8).as_ref(), Ok(&text));
    }
    let number: ArrayRef = Arc::new(Int64Array::from(vec![7]));
    assert_eq!(bind_one(Arc::new(Float64Array::from(vec![7.0])), DataType::Int64), Ok(number));
}

#[test]
fn a_value_that_would_change_is_refused() {
    let error = bind_one(Arc::new(Float64Array::from(vec![1.5])), DataType::Int64).expect_err("not whole");
    assert!(error.starts_with("parameter $1:") && error.contains("not exact"), "{error}");
    let error = bind_one(Arc::new(Int64Array::from(vec![1 << 40])), DataType::Int32).expect_err("too large");
    assert!(error.starts_with("parameter $1:"), "{error}");
    let error = bind_one(Arc::new(StringArray::from(vec!["abc"])), DataType::Int64).expect_err("not a number");
    assert!(error.contains("abc"), "{error}");
}

#[test]
fn the_number_of_parameters_must_be_right() {
    let batch = RecordBatch::try_from_iter([("0", Arc::new(Int64Array::from(vec![1])) as ArrayRef)]).expect("one column");
    let two = expecting(&[DataType::Int64, DataType::Int64]);
    let error = bind(std::slice::from_ref(&batch), batch.schema_ref(), &two).expect_err("one of two");
    assert_eq!(error.message(), "the statement has 2 parameters, 1 were bound");
}

#[test]
fn bound_rows_travel_one_by_one() {
    let column: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), None, Some(3)]));
    let batch = RecordBatch::try_from_iter_with_nullable([("0", column, true)]).expect("one column");
    let rows = rows_from_bytes(&to_bytes(&batch).expect("encodes")).expect("decodes");
    assert_eq!(rows, (0..3).map(|row| batch.slice(row, 1)).collect::<Vec<_>>());
}
