use std::time::Duration;

use coldtrail_hunt::SlicePolicy;

use crate::Error;

/// How runs are worked on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunsConfig {
    /// Runs that are worked on at the same time; more wait for their turn.
    pub runs_at_once: usize,
    /// Slices of one run that are worked on at the same time, unless the run says otherwise.
    pub slices_at_once: u32,
    /// How often a slice is tried before it is given up.
    pub slice_attempts_max: u32,
    /// How long the first pause before another try is; each next one is twice as long.
    pub retry_pause: Duration,
    /// How large slices are.
    pub slices: SlicePolicy,
}

impl Default for RunsConfig {
    fn default() -> Self {
        Self {
            runs_at_once: 4,
            slices_at_once: 2,
            slice_attempts_max: 5,
            retry_pause: Duration::from_millis(500),
            slices: SlicePolicy::default(),
        }
    }
}

impl RunsConfig {
    /// Names the first setting that cannot work.
    pub fn validate(&self) -> Result<(), Error> {
        let least = [
            ("runs_at_once", self.runs_at_once >= 1),
            ("slices_at_once", self.slices_at_once >= 1),
            ("slice_attempts_max", self.slice_attempts_max >= 1),
            ("slices_target", self.slices.slices_target >= 1),
        ];
        match least.into_iter().find(|(_, works)| !works) {
            Some((key, _)) => Err(Error::Config { key, reason: "must be at least 1" }),
            None => Ok(()),
        }
    }
}
