//! Collections of TAXII 2.1 servers in, STIX bundles out.
//!
//! ```text
//! discovery ─► API roots ─► collections ─► objects, page by page ─► one STIX bundle, which crate `intel` reads
//! ```
//!
//! Only reads, and never writes to a server. The standard: <https://docs.oasis-open.org/cti/taxii/v2.1/os/taxii-v2.1-os.html>; sections
//! are named where they are followed. A login goes to the server that was named and to no other, and is in no error and no log.
//!
//! Read in this order: [`Server`] says where and as whom, [`Filter`] what, [`fetch`] does all steps and gives [`Objects`]; [`Client`] does
//! them one by one.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may fail where it stands"))]

mod client;
mod error;
mod http;
mod options;
mod resources;

pub use client::{Client, Objects, fetch};
pub use error::Error;
pub use options::{Filter, Limits, Login, Server};
pub use resources::{Collection, CollectionPlace};
