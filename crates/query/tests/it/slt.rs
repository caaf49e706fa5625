//! Runs the hunts of `tests/slt`: SQL and the rows that it gives, in a form that an analyst can read.

use std::path::Path;

use arrow::record_batch::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use sqllogictest::{AsyncDB, DBOutput, DefaultColumnType, Runner};

use crate::support::{World, collect};

/// The planner as sqllogictest drives it.
struct Database {
    world: &'static World,
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Refused(String);

#[async_trait::async_trait]
impl AsyncDB for Database {
    type Error = Refused;
    type ColumnType = DefaultColumnType;

    async fn run(&mut self, sql: &str) -> Result<DBOutput<DefaultColumnType>, Refused> {
        let planned = self.world.try_plan(sql).await.map_err(|error| Refused(error.to_string()))?;
        let types = vec![DefaultColumnType::Any; planned.schema.fields().len()];
        let rows = collect(&planned).await.iter().flat_map(rows_of).collect();
        Ok(DBOutput::Rows { types, rows })
    }

    async fn shutdown(&mut self) {}
}

fn rows_of(batch: &RecordBatch) -> Vec<Vec<String>> {
    let options = FormatOptions::default().with_null("NULL");
    let columns: Vec<ArrayFormatter<'_>> =
        batch.columns().iter().map(|column| ArrayFormatter::try_new(column.as_ref(), &options).unwrap()).collect();
    let cell = |column: &ArrayFormatter<'_>, row: usize| match column.value(row).to_string() {
        empty if empty.is_empty() => "(empty)".to_owned(),
        text => text,
    };
    (0..batch.num_rows()).map(|row| columns.iter().map(|column| cell(column, row)).collect()).collect()
}

async fn run(name: &str) {
    let world = World::four_days().await;
    let mut runner = Runner::new(|| async { Ok(Database { world }) });
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/slt").join(name);
    runner.run_file_async(file).await.unwrap_or_else(|error| panic!("{error}"));
}

#[tokio::test]
async fn functions_do_what_their_slt_file_says() {
    run("functions.slt").await;
}

#[tokio::test]
async fn hunts_find_what_their_slt_file_says() {
    run("hunts.slt").await;
}

#[tokio::test]
async fn sequences_beacons_sessions_and_baselines_are_what_their_slt_file_says() {
    run("sequences.slt").await;
}
