use std::sync::Arc;

use coldtrail_catalog::CatalogClient;
use coldtrail_ingest::{Error, Ingest, Report, SourceChoice, SourceFile};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

/// Takes in what watchers find and listeners receive. A handle: cheap to clone, and all clones share one turn.
#[derive(Clone)]
pub struct Taker {
    ingest: Ingest,
    catalog: Arc<dyn CatalogClient>,
    /// Whoever drops what has the content of another object looks first and commits then: one after the other.
    turn: Arc<Mutex<()>>,
}

impl Taker {
    /// One for all watchers and listeners of a process; `catalog` is the one that `ingest` commits to.
    pub fn new(ingest: Ingest, catalog: Arc<dyn CatalogClient>) -> Self {
        Self { ingest, catalog, turn: Arc::default() }
    }

    pub(crate) fn ingest(&self) -> &Ingest {
        &self.ingest
    }

    pub(crate) fn catalog(&self) -> &dyn CatalogClient {
        self.catalog.as_ref()
    }

    pub(crate) async fn take(
        &self,
        files: Vec<SourceFile>,
        choice: SourceChoice,
        drop_same_content: bool,
        stop: CancellationToken,
    ) -> Result<Report, Error> {
        let _turn = if drop_same_content { Some(self.turn.lock().await) } else { None };
        self.ingest.take(files, choice, drop_same_content, stop).await
    }
}
