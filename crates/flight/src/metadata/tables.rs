use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow_flight::sql::CommandGetTables;
use arrow_flight::sql::metadata::GetTablesBuilder;
use coldtrail_query::Principal;
use datafusion::catalog::{CatalogProvider, SchemaProvider};
use datafusion::datasource::TableType;
use datafusion::error::DataFusionError;
use tonic::Status;

use super::column_facts::describe_columns;
use super::like::Like;
use crate::service::FlightSql;
use crate::status::{from_engine_error, from_query_error};

const TABLE: &str = "TABLE";
const VIEW: &str = "VIEW";

pub(super) fn schema(include_schema: bool) -> SchemaRef {
    builder(include_schema).schema()
}

pub(super) fn types_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new("table_type", DataType::Utf8, false)]))
}

pub(super) fn types() -> Result<RecordBatch, Status> {
    let column = Arc::new(StringArray::from(vec![TABLE, VIEW]));
    RecordBatch::try_new(types_schema(), vec![column]).map_err(|error| Status::internal(error.to_string()))
}

/// The filters are ours, so that tables which do not match are never loaded.
fn builder(include_schema: bool) -> GetTablesBuilder {
    GetTablesBuilder::new(None::<String>, None::<String>, None::<String>, None::<String>, include_schema)
}

struct Filter {
    catalog: Option<String>,
    schema: Option<Like>,
    table: Option<Like>,
    types: BTreeSet<&'static str>,
}

impl Filter {
    fn new(command: &CommandGetTables) -> Self {
        let types = match command.table_types.is_empty() {
            true => BTreeSet::from([TABLE, VIEW]),
            false => command.table_types.iter().filter_map(|name| known_type(name)).collect(),
        };
        Self {
            catalog: command.catalog.clone(),
            schema: command.db_schema_filter_pattern.as_deref().map(Like::new),
            table: command.table_name_filter_pattern.as_deref().map(Like::new),
            types,
        }
    }
}

/// Clients spell a table type as the SQL standard, as ODBC or in lower case.
fn known_type(name: &str) -> Option<&'static str> {
    match name.to_ascii_uppercase().as_str() {
        "TABLE" | "BASE TABLE" => Some(TABLE),
        "VIEW" => Some(VIEW),
        _ => None,
    }
}

fn type_name(table_type: TableType) -> &'static str {
    match table_type {
        TableType::View => VIEW,
        TableType::Base | TableType::Temporary => TABLE,
    }
}

fn accepts(pattern: Option<&Like>, name: &str) -> bool {
    pattern.is_none_or(|pattern| pattern.matches(name))
}

impl FlightSql {
    pub(super) async fn tables(&self, caller: &Principal, command: CommandGetTables) -> Result<RecordBatch, Status> {
        let filter = Filter::new(&command);
        let mut builder = builder(command.include_schema);
        for (catalog, provider) in self.query.catalogs(caller).await.map_err(|error| from_query_error(&error, None))? {
            if filter.catalog.as_ref().is_none_or(|wanted| *wanted == catalog) {
                let listed = list_catalog(&catalog, provider.as_ref(), &filter, &mut builder).await;
                listed.map_err(|error| from_engine_error(&error, None))?;
            }
        }
        builder.build().map_err(|error| Status::internal(error.to_string()))
    }
}

async fn list_catalog(
    catalog: &str,
    provider: &dyn CatalogProvider,
    filter: &Filter,
    builder: &mut GetTablesBuilder,
) -> Result<(), DataFusionError> {
    for schema in provider.schema_names() {
        if !accepts(filter.schema.as_ref(), &schema) {
            continue;
        }
        // A schema can go while we look.
        let Some(tables) = provider.schema(&schema) else { continue };
        for table in tables.table_names() {
            if accepts(filter.table.as_ref(), &table) {
                append_table([catalog, &schema, &table], tables.as_ref(), filter, builder).await?;
            }
        }
    }
    Ok(())
}

async fn append_table(
    names: [&str; 3],
    tables: &dyn SchemaProvider,
    filter: &Filter,
    builder: &mut GetTablesBuilder,
) -> Result<(), DataFusionError> {
    let [catalog, schema, table] = names;
    let Some(table_type) = tables.table_type(table).await?.map(type_name) else { return Ok(()) };
    if !filter.types.contains(table_type) {
        return Ok(());
    }
    let columns = match builder.include_schema() {
        true => match tables.table(table).await? {
            Some(provider) => describe_columns(&provider.schema(), names),
            None => return Ok(()),
        },
        false => Schema::empty(),
    };
    let appended = builder.append(catalog, schema, table, table_type, &columns);
    appended.map_err(|error| DataFusionError::External(Box::new(error)))
}
