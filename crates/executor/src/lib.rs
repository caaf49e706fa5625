//! Runs tasks over segments within its memory, and stops when told.
