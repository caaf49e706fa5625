//! What the crate does, as tests.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

mod bundle;
mod compare;
mod conclusion;
mod coverage;
mod example;
mod kpi;
mod report;
mod rows;
