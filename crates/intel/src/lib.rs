//! Indicator feeds in, indicators and what they match out.
//!
//! Pure: no I/O, no clock. Every entry of a feed ends as accepted, rejected or unsupported, with its reason.
