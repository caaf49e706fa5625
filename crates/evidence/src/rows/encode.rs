//! The bytes that stand for a value.
//!
//! A tag says what kind of value follows, and every value says or implies its length, so that no two rows have the same bytes. Numbers
//! are big-endian. The tags are part of the format: `docs/evidence.md` lists them.

use arrow::array::{Array, ArrayRef, AsArray, GenericListArray, GenericListViewArray, OffsetSizeTrait};
use arrow::compute::{cast, take};
use arrow::datatypes::{
    ArrowNativeType, ArrowPrimitiveType, BinaryType, BinaryViewType, ByteArrayType, ByteViewType, DataType, Date32Type, Date64Type,
    Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type, DecimalType, DurationMicrosecondType, DurationMillisecondType,
    DurationNanosecondType, DurationSecondType, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    IntervalDayTimeType, IntervalMonthDayNanoType, IntervalUnit, IntervalYearMonthType, LargeBinaryType, LargeUtf8Type, StringViewType,
    Time32MillisecondType, Time32SecondType, Time64MicrosecondType, Time64NanosecondType, TimeUnit, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type, Utf8Type,
};
use arrow::error::ArrowError;

/// Appends the bytes of the value at a row.
pub(super) type Writer = Box<dyn Fn(usize, &mut Vec<u8>)>;

const NULL: u8 = 0;
const BOOLEAN: u8 = 1;
const INTEGER: u8 = 2;
const FLOAT: u8 = 3;
const DECIMAL: u8 = 4;
const TEXT: u8 = 5;
const BYTES: u8 = 6;
const INSTANT: u8 = 7;
const LOCAL_TIME: u8 = 8;
const DATE: u8 = 9;
const TIME_OF_DAY: u8 = 10;
const DURATION: u8 = 11;
const INTERVAL: u8 = 12;
const LIST: u8 = 13;
const STRUCT: u8 = 14;
const MAP: u8 = 15;

const MILLISECOND: i128 = 1_000_000;
const DAY: i128 = 86_400_000 * MILLISECOND;

/// How the values of this array are written.
pub(super) fn writer(array: &ArrayRef) -> Result<Writer, ArrowError> {
    let write = value_writer(array)?;
    let Some(nulls) = array.logical_nulls() else { return Ok(write) };
    Ok(Box::new(move |row, out| if nulls.is_null(row) { out.push(NULL) } else { write(row, out) }))
}

fn value_writer(array: &ArrayRef) -> Result<Writer, ArrowError> {
    Ok(match array.data_type() {
        DataType::Null => Box::new(|_, out| out.push(NULL)),
        DataType::Boolean => {
            let values = array.as_boolean().clone();
            Box::new(move |row, out| out.extend_from_slice(&[BOOLEAN, u8::from(values.value(row))]))
        }
        DataType::Utf8 => bytes::<Utf8Type>(array, TEXT),
        DataType::LargeUtf8 => bytes::<LargeUtf8Type>(array, TEXT),
        DataType::Utf8View => views::<StringViewType>(array, TEXT),
        DataType::Binary => bytes::<BinaryType>(array, BYTES),
        DataType::LargeBinary => bytes::<LargeBinaryType>(array, BYTES),
        DataType::BinaryView => views::<BinaryViewType>(array, BYTES),
        DataType::FixedSizeBinary(_) => {
            let values = array.as_fixed_size_binary().clone();
            Box::new(move |row, out| write_bytes(BYTES, values.value(row), out))
        }
        DataType::Dictionary(_, _) => {
            let dictionary = array.as_any_dictionary();
            writer(&take(dictionary.values(), dictionary.keys(), None)?)?
        }
        DataType::RunEndEncoded(_, values) => writer(&cast(array, values.data_type())?)?,
        DataType::List(_) => list(array.as_list::<i32>())?,
        DataType::LargeList(_) => list(array.as_list::<i64>())?,
        DataType::ListView(_) => list_view(array.as_list_view::<i32>())?,
        DataType::LargeListView(_) => list_view(array.as_list_view::<i64>())?,
        DataType::FixedSizeList(_, _) => fixed_size_list(array)?,
        DataType::Struct(_) => structure(array)?,
        DataType::Map(_, _) => map(array)?,
        DataType::Union(_, _) => union(array)?,
        number => return number_writer(array).or_else(|| time_writer(array)).ok_or_else(|| no_rule(number)),
    })
}

fn no_rule(kind: &DataType) -> ArrowError {
    ArrowError::NotYetImplemented(format!("there is no rule for the type {kind}"))
}

