use std::sync::{Arc, LazyLock};

use arrow::array::{ArrayRef, BooleanArray, Int32Array, StringArray};
use arrow::datatypes::{DataType, Field, SchemaRef};
use arrow::record_batch::RecordBatch;
use coldtrail_lake::{observables_schema, rejects_schema};
use coldtrail_model::{Class, Col, EVENT_DAY, ObservableType, Table, arrow_schema};
use datafusion::common::Result;

use super::{Described, batch_of};
use crate::catalog::{OCSF, REJECTS, SYSTEM};
use crate::events::{EVENTS, events_schema};

static COLUMNS: LazyLock<Vec<Described>> = LazyLock::new(|| {
    vec![
        Described("schema_name", DataType::Utf8, false, "The schema that the table is in"),
        Described("table_name", DataType::Utf8, false, "The table"),
        Described("column_name", DataType::Utf8, false, "The column"),
        Described("ordinal_position", DataType::Int32, false, "Its place in the table, from 1"),
        Described("data_type", DataType::Utf8, false, "The Arrow type of its values"),
        Described("ocsf_path", DataType::Utf8, true, "Its OCSF path, which SQL understands as well"),
        Described("observable_type", DataType::Utf8, true, "Which observable its values are"),
        Described("has_bloom_filter", DataType::Boolean, false, "True if looking for one value reads little"),
        Described("comment", DataType::Utf8, true, "What it means"),
    ]
});

struct Row {
    schema: &'static str,
    table: &'static str,
    position: i32,
    field: Arc<Field>,
    col: Option<Col>,
}

/// One row a column of every table of segments.
pub(super) fn batch() -> Result<RecordBatch> {
    let rows = rows();
    let text = |of: &dyn Fn(&Row) -> Option<String>| -> ArrayRef { Arc::new(rows.iter().map(of).collect::<StringArray>()) };
    let arrays = vec![
        text(&|row| Some(row.schema.to_owned())),
        text(&|row| Some(row.table.to_owned())),
        text(&|row| Some(row.field.name().clone())),
        Arc::new(Int32Array::from_iter_values(rows.iter().map(|row| row.position))),
        text(&|row| Some(row.field.data_type().to_string())),
        text(&|row| row.col.map(|col| col.column().sql_path())),
        text(&|row| row.col.and_then(|col| col.column().observable).map(observable_name)),
        Arc::new(rows.iter().map(|row| Some(row.col.is_some_and(|col| col.column().bloom))).collect::<BooleanArray>()),
        text(&|row| row.field.metadata().get("comment").cloned()),
    ];
    batch_of(&COLUMNS, arrays)
}

fn rows() -> Vec<Row> {
    let classes = Class::ALL.iter().map(|class| (OCSF, class.name(), arrow_schema(*class), true));
    let others = [
        (OCSF, EVENTS, events_schema(), true),
        (OCSF, Table::Observables.name(), observables_schema(), false),
        (SYSTEM, REJECTS, rejects_schema(), false),
    ];
    classes.chain(others).flat_map(|(schema, table, columns, are_events)| rows_of(schema, table, &columns, are_events)).collect()
}

fn rows_of(schema: &'static str, table: &'static str, columns: &SchemaRef, are_events: bool) -> Vec<Row> {
    let day = crate::scan::day_schema();
    let fields = columns.fields().iter().chain(day.fields().iter());
    let row = |(position, field): (i32, &Arc<Field>)| Row {
        schema,
        table,
        position,
        field: Arc::clone(field),
        col: Col::from_name(field.name()).filter(|_| are_events && field.name() != EVENT_DAY),
    };
    (1_i32..).zip(fields).map(row).collect()
}

/// OCSF's words for the type. Which of two a DNS answer is shows in its form only.
fn observable_name(kind: ObservableType) -> String {
    match kind {
        ObservableType::DnsAnswer => format!("{} or {}", ObservableType::Ip.ocsf("").1, ObservableType::Hostname.ocsf("").1),
        kind => kind.ocsf("").1.to_owned(),
    }
}
