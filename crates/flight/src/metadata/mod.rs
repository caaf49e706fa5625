//! What clients ask to draw their trees and to know the server: catalogs, schemas, tables, types, capabilities.

mod column_facts;
mod keys;
mod like;
mod sql_info;
mod tables;
mod xdbc_types;

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow_flight::error::FlightError;
use arrow_flight::sql::metadata::{GetCatalogsBuilder, GetDbSchemasBuilder, SqlInfoData, SqlInfoDataBuilder, XdbcTypeInfoData};
use arrow_flight::sql::{Command, CommandGetCatalogs, CommandGetDbSchemas};
use coldtrail_query::Principal;
use tonic::Status;

use crate::Error;
use crate::service::FlightSql;
use crate::status::from_query_error;
use like::Like;

/// Answers that are the same for everybody and for the life of the server.
pub(crate) struct Facts {
    sql_info: SqlInfoData,
    xdbc_types: XdbcTypeInfoData,
}

impl Facts {
    pub(crate) fn new(handle_bytes_max: usize) -> Result<Self, Error> {
        let failed = |error: FlightError| Error::Metadata { source: arrow::error::ArrowError::ExternalError(Box::new(error)) };
        Ok(Self { sql_info: sql_info::build(handle_bytes_max).map_err(failed)?, xdbc_types: xdbc_types::build().map_err(failed)? })
    }
}

/// The schema that the specification gives the answer, if the command is a metadata request.
pub(crate) fn schema_of(command: &Command, facts: &Facts) -> Option<SchemaRef> {
    Some(match command {
        Command::CommandGetCatalogs(_) => GetCatalogsBuilder::new().schema(),
        Command::CommandGetDbSchemas(_) => GetDbSchemasBuilder::new(None::<String>, None::<String>).schema(),
        Command::CommandGetTables(command) => tables::schema(command.include_schema),
        Command::CommandGetTableTypes(_) => tables::types_schema(),
        Command::CommandGetSqlInfo(_) => Arc::new(SqlInfoDataBuilder::schema().clone()),
        Command::CommandGetXdbcTypeInfo(_) => facts.xdbc_types.schema(),
        Command::CommandGetPrimaryKeys(_) => keys::primary_keys_schema(),
        Command::CommandGetExportedKeys(_) | Command::CommandGetImportedKeys(_) | Command::CommandGetCrossReference(_) => {
            keys::foreign_keys_schema()
        }
        _ => return None,
    })
}

impl FlightSql {
    /// The answer to a metadata request, with what this caller may see; nothing for other commands.
    pub(crate) async fn metadata(&self, caller: &Principal, command: Command) -> Result<Option<RecordBatch>, Status> {
        let failed = |error: FlightError| Status::internal(format!("could not build the answer: {error}"));
        let Some(schema) = schema_of(&command, &self.facts) else { return Ok(None) };
        let batch = match command {
            Command::CommandGetCatalogs(command) => self.catalogs(caller, command).await?,
            Command::CommandGetDbSchemas(command) => self.db_schemas(caller, command).await?,
            Command::CommandGetTables(command) => self.tables(caller, command).await?,
            Command::CommandGetTableTypes(_) => tables::types()?,
            Command::CommandGetSqlInfo(command) => command.into_builder(&self.facts.sql_info).build().map_err(failed)?,
            Command::CommandGetXdbcTypeInfo(command) => command.into_builder(&self.facts.xdbc_types).build().map_err(failed)?,
            _ => RecordBatch::new_empty(schema),
        };
        Ok(Some(batch))
    }

    async fn catalogs(&self, caller: &Principal, command: CommandGetCatalogs) -> Result<RecordBatch, Status> {
        let mut builder = command.into_builder();
        for (catalog, _) in self.query.catalogs(caller).await.map_err(|error| from_query_error(&error, None))? {
            builder.append(catalog);
        }
        builder.build().map_err(|error| Status::internal(error.to_string()))
    }

    async fn db_schemas(&self, caller: &Principal, command: CommandGetDbSchemas) -> Result<RecordBatch, Status> {
        let pattern = command.db_schema_filter_pattern.as_deref().map(Like::new);
        let mut builder = GetDbSchemasBuilder::new(command.catalog.as_deref(), None::<String>);
        for (catalog, provider) in self.query.catalogs(caller).await.map_err(|error| from_query_error(&error, None))? {
            for schema in provider.schema_names() {
                if pattern.as_ref().is_none_or(|pattern| pattern.matches(&schema)) {
                    builder.append(&catalog, schema);
                }
            }
        }
        builder.build().map_err(|error| Status::internal(error.to_string()))
    }
}
