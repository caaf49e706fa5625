//! Errors that help: which name is near the one that is not there.

use std::collections::BTreeSet;

use coldtrail_model::{Class, Col};
use datafusion::catalog::information_schema::INFORMATION_SCHEMA;
use datafusion::common::{Column, DataFusionError, SchemaError, TableReference};

use crate::Error;
use crate::catalog::{CATALOG, COVERAGE_OF, OCSF, SIGMA, SWEEP, SYSTEM, ocsf_names, system_names};

/// Says why a statement could not be planned, to the person who wrote it. `tables` are those of the lake that it reads.
pub(crate) fn planning_error(error: DataFusionError, tables: &[TableReference]) -> Error {
    match error.find_root() {
        DataFusionError::SchemaError(schema_error, _) => Error::BadStatement { message: schema_message(schema_error, tables) },
        DataFusionError::Plan(_) if let Some(missing) = tables.iter().find_map(missing_table) => missing,
        DataFusionError::Plan(_)
        | DataFusionError::SQL(..)
        | DataFusionError::NotImplemented(_)
        | DataFusionError::Configuration(_)
        | DataFusionError::Execution(_)
        | DataFusionError::ArrowError(..)
        | DataFusionError::Diagnostic(..) => bad_statement(error),
        DataFusionError::ResourcesExhausted(message) => Error::Exhausted { message: message.clone() },
        _ => Error::Failed(error),
    }
}

/// The error's own words, for the person who wrote the statement.
pub(crate) fn bad_statement(error: DataFusionError) -> Error {
    let message = error.find_root().strip_backtrace();
    let message = ["SQL error: ", "Error during planning: ", "Execution error: ", "This feature is not implemented: "]
        .iter()
        .fold(message.as_str(), |message, prefix| message.strip_prefix(prefix).unwrap_or(message));
    Error::BadStatement { message: message.replace(".\n", "; ") }
}

fn schema_message(error: &SchemaError, tables: &[TableReference]) -> String {
    match error {
        SchemaError::FieldNotFound { field, valid_fields } => no_column(field, valid_fields, tables),
        SchemaError::AmbiguousReference { field } => {
            format!("column {} is in several of the tables; write which one: table.{}", field.name, field.name)
        }
        other => other.to_string(),
    }
}

fn no_column(field: &Column, valid: &[Column], tables: &[TableReference]) -> String {
    let written = match &field.relation {
        Some(relation) => format!("{relation}.{}", field.name),
        None => field.name.clone(),
    };
    let names: Vec<&str> = valid.iter().map(|column| column.name.as_str()).collect();
    let place = match tables {
        [table] => format!(" in {}", table.table()),
        _ => String::new(),
    };
    let hint = near_column(&written, &field.name, &names)
        .map(|near| format!("; did you mean {near}?"))
        .or_else(|| classes_with(&field.name))
        .unwrap_or_default();
    format!("no column {written}{place}{hint}")
}

/// The nearest of the table's columns, spelt as the writer does: as a path or with underscores.
fn near_column(written: &str, name: &str, valid: &[&str]) -> Option<String> {
    let spelt_as_path = written.contains('.');
    let paths = valid.iter().filter_map(|name| Col::from_name(name)).map(|col| col.column().sql_path());
    let paths: BTreeSet<String> = paths.filter(|_| spelt_as_path).collect();
    let candidates = paths.iter().map(String::as_str).chain(valid.iter().copied());
    let flat = written.replace('.', "_");
    nearest(written, candidates.clone())
        .or_else(|| nearest(&flat, valid.iter().copied()))
        .or_else(|| nearest(name, candidates))
        .map(str::to_owned)
}

/// Which classes have the column, if any has.
fn classes_with(name: &str) -> Option<String> {
    let col = Col::from_name(name)?;
    let classes: Vec<&str> = Class::ALL.iter().filter(|class| class.has(col)).map(|class| class.name()).collect();
    match classes.as_slice() {
        [] => None,
        [only] => Some(format!("; {only} has it")),
        [first, second] => Some(format!("; {first} and {second} have it")),
        [first, second, ..] => Some(format!("; {first}, {second} and {} others have it", classes.len() - 2)),
    }
}

/// Says that a table is not there, if it is not.
fn missing_table(table: &TableReference) -> Option<Error> {
    let catalog = table.catalog().unwrap_or(CATALOG);
    let schema = table.schema().unwrap_or(OCSF);
    let name = table.table();
    let message = match (catalog, schema) {
        (CATALOG, OCSF) if ocsf_names().any(|known| known == name) => return None,
        (CATALOG, SYSTEM) if system_names().any(|known| known == name) => return None,
        (CATALOG, OCSF | SYSTEM) => no_table(table, name),
        // What is wrong with a set of rules, a feed or a window is said by whoever reads it.
        (CATALOG, SWEEP | SIGMA | COVERAGE_OF) => return None,
        (CATALOG, other) => format!("no schema {other}; there are {OCSF}, {SYSTEM} and {INFORMATION_SCHEMA}"),
        (other, _) => format!("no catalog {other}; there is one, {CATALOG}"),
    };
    Some(Error::BadStatement { message })
}

fn no_table(table: &TableReference, name: &str) -> String {
    let system: Vec<String> = system_names().map(|name| format!("{SYSTEM}.{name}")).collect();
    let elsewhere = system.iter().map(String::as_str).find(|full| full.strip_prefix("system.") == Some(name));
    let near = elsewhere.or_else(|| nearest(name, ocsf_names())).or_else(|| nearest(&table.to_string(), system.iter().map(String::as_str)));
    let hint = near.map_or_else(|| "; SHOW TABLES lists them".to_owned(), |near| format!("; did you mean {near}?"));
    format!("no table {table}{hint}")
}

/// The candidate that differs least, if it differs by little: a third of its letters, and two at least.
fn nearest<'c>(name: &str, candidates: impl Iterator<Item = &'c str>) -> Option<&'c str> {
    let name = name.to_lowercase();
    let allowed = (name.chars().count() / 3).clamp(2, 5);
    let distance = |candidate: &'c str| (strsim::damerau_levenshtein(&name, candidate), candidate);
    candidates.map(distance).filter(|(distance, _)| *distance <= allowed).min().map(|(_, candidate)| candidate)
}
