use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, bail};
use coldtrail_flight::client::{Client, ClientError};
use coldtrail_hunt::{RunKind, sweep_statement};
use coldtrail_model::RunId;
use coldtrail_proto::hunt::v1;
use serde_json::Value;

use crate::arguments::{IntelImport, Sweep};
use crate::commands::sql::sign_in;
use crate::commands::{content, intel, run as runs};
use crate::exit;

/// Looks for every indicator of a feed in every observable of the window.
pub(crate) async fn run(sweep: &Sweep) -> anyhow::Result<u8> {
    let window = sweep.window.range()?;
    let client = sign_in(&sweep.server).await?;
    let name = feed_name(&client, sweep).await?;
    let mut labels = RunKind::Sweep.labels(window);
    labels.insert("indicators".to_owned(), name.clone());
    let request = v1::StartRunRequest {
        sql: sweep_statement(&name, window),
        title: Some(format!("sweep for {name}")),
        labels,
        ..v1::StartRunRequest::default()
    };
    let id = runs::start(&client, request).await?;
    let code = runs::follow(&client, id).await?;
    if code == exit::FAILED {
        return Ok(code);
    }
    let verdicts = verdicts(&client, id).await?;
    show(&verdicts, sweep)?;
    let is_uncovered = verdicts.iter().any(|verdict| verdict["verdict"] == "NO_COVERAGE");
    Ok(if code == exit::DONE && is_uncovered { exit::INCOMPLETE } else { code })
}

/// A file is brought first; anything else is the name of a feed that is there.
async fn feed_name(client: &Client, sweep: &Sweep) -> anyhow::Result<String> {
    let path = Path::new(&sweep.indicators);
    if !path.is_file() {
        return Ok(sweep.indicators.clone());
    }
    let import = IntelImport {
        file: path.to_owned(),
        name: None,
        feed_format: sweep.feed_format.clone(),
        force: sweep.force,
        warning_list: None,
        json: false,
        server: sweep.server.clone(),
    };
    let reply = content::put(client, intel::read_feed(&import)?).await?;
    Ok(content::content_of(&reply)?.versioned_name.clone())
}

/// One verdict an entry of the feed.
pub(crate) async fn verdicts(client: &Client, id: RunId) -> anyhow::Result<Vec<Value>> {
    let request = v1::RunName { id: id.to_string() };
    let mut chunks = client.runs().get_verdicts(request).await.map_err(ClientError::from)?.into_inner();
    let mut verdicts = Vec::new();
    while let Some(chunk) = chunks.message().await.map_err(ClientError::from)? {
        for line in chunk.text.lines() {
            verdicts.push(serde_json::from_str(line).context("a verdict of the server cannot be read")?);
        }
    }
    Ok(verdicts)
}

#[allow(clippy::print_stdout, clippy::print_stderr)]
fn show(verdicts: &[Value], sweep: &Sweep) -> anyhow::Result<()> {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for verdict in verdicts {
        let Some(name) = verdict["verdict"].as_str() else { bail!("a verdict of the server has no name") };
        *counts.entry(name).or_default() += 1;
        if sweep.json {
            println!("{verdict}");
        } else if name != "NOT_SEEN" || sweep.all {
            println!("{}", line_of(verdict));
        }
    }
    let summary: Vec<String> = counts.iter().map(|(name, count)| format!("{count} {name}")).collect();
    eprintln!("{}", summary.join(", "));
    Ok(())
}

fn line_of(verdict: &Value) -> String {
    let text = |key: &str| verdict[key].as_str().unwrap_or_default().to_owned();
    let times = match (verdict["first_seen"].as_str(), verdict["last_seen"].as_str()) {
        (Some(first), Some(last)) => format!("  {first} to {last}"),
        _ => String::new(),
    };
    let count = verdict["count"].as_u64().filter(|count| *count > 0).map_or_else(String::new, |count| format!("  {count} events"));
    let reason = verdict["reason"].as_str().map_or_else(String::new, |reason| format!("  {reason}"));
    format!("{:12}  {}{count}{times}{}{reason}", text("verdict"), text("original"), about(verdict))
}

/// The most frequent user, host and address of the events, as far as there are any.
fn about(verdict: &Value) -> String {
    let first = |kind: &str| {
        let top = &verdict["top_entities"][kind][0];
        Some(format!("{} ({})", top["value"].as_str()?, top["count"].as_u64()?))
    };
    let named: Vec<String> = ["users", "hosts", "addresses"].into_iter().filter_map(first).collect();
    if named.is_empty() { String::new() } else { format!("  most: {}", named.join(", ")) }
}
