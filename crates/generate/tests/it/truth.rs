use std::collections::{BTreeMap, BTreeSet};

use chrono::DateTime;
use coldtrail_generate::{Config, Generator, GroundTruth, SourceKind, Step, plan};

use crate::support::{Record, monday, records, text, write};

/// Every phase of the intrusion.
const PHASES: std::ops::RangeInclusive<u8> = 1..=10;

fn meets(record: &Record, step: &Step) -> bool {
    step.matches.iter().all(|(field, condition)| record.get(field).is_some_and(|values| values.iter().any(|value| condition.holds(value))))
}

/// Reads every file and counts, for each step and file, the records that meet the step's match.
fn found(folder: &std::path::Path, config: &Config) -> (GroundTruth, BTreeMap<(String, String), u64>) {
    let summary = write(config, folder);
    let mut found = BTreeMap::new();
    for file in &summary.files {
        let records = records(file.source, &file.path, &text(folder, &file.path));
        for step in summary.ground_truth.steps.iter().filter(|step| step.source == file.source) {
            let count = records.iter().filter(|record| meets(record, step)).count() as u64;
            if count > 0 {
                found.insert((step.id.clone(), file.path.clone()), count);
            }
        }
    }
    (summary.ground_truth, found)
}

fn check(days: u32, events: u64) -> GroundTruth {
    let folder = tempfile::tempdir().expect("a folder");
    let (truth, found) = found(folder.path(), &Config::new(monday(), days, events));
    let told: BTreeMap<_, _> =
        truth.steps.iter().flat_map(|step| step.files.iter().map(|file| ((step.id.clone(), file.path.clone()), file.count))).collect();
    assert_eq!(found, told);
    for step in &truth.steps {
        assert_eq!(step.count, step.files.iter().map(|file| file.count).sum::<u64>(), "{}", step.id);
        assert!(step.count > 0, "{}", step.id);
    }
    assert_eq!(truth.steps.iter().map(|step| step.phase).collect::<BTreeSet<_>>(), PHASES.collect());
    assert_eq!(truth.steps.iter().map(|step| step.source).collect::<BTreeSet<_>>(), SourceKind::ALL.iter().copied().collect());
    truth
}

#[test]
fn the_match_of_each_step_picks_exactly_its_records_out_of_three_months() {
    let truth = check(90, 8000);
    let first = DateTime::parse_from_rfc3339(&truth.steps[0].time_first).expect("a time");
    let last = truth.steps.iter().map(|step| DateTime::parse_from_rfc3339(&step.time_last).expect("a time")).max().expect("some");
    assert!((50..=65).contains(&(last - first).num_days()), "{first} to {last}");
}

#[test]
fn the_intrusion_fits_into_two_weeks() {
    check(14, 5000);
}

#[test]
fn the_intrusion_fits_into_one_day() {
    check(1, 2000);
}

#[test]
fn steps_come_in_the_same_order_and_within_the_window_however_long_it_is() {
    let order = |days: u32| {
        let truth = Generator::new(&Config::new(monday(), days, 0)).expect("a good configuration").ground_truth(&[]);
        let window = DateTime::parse_from_rfc3339("2026-03-02T00:00:00Z").expect("a time");
        for step in &truth.steps {
            let (first, last) = (&step.time_first, &step.time_last);
            let first = DateTime::parse_from_rfc3339(first).expect("a time");
            let last = DateTime::parse_from_rfc3339(last).expect("a time");
            assert!(first >= window && last >= first && (last - window).num_days() < i64::from(days), "{} {days}", step.id);
        }
        truth.steps.into_iter().map(|step| step.id).collect::<Vec<_>>()
    };
    let usual = order(90);
    for days in [1, 2, 3, 7, 13, 14, 15, 20, 21, 28, 30, 45, 60, 75, 91, 365] {
        assert_eq!(order(days), usual, "{days} days");
    }
}

#[test]
fn the_data_leaves_at_night_in_every_window_that_has_nights() {
    for days in [14, 15, 29, 30, 61, 89, 90, 120] {
        let truth = Generator::new(&Config::new(monday(), days, 0)).expect("a good configuration").ground_truth(&[]);
        for step in truth.steps.iter().filter(|step| step.phase == 10) {
            let hour: u32 = step.time_first[11..13].parse().expect("an hour");
            assert!((1..5).contains(&hour), "{} at {} of {days} days", step.id, step.time_first);
        }
    }
}

#[test]
fn without_the_intrusion_nothing_of_it_is_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = Config { intrusion: false, ..Config::new(monday(), 3, 5000) };
    let summary = write(&config, folder.path());
    let planted = write(&Config { intrusion: true, ..config.clone() }, tempfile::tempdir().expect("a folder").path());
    let indicators = planted.ground_truth.indicators;
    assert!(summary.ground_truth.steps.is_empty());
    for file in &summary.files {
        let text = text(folder.path(), &file.path);
        for indicator in [&indicators.ips, &indicators.domains, &indicators.keys, &indicators.hashes].into_iter().flatten() {
            let bounded = |at: usize| !text[at + indicator.len()..].starts_with(|next: char| next.is_ascii_alphanumeric());
            assert!(!text.match_indices(indicator.as_str()).any(|(at, _)| bounded(at)), "{indicator} in {}", file.path);
        }
    }
}

#[test]
fn a_plan_counts_the_planted_records_too() {
    let config = Config::new(monday(), 90, 1000);
    let with: u64 = plan(&config).expect("plans").iter().map(|plan| plan.records).sum();
    let without: u64 = plan(&Config { intrusion: false, ..config.clone() }).expect("plans").iter().map(|plan| plan.records).sum();
    let planted: u64 = plan(&config).expect("plans").iter().map(|plan| plan.planted).sum();
    assert_eq!(with, without + planted);
    assert!(planted > 5000, "{planted}");
}
