//! What a run leaves for an auditor: bundle, signature, verification, report.
//!
//! Never runs a query.
