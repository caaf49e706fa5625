use std::sync::Arc;

use parquet::errors::ParquetError;

use super::*;

fn check(error: DataFusionError, kind: FailureKind, text: &str) {
    assert_eq!(TaskFailure::of(&error), TaskFailure { kind, text: text.to_owned() });
}

fn throttled() -> object_store::Error {
    object_store::Error::Generic { store: "S3", source: "503 Slow Down".into() }
}

#[test]
fn an_object_store_that_cannot_be_reached_is_worth_another_try_under_any_wrapper() {
    let text = "Parquet error: Generic S3 error: 503 Slow Down";
    check(ParquetError::External(Box::new(throttled())).into(), FailureKind::Unavailable, text);
    let shared = DataFusionError::Shared(Arc::new(DataFusionError::from(throttled()).context("scan")));
    assert_eq!(TaskFailure::of(&shared).kind, FailureKind::Unavailable);
}

#[test]
fn a_missing_segment_and_a_broken_one_are_not() {
    let missing = object_store::Error::NotFound { path: "a.parquet".to_owned(), source: "gone".into() };
    assert_eq!(TaskFailure::of(&missing.into()).kind, FailureKind::Failed);
    check(ParquetError::General("bad page".to_owned()).into(), FailureKind::Failed, "Parquet error: Parquet error: bad page");
}

#[test]
fn what_the_statement_does_to_the_data_is_the_statements_fault() {
    check(ArrowError::DivideByZero.into(), FailureKind::Statement, "Arrow error: Divide by zero error");
}

#[test]
fn what_ballista_wraps_is_found_too() {
    let inner = DataFusionError::Shared(Arc::new(ArrowError::DivideByZero.into()));
    for error in [BallistaError::from(inner), BallistaError::ArrowError(Box::new(ArrowError::DivideByZero))] {
        check(DataFusionError::External(Box::new(error)), FailureKind::Statement, "Arrow error: Divide by zero error");
    }
}

#[test]
fn running_out_of_memory_or_disk_is_told_from_an_unreachable_store() {
    check(DataFusionError::ResourcesExhausted("memory".to_owned()), FailureKind::Exhausted, "Resources exhausted: memory");
    let full = std::io::Error::from(std::io::ErrorKind::StorageFull);
    assert_eq!(TaskFailure::of(&full.into()).kind, FailureKind::Exhausted);
    let reset = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
    assert_eq!(TaskFailure::of(&reset.into()).kind, FailureKind::Unavailable);
}

#[test]
fn a_failure_survives_the_debug_output_that_ballista_makes_of_it() {
    let failure = TaskFailure { kind: FailureKind::Exhausted, text: "he said \"no\"\\ ünïcode\u{7f}".to_owned() };
    let report = format!("Job failed due to stage 1 failed: {:?}", BallistaError::from(failure.clone().into_datafusion()));
    assert_eq!(TaskFailure::parse(&report), Some(failure));

    let failure = TaskFailure { kind: FailureKind::Unavailable, text: "down".to_owned() };
    let report = format!("{:?}", BallistaError::from(failure.clone().into_datafusion()));
    assert_eq!(TaskFailure::parse(&report), Some(failure));
    assert_eq!(TaskFailure::parse("something else"), None);
}

#[test]
fn only_an_unavailable_store_is_an_io_error_to_ballista() {
    let of = |kind| TaskFailure { kind, text: String::new() }.into_datafusion();
    assert!(matches!(of(FailureKind::Unavailable), DataFusionError::IoError(_)));
    assert!(matches!(of(FailureKind::Failed), DataFusionError::External(_)));
}

#[test]
fn a_text_is_one_line_without_addresses_and_of_bounded_length() {
    let error = DataFusionError::Execution(format!("connect to http://127.0.0.1:4711/x\n  failed {}", "é".repeat(5000)));
    let text = TaskFailure::of(&error).text;
    assert!(text.starts_with("Execution error: connect to an executor failed éé"), "{text}");
    assert!(text.len() <= TEXT_BYTES_MAX && text.ends_with('…'));
}

#[test]
fn a_lost_shuffle_file_is_recognised() {
    let lost = BallistaError::FetchFailed("executor".to_owned(), 1, 2, "gone".to_owned());
    assert!(is_fetch_failure(&DataFusionError::External(Box::new(lost)).context("read")));
    assert!(!is_fetch_failure(&DataFusionError::Execution("no".to_owned())));
}
