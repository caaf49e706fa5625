//! Rust for Coldtrail's protocol buffers, with conversions to the model.
//!
//! The definitions stand in `proto/`; the Rust in `src/gen/` is made from them and committed, so that a build needs no
//! compiler for protocol buffers. After a change of a `.proto` file, make it again with
//! `cargo test -p coldtrail-proto -- --ignored regenerate`. Never holds logic.

pub mod catalog;
mod error;
pub mod fleet;
pub mod hunt;
pub mod ingest;

pub use error::Error;
