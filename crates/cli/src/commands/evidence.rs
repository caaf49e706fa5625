use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use coldtrail_evidence::{
    Bundle, Contents, Evidence, Facts, PublicKey, ResultFile, ResultWriter, SigningKey, Written, compare, verify, write,
};
use coldtrail_flight::client::{Client, ClientError};
use coldtrail_hunt::{AS_OF_MS, REPEATS};
use coldtrail_model::RunId;
use coldtrail_proto::hunt::v1;
use futures::TryStreamExt;
use tempfile::TempDir;

use crate::arguments::{EvidenceCommand, EvidenceExport, EvidenceReplay};
use crate::commands::run as runs;
use crate::commands::sql::sign_in;
use crate::exit;

/// What a run leaves for an auditor.
pub(crate) async fn run(command: &EvidenceCommand) -> anyhow::Result<u8> {
    match command {
        EvidenceCommand::Key { private, public } => make_key(private, public),
        EvidenceCommand::Export(export) => self::export(export).await,
        EvidenceCommand::Verify { bundle, keys } => check(bundle, keys),
        EvidenceCommand::Replay(replay) => self::replay(replay).await,
    }
}

#[allow(clippy::print_stdout)]
fn make_key(private: &Path, public: &Path) -> anyhow::Result<u8> {
    let key = SigningKey::generate()?;
    write_new(private, key.to_pem().as_bytes(), true)?;
    write_new(public, key.public_key().to_pem().as_bytes(), false)?;
    println!("fingerprint {}", key.public_key().fingerprint());
    Ok(exit::DONE)
}

/// Writes a file that is not there yet.
fn write_new(path: &Path, bytes: &[u8], is_secret: bool) -> anyhow::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if is_secret {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    let written = options.open(path).and_then(|mut file| file.write_all(bytes));
    written.with_context(|| format!("cannot write {}", path.display()))
}

fn private_key(path: &Path) -> anyhow::Result<SigningKey> {
    let pem = std::fs::read_to_string(path).with_context(|| format!("cannot read the private key {}", path.display()))?;
    SigningKey::from_pem(&pem).with_context(|| format!("{} is no private key to sign with", path.display()))
}

fn public_keys(paths: &[PathBuf]) -> anyhow::Result<Vec<PublicKey>> {
    let key = |path: &PathBuf| {
        let pem = std::fs::read_to_string(path).with_context(|| format!("cannot read the public key {}", path.display()))?;
        PublicKey::from_pem(&pem).with_context(|| format!("{} is no public key to verify with", path.display()))
    };
    paths.iter().map(key).collect()
}

async fn export(export: &EvidenceExport) -> anyhow::Result<u8> {
    let key = private_key(&export.key)?;
    if export.out.exists() {
        bail!("{} is there already; choose another name", export.out.display());
    }
    let mut client = sign_in(&export.server).await?;
    let left = Left::of(&mut client, export.run).await?;
    let written = write(&export.out, &left.contents, &key)?;
    say(&export.out, &written);
    Ok(exit::DONE)
}

#[allow(clippy::print_stdout)]
fn say(folder: &Path, written: &Written) {
    let Evidence { evidence_digest, conclusion, rows, .. } = &written.evidence;
    println!("bundle      {}", folder.display());
    println!("id          {}", written.bundle_id);
    println!("digest      {evidence_digest}");
    println!("rows        {}", rows.rows);
    println!("answer      {}", conclusion.answer.name());
    for reservation in &conclusion.reservations {
        println!("reservation {reservation}");
    }
}

#[allow(clippy::print_stdout, clippy::print_stderr)]
fn check(bundle: &Path, keys: &[PathBuf]) -> anyhow::Result<u8> {
    let found = verify(bundle, &public_keys(keys)?)?;
    println!("{}", found.signer);
    if let Some(id) = found.bundle_id {
        println!("id {id}, {} files, {} bytes", found.files, found.bytes);
    }
    for problem in &found.problems {
        eprintln!("coldtrail: {problem}");
    }
    match found.is_sound() {
        true => {
            println!("nothing was changed since it was signed");
            Ok(exit::DONE)
        }
        false => bail!("{} cannot be relied on", bundle.display()),
    }
}

