use std::sync::Arc;

use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::Result;
use datafusion::common::TableReference;
use datafusion::functions_aggregate::expr_fn::{avg_distinct, count, count_distinct, sum, sum_distinct};
use datafusion::logical_expr::expr::{AggregateFunction, Alias};
use datafusion::logical_expr::{Aggregate, Expr, ExprSchemable, LogicalPlan, LogicalPlanBuilder, cast, col, lit, when};
use datafusion::prelude::coalesce;

/// An aggregation that each slice does for itself, and how their answers are put together to the very same.
#[derive(Debug, Clone)]
pub(crate) struct PartialAggregates {
    /// What a slice groups by: what the statement does, and then what it counts only once.
    keys: Vec<Expr>,
    /// How many of them are the statement's.
    keys_of_statement: usize,
    /// What a slice aggregates.
    partials: Vec<Expr>,
    /// The aggregates of the statement, from the columns of slices.
    finals: Vec<Final>,
    /// The columns that come out.
    fields: Vec<(Option<TableReference>, FieldRef)>,
}

/// One aggregate of the statement, from columns of slices by their place.
#[derive(Debug, Clone)]
enum Final {
    /// Numbers of rows, added; of none, 0.
    Count(usize),
    /// The same aggregate of the aggregates of slices.
    Again(Box<AggregateFunction>, usize),
    /// A sum by a number of rows.
    Mean(usize, usize),
    /// Of values that each slice gives once, an aggregate that takes each once.
    Distinct(Once, usize),
}

#[derive(Debug, Clone, Copy)]
enum Once {
    Count,
    Sum,
    Mean,
}

/// The column of a slice at this place.
pub(crate) fn column(position: usize) -> String {
    format!("c{position}")
}

impl PartialAggregates {
    /// Divides an aggregation, or says which aggregate cannot be.
    pub(crate) fn of(aggregate: &Aggregate) -> Result<std::result::Result<Self, String>> {
        if aggregate.group_expr.iter().any(|key| matches!(key, Expr::GroupingSet(_))) {
            return Ok(Err("grouping sets are not put together from slices".to_owned()));
        }
        let fields = aggregate.schema.iter().map(|(table, field)| (table.cloned(), Arc::clone(field))).collect();
        let keys = aggregate.group_expr.clone();
        let mut division = Self { keys_of_statement: keys.len(), keys, partials: Vec::new(), finals: Vec::new(), fields };
        let functions = aggregate.aggr_expr.iter().map(|expression| match expression {
            Expr::Alias(Alias { expr, .. }) => expr.as_ref(),
            other => other,
        });
        let functions: Vec<&Expr> = functions.collect();
        // Columns that are counted once come before the aggregates, so they must all be known first.
        for expression in &functions {
            if let Expr::AggregateFunction(function) = expression
                && function.params.distinct
                && let Some(value) = counted_once(function)?
            {
                division.key(value);
            }
        }
        for expression in functions {
            let Expr::AggregateFunction(function) = expression else {
                return Ok(Err(format!("{expression} is not put together from slices")));
            };
            match division.divide(function, &aggregate.input)? {
                Some(last) => division.finals.push(last),
                None => return Ok(Err(format!("{}(…) cannot be put together from slices exactly", function.func.name()))),
            }
        }
        Ok(Ok(division))
    }

    /// What a slice runs over its rows.
    pub(crate) fn over(&self, rows: &LogicalPlan) -> Result<LogicalPlan> {
        // Two of them may have one name by themselves: a cast does not show in it.
        let named = |place: usize, value: &Expr| value.clone().alias(column(place));
        let keys: Vec<Expr> = self.keys.iter().enumerate().map(|(place, key)| named(place, key)).collect();
        let partials = self.partials.iter().enumerate().map(|(place, partial)| named(self.keys.len() + place, partial));
        LogicalPlanBuilder::from(rows.clone()).aggregate(keys, partials.collect::<Vec<_>>())?.build()
    }

