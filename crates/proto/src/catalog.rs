//! `coldtrail.catalog.v1`: what the catalog keeps on disk, and its gRPC service.

mod convert;
mod convert_document;
mod convert_run;

/// The messages and the service of version 1, as made from `proto/coldtrail/catalog/v1/catalog.proto`.
#[allow(missing_docs, unreachable_pub, clippy::all)]
#[rustfmt::skip]
pub mod v1 {
    include!("gen/coldtrail.catalog.v1.rs");
}

pub use convert::{digest_from_bytes, segment_id_from_bytes};
pub use convert_run::{run_id_from_bytes, run_state_from_proto, run_state_to_proto};
