//! What the crate does, as tests.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

mod examples;
mod imports;
mod parameters;
mod problems;
mod reading;
mod rendering;
mod schema;

use std::collections::BTreeMap;

use coldtrail_huntfile::{Action, Bindings, Hunt, Problems, Range};

/// A hunt with one query, and what else is given at the end.
fn hunt_with(sql: &str, more: &str) -> String {
    let sql: Vec<String> = sql.lines().map(|line| format!("      {line}")).collect();
    format!(
        "version: 1\nid: test\ntitle: A test\nhypothesis: Nobody does this.\nattack:\n  techniques: [T1110]\ndata:\n  sources: [zeek]\n  \
         tables: [dns_activity]\nqueries:\n  - id: one\n    sql: |\n{}\n{more}",
        sql.join("\n")
    )
}

fn problems_of(text: &str) -> String {
    Hunt::parse("hunt.yaml", text).map_or_else(|problems| format!("{problems}\n"), |hunt| format!("{} is fine\n", hunt.id))
}

fn bindings(values: &[(&str, &[&str])]) -> Bindings {
    let values = values.iter().map(|(name, texts)| ((*name).to_owned(), texts.iter().map(|text| (*text).to_owned()).collect()));
    // 2026-01-01 to 2026-04-01.
    let range = Range { from_ms: 1_767_225_600_000, until_ms: 1_775_001_600_000 };
    Bindings { values: values.collect::<BTreeMap<_, Vec<_>>>(), range }
}

/// The SQL of a hunt's first query with values for its parameters.
fn sql_of(text: &str, values: &[(&str, &[&str])]) -> Result<String, Problems> {
    let hunt = Hunt::parse("hunt.yaml", text)?;
    let rendered = hunt.render(&bindings(values))?;
    match &rendered.queries[0].action {
        Action::Sql(sql) => Ok(sql.trim_end().to_owned()),
        other => panic!("the query is {other:?}"),
    }
}
