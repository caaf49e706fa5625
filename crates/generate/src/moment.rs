use chrono::{DateTime, Datelike, NaiveDate, NaiveTime};

/// Milliseconds of one day.
pub(crate) const DAY_MS: u32 = 86_400_000;

/// One instant of one UTC day, in milliseconds, with the day's text at hand.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    midnight_ms: i64,
    ymd: [u8; 10],
    ms: u32,
}

impl Moment {
    /// So many milliseconds after midnight of that day.
    pub(crate) fn new(date: NaiveDate, ms: u32) -> Self {
        let midnight_ms = date.and_time(NaiveTime::MIN).and_utc().timestamp_millis();
        let (year, month, day) = (date.year() as u32, date.month(), date.day());
        let digit = |value: u32| b'0' + (value % 10) as u8;
        let ymd = [
            digit(year / 1000),
            digit(year / 100),
            digit(year / 10),
            digit(year),
            b'-',
            digit(month / 10),
            digit(month),
            b'-',
            digit(day / 10),
            digit(day),
        ];
        Self { midnight_ms, ymd, ms }
    }

    /// The instant so many milliseconds after 1970.
    pub(crate) fn of_epoch_ms(epoch_ms: i64) -> Self {
        let date = DateTime::from_timestamp_millis(epoch_ms).unwrap_or_default().date_naive();
        Self::new(date, epoch_ms.rem_euclid(i64::from(DAY_MS)) as u32)
    }

    /// Milliseconds since 1970.
    pub(crate) fn epoch_ms(&self) -> i64 {
        self.midnight_ms + i64::from(self.ms)
    }

    /// Seconds since 1970.
    pub(crate) fn epoch_s(&self) -> u64 {
        (self.epoch_ms() / 1000) as u64
    }

    /// Milliseconds since midnight.
    pub(crate) fn ms(&self) -> u32 {
        self.ms
    }

    /// The hour, 0 to 23.
    pub(crate) fn hour(&self) -> usize {
        (self.ms / 3_600_000) as usize
    }

    /// The day, as `2026-03-01`.
    pub(crate) fn ymd(&self) -> &str {
        std::str::from_utf8(&self.ymd).expect("digits and dashes are UTF-8")
    }

    /// Another instant of the same day.
    pub(crate) fn at(&self, ms: u32) -> Self {
        Self { ms: ms.min(DAY_MS - 1), ..*self }
    }

    /// So much earlier, but not before midnight.
    pub(crate) fn earlier(&self, ms: u32) -> Self {
        self.at(self.ms.saturating_sub(ms))
    }

    /// So much later, but not after midnight.
    pub(crate) fn later(&self, ms: u32) -> Self {
        self.at(self.ms.saturating_add(ms))
    }
}

/// When one ordinary record happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Tick {
    /// Milliseconds since midnight.
    pub(crate) ms: u32,
    /// True for machines on a schedule, false for people at work.
    pub(crate) clockwork: bool,
    /// Which record of the day it is, in order of time.
    pub(crate) index: u32,
}
