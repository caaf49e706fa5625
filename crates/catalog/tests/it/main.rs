//! The catalog as its users see it: through its handle, through a crash, and through the wire.

mod backup;
mod cluster;
mod commits;
mod compat;
mod crash;
mod damage;
mod documents;
mod remote;
mod reopen;
mod runs;
mod scale;
mod support;
