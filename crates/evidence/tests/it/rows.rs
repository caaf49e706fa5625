//! The hash of rows depends on the rows alone.

use std::sync::Arc;

use arrow::array::*;
use arrow::buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::compute::{cast, concat_batches, take};
use arrow::datatypes::{DataType, Field, Fields, Int32Type, Int64Type, TimeUnit, UnionFields};
use arrow::record_batch::RecordBatch;
use coldtrail_evidence::{Error, RowsDigest, rows_sha256};
use expect_test::expect;

use crate::example::rows;

fn hash(batches: &[RecordBatch]) -> RowsDigest {
    rows_sha256(batches).unwrap()
}

/// The hash of one column.
fn column(values: ArrayRef) -> RowsDigest {
    hash(&[RecordBatch::try_from_iter_with_nullable([("value", values, true)]).unwrap()])
}

fn same(name: &str, arrays: impl IntoIterator<Item = ArrayRef>) {
    let hashes: Vec<RowsDigest> = arrays.into_iter().map(column).collect();
    assert!(hashes.windows(2).all(|pair| pair[0] == pair[1]), "{name}: {hashes:?}");
}

fn different(arrays: impl IntoIterator<Item = ArrayRef>) {
    let hashes: Vec<RowsDigest> = arrays.into_iter().map(column).collect();
    for (index, hash) in hashes.iter().enumerate() {
        assert!(!hashes[..index].contains(hash), "array {index} has the hash of another");
    }
}

/// A hash that was once given out is given out for ever: this one can be redone by hand from `docs/evidence.md`.
#[test]
fn the_hash_of_known_rows_does_not_change() {
    let digest = hash(&[rows(&[Some("203.0.113.7"), Some("203.0.113.9"), None], &[31, 7, 1])]);
    assert_eq!(digest.rows, 3);
    expect!["60f57cc57b07ccdebfcf4581646d65baf2c9ef791f6d741c04b131ed59401996"].assert_eq(&digest.sha256.to_string());
    expect!["f2e643909226b53d2c68607510d8ae980f92d514cc8482890b31abb9a0f5ed12"].assert_eq(&hash(&[]).sha256.to_string());
}

#[test]
fn order_does_not_matter() {
    let batch = many_rows(500);
    for seed in 1..20 {
        assert_eq!(hash(&[shuffled(&batch, seed)]), hash(std::slice::from_ref(&batch)), "seed {seed}");
    }
}

#[test]
fn how_rows_are_cut_into_batches_does_not_matter() {
    let batch = many_rows(500);
    for size in [1, 3, 100, 499, 500] {
        let batches: Vec<RecordBatch> =
            (0..500).step_by(size).map(|start| batch.slice(start, size.min(500 - start))).chain([batch.slice(0, 0)]).collect();
        assert_eq!(hash(&batches), hash(std::slice::from_ref(&batch)), "{size} rows a batch");
        assert_eq!(concat_batches(&batch.schema(), &batches).unwrap(), batch);
    }
}

#[test]
fn how_often_a_row_is_there_matters() {
    let (a, b) = (rows(&[Some("a")], &[1]), rows(&[Some("b")], &[2]));
    let hashes = [
        hash(&[a.clone(), b.clone()]),
        hash(&[a.clone(), a.clone(), b.clone()]),
        hash(&[a.clone(), a.clone(), b.clone(), b.clone()]),
        hash(&[a.clone(), a.clone(), a.clone(), b.clone()]),
    ];
    for (index, digest) in hashes.iter().enumerate() {
        assert!(!hashes[..index].contains(digest));
    }
}

#[test]
fn every_value_matters() {
    let batch = many_rows(50);
    let before = hash(std::slice::from_ref(&batch));
    for row in 0..50 {
        let without: Vec<RecordBatch> = vec![batch.slice(0, row), batch.slice(row + 1, 49 - row)];
        let mut changed = without.clone();
        changed.push(rows(&[Some("other")], &[row as i64]));
        assert_ne!(hash(&without), before, "row {row} taken away");
        assert_ne!(hash(&changed), before, "row {row} changed");
    }
}

