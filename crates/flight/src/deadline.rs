use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;
use tonic::Status;
use tonic::metadata::MetadataMap;

/// The transport cuts a call at its deadline and says "cancelled"; being slightly earlier lets us say what happened.
const EARLIER_MAX: Duration = Duration::from_millis(10);

/// When the caller stops waiting, from the `grpc-timeout` header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Deadline(Option<Instant>);

impl Deadline {
    pub(crate) fn read(headers: &MetadataMap) -> Self {
        let timeout = headers.get("grpc-timeout").and_then(|value| parse(value.to_str().ok()?));
        Self(timeout.and_then(|timeout| Instant::now().checked_add(timeout - EARLIER_MAX.min(timeout / 10))))
    }

    /// Drops the work at the deadline.
    pub(crate) async fn limit<T>(self, work: impl Future<Output = Result<T, Status>>) -> Result<T, Status> {
        tokio::select! {
            biased;
            result = work => result,
            status = self.passed() => Err(status),
        }
    }

    /// Completes at the deadline, or never without one.
    pub(crate) async fn passed(self) -> Status {
        match self.0 {
            Some(at) => tokio::time::sleep_until(at).await,
            None => std::future::pending().await,
        }
        Status::deadline_exceeded("the call took longer than the client allows (grpc-timeout)")
    }
}

/// At most eight digits and a unit.
fn parse(header: &str) -> Option<Duration> {
    let (digits, unit) = header.split_at_checked(header.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number = digits.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(number * 3600),
        "M" => Duration::from_secs(number * 60),
        "S" => Duration::from_secs(number),
        "m" => Duration::from_millis(number),
        "u" => Duration::from_micros(number),
        "n" => Duration::from_nanos(number),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_are_read_in_every_unit() {
        for (header, expected) in [
            ("1H", Some(Duration::from_secs(3600))),
            ("2M", Some(Duration::from_secs(120))),
            ("3S", Some(Duration::from_secs(3))),
            ("4m", Some(Duration::from_millis(4))),
            ("5u", Some(Duration::from_micros(5))),
            ("99999999n", Some(Duration::from_nanos(99_999_999))),
            ("", None),
            ("S", None),
            ("1x", None),
            ("-1S", None),
            ("123456789S", None),
            ("1é", None),
        ] {
            assert_eq!(parse(header), expected, "{header}");
        }
    }

    #[tokio::test]
    async fn work_is_dropped_at_the_deadline() {
        let deadline = Deadline(Some(Instant::now() + Duration::from_millis(5)));
        let error = deadline.limit(std::future::pending::<Result<(), Status>>()).await.expect_err("it never ends");
        assert_eq!(error.code(), tonic::Code::DeadlineExceeded);
        assert!(Deadline(None).limit(std::future::ready(Ok(()))).await.is_ok());
    }
}
