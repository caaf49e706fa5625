//! Which events are kept once, and which are not the same.

use coldtrail_maintain::{Duplicates, MaintenanceConfig};
use coldtrail_model::{Col, Event};

use crate::support::*;

/// How many duplicates are found, and how many events are left, when these objects are merged.
async fn merged(which: Duplicates, objects: Vec<Vec<Event>>) -> (u64, u64) {
    let house = House::new(MaintenanceConfig { duplicates: which, ..config() }).await;
    for (number, events) in objects.into_iter().enumerate() {
        house.ingest(&format!("object {number}"), "zeek", events).await;
    }
    let report = house.pass(in_hours(48)).await.compaction;
    assert_eq!((report.jobs, report.failed.len()), (1, 0), "{report:?}");
    house.check_observables().await;
    let mut left = 0;
    for table in coldtrail_model::Table::all().filter(|table| matches!(table, coldtrail_model::Table::Events(_))) {
        left += house.row_count(table).await;
    }
    assert_eq!(left, report.rows);
    (report.duplicates, left)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_object_that_came_twice_counts_once() {
    let both = || vec![calls(0..300, MARCH_1), calls(200..500, MARCH_1)];
    assert_eq!(merged(Duplicates::All, both()).await, (100, 500));
    assert_eq!(merged(Duplicates::VendorId, both()).await, (100, 500));
    assert_eq!(merged(Duplicates::Keep, both()).await, (0, 600));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_without_id_stays_as_often_as_the_object_has_it_that_has_it_most_often() {
    let flows = |times: usize| vec![flow(1, MARCH_1); times];
    assert_eq!(merged(Duplicates::All, vec![flows(2), flows(3), flows(1)]).await, (3, 3));
    assert_eq!(merged(Duplicates::VendorId, vec![flows(2), flows(3)]).await, (0, 5), "they have no id");
    let others = vec![flow(1, MARCH_1), flow(2, MARCH_1), flow(1, MARCH_1 + 1)];
    assert_eq!(merged(Duplicates::All, vec![others, flows(1)]).await, (1, 3), "another record or another moment is another event");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_object_that_grew_and_came_again_adds_what_is_new() {
    let house = House::new(config()).await;
    let records = |count: i64| (0..count).map(|offset| (flow(1, MARCH_1), offset)).collect();
    house.ingest_at("grows.log", "zeek", records(2)).await;
    house.ingest_at("grows.log", "zeek", records(5)).await;
    let report = house.pass(in_hours(48)).await.compaction;
    assert_eq!((report.duplicates, house.row_count(NETWORK).await), (2, 5));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_that_was_not_kept_is_known_by_all_of_its_columns() {
    let bare = |uid: Option<&str>, address: &str| {
        let mut event = Event::new(coldtrail_model::Class::NetworkActivity, 6, MARCH_1);
        event.text(Col::SrcEndpointIp, address);
        event.text_opt(Col::MetadataUid, uid);
        event
    };
    let objects =
        vec![vec![bare(None, "198.51.100.1"), bare(None, "198.51.100.2")], vec![bare(None, "198.51.100.1"), bare(None, "198.51.100.3")]];
    assert_eq!(merged(Duplicates::All, objects).await, (1, 3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_id_for_several_stages_machines_or_moments_is_not_one_event() {
    let base = || call(7, MARCH_1);
    let with = |col, text: &str| {
        let mut event = base();
        event.text(col, text);
        event
    };
    let objects = vec![
        vec![base()],
        vec![with(Col::Message, "ResponseComplete"), with(Col::DeviceHostname, "other"), with(Col::CloudAccountUid, "444455556666")],
        vec![call(7, MARCH_1 + 1)],
    ];
    let house = House::new(config()).await;
    for (number, events) in objects.into_iter().enumerate() {
        house.ingest(&format!("object {number}"), "zeek", events).await;
    }
    let report = house.pass(in_hours(48)).await.compaction;
    assert_eq!((report.jobs, report.duplicates, house.row_count(API).await), (1, 0, 5));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_the_one_stays_that_was_taken_in_first() {
    let house = House::new(config()).await;
    house.ingest("first", "zeek", calls(0..10, MARCH_1)).await;
    house.ingest("second", "zeek", calls(0..10, MARCH_1)).await;
    house.pass(in_hours(48)).await;
    for row in house.rows().await[&API].iter() {
        assert!(row.contains(&("source_object".to_owned(), "first".to_owned())), "{row:?}");
    }
}
