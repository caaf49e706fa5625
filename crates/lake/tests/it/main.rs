//! What the lake promises, against every kind of store that needs no server.

mod conformance;
mod support;