/// `("ab", "c")` is not `("a", "bc")`, and null is neither the empty text nor the word.
#[test]
fn values_do_not_run_into_each_other() {
    let pair = |a: Option<&str>, b: Option<&str>| {
        let columns: [(&str, ArrayRef, bool); 2] =
            [("a", Arc::new(StringArray::from(vec![a])), true), ("b", Arc::new(StringArray::from(vec![b])), true)];
        hash(&[RecordBatch::try_from_iter_with_nullable(columns).unwrap()])
    };
    let pairs = [
        pair(Some("ab"), Some("c")),
        pair(Some("a"), Some("bc")),
        pair(Some("abc"), Some("")),
        pair(Some("abc"), None),
        pair(None, Some("abc")),
    ];
    for (index, digest) in pairs.iter().enumerate() {
        assert!(!pairs[..index].contains(digest));
    }
    different([text(&[None]), text(&[Some("")]), text(&[Some("NULL")])]);
}

#[test]
fn a_text_is_the_same_however_it_is_encoded() {
    let plain = text(&[Some("a"), None, Some("a long value that no view holds inline"), Some("a")]);
    let dictionary =
        |keys, values: StringArray| Arc::new(DictionaryArray::<Int32Type>::new(Int32Array::from(keys), Arc::new(values))) as ArrayRef;
    same(
        "texts",
        [
            cast(&plain, &DataType::LargeUtf8).unwrap(),
            cast(&plain, &DataType::Utf8View).unwrap(),
            cast(&plain, &DataType::Dictionary(Box::new(DataType::UInt8), Box::new(DataType::Utf8))).unwrap(),
            cast(&plain, &DataType::Dictionary(Box::new(DataType::Int64), Box::new(DataType::LargeUtf8))).unwrap(),
            // Null by its key, and null by its value; values twice, and values that nobody uses.
            dictionary(
                vec![Some(0), None, Some(1), Some(2)],
                StringArray::from(vec!["a", "a long value that no view holds inline", "a", "unused"]),
            ),
            dictionary(
                vec![Some(2), Some(0), Some(1), Some(2)],
                StringArray::from(vec![None, Some("a long value that no view holds inline"), Some("a")]),
            ),
            run_ends(&[1, 2, 3, 4], &plain),
            plain,
        ],
    );
    same(
        "only nulls",
        [text(&[None, None]), dictionary(vec![None, None], StringArray::from(Vec::<&str>::new())), new_null_array(&DataType::Null, 2)],
    );
}

fn run_ends(ends: &[i32], values: &ArrayRef) -> ArrayRef {
    Arc::new(RunArray::<Int32Type>::try_new(&Int32Array::from(ends.to_vec()), values).unwrap())
}

#[test]
fn runs_are_the_values_they_stand_for() {
    let runs = run_ends(&[2, 5], &text(&[Some("a"), Some("b")]));
    same("runs", [runs, text(&[Some("a"), Some("a"), Some("b"), Some("b"), Some("b")])]);
}

#[test]
fn a_number_is_the_same_however_wide_it_is() {
    let plain: ArrayRef = Arc::new(Int64Array::from(vec![Some(0), Some(127), None]));
    let kinds = [DataType::Int8, DataType::Int16, DataType::Int32, DataType::UInt8, DataType::UInt16, DataType::UInt32, DataType::UInt64];
    same("integers", kinds.iter().map(|kind| cast(&plain, kind).unwrap()).chain([Arc::clone(&plain)]));
    let dictionary = DataType::Dictionary(Box::new(DataType::Int16), Box::new(DataType::Int32));
    same("integers in a dictionary", [cast(&plain, &dictionary).unwrap(), plain]);
    let float: ArrayRef = Arc::new(Float64Array::from(vec![Some(0.5), Some(-2.0), None]));
    same("fractions", [cast(&float, &DataType::Float32).unwrap(), cast(&float, &DataType::Float16).unwrap(), float]);
    let zeros: [ArrayRef; 2] = [Arc::new(Float64Array::from(vec![0.0])), Arc::new(Float64Array::from(vec![-0.0]))];
    same("zeros", zeros);
    same(
        "no numbers",
        [f64::NAN, -f64::NAN, f64::from_bits(0x7ff0_0000_0000_0001)].map(|value| Arc::new(Float64Array::from(vec![value])) as ArrayRef),
    );
}

