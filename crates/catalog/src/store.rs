//! What is kept on disk: one redb file with the Raft log, the vote, and images of the state.

mod disk;
mod file;
mod log;
mod machine;
mod watched;

pub(crate) use disk::{Disk, Identity};
pub(crate) use log::LogStore;
pub(crate) use machine::Machine;

#[cfg(test)]
mod tests;
