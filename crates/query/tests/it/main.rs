//! Behaviour of planning, over a real lake in a folder.
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub)]

mod coverage;
mod errors;
mod events;
mod explain;
mod functions;
mod geo;
mod mmdb;
mod parameters;
mod paths;
mod pruning;
mod reading;
mod recipes;
mod scale;
mod slt;
mod support;
mod system;
