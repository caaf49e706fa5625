//! The parts of an event's journey, each alone and on one core: raw logs to events, events to segments, a statement to a pruned plan,
//! a plan to an answer. `cargo bench --bench journey`; benches/side_by_side.py measures the whole beside other engines.

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::NaiveDate;
use coldtrail_catalog::{Catalog, CatalogClient};
use coldtrail_generate::{Config, Generator, SourceKind, write_all};
use coldtrail_ingest::{Ingest, IngestConfig, SourceChoice};
use coldtrail_lake::{Lake, SegmentWriter, StoreOptions, WriterConfig};
use coldtrail_normalize::{Batch, Compression, Inflater, Normalizer, Options, Source};
use coldtrail_query::{Planner, PlannerConfig, RuntimeConfig};
use criterion::measurement::WallTime;
use criterion::{BatchSize, BenchmarkGroup, Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use datafusion::physical_plan::collect;
use datafusion::prelude::SessionConfig;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

const ONE_DAY: &str = "SELECT actor.user.name, count(*) FROM api_activity \
    WHERE time >= TIMESTAMP '2026-02-15 00:00:00' AND time < TIMESTAMP '2026-02-16 00:00:00' GROUP BY 1";
const BEACONS: &str = include_str!("../examples/hunts/12-beacons.sql");
const TUNNEL: &str = include_str!("../examples/hunts/13-dns-tunnel.sql");

fn journey(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let mut group = criterion.benchmark_group("journey");
    group.sample_size(10).sampling_mode(SamplingMode::Flat).warm_up_time(Duration::from_secs(1));
    for (name, kind, source) in [
        ("1-normalize-cloudtrail", SourceKind::AwsCloudtrail, Source::AwsCloudtrail),
        ("1-normalize-vpcflow", SourceKind::AwsVpcflow, Source::AwsVpcflow),
        ("1-normalize-windows", SourceKind::WindowsEvent, Source::WindowsEvent),
        ("1-normalize-zeek", SourceKind::Zeek, Source::Zeek),
    ] {
        normalizing(&mut group, name, source, &logs_of(kind));
    }
    writing(&mut group, &runtime);
    let folder = tempfile::tempdir().expect("a folder");
    let planner = runtime.block_on(lake_of_three_months(folder.path()));
    planning(&mut group, &runtime, &planner, "3-plan-one-day-of-90", ONE_DAY);
    hunting(&mut group, &runtime, &planner, "4-hunt-one-day-of-90", ONE_DAY);
    hunting(&mut group, &runtime, &planner, "4-hunt-beacons", BEACONS);
    hunting(&mut group, &runtime, &planner, "4-hunt-dns-tunnel", TUNNEL);
    group.finish();
}

fn normalizing(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, source: Source, files: &[Vec<u8>]) {
    group.throughput(Throughput::Bytes(files.iter().map(|file| file.len() as u64).sum()));
    group.bench_function(name, |bencher| {
        bencher.iter(|| files.iter().map(|file| normalize(source, file).iter().map(Batch::records).sum::<u64>()).sum::<u64>());
    });
}

/// CloudTrail's events to Parquet in memory, with their observables. Normalizing them again for each run is not counted.
fn writing(group: &mut BenchmarkGroup<'_, WallTime>, runtime: &Runtime) {
    let files = logs_of(SourceKind::AwsCloudtrail);
    let normalized = || -> Vec<Batch> { files.iter().flat_map(|file| normalize(Source::AwsCloudtrail, file)).collect() };
    group.throughput(Throughput::Elements(normalized().iter().map(|batch| batch.events.len() as u64).sum()));
    let object: Arc<str> = "s3://logs/AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/01/object.json.gz".into();
    group.bench_function("2-write-cloudtrail", |bencher| {
        bencher.iter_batched(normalized, |batches| runtime.block_on(write(batches, &object)), BatchSize::PerIteration);
    });
}

fn planning(group: &mut BenchmarkGroup<'_, WallTime>, runtime: &Runtime, planner: &Planner, name: &str, sql: &str) {
    group.throughput(Throughput::Elements(1));
    group.bench_function(name, |bencher| {
        bencher.iter(|| runtime.block_on(planner.plan(sql, None, one_core())).map(|planned| planned.scan).expect("a plan"));
    });
}

fn hunting(group: &mut BenchmarkGroup<'_, WallTime>, runtime: &Runtime, planner: &Planner, name: &str, sql: &str) {
    let rows = runtime.block_on(planner.plan(sql, None, one_core())).expect("a plan").scan.rows;
    group.throughput(Throughput::Elements(rows));
    group.bench_function(name, |bencher| {
        bencher.iter(|| {
            runtime.block_on(async {
                let planned = planner.plan(sql, None, one_core()).await.expect("a plan");
                let batches = collect(planned.physical, planned.context.task_ctx()).await.expect("an answer");
                assert!(batches.iter().any(|batch| batch.num_rows() > 0), "the hunt found nothing");
                black_box(batches)
            })
        });
    });
}

fn one_core() -> SessionConfig {
    SessionConfig::new().with_target_partitions(1)
}

/// The files of two days of one source, decompressed.
fn logs_of(kind: SourceKind) -> Vec<Vec<u8>> {
    let mut config = Config::new(first_day(), 2, 30_000);
    config.sources = vec![kind];
    let generator = Generator::new(&config).expect("a good configuration");
    let file_of = |plan| {
        let mut stored = Vec::new();
        generator.write_file(plan, &mut stored).expect("memory takes everything");
        let mut inflater = Inflater::new(Compression::detect(&stored)).expect("a known compression");
        let mut plain = Vec::new();
        inflater.push(&stored, &mut plain).expect("whole files");
        inflater.finish(&mut plain).expect("whole files");
        plain
    };
    generator.plan().iter().map(file_of).collect()
}

fn normalize(source: Source, plain: &[u8]) -> Vec<Batch> {
    let mut normalizer = Normalizer::new(source, Options::default());
    let mut batches: Vec<Batch> = plain.chunks(1 << 20).map(|chunk| normalizer.push(chunk)).collect();
    batches.push(normalizer.finish());
    assert!(batches.iter().all(|batch| batch.rejects.is_empty()), "generated logs have no rejects");
    batches
}

async fn write(batches: Vec<Batch>, object: &Arc<str>) -> usize {
    let lake = Lake::open("memory:///", &StoreOptions::default()).expect("memory");
    let mut writer = SegmentWriter::new(lake, WriterConfig { encodings_max: 1, ..WriterConfig::default() });
    for batch in batches {
        let events = batch.events.into_iter().map(|(place, event)| (event, i64::try_from(place.offset).unwrap_or(i64::MAX)));
        writer.append_batch("aws_cloudtrail", object, events).expect("events of the table");
        writer.roll_full().await.expect("memory takes everything");
    }
    writer.finish().await.expect("memory takes everything").len()
}

/// Ninety days of every source in a lake, with the intrusion in them.
async fn lake_of_three_months(folder: &Path) -> Planner {
    let (logs, lake) = (folder.join("logs"), folder.join("lake"));
    write_all(&Config::new(first_day(), 90, 200_000), &logs, &|_| {}).expect("logs");
    let lake = Lake::open(&lake.display().to_string(), &StoreOptions::default()).expect("a lake");
    let catalog = Catalog::open(coldtrail_catalog::Config::in_folder(folder.join("catalog"))).await.expect("a catalog");
    let client: Arc<dyn CatalogClient> = Arc::new(catalog.clone());
    let ingest =
        Ingest::new(lake.clone(), client, IngestConfig::default(), WriterConfig::default(), StoreOptions::default()).expect("settings");
    let sources: Vec<String> = SourceKind::ALL.iter().map(|source| logs.join(source.name()).display().to_string()).collect();
    let report = ingest.run(&sources, SourceChoice::Auto, &|_| {}, CancellationToken::new()).await.expect("an ingest");
    assert!(report.failed.is_empty() && report.rejects == 0, "{report:?}");
    let runtime = RuntimeConfig::new(folder.join("spill")).build().expect("a runtime");
    Planner::new(PlannerConfig::default(), lake, Arc::new(catalog), runtime)
}

fn first_day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 1, 1).expect("a date")
}

criterion_group!(benches, journey);
criterion_main!(benches);
