//! The one binary coldtrail: commands, configuration, start and stop.
