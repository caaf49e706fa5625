use crate::normal::Wanted;
use crate::{Error, Place};

use super::collect::{About, Claim, Collector};
use super::rows::{Role, role_of};

/// Reads one indicator a line. Comments begin with `#`, `;` or `//`, or after a space with `#` or `;`. The lines of a hosts file
/// (`0.0.0.0 example.com`) and of filter lists (`||example.com^`) are domains.
pub(super) fn read(text: &str, collector: &mut Collector<'_>) -> Result<(), Error> {
    let mut wanted = Wanted::Anything;
    let mut is_first = true;
    for (index, line) in text.lines().enumerate() {
        let (value, comment) = cut_comment(line);
        if value.is_empty() {
            continue;
        }
        if std::mem::take(&mut is_first)
            && let Some(role) = role_of(value).filter(|role| role.is_indicator())
        {
            if let Role::Value(kind) = role {
                wanted = kind;
            }
            collector.pass_over("header");
            continue;
        }
        let about = About { description: comment.filter(|comment| !comment.is_empty()).map(Into::into), ..About::default() };
        let place = Place { line: index as u64 + 1, path: None };
        let (value, wanted) = bare(value, wanted);
        collector.take(place, value, Claim::Value(wanted), &about)?;
    }
    Ok(())
}

fn cut_comment(line: &str) -> (&str, Option<&str>) {
    let line = line.trim_matches(|letter: char| letter.is_whitespace() || letter == '\u{feff}');
    if line.starts_with(['#', ';', '!']) || line.starts_with("//") {
        return ("", None);
    }
    let at = line.char_indices().find(|(at, letter)| {
        let after_space = line[..*at].ends_with(char::is_whitespace);
        matches!(letter, '#' | ';') && after_space
    });
    match at {
        Some((at, _)) => (line[..at].trim(), Some(line[at + 1..].trim())),
        None => (line, None),
    }
}

/// The value of a line without what hosts files and filter lists write around it.
fn bare(value: &str, wanted: Wanted) -> (&str, Wanted) {
    if let Some((address, name)) = value.split_once(char::is_whitespace)
        && matches!(address, "0.0.0.0" | "127.0.0.1" | "::" | "::1")
    {
        return (name.trim(), Wanted::Host);
    }
    if let Some(name) = value.strip_prefix("||").and_then(|rest| rest.strip_suffix('^')) {
        return (name, Wanted::Host);
    }
    (value.trim_end_matches([',', ';']), wanted)
}