fn number_writer(array: &ArrayRef) -> Option<Writer> {
    Some(match array.data_type() {
        DataType::Int8 => numbers::<Int8Type>(array, INTEGER, 1),
        DataType::Int16 => numbers::<Int16Type>(array, INTEGER, 1),
        DataType::Int32 => numbers::<Int32Type>(array, INTEGER, 1),
        DataType::Int64 => numbers::<Int64Type>(array, INTEGER, 1),
        DataType::UInt8 => numbers::<UInt8Type>(array, INTEGER, 1),
        DataType::UInt16 => numbers::<UInt16Type>(array, INTEGER, 1),
        DataType::UInt32 => numbers::<UInt32Type>(array, INTEGER, 1),
        DataType::UInt64 => numbers::<UInt64Type>(array, INTEGER, 1),
        DataType::Float16 => primitives::<Float16Type>(array, |value, out| write_float(value.to_f64(), out)),
        DataType::Float32 => primitives::<Float32Type>(array, |value, out| write_float(f64::from(value), out)),
        DataType::Float64 => primitives::<Float64Type>(array, write_float),
        DataType::Decimal32(_, scale) => decimals::<Decimal32Type>(array, *scale),
        DataType::Decimal64(_, scale) => decimals::<Decimal64Type>(array, *scale),
        DataType::Decimal128(_, scale) => decimals::<Decimal128Type>(array, *scale),
        DataType::Decimal256(_, scale) => decimals::<Decimal256Type>(array, *scale),
        _ => return None,
    })
}

fn time_writer(array: &ArrayRef) -> Option<Writer> {
    Some(match array.data_type() {
        DataType::Timestamp(unit, zone) => {
            let tag = if zone.is_some() { INSTANT } else { LOCAL_TIME };
            match unit {
                TimeUnit::Second => numbers::<TimestampSecondType>(array, tag, nanoseconds(*unit)),
                TimeUnit::Millisecond => numbers::<TimestampMillisecondType>(array, tag, nanoseconds(*unit)),
                TimeUnit::Microsecond => numbers::<TimestampMicrosecondType>(array, tag, nanoseconds(*unit)),
                TimeUnit::Nanosecond => numbers::<TimestampNanosecondType>(array, tag, nanoseconds(*unit)),
            }
        }
        DataType::Date32 => numbers::<Date32Type>(array, DATE, DAY),
        DataType::Date64 => numbers::<Date64Type>(array, DATE, MILLISECOND),
        DataType::Time32(unit @ TimeUnit::Second) => numbers::<Time32SecondType>(array, TIME_OF_DAY, nanoseconds(*unit)),
        DataType::Time32(unit) => numbers::<Time32MillisecondType>(array, TIME_OF_DAY, nanoseconds(*unit)),
        DataType::Time64(unit @ TimeUnit::Microsecond) => numbers::<Time64MicrosecondType>(array, TIME_OF_DAY, nanoseconds(*unit)),
        DataType::Time64(unit) => numbers::<Time64NanosecondType>(array, TIME_OF_DAY, nanoseconds(*unit)),
        DataType::Duration(unit) => match unit {
            TimeUnit::Second => numbers::<DurationSecondType>(array, DURATION, nanoseconds(*unit)),
            TimeUnit::Millisecond => numbers::<DurationMillisecondType>(array, DURATION, nanoseconds(*unit)),
            TimeUnit::Microsecond => numbers::<DurationMicrosecondType>(array, DURATION, nanoseconds(*unit)),
            TimeUnit::Nanosecond => numbers::<DurationNanosecondType>(array, DURATION, nanoseconds(*unit)),
        },
        DataType::Interval(IntervalUnit::YearMonth) => {
            primitives::<IntervalYearMonthType>(array, |months, out| write_interval(months, 0, 0, out))
        }
        DataType::Interval(IntervalUnit::DayTime) => primitives::<IntervalDayTimeType>(array, |value, out| {
            write_interval(0, value.days, i64::from(value.milliseconds) * 1_000_000, out);
        }),
        DataType::Interval(IntervalUnit::MonthDayNano) => primitives::<IntervalMonthDayNanoType>(array, |value, out| {
            write_interval(value.months, value.days, value.nanoseconds, out);
        }),
        _ => return None,
    })
}

fn nanoseconds(unit: TimeUnit) -> i128 {
    match unit {
        TimeUnit::Second => 1_000_000_000,
        TimeUnit::Millisecond => MILLISECOND,
        TimeUnit::Microsecond => 1_000,
        TimeUnit::Nanosecond => 1,
    }
}

fn primitives<T: ArrowPrimitiveType>(array: &ArrayRef, write: impl Fn(T::Native, &mut Vec<u8>) + 'static) -> Writer {
    let values = array.as_primitive::<T>().clone();
    Box::new(move |row, out| write(values.value(row), out))
}

/// Whole numbers, times the unit that they count. 64 bits times a day in nanoseconds fit 128.
fn numbers<T: ArrowPrimitiveType>(array: &ArrayRef, tag: u8, unit: i128) -> Writer
where
    T::Native: Into<i128>,
{
    primitives::<T>(array, move |value, out| {
        out.push(tag);
        out.extend_from_slice(&(value.into() * unit).to_be_bytes());
    })
}

