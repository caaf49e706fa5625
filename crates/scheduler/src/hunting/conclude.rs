//! From the rows of a run that has ended to findings, once for each run.

use std::collections::HashSet;
use std::time::Duration;

use coldtrail_catalog::Error as CatalogError;
use coldtrail_hunt::{Finding, Judgement, RunKind, Webhook};
use coldtrail_model::{Document, DocumentChange, Run, RunState};
use coldtrail_query::{Error, Principal};
use datafusion::common::DataFusionError;
use tokio_util::sync::CancellationToken;

use super::Hunting;
use crate::runs::{catalog_error, now_ms};

/// The kinds of documents in the catalog.
pub(crate) const FINDING: &str = "finding";
pub(super) const CONCLUDED: &str = "concluded_run";
/// How often the leader looks for runs that have ended.
const LOOK: Duration = Duration::from_millis(500);
/// How often a change of a finding is tried again because another changed it first.
const CHANGES_MAX: usize = 20;

impl Hunting {
    /// Makes findings of the runs that end, starts scheduled hunts, and tells the case system, until `stop`. For the node that leads.
    pub async fn lead(&self, webhook: Option<Webhook>, stop: CancellationToken) {
        let working = async {
            loop {
                if let Err(error) = self.conclude_all().await {
                    tracing::warn!(%error, "cannot see which runs have ended; it is tried again");
                }
                if let Err(error) = self.start_scheduled(now_ms()).await {
                    tracing::warn!(%error, "cannot see which hunts have a schedule; it is tried again");
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
            () = working => {}
            () = notifying => {}
        }
    }

    /// Concludes the runs that have ended; one that cannot be does not keep the others waiting. Forgets those that were deleted.
    async fn conclude_all(&self) -> Result<(), Error> {
        let runs = self.catalog.runs().await.map_err(catalog_error)?;
        let concluded = self.catalog.documents(CONCLUDED).await.map_err(catalog_error)?;
        let concluded: HashSet<&str> = concluded.iter().map(|document| document.key.as_str()).collect();
        let there: HashSet<String> = runs.iter().map(|run| run.id.to_string()).collect();
        for run in runs.iter().filter(|run| matches!(run.state, RunState::Done | RunState::Partial)) {
            if RunKind::of(&run.definition.labels).is_none() || concluded.contains(run.id.to_string().as_str()) {
                continue;
            }
            if let Err(error) = self.conclude(run).await {
                tracing::warn!(run = %run.id, %error, "the findings of the run could not be noted; it is tried again");
            }
        }
        let gone = concluded.into_iter().filter(|key| !there.contains(*key));
        let gone: Vec<_> = gone.map(|key| DocumentChange::delete(CONCLUDED, key.to_owned(), now_ms(), "coldtrail")).take(100).collect();
        match gone.is_empty() {
            true => Ok(()),
            false => self.catalog.put_documents(gone).await.map_err(catalog_error).map(drop),
        }
    }

    /// Notes the findings of one run. Doing it again changes nothing.
    async fn conclude(&self, run: &Run) -> Result<(), Error> {
        let findings = self.findings_of(run).await?;
        let count = findings.len();
        for finding in findings {
            self.note(finding).await?;
        }
        let body = serde_json::json!({ "findings": count }).to_string().into_bytes();
        let done = DocumentChange::put(CONCLUDED, run.id.to_string(), body, now_ms(), &run.definition.principal);
        self.catalog.put_documents(vec![done]).await.map_err(catalog_error)?;
        self.news.notify_one();
        Ok(())
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
    pub(super) async fn change_finding(
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
            if let Some(verdict) = &judgement.verdict {
                finding.set_verdict(verdict).map_err(wrong)?;
                (finding.judged_by, finding.judged_ms) = (Some(by.name.clone()), Some(now_ms()));
            }
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
}

fn finding_of(document: &Document) -> Result<Finding, Error> {
    serde_json::from_slice(&document.body).map_err(|error| Error::Unavailable {
        message: format!("the catalog's record of finding {} cannot be read: {error}", document.key),
    })
}
