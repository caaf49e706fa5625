//! What came in of what should have: `system.coverage` and `coverage('…')`.

use coldtrail_lake::{RejectRow, SegmentWriter, WriterConfig};
use coldtrail_model::SourceObject;

use crate::support::{World, api_call, moment, sign_in};

const HOUR_MS: i64 = 3_600_000;

fn object(url: &str, source: &str, records: u64, ingested_ms: i64, sha256: u8) -> SourceObject {
    SourceObject {
        url: url.to_owned(),
        source: source.to_owned(),
        bytes: records * 100,
        modified_ms: ingested_ms,
        etag: None,
        sha256: [sha256; 32],
        records,
        events: records,
        rejects: 0,
        ingested_ms,
    }
}

/// Ten days of an account with an event on every hour but for some, beside another that is there to the end.
async fn world(silent: impl Fn(i32, i64) -> bool) -> World {
    let world = World::new();
    let hours = || (2..=11).flat_map(|day| (0..24).map(move |hour| (day, hour)));
    world.add("aws_cloudtrail", hours().filter(|(day, hour)| !silent(*day, *hour)).map(|(day, hour)| api_call(day, hour, "111"))).await;
    world.add("aws_cloudtrail", hours().map(|(day, hour)| api_call(day, hour, "222"))).await;
    world.index.add_source(object("file:///logs/aws_cloudtrail.json", "aws_cloudtrail", 480, moment(11, 23) + HOUR_MS, 1));
    world
}

async fn gaps(world: &World, from: &str) -> String {
    world
        .rows(&format!("SELECT account, expected, min(hour) AS first, max(hour) AS last, count(*) AS hours FROM {from} WHERE is_gap GROUP BY 1, 2 ORDER BY 1, 2"))
        .await
}

#[tokio::test]
async fn hours_without_events_of_an_account_that_has_some_every_hour_are_gaps() {
    let world = world(|day, hour| day == 5 && (3..6).contains(&hour)).await;
    assert_eq!(
        gaps(&world, "system.coverage").await,
        "\
+---------+----------+----------------------+----------------------+-------+
| account | expected | first                | last                 | hours |
+---------+----------+----------------------+----------------------+-------+
| 111     | hourly   | 2026-03-05T03:00:00Z | 2026-03-05T05:00:00Z | 3     |
+---------+----------+----------------------+----------------------+-------+"
    );
    assert_eq!(world.value("SELECT count(*) FROM system.coverage WHERE events > 0").await, "477");
    assert_eq!(world.value("SELECT sum(events) FROM coverage('2026-03-05/2026-03-05')").await, "45");
}

#[tokio::test]
async fn who_falls_silent_is_missed_to_the_end() {
    let world = world(|day, hour| day > 9 || (day == 9 && hour > 20)).await;
    let silent = gaps(&world, "system.coverage").await;
    assert!(silent.contains("| 111     | hourly   | 2026-03-09T21:00:00Z | 2026-03-11T23:00:00Z | 51    |"), "{silent}");
    // The end of a window is an end, even if nothing else came until then.
    let beyond = gaps(&world, "coverage('2026-03-02/2026-03-12')").await;
    assert!(beyond.contains("| 111     | hourly   | 2026-03-09T21:00:00Z | 2026-03-12T23:00:00Z | 75    |"), "{beyond}");
    assert!(beyond.contains("| 222     | hourly   | 2026-03-12T00:00:00Z | 2026-03-12T23:00:00Z | 24    |"), "{beyond}");
}

#[tokio::test]
async fn years_between_few_events_cost_nothing_and_a_long_silence_has_an_end() {
    let world = world(|_, _| false).await;
    // One in 2012, one in 2031: nobody of them has a rhythm, and the years are not filled with rows.
    world.add("azure_entra", [sign_in(-5_000, 1), sign_in(1_900, 1)].into_iter()).await;
    assert_eq!(world.value("SELECT count(*) FROM system.coverage WHERE source = 'azure_entra'").await, "2");
    assert_eq!(world.value("SELECT count(*) FROM system.coverage WHERE is_gap AND account = '111'").await, (400 * 24).to_string());
}

#[tokio::test]
async fn nothing_is_expected_at_night_of_who_works_by_day() {
    let world = world(|day, hour| !(8..18).contains(&hour) || (day == 4 && hour == 10)).await;
    let gaps = gaps(&world, "system.coverage").await;
    assert!(gaps.contains("| 111     | hourly   | 2026-03-04T10:00:00Z | 2026-03-04T10:00:00Z | 1     |"), "{gaps}");
    assert_eq!(gaps.lines().count(), 5, "{gaps}");
}

#[tokio::test]
async fn a_day_without_events_of_who_has_some_on_most_days_is_a_gap() {
    // One hour a day, another on each.
    let world = world(|day, hour| hour != i64::from(day * 7 % 24) || day == 5).await;
    let gaps = gaps(&world, "system.coverage").await;
    assert!(gaps.contains("| 111     | daily    | 2026-03-05T00:00:00Z | 2026-03-05T23:00:00Z | 24    |"), "{gaps}");
    assert_eq!(gaps.lines().count(), 5, "{gaps}");
}

