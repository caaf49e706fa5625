//! What the lake promises, against every kind of store that needs no server.

mod files;
mod observables;
mod rows;
mod stores;
mod support;
mod transactions;
