use std::collections::HashSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use coldtrail_lake::Lake;
use coldtrail_model::{SegmentMeta, Snapshot};
use datafusion::logical_expr::LogicalPlan;

use crate::planner::{Logical, off_the_reactor};
use crate::scan::paths_of;
use crate::statement::Request;
use crate::suggest::planning_error;
use crate::{Error, PlannedQuery, Planner, Session, StatementKind};

/// For those who divide a statement: the plan as it was written, and plans made from it.
impl Planner {
    /// What a statement means, before it is optimised. It must be one that gives rows.
    pub async fn analyse(&self, sql: &str, session: &Session) -> Result<LogicalPlan, Error> {
        let Logical { plan, request, .. } = self.logical(sql, session).await?;
        match request {
            Request::Rows => Ok(plan),
            Request::Explanation(_) => {
                Err(Error::BadStatement { message: "a statement to be divided must give rows, not explain".to_owned() })
            }
        }
    }

    /// Plans what was made of a statement. `now()` is the moment given, so that every part of it means the same.
    pub async fn plan_of(&self, plan: LogicalPlan, session: &Session, now: DateTime<Utc>) -> Result<PlannedQuery, Error> {
        let session = session.clone();
        off_the_reactor(async move {
            let mut state = session.context().state();
            state.execution_props_mut().query_execution_start_time = Some(now);
            let explain = |error| planning_error(error, &[]);
            let plan = state.optimize(&plan).map_err(explain)?;
            let physical = state.query_planner().create_physical_plan(&plan, &state).await.map_err(explain)?;
            Ok(session.planned(physical, StatementKind::Query))
        })
        .await
    }
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
