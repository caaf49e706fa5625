//! Rust for Coldtrail's protocol buffers, with conversions to the model.
