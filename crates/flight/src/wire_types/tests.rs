use std::sync::Arc;

use arrow::array::*;
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{DataType, Field, Fields, Int32Type, Schema};

use super::*;

/// Converts a column as a whole and as a slice, and shows type and values.
fn check(array: ArrayRef, expected_type: DataType, expected: &ArrayRef) {
    let schema = Arc::new(Schema::new(vec![Field::new("c", array.data_type().clone(), true)]));
    let plain = plain_schema(&schema);
    assert_eq!(plain.field(0).data_type(), &expected_type);
    let batch = RecordBatch::try_new(schema, vec![array]).expect("one column");
    let converted = convert_batch(&batch, &plain).expect("converts");
    assert_eq!(converted.column(0), expected);
    let (offset, length) = (1, batch.num_rows() - 1);
    let sliced = convert_batch(&batch.slice(offset, length), &plain).expect("converts");
    assert_eq!(sliced.column(0), &expected.slice(offset, length), "as a slice");
}

fn texts() -> ArrayRef {
    Arc::new(StringArray::from(vec![Some("a"), None, Some("a text that is longer than a view"), Some("a")]))
}

#[test]
fn views_dictionaries_and_run_ends_become_their_values() {
    let view: ArrayRef = Arc::new(texts().as_string::<i32>().iter().collect::<StringViewArray>());
    check(view, DataType::Utf8, &texts());
    let dictionary: ArrayRef = Arc::new(texts().as_string::<i32>().iter().collect::<DictionaryArray<Int32Type>>());
    check(dictionary, DataType::Utf8, &texts());
    let runs: RunArray<Int32Type> = texts().as_string::<i32>().iter().collect();
    check(Arc::new(runs), DataType::Utf8, &texts());
    let bytes: ArrayRef = Arc::new(BinaryArray::from_opt_vec(vec![Some(b"a"), None, Some(b"b")]));
    let view: ArrayRef = Arc::new(bytes.as_binary::<i32>().iter().collect::<BinaryViewArray>());
    check(view, DataType::Binary, &bytes);
}

#[test]
fn numbers_that_drivers_do_not_know_become_wider() {
    let decimals: ArrayRef =
        Arc::new(Decimal128Array::from(vec![Some(12_345), None, Some(-1)]).with_precision_and_scale(9, 2).expect("fits"));
    for narrow in [DataType::Decimal32(9, 2), DataType::Decimal64(9, 2), DataType::Decimal256(9, 2)] {
        check(cast(&decimals, &narrow).expect("fits"), DataType::Decimal128(9, 2), &decimals);
    }
    let halves: ArrayRef = Arc::new(Float32Array::from(vec![Some(0.5), None, Some(-2.0)]));
    check(cast(&halves, &DataType::Float16).expect("fits"), DataType::Float32, &halves);
    assert_eq!(plain_type(&DataType::Decimal256(50, 2)), DataType::Decimal256(50, 2), "more digits than Decimal128 holds");
}

#[test]
fn nested_columns_are_plain_all_the_way_down() {
    let plain_item = || Arc::new(Field::new("item", DataType::Utf8, true));
    let offsets = || OffsetBuffer::new(ScalarBuffer::from(vec![0, 1, 1, 3, 4]));
    let views: ArrayRef = Arc::new(texts().as_string::<i32>().iter().collect::<StringViewArray>());
    let view_item = Arc::new(Field::new("item", DataType::Utf8View, true));
    let list: ArrayRef = Arc::new(ListArray::new(plain_item(), offsets(), texts(), None));
    check(Arc::new(ListArray::new(Arc::clone(&view_item), offsets(), Arc::clone(&views), None)), DataType::List(plain_item()), &list);
    let list_view = cast(&list, &DataType::ListView(view_item)).expect("casts");
    check(list_view, DataType::List(plain_item()), &list);

    let fields = |data_type| Fields::from(vec![Field::new("name", data_type, true)]);
    let plain_struct: ArrayRef = Arc::new(StructArray::new(fields(DataType::Utf8), vec![texts()], None));
    let view_struct = StructArray::new(fields(DataType::Utf8View), vec![views], None);
    check(Arc::new(view_struct), DataType::Struct(fields(DataType::Utf8)), &plain_struct);
}

#[test]
fn maps_keep_their_entries() {
    let mut builder = MapBuilder::new(None, StringViewBuilder::new(), Int32Builder::new());
    for (key, value) in [("a", 1), ("b", 2), ("c", 3)] {
        builder.keys().append_value(key);
        builder.values().append_value(value);
        builder.append(true).expect("keys and values are even");
    }
    let map: ArrayRef = Arc::new(builder.finish());
    let schema = Arc::new(Schema::new(vec![Field::new("m", map.data_type().clone(), true)]));
    let plain = plain_schema(&schema);
    let batch = RecordBatch::try_new(schema, vec![map]).expect("one column");
    let converted = convert_batch(&batch.slice(1, 2), &plain).expect("converts");
    let entries = converted.column(0).as_map().value(0);
    assert_eq!(entries.column(0).as_string::<i32>().value(0), "b");
    assert_eq!(entries.column(1).as_primitive::<Int32Type>().value(0), 2);
}

#[test]
fn metadata_and_nullability_are_promised_as_they_are() {
    let field = Field::new("ip", DataType::Utf8View, false).with_metadata([("k".into(), "v".into())].into());
    let plain = plain_schema(&Schema::new(vec![field]));
    assert!(!plain.field(0).is_nullable());
    assert_eq!(plain.field(0).metadata()["k"], "v");
}

#[test]
fn rows_that_break_the_promise_are_refused_with_the_column() {
    let batch = RecordBatch::try_from_iter([("c", texts())]).expect("one column");
    let promised = |field: Field| Arc::new(Schema::new(vec![field]));
    let error = convert_batch(&batch, &promised(Field::new("c", DataType::Int64, true))).expect_err("not numbers");
    assert!(error.to_string().contains("column c"), "{error}");
    assert!(convert_batch(&batch, &promised(Field::new("c", DataType::Utf8, false))).is_err(), "null in a column without nulls");
    assert!(convert_batch(&batch, &Arc::new(Schema::empty())).is_err(), "a column too many");
}

#[test]
fn sizes_count_only_what_the_slice_holds() {
    let long = "x".repeat(10_000);
    let values: Vec<&str> = (0..100).map(|row| if row == 0 { long.as_str() } else { "short" }).collect();
    let text: ArrayRef = Arc::new(StringArray::from(values.clone()));
    let view: ArrayRef = Arc::new(StringViewArray::from(values.clone()));
    let dictionary: ArrayRef = Arc::new(values.iter().copied().collect::<DictionaryArray<Int32Type>>());
    for array in [text, view, dictionary] {
        let batch = RecordBatch::try_from_iter([("c", array)]).expect("one column");
        assert!((10_000..12_000).contains(&plain_bytes(&batch)), "{}", plain_bytes(&batch));
        assert!(plain_bytes(&batch.slice(50, 50)) < 1_000, "{}", plain_bytes(&batch.slice(50, 50)));
    }
}
