//! What the crate does, as tests.
