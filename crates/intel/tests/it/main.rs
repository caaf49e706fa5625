//! What the crate does, as tests.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

mod support;

mod lines;
mod matching;
mod stix;
