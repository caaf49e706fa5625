use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Array, Int64Array, StringArray, TimestampMillisecondArray};
use arrow::datatypes::{DataType, Field};
use arrow::record_batch::RecordBatch;
use coldtrail_hunt::Finding;
use datafusion::error::Result;

use super::tables::{batch, commented, instant};

/// Findings as a table, one row each.
pub(super) fn findings_batch(findings: &[Finding]) -> Result<RecordBatch> {
    let texts = |of: &dyn Fn(&Finding) -> Option<String>| -> ArrayRef { Arc::new(findings.iter().map(of).collect::<StringArray>()) };
    let instants = |of: &dyn Fn(&Finding) -> Option<i64>| -> ArrayRef {
        Arc::new(findings.iter().map(of).collect::<TimestampMillisecondArray>().with_timezone("UTC"))
    };
    let counts = |of: &dyn Fn(&Finding) -> u64| -> ArrayRef {
        Arc::new(findings.iter().map(|finding| i64::try_from(of(finding)).ok()).collect::<Int64Array>())
    };
    let json = |value: serde_json::Result<String>| value.ok();
    let text = |name: &str, nullable: bool, comment: &str| -> Field { commented(name, DataType::Utf8, nullable, comment) };
    let columns: Vec<(Field, ArrayRef)> = vec![
        (text("key", false, "Names it: the same hunt, query and values give the same key"), texts(&|finding| Some(finding.key.clone()))),
        (text("title", false, "What happened"), texts(&|finding| Some(finding.title.clone()))),
        (text("severity", false, "How severe it is"), texts(&|finding| Some(finding.severity.clone()))),
        (
            commented("severity_id", DataType::Int32, false, "OCSF's number of it"),
            Arc::new(findings.iter().map(|finding| Some(finding.severity_id)).collect::<Int32Array>()),
        ),
        (text("status", false, "new, in_progress, suppressed or resolved"), texts(&|finding| Some(finding.status.clone()))),
        (text("verdict", true, "true_positive, false_positive or benign"), texts(&|finding| finding.verdict.clone())),
        (text("note", true, "What a hunter says of it"), texts(&|finding| finding.note.clone())),
        (text("hunt", false, "The hunt, set of rules or feed that found it"), texts(&|finding| Some(finding.hunt.clone()))),
        (text("query", false, "The query, rule or indicator within it"), texts(&|finding| Some(finding.query.clone()))),
        (text("run_id", false, "The run that found it last"), texts(&|finding| Some(finding.run_id.clone()))),
        (commented("runs", DataType::Int64, false, "How many runs found it"), counts(&|finding| finding.runs_count)),
        (commented("rows", DataType::Int64, false, "How many rows the last run had for it"), counts(&|finding| finding.rows)),
        (commented("first_seen_time", instant(), true, "The time of its first row"), instants(&|finding| finding.first_seen_ms)),
        (commented("last_seen_time", instant(), true, "The time of its last row"), instants(&|finding| finding.last_seen_ms)),
        (commented("created_time", instant(), false, "When it was found first"), instants(&|finding| Some(finding.created_ms))),
        (commented("notified_time", instant(), true, "When a case system took it"), instants(&|finding| finding.notified_ms)),
        (text("entities", true, "Who or what it happened to, as JSON"), texts(&|finding| json(serde_json::to_string(&finding.entities)))),
        (
            text("observables", true, "What can be looked for elsewhere, as JSON"),
            texts(&|finding| json(serde_json::to_string(&finding.observables))),
        ),
        (text("techniques", true, "ATT&CK techniques, as JSON"), texts(&|finding| json(serde_json::to_string(&finding.techniques)))),
        (
            text("ocsf", false, "The finding as OCSF Detection Finding (2004), as JSON"),
            texts(&|finding| Some(finding.to_ocsf().to_string())),
        ),
    ];
    batch(columns)
}
