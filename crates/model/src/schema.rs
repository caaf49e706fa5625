use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};

use crate::{Class, Column, Kind};

/// The version of the columns that segments are written with; grows when a column is added.
pub const SCHEMA_VERSION: u32 = 1;

/// The name of the partition column that lies in the path, `event_day=YYYY-MM-DD`.
pub const EVENT_DAY: &str = "event_day";

/// The Arrow schema of a class's table as its segments hold it: the columns in order, all nullable but `time`, each with its
/// OCSF path and meaning in the field's metadata (`ocsf_path`, `comment`). `event_day` is not in it: it lies in the path.
pub fn arrow_schema(class: Class) -> SchemaRef {
    static SCHEMAS: LazyLock<Vec<SchemaRef>> = LazyLock::new(|| Class::ALL.iter().map(|class| build(*class)).collect());
    Arc::clone(&SCHEMAS[class as usize])
}

/// The Arrow type of a kind of column.
pub fn arrow_type(kind: Kind) -> DataType {
    match kind {
        Kind::Text | Kind::Json => DataType::Utf8,
        Kind::Integer => DataType::Int32,
        Kind::Long => DataType::Int64,
        Kind::Double => DataType::Float64,
        Kind::Boolean => DataType::Boolean,
        Kind::Time => DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())),
        Kind::TextList => DataType::List(Arc::new(Field::new("item", DataType::Utf8, true))),
    }
}

fn build(class: Class) -> SchemaRef {
    let fields: Vec<Field> = class.columns().iter().map(|col| field(col.column())).collect();
    Arc::new(Schema::new(fields))
}

fn field(column: &Column) -> Field {
    let metadata = HashMap::from([("ocsf_path".to_owned(), column.path.to_owned()), ("comment".to_owned(), column.meaning.to_owned())]);
    Field::new(column.name, arrow_type(column.kind), column.name != "time").with_metadata(metadata)
}
