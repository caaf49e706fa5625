//! What the crate promises: the same bytes again, formats that parse, counts that add up, and an intrusion that can be found.

mod formats;
mod promises;
mod support;
mod truth;
