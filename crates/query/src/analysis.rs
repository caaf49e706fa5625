use std::collections::HashSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use coldtrail_lake::Lake;
use coldtrail_model::{SegmentMeta, Snapshot};
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::optimizer::simplify_expressions::ExprSimplifier;

use crate::planner::{Logical, off_the_reactor};
use crate::scan::paths_of;
use crate::statement::Request;
use crate::suggest::planning_error;
use crate::{Error, PlannedQuery, Planner, Session, StatementKind};

/// For those who divide a statement: the plan as it was written, and plans made from it.
impl Planner {
    /// What a statement means, before it is optimised. It must be one that gives rows. `now()` and its like are the moment given,
    /// so that every part of the statement means the same, whenever it runs.
    pub async fn analyse(&self, sql: &str, session: &Session, now: DateTime<Utc>) -> Result<LogicalPlan, Error> {
        let Logical { plan, request, tables, .. } = self.logical(sql, session).await?;
        match request {
            Request::Rows => at_moment(plan, now).map_err(|error| planning_error(error, &tables)),
            Request::Explanation(_) => {
                Err(Error::BadStatement { message: "a statement to be divided must give rows, not explain".to_owned() })
            }
        }
    }

    /// What is left of a plan when all that can be told without reading was done.
    pub async fn optimised(&self, plan: &LogicalPlan, session: &Session) -> Result<LogicalPlan, Error> {
        let (session, plan) = (session.clone(), plan.clone());
        off_the_reactor(async move { session.context().state().optimize(&plan).map_err(|error| planning_error(error, &[])) }).await
    }

    /// Plans what was made of a statement.
    pub async fn plan_of(&self, plan: LogicalPlan, session: &Session) -> Result<PlannedQuery, Error> {
        let session = session.clone();
        off_the_reactor(async move {
            let state = session.context().state();
            let explain = |error| planning_error(error, &[]);
            let plan = state.optimize(&plan).map_err(explain)?;
            let physical = state.query_planner().create_physical_plan(&plan, &state).await.map_err(explain)?;
            Ok(session.planned(physical, StatementKind::Query))
        })
        .await
    }
}

/// The functions that tell the time.
const CLOCKS: &[&str] = &["now", "current_date", "current_time", "today"];

/// The same plan with the moment in the place of the functions that tell it; its columns keep their names.
fn at_moment(plan: LogicalPlan, now: DateTime<Utc>) -> datafusion::common::Result<LogicalPlan> {
    let moment = plan.transform_up_with_subqueries(|node| {
        let names = NamePreserver::new(&node);
        let schema = Arc::clone(node.schema());
        node.map_expressions(|expression| {
            let name = names.save(&expression);
            let replaced = expression.transform_up(|part| match &part {
                Expr::ScalarFunction(function) if CLOCKS.contains(&function.name()) => {
                    let context =
                        SimplifyContext::builder().with_schema(Arc::clone(&schema)).with_query_execution_start_time(Some(now)).build();
                    ExprSimplifier::new(context).simplify(part).map(Transformed::yes)
                }
                _ => Ok(Transformed::no(part)),
            })?;
            Ok(replaced.update_data(|expression| name.restore(expression)))
        })
    })?;
    moment.data.recompute_schema()
}

impl PlannedQuery {
    /// The segments of `snapshot` that it reads, each once, in the snapshot's order.
    #[must_use]
    pub fn segments(&self, snapshot: &Snapshot, lake: &Lake) -> Vec<Arc<SegmentMeta>> {
        let read: HashSet<String> = paths_of(self.inner());
        let all = snapshot.segments.values().flatten();
        all.filter(|segment| read.contains(lake.path(&segment.path).as_ref())).map(Arc::clone).collect()
    }
}
