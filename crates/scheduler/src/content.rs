//! What hunters brought: kept in the lake by the SHA-256 of its bytes, named in the catalog, read again when a statement asks for it.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::Arc;

use coldtrail_catalog::CatalogClient;
use coldtrail_hunt::{CONTENT_BYTES_MAX, Content, ContentKind, ContentReport, ContentRequest, ContentService, Cron};
use coldtrail_huntfile::Hunt;
use coldtrail_lake::Lake;
use coldtrail_model::{Document, DocumentChange};
use coldtrail_query::{ContentStore, Error, Indicators, Principal};
use coldtrail_sigma::{CorrelationSet, RuleSet};
use datafusion::common::DataFusionError;
use parking_lot::Mutex;

pub(crate) use crate::content::intel_tables::IntelSchema;
use crate::content::reading::{Read, Reader};
use crate::runs::{catalog_error, lake_error, now_ms};

mod intel_tables;
mod reading;

/// The kind of the documents that say up to which slot a scheduled hunt has run; one each, under the hunt's name.
pub(crate) const SCHEDULE: &str = "schedule";
/// How many sets are kept in memory after they were read.
const SETS_KEPT: usize = 8;
/// The longest name.
const NAME_LETTERS_MAX: usize = 100;
/// How many remarks are given back.
const REMARKS_MAX: usize = 1_000;

/// The content of a cluster. Cheap to clone.
#[derive(Clone)]
pub struct ContentLibrary {
    shared: Arc<Shared>,
}

struct Shared {
    lake: Lake,
    catalog: Arc<dyn CatalogClient>,
    kept: Mutex<VecDeque<(String, Read)>>,
}

impl fmt::Debug for ContentLibrary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContentLibrary").finish_non_exhaustive()
    }
}

impl ContentLibrary {
    /// What is kept in this lake and named in this catalog.
    pub fn new(lake: Lake, catalog: Arc<dyn CatalogClient>) -> Self {
        Self { shared: Arc::new(Shared { lake, catalog, kept: Mutex::default() }) }
    }

    async fn find(&self, kind: ContentKind, name: &str) -> Result<Option<Content>, Error> {
        let document = self.shared.catalog.document(kind.name(), name).await.map_err(catalog_error)?;
        document.map(|document| content_of(&document)).transpose()
    }

    /// A set as it is used, read once and kept.
    async fn read(&self, kind: ContentKind, name: &str) -> Result<Option<Read>, Error> {
        let Some(content) = self.find(kind, name).await? else { return Ok(None) };
        let key = format!("{}/{}", kind.name(), content.versioned_name());
        if let Some((_, read)) = self.shared.kept.lock().iter().find(|(kept, _)| *kept == key) {
            return Ok(Some(read.clone()));
        }
        let bytes = self.shared.lake.get_content(&digest_of(&content)?).await.map_err(lake_error)?;
        let reader = Reader { kind, name: content.name.clone(), bytes, options: content.options };
        let (read, _, _) = reader.read().await?;
        let mut kept = self.shared.kept.lock();
        kept.push_front((key, read.clone()));
        kept.truncate(SETS_KEPT);
        Ok(Some(read))
    }

    /// The indicators of a feed, by its name or by that of a version.
    pub(crate) async fn indicators_of(&self, name: &str) -> Result<Arc<Indicators>, Error> {
        match self.read(ContentKind::Indicators, name).await? {
            Some(Read::Indicators(indicators)) => Ok(indicators),
            _ => Err(unknown(ContentKind::Indicators, name)),
        }
    }

    /// A set of rules with its correlations, by its name or by that of a version.
    pub(crate) async fn rules_of(&self, name: &str) -> Result<(Arc<RuleSet>, Arc<CorrelationSet>), Error> {
        match self.read(ContentKind::Rules, name).await? {
            Some(Read::Rules(rules, correlations)) => Ok((rules, correlations)),
            _ => Err(unknown(ContentKind::Rules, name)),
        }
    }