/// As text without zeros at the end of its fraction: 1.50 and 1.5 are the same number.
fn decimals<T: DecimalType>(array: &ArrayRef, scale: i8) -> Writer {
    primitives::<T>(array, move |value, out| {
        let text = T::format_decimal(value, T::MAX_PRECISION, scale);
        let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
        write_bytes(DECIMAL, text.as_bytes(), out);
    })
}

fn write_float(value: f64, out: &mut Vec<u8>) {
    let value = if value.is_nan() { f64::NAN } else { value + 0.0 };
    out.push(FLOAT);
    out.extend_from_slice(&value.to_bits().to_be_bytes());
}

fn write_interval(months: i32, days: i32, nanoseconds: i64, out: &mut Vec<u8>) {
    out.push(INTERVAL);
    out.extend_from_slice(&months.to_be_bytes());
    out.extend_from_slice(&days.to_be_bytes());
    out.extend_from_slice(&nanoseconds.to_be_bytes());
}

fn write_bytes(tag: u8, bytes: &[u8], out: &mut Vec<u8>) {
    write_count(tag, bytes.len(), out);
    out.extend_from_slice(bytes);
}

fn write_count(tag: u8, count: usize, out: &mut Vec<u8>) {
    out.push(tag);
    out.extend_from_slice(&(count as u64).to_be_bytes());
}

fn bytes<T: ByteArrayType>(array: &ArrayRef, tag: u8) -> Writer {
    let values = array.as_bytes::<T>().clone();
    Box::new(move |row, out| write_bytes(tag, values.value(row).as_ref(), out))
}

fn views<T: ByteViewType>(array: &ArrayRef, tag: u8) -> Writer {
    let values = array.as_byte_view::<T>().clone();
    Box::new(move |row, out| write_bytes(tag, values.value(row).as_ref(), out))
}

fn list<O: OffsetSizeTrait>(lists: &GenericListArray<O>) -> Result<Writer, ArrowError> {
    let (write, offsets) = (writer(lists.values())?, lists.offsets().clone());
    Ok(Box::new(move |row, out| write_values(&write, offsets[row].as_usize(), offsets[row + 1].as_usize(), out)))
}

fn list_view<O: OffsetSizeTrait>(lists: &GenericListViewArray<O>) -> Result<Writer, ArrowError> {
    let (write, offsets, sizes) = (writer(lists.values())?, lists.offsets().clone(), lists.sizes().clone());
    Ok(Box::new(move |row, out| {
        let start = offsets[row].as_usize();
        write_values(&write, start, start + sizes[row].as_usize(), out);
    }))
}

fn fixed_size_list(array: &ArrayRef) -> Result<Writer, ArrowError> {
    let lists = array.as_fixed_size_list().clone();
    let (write, length) = (writer(lists.values())?, lists.value_length() as usize);
    Ok(Box::new(move |row, out| {
        let start = lists.value_offset(row) as usize;
        write_values(&write, start, start + length, out);
    }))
}

fn write_values(write: &Writer, start: usize, end: usize, out: &mut Vec<u8>) {
    write_count(LIST, end - start, out);
    for row in start..end {
        write(row, out);
    }
}

fn structure(array: &ArrayRef) -> Result<Writer, ArrowError> {
    let values = array.as_struct();
    let members = values.fields().iter().zip(values.columns());
    let members = members.map(|(field, column)| Ok((field.name().clone(), writer(column)?))).collect::<Result<Vec<_>, ArrowError>>()?;
    Ok(Box::new(move |row, out| {
        write_count(STRUCT, members.len(), out);
        for (name, write) in &members {
            write_bytes(TEXT, name.as_bytes(), out);
            write(row, out);
        }
    }))
}

/// A map has no order: its entries are written in the order of their bytes.
fn map(array: &ArrayRef) -> Result<Writer, ArrowError> {
    let map = array.as_map();
    let (keys, values, offsets) = (writer(map.keys())?, writer(map.values())?, map.offsets().clone());
    Ok(Box::new(move |row, out| {
        let entries = offsets[row].as_usize()..offsets[row + 1].as_usize();
        let mut entries: Vec<Vec<u8>> = entries
            .map(|entry| {
                let mut bytes = Vec::new();
                keys(entry, &mut bytes);
                values(entry, &mut bytes);
                bytes
            })
            .collect();
        entries.sort_unstable();
        write_count(MAP, entries.len(), out);
        entries.iter().for_each(|entry| out.extend_from_slice(entry));
    }))
}

/// A value of a union is the value itself.
fn union(array: &ArrayRef) -> Result<Writer, ArrowError> {
    let union = array.as_union().clone();
    let DataType::Union(fields, _) = union.data_type() else { return Err(no_rule(union.data_type())) };
    let mut members: Vec<Option<Writer>> = (0..128).map(|_| None).collect();
    for (type_id, _) in fields.iter() {
        if let Some(member) = members.get_mut(type_id as usize) {
            *member = Some(writer(union.child(type_id))?);
        }
    }
    Ok(Box::new(move |row, out| match members.get(union.type_id(row) as usize) {
        Some(Some(write)) => write(union.value_offset(row), out),
        _ => out.push(NULL),
    }))
}
