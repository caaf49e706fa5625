use std::time::Duration;

use coldtrail_model::Alarm;
use minijinja::{Environment, context};
use ring::hmac;
use serde_json::Value;

use crate::Finding;

/// What a case system is sent, unless a template says otherwise.
const TEMPLATE: &str = r#"{
  "title": {{ finding.title | tojson }},
  "priority": {{ finding.severity | tojson }},
  "team": {{ team | tojson }},
  "evidence": { "run": {{ finding.run_id | tojson }}, "key": {{ finding.key | tojson }} },
  "finding": {{ finding | tojson }}
}"#;

/// Where findings are sent, so that cases are opened for them.
#[derive(Clone, Default)]
pub struct WebhookConfig {
    /// Where each finding is posted as JSON; none: nowhere.
    pub url: Option<String>,
    /// Signs what is posted: the header `X-Coldtrail-Signature` is `sha256=` and the HMAC-SHA256 of the body with this key.
    pub secret: Option<String>,
    /// What is posted, as a template (minijinja) over `finding` and `team` that gives JSON; none: title, priority, team and the finding.
    pub template: Option<String>,
    /// Who is to look at it, for the template.
    pub team: String,
    /// How long the other side may take to answer.
    pub timeout: Duration,
}

impl std::fmt::Debug for WebhookConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebhookConfig")
            .field("url", &self.url)
            .field("team", &self.team)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// Why a finding could not be sent.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// The template does not give JSON.
    #[error("the template of the webhook does not give JSON: {reason}")]
    Template {
        /// What is wrong with it.
        reason: String,
    },
    /// The other side did not take it.
    #[error("the webhook did not take the finding: {reason}")]
    Refused {
        /// What it said, or what happened on the way.
        reason: String,
    },
}

/// Posts findings.
#[derive(Debug, Clone)]
pub struct Webhook {
    config: WebhookConfig,
    client: reqwest::Client,
}

impl Webhook {
    /// A webhook, if one is configured. Fails if its template cannot be read.
    pub fn new(config: WebhookConfig) -> Result<Option<Self>, WebhookError> {
        if config.url.is_none() {
            return Ok(None);
        }
        let refused = |error: reqwest::Error| WebhookError::Refused { reason: error.without_url().to_string() };
        let client =
            reqwest::Client::builder().timeout(config.timeout).redirect(reqwest::redirect::Policy::none()).build().map_err(refused)?;
        let webhook = Self { config, client };
        webhook.body(&serde_json::json!({"title": "", "severity": "", "run_id": "", "key": ""}))?;
        Ok(Some(webhook))
    }

    /// What is posted for a finding.
    pub fn body(&self, finding: &Value) -> Result<String, WebhookError> {
        let wrong = |reason: String| WebhookError::Template { reason };
        let template = self.config.template.as_deref().unwrap_or(TEMPLATE);
        let values = context! { finding => minijinja::Value::from(minijinja::value::Serde(finding)), team => self.config.team.as_str() };
        let body = Environment::new().render_str(template, values).map_err(|error| wrong(error.to_string()))?;
        serde_json::from_str::<serde::de::IgnoredAny>(&body).map_err(|error| wrong(error.to_string()))?;
        Ok(body)
    }

    /// Posts one finding, once.
    pub async fn send(&self, finding: &Finding) -> Result<(), WebhookError> {
        self.post(serde_json::to_value(finding)).await
    }

    /// Posts one alarm, once: like a finding without a run, for the same template.
    pub async fn send_alarm(&self, alarm: &Alarm) -> Result<(), WebhookError> {
        let value = serde_json::to_value(alarm).map(|mut value| {
            if let Value::Object(fields) = &mut value {
                fields.insert("run_id".to_owned(), Value::Null);
            }
            value
        });
        self.post(value).await
    }

    async fn post(&self, finding: serde_json::Result<Value>) -> Result<(), WebhookError> {
        let Some(url) = &self.config.url else { return Ok(()) };
        let finding = finding.map_err(|error| WebhookError::Template { reason: error.to_string() })?;
        let body = self.body(&finding)?;
        let mut request = self.client.post(url).header("content-type", "application/json");
        if let Some(secret) = &self.config.secret {
            let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
            request = request.header("x-coldtrail-signature", format!("sha256={}", hex::encode(hmac::sign(&key, body.as_bytes()))));
        }
        // The URL may hold a token: it is not part of what is said.
        let answer = request.body(body).send().await.map_err(|error| WebhookError::Refused { reason: error.without_url().to_string() })?;
        match answer.status().is_success() {
            true => Ok(()),
            false => Err(WebhookError::Refused { reason: format!("it answered {}", answer.status()) }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn webhook(template: Option<&str>) -> Result<Option<Webhook>, WebhookError> {
        let url = Some("http://127.0.0.1:9/".to_owned());
        Webhook::new(WebhookConfig { url, template: template.map(str::to_owned), team: "blue".to_owned(), ..WebhookConfig::default() })
    }

    #[test]
    fn a_case_has_title_priority_team_and_evidence() {
        let webhook = webhook(None).expect("a good template").expect("a webhook");
        let finding = serde_json::json!({"title": "a \"quoted\" title", "severity": "High", "run_id": "7", "key": "k"});
        let body: Value = serde_json::from_str(&webhook.body(&finding).expect("a body")).expect("JSON");
        assert_eq!(body["title"], "a \"quoted\" title");
        assert_eq!(body["priority"], "High");
        assert_eq!(body["team"], "blue");
        assert_eq!(body["evidence"]["run"], "7");
        assert_eq!(body["finding"], finding);
    }

    #[test]
    fn a_template_that_gives_no_json_is_refused_at_the_start() {
        let error = webhook(Some("{{ finding.title }}")).expect_err("no JSON").to_string();
        assert!(error.contains("does not give JSON"), "{error}");
    }

    #[test]
    fn without_a_url_there_is_no_webhook() {
        assert!(Webhook::new(WebhookConfig::default()).expect("nothing is wrong").is_none());
    }
}
