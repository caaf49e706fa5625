//! Arrow Flight SQL: sign-in, statements, metadata, result streams.
//!
//! The last step of an event's journey: whatever implements [`coldtrail_query::QueryService`] is served to ADBC, JDBC,
//! pyarrow and every other Flight SQL client. Tokens, statement handles and tickets are signed and carry what they need,
//! so any node that has the same key can answer.
//!
//! Never plans a query.

pub mod auth;
pub mod client;
mod config;
mod error;

mod handshake;
mod hunts;
mod seal;
mod token;

mod bindings;
mod handle;
mod parameters;
mod prepared;
mod statement;
mod ticket;
mod update;

mod encode;
mod results;
mod wire_types;

mod metadata;

mod actions;
mod deadline;
mod poll;
mod runs;
mod scrub;
mod server;
mod service;
mod session;
mod status;

pub use auth::{Auth, User, Users};
pub use config::Config;
pub use error::Error;
pub use hunts::HuntServices;
pub use seal::SigningKey;
pub use server::FlightServer;
