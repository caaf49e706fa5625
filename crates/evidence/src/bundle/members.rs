//! The files of a bundle that hold the facts which the manifest does not.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::manifest::Manifest;
use crate::facts::HuntRecord;
use crate::{Coverage, Error, Facts, canonical_json};

const HUNT: &str = "hunt.yaml";
const SQL: &str = "query.sql";
const PLAN: &str = "plan.txt";
const SEGMENTS: &str = "segments.jsonl";
const SLICES: &str = "slices.jsonl";
const COVERAGE: &str = "coverage.json";
const VERDICTS: &str = "verdicts.jsonl";
const FINDINGS: &str = "findings.jsonl";

/// The files, by name: those with one line for each thing end every line.
pub(super) fn of_facts(facts: &Facts) -> Result<Vec<(&'static str, Vec<u8>)>, Error> {
    let mut files = vec![
        (SQL, facts.sql.clone().into_bytes()),
        (PLAN, facts.plan.clone().into_bytes()),
        (SEGMENTS, lines(&facts.segments)?),
        (SLICES, lines(&facts.slices)?),
        (COVERAGE, canonical_json(&facts.coverage)?),
        (VERDICTS, lines(&facts.verdicts)?),
        (FINDINGS, lines(&facts.findings)?),
    ];
    if let Some(hunt) = &facts.hunt {
        files.push((HUNT, hunt.text.clone().into_bytes()));
    }
    Ok(files)
}

/// The facts that a manifest and these files say; `file` gives the bytes of a file by its name.
pub(super) fn to_facts(manifest: Manifest, file: impl Fn(&str) -> Result<Vec<u8>, Error>) -> Result<Facts, Error> {
    let text = |name: &'static str| file(name).and_then(|bytes| String::from_utf8(bytes).map_err(|_| unreadable(name, "it is not UTF-8")));
    let hunt = match manifest.hunt {
        Some(head) => {
            let text = text(HUNT)?;
            Some(HuntRecord { id: head.id, title: head.title, hypothesis: head.hypothesis, techniques: head.techniques, text })
        }
        None => None,
    };
    let coverage: Coverage = serde_json::from_slice(&file(COVERAGE)?).map_err(|error| unreadable(COVERAGE, &error.to_string()))?;
    Ok(Facts {
        run: manifest.run,
        hunt,
        parameters: manifest.parameters,
        sql: text(SQL)?,
        plan: text(PLAN)?,
        versions: manifest.versions,
        snapshot: manifest.snapshot,
        segments: from_lines(SEGMENTS, &text(SEGMENTS)?)?,
        skipped: manifest.skipped,
        slices: from_lines(SLICES, &text(SLICES)?)?,
        searched: manifest.searched,
        coverage,
        verdicts: from_lines(VERDICTS, &text(VERDICTS)?)?,
        findings: from_lines(FINDINGS, &text(FINDINGS)?)?,
        rows_are_judged: manifest.rows_are_judged,
        timeline: manifest.timeline,
        made_by: manifest.made_by,
        made_ms: manifest.made_ms,
        previous: manifest.previous,
    })
}

fn unreadable(file: &str, reason: &str) -> Error {
    Error::Unreadable { file: file.to_owned(), reason: reason.to_owned() }
}

fn lines<T: Serialize>(values: &[T]) -> Result<Vec<u8>, Error> {
    let mut out = Vec::new();
    for value in values {
        out.extend_from_slice(&canonical_json(value)?);
        out.push(b'\n');
    }
    Ok(out)
}

fn from_lines<T: DeserializeOwned>(file: &str, text: &str) -> Result<Vec<T>, Error> {
    let lines = text.lines().enumerate();
    lines.map(|(line, text)| serde_json::from_str(text).map_err(|error| unreadable(file, &format!("line {}: {error}", line + 1)))).collect()
}
