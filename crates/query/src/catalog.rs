use std::collections::BTreeMap;
use std::sync::Arc;

use coldtrail_lake::{observables_schema, rejects_schema};
use coldtrail_model::{Class, SegmentIndex, SegmentMeta, Snapshot, Table, arrow_schema};
use datafusion::catalog::{CatalogProvider, SchemaProvider, TableProvider};
use datafusion::common::Result;
use datafusion::datasource::TableType;

use crate::config::ExpectedSource;
use crate::content::ContentStore;
use crate::events::{EVENTS, event_tables, events_schema};
use crate::extension::Extension;
use crate::prevalence::{PREVALENCE, prevalence};
use crate::scan::{ScanTally, SegmentStore, SegmentTable};
use crate::system::SystemTable;
use crate::views::{CoverageSchema, DISTINCT_EVENTS, SigmaSchema, SweepSchema, coverage, distinct_events};

/// The catalog that SQL sees by default.
pub const CATALOG: &str = "coldtrail";
/// The schema that SQL sees by default: the tables of events, their observables, and the view over all.
pub const OCSF: &str = "ocsf";
/// The schema in which Coldtrail tells of itself.
pub const SYSTEM: &str = "system";
/// The schema in which each set of indicators is a table: what the set matches. `sweep('feed')` is its table `feed`.
pub const SWEEP: &str = "sweep";
/// The schema in which each set of Sigma rules is a table: the events that its rules match. `sigma('rules')` is its table `rules`.
pub const SIGMA: &str = "sigma";
/// The schema in which each window is a table: what came in then and what should have. `coverage('90d')` is its table `90d`.
pub(crate) const COVERAGE_OF: &str = "coverage";

/// The name of the table of records that could not be read.
pub(crate) const REJECTS: &str = "rejects";
/// The name of the view of what came in and what should have.
const COVERAGE: &str = "coverage";

/// All tables over one pinned snapshot.
#[derive(Debug)]
pub(crate) struct LakeCatalog {
    schemas: BTreeMap<&'static str, Arc<dyn SchemaProvider>>,
}

/// What every table of a catalog is made from.
#[derive(Debug, Clone)]
pub(crate) struct CatalogParts {
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) index: Arc<dyn SegmentIndex>,
    pub(crate) store: Arc<SegmentStore>,
    pub(crate) tally: Arc<ScanTally>,
    pub(crate) extension: Option<Arc<dyn Extension>>,
    pub(crate) content: Option<Arc<dyn ContentStore>>,
    pub(crate) expected: Arc<[ExpectedSource]>,
}

impl LakeCatalog {
    pub(crate) fn new(parts: CatalogParts) -> Self {
        let ocsf: Arc<dyn SchemaProvider> = Arc::new(OcsfSchema { parts: parts.clone() });
        let mut schemas = parts.extension.iter().flat_map(|extension| extension.schemas()).collect::<BTreeMap<_, _>>();
        if let Some(content) = &parts.content {
            let sweep: Arc<dyn SchemaProvider> = Arc::new(SweepSchema::new(parts.clone(), Arc::clone(content)));
            let sigma: Arc<dyn SchemaProvider> = Arc::new(SigmaSchema::new(parts.clone(), Arc::clone(content)));
            schemas.extend([(SWEEP, sweep), (SIGMA, sigma)]);
        }
        let coverage: Arc<dyn SchemaProvider> = Arc::new(CoverageSchema::new(parts.clone()));
        let system: Arc<dyn SchemaProvider> = Arc::new(SystemSchema { parts });
        schemas.extend([(OCSF, ocsf), (SYSTEM, system), (COVERAGE_OF, coverage)]);
        Self { schemas }
    }
}

impl CatalogProvider for LakeCatalog {
    fn schema_names(&self) -> Vec<String> {
        self.schemas.keys().map(|name| (*name).to_owned()).collect()
    }

    fn schema(&self, name: &str) -> Option<Arc<dyn SchemaProvider>> {
        self.schemas.get(name).map(Arc::clone)
    }
}

