//! A run as a page that a person reads.

mod charts;
mod template;
mod view;
mod words;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use minijinja::Value;
use minijinja::value::Serde;
use sha2::{Digest, Sha256};

use crate::Evidence;
use view::View;

const STYLE: &str = include_str!("report/report.css");

/// The report as one HTML page: no script, nothing from elsewhere, readable in the dark and on paper.
///
/// The page forbids everything but its own style (`Content-Security-Policy`). Every value is escaped, and what cannot be seen
/// (control and direction characters) is shown: values come from logs, and logs from attackers.
pub fn report_html(evidence: &Evidence) -> String {
    let context = minijinja::context! {
        style => Value::from_safe_string(STYLE.to_owned()),
        style_sha256 => Value::from_safe_string(STANDARD.encode(Sha256::digest(STYLE))),
        ..Value::from(Serde(View::of(evidence)))
    };
    template::render("report.html", context)
}

/// The report as Markdown, for a case or a wiki: the same but for the charts.
pub fn report_markdown(evidence: &Evidence) -> String {
    template::render("report.md", Value::from(Serde(View::of(evidence))))
}
