//! Tables made of what hunters brought: what a set of indicators matches, which events a set of rules matches.

mod sigma;
mod sweep;

use std::sync::Arc;

use coldtrail_model::Table;
use datafusion::catalog::TableProvider;
use datafusion::common::{Result, TableReference};
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::LogicalPlanBuilder;

use crate::catalog::{CATALOG, OCSF};

pub(crate) use sigma::SigmaSchema;
pub(crate) use sweep::SweepSchema;

/// The rows of one table of the lake, to build on.
fn scan(table: Table, provider: Arc<dyn TableProvider>) -> Result<LogicalPlanBuilder> {
    LogicalPlanBuilder::scan(TableReference::full(CATALOG, OCSF, table.name()), provider_as_source(provider), None)
}
