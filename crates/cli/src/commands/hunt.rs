use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use coldtrail_evidence::{Evidence, report_html, report_markdown};
use coldtrail_flight::client::{Client, ClientError};
use coldtrail_huntfile::{Hunt, Indicators, Question, SigmaRule};
use coldtrail_model::RunId;
use coldtrail_proto::hunt::v1;

use crate::arguments::{HuntCommand, HuntConclude, HuntReport, HuntRun, ReportFormat};
use crate::commands::content::{self, Brought};
use crate::commands::evidence::Left;
use crate::commands::run as runs;
use crate::commands::sql::sign_in;
use crate::exit;
use crate::window::WindowArguments;

/// Hunt files.
pub(crate) async fn run(command: &HuntCommand) -> anyhow::Result<u8> {
    match command {
        HuntCommand::New { title, out, from } => new(title, out.as_deref(), from.as_deref()),
        HuntCommand::Check { files } => check(files),
        HuntCommand::Explain(hunt) => explain(hunt).await,
        HuntCommand::Run(hunt) => begin(hunt).await,
        HuntCommand::List { json, server } => content::list(&sign_in(server).await?, "hunt", *json).await,
        HuntCommand::Report(report) => self::report(report).await,
        HuntCommand::Conclude(conclude) => self::conclude(conclude).await,
        HuntCommand::Show { name, server } => show(&sign_in(server).await?, name).await,
    }
}

#[allow(clippy::print_stdout, clippy::print_stderr)]
fn new(title: &str, out: Option<&Path>, from: Option<&Path>) -> anyhow::Result<u8> {
    let text = match from {
        None => Hunt::new_template(title),
        Some(path) => {
            let page = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
            let import = coldtrail_huntfile::import_markdown(&path.display().to_string(), &page)?;
            for missing in &import.missing {
                eprintln!("coldtrail: {missing}");
            }
            import.yaml
        }
    };
    match out {
        None => print!("{text}"),
        Some(path) if path.exists() => bail!("{} is there already; choose another name", path.display()),
        Some(path) => std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?,
    }
    Ok(exit::DONE)
}

#[allow(clippy::print_stdout, clippy::print_stderr)]
fn check(files: &[PathBuf]) -> anyhow::Result<u8> {
    let mut wrong = 0;
    let found = hunt_files(files)?;
    for path in &found {
        match read(path) {
            Ok(hunt) => println!("{}: {} ({} queries)", path.display(), hunt.title, hunt.queries.len()),
            Err(error) => {
                wrong += 1;
                eprintln!("{error:#}");
            }
        }
    }
    if wrong > 0 {
        bail!("{wrong} of {} hunt files cannot be run", found.len());
    }
    Ok(exit::DONE)
}

/// The hunt files among these, folders searched.
fn hunt_files(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for path in paths {
        match path.is_dir() {
            false => found.push(path.clone()),
            true => {
                let entries = std::fs::read_dir(path).with_context(|| format!("cannot list {}", path.display()))?;
                let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
                files.retain(|file| file.extension().is_some_and(|kind| kind == "yaml" || kind == "yml"));
                files.sort();
                found.extend(files);
            }
        }
    }
    if found.is_empty() {
        bail!("there are no hunt files (.yaml, .yml) in what was named");
    }
    Ok(found)
}

fn read(path: &Path) -> anyhow::Result<Hunt> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read the hunt file {}", path.display()))?;
    Ok(Hunt::parse(&path.display().to_string(), &text)?)
}

/// A file is brought first, with the rules and feeds that it names; anything else is the name of a hunt that is there. True if something of
/// those rules and feeds was refused.
async fn hunt_name(client: &Client, named: &str) -> anyhow::Result<(String, bool)> {
    let path = Path::new(named);
    if !path.is_file() {
        return Ok((named.to_owned(), false));
    }
    let (hunt, mut refused) = (read(path)?, false);
    let folder = path.parent().unwrap_or(Path::new("."));
    for query in &hunt.queries {
        let attached =
            |kind: &'static str, bytes: Vec<u8>| Brought { kind, name: hunt.attachment(&query.id), bytes, options: BTreeMap::new() };
        let file = |name: &str| std::fs::read(folder.join(name)).with_context(|| format!("cannot read {name}, which {named} names"));
        let brought = match &query.question {
            Question::Sql(_) | Question::Sweep(Indicators::Feed(_)) => None,
            Question::Sigma(SigmaRule::Text(text)) => Some(attached("rules", text.clone().into_bytes())),
            Question::Sigma(SigmaRule::File(name)) => Some(attached("rules", file(name)?)),
            Question::Sweep(Indicators::File(name)) => Some(attached("indicators", file(name)?)),
        };
        if let Some(brought) = brought {
            refused |= content::say_refused(&content::put(client, brought).await?);
        }
    }
    let brought = Brought { kind: "hunt", name: hunt.id.clone(), bytes: hunt.text().as_bytes().to_vec(), options: BTreeMap::new() };
    let reply = content::put(client, brought).await?;
    Ok((content::content_of(&reply)?.versioned_name.clone(), refused))
}

