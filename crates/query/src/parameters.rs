//! Parameters of a statement: which there are, and their values.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{ParamValues, Result as DataFusionResult, ScalarValue};
use datafusion::logical_expr::{Expr, LogicalPlan};

use crate::Error;

/// The parameters of a plan in order, named `$1`, `$2`, …; one whose type does not show is text.
pub(crate) fn parameters_of(plan: &LogicalPlan) -> Result<SchemaRef, Error> {
    let mut types: BTreeMap<usize, DataType> = BTreeMap::new();
    for (name, kind) in plan.get_parameter_types()? {
        types.insert(number_of(&name)?, kind.unwrap_or(DataType::Utf8));
    }
    for name in limits_of(plan)? {
        types.insert(number_of(&name)?, DataType::Int64);
    }
    // A plan whose text has $2 but no $1 takes two values all the same.
    let count = types.last_key_value().map_or(0, |(number, _)| *number);
    let field = |number: usize| Field::new(format!("${number}"), types.get(&number).cloned().unwrap_or(DataType::Utf8), true);
    Ok(Arc::new(Schema::new((1..=count).map(field).collect::<Vec<_>>())))
}

/// The parameters that say how many rows, whose type DataFusion does not infer.
fn limits_of(plan: &LogicalPlan) -> Result<BTreeSet<String>, Error> {
    let mut names = BTreeSet::new();
    plan.apply_with_subqueries(|node| {
        let LogicalPlan::Limit(limit) = node else { return Ok(TreeNodeRecursion::Continue) };
        for count in [&limit.skip, &limit.fetch].into_iter().flatten() {
            count.apply(|expr| {
                if let Expr::Placeholder(placeholder) = expr {
                    names.insert(placeholder.id.clone());
                }
                Ok(TreeNodeRecursion::Continue)
            })?;
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(names)
}

fn number_of(name: &str) -> Result<usize, Error> {
    let number = name.strip_prefix('$').and_then(|digits| digits.parse::<usize>().ok()).filter(|number| (1..=1000).contains(number));
    number.ok_or_else(|| Error::BadStatement { message: format!("parameter {name} is not one of $1 to $1000") })
}

/// The values of the one row, each with the type that the statement wants.
pub(crate) fn bind(wanted: &SchemaRef, given: Option<&RecordBatch>) -> Result<ParamValues, Error> {
    let (columns, rows) = given.map_or((0, 1), |batch| (batch.num_columns(), batch.num_rows()));
    if columns != wanted.fields().len() {
        let message = format!("the statement has {}, but {columns} were given", count_of(wanted.fields().len()));
        return Err(Error::BadStatement { message });
    }
    if rows != 1 {
        return Err(Error::BadStatement { message: format!("parameters are one row, but {rows} rows were given") });
    }
    let Some(batch) = given else { return Ok(ParamValues::List(Vec::new())) };
    let values = wanted.fields().iter().zip(batch.columns()).map(|(field, column)| {
        let value = ScalarValue::try_from_array(column, 0)?;
        cast(value, field)
    });
    Ok(ParamValues::from(values.collect::<Result<Vec<_>, Error>>()?))
}

fn count_of(parameters: usize) -> String {
    match parameters {
        0 => "no parameters".to_owned(),
        1 => "1 parameter".to_owned(),
        many => format!("{many} parameters"),
    }
}

fn cast(value: ScalarValue, field: &Field) -> Result<ScalarValue, Error> {
    let wanted = field.data_type();
    if value.data_type() == *wanted {
        return Ok(value);
    }
    let cast: DataFusionResult<ScalarValue> = value.cast_to(wanted);
    match cast {
        // A cast that gives nothing for something has failed.
        Ok(cast) if value.is_null() || !cast.is_null() => Ok(cast),
        _ => Err(Error::BadStatement {
            message: format!("parameter {} is {value} of type {}, but {wanted} is wanted", field.name(), value.data_type()),
        }),
    }
}

/// Nulls of the right types, to learn the columns of a result before there are values.
pub(crate) fn placeholders(wanted: &SchemaRef) -> Result<ParamValues, Error> {
    let nulls = wanted.fields().iter().map(|field| ScalarValue::try_from(field.data_type())).collect::<DataFusionResult<Vec<_>>>()?;
    Ok(ParamValues::from(nulls))
}