#[tokio::test]
async fn what_was_declared_is_missed_though_it_never_came() {
    let expected = |account: Option<&str>, every_hours| coldtrail_query::ExpectedSource {
        source: "okta_system".to_owned(),
        account: account.map(str::to_owned),
        region: None,
        every_hours,
        since: None,
    };
    let world = world(|_, _| false).await.expecting(vec![expected(Some("corp"), 24)]);
    let missed = gaps(&world, "coverage('2026-03-05/2026-03-06')").await;
    assert!(missed.contains("| corp    | declared | 2026-03-05T00:00:00Z | 2026-03-06T23:00:00Z | 48    |"), "{missed}");
    let aws = coldtrail_query::ExpectedSource { source: "aws_cloudtrail".to_owned(), ..expected(None, 1) };
    let world = world.expecting(vec![aws]);
    assert_eq!(world.value("SELECT count(*) FROM coverage('2026-03-05/2026-03-06') WHERE is_gap").await, "0");
    assert_eq!(world.value("SELECT every_hours FROM system.expected").await, "1");
}

#[tokio::test]
async fn lag_lateness_and_clocks_that_run_ahead_are_measured() {
    let world = world(|_, _| false).await;
    // All came at midnight after the tenth day: what happened more than a day before that is late.
    for (what, value) in [
        ("sum(events)", "480"),
        ("sum(late)", "432"),
        ("sum(bytes)", "48000"),
        ("min(lag_seconds)", "3600.0"),
        ("max(lag_seconds_max)", "864000.0"),
        ("max(ahead_seconds_max)", "0.0"),
    ] {
        assert_eq!(world.value(&format!("SELECT {what} FROM system.coverage")).await, value, "{what}");
    }
    world.index.add_source(object("file:///logs/azure_entra.json", "azure_entra", 1, moment(3, 0), 2));
    world.add("azure_entra", std::iter::once(sign_in(3, 2))).await;
    let ahead = "SELECT ahead_seconds_max FROM system.coverage WHERE source = 'azure_entra'";
    assert_eq!(world.value(ahead).await, "7200.0", "the sender's clock, or its time zone, is two hours ahead");
}

#[tokio::test]
async fn rejects_and_objects_that_came_twice_are_counted_by_source() {
    let world = world(|_, _| false).await;
    let mut writer = SegmentWriter::new(world.lake.clone(), WriterConfig::default());
    let reject = RejectRow {
        time_ms: moment(3, 4),
        source: "zeek",
        source_object: "file:///logs/conn.log",
        offset: 0,
        reason: "cut short",
        raw: b"x",
        raw_bytes: 1,
    };
    writer.reject(reject);
    world.index.commit(writer.finish().await.unwrap());
    world.index.add_source(object("file:///copy.json", "aws_cloudtrail", 0, moment(3, 7), 1));
    assert_eq!(
        world.rows("SELECT source, hour, rejects, duplicates, is_gap FROM system.coverage WHERE events = 0 ORDER BY source").await,
        "\
+----------------+----------------------+---------+------------+--------+
| source         | hour                 | rejects | duplicates | is_gap |
+----------------+----------------------+---------+------------+--------+
| aws_cloudtrail | 2026-03-03T07:00:00Z | 0       | 480        | false  |
| zeek           | 2026-03-03T04:00:00Z | 1       | 0          | false  |
+----------------+----------------------+---------+------------+--------+"
    );
}

#[tokio::test]
async fn only_the_segments_of_the_window_are_opened() {
    let world = World::four_days().await;
    assert_eq!(world.opens("SELECT * FROM coverage('2026-03-02/2026-03-02')").await.len(), 4);
    let refusal = world.refusal("SELECT * FROM coverage('yesterday')").await;
    assert!(refusal.contains("yesterday") && refusal.contains("90d"), "{refusal}");
}

#[tokio::test]
async fn an_event_that_came_twice_is_distinct_once() {
    let world = World::four_days().await;
    let all = world.value("SELECT count(*) FROM events").await;
    assert_eq!(world.value("SELECT count(*) FROM distinct_events").await, all, "events without a vendor's id are all shown");
    assert_eq!(world.opens("SELECT user_name FROM distinct_events WHERE event_day = '2026-03-02'").await.len(), 4);
    let twice = World::new();
    for _ in 0..2 {
        let with_id = |hour: i64| {
            let mut event = api_call(2, hour, "111");
            event.text(coldtrail_model::Col::MetadataUid, format!("id-{hour}"));
            event
        };
        twice.add("aws_cloudtrail", (0..5).map(with_id)).await;
    }
    assert_eq!(twice.value("SELECT count(*) FROM events").await, "10");
    assert_eq!(twice.value("SELECT count(*) FROM distinct_events").await, "5");
    assert_eq!(twice.value("SELECT count(*) FROM distinct_events WHERE time < '2026-03-02 02:00:00'").await, "2");
}
