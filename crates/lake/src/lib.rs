//! OCSF events in, sorted Parquet segments and their observables out; read back, verify, expire.
