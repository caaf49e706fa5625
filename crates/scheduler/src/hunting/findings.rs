//! From the rows of a run to findings.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::AsArray;
use arrow::compute::cast;
use arrow::datatypes::DataType;
use coldtrail_hunt::{FINDINGS_OF_A_RUN_MAX, Finding, FindingContext, FindingMaker, RunKind, subject_of};
use coldtrail_huntfile::{Expect, FindingRule, Severity, Title};
use coldtrail_intel::{Status, Verdict};
use coldtrail_model::Run;
use coldtrail_query::Error;
use coldtrail_sigma::About;
use datafusion::common::DataFusionError;
use futures::TryStreamExt;

use super::correlations::Named;
use super::{Hunting, failed};
use crate::runs::now_ms;

impl Hunting {
    /// What the rows of a run are made into. A part that cannot be read becomes a finding that says so: nobody may take its absence
    /// for quiet.
    pub(super) async fn findings_of(&self, run: &Run) -> Result<Vec<Finding>, Error> {
        let found = match RunKind::of(&run.definition.labels) {
            Some(RunKind::Hunt) => self.findings_of_hunt(run).await,
            Some(RunKind::Sweep) => self.findings_of_sweep(run).await,
            Some(RunKind::Sigma) => self.findings_of_rules(run).await,
            None => Ok(Vec::new()),
        };
        match found {
            Err(error) if !matches!(error, Error::Unavailable { .. }) => {
                tracing::error!(run = %run.id, %error, "the rows of the run could not be made into findings");
                let context = context_of(run, "findings", Severity::High);
                Ok(vec![context.shortcoming(&format!("its rows could not be made into findings: {error}"))])
            }
            found => found,
        }
    }

    async fn findings_of_hunt(&self, run: &Run) -> Result<Vec<Finding>, Error> {
        let labels = &run.definition.labels;
        let missing = |what: &str| Error::BadStatement { message: format!("the run's labels name no {what}") };
        let name = labels.get("hunt").ok_or_else(|| missing("hunt"))?;
        let id = labels.get("query").ok_or_else(|| missing("query"))?;
        let (_, hunt) = self.content.hunt_of(name).await?;
        let query = hunt.queries.iter().find(|query| query.id == *id).ok_or_else(|| missing("query that the hunt has"))?;
        if query.expect == Expect::Review {
            return Ok(Vec::new());
        }
        let context = FindingContext { techniques: hunt.techniques.clone(), ..context_of(run, id, query.severity) };
        self.made(&query.finding, &context, query.expect == Expect::Count, &results(run)).await
    }

    async fn findings_of_sweep(&self, run: &Run) -> Result<Vec<Finding>, Error> {
        let rule = rule("{indicator_kind} {indicator} of feed {feed} was seen", &["indicator_id"], &["source", "account"], &["value"])?;
        let rows = format!("SELECT *, first_time AS first_seen, last_time AS last_seen FROM ({}) WHERE confirm IS NULL", results(run));
        let context = context_of(run, "sweep", Severity::Medium);
        let mut findings = self.made(&rule, &context, false, &rows).await?;
        findings.extend(self.findings_of_confirmed(run, &context).await?);
        Ok(findings)
    }

    /// Findings of the indicators that had to be confirmed by the events, and were.
    async fn findings_of_confirmed(&self, run: &Run, context: &FindingContext) -> Result<Vec<Finding>, Error> {
        let mut ids = BTreeSet::new();
        let mut rows = self.rows(&format!("SELECT DISTINCT indicator_id FROM ({}) WHERE confirm IS NOT NULL", results(run))).await?;
        while let Some(batch) = rows.try_next().await.map_err(failed)? {
            let texts = cast(batch.column(0), &DataType::Utf8).map_err(|error| Error::Failed(error.into()))?;
            ids.extend(texts.as_string::<i32>().iter().flatten().map(str::to_owned));
        }
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let found = |verdict: &Verdict, _: Option<&str>| {
            let id = verdict.indicator_id.as_ref()?.to_string();
            let ((kind, value), seen) = (verdict.kind.zip(verdict.value.as_ref())?, &verdict.seen);
            let title = format!("{} {value} of feed {} was seen", kind.name(), verdict.feed);
            let is_seen = verdict.status == Status::Seen && ids.contains(&id);
            is_seen.then(|| {
                let times = (seen.first_ms.unwrap_or_default(), seen.last_ms.unwrap_or_default());
                let mut finding = context.found(&["indicator_id", &id], &title, seen.inside + seen.outside + seen.partly, times);
                finding.entities.insert("source".to_owned(), seen.sources.iter().map(ToString::to_string).collect());
                finding.entities.insert("account".to_owned(), seen.accounts.iter().map(ToString::to_string).collect());
                finding.observables.insert("value".to_owned(), BTreeSet::from([value.clone()]));
                finding
            })
        };
        Ok(self.verdicts_with(run.id, found).await?.into_iter().flatten().take(FINDINGS_OF_A_RUN_MAX).collect())
    }