#[test]
fn a_decimal_is_the_same_at_every_scale() {
    let decimal = |value, precision, scale| {
        Arc::new(Decimal128Array::from(vec![value]).with_precision_and_scale(precision, scale).unwrap()) as ArrayRef
    };
    let small = Arc::new(Decimal32Array::from(vec![150]).with_precision_and_scale(5, 2).unwrap());
    same("1.5", [decimal(15, 5, 1), decimal(1500, 30, 3), small]);
    same("1500", [decimal(1500, 5, 0), decimal(150_000, 8, 2)]);
    different([decimal(15, 5, 0), decimal(15, 5, 1), decimal(-15, 5, 1), decimal(150, 5, 0)]);
}

#[test]
fn an_instant_is_the_same_in_every_unit_and_zone() {
    let plain: ArrayRef = Arc::new(TimestampMillisecondArray::from(vec![Some(1_772_323_200_000), None]).with_timezone("UTC"));
    let zoned = |unit, zone: &str| cast(&plain, &DataType::Timestamp(unit, Some(zone.into()))).unwrap();
    same(
        "instants",
        [zoned(TimeUnit::Second, "UTC"), zoned(TimeUnit::Nanosecond, "+02:00"), zoned(TimeUnit::Microsecond, "UTC"), Arc::clone(&plain)],
    );
    let local: ArrayRef = Arc::new(TimestampMillisecondArray::from(vec![Some(1_772_323_200_000), None]));
    different([plain, local]);
    let days: ArrayRef = Arc::new(Date32Array::from(vec![20_513]));
    same("days", [cast(&days, &DataType::Date64).unwrap(), days]);
}

#[test]
fn a_list_is_the_same_however_it_is_encoded() {
    let lists = ListArray::from_iter_primitive::<Int64Type, _, _>(vec![Some(vec![Some(1), None]), None, Some(vec![Some(3), Some(4)])]);
    let lists: ArrayRef = Arc::new(lists);
    let int = |field: &str| Arc::new(Field::new(field, DataType::Int32, true));
    same(
        "lists",
        [
            cast(&lists, &DataType::LargeList(int("item"))).unwrap(),
            cast(&lists, &DataType::FixedSizeList(int("element"), 2)).unwrap(),
            cast(&lists, &DataType::ListView(int("item"))).unwrap(),
            // Cut from a longer one: offsets do not begin at 0.
            {
                let longer = concat(&[&lists, &lists]);
                longer.slice(3, 3)
            },
            lists,
        ],
    );
    let list = |values: Vec<Option<Vec<Option<i64>>>>| Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>(values)) as ArrayRef;
    different([
        list(vec![Some(vec![Some(1)]), Some(vec![Some(2)])]),
        list(vec![Some(vec![Some(1), Some(2)]), Some(vec![])]),
        list(vec![Some(vec![Some(1), Some(2)]), None]),
        list(vec![Some(vec![Some(2), Some(1)]), None]),
    ]);
}

fn concat(arrays: &[&dyn Array]) -> ArrayRef {
    arrow::compute::concat(arrays).unwrap()
}

