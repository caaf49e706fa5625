use std::io::IsTerminal;

use anyhow::Context;
use coldtrail_flight::client::{Client, ClientError};
use coldtrail_model::{RunId, format_ms};
use coldtrail_proto::hunt::v1;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use crate::arguments::{OutputArguments, RunCommand, RunStart};
use crate::commands::sql::{print, sign_in, statement};
use crate::exit;

/// Hunts that outlive this command.
pub(crate) async fn run(command: &RunCommand) -> anyhow::Result<u8> {
    match command {
        RunCommand::Start(start) => begin(start).await,
        RunCommand::Status { id: None, json, server } => list(&sign_in(server).await?, *json).await,
        RunCommand::Status { id: Some(id), json, server } => show(&sign_in(server).await?, *id, *json).await,
        RunCommand::Follow(named) => follow(&sign_in(&named.server).await?, named.id).await,
        RunCommand::Results { id, server, output } => results(&mut sign_in(server).await?, *id, output).await,
        RunCommand::Cancel(named) => {
            let reply = sign_in(&named.server).await?.runs().cancel_run(name(named.id)).await;
            say(reply.map_err(ClientError::from)?.into_inner())
        }
        RunCommand::Pause(named) => {
            let reply = sign_in(&named.server).await?.runs().pause_run(name(named.id)).await;
            say(reply.map_err(ClientError::from)?.into_inner())
        }
        RunCommand::Resume(named) => {
            let reply = sign_in(&named.server).await?.runs().resume_run(name(named.id)).await;
            say(reply.map_err(ClientError::from)?.into_inner())
        }
        RunCommand::Delete(named) => {
            sign_in(&named.server).await?.runs().delete_run(name(named.id)).await.map_err(ClientError::from)?;
            Ok(exit::DONE)
        }
    }
}

fn name(id: RunId) -> v1::RunName {
    v1::RunName { id: id.to_string() }
}

#[allow(clippy::print_stdout)]
async fn begin(start: &RunStart) -> anyhow::Result<u8> {
    let sql = statement(start.statement.as_ref())?;
    let mut client = sign_in(&start.server).await?;
    if start.explain {
        let estimate = client.runs().estimate_run(v1::EstimateRunRequest { sql }).await.map_err(ClientError::from)?.into_inner();
        return explain(&estimate);
    }
    let request = v1::StartRunRequest {
        sql,
        title: start.title.clone(),
        priority: start.priority,
        time_max_ms: start.seconds_max.map(|seconds| seconds.saturating_mul(1000)),
        bytes_max: start.bytes_max,
        parallelism: start.parallelism,
        ..v1::StartRunRequest::default()
    };
    let id = self::start(&client, request).await?;
    if !start.wait {
        println!("{id}");
        return Ok(exit::DONE);
    }
    let code = follow(&client, id).await?;
    results(&mut client, id, &start.output).await?;
    Ok(code)
}

/// Starts a run, and gives its id.
pub(crate) async fn start(client: &Client, request: v1::StartRunRequest) -> anyhow::Result<RunId> {
    let reply = client.runs().start_run(request).await.map_err(ClientError::from)?.into_inner();
    Ok(run_of(reply)?.0.id.parse()?)
}

#[allow(clippy::print_stdout)]
pub(crate) fn explain(estimate: &v1::EstimateRunReply) -> anyhow::Result<u8> {
    let plan = estimate.plan.as_ref().context("the server's answer has no plan")?;
    println!("segments    {}", plan.segments);
    println!("bytes       {}", plan.bytes);
    println!("rows        {}", plan.rows);
    println!("row groups  {}", estimate.row_groups);
    println!("slices      {}  ({}: {})", plan.slices, plan.merge, plan.reason);
    println!("seconds     about {:.1}", estimate.seconds);
    Ok(exit::DONE)
}

fn run_of(reply: v1::RunReply) -> anyhow::Result<(v1::Run, Vec<v1::Slice>)> {
    Ok((reply.run.context("the server's answer has no run")?, reply.slices))
}

#[allow(clippy::print_stdout)]
fn say(reply: v1::RunReply) -> anyhow::Result<u8> {
    let (run, _) = run_of(reply)?;
    println!("{} {}", run.id, run.state);
    Ok(exit::DONE)
}