#[allow(clippy::print_stdout)]
async fn replay(replay: &EvidenceReplay) -> anyhow::Result<u8> {
    check(&replay.bundle, &replay.trusted)?;
    let key = replay.key.as_deref().map(private_key).transpose()?;
    let first = coldtrail_evidence::read(&replay.bundle)?;
    let mut client = sign_in(&replay.server).await?;
    let id = runs::start(&client, repetition_of(&first)).await?;
    runs::follow(&client, id).await?;
    let mut left = Left::of(&mut client, id).await?;
    left.contents.facts.previous = Some(first.id);
    let second = match (&replay.out, &key) {
        (Some(out), Some(key)) => {
            let written = write(out, &left.contents, key)?;
            say(out, &written);
            written.evidence
        }
        _ => Evidence::of(&left.contents)?,
    };
    let differences = compare(&first.evidence, &second)?;
    for difference in &differences.circumstances {
        println!("differs     {difference}");
    }
    if differences.is_same_evidence() {
        println!("the same evidence: digest {}", second.evidence_digest);
        return Ok(exit::DONE);
    }
    for difference in &differences.evidence {
        println!("NOT THE SAME {difference}");
    }
    bail!("the repetition does not give the same evidence");
}

/// The same statement over the same snapshot, with the same moment for now and the same labels.
fn repetition_of(bundle: &Bundle) -> v1::StartRunRequest {
    let Facts { run, sql, snapshot, .. } = &bundle.evidence.facts;
    let labels = run.definition.iter().filter_map(|(name, value)| Some((name.strip_prefix("label.")?.to_owned(), value.clone())));
    let mut labels: BTreeMap<String, String> = labels.collect();
    labels.entry(AS_OF_MS.to_owned()).or_insert_with(|| run.submitted_ms.to_string());
    labels.insert(REPEATS.to_owned(), bundle.id.to_string());
    v1::StartRunRequest {
        sql: sql.clone(),
        title: run.title.as_ref().map(|title| format!("{title} (again)")),
        snapshot_id: Some(snapshot.id),
        labels: labels.into_iter().collect(),
        ..v1::StartRunRequest::default()
    }
}

/// What a run left, fetched from a server; its rows lie in a folder that goes with it.
pub(crate) struct Left {
    pub(crate) contents: Contents,
    _folder: TempDir,
}

impl Left {
    pub(crate) async fn of(client: &mut Client, run: RunId) -> anyhow::Result<Self> {
        let facts = facts(client, run).await?;
        let folder = tempfile::tempdir().context("cannot make a folder for the rows")?;
        // A run without a result has no rows to fetch.
        let results = match facts.slices.is_empty() {
            true => Vec::new(),
            false => rows(client, run, folder.path()).await?,
        };
        Ok(Self { contents: Contents { facts, results }, _folder: folder })
    }
}

/// What the server knows of a run that has ended.
pub(crate) async fn facts(client: &Client, run: RunId) -> anyhow::Result<Facts> {
    let mut chunks = client.runs().get_facts(v1::RunName { id: run.to_string() }).await.map_err(ClientError::from)?.into_inner();
    let mut text = String::new();
    while let Some(chunk) = chunks.message().await.map_err(ClientError::from)? {
        text.push_str(&chunk.text);
    }
    serde_json::from_str(&text).context("the server's facts of the run cannot be read; is it of another version?")
}

async fn rows(client: &mut Client, run: RunId, folder: &Path) -> anyhow::Result<Vec<ResultFile>> {
    let mut result = client.query(&format!("SELECT * FROM results.\"{run}\"")).await?;
    let mut writer = ResultWriter::new(folder);
    while let Some(batch) = result.batches.try_next().await? {
        writer.push(&batch)?;
    }
    Ok(writer.finish()?)
}