    /// The statement's aggregation, from the rows of all slices.
    pub(crate) fn merged(&self, partials: LogicalPlanBuilder) -> Result<LogicalPlanBuilder> {
        let mut aggregates = Vec::new();
        let mut results = Vec::new();
        for last in &self.finals {
            let mut put = |aggregate: Expr| -> Expr {
                let name = format!("f{}", aggregates.len());
                aggregates.push(aggregate.alias(&name));
                col(name)
            };
            results.push(match last {
                Final::Count(rows) => coalesce(vec![put(sum(col(column(*rows)))), lit(0_i64)]),
                Final::Again(function, value) => {
                    let mut function = function.as_ref().clone();
                    function.params.args = vec![col(column(*value))];
                    function.params.filter = None;
                    function.params.order_by = Vec::new();
                    put(Expr::AggregateFunction(function))
                }
                Final::Mean(total, rows) => {
                    let total = put(sum(col(column(*total))));
                    total / cast(put(sum(col(column(*rows)))), DataType::Float64)
                }
                Final::Distinct(once, value) => {
                    let value = col(column(*value));
                    put(match once {
                        Once::Count => count_distinct(value),
                        Once::Sum => sum_distinct(value),
                        Once::Mean => avg_distinct(value),
                    })
                }
            });
        }
        let keys: Vec<Expr> = (0..self.keys_of_statement).map(|position| col(column(position))).collect();
        let merged = partials.aggregate(keys.clone(), aggregates)?;
        let columns = keys.into_iter().chain(results).zip(&self.fields);
        let columns =
            columns.map(|(value, (table, field))| cast(value, field.data_type().clone()).alias_qualified(table.clone(), field.name()));
        merged.project(columns.collect::<Vec<_>>())
    }

    fn divide(&mut self, function: &AggregateFunction, input: &LogicalPlan) -> Result<Option<Final>> {
        let params = &function.params;
        if params.null_treatment.is_some() {
            return Ok(None);
        }
        let name = function.func.name();
        if params.distinct && !matches!(name, "min" | "max") {
            let once = match name {
                "count" => Once::Count,
                "sum" => Once::Sum,
                "avg" => Once::Mean,
                _ => return Ok(None),
            };
            return Ok(counted_once(function)?.map(|value| Final::Distinct(once, self.key(value))));
        }
        match name {
            "count" => Ok(Some(Final::Count(self.partial(Expr::AggregateFunction(function.clone()))))),
            "sum" | "min" | "max" | "bool_and" | "bool_or" | "bit_and" | "bit_or" | "bit_xor" => {
                let partial = self.partial(Expr::AggregateFunction(function.clone()));
                Ok(Some(Final::Again(Box::new(function.clone()), partial)))
            }
            "avg" => self.mean(function, input),
            _ => Ok(None),
        }
    }

    /// The mean of decimals and of spans of time has rules of its own.
    fn mean(&mut self, function: &AggregateFunction, input: &LogicalPlan) -> Result<Option<Final>> {
        let [value] = function.params.args.as_slice() else { return Ok(None) };
        let kind = value.get_type(input.schema())?;
        if !(kind.is_integer() || kind.is_floating()) {
            return Ok(None);
        }
        let of = |aggregate: Expr| match aggregate {
            Expr::AggregateFunction(mut aggregate) => {
                aggregate.params.filter.clone_from(&function.params.filter);
                Expr::AggregateFunction(aggregate)
            }
            other => other,
        };
        let total = self.partial(of(sum(cast(value.clone(), DataType::Float64))));
        let rows = self.partial(of(count(value.clone())));
        Ok(Some(Final::Mean(total, rows)))
    }

    /// The place of a column that slices group by.
    fn key(&mut self, value: Expr) -> usize {
        let known = self.keys.iter().position(|key| *key == value);
        known.unwrap_or_else(|| {
            self.keys.push(value);
            self.keys.len() - 1
        })
    }

    /// The place of a column that slices aggregate.
    fn partial(&mut self, value: Expr) -> usize {
        let known = self.partials.iter().position(|partial| *partial == value);
        self.keys.len()
            + known.unwrap_or_else(|| {
                self.partials.push(value);
                self.partials.len() - 1
            })
    }
}

/// The values of which an aggregate takes each once; those that its FILTER leaves out are null, which no aggregate takes.
fn counted_once(function: &AggregateFunction) -> Result<Option<Expr>> {
    let [value] = function.params.args.as_slice() else { return Ok(None) };
    match &function.params.filter {
        None => Ok(Some(value.clone())),
        Some(filter) => Ok(Some(when(filter.as_ref().clone(), value.clone()).end()?)),
    }
}