#[allow(clippy::print_stdout)]
async fn list(client: &Client, as_json: bool) -> anyhow::Result<u8> {
    let runs = client.runs().list_runs(v1::ListRunsRequest {}).await.map_err(ClientError::from)?.into_inner().runs;
    for run in &runs {
        if as_json {
            println!("{}", run_to_json(run, &[]));
        } else {
            let title = run.title.as_deref().unwrap_or_else(|| run.sql.lines().next().unwrap_or_default());
            println!("{}  {:9}  {}  {}", run.id, run.state, format_ms(run.submitted_ms), title.chars().take(80).collect::<String>());
        }
    }
    Ok(exit::DONE)
}

#[allow(clippy::print_stdout)]
async fn show(client: &Client, id: RunId, as_json: bool) -> anyhow::Result<u8> {
    let reply = client.runs().get_run(name(id)).await.map_err(ClientError::from)?.into_inner();
    let (run, slices) = run_of(reply)?;
    if as_json {
        println!("{}", run_to_json(&run, &slices));
        return Ok(code_of(&run));
    }
    println!("{}  {}  {}", run.id, run.state, run.message.as_deref().unwrap_or_default());
    for slice in &slices {
        let bound = |ms: Option<i64>| ms.map_or_else(|| "…".to_owned(), format_ms);
        let rows = slice.rows.map_or_else(String::new, |rows| format!("{rows} rows"));
        let why = slice.message.as_deref().unwrap_or_default();
        println!("{:5}  {:8}  {} to {}  {rows}{why}", slice.number, slice.state, bound(slice.start_ms), bound(slice.end_ms));
    }
    Ok(code_of(&run))
}

/// What a script learns from the end of a run: one that is partial has not read everything.
fn code_of(run: &v1::Run) -> u8 {
    match run.state.as_str() {
        "partial" => exit::INCOMPLETE,
        "failed" | "cancelled" => exit::FAILED,
        _ => exit::DONE,
    }
}

#[allow(clippy::print_stderr)]
pub(crate) async fn follow(client: &Client, id: RunId) -> anyhow::Result<u8> {
    let mut changes = client.runs().follow_run(name(id)).await.map_err(ClientError::from)?.into_inner();
    let bar = match std::io::stderr().is_terminal() {
        true => ProgressBar::new(0).with_style(ProgressStyle::with_template("{bar:40} {pos}/{len} slices  {msg}")?),
        false => ProgressBar::hidden(),
    };
    let mut last = None;
    while let Some(reply) = changes.message().await.map_err(ClientError::from)? {
        let (run, slices) = run_of(reply)?;
        bar.set_length(run.plan.as_ref().map_or(0, |plan| u64::from(plan.slices)));
        bar.set_position(slices.iter().filter(|slice| slice.state != "planned").count() as u64);
        let rows: u64 = slices.iter().filter_map(|slice| slice.rows).sum();
        bar.set_message(format!("{rows} rows, {}", run.state));
        last = Some(run);
    }
    bar.finish_and_clear();
    let run = last.context("the server did not say how the run is")?;
    eprintln!("{} {} {}", run.id, run.state, run.message.as_deref().unwrap_or_default());
    Ok(code_of(&run))
}

pub(crate) async fn results(client: &mut Client, id: RunId, output: &OutputArguments) -> anyhow::Result<u8> {
    let result = client.query(&format!("SELECT * FROM results.\"{id}\"")).await?;
    print(result, output).await?;
    Ok(exit::DONE)
}

fn run_to_json(run: &v1::Run, slices: &[v1::Slice]) -> Value {
    let plan = run.plan.as_ref().map(|plan| {
        json!({"merge": plan.merge, "reason": plan.reason, "slices": plan.slices, "segments": plan.segments, "bytes": plan.bytes, "rows": plan.rows})
    });
    let slices = slices.iter().map(|slice| {
        json!({"number": slice.number, "state": slice.state, "start_ms": slice.start_ms, "end_ms": slice.end_ms, "rows": slice.rows,
               "attempts": slice.attempts, "message": slice.message, "segment": slice.segment})
    });
    json!({
        "id": run.id, "title": run.title, "state": run.state, "message": run.message, "principal": run.principal, "sql": run.sql,
        "submitted_ms": run.submitted_ms, "started_ms": run.started_ms, "ended_ms": run.ended_ms, "snapshot_id": run.snapshot_id,
        "priority": run.priority, "plan": plan, "slices": slices.collect::<Vec<_>>(),
    })
}
