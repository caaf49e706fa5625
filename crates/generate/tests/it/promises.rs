use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Mutex;

use chrono::Datelike;
use coldtrail_generate::{Config, Error, SourceKind, plan, write_all, write_all_on, write_file};
use sha2::{Digest, Sha256};

use crate::support::{monday, records, text, write};

fn threads(count: usize) -> NonZeroUsize {
    NonZeroUsize::new(count).expect("not 0")
}

#[test]
fn the_same_configuration_gives_the_same_bytes_on_any_number_of_threads() {
    let config = Config::new(monday(), 3, 3000);
    let mut hashes = Vec::new();
    for count in [1, 2, 5] {
        let folder = tempfile::tempdir().expect("a folder");
        let summary = write_all_on(&config, folder.path(), threads(count), &|_| {}).expect("writes");
        let truth = text(folder.path(), "ground_truth.json");
        let manifest = text(folder.path(), "manifest.json");
        hashes.push((summary, truth, manifest));
    }
    assert_eq!(hashes[0], hashes[1]);
    assert_eq!(hashes[0], hashes[2]);
}

#[test]
fn the_text_of_a_seed_is_the_same_on_every_machine_and_in_every_build() {
    let config = Config::new(monday(), 2, 600);
    let folder = tempfile::tempdir().expect("a folder");
    let mut hash = Sha256::new();
    for file in write(&config, folder.path()).files {
        hash.update(file.path.as_bytes());
        hash.update(text(folder.path(), &file.path));
    }
    // Changes only when the logs are meant to change.
    assert_eq!(hex::encode(hash.finalize()), "0067ea919091627d8933d873880de1561b760a5b6eb8c3d31f7fab7614860ca3");
}

#[test]
fn another_seed_gives_other_bytes() {
    let bytes = |seed| {
        let config = Config { seed, ..Config::new(monday(), 1, 500) };
        let plans = plan(&config).expect("plans");
        plans.iter().map(|plan| write_file(&config, plan, &mut Vec::new()).expect("writes").sha256).collect::<Vec<_>>()
    };
    let (one, two) = (bytes(1), bytes(2));
    assert!(one.len() > 10);
    assert!(one.iter().zip(&two).all(|(one, two)| one != two));
}

#[test]
fn a_file_can_be_written_alone_and_is_the_same() {
    let config = Config::new(monday(), 4, 4000);
    let folder = tempfile::tempdir().expect("a folder");
    let summary = write(&config, folder.path());
    let plans = plan(&config).expect("plans");
    assert_eq!(plans.len(), summary.files.len());
    for (plan, written) in plans.iter().zip(&summary.files).step_by(7) {
        let mut bytes = Vec::new();
        assert_eq!(&write_file(&config, plan, &mut bytes).expect("writes"), written);
        assert_eq!(bytes, std::fs::read(folder.path().join(&plan.path)).expect("reads"));
    }
}

#[test]
fn the_files_hold_as_many_records_as_planned_and_the_totals_say_so() {
    let config = Config::new(monday(), 5, 9000);
    let folder = tempfile::tempdir().expect("a folder");
    let summary = write(&config, folder.path());
    let mut counted = BTreeMap::<_, BTreeMap<_, u64>>::new();
    for (plan, file) in plan(&config).expect("plans").iter().zip(&summary.files) {
        let found = records(file.source, &file.path, &text(folder.path(), &file.path)).len() as u64;
        assert_eq!((plan.path.as_str(), plan.records), (file.path.as_str(), found));
        assert_eq!(file.records, found, "{}", file.path);
        *counted.entry(file.source).or_default().entry(file.day).or_default() += found;
    }
    assert_eq!(counted, summary.ground_truth.totals);
    assert_eq!(summary.records, counted.values().flat_map(BTreeMap::values).sum::<u64>());
}

#[test]
fn the_number_of_ordinary_records_is_the_one_asked_for() {
    for (days, events) in [(1, 1000), (7, 50_000), (90, 2_000_000)] {
        let config = Config { intrusion: false, ..Config::new(monday(), days, events) };
        let planned: u64 = plan(&config).expect("plans").iter().map(|plan| plan.records).sum();
        assert!(planned.abs_diff(events) <= events / 100 + 10, "{planned} of {events}");
    }
}

#[test]
fn flow_logs_are_the_largest_share_and_every_source_has_some() {
    let config = Config { intrusion: false, ..Config::new(monday(), 7, 100_000) };
    let mut totals = BTreeMap::<SourceKind, u64>::new();
    for plan in plan(&config).expect("plans") {
        *totals.entry(plan.source).or_default() += plan.records;
    }
    assert_eq!(totals.len(), SourceKind::ALL.len());
    assert!((50_000..60_000).contains(&totals[&SourceKind::AwsVpcflow]), "{totals:?}");
}

