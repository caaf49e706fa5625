use std::path::Path;
use std::time::Instant;

use anyhow::{Context, bail};
use arrow::array::AsArray;
use chrono::NaiveDate;
use coldtrail_flight::Users;
use coldtrail_flight::client::Client;
use coldtrail_ingest::SourceChoice;
use futures::TryStreamExt;

use crate::arguments::Demo;
use crate::commands::{generate, ingest};
use crate::config::Config;
use crate::exit;
use crate::node::{Node, asked_to_stop, make_data_folder, open_ingest};
use crate::output::table;
use crate::secrets::{FIRST_USER, set_password};

/// The last day of the demo's story; fixed, so that the demo is the same whenever it runs.
const LAST_DAY: (i32, u32, u32) = (2026, 3, 31);

/// How many rows of a hunt are shown.
const ROWS_SHOWN: usize = 10;

/// The hunts, in the order of the intrusion.
const HUNTS: &[(&str, &str)] = &[
    ("01-phishing-page.sql", include_str!("../../../../examples/hunts/01-phishing-page.sql")),
    ("02-mfa-fatigue.sql", include_str!("../../../../examples/hunts/02-mfa-fatigue.sql")),
    ("03-console-without-mfa.sql", include_str!("../../../../examples/hunts/03-console-without-mfa.sql")),
    ("04-key-for-another-user.sql", include_str!("../../../../examples/hunts/04-key-for-another-user.sql")),
    ("05-new-administrator.sql", include_str!("../../../../examples/hunts/05-new-administrator.sql")),
    ("06-lateral-movement.sql", include_str!("../../../../examples/hunts/06-lateral-movement.sql")),
    ("07-encoded-powershell.sql", include_str!("../../../../examples/hunts/07-encoded-powershell.sql")),
    ("08-programs-from-open-folders.sql", include_str!("../../../../examples/hunts/08-programs-from-open-folders.sql")),
    ("09-logging-switched-off.sql", include_str!("../../../../examples/hunts/09-logging-switched-off.sql")),
    ("10-cluster-takeover.sql", include_str!("../../../../examples/hunts/10-cluster-takeover.sql")),
    ("11-project-handed-over.sql", include_str!("../../../../examples/hunts/11-project-handed-over.sql")),
    ("12-beacons.sql", include_str!("../../../../examples/hunts/12-beacons.sql")),
    ("13-dns-tunnel.sql", include_str!("../../../../examples/hunts/13-dns-tunnel.sql")),
    ("14-bulk-object-reads.sql", include_str!("../../../../examples/hunts/14-bulk-object-reads.sql")),
    ("15-snapshot-shared.sql", include_str!("../../../../examples/hunts/15-snapshot-shared.sql")),
    ("16-bytes-out-at-night.sql", include_str!("../../../../examples/hunts/16-bytes-out-at-night.sql")),
];

/// Everything from nothing: logs, a lake, hunts, a server.
#[allow(clippy::print_stdout)]
pub(crate) async fn run(arguments: &Demo, mut config: Config) -> anyhow::Result<u8> {
    let started = Instant::now();
    config.data_folder = arguments.folder.join("data");
    config.lake = Some(arguments.folder.join("lake").display().to_string());
    make_data_folder(&config)?;
    let logs = write_logs(arguments).await?;
    let (users, password) = set_password(&config.users_file(), Users::default(), FIRST_USER)?;
    let node = Node::start(&config, users, None).await?;
    let hunted = hunt_it_down(&node, &config, &logs, &password).await;
    if let Err(error) = hunted {
        node.run_until(std::future::ready(())).await?;
        return Err(error);
    }
    println!("\nFrom nothing to here in {:.0} s.", started.elapsed().as_secs_f64());
    if arguments.exit {
        node.run_until(std::future::ready(())).await?;
        return Ok(exit::DONE);
    }
    print_how_to_connect(&node, &password);
    node.run_until(asked_to_stop()).await?;
    Ok(exit::DONE)
}

/// Writes the logs, unless an earlier run left the very same ones.
#[allow(clippy::print_stdout)]
async fn write_logs(arguments: &Demo) -> anyhow::Result<String> {
    let (year, month, day) = LAST_DAY;
    let last = NaiveDate::from_ymd_opt(year, month, day).context("the last day is a date")?;
    let start = last - chrono::Duration::days(i64::from(arguments.days) - 1);
    let mut wanted = coldtrail_generate::Config::new(start, arguments.days, arguments.events);
    wanted.seed = arguments.seed;
    let folder = arguments.folder.join("generated");
    match read_manifest(&folder) {
        Some(there) if there == wanted => println!("1. The logs of {} days are there already, in {}.", arguments.days, folder.display()),
        Some(_) => bail!("{} holds other logs; remove the folder or name another with --folder", arguments.folder.display()),
        None => {
            let started = Instant::now();
            let summary = generate::generate(wanted, folder.clone()).await?;
            println!(
                "1. Generated {} records of {} sources over {} days ({:.0} MB raw) in {:.1} s, with one intrusion among them.",
                summary.records,
                summary.config.sources.len(),
                arguments.days,
                summary.bytes_raw as f64 / 1e6,
                started.elapsed().as_secs_f64()
            );
        }
    }
    Ok(folder.display().to_string())
}