impl CatalogParts {
    fn segments(&self, tables: impl Iterator<Item = Table>) -> Vec<Arc<SegmentMeta>> {
        tables.flat_map(|table| self.snapshot.segments_of(table)).map(Arc::clone).collect()
    }

    pub(crate) fn segment_table(&self, schema: arrow::datatypes::SchemaRef, tables: impl Iterator<Item = Table>) -> SegmentTable {
        SegmentTable::new(schema, self.segments(tables), Arc::clone(&self.store), Arc::clone(&self.tally))
    }

    fn observables(&self) -> SegmentTable {
        self.segment_table(observables_schema(), std::iter::once(Table::Observables))
    }
}

/// Schema `ocsf`.
#[derive(Debug)]
struct OcsfSchema {
    parts: CatalogParts,
}

/// The names of schema `ocsf`, in the order of the classes.
pub(crate) fn ocsf_names() -> impl Iterator<Item = &'static str> {
    Class::ALL.iter().map(|class| class.name()).chain([Table::Observables.name(), EVENTS, DISTINCT_EVENTS, PREVALENCE])
}

#[async_trait::async_trait]
impl SchemaProvider for OcsfSchema {
    fn table_names(&self) -> Vec<String> {
        ocsf_names().map(str::to_owned).collect()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        let table = match name {
            EVENTS => self.parts.segment_table(events_schema(), event_tables()).into_view(),
            DISTINCT_EVENTS => return distinct_events(&self.parts).await.map(Some),
            PREVALENCE => return Ok(Some(Arc::new(prevalence(Arc::new(self.parts.observables()))?))),
            name if name == Table::Observables.name() => self.parts.observables(),
            name => match name.parse::<Class>() {
                Ok(class) => self.parts.segment_table(arrow_schema(class), std::iter::once(Table::Events(class))),
                Err(_) => return Ok(None),
            },
        };
        Ok(Some(Arc::new(table)))
    }

    async fn table_type(&self, name: &str) -> Result<Option<TableType>> {
        Ok(self.table_exist(name).then_some(if [EVENTS, DISTINCT_EVENTS, PREVALENCE].contains(&name) {
            TableType::View
        } else {
            TableType::Base
        }))
    }

    fn table_exist(&self, name: &str) -> bool {
        ocsf_names().any(|known| known == name)
    }
}

/// Schema `system`.
#[derive(Debug)]
struct SystemSchema {
    parts: CatalogParts,
}

/// The names of schema `system` that are always there.
pub(crate) fn system_names() -> impl Iterator<Item = &'static str> {
    SystemTable::ALL.iter().map(|table| table.name()).chain([REJECTS, COVERAGE])
}

impl SystemSchema {
    fn added_names(&self) -> impl Iterator<Item = &'static str> {
        self.parts.extension.iter().flat_map(|extension| extension.system_names())
    }
}

#[async_trait::async_trait]
impl SchemaProvider for SystemSchema {
    fn table_names(&self) -> Vec<String> {
        system_names().chain(self.added_names()).map(str::to_owned).collect()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        if name == REJECTS {
            return Ok(Some(Arc::new(self.parts.segment_table(rejects_schema(), std::iter::once(Table::Rejects)))));
        }
        if name == COVERAGE {
            return coverage(&self.parts, None).await.map(Some);
        }
        match SystemTable::ALL.iter().find(|table| table.name() == name) {
            Some(table) => Ok(Some(table.provider(&self.parts).await?)),
            None => match &self.parts.extension {
                Some(extension) => extension.system_table(name).await,
                None => Ok(None),
            },
        }
    }

    async fn table_type(&self, name: &str) -> Result<Option<TableType>> {
        Ok(self.table_exist(name).then_some(if name == COVERAGE { TableType::View } else { TableType::Base }))
    }

    fn table_exist(&self, name: &str) -> bool {
        system_names().chain(self.added_names()).any(|known| known == name)
    }
}
