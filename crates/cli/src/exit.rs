//! How the process ends: what scripts can rely on.

use std::io;
use std::process::ExitCode;

/// Everything was done.
pub(crate) const DONE: u8 = 0;
/// Nothing or not all was done; the message says why. Wrong arguments end with 2.
pub(crate) const FAILED: u8 = 1;
/// It was done, but some of the input could not be read; the message names it.
pub(crate) const INCOMPLETE: u8 = 3;

/// Prints the error with its causes on one line, and gives the exit code. A pipe that was closed is no error.
#[allow(clippy::print_stderr)]
pub(crate) fn failed(error: &anyhow::Error) -> ExitCode {
    if error.chain().any(|cause| cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)) {
        return ExitCode::from(DONE);
    }
    eprintln!("coldtrail: {}", on_one_line(&with_causes(error)));
    ExitCode::from(FAILED)
}

/// `println!` panics when whoever read standard output has gone, as `head` does. That is no failure: the process ends, and says nothing.
pub(crate) fn end_quietly_with_its_reader() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let message = panic.payload_as_str().unwrap_or_default();
        if message.starts_with("failed printing to stdout") && message.contains("Broken pipe") {
            std::process::exit(i32::from(DONE));
        }
        report(panic);
    }));
}

/// A message without line ends, which an object store's answer may bring along: whoever reads a log counts lines.
pub(crate) fn on_one_line(message: &str) -> String {
    message.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The causes joined by colons; one that the message before it already tells is left out.
fn with_causes(error: &anyhow::Error) -> String {
    let mut line = String::new();
    for cause in error.chain() {
        let text = cause.to_string();
        if line.contains(&text) {
            continue;
        }
        if !line.is_empty() {
            line.push_str(": ");
        }
        line.push_str(&text);
    }
    line
}
