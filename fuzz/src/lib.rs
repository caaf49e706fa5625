//! What the fuzz targets share: the sources by number, reading whole and in pieces, and a count of the memory that one input takes.
#![allow(clippy::expect_used, reason = "a panic is how a target says what it found")]

mod memory;
mod records;

pub use memory::within;
pub use records::{count, read_both_ways, sources};

#[global_allocator]
static MEMORY: memory::Counting = memory::Counting;
