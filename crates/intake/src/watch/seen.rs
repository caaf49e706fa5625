use coldtrail_ingest::SourceFile;

/// What a listing says of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stamp {
    bytes: u64,
    modified_ms: i64,
    etag: Option<Box<str>>,
}

impl Stamp {
    pub(super) fn of(file: &SourceFile) -> Self {
        Self { bytes: file.bytes, modified_ms: file.modified_ms, etag: file.etag.as_deref().map(Into::into) }
    }

    pub(super) fn modified_ms(&self) -> i64 {
        self.modified_ms
    }
}

/// A listed object, as far as it is remembered from look to look.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) stamp: Stamp,
    /// When it was listed with this stamp first, by our clock.
    pub(super) since_ms: i64,
    /// True if it had this stamp in the look before.
    pub(super) is_unchanged: bool,
    pub(super) state: State,
}

#[derive(Debug, Clone)]
pub(super) enum State {
    /// It is in the catalog.
    Done,
    /// It is to be taken.
    Waiting,
    /// It could not be read.
    Failed { tries: u32, again_ms: i64, reason: String },
}

/// A local file that was not touched for so long is taken at the first look, in milliseconds.
const QUIET_MS: i64 = 60_000;

impl Seen {
    pub(super) fn new(stamp: Stamp, now_ms: i64) -> Self {
        Self { stamp, since_ms: now_ms, is_unchanged: false, state: State::Waiting }
    }

    /// True if nobody writes to it any more, as far as can be told. An object of a store appears whole; a file must look the same
    /// twice, unless it is old. Where its time lies ahead of our clock, only what we have seen ourselves counts.
    pub(super) fn is_settled(&self, now_ms: i64, settle_ms: i64, is_file: bool) -> bool {
        let age_ms = now_ms.saturating_sub(self.stamp.modified_ms);
        let is_quiet = !is_file || self.is_unchanged || age_ms >= settle_ms.max(QUIET_MS);
        let watched_ms = now_ms.saturating_sub(self.since_ms);
        (age_ms >= settle_ms && is_quiet) || (self.is_unchanged && watched_ms >= settle_ms)
    }

    /// True if it is to be taken now.
    pub(super) fn is_ready(&self, now_ms: i64, settle_ms: i64, is_file: bool) -> bool {
        match &self.state {
            State::Done => false,
            State::Waiting => self.is_settled(now_ms, settle_ms, is_file),
            State::Failed { again_ms, .. } => *again_ms <= now_ms,
        }
    }

    /// Notes a failure, and when to try again: twice as late as the last time.
    pub(super) fn fail(&mut self, reason: String, now_ms: i64, min_seconds: u64, max_seconds: u64) {
        let tries = match &self.state {
            State::Failed { tries, .. } => tries + 1,
            State::Done | State::Waiting => 1,
        };
        let seconds = back_off_seconds(tries, min_seconds, max_seconds);
        self.state = State::Failed { tries, again_ms: now_ms.saturating_add(seconds.saturating_mul(1000)), reason };
    }
}

/// How long to wait after so many failures in a row.
pub(super) fn back_off_seconds(tries: u32, min_seconds: u64, max_seconds: u64) -> i64 {
    let doubled = min_seconds.saturating_mul(1 << tries.saturating_sub(1).min(30));
    i64::try_from(doubled.min(max_seconds)).unwrap_or(i64::MAX)
}
