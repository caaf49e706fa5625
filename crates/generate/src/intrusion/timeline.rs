use crate::Config;
use crate::moment::Moment;

/// The days that the intrusion is told in.
const STORY_DAYS: u64 = 90;
/// From this many days on, what happens at night waits for one.
const HAS_NIGHTS_DAYS: u64 = 14;
const DAY_MS: i64 = 86_400_000;

/// Maps the story's ninety days onto a window: onto the end of a longer one, and shrunk evenly into a shorter one, so that the
/// order of the steps stays.
#[derive(Debug)]
pub(super) struct Timeline {
    start_ms: i64,
    days: u64,
}

impl Timeline {
    /// The timeline of a configuration's window.
    pub(super) fn of(config: &Config) -> Self {
        Self { start_ms: Moment::new(config.start, 0).epoch_ms(), days: u64::from(config.days) }
    }

    /// When a step of the story happens: milliseconds since 1970.
    pub(super) fn at(&self, day: u64, hour: u64, minute: u64) -> i64 {
        let time_ms = ((hour * 60 + minute) * 60_000) as i64;
        match self.days.checked_sub(STORY_DAYS) {
            Some(before) => self.start_ms + (before + day) as i64 * DAY_MS + time_ms,
            None => self.start_ms + (day as i64 * DAY_MS + time_ms) * self.days as i64 / STORY_DAYS as i64,
        }
    }

    /// The same, for a step that is to happen at night: a shrunken day is followed by the next real night.
    pub(super) fn at_night(&self, day: u64, hour: u64, minute: u64) -> i64 {
        if self.days >= STORY_DAYS || self.days < HAS_NIGHTS_DAYS {
            return self.at(day, hour, minute);
        }
        let next_day = day * self.days / STORY_DAYS + 1;
        self.start_ms + next_day as i64 * DAY_MS + ((hour * 60 + minute) * 60_000) as i64
    }
}
