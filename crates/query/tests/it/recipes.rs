//! Runs the statements of `docs/functions.md`, each followed by what it gives over ten days in which somebody made a key.

use coldtrail_model::{Class, Col, Event, Outcome};
use expect_test::expect_file;

use crate::geo::located;
use crate::support::{World, flow, moment};

/// Minutes after 00:00 of a day of March 2026, in milliseconds.
fn at(day: i32, minutes: i64) -> i64 {
    moment(day, 0) + minutes * 60_000
}

fn sign_in(time: i64, user: &str, ip: &str, outcome: Outcome) -> Event {
    let mut event = Event::new(Class::Authentication, 1, time);
    event.outcome(outcome);
    event.text(Col::UserName, user);
    event.text(Col::SrcEndpointIp, ip);
    event
}

fn call(time: i64, user: &str, ip: &str, operation: &str) -> Event {
    let mut event = Event::new(Class::ApiActivity, 1, time);
    event.text(Col::CloudAccountUid, "111");
    event.text(Col::ActorUserName, user);
    event.text(Col::SrcEndpointIp, ip);
    event.text(Col::ApiOperation, operation);
    event
}

/// Alice and Bob sign in every day from Berlin and Paris, and Bob mistypes. On the 5th Alice is also in Tokyo; on the 10th Bob's
/// password is guessed at.
fn sign_ins(day: i32) -> Vec<Event> {
    let mut events = vec![
        sign_in(at(day, 8 * 60), "alice", "192.0.2.10", Outcome::Success),
        sign_in(at(day, 9 * 60), "bob", "192.0.2.130", Outcome::Success),
        sign_in(at(day, 13 * 60), "alice", "192.0.2.10", Outcome::Success),
    ];
    if day == 5 {
        events.push(sign_in(at(day, 8 * 60 + 45), "alice", "203.0.113.7", Outcome::Success));
    }
    let failures = if day == 10 { 30 } else { 3 + i64::from(day % 3) };
    events.extend((0..failures).map(|minute| sign_in(at(day, 10 * 60 + minute), "bob", "192.0.2.130", Outcome::Failure)));
    events
}

/// Alice lists buckets every day. Bob makes a user and a key over a week, Mallory in half an hour of the 6th.
fn calls(day: i32) -> Vec<Event> {
    let mut events = vec![call(at(day, 8 * 60 + 10), "alice", "192.0.2.10", "ListBuckets")];
    let bob = [(2, "CreateUser"), (4, "AttachUserPolicy"), (7, "CreateAccessKey")];
    events.extend(bob.iter().filter(|(on, _)| *on == day).map(|(_, did)| call(at(day, 9 * 60 + 30), "bob", "192.0.2.130", did)));
    if day == 6 {
        let mallory = [(0, "CreateUser"), (10, "ListBuckets"), (20, "AttachUserPolicy"), (25, "CreateAccessKey")];
        events.extend(mallory.map(|(minute, did)| call(at(day, 12 * 60 + minute), "mallory", "198.51.100.9", did)));
    }
    events
}

/// On the 6th one host calls every five minutes, give or take some seconds, and another when somebody works at it.
fn flows() -> Vec<Event> {
    let to = |time_ms: i64, client: &str, server: &str| {
        let mut event = Event::new(Class::NetworkActivity, 6, time_ms);
        event.text(Col::SrcEndpointIp, client);
        event.text(Col::DstEndpointIp, server);
        event
    };
    let beats = (0..100).map(|beat| to(at(6, 12 * 60 + beat * 5) + (beat * 7919 % 41 - 20) * 1000, "10.0.0.9", "198.51.100.77"));
    let work = (0..60).scan(at(6, 8 * 60), |time, part: i64| {
        *time += 2_000 + (part * part * 7919 % 977) * (part * 31 % 11) * 100;
        Some(to(*time, "10.0.0.8", "203.0.113.50"))
    });
    beats.chain(work).chain((1..4).map(|hour| flow(6, hour))).collect()
}

async fn ten_days() -> World {
    let world = World::new();
    for day in 1..=10 {
        world.add("azure_entra", sign_ins(day).into_iter()).await;
        world.add("aws_cloudtrail", calls(day).into_iter()).await;
    }
    world.add("aws_vpcflow", flows().into_iter()).await;
    world
}

const SQL: &str = "```sql\n";
const ROWS: &str = "```text\n";
const END: &str = "```";

/// The same page with what each statement gives, in the block after it.
async fn with_rows(world: &World, page: &str) -> String {
    let mut parts = page.split(SQL);
    let mut made = parts.next().unwrap().to_owned();
    for part in parts {
        let (sql, rest) = part.split_once(END).unwrap();
        let rows = world.rows(sql.trim().trim_end_matches(';')).await;
        let rest = rest.strip_prefix("\n\n").and_then(|rest| rest.strip_prefix(ROWS)).map_or(rest, |old| old.split_once(END).unwrap().1);
        made.push_str(&format!("{SQL}{sql}{END}\n\n{ROWS}{rows}\n{END}{rest}"));
    }
    made
}

#[tokio::test]
async fn the_recipes_give_what_their_page_says() {
    let folder = tempfile::tempdir().unwrap();
    let world = located(ten_days().await, folder.path());
    let page = expect_file!["../../../../docs/functions.md"];
    let written = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/functions.md")).unwrap();
    page.assert_eq(&with_rows(&world, &written).await);
}
