use arrow::datatypes::DataType;
use coldtrail_model::Table;

/// Why tables could not be published.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A column has a type that Iceberg has no equal of.
    #[error("the column {column:?} has the type {data_type}, which no Iceberg table can have")]
    NoType {
        /// The column.
        column: String,
        /// Its type.
        data_type: DataType,
    },
    /// What was published before cannot be understood.
    #[error(
        "{file} of the table {table} cannot be understood: {reason}; a newer Coldtrail may have written it; if not, delete the table's \
         folder below iceberg/, and it is published again"
    )]
    Damaged {
        /// The table.
        table: Table,
        /// The file in the table's `metadata` folder.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A manifest could not be compressed.
    #[error("a manifest of the table {table} could not be encoded: {source}")]
    Encode {
        /// The table.
        table: Table,
        /// What was wrong.
        source: std::io::Error,
    },
    /// Work was stopped before its end, because the process is going down or a bug stopped it.
    #[error("describing the files of a table was stopped: {source}")]
    Interrupted {
        /// How it was stopped.
        source: tokio::task::JoinError,
    },
    /// The lake cannot be read or written.
    #[error(transparent)]
    Lake(#[from] coldtrail_lake::Error),
}
