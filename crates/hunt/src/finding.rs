use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, TimeUnit, TimestampMillisecondType};
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use coldtrail_huntfile::{FindingRule, Severity};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// How far the work on a finding is: OCSF's `status_id` with its names (class 2004).
const STATUSES: &[(&str, i32, &str)] =
    &[("new", 1, "New"), ("in_progress", 2, "In Progress"), ("suppressed", 3, "Suppressed"), ("resolved", 4, "Resolved")];

/// What a finding turned out to be: OCSF's `verdict_id` with its names.
const VERDICTS: &[(&str, i32, &str)] =
    &[("false_positive", 1, "False Positive"), ("true_positive", 2, "True Positive"), ("benign", 7, "Benign")];

/// The most entities and observables that a finding names of one kind.
const VALUES_MAX: usize = 50;
/// The longest title, entity or observable that is kept whole, in bytes: a finding is one small record of the catalog.
const TEXT_BYTES_MAX: usize = 1024;
/// How many of the runs that found it a finding names; all are counted.
const RUNS_NAMED: usize = 100;
/// The most findings that the rows of one run are made into.
pub const FINDINGS_OF_A_RUN_MAX: usize = 1_000;

/// Something that a hunt, a rule or a sweep found. One for each key, however often it is found again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Names it: SHA-256 of the hunt, the query and the values that tell one finding from another.
    pub key: String,
    /// What happened, in a line.
    pub title: String,
    /// How severe it is: `informational` to `critical`.
    pub severity: String,
    /// OCSF's number of it, 1 to 5.
    pub severity_id: i32,
    /// The hunt, set of rules or feed that found it.
    pub hunt: String,
    /// The query, rule or indicator within it.
    pub query: String,
    /// The run that found it last.
    pub run_id: String,
    /// The newest runs that found it; ids sort by time.
    pub runs: BTreeSet<String>,
    /// How many runs found it.
    pub runs_count: u64,
    /// The time of the first row, in milliseconds since 1970, UTC, if rows have one.
    pub first_seen_ms: Option<i64>,
    /// The time of the last row.
    pub last_seen_ms: Option<i64>,
    /// How many rows the last run had for it.
    pub rows: u64,
    /// Who or what it happened to: values by column.
    pub entities: BTreeMap<String, BTreeSet<String>>,
    /// What can be looked for elsewhere: values by column.
    pub observables: BTreeMap<String, BTreeSet<String>>,
    /// ATT&CK techniques.
    pub techniques: Vec<String>,
    /// How far the work on it is.
    pub status: String,
    /// What it turned out to be; none yet.
    pub verdict: Option<String>,
    /// What a hunter says of it.
    pub note: Option<String>,
    /// Who said last what it turned out to be.
    #[serde(default)]
    pub judged_by: Option<String>,
    /// When, in milliseconds since 1970, UTC.
    #[serde(default)]
    pub judged_ms: Option<i64>,
    /// When it was found first, in milliseconds since 1970, UTC.
    pub created_ms: i64,
    /// When a case system took it; none if none did yet.
    pub notified_ms: Option<i64>,
}

/// What the rows of a run are made into findings by.
#[derive(Debug, Clone)]
pub struct FindingContext {
    /// The hunt, set of rules or feed.
    pub hunt: String,
    /// The query within it.
    pub query: String,
    /// The run.
    pub run_id: String,
    /// How severe a finding is.
    pub severity: Severity,
    /// ATT&CK techniques.
    pub techniques: Vec<String>,
    /// Now, in milliseconds since 1970, UTC.
    pub now_ms: i64,
}

impl FindingContext {
    /// A finding of this run, with nothing in it yet.
    fn finding(&self, key: String, title: &str) -> Finding {
        Finding {
            key,
            title: shortened(title),
            severity: self.severity.name().to_owned(),
            severity_id: self.severity.id(),
            hunt: self.hunt.clone(),
            query: self.query.clone(),
            run_id: self.run_id.clone(),
            runs: BTreeSet::from([self.run_id.clone()]),
            runs_count: 1,
            first_seen_ms: None,
            last_seen_ms: None,
            rows: 0,
            entities: BTreeMap::new(),
            observables: BTreeMap::new(),
            techniques: self.techniques.clone(),
            status: STATUSES[0].0.to_owned(),
            verdict: None,
            note: None,
            judged_by: None,
            judged_ms: None,
            created_ms: self.now_ms,
            notified_ms: None,
        }
    }

    /// A finding of this run that these values tell from others, of these rows.
    #[must_use]
    pub fn found(&self, told_by: &[&str], title: &str, rows: u64, seen_ms: (i64, i64)) -> Finding {
        let parts = [self.hunt.as_str(), &self.query].into_iter().chain(told_by.iter().copied());
        let (first, last) = seen_ms;
        Finding { rows, first_seen_ms: Some(first), last_seen_ms: Some(last), ..self.finding(key_of(parts), title) }
    }