    /// One finding for each rule and whoever it is about.
    async fn findings_of_rules(&self, run: &Run) -> Result<Vec<Finding>, Error> {
        let entities = ["entity", "source", "cloud_account_uid", "device_hostname"];
        let rule = rule("{rule_title}", &["rule_id", "entity"], &entities, &["actor_user_name", "src_endpoint_ip"])?;
        let (rules, correlations) = self.content.rules_of(&rules_name(run)?).await?;
        let named = Named::of(&rules, &correlations);
        let mut findings = Vec::new();
        for (id, severity) in self.rules_of(run).await? {
            let place = rules.rules().iter().position(|rule| rule.about.key() == id);
            if place.is_some_and(|place| named.silent.contains(&place)) {
                continue;
            }
            let techniques = place.map(|place| techniques_of(&rules.rules()[place].about)).unwrap_or_default();
            let rows = format!(
                "SELECT *, coalesce(actor_user_name, user_name, device_hostname, src_endpoint_ip, device_ip) AS entity FROM ({}) \
                 WHERE rule_id = '{}'",
                results(run),
                id.replace('\'', "''")
            );
            let context = FindingContext { techniques, ..context_of(run, &id, severity) };
            findings.extend(self.made(&rule, &context, false, &rows).await?);
        }
        if !correlations.correlations().is_empty() {
            findings.extend(self.findings_of_correlations(run, &rules, &correlations, &named).await?);
        }
        Ok(findings)
    }

    /// The rules that the rows of a run match, with how severe each is; medium if it does not say.
    async fn rules_of(&self, run: &Run) -> Result<BTreeMap<String, Severity>, Error> {
        let rules: Vec<_> = self
            .rows(&format!("SELECT DISTINCT rule_id, rule_level FROM ({})", results(run)))
            .await?
            .try_collect()
            .await
            .map_err(failed)?;
        let mut found = BTreeMap::new();
        for batch in &rules {
            let text = |at: usize| cast(batch.column(at), &DataType::Utf8).map_err(|error| Error::Failed(DataFusionError::from(error)));
            let (ids, levels) = (text(0)?, text(1)?);
            let named = ids.as_string::<i32>().iter().zip(levels.as_string::<i32>());
            found.extend(
                named.map(|(id, level)| (id.unwrap_or_default().to_owned(), level.and_then(Severity::by_name).unwrap_or(Severity::Medium))),
            );
        }
        Ok(found)
    }

    async fn made(&self, rule: &FindingRule, context: &FindingContext, is_count: bool, sql: &str) -> Result<Vec<Finding>, Error> {
        let mut maker = FindingMaker::new(rule, context, is_count);
        let mut rows = self.rows(sql).await?;
        while let Some(batch) = rows.try_next().await.map_err(failed)? {
            maker.add(&batch).map_err(|error| Error::Failed(DataFusionError::from(error)))?;
        }
        Ok(maker.finish())
    }
}

/// The version of the set of rules that a run's statement names.
pub(super) fn rules_name(run: &Run) -> Result<String, Error> {
    let mut names = coldtrail_query::content_names(&run.definition.sql)?.into_iter();
    let named = names.find(|(schema, _)| *schema == coldtrail_query::SIGMA).map(|(_, name)| name);
    named.ok_or_else(|| Error::BadStatement { message: "the run's statement names no rules".to_owned() })
}

pub(super) fn results(run: &Run) -> String {
    format!("SELECT * FROM results.\"{}\"", run.id)
}

pub(super) fn context_of(run: &Run, query: &str, severity: Severity) -> FindingContext {
    FindingContext {
        hunt: subject_of(&run.definition.labels).unwrap_or_default().to_owned(),
        query: query.to_owned(),
        run_id: run.id.to_string(),
        severity,
        techniques: Vec::new(),
        now_ms: now_ms(),
    }
}

/// The ATT&CK techniques that a rule's tags name, such as `attack.t1059.001`.
pub(super) fn techniques_of(about: &About) -> Vec<String> {
    let technique = |tag: &String| {
        let id = tag.to_ascii_lowercase().strip_prefix("attack.t")?.to_owned();
        id.starts_with(|letter: char| letter.is_ascii_digit()).then(|| format!("T{id}"))
    };
    about.tags.iter().filter_map(technique).collect()
}

fn rule(title: &str, dedupe: &[&str], entities: &[&str], observables: &[&str]) -> Result<FindingRule, Error> {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    Ok(FindingRule {
        title: Title::read(title).map_err(|message| Error::BadStatement { message })?,
        dedupe: names(dedupe),
        entities: names(entities),
        observables: names(observables),
        threshold: 1,
    })
}
