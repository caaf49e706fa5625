//! Rules put together over time: from the rows of a run to what correlations found.

use std::collections::{BTreeSet, HashMap};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, TimestampMillisecondType};
use coldtrail_hunt::{FINDINGS_OF_A_RUN_MAX, Finding, FindingContext, now_of, window_of};
use coldtrail_huntfile::Severity;
use coldtrail_model::Run;
use coldtrail_query::Error;
use coldtrail_sigma::{About, Correlated, Correlation, CorrelationOptions, CorrelationSet, RuleMatch, RuleSet};
use datafusion::common::DataFusionError;
use futures::TryStreamExt;

use super::findings::{context_of, results, techniques_of};
use super::{Hunting, failed};

/// The most matches of a run that its correlations put together.
const MATCHES_MAX: usize = 2_000_000;

/// The rules of a set that some correlation names.
pub(super) struct Named {
    positions: BTreeSet<usize>,
    /// Those whose matches are wanted only together with others.
    pub(super) silent: BTreeSet<usize>,
}

impl Named {
    pub(super) fn of(rules: &RuleSet, correlations: &CorrelationSet) -> Self {
        let by = |about: &About, wanted: &dyn Fn(&Correlation) -> bool| {
            let names = |correlation: &&Correlation| correlation.rules.iter().any(|reference| about.is_called(reference));
            correlations.correlations().iter().filter(names).any(wanted)
        };
        let abouts = || rules.rules().iter().map(|rule| &rule.about).enumerate();
        let positions: BTreeSet<usize> = abouts().filter(|(_, about)| by(about, &|_| true)).map(|(place, _)| place).collect();
        let loud: BTreeSet<usize> =
            abouts().filter(|(_, about)| by(about, &|correlation| correlation.generates)).map(|(place, _)| place).collect();
        Self { silent: positions.difference(&loud).copied().collect(), positions }
    }
}

impl Hunting {
    /// What the correlations of a set find in the matches of its rules, over the whole window of a run.
    pub(super) async fn findings_of_correlations(
        &self,
        run: &Run,
        rules: &RuleSet,
        correlations: &CorrelationSet,
        named: &Named,
    ) -> Result<Vec<Finding>, Error> {
        let all = context_of(run, "correlations", Severity::High);
        let Some(matches) = self.matches_of(run, rules, named).await? else {
            let what =
                format!("its correlations were not looked at: their rules have more than {MATCHES_MAX} matches; take a shorter window");
            return Ok(vec![all.shortcoming(&what)]);
        };
        let labels = &run.definition.labels;
        let options = CorrelationOptions {
            observed_until_ms: window_of(labels).map(|window| window.end_ms.min(now_of(labels, run.definition.submitted_ms))),
            ..CorrelationOptions::default()
        };
        let set = correlations.clone();
        let found = tokio::task::spawn_blocking(move || set.run(&matches, &options)).await;
        match found.map_err(|error| Error::Failed(DataFusionError::External(Box::new(error))))? {
            Ok(found) => {
                let each = correlations.correlations().iter().zip(&found);
                Ok(each.flat_map(|(correlation, found)| findings(run, correlation, found)).collect())
            }
            Err(error) => Ok(vec![all.shortcoming(&format!("its correlations were not looked at: {error}"))]),
        }
    }

    /// The matches of the rules that correlations name, in order of time; none if they are too many.
    async fn matches_of(&self, run: &Run, rules: &RuleSet, named: &Named) -> Result<Option<Vec<RuleMatch>>, Error> {
        let places: HashMap<&str, usize> = named.positions.iter().map(|place| (rules.rules()[*place].about.key(), *place)).collect();
        let ids: Vec<String> = places.keys().map(|id| format!("'{}'", id.replace('\'', "''"))).collect();
        let sql = format!(
            "SELECT arrow_cast(\"time\", 'Timestamp(ms, \"UTC\")') AS at, rule_id, rule_fields, source_object, source_offset FROM ({}) \
             WHERE rule_id IN ({}) ORDER BY at",
            results(run),
            ids.join(", ")
        );
        let mut matches = Vec::new();
        let mut rows = self.rows(&sql).await?;
        while let Some(batch) = rows.try_next().await.map_err(failed)? {
            if matches.len() + batch.num_rows() > MATCHES_MAX {
                return Ok(None);
            }
            read_matches(&batch, &places, &mut matches)?;
        }
        Ok(Some(matches))
    }
}

fn read_matches(batch: &RecordBatch, places: &HashMap<&str, usize>, matches: &mut Vec<RuleMatch>) -> Result<(), Error> {
    let text = |at: usize| cast(batch.column(at), &DataType::Utf8).map_err(|error| Error::Failed(error.into()));
    let times = batch.column(0).as_primitive::<TimestampMillisecondType>();
    let (ids, fields, objects) = (text(1)?, text(2)?, text(3)?);
    let (ids, fields, objects) = (ids.as_string::<i32>(), fields.as_string::<i32>(), objects.as_string::<i32>());
    let offsets = cast(batch.column(4), &DataType::Int64).map_err(|error| Error::Failed(error.into()))?;
    let offsets = offsets.as_primitive::<Int64Type>();
    for row in 0..batch.num_rows() {
        let Some(rule) = places.get(ids.value(row)) else { continue };
        let values = match fields.is_valid(row) {
            true => serde_json::from_str(fields.value(row)).map_err(|error| Error::Failed(DataFusionError::External(Box::new(error))))?,
            false => Vec::new(),
        };
        let event = format!("{}:{}", objects.value(row), offsets.value(row));
        matches.push(RuleMatch { time_ms: times.value(row), rule: *rule, event, fields: values });
    }
    Ok(())
}

/// One finding for each time that a correlation held.
fn findings(run: &Run, correlation: &Correlation, found: &Correlated) -> Vec<Finding> {
    let about = &correlation.about;
    let severity = about.level.as_deref().and_then(Severity::by_name).unwrap_or(Severity::Medium);
    let context = FindingContext { techniques: techniques_of(about), ..context_of(run, about.key(), severity) };
    let mut findings: Vec<Finding> = Vec::new();
    for hit in found.hits.iter().take(FINDINGS_OF_A_RUN_MAX) {
        let first = hit.first_ms.to_string();
        let told_by: Vec<&str> = hit.group.iter().map(String::as_str).chain([first.as_str()]).collect();
        let of = if hit.group.is_empty() { String::new() } else { format!(": {}", hit.group.join(", ")) };
        let mut finding = context.found(&told_by, &format!("{}{of}", about.title), hit.events_total, (hit.first_ms, hit.last_ms));
        for (field, value) in correlation.group_by.iter().zip(&hit.group) {
            finding.entities.entry(field.clone()).or_default().insert(value.clone());
        }
        findings.push(finding);
    }
    let left_out = found.hits.len().saturating_sub(FINDINGS_OF_A_RUN_MAX);
    if left_out > 0 {
        findings.push(
            context.shortcoming(&format!("{} held {left_out} times more than the {FINDINGS_OF_A_RUN_MAX} findings of a run", about.title)),
        );
    }
    findings
}
