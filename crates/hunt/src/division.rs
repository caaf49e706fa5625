use std::sync::Arc;

use arrow::datatypes::{FieldRef, Schema, SchemaRef};
use coldtrail_model::{Merge, TimeRange};
use datafusion::catalog::TableProvider;
use datafusion::common::TableReference;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{JoinType, Result};
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::{Distinct, Expr, FetchType, LogicalPlan, LogicalPlanBuilder, SkipType, SortExpr, TableScan, col};

use crate::aggregates::{PartialAggregates, column};
use crate::time::{has_time, is_lake, is_time, within};

/// The name under which the rows of slices are read.
const PARTIALS: &str = "partials";

/// How a statement is answered in parts.
#[derive(Debug, Clone)]
pub struct Division {
    merge: Merge,
    reason: String,
    /// The rows that are divided: what tells which segments there are to cut.
    rows: LogicalPlan,
    /// What each slice runs, over all time; its columns are `c0`, `c1`, ….
    partial: LogicalPlan,
    /// What makes of the rows of all slices what was in the place of `partial`.
    base: Base,
    /// What the statement does with that, from the inside out.
    above: Vec<LogicalPlan>,
    rows_wanted: Option<usize>,
}

/// What the rows of slices are.
#[derive(Debug, Clone)]
enum Base {
    /// Rows of a plan with these columns.
    Rows(Vec<(Option<TableReference>, FieldRef)>),
    /// Partial aggregates.
    Aggregates(Box<PartialAggregates>),
}

impl Division {
    /// Divides a statement, as it was written, by the time of its events.
    pub fn of(plan: &LogicalPlan) -> Result<Self> {
        let mut above = Vec::new();
        let mut rows = plan;
        while let Some(obstacle) = obstacle(rows)? {
            match rows.inputs().as_slice() {
                [input] if !asks_otherwise(rows)? => {
                    above.push(rows.clone());
                    rows = input;
                }
                _ => return Self::whole(plan, obstacle),
            }
        }
        above.reverse();
        let division = match above.first() {
            None => Self::of_rows(Merge::Append, "the rows of slices are put one after another", rows, above)?,
            Some(LogicalPlan::Aggregate(aggregate)) => match PartialAggregates::of(aggregate)? {
                Ok(partial) => Self::of_aggregates(partial, rows, above.split_off(1))?,
                Err(obstacle) => return Self::whole(plan, obstacle),
            },
            Some(LogicalPlan::Distinct(Distinct::All(_))) => {
                let distinct = LogicalPlanBuilder::from(rows.clone()).distinct()?.build()?;
                Self::of_rows(Merge::Aggregate, "the distinct rows of slices are made distinct again", &distinct, above)?
            }
            Some(LogicalPlan::Sort(sort)) => Self::of_sorted(&sort.expr.clone(), sort.fetch, rows, above)?,
            Some(LogicalPlan::Limit(_)) => Self::of_limited(rows, above)?,
            Some(other) => return Self::whole(plan, format!("{} needs all rows at once", kind(other))),
        };
        Ok(Self { rows: rows.clone(), ..division })
    }

    fn of_rows(merge: Merge, reason: &str, rows: &LogicalPlan, above: Vec<LogicalPlan>) -> Result<Self> {
        let fields = rows.schema().iter().map(|(table, field)| (table.cloned(), Arc::clone(field))).collect();
        let partial = numbered(rows)?;
        Ok(Self { merge, reason: reason.to_owned(), rows: rows.clone(), partial, base: Base::Rows(fields), above, rows_wanted: None })
    }

    fn of_aggregates(partial: PartialAggregates, rows: &LogicalPlan, above: Vec<LogicalPlan>) -> Result<Self> {
        let (merge, reason) = (Merge::Aggregate, "the aggregates of slices are put together".to_owned());
        let plan = numbered(&partial.over(rows)?)?;
        Ok(Self { merge, reason, rows: rows.clone(), partial: plan, base: Base::Aggregates(Box::new(partial)), above, rows_wanted: None })
    }

