use std::sync::Arc;

use arrow::datatypes::{DataType, Schema};
use arrow::record_batch::RecordBatch;
use coldtrail_lake::Lake;
use coldtrail_model::{SegmentIndex, Snapshot};
use datafusion::catalog::information_schema::INFORMATION_SCHEMA;
use datafusion::catalog::{CatalogProvider, CatalogProviderList, MemoryCatalogProviderList};
use datafusion::common::TableReference;
use datafusion::execution::context::{SQLOptions, SessionContext};
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::execution::session_state::{SessionState, SessionStateBuilder};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::SessionConfig;
use datafusion::sql::parser::Statement;
use datafusion_functions_json::udfs::json_union_to_text_udf;

use crate::catalog::{CATALOG, CatalogParts, LakeCatalog, OCSF};
use crate::conform::promised;
use crate::content::ContentStore;
use crate::explain::explain_schema;
use crate::extension::Extension;
use crate::planned::Explained;
use crate::scan::{ScanTally, SegmentStore, scan_of};
use crate::spans::compare_lengths;
use crate::statement::{Parsed, Request, parse, read_only};
use crate::suggest::planning_error;
use crate::{Error, Geo, PlannedQuery, PlannerConfig, Prepared, ScanEstimate, StatementKind, functions, parameters};

/// Turns SQL into plans over what the catalog says is there.
///
/// A clone is cheap and shares everything. Nothing is kept between statements but the functions.
#[derive(Clone)]
pub struct Planner {
    config: PlannerConfig,
    store: Arc<SegmentStore>,
    index: Arc<dyn SegmentIndex>,
    base: Arc<SessionState>,
    extension: Option<Arc<dyn Extension>>,
    content: Option<Arc<dyn ContentStore>>,
}

/// One statement's view of the lake: a pinned snapshot, whatever is committed meanwhile.
#[derive(Clone)]
pub struct Session {
    context: Arc<SessionContext>,
    catalog: Arc<dyn CatalogProvider>,
    snapshot: Arc<Snapshot>,
    tally: Arc<ScanTally>,
}

impl Session {
    /// The context to plan and run in.
    pub fn context(&self) -> &Arc<SessionContext> {
        &self.context
    }

    /// The catalog, named [`CATALOG`].
    pub fn catalog(&self) -> &Arc<dyn CatalogProvider> {
        &self.catalog
    }

    /// The snapshot that it sees.
    pub fn snapshot(&self) -> &Arc<Snapshot> {
        &self.snapshot
    }

    /// A plan of rows made in it, with what it will read.
    pub(crate) fn planned(&self, physical: Arc<dyn ExecutionPlan>, kind: StatementKind) -> PlannedQuery {
        let scan = self.estimate(&physical);
        let schema = promised(&physical.schema());
        let parameters = Arc::new(Schema::empty());
        PlannedQuery { physical, context: Arc::clone(&self.context), schema, snapshot_id: self.snapshot.id, scan, kind, parameters }
    }

    fn estimate(&self, plan: &Arc<dyn ExecutionPlan>) -> ScanEstimate {
        let files = scan_of(plan);
        ScanEstimate { segments: files.segments, segments_total: self.tally.segments(), bytes: files.bytes, rows: files.rows }
    }
}

/// A statement with what planning needs of it.
pub(crate) struct Logical {
    pub(crate) state: SessionState,
    pub(crate) plan: LogicalPlan,
    pub(crate) request: Request,
    pub(crate) tables: Vec<TableReference>,
}

impl Planner {
    /// A planner over a lake, whose store it registers in `runtime`.
    pub fn new(config: PlannerConfig, lake: Lake, index: Arc<dyn SegmentIndex>, runtime: Arc<RuntimeEnv>) -> Self {
        let url = register(&lake, &runtime);
        let store = Arc::new(SegmentStore { lake, url, metadata_bytes_hint: config.metadata_bytes_hint });
        Self { config, store, index, base: Arc::new(functions::session_state(runtime)), extension: None, content: None }
    }

    /// The same planner, which also shows these tables.
    #[must_use]
    pub fn with_extension(mut self, extension: Arc<dyn Extension>) -> Self {
        self.extension = Some(extension);
        self
    }

    /// The same planner, whose functions look up where addresses are in these files.
    #[must_use]
    pub fn with_geo(self, geo: Geo) -> Self {
        let base = functions::with_geo(self.base.as_ref().clone(), &Arc::new(geo));
        Self { base: Arc::new(base), ..self }
    }

