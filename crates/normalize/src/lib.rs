//! Raw log records of each source in, OCSF events and rejects out.