    /// What stands in the place of findings that are not there, so that whoever looks at findings sees it.
    #[must_use]
    pub fn shortcoming(&self, what: &str) -> Finding {
        let key = key_of([self.hunt.as_str(), &self.query, &self.run_id, "shortcoming"]);
        self.finding(key, &format!("run {}: {what}", self.run_id))
    }
}

impl Finding {
    /// Takes over what another run found of the same.
    pub fn found_again(&mut self, by: Self) {
        self.runs.insert(by.run_id.clone());
        self.runs_count += 1;
        while self.runs.len() > RUNS_NAMED {
            self.runs.pop_first();
        }
        self.run_id = by.run_id;
        self.rows = by.rows;
        self.title = by.title;
        self.first_seen_ms = self.first_seen_ms.into_iter().chain(by.first_seen_ms).min();
        self.last_seen_ms = self.last_seen_ms.into_iter().chain(by.last_seen_ms).max();
        for (mine, theirs) in [(&mut self.entities, by.entities), (&mut self.observables, by.observables)] {
            for (column, values) in theirs {
                let known = mine.entry(column).or_default();
                known.extend(values.into_iter().take(VALUES_MAX.saturating_sub(known.len())));
            }
        }
    }

    /// Says how far the work on it is. Fails with the words that are known.
    pub fn set_status(&mut self, status: &str) -> Result<(), String> {
        self.status = known(STATUSES, status, "status")?;
        Ok(())
    }

    /// Says what it turned out to be. Fails with the words that are known.
    pub fn set_verdict(&mut self, verdict: &str) -> Result<(), String> {
        self.verdict = Some(known(VERDICTS, verdict, "verdict")?);
        Ok(())
    }

    /// The finding as OCSF Detection Finding (2004), version 1.8.0.
    #[must_use]
    pub fn to_ocsf(&self) -> Value {
        let status = STATUSES.iter().find(|(name, ..)| *name == self.status).unwrap_or(&STATUSES[0]);
        let verdict = self.verdict.as_ref().and_then(|verdict| VERDICTS.iter().find(|(name, ..)| name == verdict));
        let observables = self.observables.iter().chain(&self.entities).flat_map(|(column, values)| {
            values.iter().map(move |value| json!({"name": column, "type_id": 99, "type": column, "value": value}))
        });
        let attacks = self.techniques.iter().map(|technique| json!({"technique": {"uid": technique}}));
        let (first, last) = (self.first_seen_ms, self.last_seen_ms);
        let activity_id = if self.runs_count > 1 { 2 } else { 1 };
        let mut event = json!({
            "activity_id": activity_id, "category_uid": 2, "class_uid": 2004, "type_uid": 200_400 + activity_id,
            "severity_id": self.severity_id, "severity": capitalised(&self.severity), "status_id": status.1, "status": status.2,
            "time": self.created_ms,
            "metadata": {"version": coldtrail_model::OCSF_VERSION, "uid": self.key, "correlation_uid": self.run_id,
                         "product": {"name": "Coldtrail", "vendor_name": "Coldtrail"}},
            "finding_info": {"uid": self.key, "title": self.title, "first_seen_time": first, "last_seen_time": last,
                             "created_time": self.created_ms, "analytic": {"name": format!("{}/{}", self.hunt, self.query), "type_id": 1, "type": "Rule"},
                             "attacks": attacks.collect::<Vec<_>>()},
            "observables": observables.collect::<Vec<_>>(),
            "count": self.rows,
        });
        if let (Some((_, id, name)), Some(event)) = (verdict, event.as_object_mut()) {
            event.insert("verdict_id".to_owned(), json!(id));
            event.insert("verdict".to_owned(), json!(name));
        }
        if let (Some(note), Some(event)) = (&self.note, event.as_object_mut()) {
            event.insert("comment".to_owned(), json!(note));
        }
        event
    }
}

fn known(words: &[(&str, i32, &str)], word: &str, what: &str) -> Result<String, String> {
    let names: Vec<&str> = words.iter().map(|(name, ..)| *name).collect();
    match names.contains(&word) {
        true => Ok(word.to_owned()),
        false => Err(format!("{word} is not a {what} of a finding; known are {}", names.join(", "))),
    }
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// Makes findings of rows, batch by batch.
#[derive(Debug)]
pub struct FindingMaker<'a> {
    rule: &'a FindingRule,
    context: &'a FindingContext,
    /// All rows are one finding together.
    is_count: bool,
    found: BTreeMap<String, Finding>,
    /// Rows that would have made more findings than there may be.
    rows_left_out: u64,
}

/// The columns of a batch that the rule names, as text; all of them if it names none.
struct Texts<'a>(Vec<(&'a str, ArrayFormatter<'a>, &'a dyn Array)>);

impl<'a> Texts<'a> {
    fn of(batch: &'a RecordBatch, rule: &FindingRule, options: &'a FormatOptions<'a>) -> Result<Self, ArrowError> {
        let wanted = rule.columns();
        let schema = batch.schema_ref().fields().iter().zip(batch.columns());
        let named = schema.filter(|(field, _)| wanted.is_empty() || wanted.contains(&field.name().as_str()));
        let texts =
            named.map(|(field, array)| Ok((field.name().as_str(), ArrayFormatter::try_new(array.as_ref(), options)?, array.as_ref())));
        texts.collect::<Result<_, ArrowError>>().map(Self)
    }

