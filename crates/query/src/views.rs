//! Tables made of others: what a set of indicators matches, which events a set of rules matches, what came in of what should have.

mod coverage;
mod distinct;
mod sigma;
mod sweep;

use std::sync::Arc;

use coldtrail_model::Table;
use datafusion::catalog::TableProvider;
use datafusion::common::{Result, TableReference};
use datafusion::datasource::{ViewTable, provider_as_source};
use datafusion::execution::context::SessionContext;
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::logical_expr::LogicalPlanBuilder;
use datafusion::prelude::SessionConfig;

use crate::catalog::{CATALOG, CatalogParts, LakeCatalog, OCSF};

pub(crate) use coverage::{CoverageSchema, coverage};
pub(crate) use distinct::{DISTINCT_EVENTS, distinct_events};
pub(crate) use sigma::SigmaSchema;
pub(crate) use sweep::SweepSchema;

/// The rows of one table of the lake, to build on.
fn scan(table: Table, provider: Arc<dyn TableProvider>) -> Result<LogicalPlanBuilder> {
    LogicalPlanBuilder::scan(TableReference::full(CATALOG, OCSF, table.name()), provider_as_source(provider), None)
}

/// A view that is what a statement says, over the same snapshot.
async fn of_statement(parts: &CatalogParts, statement: String) -> Result<Arc<dyn TableProvider>> {
    let config = SessionConfig::new().with_default_catalog_and_schema(CATALOG, OCSF);
    let context = SessionContext::new_with_state(SessionStateBuilder::new().with_config(config).with_default_features().build());
    context.register_catalog(CATALOG, Arc::new(LakeCatalog::new(parts.clone())));
    let plan = context.state().create_logical_plan(&statement).await?;
    Ok(Arc::new(ViewTable::new(plan, Some(statement))))
}
