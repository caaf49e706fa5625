use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion::execution::context::SessionContext;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::ExecutionPlan;

use crate::Error;
use crate::explain::explanation;
use crate::statement::Explain;

/// A statement ready to run, over one snapshot.
#[derive(Clone)]
pub struct PlannedQuery {
    /// The plan to run. For an `EXPLAIN` it gives the explanation, and is to be run in this process; the plan explained is in `kind`.
    pub physical: Arc<dyn ExecutionPlan>,
    /// The session that it was planned in: its functions, its settings and its runtime.
    pub context: Arc<SessionContext>,
    /// The columns of the result. Bring what comes out to it with [`conform`](crate::conform).
    pub schema: SchemaRef,
    /// The snapshot that it reads.
    pub snapshot_id: u64,
    /// What it will read at most.
    pub scan: ScanEstimate,
    /// What was asked for.
    pub kind: StatementKind,
    /// The parameters that were bound.
    pub parameters: SchemaRef,
}

/// What a plan will read at most, known before it runs: whole files, of which only the columns asked for are read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ScanEstimate {
    /// Segments left after pruning, each as often as it is scanned.
    pub segments: usize,
    /// Segments of all tables that are scanned.
    pub segments_total: usize,
    /// The size of the segments left.
    pub bytes: u64,
    /// The rows of the segments left.
    pub rows: u64,
}

/// What a statement asks for.
#[derive(Clone)]
pub enum StatementKind {
    /// Rows.
    Query,
    /// How the rows would be got, or were.
    Explain(Box<Explained>),
}

/// The statement that an `EXPLAIN` explains.
#[derive(Clone)]
pub struct Explained {
    /// What was asked for.
    pub explain: Explain,
    /// The plan that is explained: what decides where the statement would run.
    pub inner: Arc<dyn ExecutionPlan>,
    logical: LogicalPlan,
    notes: Vec<String>,
}

impl Explained {
    pub(crate) fn new(explain: Explain, inner: Arc<dyn ExecutionPlan>, logical: LogicalPlan, notes: Vec<String>) -> Self {
        Self { explain, inner, logical, notes }
    }

    pub(crate) fn plan(&self) -> Result<Arc<dyn ExecutionPlan>, Error> {
        Ok(explanation(self.explain, &self.notes, &self.logical, &self.inner)?)
    }
}

impl PlannedQuery {
    /// Adds a line to the front of an explanation, such as where the statement would run and why. Does nothing to other statements.
    pub fn note(&mut self, line: impl Into<String>) -> Result<(), Error> {
        if let StatementKind::Explain(explained) = &mut self.kind {
            explained.notes.insert(0, line.into());
            self.physical = explained.plan()?;
        }
        Ok(())
    }

    /// The plan whose cost decides where the statement runs: that of the rows, explained or not.
    pub fn inner(&self) -> &Arc<dyn ExecutionPlan> {
        match &self.kind {
            StatementKind::Query => &self.physical,
            StatementKind::Explain(explained) => &explained.inner,
        }
    }
}

impl ScanEstimate {
    /// The lines that an explanation begins with.
    pub(crate) fn notes(&self, snapshot_id: u64) -> Vec<String> {
        vec![
            format!("snapshot: {snapshot_id}"),
            format!("segments: {} of {}", self.segments, self.segments_total),
            format!("bytes: {}", self.bytes),
            format!("rows: {}", self.rows),
        ]
    }
}
