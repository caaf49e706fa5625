//! Hunting over months: a statement divided by time, and put together again exactly.
//!
//! Never knows a cluster.
//!
//! A [`Division`] says how a statement can be answered in parts: which plan each slice of time runs, and what is done with all
//! their rows in the end. What cannot be divided exactly (a join or a window across slices, a median) is one part, and says why.
//! [`windows`] cuts the time that the statement's segments cover into slices, newest first. [`ResultTable`] shows the rows of
//! slices as a table. [`RunService`] is how whatever serves clients asks for runs.

mod aggregates;
mod content;
mod division;
mod finding;
mod hunting_service;
mod question;
mod result_table;
mod run_service;
mod schedule;
mod time;
mod webhook;
mod windows;

pub use content::{CONTENT_BYTES_MAX, Content, ContentKind, ContentReport, ContentRequest, ContentService, Cron};
pub use division::Division;
pub use finding::{FINDINGS_OF_A_RUN_MAX, Finding, FindingContext, FindingMaker};
pub use hunting_service::{ConclusionRequest, HuntConclusion, HuntQueryRun, HuntRequest, HuntingService, Judgement, OUTCOMES, StartedHunt};
pub use question::{ALL_TIME, AS_OF_MS, REPEATS, RunKind, instants, now_of, sigma_statement, subject_of, sweep_statement, window_of};
pub use result_table::{ResultFile, ResultTable};
pub use run_service::{RunEstimate, RunRequest, RunService};
pub use schedule::{DueSlots, SLOTS_LATE_MAX, Schedule, ScheduleError};
pub use time::overlapping;
pub use webhook::{Webhook, WebhookConfig, WebhookError};
pub use windows::{SlicePolicy, Window, windows};
