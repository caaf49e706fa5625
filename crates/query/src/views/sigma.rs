use std::sync::Arc;

use coldtrail_model::{Class, Table, arrow_schema};
use coldtrail_sigma::RuleSet;
use datafusion::catalog::{SchemaProvider, TableProvider};
use datafusion::common::{Result, ScalarValue, exec_err, plan_err};
use datafusion::datasource::{TableType, ViewTable};
use datafusion::functions::core::expr_ext::FieldAccessor;
use datafusion::functions::expr_fn::lower;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, ScalarUDF, col, lit};

use super::scan;
use crate::catalog::CatalogParts;
use crate::content::ContentStore;
use crate::events::events_schema;
use crate::functions::sigma::{RULE_COLUMNS, SigmaMatches};

/// A rule that a row matches, between two steps of the plan.
const RULE: &str = "matching_rule";

/// Schema `sigma`: for each set of rules, the events that they match, one row for each rule and event. Its columns are those of the rule
/// and those of `events`.
#[derive(Debug)]
pub(crate) struct SigmaSchema {
    parts: CatalogParts,
    content: Arc<dyn ContentStore>,
}

impl SigmaSchema {
    pub(crate) fn new(parts: CatalogParts, content: Arc<dyn ContentStore>) -> Self {
        Self { parts, content }
    }

    fn plan(&self, rules: &RuleSet) -> Result<LogicalPlan> {
        let json = rules.to_json();
        let mut all: Option<LogicalPlanBuilder> = None;
        for class in rules.tables() {
            let plan = self.plan_of(class, rules, &json)?;
            all = Some(match all {
                None => plan,
                Some(others) => others.union(plan.build()?)?,
            });
        }
        match all {
            Some(plan) => plan.build(),
            None => plan_err!("no rule of the set can be run; `coldtrail sigma check` says why"),
        }
    }

    /// The events of one table that rules match.
    fn plan_of(&self, class: Class, rules: &RuleSet, json: &str) -> Result<LogicalPlanBuilder> {
        let table = Table::Events(class);
        let provider = self.parts.segment_table(arrow_schema(class), std::iter::once(table));
        let names = rules.columns_needed(class);
        let constants = [lit(json), lit(class.name()), lit(names.join(","))];
        let arguments = constants.into_iter().chain(names.iter().map(|name| col(*name))).collect();
        let matches = ScalarUDF::from(SigmaMatches::new()).call(arguments);
        let columns: Vec<Expr> =
            events_schema().fields().iter().filter(|field| class_has(class, field.name())).map(|field| col(field.name())).collect();
        let found = scan(table, Arc::new(provider))?
            .filter(prefilter(class, rules))?
            .filter(matches.clone().is_not_null())?
            .project(columns.into_iter().chain([matches.alias(RULE)]))?
            .unnest_column(RULE)?;
        let of_rule = RULE_COLUMNS.iter().map(|name| col(RULE).field(*name).alias(*name));
        let events = events_schema();
        let of_event = events.fields().iter().map(|field| match class_has(class, field.name()) {
            true => Ok(col(field.name())),
            false => Ok(Expr::Literal(ScalarValue::try_from(field.data_type())?, None).alias(field.name())),
        });
        let of_event: Vec<Expr> = of_event.collect::<Result<_>>()?;
        found.project(of_rule.chain(of_event))
    }
}

fn class_has(class: Class, name: &str) -> bool {
    arrow_schema(class).field_with_name(name).is_ok()
}

/// What every row that a rule matches fulfils.
fn prefilter(class: Class, rules: &RuleSet) -> Expr {
    let wanted = rules.prefilter(class, None);
    let sources = wanted.sources.into_iter().map(lit).collect();
    let columns =
        wanted.columns.into_iter().map(|(column, values)| lower(col(column)).in_list(values.into_iter().map(lit).collect(), false));
    columns.fold(col("source").in_list(sources, false), Expr::and)
}

#[async_trait::async_trait]
impl SchemaProvider for SigmaSchema {
    fn table_names(&self) -> Vec<String> {
        Vec::new()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        let Some(rules) = self.content.rules(name).await? else {
            return exec_err!("there is no set of rules named {name}; `coldtrail sigma list` shows those there are");
        };
        Ok(Some(Arc::new(ViewTable::new(self.plan(&rules)?, None))))
    }

    async fn table_type(&self, _: &str) -> Result<Option<TableType>> {
        Ok(Some(TableType::View))
    }

    fn table_exist(&self, _: &str) -> bool {
        true
    }
}
