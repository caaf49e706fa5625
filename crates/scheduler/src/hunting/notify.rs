//! Telling a case system of findings and alarms, at least once each.

use std::time::Duration;

use coldtrail_hunt::{Finding, Webhook};
use coldtrail_model::{ALARM_KIND, Alarm, DocumentChange};
use coldtrail_query::Error;

use super::Hunting;
use crate::runs::{catalog_error, now_ms};

/// How long findings that nobody told of may wait to be looked for.
const LOOK: Duration = Duration::from_secs(5);
/// The first pause after a case system did not take a finding; it doubles.
const PAUSE_FIRST: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(300);
/// After so many findings in a row were not taken, the others wait as well.
const REFUSALS_MAX: usize = 5;

impl Hunting {
    /// Tells of findings that the case system does not know, for ever.
    pub(super) async fn notify_all(&self, webhook: &Webhook) {
        let mut pause = PAUSE_FIRST;
        loop {
            match self.notify(webhook).await {
                Ok(()) => {
                    pause = PAUSE_FIRST;
                    tokio::select! {
                        () = self.news.notified() => {}
                        () = tokio::time::sleep(LOOK) => {}
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "a finding could not be told; it is tried again");
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(PAUSE_MAX);
                }
            }
        }
    }

    /// Tells of each once. One that is not taken does not keep the others waiting.
    async fn notify(&self, webhook: &Webhook) -> Result<(), Error> {
        let mut refused = Vec::new();
        for finding in self.findings().await?.into_iter().filter(|finding| finding.notified_ms.is_none()) {
            match webhook.send(&finding).await {
                Ok(()) => self.note_told(&finding.key).await?,
                Err(error) => refused.push(error.to_string()),
            }
            if refused.len() >= REFUSALS_MAX {
                break;
            }
        }
        for document in self.catalog.documents(ALARM_KIND).await.map_err(catalog_error)? {
            let Ok(alarm) = serde_json::from_slice::<Alarm>(&document.body) else { continue };
            if alarm.notified_ms.is_some() || refused.len() >= REFUSALS_MAX {
                continue;
            }
            match webhook.send_alarm(&alarm).await {
                Ok(()) => self.note_alarm_told(alarm, document.version).await?,
                Err(error) => refused.push(error.to_string()),
            }
        }
        match refused.pop() {
            None => Ok(()),
            Some(message) => Err(Error::Unavailable { message }),
        }
    }

    /// Whoever changed the alarm meanwhile goes before: then it is told again.
    async fn note_alarm_told(&self, alarm: Alarm, version: u64) -> Result<(), Error> {
        let told_ms = now_ms();
        let alarm = Alarm { notified_ms: Some(told_ms), ..alarm };
        let body = serde_json::to_vec(&alarm).map_err(|error| Error::Unavailable { message: error.to_string() })?;
        let change = DocumentChange::put(ALARM_KIND, alarm.key, body, told_ms, "coldtrail").expecting(version);
        match self.catalog.put_documents(vec![change]).await {
            Ok(_) | Err(coldtrail_catalog::Error::DocumentChanged { .. }) => Ok(()),
            Err(error) => Err(catalog_error(error)),
        }
    }

    async fn note_told(&self, key: &str) -> Result<(), Error> {
        let told = Some(now_ms());
        let change = |present: Option<Finding>| Ok(present.map(|finding| Finding { notified_ms: told, ..finding }));
        self.change_finding(key, "coldtrail", change).await.map(drop)
    }
}
