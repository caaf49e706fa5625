//! What the crate does, as tests.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

mod support;

mod lines;
mod misp;
mod openioc;
mod stix;
mod tables;

mod guardrails;
mod limits;

mod batches;
mod matching;
mod plans;
mod random;
mod robust;
mod speed;
mod verdicts;
