//! The columns of a table with Iceberg's numbers for them.

use std::collections::BTreeMap;

use arrow::datatypes::{DataType, Field as Column, TimeUnit};
use coldtrail_lake::{observables_schema, rejects_schema};
use coldtrail_model::{EVENT_DAY, Table, arrow_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::Error;

/// The columns of a table, as a version of it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Schema {
    pub(crate) r#type: String,
    pub(crate) schema_id: i32,
    pub(crate) fields: Vec<Field>,
}

/// One column. Its number is never given to another, so that what is said of a column (its bounds) stays true whatever comes later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Field {
    pub(crate) id: i32,
    pub(crate) name: String,
    pub(crate) required: bool,
    pub(crate) r#type: Type,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) doc: Option<String>,
}

/// The type of a column's values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Type {
    Primitive(String),
    List(List),
}

/// Several values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct List {
    pub(crate) r#type: String,
    pub(crate) element_id: i32,
    pub(crate) element: Box<Type>,
    pub(crate) element_required: bool,
}

impl Schema {
    /// The columns of a table today. Those that one of the earlier schemas has keep their numbers, new ones get the next after
    /// `last_column_id`, which moves on. The schema has the number of an earlier one that is the same.
    pub(crate) fn of(table: Table, earlier: &[Self], last_column_id: &mut i32) -> Result<Self, Error> {
        let columns = match table {
            Table::Events(class) => arrow_schema(class),
            Table::Observables => observables_schema(),
            Table::Rejects => rejects_schema(),
        };
        let mut numbers = Numbers { earlier, last: last_column_id };
        let mut fields = columns.fields().iter().map(|column| numbers.field(column)).collect::<Result<Vec<_>, _>>()?;
        // The day lies in the path alone; a column for it can only be optional.
        fields.push(numbers.field(&Column::new(EVENT_DAY, DataType::Date32, true))?);
        let next_id = earlier.iter().map(|schema| schema.schema_id + 1).max().unwrap_or(0);
        let schema_id = earlier.iter().find(|schema| schema.fields == fields).map_or(next_id, |same| same.schema_id);
        Ok(Self { r#type: "struct".to_owned(), schema_id, fields })
    }

    /// The number of a column.
    pub(crate) fn id_of(&self, name: &str) -> Option<i32> {
        self.fields.iter().find(|field| field.name == name).map(|field| field.id)
    }

    /// Which columns of a file are which of the table: by their names, for the files carry no numbers. The day is in no file.
    pub(crate) fn name_mapping(&self) -> Value {
        let in_files = self.fields.iter().filter(|field| field.name != EVENT_DAY);
        in_files.map(|field| mapped(field.id, &field.name, &field.r#type)).collect()
    }
}

fn mapped(id: i32, name: &str, kind: &Type) -> Value {
    match kind {
        Type::Primitive(_) => json!({"field-id": id, "names": [name]}),
        Type::List(list) => json!({"field-id": id, "names": [name], "fields": [mapped(list.element_id, "element", &list.element)]}),
    }
}

/// Gives columns their numbers.
struct Numbers<'a> {
    earlier: &'a [Schema],
    last: &'a mut i32,
}

impl Numbers<'_> {
    fn field(&mut self, column: &Column) -> Result<Field, Error> {
        let known: BTreeMap<&str, &Field> =
            self.earlier.iter().flat_map(|schema| &schema.fields).map(|field| (field.name.as_str(), field)).collect();
        let known = known.get(column.name().as_str()).copied();
        let id = known.map_or_else(|| self.next(), |field| field.id);
        let kind = self.kind(column, known.map(|field| &field.r#type))?;
        let doc = column.metadata().get("comment").cloned();
        Ok(Field { id, name: column.name().clone(), required: !column.is_nullable(), r#type: kind, doc })
    }

    fn kind(&mut self, column: &Column, known: Option<&Type>) -> Result<Type, Error> {
        let name = match column.data_type() {
            DataType::Utf8 => "string",
            DataType::Int32 => "int",
            DataType::Int64 => "long",
            DataType::Float64 => "double",
            DataType::Boolean => "boolean",
            DataType::Date32 => "date",
            DataType::Timestamp(TimeUnit::Millisecond, Some(_)) => "timestamptz",
            DataType::List(element) => {
                let known = match known {
                    Some(Type::List(list)) => Some(list),
                    _ => None,
                };
                let element_id = known.map_or_else(|| self.next(), |list| list.element_id);
                let kind = self.kind(element, known.map(|list| list.element.as_ref()))?;
                let element_required = !element.is_nullable();
                return Ok(Type::List(List { r#type: "list".to_owned(), element_id, element: Box::new(kind), element_required }));
            }
            other => return Err(Error::NoType { column: column.name().clone(), data_type: other.clone() }),
        };
        Ok(Type::Primitive(name.to_owned()))
    }

    fn next(&mut self) -> i32 {
        *self.last += 1;
        *self.last
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn numbers(schema: &Schema) -> Vec<i32> {
        let element = |field: &Field| match &field.r#type {
            Type::List(list) => Some(list.element_id),
            Type::Primitive(_) => None,
        };
        schema.fields.iter().flat_map(|field| [Some(field.id), element(field)]).flatten().collect()
    }

    #[test]
    fn every_table_has_columns_with_numbers_of_their_own() {
        for table in Table::all() {
            let mut last = 0;
            let schema = Schema::of(table, &[], &mut last).unwrap();
            let all = numbers(&schema);
            let distinct: BTreeSet<i32> = all.iter().copied().collect();
            assert_eq!((distinct.len(), *distinct.last().unwrap(), schema.schema_id), (all.len(), last, 0), "{table}");
            let text = serde_json::to_string(&schema).unwrap();
            assert_eq!(serde_json::from_str::<Schema>(&text).unwrap(), schema);
        }
    }

    #[test]
    fn a_column_that_comes_later_changes_no_number_and_the_same_columns_have_the_same_schema() {
        let table = Table::Events(coldtrail_model::Class::ApiActivity);
        let mut last = 0;
        let today = Schema::of(table, &[], &mut last).unwrap();
        let mut older = today.clone();
        let gone = older.fields.remove(3);
        let mut last_again = last;
        let newer = Schema::of(table, std::slice::from_ref(&older), &mut last_again).unwrap();
        assert_eq!((newer.schema_id, newer.fields[3].id, newer.fields[3].name.as_str()), (1, last + 1, gone.name.as_str()));
        assert!(older.fields.iter().all(|field| newer.id_of(&field.name) == Some(field.id)));
        let same = Schema::of(table, &[older, newer.clone()], &mut last_again).unwrap();
        assert_eq!(same, newer);
    }

    #[test]
    fn lists_are_mapped_with_their_elements_and_the_day_is_not_mapped() {
        let mut last = 0;
        let schema = Schema::of(Table::Events(coldtrail_model::Class::ApiActivity), &[], &mut last).unwrap();
        let mapping = schema.name_mapping();
        let of = |name: &str| mapping.as_array().unwrap().iter().find(|field| field["names"][0] == name).cloned();
        assert_eq!(of("time").unwrap(), json!({"field-id": schema.id_of("time"), "names": ["time"]}));
        let list = of("http_request_x_forwarded_for").unwrap();
        assert_eq!(list["fields"][0]["names"], json!(["element"]));
        assert_eq!((of(EVENT_DAY), schema.id_of(EVENT_DAY).is_some()), (None, true));
    }
}