fn read_manifest(folder: &Path) -> Option<coldtrail_generate::Config> {
    let text = std::fs::read_to_string(folder.join("manifest.json")).ok()?;
    let manifest: serde_json::Value = serde_json::from_str(&text).ok()?;
    serde_json::from_value(manifest.get("config")?.clone()).ok()
}

#[allow(clippy::print_stdout)]
async fn hunt_it_down(node: &Node, config: &Config, logs: &str, password: &str) -> anyhow::Result<()> {
    let catalog: std::sync::Arc<dyn coldtrail_catalog::CatalogClient> = std::sync::Arc::new(node.catalog.clone());
    let ingest = open_ingest(config, &node.lake, &catalog)?;
    let started = Instant::now();
    let sources = std::fs::read_dir(logs).with_context(|| format!("cannot read {logs}"))?;
    let mut locations: Vec<String> = sources
        .filter_map(|entry| entry.ok().map(|entry| entry.path()).filter(|path| path.is_dir()))
        .map(|path| path.display().to_string())
        .collect();
    locations.sort();
    let report = ingest::ingest_locations(&ingest, &locations, SourceChoice::Auto).await?;
    println!("2. Ingested into {}:", node.lake.url());
    ingest::print(&report, started.elapsed().as_secs_f64(), false)?;
    println!("3. Hunting with SQL over Arrow Flight SQL:");
    let mut client = Client::connect(&format!("http://{}", node.address), FIRST_USER, password).await?;
    for (name, text) in HUNTS {
        hunt(&mut client, name, text).await?;
    }
    Ok(())
}

#[allow(clippy::print_stdout)]
async fn hunt(client: &mut Client, name: &str, text: &str) -> anyhow::Result<()> {
    let title = text.lines().find_map(|line| line.strip_prefix("-- title: ")).unwrap_or(name);
    let started = Instant::now();
    let result = client.query(text).await?;
    let batches: Vec<_> = result.batches.try_collect().await?;
    let seconds = started.elapsed().as_secs_f64();
    let rows: usize = batches.iter().map(arrow::array::RecordBatch::num_rows).sum();
    println!("\n── {title}  ({name})");
    if rows == 0 {
        println!("   nothing found");
    } else {
        let shown = arrow::compute::concat_batches(&batches[0].schema(), &batches)?.slice(0, rows.min(ROWS_SHOWN));
        println!("{}", table(&[shown])?);
    }
    let scan = scan_of(client, text).await?;
    let more = if rows > ROWS_SHOWN { format!(", {ROWS_SHOWN} shown") } else { String::new() };
    println!("   {rows} rows{more}, {seconds:.2} s; {scan}");
    Ok(())
}

/// What a statement reads, as its explanation says it: `segments 12 of 300, 1.2 MB, local tier`.
async fn scan_of(client: &mut Client, statement: &str) -> anyhow::Result<String> {
    let explained: Vec<_> = client.query(&format!("EXPLAIN {statement}")).await?.batches.try_collect().await?;
    let notes = explained.first().map(|batch| batch.column(1).as_string::<i32>().value(0).to_owned()).unwrap_or_default();
    let note = |key: &str| notes.lines().find_map(|line| line.strip_prefix(key)).unwrap_or("?").trim().to_owned();
    let bytes: f64 = note("bytes:").parse().unwrap_or_default();
    let tier = note("tier:");
    let tier = tier.split(':').next().unwrap_or_default();
    Ok(format!("{} segments left after pruning, at most {:.1} MB, {tier} tier", note("segments:"), bytes / 1e6))
}

#[allow(clippy::print_stdout)]
fn print_how_to_connect(node: &Node, password: &str) {
    println!(
        r#"
Serving on grpc://{address} until you press Ctrl-C. User {FIRST_USER}, password (shown once, kept only as a hash):

    {password}

From Python (pip install adbc-driver-flightsql pyarrow):

    import adbc_driver_flightsql.dbapi as flightsql
    from adbc_driver_manager import DatabaseOptions
    connection = flightsql.connect("grpc://{address}", db_kwargs={{
        DatabaseOptions.USERNAME.value: "{FIRST_USER}", DatabaseOptions.PASSWORD.value: "{password}"}})
    cursor = connection.cursor()
    cursor.execute("SELECT source, count(*) AS events FROM events GROUP BY source ORDER BY 2 DESC")
    print(cursor.fetch_arrow_table())

From another terminal:

    COLDTRAIL_PASSWORD={password} coldtrail sql 'SELECT * FROM system.tables'
"#,
        address = node.address,
    );
}