    /// The same planner, which knows what hunters brought.
    #[must_use]
    pub fn with_content(mut self, content: Arc<dyn ContentStore>) -> Self {
        self.content = Some(content);
        self
    }

    /// The lake that it plans over.
    #[must_use]
    pub fn lake(&self) -> &Lake {
        &self.store.lake
    }

    /// Where the lake's store is registered in the runtime.
    #[must_use]
    pub fn store_url(&self) -> &ObjectStoreUrl {
        &self.store.url
    }

    /// The functions that plans use, and the runtime with the lake's store: what decodes a plan needs.
    pub fn function_registry_state(&self) -> SessionState {
        self.base.as_ref().clone()
    }

    /// The newest snapshot.
    pub async fn snapshot(&self) -> Result<Arc<Snapshot>, Error> {
        self.index.snapshot().await.map_err(|error| Error::Unavailable { message: error.to_string() })
    }

    /// Pins the newest snapshot for one statement.
    pub async fn session(&self, session_config: SessionConfig) -> Result<Session, Error> {
        Ok(self.session_at(self.snapshot().await?, session_config))
    }

    /// A view of the lake as it was, or is, in this snapshot.
    #[must_use]
    pub fn session_at(&self, snapshot: Arc<Snapshot>, session_config: SessionConfig) -> Session {
        let tally = Arc::new(ScanTally::default());
        let parts = CatalogParts {
            snapshot: Arc::clone(&snapshot),
            index: Arc::clone(&self.index),
            store: Arc::clone(&self.store),
            tally: Arc::clone(&tally),
            extension: self.extension.clone(),
            content: self.content.clone(),
            expected: self.config.expected.as_slice().into(),
        };
        let catalog: Arc<dyn CatalogProvider> = Arc::new(LakeCatalog::new(parts));
        let catalogs = MemoryCatalogProviderList::new();
        catalogs.register_catalog(CATALOG.to_owned(), Arc::clone(&catalog));
        let state = SessionStateBuilder::new_from_existing(self.base.as_ref().clone())
            .with_session_id(uuid::Uuid::now_v7().to_string())
            .with_config(configure(session_config))
            .with_catalog_list(Arc::new(catalogs))
            .build();
        Session { context: Arc::new(SessionContext::new_with_state(state)), catalog, snapshot, tally }
    }

    /// Plans a statement to run. `parameters` is one row, bound to `$1`, `$2`, … by position.
    pub async fn plan(&self, sql: &str, parameters: Option<RecordBatch>, session_config: SessionConfig) -> Result<PlannedQuery, Error> {
        let (planner, sql) = (self.clone(), sql.to_owned());
        off_the_reactor(async move { planner.plan_here(&sql, parameters.as_ref(), session_config).await }).await
    }

    /// Learns the columns and the parameters of a statement without planning how to run it.
    pub async fn prepare(&self, sql: &str, session_config: SessionConfig) -> Result<Prepared, Error> {
        let (planner, sql) = (self.clone(), sql.to_owned());
        off_the_reactor(async move { planner.prepare_here(&sql, session_config).await }).await
    }

    async fn prepare_here(&self, sql: &str, session_config: SessionConfig) -> Result<Prepared, Error> {
        let session = self.session(session_config).await?;
        let Logical { state, plan, request, tables } = self.logical(sql, &session).await?;
        let wanted = parameters::parameters_of(&plan)?;
        let plan = plan.with_param_values(parameters::placeholders(&wanted)?).map_err(|error| planning_error(error, &tables))?;
        let plan = state.optimize(&plan).map_err(|error| planning_error(error, &tables))?;
        let schema = match request {
            Request::Rows => promised(plan.schema().as_arrow()),
            Request::Explanation(_) => promised(&explain_schema()),
        };
        Ok(Prepared { schema, parameters: wanted })
    }

    async fn plan_here(&self, sql: &str, given: Option<&RecordBatch>, session_config: SessionConfig) -> Result<PlannedQuery, Error> {
        let session = self.session(session_config).await?;
        let Logical { state, plan, request, tables } = self.logical(sql, &session).await?;
        let wanted = parameters::parameters_of(&plan)?;
        let values = parameters::bind(&wanted, given)?;
        let explain = |error| planning_error(error, &tables);
        let plan = plan.with_param_values(values).map_err(explain)?;
        let plan = state.optimize(&plan).map_err(explain)?;
        let inner = state.query_planner().create_physical_plan(&plan, &state).await.map_err(explain)?;
        let scan = session.estimate(&inner);
        let snapshot_id = session.snapshot.id;
        let (physical, kind) = match request {
            Request::Rows => (inner, StatementKind::Query),
            Request::Explanation(explain) => {
                let explained = Explained::new(explain, inner, plan, scan.notes(snapshot_id));
                (explained.plan()?, StatementKind::Explain(Box::new(explained)))
            }
        };
        let schema = promised(&physical.schema());
        Ok(PlannedQuery { physical, context: session.context, schema, snapshot_id, scan, kind, parameters: wanted })
    }

