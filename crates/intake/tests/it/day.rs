//! A day of continuous ingest: 24 hours in steps of twenty minutes, with everything going wrong that can, drawn from a seed (where
//! exactly the process dies also depends on how fast the machine is).
//!
//! Files come late, out of order, torn in two writes, twice under one name and again under another. Pushes are sent again until they
//! are confirmed, and sometimes afterwards. The store refuses writes with 503. The process dies at any point where it waits for
//! something, now and then with its catalog. In the end, all that was delivered is an event, a reject or a duplicate: exactly.

mod flaky;
mod killed;
mod world;

use coldtrail_ingest::count_duplicates;

use crate::support::visible;
use world::{Told, World};

const SEEDS: std::ops::Range<u64> = 0..10;

#[test]
fn all_that_is_delivered_in_a_day_is_an_event_a_reject_or_a_duplicate() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let days = SEEDS.map(|seed| runtime.spawn(live_a_day(seed)));
    let mut happened = [0; 5];
    for day in days.collect::<Vec<_>>() {
        let told = runtime.block_on(day).expect("a day that adds up");
        let of_day = [told.kills, told.refused_writes, told.resent, told.late_files, told.restarts];
        happened.iter_mut().zip(of_day).for_each(|(sum, count)| *sum += count);
    }
    assert!(happened.iter().all(|count| *count >= 10), "too little went wrong: {happened:?}");
}

async fn live_a_day(seed: u64) -> Told {
    let mut world = World::new(seed).await;
    for _ in 0..24 * 3 {
        world.deliver();
        world.live_twenty_minutes().await;
    }
    world.settle().await;
    let delivered = world.delivered();
    let (events, rejects) = visible(&world.lake, world.catalog()).await;
    let duplicates = count_duplicates(&world.objects().await).records;
    let told = world.told();
    assert_eq!(events + rejects + duplicates, delivered.records, "seed {seed}: {events} + {rejects} + {duplicates}; {told:?}");
    assert_eq!((events, rejects, duplicates), (delivered.events, delivered.rejects, delivered.duplicates), "seed {seed}; {told:?}");
    world.check_every_record_is_there_once().await;
    told
}
