//! What a watcher takes, and when.

use coldtrail_ingest::{Duplicates, count_duplicates};
use coldtrail_intake::{Error, WatchConfig, Watcher};
use coldtrail_model::SegmentIndex;
use coldtrail_normalize::Source;
use tokio_util::sync::CancellationToken;

use crate::support::{House, NOON, records, step, write_at};

const SECOND: i64 = 1000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_is_taken_once_it_stays_as_it_is() {
    let house = House::new().await;
    let mut watcher = house.watcher(|_| {});
    house.log("old.json", records(0..10), NOON - 3600 * SECOND);
    house.log("growing.json", records(10..15), NOON - SECOND);
    step(&mut watcher, NOON).await;
    let [status] = &watcher.status().entries()[..] else { panic!("one entry") };
    assert_eq!((status.objects_listed, status.objects_done, status.objects_waiting), (2, 1, 1));
    assert_eq!((status.events, status.lag_seconds), (10, Some(1.0)));

    house.log("growing.json", records(10..20), NOON + 9 * SECOND);
    step(&mut watcher, NOON + 10 * SECOND).await;
    assert_eq!(house.visible().await, (10, 0), "it was written to a second ago");
    step(&mut watcher, NOON + 20 * SECOND).await;
    assert_eq!(house.visible().await, (20, 0));
    let [status] = &watcher.status().entries()[..] else { panic!("one entry") };
    assert_eq!((status.objects_done, status.objects_waiting, status.objects_taken, status.lag_seconds), (2, 0, 2, None));
    assert_eq!((status.error.as_deref(), status.last_look_ms), (None, Some(NOON + 20 * SECOND)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_from_the_future_is_taken_once_we_have_seen_it_rest() {
    let house = House::new().await;
    let mut watcher = house.watcher(|_| {});
    house.log("ahead.json", records(0..10), NOON + 3600 * SECOND);
    step(&mut watcher, NOON).await;
    assert_eq!(house.visible().await, (0, 0));
    step(&mut watcher, NOON + 10 * SECOND).await;
    assert_eq!(house.visible().await, (10, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_location_is_listed_when_it_is_due_and_not_before() {
    let house = House::new().await;
    let mut watcher = house.watcher(|config| config.every_seconds = 60);
    step(&mut watcher, NOON).await;
    house.log("a.json", records(0..10), NOON - 3600 * SECOND);
    step(&mut watcher, NOON + 59 * SECOND).await;
    assert_eq!(house.visible().await, (0, 0));
    step(&mut watcher, NOON + 60 * SECOND).await;
    assert_eq!(house.visible().await, (10, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_known_is_neither_read_nor_asked_for_again() {
    let house = House::new().await;
    for number in 0..20 {
        house.log(&format!("{number:02}.json"), records(number * 5..number * 5 + 5), NOON - 3600 * SECOND);
    }
    let mut watcher = house.watcher(|_| {});
    step(&mut watcher, NOON).await;
    assert_eq!(house.visible().await, (100, 0));

    // Another content with the same stamp: whoever reads it again, sees it.
    house.log("00.json", records(900..905).replace("ListUsers", "ListRoles"), NOON - 3600 * SECOND);
    house.log("01.json", records(5..10).replace("eu-west-1", "eu-west-9"), NOON - 3600 * SECOND);
    let mut restarted = house.watcher(|_| {});
    step(&mut restarted, NOON).await;
    let [status] = &restarted.status().entries()[..] else { panic!("one entry") };
    assert_eq!((status.objects_listed, status.objects_taken), (20, 1), "only 00.json has another size");
    house.log("00.json", records(0..5), NOON - 3600 * SECOND);

    // Without a catalog, only the listing is left.
    step(&mut watcher, NOON + 10 * SECOND).await;
    house.catalog.shutdown().await.expect("a clean end");
    step(&mut watcher, NOON + 20 * SECOND).await;
    let [status] = &watcher.status().entries()[..] else { panic!("one entry") };
    assert_eq!((status.error.as_deref(), status.objects_done), (None, 20));
    house.log("new.json", records(0..1), NOON - 3600 * SECOND);
    step(&mut watcher, NOON + 30 * SECOND).await;
    let [status] = &watcher.status().entries()[..] else { panic!("one entry") };
    assert!(status.error.is_some(), "a new object has to be asked for");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_read_is_shown_and_tried_again_later_and_later() {
    let house = House::new().await;
    house.log("good.json", records(0..10), NOON - 3600 * SECOND);
    house.log("odd.json", "{\"kind\":\"intake-test\",\"at\":\"2026-03-01T00:00:00Z\"}\n", NOON - 3600 * SECOND);
    let mut watcher = house.watcher(|_| {});
    step(&mut watcher, NOON).await;
    let [status] = &watcher.status().entries()[..] else { panic!("one entry") };
    assert_eq!((status.objects_done, status.objects_failed, status.failed.len()), (1, 1, 1));
    assert!(status.failed[0].url.ends_with("odd.json") && status.failed[0].reason.contains("--source"), "{:?}", status.failed);
    step(&mut watcher, NOON + 30 * SECOND).await;

    // It failed twice: its next turn is a minute after the second.
    add_mapping();
    step(&mut watcher, NOON + 80 * SECOND).await;
    assert_eq!(house.visible().await, (10, 0));
    step(&mut watcher, NOON + 90 * SECOND).await;
    assert_eq!(house.visible().await, (11, 0));
    let [status] = &watcher.status().entries()[..] else { panic!("one entry") };
    assert_eq!((status.objects_done, status.objects_failed, status.failed.len()), (2, 0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_content_under_another_name_is_noted_and_not_taken() {
    let house = House::new().await;
    house.log("a.json", records(0..10), NOON - 3600 * SECOND);
    house.log("a-again.json", records(0..10), NOON - 3600 * SECOND);
    house.log("empty.json", "", NOON - 3600 * SECOND);
    house.log("empty-again.json", "", NOON - 3600 * SECOND);
    let mut watcher = house.watcher(|_| {});
    step(&mut watcher, NOON).await;
    house.log("a-late.json", records(0..10), NOON - 3600 * SECOND);
    step(&mut watcher, NOON + 10 * SECOND).await;
    assert_eq!(house.visible().await, (10, 0));
    assert_eq!(count_duplicates(&house.objects().await), Duplicates { objects: 2, records: 20 });
    let [status] = &watcher.status().entries()[..] else { panic!("one entry") };
    assert_eq!((status.objects_done, status.objects_taken, status.objects_duplicate), (5, 3, 2));

    let mut restarted = house.watcher(|_| {});
    step(&mut restarted, NOON + 20 * SECOND).await;
    let [status] = &restarted.status().entries()[..] else { panic!("one entry") };
    assert_eq!((status.objects_done, status.objects_taken, status.objects_duplicate), (5, 0, 0), "noted once and for all");

    let mut lenient = house.watcher(|config| config.drop_same_content = false);
    house.log("b.json", records(0..10), NOON - 3600 * SECOND);
    step(&mut lenient, NOON + 30 * SECOND).await;
    assert_eq!(house.visible().await, (20, 0), "if it is asked for");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_twin_of_what_cannot_be_read_is_not_taken_for_a_duplicate() {
    let house = House::new().await;
    house.log("a.bin", [7; 1000], NOON - 3600 * SECOND);
    house.log("b.bin", [7; 1000], NOON - 3600 * SECOND);
    let mut watcher = house.watcher(|_| {});
    step(&mut watcher, NOON).await;
    let [status] = &watcher.status().entries()[..] else { panic!("one entry") };
    assert_eq!((status.objects_failed, status.objects_duplicate, house.objects().await.len()), (2, 0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn small_files_go_into_one_commit() {
    let house = House::new().await;
    for number in 0..50 {
        house.log(&format!("{number:02}.json"), records(number * 2..number * 2 + 2), NOON - 3600 * SECOND);
    }
    let mut watcher = house.watcher(|config| config.batch_objects_max = 25);
    step(&mut watcher, NOON).await;
    assert_eq!(house.visible().await, (100, 0));
    let snapshot = house.catalog.snapshot().await.expect("a snapshot");
    assert_eq!(snapshot.id, 2, "two batches, two commits");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_that_is_not_there_is_said_and_taken_when_it_comes() {
    let house = House::new().await;
    let place = house.folder.path().join("later");
    let configs = [WatchConfig::new(place.to_str().expect("UTF-8"))];
    let mut watcher = Watcher::new(house.taker.clone(), &configs).expect("a watcher");
    step(&mut watcher, NOON).await;
    let error = watcher.status().entries()[0].error.clone().expect("an error");
    assert!(error.contains("does not exist"), "{error}");
    std::fs::create_dir(&place).expect("a folder");
    write_at(&place.join("a.json"), records(0..10).as_bytes(), NOON - 3600 * SECOND);
    step(&mut watcher, NOON + 10 * SECOND).await;
    assert_eq!((house.visible().await, watcher.status().entries()[0].error.clone()), ((10, 0), None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_watcher_takes_what_comes_and_stops_when_told() {
    let house = House::new().await;
    let mut watcher = house.watcher(|config| (config.every_seconds, config.settle_seconds) = (1, 0));
    let (status, stop) = (watcher.status(), CancellationToken::new());
    let stopping = stop.clone();
    let running = tokio::spawn(async move { watcher.run(stopping).await });
    house.log("a.json", records(0..10), NOON);
    while status.entries()[0].events < 10 {
        tokio::task::yield_now().await;
    }
    stop.cancel();
    running.await.expect("it ends");
    assert_eq!(house.visible().await, (10, 0));
}

#[test]
fn a_watch_is_written_like_this_and_what_is_wrong_with_it_is_named() {
    let read = |text: &str| serde_json::from_str::<WatchConfig>(text);
    let least = read(r#"{"location":"s3://trail/AWSLogs"}"#).expect("a location is enough");
    assert_eq!(least, WatchConfig::new("s3://trail/AWSLogs"));
    least.validate().expect("the defaults are right");
    assert!(read(r#"{"location":"/logs","evry_seconds":5}"#).expect_err("a typo").to_string().contains("evry_seconds"));
    let cases = [
        (r#"{"location":" "}"#, "watch.location"),
        (r#"{"location":"/l","source":"cloudtrial"}"#, "there is no source \"cloudtrial\""),
        (r#"{"location":"/l","every_seconds":0}"#, "watch.every_seconds cannot be 0: it must be 1 to 604800"),
        (r#"{"location":"/l","retry_seconds_min":50,"retry_seconds_max":40}"#, "watch.retry_seconds_min cannot be 50: it must be 1 to 40"),
        (r#"{"location":"/l","batch_objects_max":0}"#, "it must be at least 1"),
        (r#"{"location":"/l","queue":"https://sqs.eu-west-1.amazonaws.com/1/q"}"#, "only a location in s3:// has a queue"),
        (r#"{"location":"s3://b/l","queue":"arn:aws:sqs:eu-west-1:1:q"}"#, "give the queue's URL"),
        (r#"{"location":"s3://b/l","queue":"https://key:secret@sqs/1/q"}"#, "watch.queue cannot be sqs/1/q: credentials"),
        (r#"{"location":"s3://b/l","queue_wait_seconds":21}"#, "it must be 1 to 20"),
    ];
    for (text, expected) in cases {
        let error = read(text).expect("well-formed").validate().expect_err(expected);
        assert!(matches!(error, Error::Config { .. }) && error.to_string().contains(expected), "{error}");
    }
}

/// Adds a source for this process; its name is not used elsewhere.
fn add_mapping() {
    let lines = [
        "source: intake_test",
        "documentation: https://example.org/intake",
        "recognised_by:",
        "  - [kind = intake-test]",
        "time: at",
        "event: kind",
        "classes: {\"*\": api_activity other}",
        "fields:",
        "  metadata_product_name: {is: Intake}",
        "  metadata_product_vendor_name: {is: Intake}",
    ];
    Source::add("intake_test.yml", &lines.join("\n")).expect("a mapping");
}
