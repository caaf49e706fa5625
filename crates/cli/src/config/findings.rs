use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use coldtrail_hunt::WebhookConfig;
use serde::{Deserialize, Serialize};

use super::Config;

/// Who is told of findings.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct FindingsSection {
    /// Where each finding is posted as JSON; nowhere if not given.
    pub(crate) webhook: Option<String>,
    /// A file with the key that signs what is posted.
    pub(crate) webhook_secret_file: Option<PathBuf>,
    /// A file with a template (minijinja) of what is posted, over `finding` and `team`.
    pub(crate) webhook_template_file: Option<PathBuf>,
    /// How many seconds the other side may take to answer.
    pub(crate) webhook_seconds_max: u64,
    /// Who is to look at findings, for the template.
    pub(crate) team: String,
}

impl Default for FindingsSection {
    fn default() -> Self {
        let (webhook, webhook_secret_file, webhook_template_file) = (None, None, None);
        Self { webhook, webhook_secret_file, webhook_template_file, webhook_seconds_max: 10, team: String::new() }
    }
}

impl Config {
    /// Where findings are sent.
    pub(crate) fn webhook(&self) -> anyhow::Result<WebhookConfig> {
        let read = |path: &PathBuf| std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()));
        let section = &self.findings;
        Ok(WebhookConfig {
            url: section.webhook.clone(),
            secret: section.webhook_secret_file.as_ref().map(read).transpose()?.map(|secret| secret.trim().to_owned()),
            template: section.webhook_template_file.as_ref().map(read).transpose()?,
            team: section.team.clone(),
            timeout: Duration::from_secs(section.webhook_seconds_max.max(1)),
        })
    }
}
