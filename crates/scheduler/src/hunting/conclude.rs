//! From the rows of a run that has ended to findings, once for each run.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::{AsArray, RecordBatch};
use coldtrail_catalog::Error as CatalogError;
use coldtrail_hunt::{Finding, FindingContext, FindingMaker, Judgement, Webhook};
use coldtrail_huntfile::{Expect, FindingRule, Title};
use coldtrail_model::{Document, DocumentChange, Run, RunId, RunState, Snapshot};
use coldtrail_query::{Error, Principal};
use datafusion::common::DataFusionError;
use tokio_util::sync::CancellationToken;

use super::Hunting;
use crate::runs::{catalog_error, now_ms};

/// The kinds of documents in the catalog.
pub(crate) const FINDING: &str = "finding";
const CONCLUDED: &str = "concluded_run";
/// How often the leader looks for runs that have ended.
const LOOK: Duration = Duration::from_millis(500);
/// The most findings of one run; what is more is counted in the log.
const FINDINGS_OF_A_RUN_MAX: usize = 1_000;
/// How often a change of a finding is tried again because another changed it first.
const CHANGES_MAX: usize = 20;
/// The longest pause between two tries to tell a case system.
const NOTIFY_PAUSE_MAX: Duration = Duration::from_secs(300);

impl Hunting {
    /// Makes findings of the runs that end, and tells the case system of them, until `stop`. For the node that leads.
    pub async fn lead(&self, webhook: Option<Webhook>, stop: CancellationToken) {
        let concluding = async {
            loop {
                if let Err(error) = self.conclude_all().await {
                    tracing::warn!(%error, "the findings of a run could not be noted; it is tried again");
                }
                if let Err(error) = self.start_scheduled().await {
                    tracing::warn!(%error, "a scheduled hunt could not be started; it is tried again");
                }
                tokio::time::sleep(LOOK).await;
            }
        };
        let notifying = async {
            match &webhook {
                Some(webhook) => self.notify_all(webhook).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = concluding => {}
            () = notifying => {}
        }
    }

    async fn conclude_all(&self) -> Result<(), Error> {
        for run in self.catalog.runs().await.map_err(catalog_error)? {
            let ended = matches!(run.state, RunState::Done | RunState::Partial);
            if !ended || !run.definition.labels.contains_key("kind") {
                continue;
            }
            let key = run.id.to_string();
            if self.catalog.document(CONCLUDED, &key).await.map_err(catalog_error)?.is_none() {
                self.conclude(&run).await?;
            }
        }
        Ok(())
    }

    /// Notes the findings of one run. Doing it again changes nothing.
    async fn conclude(&self, run: &Run) -> Result<(), Error> {
        let mut findings = match self.findings_of(run).await {
            Ok(findings) => findings,
            Err(error @ Error::Unavailable { .. }) => return Err(error),
            Err(error) => {
                tracing::error!(run = %run.id, %error, "the rows of the run could not be made into findings");
                Vec::new()
            }
        };
        if findings.len() > FINDINGS_OF_A_RUN_MAX {
            tracing::warn!(run = %run.id, findings = findings.len(), most = FINDINGS_OF_A_RUN_MAX, "a run found more than is kept as findings");
            findings.truncate(FINDINGS_OF_A_RUN_MAX);
        }
        let count = findings.len();
        for finding in findings {
            self.note(finding).await?;
        }
        let body = serde_json::json!({ "findings": count }).to_string().into_bytes();
        let done = DocumentChange::put(CONCLUDED, run.id.to_string(), body, now_ms(), &run.definition.principal);
        self.catalog.put_documents(vec![done]).await.map_err(catalog_error).map(drop)
    }

    async fn note(&self, finding: Finding) -> Result<(), Error> {
        let key = finding.key.clone();
        self.change_finding(&key, "coldtrail", |present| match present {
            None => Ok(Some(finding.clone())),
            Some(known) if known.runs.contains(&finding.run_id) => Ok(None),
            Some(mut known) => {
                known.found_again(finding.clone());
                Ok(Some(known))
            }
        })
        .await
        .map(drop)
    }

    /// Changes a finding, whoever else does at the same time. Gives it as it is afterwards.
    async fn change_finding(
        &self,
        key: &str,
        by: &str,
        change: impl Fn(Option<Finding>) -> Result<Option<Finding>, Error>,
    ) -> Result<Option<Finding>, Error> {
        for _ in 0..CHANGES_MAX {
            let document = self.catalog.document(FINDING, key).await.map_err(catalog_error)?;
            let present = document.as_ref().map(finding_of).transpose()?;
            let Some(changed) = change(present.clone())? else { return Ok(present) };
            let body = serde_json::to_vec(&changed).map_err(|error| Error::Failed(DataFusionError::External(Box::new(error))))?;
            let expected = document.map_or(0, |document| document.version);
            let put = DocumentChange::put(FINDING, key.to_owned(), body, now_ms(), by).expecting(expected);
            match self.catalog.put_documents(vec![put]).await {
                Ok(_) => return Ok(Some(changed)),
                Err(CatalogError::DocumentChanged { .. }) => tokio::time::sleep(Duration::from_millis(20)).await,
                Err(error) => return Err(catalog_error(error)),
            }
        }
        Err(Error::Unavailable { message: format!("finding {key} cannot be changed now; try again") })
    }

    pub(super) async fn judge_finding(&self, by: &Principal, key: &str, judgement: Judgement) -> Result<Finding, Error> {
        let changed = self.change_finding(key, &by.name, |present| {
            let Some(mut finding) = present else { return Ok(None) };
            let wrong = |message: String| Error::BadStatement { message };
            judgement.status.as_deref().map_or(Ok(()), |status| finding.set_status(status)).map_err(wrong)?;
            judgement.verdict.as_deref().map_or(Ok(()), |verdict| finding.set_verdict(verdict)).map_err(wrong)?;
            if let Some(note) = &judgement.note {
                finding.note = Some(note.clone());
            }
            Ok(Some(finding))
        });
        let unknown =
            || Error::BadStatement { message: format!("there is no finding {key}; `coldtrail finding list` shows those there are") };
        changed.await?.ok_or_else(unknown)
    }

    /// Every finding there is.
    pub(super) async fn findings(&self) -> Result<Vec<Finding>, Error> {
        let documents = self.catalog.documents(FINDING).await.map_err(catalog_error)?;
        documents.iter().map(|document| finding_of(document)).collect()
    }

    /// Tells the case system of findings that it does not know, for ever.
    async fn notify_all(&self, webhook: &Webhook) {
        let mut pause = LOOK;
        loop {
            match self.notify(webhook).await {
                Ok(()) => pause = LOOK,
                Err(error) => {
                    tracing::warn!(%error, "a finding could not be told; it is tried again");
                    pause = (pause * 2).min(NOTIFY_PAUSE_MAX);
                }
            }
            tokio::time::sleep(pause).await;
        }
    }

    async fn notify(&self, webhook: &Webhook) -> Result<(), Error> {
        for finding in self.findings().await?.into_iter().filter(|finding| finding.notified_ms.is_none()) {
            let value = serde_json::to_value(&finding).map_err(|error| Error::Failed(DataFusionError::External(Box::new(error))))?;
            webhook.send(&value).await.map_err(|error| Error::Unavailable { message: error.to_string() })?;
            let told = now_ms();
            self.change_finding(&finding.key, "coldtrail", |present| {
                Ok(present.map(|finding| Finding { notified_ms: Some(told), ..finding }))
            })
            .await?;
        }
        Ok(())
    }

    async fn findings_of(&self, run: &Run) -> Result<Vec<Finding>, Error> {
        let snapshot = self.catalog.snapshot_at(run.definition.snapshot_id).await.map_err(catalog_error)?;
        match run.definition.labels.get("kind").map(String::as_str) {
            Some("hunt") => self.findings_of_hunt(run, &snapshot).await,
            Some("sweep") => self.findings_of_sweep(run, &snapshot).await,
            Some("sigma") => self.findings_of_rules(run, &snapshot).await,
            _ => Ok(Vec::new()),
        }
    }

    async fn findings_of_hunt(&self, run: &Run, snapshot: &Arc<Snapshot>) -> Result<Vec<Finding>, Error> {
        let labels = &run.definition.labels;
        let (Some(name), Some(id)) = (labels.get("hunt"), labels.get("query")) else { return Ok(Vec::new()) };
        let (content, hunt) = self.content.hunt_of(name).await?;
        let Some(query) = hunt.queries.iter().find(|query| query.id == *id) else { return Ok(Vec::new()) };
        if query.expect == Expect::Review {
            return Ok(Vec::new());
        }
        let context = FindingContext {
            hunt: content.name,
            query: id.clone(),
            run_id: run.id.to_string(),
            severity: query.severity.name().to_owned(),
            severity_id: query.severity.id(),
            techniques: hunt.techniques.clone(),
            now_ms: now_ms(),
        };
        let rows = self.rows(&format!("SELECT * FROM results.\"{}\"", run.id), snapshot).await?;
        made(&query.finding, &context, query.expect == Expect::Count, &rows)
    }

    async fn findings_of_sweep(&self, run: &Run, snapshot: &Arc<Snapshot>) -> Result<Vec<Finding>, Error> {
        let rule = FindingRule {
            title: title("{indicator_kind} {indicator} of feed {feed} was seen")?,
            dedupe: vec!["indicator_id".to_owned()],
            entities: vec!["source".to_owned(), "account".to_owned()],
            observables: vec!["value".to_owned()],
            threshold: 1,
        };
        let sql = format!("SELECT *, first_time AS first_seen, last_time AS last_seen FROM results.\"{}\" WHERE confirm IS NULL", run.id);
        let labels = &run.definition.labels;
        let hunt = labels.get("hunt").or_else(|| labels.get("indicators")).cloned().unwrap_or_default();
        let context = context_of(run, unversioned(&hunt), "sweep", "medium", 3);
        made(&rule, &context, false, &self.rows(&sql, snapshot).await?)
    }

    /// One finding for each rule and whoever it is about.
    async fn findings_of_rules(&self, run: &Run, snapshot: &Arc<Snapshot>) -> Result<Vec<Finding>, Error> {
        let rule = FindingRule {
            title: title("{rule_title}")?,
            dedupe: vec!["rule_id".to_owned(), "entity".to_owned()],
            entities: ["entity", "source", "cloud_account_uid", "device_hostname"].map(str::to_owned).to_vec(),
            observables: ["actor_user_name", "src_endpoint_ip"].map(str::to_owned).to_vec(),
            threshold: 1,
        };
        let results = format!("results.\"{}\"", run.id);
        let rules = self.rows(&format!("SELECT DISTINCT rule_id, rule_level FROM {results} ORDER BY 1"), snapshot).await?;
        let mut levels: BTreeMap<String, String> = BTreeMap::new();
        for batch in &rules {
            let (ids, severities) = (batch.column(0).as_string::<i32>(), batch.column(1).as_string::<i32>());
            levels.extend(
                ids.iter()
                    .zip(severities.iter())
                    .map(|(id, level)| (id.unwrap_or_default().to_owned(), level.unwrap_or("medium").to_owned())),
            );
        }
        let set = run.definition.labels.get("rules").or_else(|| run.definition.labels.get("hunt")).cloned().unwrap_or_default();
        let mut findings = Vec::new();
        for (id, level) in levels {
            let sql = format!(
                "SELECT *, coalesce(actor_user_name, user_name, device_hostname, src_endpoint_ip, device_ip) AS entity FROM {results} \
                 WHERE rule_id = '{}'",
                id.replace('\'', "''")
            );
            let severity_id = match level.as_str() {
                "informational" => 1,
                "low" => 2,
                "high" => 4,
                "critical" => 5,
                _ => 3,
            };
            let context = context_of(run, unversioned(&set), &id, &level, severity_id);
            findings.extend(made(&rule, &context, false, &self.rows(&sql, snapshot).await?)?);
        }
        Ok(findings)
    }
}

fn context_of(run: &Run, hunt: &str, query: &str, severity: &str, severity_id: i32) -> FindingContext {
    FindingContext {
        hunt: hunt.to_owned(),
        query: query.to_owned(),
        run_id: RunId::to_string(&run.id),
        severity: severity.to_owned(),
        severity_id,
        techniques: Vec::new(),
        now_ms: now_ms(),
    }
}

/// The name without its version: another version of a feed finds the same things again.
fn unversioned(name: &str) -> &str {
    name.split('@').next().unwrap_or(name)
}

fn title(text: &str) -> Result<Title, Error> {
    Title::read(text).map_err(|message| Error::BadStatement { message })
}

fn made(rule: &FindingRule, context: &FindingContext, is_count: bool, rows: &[RecordBatch]) -> Result<Vec<Finding>, Error> {
    let mut maker = FindingMaker::new(rule, context, is_count);
    for batch in rows {
        maker.add(batch).map_err(|error| Error::Failed(DataFusionError::ArrowError(Box::new(error), None)))?;
    }
    Ok(maker.finish())
}

fn finding_of(document: &Document) -> Result<Finding, Error> {
    serde_json::from_slice(&document.body).map_err(|error| Error::Unavailable {
        message: format!("the catalog's record of finding {} cannot be read: {error}", document.key),
    })
}
