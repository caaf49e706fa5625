use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use croner::Cron;

/// The most slots that are made up for after nobody led for a while; older ones are passed over, and said so.
pub const SLOTS_LATE_MAX: usize = 100;

/// When a hunt runs by itself: a cron expression in a time zone.
#[derive(Debug, Clone)]
pub struct Schedule {
    cron: Cron,
    zone: Tz,
}

/// Why a schedule cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ScheduleError {
    /// The expression is not one of cron.
    #[error("{expression:?} is not a cron expression of five fields, such as \"0 6 * * 1-5\": {reason}")]
    Expression {
        /// What was given.
        expression: String,
        /// What is wrong with it.
        reason: String,
    },
    /// There is no such time zone.
    #[error("{zone:?} is not a time zone of the IANA database, such as Europe/Berlin")]
    Zone {
        /// What was given.
        zone: String,
    },
}

/// The slots that are due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueSlots {
    /// The instants, the oldest first, in milliseconds since 1970, UTC.
    pub slots_ms: Vec<i64>,
    /// How many older ones are passed over because there are more than [`SLOTS_LATE_MAX`].
    pub passed_over: usize,
}

impl Schedule {
    /// Reads an expression and the name of a zone.
    pub fn parse(expression: &str, zone: &str) -> Result<Self, ScheduleError> {
        let wrong = |reason: String| ScheduleError::Expression { expression: expression.to_owned(), reason };
        let cron: Cron = expression.parse().map_err(|error: croner::errors::CronError| wrong(error.to_string()))?;
        let zone = zone.parse().map_err(|_| ScheduleError::Zone { zone: zone.to_owned() })?;
        Ok(Self { cron, zone })
    }

    /// The slots after `after_ms`, up to and with `now_ms`.
    #[must_use]
    pub fn due(&self, after_ms: i64, now_ms: i64) -> DueSlots {
        let instant = |ms: i64| DateTime::<Utc>::from_timestamp_millis(ms).unwrap_or(DateTime::UNIX_EPOCH).with_timezone(&self.zone);
        let mut slots_ms = Vec::new();
        let mut passed_over = 0;
        let mut at = instant(after_ms);
        while let Ok(slot) = self.cron.find_next_occurrence(&at, false) {
            if slot.timestamp_millis() > now_ms || slot <= at {
                break;
            }
            slots_ms.push(slot.timestamp_millis());
            if slots_ms.len() > SLOTS_LATE_MAX {
                slots_ms.remove(0);
                passed_over += 1;
            }
            at = slot;
        }
        DueSlots { slots_ms, passed_over }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(text: &str) -> i64 {
        DateTime::parse_from_rfc3339(text).expect("an instant").timestamp_millis()
    }

    fn due(expression: &str, zone: &str, after: &str, now: &str) -> Vec<String> {
        let schedule = Schedule::parse(expression, zone).expect("a schedule");
        let due = schedule.due(ms(after), ms(now)).slots_ms.into_iter();
        due.map(|slot| DateTime::<Utc>::from_timestamp_millis(slot).expect("an instant").to_rfc3339()).collect()
    }

    #[test]
    fn a_slot_is_due_from_its_instant_on_and_only_once() {
        let hourly = |after, now| due("0 * * * *", "UTC", after, now);
        assert_eq!(hourly("2026-01-01T00:00:00Z", "2026-01-01T00:59:59Z"), Vec::<String>::new());
        assert_eq!(hourly("2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z"), ["2026-01-01T01:00:00+00:00"]);
        assert_eq!(hourly("2026-01-01T01:00:00Z", "2026-01-01T01:30:00Z"), Vec::<String>::new());
        assert_eq!(hourly("2026-01-01T00:30:00Z", "2026-01-01T03:00:00Z").len(), 3);
    }

    #[test]
    fn a_slot_is_told_in_its_zone() {
        let slots = due("0 6 * * *", "Europe/Berlin", "2026-03-28T00:00:00Z", "2026-03-30T00:00:00Z");
        // Summer time begins on the 29th.
        assert_eq!(slots, ["2026-03-28T05:00:00+00:00", "2026-03-29T04:00:00+00:00"]);
    }

    #[test]
    fn slots_that_nobody_was_there_for_are_made_up_for_within_bounds() {
        let schedule = Schedule::parse("* * * * *", "UTC").expect("a schedule");
        let due = schedule.due(ms("2026-01-01T00:00:00Z"), ms("2026-01-01T10:00:00Z"));
        assert_eq!((due.slots_ms.len(), due.passed_over), (SLOTS_LATE_MAX, 600 - SLOTS_LATE_MAX));
        assert_eq!(due.slots_ms.last(), Some(&ms("2026-01-01T10:00:00Z")));
    }

    #[test]
    fn what_is_no_schedule_is_refused() {
        assert!(Schedule::parse("every day", "UTC").is_err());
        assert!(Schedule::parse("0 6 * * *", "Atlantis").is_err());
    }
}