    pub(crate) async fn logical(&self, sql: &str, session: &Session) -> Result<Logical, Error> {
        if sql.len() > self.config.statement_bytes_max {
            let message = format!("the statement has {} bytes; statement_bytes_max allows {}", sql.len(), self.config.statement_bytes_max);
            return Err(Error::Exhausted { message });
        }
        let Parsed { statement, request } = parse(sql)?;
        // `state` also notes the moment that `now()` gives.
        let state = session.context.state();
        let tables = lake_tables(&state, &statement).map_err(|error| planning_error(error, &[]))?;
        let text = statement.to_string();
        let plan = state.statement_to_plan(statement).await.map_err(|error| planning_error(error, &tables))?;
        let only_reading = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
        only_reading.verify_plan(&plan).map_err(|_| read_only(&text))?;
        let plan = compare_lengths(plan).and_then(json_as_text).map_err(|error| planning_error(error, &tables))?;
        Ok(Logical { state, plan, request, tables })
    }
}

/// The tables that a statement names, without functions in their place and without what describes tables.
fn lake_tables(state: &SessionState, statement: &Statement) -> datafusion::common::Result<Vec<TableReference>> {
    let mut tables = state.resolve_table_references(statement)?;
    tables.retain(|table| table.schema() != Some(INFORMATION_SCHEMA) && !state.table_functions().contains_key(table.table()));
    Ok(tables)
}

/// Planning takes milliseconds of one core, which a thread that serves connections must not give.
pub(crate) async fn off_the_reactor<T: Send + 'static>(work: impl Future<Output = Result<T, Error>> + Send + 'static) -> Result<T, Error> {
    let runtime = tokio::runtime::Handle::current();
    match tokio::task::spawn_blocking(move || runtime.block_on(work)).await {
        Ok(done) => done,
        Err(error) => Err(Error::Failed(datafusion::error::DataFusionError::External(Box::new(error)))),
    }
}

/// Registers the lake's store under the part of its URL that names the store.
fn register(lake: &Lake, runtime: &RuntimeEnv) -> ObjectStoreUrl {
    let url = ObjectStoreUrl::parse(&lake.url()[..url::Position::BeforePath]).expect("what lies before the path of a URL has no path");
    runtime.register_object_store(url.as_ref(), lake.store());
    url
}

/// The settings that Coldtrail's tables need, over those of the tier.
fn configure(config: SessionConfig) -> SessionConfig {
    let mut config =
        config.with_default_catalog_and_schema(CATALOG, OCSF).with_information_schema(true).with_create_default_catalog_and_schema(false);
    let options = config.options_mut();
    options.execution.parquet.pushdown_filters = true;
    options.execution.parquet.reorder_filters = true;
    options.execution.parquet.enable_page_index = true;
    options.execution.parquet.bloom_filter_on_read = true;
    options.execution.parquet.schema_force_view_types = false;
    options.sql_parser.map_string_types_to_utf8view = false;
    config
}

/// What `json_get` finds may be of any type; as a column of the result it is JSON text, for few clients know Arrow's unions.
fn json_as_text(plan: LogicalPlan) -> datafusion::common::Result<LogicalPlan> {
    let is_union = |kind: &DataType| matches!(kind, DataType::Union(..));
    if !plan.schema().fields().iter().any(|field| is_union(field.data_type())) {
        return Ok(plan);
    }
    let columns = plan.schema().columns().into_iter().zip(plan.schema().fields()).map(|(column, field)| {
        let name = column.name.clone();
        match is_union(field.data_type()) {
            true => datafusion::prelude::cast(json_union_to_text_udf().call(vec![Expr::Column(column)]), DataType::Utf8).alias(name),
            false => Expr::Column(column),
        }
    });
    let columns: Vec<Expr> = columns.collect();
    LogicalPlanBuilder::from(plan).project(columns)?.build()
}