#[test]
fn a_map_has_no_order_and_a_struct_has_names() {
    let map = |keys: Vec<&str>, values: Vec<i32>| {
        let fields = Fields::from(vec![Field::new("keys", DataType::Utf8, false), Field::new("values", DataType::Int32, true)]);
        let columns: Vec<ArrayRef> = vec![Arc::new(StringArray::from(keys)), Arc::new(Int32Array::from(values))];
        let entries = StructArray::new(fields.clone(), columns, None);
        let field = Arc::new(Field::new("entries", DataType::Struct(fields), false));
        Arc::new(MapArray::new(field, OffsetBuffer::from_lengths([2]), entries, None, false)) as ArrayRef
    };
    same("maps", [map(vec!["a", "b"], vec![1, 2]), map(vec!["b", "a"], vec![2, 1])]);
    different([map(vec!["a", "b"], vec![1, 2]), map(vec!["a", "b"], vec![2, 1])]);
    let structure = |name: &str, value: i32, nulls: Option<NullBuffer>| {
        let fields = Fields::from(vec![Field::new(name, DataType::Int32, true)]);
        Arc::new(StructArray::new(fields, vec![Arc::new(Int32Array::from(vec![value]))], nulls)) as ArrayRef
    };
    different([
        structure("a", 1, None),
        structure("b", 1, None),
        structure("a", 2, None),
        structure("a", 1, Some(NullBuffer::new_null(1))),
    ]);
}

#[test]
fn a_value_of_a_union_is_the_value_itself() {
    let fields =
        UnionFields::try_new([0, 1], [Field::new("number", DataType::Int32, true), Field::new("text", DataType::Utf8, true)]).unwrap();
    let children: Vec<ArrayRef> = vec![Arc::new(Int32Array::from(vec![7, 8])), Arc::new(StringArray::from(vec!["x"]))];
    let dense = UnionArray::try_new(fields, ScalarBuffer::from(vec![0, 0]), Some(ScalarBuffer::from(vec![0, 1])), children).unwrap();
    same("unions", [Arc::new(dense) as ArrayRef, Arc::new(Int64Array::from(vec![8, 7]))]);
}

#[test]
fn the_names_of_columns_matter() {
    let named = |name: &str| hash(&[RecordBatch::try_from_iter([(name, text(&[Some("a")]))]).unwrap()]);
    assert_ne!(named("a"), named("b"));
}

/// A result without rows may have a file with columns, or no file at all.
#[test]
fn no_rows_are_the_same_whatever_their_columns() {
    assert_eq!(hash(&[]), hash(&[rows(&[], &[])]));
}

#[test]
fn batches_of_other_columns_are_refused_with_the_name() {
    let other = RecordBatch::try_from_iter([("src_endpoint_ip", text(&[Some("a")])), ("total", text(&[Some("b")]))]).unwrap();
    let error = rows_sha256(&[rows(&[None], &[1]), other]).unwrap_err();
    assert!(matches!(error, Error::Column { .. }));
    expect![[r#"the rows of column "total" cannot be hashed: it was named "count" in batches before"#]].assert_eq(&error.to_string());
}

fn text(values: &[Option<&str>]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

fn many_rows(count: usize) -> RecordBatch {
    let texts: Vec<String> = (0..count).map(|row| format!("203.0.113.{}", row % 97)).collect();
    let texts: Vec<Option<&str>> = texts.iter().enumerate().map(|(row, text)| (row % 11 != 0).then_some(text.as_str())).collect();
    rows(&texts, &(0..count as i64).map(|row| row % 13).collect::<Vec<_>>())
}

/// The rows in another order, which depends on the seed alone.
fn shuffled(batch: &RecordBatch, seed: u64) -> RecordBatch {
    let mut order: Vec<u32> = (0..batch.num_rows() as u32).collect();
    let mut state = seed;
    for at in (1..order.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        order.swap(at, (state >> 33) as usize % (at + 1));
    }
    let order = UInt32Array::from(order);
    let columns = batch.columns().iter().map(|column| take(column, &order, None).unwrap()).collect();
    RecordBatch::try_new(batch.schema(), columns).unwrap()
}
