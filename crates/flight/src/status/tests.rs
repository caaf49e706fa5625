use arrow::error::ArrowError;
use coldtrail_query::Error;
use datafusion::error::DataFusionError;
use tonic::Code;

use super::*;

fn code(error: Error) -> Code {
    from_query_error(&error, None).code()
}

#[test]
fn each_kind_of_error_has_its_code() {
    let message = || "x".to_owned();
    assert_eq!(code(Error::BadStatement { message: message() }), Code::InvalidArgument);
    assert_eq!(code(Error::NotAllowed { message: message() }), Code::PermissionDenied);
    assert_eq!(code(Error::Exhausted { message: message() }), Code::ResourceExhausted);
    assert_eq!(code(Error::Cancelled { query_id: message() }), Code::Cancelled);
    assert_eq!(code(Error::Unavailable { message: message() }), Code::Unavailable);
    assert_eq!(code(Error::Failed(DataFusionError::Execution(message()))), Code::Internal);
}

#[test]
fn errors_that_travelled_through_the_engine_keep_their_kind() {
    let engine = |error: DataFusionError| from_engine_error(&error, None).code();
    let own = DataFusionError::External(Box::new(Error::Exhausted { message: "x".into() }));
    assert_eq!(engine(own.context("reading")), Code::ResourceExhausted);
    assert_eq!(engine(DataFusionError::ResourcesExhausted("x".into())), Code::ResourceExhausted);
    assert_eq!(engine(DataFusionError::ArrowError(Box::new(ArrowError::DivideByZero), None)), Code::InvalidArgument);
}

#[test]
fn a_long_message_is_cut_between_characters_so_that_it_fits_on_the_wire() {
    for text in ["x".repeat(50_000), "with spaces ".repeat(5_000), "größe 大小 🙂".repeat(2_000)] {
        for query_id in [None, Some("0193-query")] {
            let status = tell(Code::InvalidArgument, &text, query_id);
            let (length, details) = (encoded_bytes(status.message()), status.details().len().div_ceil(3) * 4);
            let limit = query_id.map_or(ENCODED_BYTES_MAX, |_| DETAILED_BYTES_MAX);
            assert!((limit - 20..=limit).contains(&length), "{length}");
            assert!(length + details < 7_800, "{length} + {details} of gRPC C's 8 KiB");
            let kept = status.message().trim_end_matches(" (query 0193-query)");
            assert!(text.starts_with(kept));
        }
    }
}

#[test]
fn the_query_id_is_in_the_text_the_trailer_and_the_details() {
    let status = tell(Code::Internal, "it broke", Some("0193-query"));
    assert_eq!(status.message(), "it broke (query 0193-query)");
    assert_eq!(status.metadata().get(QUERY_ID).expect("a trailer"), "0193-query");
    let details = String::from_utf8_lossy(status.details());
    assert!(details.contains("it broke (query 0193-query)") && details.contains("INTERNAL"), "{details}");
    let cancelled = from_query_error(&Error::Cancelled { query_id: "0193-query".into() }, None);
    assert_eq!(cancelled.message(), "query 0193-query was cancelled");
}

#[test]
fn an_internal_failure_names_the_segment_and_not_the_machine() {
    let error = DataFusionError::Execution("read of /var/lib/lake/seg-7.parquet from 10.0.0.7:9000 failed".into());
    let message = from_engine_error(&error, None).message().to_owned();
    assert!(message.contains("…/seg-7.parquet"), "{message}");
    assert!(!message.contains("/var/lib") && !message.contains("10.0.0.7"), "{message}");
}
