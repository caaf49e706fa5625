//! Links over real sockets on loopback, with certificates made for the test.

mod harness;

mod authority;
mod carrying;
mod door;
mod files;
mod following;
mod limits;
mod refusals;
mod reloading;
