//! Deterministic, realistic raw logs in the vendors formats, with one planted intrusion.