#[test]
fn weekdays_are_busier_than_weekends_and_noon_than_night() {
    let sources = vec![SourceKind::AzureEntra];
    let config = Config { intrusion: false, sources, ..Config::new(monday(), 7, 7000) };
    let folder = tempfile::tempdir().expect("a folder");
    let summary = write(&config, folder.path());
    let (mut days, mut hours) = (BTreeMap::<u32, usize>::new(), [0_usize; 24]);
    for file in &summary.files {
        for record in records(file.source, &file.path, &text(folder.path(), &file.path)) {
            *days.entry(file.day.weekday().num_days_from_monday()).or_default() += 1;
            hours[record["time"][0][11..13].parse::<usize>().expect("an hour")] += 1;
        }
    }
    assert!(days[&1] > 3 * days[&6], "{days:?}");
    assert!(hours[9..12].iter().sum::<usize>() > 6 * hours[0..3].iter().sum::<usize>(), "{hours:?}");
}

#[test]
fn progress_grows_to_the_end() {
    let config = Config::new(monday(), 2, 1000);
    let folder = tempfile::tempdir().expect("a folder");
    let seen = Mutex::new(Vec::new());
    let summary = write_all(&config, folder.path(), &|progress| seen.lock().expect("lock").push(progress)).expect("writes");
    let seen = seen.into_inner().expect("lock");
    assert_eq!(seen.len(), summary.files.len());
    assert!(seen.is_sorted_by_key(|progress| (progress.files_done, progress.records_done)));
    let last = seen.last().expect("some");
    assert_eq!((last.files_done, last.records_done, last.bytes_raw_done), (last.files, last.records, summary.bytes_raw));
}

#[test]
fn only_the_sources_asked_for_are_written_and_each_is_the_same_without_the_others() {
    let all = Config::new(monday(), 30, 1000);
    let one = Config { sources: vec![SourceKind::K8sAudit, SourceKind::K8sAudit], ..all.clone() };
    let folder = tempfile::tempdir().expect("a folder");
    let summary = write(&one, folder.path());
    assert!(summary.files.iter().all(|file| file.source == SourceKind::K8sAudit));
    assert!(summary.ground_truth.steps.iter().all(|step| step.source == SourceKind::K8sAudit));
    let of_all = write(&all, tempfile::tempdir().expect("a folder").path());
    let steps: Vec<_> = of_all.ground_truth.steps.into_iter().filter(|step| step.source == SourceKind::K8sAudit).collect();
    assert_eq!(summary.ground_truth.steps, steps);
}

#[test]
fn what_cannot_be_met_is_refused_with_its_name() {
    let good = Config::new(monday(), 1, 10);
    let no_days = plan(&Config { days: 0, ..good.clone() }).expect_err("refused");
    assert_eq!(no_days.to_string(), "days must be at least 1");
    let no_sources = plan(&Config { sources: Vec::new(), ..good.clone() }).expect_err("refused");
    assert_eq!(no_sources.to_string(), "sources must name at least one source");
    let too_long = plan(&Config { days: 40_000, ..good.clone() }).expect_err("refused");
    assert_eq!(too_long.to_string(), "40000 days from 2026-03-02 leave the years 1970 to 2099; choose an earlier start or fewer days");
    let unknown = "okta".parse::<SourceKind>().expect_err("refused");
    assert!(unknown.to_string().starts_with(r#""okta" is not a source that can be generated (one of: aws_cloudtrail, "#));
    let foreign = &plan(&Config::new(monday() - chrono::Days::new(30), 1, 10)).expect("plans")[0];
    assert!(matches!(write_file(&good, foreign, &mut Vec::new()), Err(Error::ForeignPlan { .. })));
}

#[test]
fn a_file_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("zeek"), "a file where a folder should be").expect("writes");
    let error = write_all(&Config::new(monday(), 1, 1000), folder.path(), &|_| {}).expect_err("refused");
    assert!(error.to_string().contains("zeek"), "{error}");
    assert!(!folder.path().join("manifest.json").exists(), "the manifest says that all is there");
}

#[test]
fn the_manifest_gives_the_configuration_back() {
    let config = Config::new(monday(), 1, 300);
    let folder = tempfile::tempdir().expect("a folder");
    let summary = write(&config, folder.path());
    let manifest: coldtrail_generate::Summary = serde_json::from_str(&text(folder.path(), "manifest.json")).expect("parses");
    assert_eq!((manifest.config, manifest.files), (config, summary.files));
    let truth: coldtrail_generate::GroundTruth = serde_json::from_str(&text(folder.path(), "ground_truth.json")).expect("parses");
    assert_eq!(truth, summary.ground_truth);
}
