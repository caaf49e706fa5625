use chrono::{Datelike, NaiveDate};

use crate::dice::{Dice, Weighted};
use crate::moment::{DAY_MS, Tick};

/// How busy people are in each hour, UTC: two European offices and one American.
const OFFICE_HOURS: [u64; 24] = [3, 2, 2, 2, 3, 8, 26, 62, 92, 100, 96, 80, 74, 90, 98, 96, 84, 66, 52, 46, 40, 34, 20, 8];

const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 60 * MINUTE_MS;

/// How busy people are on that day, against 100 on a Tuesday.
pub(crate) fn day_weight(date: NaiveDate) -> u64 {
    match date.weekday().num_days_from_monday() {
        0 => 92,
        1 => 100,
        2 => 98,
        3 => 96,
        4 => 84,
        5 => 14,
        _ => 11,
    }
}

/// The weight of a day for a stream of which so many records in a hundred come from people.
pub(crate) fn stream_day_weight(date: NaiveDate, people_percent: u64) -> u64 {
    people_percent * day_weight(date) + (100 - people_percent) * 82
}

/// The instants of `count` records of one day, in order.
pub(crate) fn ticks(date: NaiveDate, count: u64, people_percent: u64, dice: &mut Dice) -> Vec<Tick> {
    let hours = Weighted::new(OFFICE_HOURS);
    let people = people_percent * day_weight(date);
    let machines = (100 - people_percent) * 82;
    let mut ticks: Vec<Tick> = (0..count)
        .map(|_| {
            let clockwork = dice.below(people + machines) >= people;
            let ms = if clockwork { clock_ms(dice) } else { hours.draw(dice) as u64 * HOUR_MS + dice.below(HOUR_MS) };
            Tick { ms: ms as u32, clockwork, index: 0 }
        })
        .collect();
    ticks.sort_unstable();
    for (index, tick) in ticks.iter_mut().enumerate() {
        tick.index = index as u32;
    }
    ticks
}

/// An instant of something that runs every five minutes, with the jitter of a busy machine.
fn clock_ms(dice: &mut Dice) -> u64 {
    let slot = dice.below(u64::from(DAY_MS) / (5 * MINUTE_MS));
    slot * 5 * MINUTE_MS + dice.below(4000).min(dice.below(40_000))
}
