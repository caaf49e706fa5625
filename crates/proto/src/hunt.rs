//! How clients ask for runs: `proto/coldtrail/hunt`.

/// The messages and the service of version 1.
#[allow(missing_docs, clippy::all, clippy::unwrap_used, unreachable_pub)]
#[rustfmt::skip]
pub mod v1 {
    include!("gen/coldtrail.hunt.v1.rs");
}
