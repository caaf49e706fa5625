//! The generated code is that of `proto/`, and what an earlier version wrote is still read.

mod compat;
mod conversions;
mod generated;
