//! Hunt files: versioned YAML, read and checked.
//!
//! Pure: no I/O, no clock. Says line and column of what it cannot read.