    /// Each slice sorts its own rows when only the first of all are wanted; they are sorted again together.
    fn of_sorted(order: &[SortExpr], fetch: Option<usize>, rows: &LogicalPlan, above: Vec<LogicalPlan>) -> Result<Self> {
        let wanted = fetch.or(rows_wanted(&above[1..])?);
        let partial = match wanted {
            Some(wanted) => LogicalPlanBuilder::from(rows.clone()).sort_with_limit(order.to_vec(), Some(wanted))?.build()?,
            None => rows.clone(),
        };
        let newest_first = order.first().is_some_and(|first| is_newest_first(first, rows));
        let reason = match (wanted, newest_first) {
            (Some(rows), true) => format!("the first {rows} rows of slices, newest first, until there are enough"),
            (Some(rows), false) => format!("the first {rows} rows of each slice are sorted again"),
            (None, _) => "the rows of slices are sorted together".to_owned(),
        };
        let division = Self::of_rows(Merge::Sort, &reason, &partial, above)?;
        Ok(Self { rows_wanted: wanted.filter(|_| newest_first), ..division })
    }

    fn of_limited(rows: &LogicalPlan, above: Vec<LogicalPlan>) -> Result<Self> {
        let Some(wanted) = rows_wanted(&above)? else {
            return Self::of_rows(Merge::Append, "the rows of slices are put one after another", rows, above);
        };
        let partial = LogicalPlanBuilder::from(rows.clone()).limit(0, Some(wanted))?.build()?;
        let division = Self::of_rows(Merge::Limit, &format!("slices are read until there are {wanted} rows"), &partial, above)?;
        Ok(Self { rows_wanted: Some(wanted), ..division })
    }

    fn whole(plan: &LogicalPlan, obstacle: String) -> Result<Self> {
        Self::of_rows(Merge::Whole, &format!("one job: {obstacle}"), plan, Vec::new())
    }

    /// How the results of slices become the result.
    #[must_use]
    pub fn merge(&self) -> Merge {
        self.merge
    }

    /// Why it is divided as it is, or is not.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Once the newest slices together have so many rows, the older ones are not needed.
    #[must_use]
    pub fn rows_wanted(&self) -> Option<usize> {
        self.rows_wanted
    }

    /// The columns of what a slice gives; each may be null.
    #[must_use]
    pub fn partial_schema(&self) -> SchemaRef {
        let fields = self.partial.schema().fields().iter();
        Arc::new(Schema::new(fields.map(|field| Arc::new(field.as_ref().clone().with_nullable(true))).collect::<Vec<_>>()))
    }

    /// All rows that are divided, before they are sorted, counted or limited: planned, it tells which segments there are to cut.
    #[must_use]
    pub fn rows(&self) -> LogicalPlan {
        self.rows.clone()
    }

    /// What the slice of this time runs. A statement that is one job runs as it is.
    pub fn slice(&self, time: TimeRange) -> Result<LogicalPlan> {
        match self.merge {
            Merge::Whole => Ok(self.partial.clone()),
            _ => within(&self.partial, time),
        }
    }

    /// What the statement gives, made from the rows of its slices: a table with [`partial_schema`](Self::partial_schema).
    pub fn merged(&self, partials: Arc<dyn TableProvider>) -> Result<LogicalPlan> {
        let scan = LogicalPlanBuilder::scan(PARTIALS, provider_as_source(partials), None)?;
        let base = match &self.base {
            Base::Rows(fields) => scan.project(
                fields
                    .iter()
                    .enumerate()
                    .map(|(position, (table, field))| col(column(position)).alias_qualified(table.clone(), field.name())),
            )?,
            Base::Aggregates(partial) => partial.merged(scan)?,
        };
        let mut plan = base.build()?;
        for node in &self.above {
            plan = node.with_new_exprs(node.expressions(), vec![plan])?;
        }
        Ok(plan)
    }
}

/// The same rows, whose columns are named by their place: those of a statement may have one name twice.
fn numbered(plan: &LogicalPlan) -> Result<LogicalPlan> {
    let columns = plan.schema().columns().into_iter().enumerate();
    let columns: Vec<Expr> = columns.map(|(position, found)| Expr::Column(found).alias(column(position))).collect();
    LogicalPlanBuilder::from(plan.clone()).project(columns)?.build()
}

