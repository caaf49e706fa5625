use std::error::Error as StdError;
use std::fmt;

use arrow::error::ArrowError;
use ballista_core::error::BallistaError;
use datafusion::error::DataFusionError;

/// Longest text of a failure.
const TEXT_BYTES_MAX: usize = 4096;
const MARK: &str = "TaskFailure { kind: ";

/// What the caller can do about a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// The statement does not work on this data: a division by zero, a text that is no number.
    Statement,
    /// Memory or disk ran out.
    Exhausted,
    /// The object store or another executor could not be reached; trying again may succeed.
    Unavailable,
    /// The job was cancelled.
    Cancelled,
    /// Everything else.
    Failed,
}

/// Why a task failed, in a form that survives Ballista, which hands errors on as the text
/// of their debug output only.
#[derive(Clone, PartialEq, Eq)]
pub struct TaskFailure {
    /// What the caller can do.
    pub kind: FailureKind,
    /// For the person who asked: one line, no addresses, at most 4 KiB.
    pub text: String,
}

impl fmt::Debug for TaskFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{MARK}{:?}, text: {:?} }}", self.kind, self.text)
    }
}

impl fmt::Display for TaskFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl StdError for TaskFailure {}

impl TaskFailure {
    /// Tells what kind of failure an error of DataFusion is.
    #[must_use]
    pub fn of(error: &DataFusionError) -> Self {
        if let Some(failure) = sources(error).find_map(|source| source.downcast_ref::<Self>()) {
            return failure.clone();
        }
        let kind = sources(error).find_map(kind_of).unwrap_or(FailureKind::Failed);
        Self { kind, text: clean_text(&error.to_string()) }
    }

    /// A failure of a kind that Ballista reports in words of its own.
    #[must_use]
    pub fn new(kind: FailureKind, text: &str) -> Self {
        Self { kind, text: clean_text(text) }
    }

    /// Finds the failure in what Ballista made of it.
    #[must_use]
    pub fn parse(report: &str) -> Option<Self> {
        let (_, rest) = report.split_once(MARK)?;
        let (kind, rest) = rest.split_once(", text: \"")?;
        let kind = match kind {
            "Statement" => FailureKind::Statement,
            "Exhausted" => FailureKind::Exhausted,
            "Unavailable" => FailureKind::Unavailable,
            "Cancelled" => FailureKind::Cancelled,
            _ => FailureKind::Failed,
        };
        Some(Self { kind, text: unescape(rest) })
    }

    /// The error for Ballista: it tries a task again on an I/O error, and on nothing else.
    pub(crate) fn into_datafusion(self) -> DataFusionError {
        match self.kind {
            FailureKind::Unavailable => DataFusionError::IoError(std::io::Error::other(self)),
            _ => DataFusionError::External(Box::new(self)),
        }
    }
}

/// The error and everything that it wraps, outermost first.
fn sources<'a>(error: &'a DataFusionError) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    let first: &'a (dyn StdError + 'static) = error;
    std::iter::successors(Some(first), |error| next_source(*error))
}

/// Some wrappers hide what they wrap from `source()`.
fn next_source<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
    if let Some(io) = error.downcast_ref::<std::io::Error>() {
        return io.get_ref().map(|inner| inner as &(dyn StdError + 'static));
    }
    match error.downcast_ref::<BallistaError>() {
        Some(BallistaError::DataFusionError(inner)) => Some(inner.as_ref()),
        Some(BallistaError::ArrowError(inner)) => Some(inner.as_ref()),
        Some(BallistaError::IoError(inner)) => Some(inner),
        Some(_) => None,
        None => error.source(),
    }
}

fn kind_of(error: &(dyn StdError + 'static)) -> Option<FailureKind> {
    if let Some(error) = error.downcast_ref::<DataFusionError>() {
        return match error {
            DataFusionError::ResourcesExhausted(_) => Some(FailureKind::Exhausted),
            DataFusionError::Plan(_) | DataFusionError::SQL(..) | DataFusionError::SchemaError(..) => Some(FailureKind::Statement),
            _ => None,
        };
    }
    if let Some(error) = error.downcast_ref::<ArrowError>() {
        return match error {
            ArrowError::DivideByZero
            | ArrowError::ArithmeticOverflow(_)
            | ArrowError::CastError(_)
            | ArrowError::ParseError(_)
            | ArrowError::InvalidArgumentError(_) => Some(FailureKind::Statement),
            _ => None,
        };
    }
    if let Some(error) = error.downcast_ref::<BallistaError>() {
        return match error {
            BallistaError::Cancelled => Some(FailureKind::Cancelled),
            // Another executor, or the scheduler, could not be reached: what it held can be made again.
            BallistaError::FetchFailed(..)
            | BallistaError::TonicError(_)
            | BallistaError::GrpcError(_)
            | BallistaError::GrpcConnectionError(_) => Some(FailureKind::Unavailable),
            _ => None,
        };
    }
    if let Some(error) = error.downcast_ref::<object_store::Error>() {
        return (!matches!(error, object_store::Error::NotFound { .. })).then_some(FailureKind::Unavailable);
    }
    error.downcast_ref::<std::io::Error>().and_then(kind_of_io)
}

fn kind_of_io(error: &std::io::Error) -> Option<FailureKind> {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::OutOfMemory => Some(FailureKind::Exhausted),
        ErrorKind::NotFound | ErrorKind::InvalidData | ErrorKind::UnexpectedEof => None,
        // An error of another library inside: what it wraps decides.
        ErrorKind::Other => None,
        _ => Some(FailureKind::Unavailable),
    }
}

/// True when the error is Ballista's own report of a lost shuffle file, which it must see as it is.
pub(crate) fn is_fetch_failure(error: &DataFusionError) -> bool {
    sources(error).any(|source| matches!(source.downcast_ref(), Some(BallistaError::FetchFailed(..))))
}

/// One line, without what only a developer of DataFusion could use, cut at 4 KiB.
fn clean_text(text: &str) -> String {
    let text = text.split(DataFusionError::BACK_TRACE_SEP).next().unwrap_or(text);
    let text =
        text.replace("\ncaused by\n", ": ").replace("External error: ", "").replace("External: ", "").replace("DataFusion error: ", "");
    let mut words = String::with_capacity(text.len().min(TEXT_BYTES_MAX));
    for word in text.split_whitespace() {
        if !words.is_empty() {
            words.push(' ');
        }
        words.push_str(if word.contains("127.0.0.1:") { "an executor" } else { word });
        if words.len() > TEXT_BYTES_MAX {
            break;
        }
    }
    if words.len() > TEXT_BYTES_MAX {
        let cut = words.floor_char_boundary(TEXT_BYTES_MAX - '…'.len_utf8());
        words.truncate(cut);
        words.push('…');
    }
    words
}

/// Undoes what `{:?}` did to a text, up to its closing quote.
fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        match char {
            '"' => break,
            '\\' => match chars.next() {
                Some('n') => plain.push('\n'),
                Some('t') => plain.push('\t'),
                Some('r') => plain.push('\r'),
                Some('0') => plain.push('\0'),
                Some('u') => plain.extend(unescape_unicode(&mut chars)),
                Some(other) => plain.push(other),
                None => break,
            },
            other => plain.push(other),
        }
    }
    plain
}

fn unescape_unicode(chars: &mut std::str::Chars<'_>) -> Option<char> {
    let digits: String = chars.by_ref().skip(1).take_while(|char| *char != '}').collect();
    u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32)
}

#[cfg(test)]
mod tests;
