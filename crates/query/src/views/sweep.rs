use std::sync::Arc;

use coldtrail_lake::observables_schema;
use coldtrail_model::Table;
use datafusion::catalog::{SchemaProvider, TableProvider};
use datafusion::common::{Result, exec_err};
use datafusion::datasource::{TableType, ViewTable};
use datafusion::functions::core::expr_ext::FieldAccessor;
use datafusion::logical_expr::{Expr, LogicalPlan, ScalarUDF, col, lit};

use super::scan;
use crate::catalog::CatalogParts;
use crate::content::ContentStore;
use crate::functions::matching::{INDICATOR_COLUMNS, IndicatorDetails, MatchingIndicators};

/// The number of an indicator within its set, between two steps of the plan.
const NUMBER: &str = "matching_indicator";

/// Schema `sweep`: for each set of indicators, the observables that it matches, one row for each indicator and observable.
#[derive(Debug)]
pub(crate) struct SweepSchema {
    parts: CatalogParts,
    content: Arc<dyn ContentStore>,
}

impl SweepSchema {
    pub(crate) fn new(parts: CatalogParts, content: Arc<dyn ContentStore>) -> Self {
        Self { parts, content }
    }

    fn plan(&self, matching: MatchingIndicators) -> Result<LogicalPlan> {
        let observables = self.parts.segment_table(observables_schema(), std::iter::once(Table::Observables));
        let observed: Vec<Expr> = observables_schema().fields().iter().map(|field| col(field.name())).collect();
        let details = ScalarUDF::from(IndicatorDetails::of(&matching)).call(vec![col(NUMBER), col("type_id"), col("value")]);
        let condition = matching.condition();
        let numbers = ScalarUDF::from(matching).call(vec![col("type_id"), col("value")]);
        let found = scan(Table::Observables, Arc::new(observables))?
            .filter(condition)?
            .filter(numbers.clone().is_not_null())?
            .project(observed.iter().cloned().chain([numbers.alias(NUMBER)]))?
            .unnest_column(NUMBER)?
            .project(observed.iter().cloned().chain([details.alias("indicator")]))?;
        let of_indicator = INDICATOR_COLUMNS.iter().map(|(name, _)| col("indicator").field(*name).alias(*name));
        found.project(of_indicator.chain(observed).chain([validity()]))?.build()
    }
}

/// Whether the observable was seen while the indicator was valid.
fn validity() -> Expr {
    let (from, until) = (col("indicator").field("valid_from"), col("indicator").field("valid_until"));
    let after = |bound: &Expr| bound.clone().is_not_null().and(col("last_time").lt(bound.clone()));
    let before = |bound: &Expr| bound.clone().is_not_null().and(col("first_time").gt_eq(bound.clone()));
    let begins_within = from.clone().is_null().or(col("first_time").gt_eq(from.clone()));
    let ends_within = until.clone().is_null().or(col("last_time").lt(until.clone()));
    let outside = after(&from).or(before(&until));
    datafusion::logical_expr::when(outside, lit("outside"))
        .when(begins_within.and(ends_within), lit("inside"))
        .otherwise(lit("partly"))
        .map(|case| case.alias("validity"))
        .unwrap_or_else(|_| lit("partly").alias("validity"))
}

#[async_trait::async_trait]
impl SchemaProvider for SweepSchema {
    fn table_names(&self) -> Vec<String> {
        Vec::new()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        let Some(set) = self.content.indicators(name).await? else {
            return exec_err!("there is no set of indicators named {name}; `coldtrail intel list` shows those there are");
        };
        let plan = self.plan(MatchingIndicators::new(name, set))?;
        Ok(Some(Arc::new(ViewTable::new(plan, None))))
    }

    async fn table_type(&self, _: &str) -> Result<Option<TableType>> {
        Ok(Some(TableType::View))
    }

    fn table_exist(&self, _: &str) -> bool {
        true
    }
}