    /// A value of a row; none if it is null, or there is no such column.
    fn value(&self, name: &str, row: usize) -> Option<String> {
        let (_, text, array) = self.0.iter().find(|(known, ..)| *known == name)?;
        array.is_valid(row).then(|| text.value(row).to_string())
    }

    fn names(&self) -> impl Iterator<Item = &'a str> {
        self.0.iter().map(|(name, ..)| *name)
    }
}

impl<'a> FindingMaker<'a> {
    /// Begins without rows. With `is_count`, all rows together are one finding.
    #[must_use]
    pub fn new(rule: &'a FindingRule, context: &'a FindingContext, is_count: bool) -> Self {
        Self { rule, context, is_count, found: BTreeMap::new(), rows_left_out: 0 }
    }

    /// Takes rows. A column that the rule names and the rows do not have counts as empty.
    pub fn add(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        let options = FormatOptions::default().with_timestamp_tz_format(Some("%Y-%m-%dT%H:%M:%S%.3fZ"));
        let texts = Texts::of(batch, self.rule, &options)?;
        let (first, last) = (times(batch, &["first_seen", "time"])?, times(batch, &["last_seen", "time"])?);
        for row in 0..batch.num_rows() {
            let at = |times: &Option<Vec<Option<i64>>>| times.as_ref().and_then(|times| times[row]);
            self.add_row(&texts, row, at(&first), at(&last));
        }
        Ok(())
    }

    fn add_row(&mut self, texts: &Texts<'_>, row: usize, first: Option<i64>, last: Option<i64>) {
        let key = self.key_of(texts, row);
        if !self.found.contains_key(&key) && self.found.len() >= FINDINGS_OF_A_RUN_MAX {
            self.rows_left_out += 1;
            return;
        }
        let (rule, context) = (self.rule, self.context);
        let finding =
            self.found.entry(key.clone()).or_insert_with(|| context.finding(key, &rule.title.of_row(|name| texts.value(name, row))));
        finding.rows += 1;
        finding.first_seen_ms = finding.first_seen_ms.into_iter().chain(first).min();
        finding.last_seen_ms = finding.last_seen_ms.into_iter().chain(last).max();
        for (names, kept) in [(&rule.entities, &mut finding.entities), (&rule.observables, &mut finding.observables)] {
            for name in names {
                let values = kept.entry(name.clone()).or_default();
                if values.len() < VALUES_MAX {
                    values.extend(texts.value(name, row).map(|value| shortened(&value)));
                }
            }
        }
    }

    /// What tells this row's finding from others: the columns to tell it by, those that the rule names, or all of the row.
    fn key_of(&self, texts: &Texts<'_>, row: usize) -> String {
        let mut parts = vec![self.context.hunt.clone(), self.context.query.clone()];
        let told_by: Vec<&str> = match self.rule.dedupe.is_empty() {
            _ if self.is_count => Vec::new(),
            false => self.rule.dedupe.iter().map(String::as_str).collect(),
            true => texts.names().collect(),
        };
        for name in told_by {
            parts.extend([name.to_owned(), texts.value(name, row).unwrap_or_default()]);
        }
        key_of(parts.iter().map(String::as_str))
    }

    /// The findings whose rows are enough, in order of key. If there would have been more than there may be, one of them says so.
    #[must_use]
    pub fn finish(self) -> Vec<Finding> {
        let threshold = self.rule.threshold;
        let mut findings: Vec<Finding> = self.found.into_values().filter(|finding| finding.rows >= threshold).collect();
        if self.rows_left_out > 0 {
            let what = format!(
                "{} more rows would make more than the {FINDINGS_OF_A_RUN_MAX} findings of a run; look at its results",
                self.rows_left_out
            );
            findings.push(self.context.shortcoming(&what));
        }
        findings
    }
}

/// One name for these texts, whatever letters they have.
fn key_of<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hex::encode(&hash.finalize()[..16])
}

fn shortened(text: &str) -> String {
    match text.len() <= TEXT_BYTES_MAX {
        true => text.to_owned(),
        false => format!("{}…", &text[..text.floor_char_boundary(TEXT_BYTES_MAX)]),
    }
}

/// The instants of the first of these columns that there is.
fn times(batch: &RecordBatch, names: &[&str]) -> Result<Option<Vec<Option<i64>>>, ArrowError> {
    let Some(column) = names.iter().find_map(|name| batch.column_by_name(name)) else { return Ok(None) };
    if !matches!(column.data_type(), DataType::Timestamp(..)) {
        return Ok(None);
    }
    let instants = cast(column, &DataType::Timestamp(TimeUnit::Millisecond, None))?;
    Ok(Some(instants.as_primitive::<TimestampMillisecondType>().iter().collect()))
}

#[cfg(test)]
mod tests;
