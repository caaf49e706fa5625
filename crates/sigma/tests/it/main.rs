//! What the crate does, as tests.

#![allow(clippy::unwrap_used, clippy::print_stderr, missing_docs, reason = "a test may fail where it stands, and says when it is skipped")]

mod collections;
mod correlations;
mod later_sources;
mod matching;
mod parsing;
mod samples;
mod sources;
mod support;
mod zeek;
