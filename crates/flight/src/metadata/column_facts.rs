use std::collections::HashMap;

use arrow::datatypes::{DataType, Field, Schema, TimeUnit};

use crate::wire_types::plain_schema;

/// The columns of a table as queries return them, each with what JDBC's and ODBC's column lists show.
pub(super) fn describe_columns(schema: &Schema, [catalog, db_schema, table]: [&str; 3]) -> Schema {
    let describe = |field: &Field| {
        let mut facts = HashMap::from([
            ("CATALOG_NAME", catalog.to_owned()),
            ("SCHEMA_NAME", db_schema.to_owned()),
            ("TABLE_NAME", table.to_owned()),
            ("TYPE_NAME", sql_type_name(field.data_type())),
            ("IS_AUTO_INCREMENT", "0".into()),
            ("IS_CASE_SENSITIVE", flag(field.data_type().is_string())),
            ("IS_READ_ONLY", "1".into()),
            ("IS_SEARCHABLE", flag(!field.data_type().is_nested())),
        ]);
        if let Some((precision, scale)) = precision_and_scale(field.data_type()) {
            facts.extend([("PRECISION", precision.to_string()), ("SCALE", scale.to_string())]);
        }
        if let Some(remarks) = ["comment", "description"].iter().find_map(|key| field.metadata().get(*key)) {
            facts.insert("REMARKS", remarks.clone());
        }
        let mut metadata = field.metadata().clone();
        metadata.extend(facts.into_iter().map(|(key, value)| (format!("ARROW:FLIGHT:SQL:{key}"), value)));
        field.clone().with_metadata(metadata)
    };
    let plain = plain_schema(schema);
    Schema::new_with_metadata(plain.fields().iter().map(|field| describe(field)).collect::<Vec<_>>(), plain.metadata().clone())
}

fn flag(is_set: bool) -> String {
    String::from(if is_set { "1" } else { "0" })
}

/// Digits of a number, characters of a time, fraction digits.
fn precision_and_scale(data_type: &DataType) -> Option<(i32, i32)> {
    Some(match data_type {
        DataType::Int8 | DataType::UInt8 => (3, 0),
        DataType::Int16 | DataType::UInt16 => (5, 0),
        DataType::Int32 | DataType::UInt32 => (10, 0),
        DataType::Int64 => (19, 0),
        DataType::UInt64 => (20, 0),
        DataType::Float32 => (24, 0),
        DataType::Float64 => (53, 0),
        DataType::Decimal128(precision, scale) | DataType::Decimal256(precision, scale) => (i32::from(*precision), i32::from(*scale)),
        DataType::Timestamp(unit, _) => match unit {
            TimeUnit::Second => (19, 0),
            TimeUnit::Millisecond => (23, 3),
            TimeUnit::Microsecond => (26, 6),
            TimeUnit::Nanosecond => (29, 9),
        },
        _ => return None,
    })
}

fn sql_type_name(data_type: &DataType) -> String {
    let name = match data_type {
        DataType::Boolean => "BOOLEAN",
        DataType::Int8 => "TINYINT",
        DataType::UInt8 => "TINYINT UNSIGNED",
        DataType::Int16 => "SMALLINT",
        DataType::UInt16 => "SMALLINT UNSIGNED",
        DataType::Int32 => "INTEGER",
        DataType::UInt32 => "INTEGER UNSIGNED",
        DataType::Int64 => "BIGINT",
        DataType::UInt64 => "BIGINT UNSIGNED",
        DataType::Float32 => "REAL",
        DataType::Float64 => "DOUBLE",
        DataType::Decimal128(..) | DataType::Decimal256(..) => "DECIMAL",
        DataType::Utf8 | DataType::LargeUtf8 => "VARCHAR",
        DataType::Binary | DataType::LargeBinary | DataType::FixedSizeBinary(_) => "VARBINARY",
        DataType::Date32 | DataType::Date64 => "DATE",
        DataType::Time32(_) | DataType::Time64(_) => "TIME",
        DataType::Timestamp(_, None) => "TIMESTAMP",
        DataType::Timestamp(_, Some(_)) => "TIMESTAMP WITH TIME ZONE",
        DataType::Interval(_) | DataType::Duration(_) => "INTERVAL",
        DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..) => "ARRAY",
        DataType::Struct(_) => "STRUCT",
        DataType::Map(..) => "MAP",
        other => return other.to_string().to_uppercase(),
    };
    name.to_owned()
}
