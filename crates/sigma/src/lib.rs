//! Sigma rules in, matchers over OCSF events out.
//!
//! Pure: no I/O, no clock. A rule whose meaning cannot be kept is an error, never a changed meaning.
