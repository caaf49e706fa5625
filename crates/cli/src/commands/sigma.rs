use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use coldtrail_flight::client::Client;
use coldtrail_hunt::{RunKind, sigma_statement};
use coldtrail_model::RunId;
use coldtrail_proto::hunt::v1;
use coldtrail_sigma::{Collection, Mappings, Rule, RuleFiles, read_placeholders, sources_left_out};
use serde_json::json;

use crate::arguments::{BesideRules, SigmaCommand, SigmaRun};
use crate::commands::content::{self, Brought};
use crate::commands::evidence;
use crate::commands::run as runs;
use crate::commands::sql::sign_in;
use crate::exit;

mod test;

/// Sigma rules.
pub(crate) async fn run(command: &SigmaCommand) -> anyhow::Result<u8> {
    match command {
        SigmaCommand::Check { rules, beside, json } => check_all(rules, beside, *json),
        SigmaCommand::Test(arguments) => test::run(arguments).await,
        SigmaCommand::Run(arguments) => run_rules(arguments).await,
        SigmaCommand::List { json, server } => content::list(&sign_in(server).await?, "rules", *json).await,
    }
}

/// The files of rules among these, folders searched to their depth, in order.
pub(super) fn rule_files(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = Vec::new();
    for path in paths {
        if path.is_dir() { folders.push(path.clone()) } else { found.push(path.clone()) }
    }
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|kind| kind == "yml" || kind == "yaml") {
                found.push(path);
            }
        }
    }
    found.sort();
    if found.is_empty() {
        bail!("there are no rules (.yml, .yaml) in what was named");
    }
    Ok(found)
}

pub(super) fn read(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

/// Rules with what stands beside them.
fn read_rules(paths: &[PathBuf], beside: &BesideRules) -> anyhow::Result<RuleFiles> {
    let mut files = rule_files(paths)?;
    if !beside.filters.is_empty() {
        files.extend(rule_files(&beside.filters)?);
    }
    let mut all = RuleFiles::default();
    for path in files {
        all.files.push((path.display().to_string(), read(&path)?));
    }
    for path in &beside.placeholders {
        let name = path.display().to_string();
        let placeholders = read_placeholders(&name, &read(path)?)?;
        all.add_placeholders(&name, placeholders)?;
    }
    Ok(all)
}

/// Says of each rule whether it can be run.
#[allow(clippy::print_stdout, clippy::print_stderr)]
fn check_all(paths: &[PathBuf], beside: &BesideRules, as_json: bool) -> anyhow::Result<u8> {
    let all = Collection::new(&read_rules(paths, beside)?, Mappings::builtin());
    let left_out = |rule: &Rule| sources_left_out(rule, Mappings::builtin(), all.placeholders());
    let rules = all.set.rules().iter().map(|rule| (&rule.about, not_over(&left_out(rule))));
    let correlations = all.correlations.correlations().iter().map(|correlation| (&correlation.about, String::new()));
    let passed = rules.chain(correlations).map(|(about, note)| ("pass", about.file.clone(), about.title.clone(), note));
    let refused = all.refused.iter().map(|one| (one.verdict, one.file.clone(), one.title.clone(), one.reason.clone()));
    let mut said: Vec<(&str, String, String, String)> = passed.chain(refused).collect();
    said.sort_by(|left, right| left.1.cmp(&right.1));
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for (verdict, file, title, reason) in said {
        *counts.entry(verdict).or_default() += 1;
        match as_json {
            true => println!("{}", json!({"verdict": verdict, "file": file, "title": title, "reason": reason})),
            false => println!("{verdict:11}  {file}  {title}{}{reason}", if reason.is_empty() { "" } else { ": " }),
        }
    }
    let summary: Vec<String> = counts.iter().map(|(verdict, count)| format!("{count} {verdict}")).collect();
    eprintln!("{}", summary.join(", "));
    Ok(if all.refused.is_empty() { exit::DONE } else { exit::INCOMPLETE })
}

/// The sources that a rule cannot be evaluated over, while it is over others.
fn not_over(left_out: &[String]) -> String {
    if left_out.is_empty() { String::new() } else { format!("not over all sources: {}", left_out.join("; ")) }
}

/// Runs rules over months.
#[allow(clippy::print_stderr)]
async fn run_rules(arguments: &SigmaRun) -> anyhow::Result<u8> {
    let window = arguments.window.range()?;
    let mut client = sign_in(&arguments.server).await?;
    let (name, refused) = set_name(&client, arguments).await?;
    let mut labels = RunKind::Sigma.labels(window);
    labels.insert("rules".to_owned(), name.clone());
    let (sql, title) = (sigma_statement(&name, window), Some(format!("sigma {name}")));
    let request = v1::StartRunRequest { sql, title, labels, ..v1::StartRunRequest::default() };
    let id = runs::start(&client, request).await?;
    let code = runs::follow(&client, id).await?;
    if code == exit::FAILED {
        return Ok(code);
    }
    runs::results(&mut client, id, &arguments.output).await?;
    let covered = say_what_it_means(&client, id).await?;
    Ok(if code == exit::DONE && (refused || !covered) { exit::INCOMPLETE } else { code })
}

/// Says what was found, and what no match does not mean. False if there were no events to look at.
#[allow(clippy::print_stderr)]
async fn say_what_it_means(client: &Client, id: RunId) -> anyhow::Result<bool> {
    let facts = evidence::facts(client, id).await?;
    for finding in &facts.findings {
        eprintln!("coldtrail: {}: {} ({} events)", finding.severity.name(), finding.title, finding.events);
    }
    let is_covered = facts.searched_events() > 0;
    if !is_covered {
        eprintln!("coldtrail: NO_COVERAGE: there is no event in the window of the sources that the rules look at");
    }
    eprintln!("coldtrail: {} findings of run {id} in {} events", facts.findings.len(), facts.searched_events());
    Ok(is_covered)
}

/// Files are brought first; anything else is the name of a set that is there. True if some rule cannot be run.
#[allow(clippy::print_stderr)]
async fn set_name(client: &Client, arguments: &SigmaRun) -> anyhow::Result<(String, bool)> {
    let path = Path::new(&arguments.rules);
    if !path.exists() {
        let beside = &arguments.beside;
        if !beside.filters.is_empty() || !beside.placeholders.is_empty() {
            bail!("filters and placeholders are kept with a set when it is brought: name the files of {} instead", arguments.rules);
        }
        let refused = content::refused_of(client, "rules", &arguments.rules).await?;
        if refused > 0 {
            eprintln!("coldtrail: {refused} rules of {} were refused when it was brought, and are not run", arguments.rules);
        }
        return Ok((arguments.rules.clone(), refused > 0));
    }
    let bytes = read_rules(&[path.to_owned()], &arguments.beside)?.to_bytes();
    let name = arguments.name.clone().unwrap_or_else(|| content::name_of(path));
    let brought = Brought { kind: "rules", name, bytes, options: BTreeMap::new() };
    let reply = content::put(client, brought).await?;
    let refused = content::say_refused(&reply);
    Ok((content::content_of(&reply)?.versioned_name.clone(), refused))
}
