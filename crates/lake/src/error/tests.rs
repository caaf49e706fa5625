use super::*;

fn local(kind: ErrorKind) -> Error {
    Error::from_io("write", "file:///lake/a.parquet".to_owned(), io::Error::from(kind))
}

fn remote(message: &str) -> Error {
    let error = object_store::Error::Generic { store: "S3", source: message.to_owned().into() };
    Error::from_store("write", "s3://lake/a.parquet".to_owned(), error)
}

#[test]
fn a_full_disk_is_told_from_a_forbidden_one() {
    let full = local(ErrorKind::StorageFull);
    assert!(matches!(full, Error::StoreFull { .. }), "{full:?}");
    assert!(full.to_string().starts_with("no space left to write file:///lake/a.parquet: "), "{full}");
    assert!(matches!(local(ErrorKind::PermissionDenied), Error::StoreDenied { .. }));
    assert!(!full.is_retryable());
}

#[test]
fn a_local_store_that_wraps_what_the_system_said_is_understood() {
    let error = object_store::Error::Generic { store: "LocalFileSystem", source: Box::new(io::Error::from(ErrorKind::StorageFull)) };
    assert!(matches!(Error::from_store("write", String::new(), error), Error::StoreFull { .. }));
}

#[test]
fn a_busy_store_may_be_asked_again_and_a_wrong_request_not() {
    let status = |code: &str| format!("Error performing PUT in 2s - Server returned non-2xx status code: {code}: ");
    for busy in ["500 Internal Server Error", "503 Service Unavailable", "429 Too Many Requests"] {
        assert!(remote(&status(busy)).is_retryable(), "{busy}");
    }
    assert!(remote("error sending request: connection refused").is_retryable());
    assert!(matches!(remote(&status("400 Bad Request")), Error::Store { .. }));
    assert!(matches!(remote(&status("507 Insufficient Storage")), Error::StoreFull { .. }));
}

#[test]
fn no_credentials_at_all_are_told_from_wrong_ones() {
    let ask = |answer: &str| remote(&format!("Error performing PUT http://169.254.169.254/latest/api/token in 1s - {answer}"));
    for answer in ["Server returned non-2xx status code: 404 Not Found: ", "HTTP error: there was no connection within 1s"] {
        let error = ask(answer);
        assert!(matches!(error, Error::NoCredentials { .. }) && !error.is_retryable(), "{error:?}");
        assert!(error.to_string().starts_with("no credentials to write s3://lake/a.parquet: none are in the environment"), "{error}");
    }
    assert!(ask("Server returned non-2xx status code: 503 Service Unavailable: ").is_retryable());
}
