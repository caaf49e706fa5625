//! What the lake promises, against every kind of store that needs no server.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

mod files;
mod observables;
mod rewrites;
mod rows;
mod slow_stores;
mod stores;
mod support;
mod transactions;