    /// True if what a statement names puts events together over time.
    pub(crate) async fn correlates(&self, sql: &str) -> Result<bool, Error> {
        for (schema, name) in coldtrail_query::content_names(sql)? {
            if schema == coldtrail_query::SIGMA && !self.rules_of(&name).await?.1.correlations().is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A hunt, by its name or by that of a version.
    pub(crate) async fn hunt_of(&self, name: &str) -> Result<(Content, Arc<Hunt>), Error> {
        let content = self.find(ContentKind::Hunt, name).await?.ok_or_else(|| unknown(ContentKind::Hunt, name))?;
        match self.read(ContentKind::Hunt, name).await? {
            Some(Read::Hunt(hunt)) => Ok((content, hunt)),
            _ => Err(unknown(ContentKind::Hunt, name)),
        }
    }

    /// The names of content in a statement, each replaced by the name of the version that it has now.
    pub async fn pin(&self, sql: &str) -> Result<String, Error> {
        let mut pinned = sql.to_owned();
        for (schema, name) in coldtrail_query::content_names(sql)? {
            let kind = if schema == coldtrail_query::SWEEP { ContentKind::Indicators } else { ContentKind::Rules };
            let content = self.find(kind, &name).await?.ok_or_else(|| unknown(kind, &name))?;
            if content.versioned_name() != name {
                pinned = coldtrail_query::with_content_name(&pinned, schema, &name, &content.versioned_name())?;
            }
        }
        Ok(pinned)
    }
}

#[async_trait::async_trait]
impl ContentService for ContentLibrary {
    async fn put(&self, by: &Principal, request: ContentRequest) -> Result<ContentReport, Error> {
        let ContentRequest { kind, name, bytes, options } = request;
        check_name(&name)?;
        if bytes.len() > CONTENT_BYTES_MAX {
            let message = format!("{name} has {} bytes; content_bytes_max allows {CONTENT_BYTES_MAX}; split it", bytes.len());
            return Err(Error::Exhausted { message });
        }
        let brought_ms = now_ms();
        let reader = Reader { kind, name: name.clone(), bytes: bytes.clone(), options: options.clone() };
        let (read, counts, mut remarks) = reader.read().await?;
        let schedule = match &read {
            Read::Hunt(hunt) => hunt.schedule.as_ref().map(|when| Cron { expression: when.cron.clone(), zone: when.timezone.clone() }),
            Read::Indicators(_) | Read::Rules(..) => None,
        };
        let left_out = remarks.len().saturating_sub(REMARKS_MAX);
        remarks.truncate(REMARKS_MAX);
        if left_out > 0 {
            remarks.push(format!("and {left_out} more"));
        }
        let size = bytes.len() as u64;
        let sha256 = self.shared.lake.put_content(bytes).await.map_err(lake_error)?;
        let (sha256, brought_by) = (hex::encode(sha256), by.name.clone());
        let content = Content { kind, name, sha256, bytes: size, options, schedule, counts, brought_ms, brought_by };
        let body = serde_json::to_vec(&content).map_err(|error| Error::Failed(DataFusionError::External(Box::new(error))))?;
        let change = |key: String| DocumentChange::put(kind.name(), key, body.clone(), brought_ms, &by.name);
        let changes = vec![change(content.name.clone()), change(content.versioned_name())];
        self.shared.catalog.put_documents(changes).await.map_err(catalog_error)?;
        Ok(ContentReport { content, remarks })
    }

    async fn list(&self, kind: ContentKind) -> Result<Vec<Content>, Error> {
        let documents = self.shared.catalog.documents(kind.name()).await.map_err(catalog_error)?;
        documents.iter().filter(|document| !document.key.contains('@')).map(|document| content_of(document)).collect()
    }

    async fn get(&self, kind: ContentKind, name: &str) -> Result<(Content, bytes::Bytes), Error> {
        let content = self.find(kind, name).await?.ok_or_else(|| unknown(kind, name))?;
        let bytes = self.shared.lake.get_content(&digest_of(&content)?).await.map_err(lake_error)?;
        Ok((content, bytes))
    }

    async fn delete(&self, by: &Principal, kind: ContentKind, name: &str) -> Result<(), Error> {
        self.find(kind, name).await?.ok_or_else(|| unknown(kind, name))?;
        let delete = |kind| DocumentChange::delete(kind, name.to_owned(), now_ms(), &by.name);
        let mut changes = vec![delete(kind.name())];
        if kind == ContentKind::Hunt {
            // Under the same name, another hunt must not make up for its slots.
            changes.push(delete(SCHEDULE));
        }
        self.shared.catalog.put_documents(changes).await.map_err(catalog_error).map(drop)
    }
}

#[async_trait::async_trait]
impl ContentStore for ContentLibrary {
    async fn indicators(&self, name: &str) -> datafusion::common::Result<Option<Arc<Indicators>>> {
        match self.read(ContentKind::Indicators, name).await.map_err(external)? {
            Some(Read::Indicators(set)) => Ok(Some(set)),
            _ => Ok(None),
        }
    }

    async fn rules(&self, name: &str) -> datafusion::common::Result<Option<Arc<RuleSet>>> {
        match self.read(ContentKind::Rules, name).await.map_err(external)? {
            Some(Read::Rules(rules, _)) => Ok(Some(rules)),
            _ => Ok(None),
        }
    }
}

fn external(error: Error) -> DataFusionError {
    DataFusionError::Execution(error.to_string())
}

fn unknown(kind: ContentKind, name: &str) -> Error {
    let (what, list) = match kind {
        ContentKind::Indicators => ("set of indicators", "coldtrail intel list"),
        ContentKind::Rules => ("set of rules", "coldtrail sigma list"),
        ContentKind::Hunt => ("hunt", "coldtrail hunt list"),
    };
    Error::BadStatement { message: format!("there is no {what} named {name}; `{list}` shows those there are") }
}

fn content_of(document: &Document) -> Result<Content, Error> {
    serde_json::from_slice(&document.body).map_err(|error| Error::Unavailable {
        message: format!("the catalog's record of {} {} cannot be read: {error}", document.kind, document.key),
    })
}

fn digest_of(content: &Content) -> Result<[u8; 32], Error> {
    let mut digest = [0; 32];
    hex::decode_to_slice(&content.sha256, &mut digest)
        .map_err(|error| Error::Unavailable { message: format!("the digest of {} cannot be read: {error}", content.name) })?;
    Ok(digest)
}

fn check_name(name: &str) -> Result<(), Error> {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
    match !name.is_empty() && name.len() <= NAME_LETTERS_MAX && name.chars().all(fits) {
        true => Ok(()),
        false => Err(Error::BadStatement {
            message: format!("{name:?} cannot be a name; use at most {NAME_LETTERS_MAX} letters, digits, -, _ and ."),
        }),
    }
}

/// Counts by name.
type Counts = BTreeMap<String, u64>;
