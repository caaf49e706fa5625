use coldtrail_executor::{FailureKind, TaskFailure};
use coldtrail_query::Error;
use datafusion::error::DataFusionError;

/// Turns an error of a result stream into the one that the caller can act on.
///
/// Streams can only carry errors of DataFusion; those of an [`Engine`](crate::Engine) carry the
/// real one inside. Other errors are classified.
#[must_use]
pub fn query_error(error: DataFusionError, query_id: &str) -> Error {
    match error {
        DataFusionError::External(inner) => match inner.downcast::<Error>() {
            Ok(error) => *error,
            Err(inner) => classify(&DataFusionError::External(inner), query_id),
        },
        other => classify(&other, query_id),
    }
}

fn classify(error: &DataFusionError, query_id: &str) -> Error {
    of_failure(TaskFailure::of(error), query_id)
}

/// What the text of a failed Ballista job means.
pub(crate) fn of_report(report: &str, query_id: &str) -> Error {
    let failure = TaskFailure::parse(report).unwrap_or_else(|| TaskFailure::new(kind_of_report(report), report));
    of_failure(failure, query_id)
}

/// Ballista's own words for rows of an executor that cannot be fetched any more: another try makes them again.
fn kind_of_report(report: &str) -> FailureKind {
    let is_lost = ["Shuffle fetch partition error", "Error connecting to Ballista", "FetchFailed"].iter().any(|part| report.contains(part));
    if is_lost { FailureKind::Unavailable } else { FailureKind::Failed }
}

fn of_failure(failure: TaskFailure, query_id: &str) -> Error {
    let message = failure.text;
    match failure.kind {
        FailureKind::Statement => Error::BadStatement { message },
        FailureKind::Exhausted => Error::Exhausted { message },
        FailureKind::Unavailable => Error::Unavailable { message },
        FailureKind::Cancelled => Error::Cancelled { query_id: query_id.to_owned() },
        FailureKind::Failed => Error::Failed(DataFusionError::Execution(message)),
    }
}

/// Puts an error where a result stream can carry it.
pub(crate) fn into_stream(error: Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_comes_out_of_a_stream_as_it_went_in() {
        let error = query_error(into_stream(Error::Exhausted { message: "time".to_owned() }), "q");
        assert!(matches!(error, Error::Exhausted { message } if message == "time"));
    }

    #[test]
    fn running_out_of_memory_names_the_limit() {
        let error = query_error(DataFusionError::ResourcesExhausted("memory pool".to_owned()), "q");
        assert!(matches!(error, Error::Exhausted { message } if message.contains("memory pool")));
    }

    #[test]
    fn rows_of_an_executor_that_is_gone_are_worth_another_try() {
        let report =
            "Job failed due to stage 2 failed: Shuffle fetch partition error from Executor x, map_stage 1, error desc: Unavailable";
        assert!(matches!(of_report(report, "q"), Error::Unavailable { .. }));
    }

    #[test]
    fn a_report_that_nobody_knows_is_given_as_it_is() {
        assert_eq!(of_report("no such thing", "q").to_string(), "Execution error: no such thing");
    }
}
