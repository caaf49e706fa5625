//! A statement divided by time and put together again must give what it gives as a whole.

#![allow(clippy::unwrap_used, unreachable_pub, reason = "a test may fail where it stands, and is no library")]

mod division;
mod support;
