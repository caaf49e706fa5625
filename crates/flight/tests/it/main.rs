//! Flight SQL over the wire: a real server over a real DataFusion session, asked by `arrow-flight`'s client and by raw calls.

mod cancel;
mod client;
mod engine;
mod metadata;
mod prepared;
mod results;
mod sign_in;
mod statements;
mod support;
