//! The client against a small server that speaks TAXII 2.1 on loopback.

#![allow(clippy::unwrap_used, missing_docs, reason = "a test may fail where it stands")]

mod protocol;
mod server;
