use std::sync::Arc;

use coldtrail_model::{EVENT_DAY, Table};
use datafusion::catalog::TableProvider;
use datafusion::common::Result;
use datafusion::datasource::{ViewTable, provider_as_source};
use datafusion::functions_aggregate::expr_fn::{count_distinct, max, min, sum};
use datafusion::logical_expr::{LogicalPlanBuilder, col};

/// The name of the view that tells how common each observable is.
pub(crate) const PREVALENCE: &str = "prevalence";

/// What makes the view, for people.
const DEFINITION: &str = "SELECT type_id, type, value, sum(count) AS events, count(DISTINCT event_day) AS days, count(DISTINCT source) AS \
                          sources, count(DISTINCT account) AS accounts, min(first_time) AS first_seen, max(last_time) AS last_seen FROM \
                          observables GROUP BY type_id, type, value";

/// A view over the table of observables: one row for each type and value, with how often, where and when it was seen. A filter on
/// type and value reaches the files.
pub(crate) fn prevalence(observables: Arc<dyn TableProvider>) -> Result<ViewTable> {
    let columns = ["type_id", "type", "value", "events", "days", "sources", "accounts", "first_seen", "last_seen"];
    let aggregates = vec![
        sum(col("count")).alias("events"),
        count_distinct(col(EVENT_DAY)).alias("days"),
        count_distinct(col("source")).alias("sources"),
        count_distinct(col("account")).alias("accounts"),
        min(col("first_time")).alias("first_seen"),
        max(col("last_time")).alias("last_seen"),
    ];
    let plan = LogicalPlanBuilder::scan(Table::Observables.name(), provider_as_source(observables), None)?
        .aggregate(["type_id", "type", "value"].map(col), aggregates)?
        .project(columns.map(|name| col(datafusion::common::Column::from_name(name))))?
        .build()?;
    Ok(ViewTable::new(plan, Some(DEFINITION.to_owned())))
}