/// What keeps this plan from being the sum of its slices: none if each row of it is made from one row of the lake.
fn obstacle(plan: &LogicalPlan) -> Result<Option<String>> {
    if asks_otherwise(plan)? {
        return Ok(Some(format!("{} asks another question of all rows, or gives another answer each time", kind(plan))));
    }
    match plan {
        LogicalPlan::TableScan(scan) if is_lake(scan) && has_time(scan) && scan.fetch.is_none() => Ok(None),
        LogicalPlan::TableScan(scan) => Ok(Some(format!("{} is not cut by time", scan.table_name))),
        LogicalPlan::Filter(_)
        | LogicalPlan::Projection(_)
        | LogicalPlan::SubqueryAlias(_)
        | LogicalPlan::Unnest(_)
        | LogicalPlan::Union(_) => {
            for input in plan.inputs() {
                if let Some(obstacle) = obstacle(input)? {
                    return Ok(Some(obstacle));
                }
            }
            Ok(None)
        }
        LogicalPlan::Join(join) => {
            let sides = (reads_lake(&join.left)?, reads_lake(&join.right)?);
            let cut = match sides {
                (true, false) if keeps_left(join.join_type) => &join.left,
                (false, true) if keeps_right(join.join_type) => &join.right,
                _ => return Ok(Some(format!("a {} join across slices", join.join_type))),
            };
            obstacle(cut)
        }
        other => Ok(Some(format!("{} needs all rows at once", kind(other)))),
    }
}

/// A join in which each row of the other side finds its partners by itself.
fn keeps_left(join: JoinType) -> bool {
    matches!(join, JoinType::Inner | JoinType::Left | JoinType::LeftSemi | JoinType::LeftAnti | JoinType::LeftMark)
}

fn keeps_right(join: JoinType) -> bool {
    matches!(join, JoinType::Inner | JoinType::Right | JoinType::RightSemi | JoinType::RightAnti | JoinType::RightMark)
}

/// True if the node itself holds a subquery, or an expression that gives something else each time.
fn asks_otherwise(plan: &LogicalPlan) -> Result<bool> {
    let mut found = false;
    plan.apply_expressions(|expression| {
        found |= expression.is_volatile()
            || expression.exists(|part| {
                Ok(matches!(part, Expr::ScalarSubquery(_) | Expr::InSubquery(_) | Expr::Exists(_) | Expr::SetComparison(_)))
            })?;
        Ok(if found { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    })?;
    Ok(found)
}

fn reads_lake(plan: &LogicalPlan) -> Result<bool> {
    plan.exists(|node| {
        Ok(matches!(node, LogicalPlan::TableScan(TableScan { table_name, .. }) if is_lake_name(table_name)) || asks_otherwise(node)?)
    })
}

fn is_lake_name(name: &TableReference) -> bool {
    name.schema().is_none_or(|schema| schema == coldtrail_query::OCSF)
}

/// How many rows a LIMIT above, with nothing but columns between, asks for; OFFSET included.
fn rows_wanted(above: &[LogicalPlan]) -> Result<Option<usize>> {
    for node in above {
        match node {
            LogicalPlan::Projection(_) | LogicalPlan::SubqueryAlias(_) => {}
            LogicalPlan::Limit(limit) => {
                let (SkipType::Literal(skip), FetchType::Literal(Some(fetch))) = (limit.get_skip_type()?, limit.get_fetch_type()?) else {
                    return Ok(None);
                };
                return Ok(skip.checked_add(fetch));
            }
            _ => return Ok(None),
        }
    }
    Ok(None)
}

fn is_newest_first(first: &SortExpr, rows: &LogicalPlan) -> bool {
    !first.asc && matches!(&first.expr, Expr::Column(column) if is_time(rows, column))
}

/// The name of a node as a reader of SQL knows it.
fn kind(plan: &LogicalPlan) -> &'static str {
    match plan {
        LogicalPlan::Window(_) => "a window function",
        LogicalPlan::Aggregate(_) => "an aggregate",
        LogicalPlan::Sort(_) => "ORDER BY",
        LogicalPlan::Limit(_) => "LIMIT",
        LogicalPlan::Distinct(_) => "DISTINCT",
        LogicalPlan::RecursiveQuery(_) => "a recursive query",
        LogicalPlan::Filter(_) => "a condition",
        LogicalPlan::Projection(_) => "a column",
        LogicalPlan::Join(_) => "a join",
        LogicalPlan::Union(_) => "UNION",
        LogicalPlan::Values(_) | LogicalPlan::EmptyRelation(_) => "a statement without a table",
        _ => "this kind of statement",
    }
}