/// What the server answers, and whether something that the hunt needs was refused.
async fn ask(client: &Client, hunt: &HuntRun, only_check: bool) -> anyhow::Result<(v1::StartHuntReply, bool)> {
    let mut parameters = BTreeMap::new();
    for given in &hunt.parameters {
        let (name, value) = given.split_once('=').with_context(|| format!("{given} is not written NAME=VALUE"))?;
        parameters.insert(name.to_owned(), value.to_owned());
    }
    let window = match (&hunt.since, &hunt.until) {
        (None, None) => None,
        (since, until) => {
            let since = since.clone().unwrap_or_else(|| "90d".to_owned());
            Some(WindowArguments { since, until: until.clone() }.range()?)
        }
    };
    let (name, refused) = hunt_name(client, &hunt.hunt).await?;
    let request = v1::StartHuntRequest {
        hunt: name,
        parameters: parameters.into_iter().collect(),
        start_ms: window.map(|window| window.start_ms),
        end_ms: window.map(|window| window.end_ms),
        only_check,
    };
    Ok((client.runs().start_hunt(request).await.map_err(ClientError::from)?.into_inner(), refused))
}

#[allow(clippy::print_stdout)]
async fn explain(hunt: &HuntRun) -> anyhow::Result<u8> {
    let client = sign_in(&hunt.server).await?;
    let (reply, refused) = ask(&client, hunt, true).await?;
    for missing in &reply.missing {
        println!("missing     {missing}");
    }
    for query in reply.queries {
        println!("query       {}", query.id);
        let request = v1::EstimateRunRequest { sql: query.sql };
        runs::explain(&client.runs().estimate_run(request).await.map_err(ClientError::from)?.into_inner())?;
    }
    Ok(if reply.missing.is_empty() && !refused { exit::DONE } else { exit::INCOMPLETE })
}

/// Runs the queries of a hunt and prints what each gives.
#[allow(clippy::print_stdout, clippy::print_stderr)]
async fn begin(hunt: &HuntRun) -> anyhow::Result<u8> {
    let mut client = sign_in(&hunt.server).await?;
    let (reply, refused) = ask(&client, hunt, false).await?;
    for missing in &reply.missing {
        eprintln!("coldtrail: {missing}");
    }
    let mut code = if reply.missing.is_empty() && !refused { exit::DONE } else { exit::INCOMPLETE };
    for query in &reply.queries {
        let id: RunId = query.run_id.as_deref().context("the server did not say which run it started")?.parse()?;
        match runs::follow(&client, id).await? {
            exit::DONE => {}
            exit::FAILED => code = exit::FAILED,
            other if code == exit::DONE => code = other,
            _ => {}
        }
        println!("-- {} (run {id})", query.id);
        runs::results(&mut client, id, &hunt.output).await?;
    }
    Ok(code)
}

#[allow(clippy::print_stdout)]
async fn show(client: &Client, name: &str) -> anyhow::Result<u8> {
    let request = v1::ContentName { kind: "hunt".to_owned(), name: name.to_owned() };
    let mut chunks = client.runs().get_content(request).await.map_err(ClientError::from)?.into_inner();
    let mut bytes = Vec::new();
    while let Some(chunk) = chunks.message().await.map_err(ClientError::from)? {
        bytes.extend_from_slice(&chunk.bytes);
    }
    print!("{}", String::from_utf8_lossy(&bytes));
    Ok(exit::DONE)
}

#[allow(clippy::print_stdout)]
async fn report(report: &HuntReport) -> anyhow::Result<u8> {
    let mut client = sign_in(&report.server).await?;
    let left = Left::of(&mut client, report.run).await?;
    let evidence = Evidence::of(&left.contents)?;
    let text = match report.format {
        ReportFormat::Html => report_html(&evidence),
        ReportFormat::Markdown => report_markdown(&evidence),
    };
    match &report.out {
        None => print!("{text}"),
        Some(path) => std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?,
    }
    Ok(exit::DONE)
}

#[allow(clippy::print_stdout)]
async fn conclude(conclude: &HuntConclude) -> anyhow::Result<u8> {
    let request = v1::ConcludeHuntRequest {
        run_id: conclude.run.to_string(),
        outcome: conclude.outcome.clone(),
        note: conclude.note.clone(),
        detections: conclude.detections.clone(),
    };
    let client = sign_in(&conclude.server).await?;
    let reply = client.runs().conclude_hunt(request).await.map_err(ClientError::from)?.into_inner();
    println!("{} concluded: {}", reply.hunt, conclude.outcome);
    Ok(exit::DONE)
}
