//! Schema `system`: what the catalog knows, as tables in memory.

mod columns;
mod expected;
mod segments;
mod sources;
mod tables;

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use arrow::record_batch::RecordBatch;
use datafusion::catalog::TableProvider;
use datafusion::common::{DataFusionError, Result};
use datafusion::datasource::MemTable;

use crate::catalog::CatalogParts;

/// A table of schema `system` that is made when it is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SystemTable {
    /// One row a column of every table: its OCSF path and meaning.
    Columns,
    /// One row a declaration of what should come in.
    Expected,
    /// One row a segment of the snapshot.
    Segments,
    /// One row a source object that was taken in.
    Sources,
    /// One row a table: what it holds.
    Tables,
}

impl SystemTable {
    pub(crate) const ALL: &'static [Self] = &[Self::Columns, Self::Expected, Self::Segments, Self::Sources, Self::Tables];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Columns => "columns",
            Self::Expected => "expected",
            Self::Segments => "segments",
            Self::Sources => "sources",
            Self::Tables => "tables",
        }
    }

    /// The table over a snapshot.
    pub(crate) async fn provider(self, parts: &CatalogParts) -> Result<Arc<dyn TableProvider>> {
        let batch = match self {
            Self::Columns => columns::batch()?,
            Self::Expected => expected::batch(&parts.expected)?,
            Self::Segments => segments::batch(&parts.snapshot)?,
            Self::Sources => {
                let objects = parts.index.source_objects().await.map_err(|error| DataFusionError::External(Box::new(error)))?;
                sources::batch(&objects)?
            }
            Self::Tables => tables::batch(&parts.snapshot)?,
        };
        Ok(Arc::new(MemTable::try_new(batch.schema(), vec![vec![batch]])?))
    }
}

/// A column of a system table, with its comment.
struct Described(&'static str, DataType, bool, &'static str);

fn schema_of(columns: &[Described]) -> SchemaRef {
    let field = |Described(name, kind, nullable, comment): &Described| {
        Field::new(*name, kind.clone(), *nullable).with_metadata([("comment".to_owned(), (*comment).to_owned())].into())
    };
    Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()))
}

fn instant() -> DataType {
    DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into()))
}

fn batch_of(columns: &[Described], arrays: Vec<arrow::array::ArrayRef>) -> Result<RecordBatch> {
    Ok(RecordBatch::try_new(schema_of(columns), arrays)?)
}

fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string cannot fail");
        text
    })
}
