use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int32Array, Int64Array, ListBuilder, StringArray, StringBuilder, TimestampMillisecondArray,
};
use arrow::datatypes::{Field, Schema};
use arrow::record_batch::RecordBatch;
use coldtrail_ingest::{ReadOutcome, SourceChoice, read_plain};
use coldtrail_model::{Class, Col, Event, Kind, Value, arrow_type};
use coldtrail_normalize::{Options, Source};
use coldtrail_sigma::{Collection, Mappings, RuleSet};
use serde_json::json;

use super::read_rules;
use crate::arguments::SigmaTest;
use crate::exit;
use crate::pieces::pieces;

/// Prints the records of files that each rule matches.
#[allow(clippy::print_stderr)]
pub(super) async fn run(arguments: &SigmaTest) -> anyhow::Result<u8> {
    let choice: SourceChoice = arguments.source.parse()?;
    let (set, refused) = compile(arguments)?;
    let files = arguments.files.clone();
    let tested = tokio::task::spawn_blocking(move || {
        let mut tester = Tester { set, out: BufWriter::new(io::stdout().lock()), matches: 0, rejects: 0, by_columns: 0 };
        for file in &files {
            tester.test(file, choice)?;
        }
        tester.out.flush()?;
        anyhow::Ok((tester.matches, tester.rejects, tester.by_columns))
    });
    let (matches, rejects, by_columns) = tested.await.context("testing ended unexpectedly")??;
    eprintln!("coldtrail: {matches} matches, {rejects} records could not be read, {refused} rules could not be run");
    if by_columns > 0 {
        eprintln!("coldtrail: {by_columns} records do not name their fields: rules saw of them only what has a column");
    }
    Ok(if refused + rejects > 0 { exit::INCOMPLETE } else { exit::DONE })
}

#[allow(clippy::print_stderr)]
fn compile(arguments: &SigmaTest) -> anyhow::Result<(RuleSet, u64)> {
    let all = Collection::new(&read_rules(&arguments.rules, &arguments.beside)?, Mappings::builtin());
    for refused in &all.refused {
        eprintln!("coldtrail: {refused}");
    }
    Ok((all.set, all.refused.len() as u64))
}

struct Tester<W: Write> {
    set: RuleSet,
    out: BufWriter<W>,
    matches: u64,
    rejects: u64,
    /// Records that are neither JSON nor XML.
    by_columns: u64,
}

impl<W: Write> Tester<W> {
    fn test(&mut self, path: &Path, choice: SourceChoice) -> anyhow::Result<()> {
        let name = path.display().to_string();
        let input = File::open(path).with_context(|| format!("cannot read {name}"))?;
        let mut next = pieces(input);
        let mut result = Ok(());
        read_plain(&name, choice, Options::default(), &mut next, &mut |outcome| {
            result = match outcome {
                ReadOutcome::Batch(source, batch) => {
                    self.rejects += batch.rejects.len() as u64;
                    self.evaluate(&name, source, batch.events)
                }
                ReadOutcome::Done { .. } => Ok(()),
                ReadOutcome::Failed { reason } => Err(anyhow::anyhow!(reason)),
            };
            result.is_ok()
        });
        result
    }

    fn evaluate<P>(&mut self, name: &str, source: Source, events: Vec<(P, Event)>) -> anyhow::Result<()> {
        let mut by_class: BTreeMap<Class, Vec<Event>> = BTreeMap::new();
        for (_, event) in events {
            by_class.entry(event.class()).or_default().push(event);
        }
        for (class, events) in by_class {
            let columns = self.set.columns_needed(class);
            if columns.is_empty() {
                continue;
            }
            let batch = batch_of(&columns, source, &events)?;
            let matches = self.set.evaluate(class, &batch)?;
            self.by_columns += matches.rows_by_columns;
            for found in matches.iter() {
                let about = &self.set.rules()[found.rule].about;
                let raw = events[found.row].get_text(Col::RawData).unwrap_or_default();
                let record = serde_json::from_str(raw).unwrap_or_else(|_| json!(raw));
                let line =
                    json!({"rule_id": about.id, "rule_title": about.title, "rule_level": about.level, "file": name, "record": record});
                writeln!(self.out, "{line}")?;
                self.matches += 1;
            }
        }
        Ok(())
    }
}

/// Columns of events, as a table of the lake has them.
fn batch_of(columns: &[&str], source: Source, events: &[Event]) -> anyhow::Result<RecordBatch> {
    let mut fields = Vec::new();
    let mut arrays: Vec<ArrayRef> = Vec::new();
    for name in columns {
        let Some(col) = Col::ALL.iter().copied().find(|col| col.column().name == *name) else { bail!("there is no column {name}") };
        let kind = col.column().kind;
        fields.push(Field::new(*name, arrow_type(kind), true));
        arrays.push(match col {
            Col::Source => Arc::new(StringArray::from(vec![source.name(); events.len()])),
            _ => array_of(kind, events.iter().map(|event| event.get(col))),
        });
    }
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?)
}

fn array_of<'a>(kind: Kind, values: impl Iterator<Item = Option<&'a Value>>) -> ArrayRef {
    let long = |value: Option<&Value>| match value {
        Some(Value::Long(number)) => Some(*number),
        _ => None,
    };
    match kind {
        Kind::Text | Kind::Json => Arc::new(values.map(|value| text(value)).collect::<StringArray>()),
        Kind::Integer => Arc::new(values.map(|value| long(value).and_then(|number| i32::try_from(number).ok())).collect::<Int32Array>()),
        Kind::Long => Arc::new(values.map(long).collect::<Int64Array>()),
        Kind::Time => Arc::new(values.map(long).collect::<TimestampMillisecondArray>().with_data_type(arrow_type(Kind::Time))),
        Kind::Double => Arc::new(
            values.map(|value| if let Some(Value::Double(number)) = value { Some(*number) } else { None }).collect::<Float64Array>(),
        ),
        Kind::Boolean => {
            Arc::new(values.map(|value| if let Some(Value::Boolean(flag)) = value { Some(*flag) } else { None }).collect::<BooleanArray>())
        }
        Kind::TextList => lists(values),
    }
}

fn text(value: Option<&Value>) -> Option<&str> {
    match value {
        Some(Value::Text(text)) => Some(text),
        _ => None,
    }
}

fn lists<'a>(values: impl Iterator<Item = Option<&'a Value>>) -> ArrayRef {
    let mut lists = ListBuilder::new(StringBuilder::new());
    for value in values {
        match value {
            Some(Value::TextList(texts)) => {
                texts.iter().for_each(|text| lists.values().append_value(text));
                lists.append(true);
            }
            _ => lists.append(false),
        }
    }
    Arc::new(lists.finish())
}
