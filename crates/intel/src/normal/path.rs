use std::borrow::Cow;

use crate::IndicatorKind;

use super::{Normal, Refusal, normalise_pattern, rejected};

/// Variables of Windows at the beginning of a path, and the folder that they stand for, without its drive or user.
const VARIABLES: &[(&str, &str)] = &[
    ("%systemroot%", r"windows\"),
    ("%windir%", r"windows\"),
    ("%system%", r"windows\system32\"),
    ("%programfiles%", r"program files\"),
    ("%programfiles(x86)%", r"program files (x86)\"),
    ("%commonprogramfiles%", r"program files\common files\"),
    ("%programdata%", r"programdata\"),
    ("%allusersprofile%", r"programdata\"),
    ("%public%", r"users\public\"),
    ("%appdata%", r"appdata\roaming\"),
    ("%localappdata%", r"appdata\local\"),
    ("%temp%", r"temp\"),
    ("%tmp%", r"temp\"),
];

/// Where a path begins, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Root {
    /// Anywhere: the path is only the end of one.
    Any,
    /// At `/`.
    Slash,
    /// At `\\`: the next part is a machine.
    Machine,
    /// At a drive, in lower case.
    Drive(u8),
}

/// A name or path as an indicator: a name if it has no folder, a path if it has one.
pub(crate) fn normal(kind: IndicatorKind, text: &str) -> Result<Normal, Refusal> {
    if text.contains('*') {
        let pattern = text.replace('[', "[[]").replace('?', "[?]");
        return normalise_pattern(if has_folder(text) { IndicatorKind::FilePath } else { kind }, &pattern);
    }
    let folded = expand(&fold(text));
    let (_, tail) = split_root(&folded);
    if tail.is_empty() {
        return rejected(format!("{text:?} names no file"));
    }
    let kind = match (has_folder(&folded), kind) {
        (true, _) => IndicatorKind::FilePath,
        (false, IndicatorKind::FilePath) => IndicatorKind::FileName,
        (false, kind) => kind,
    };
    Ok(Normal::new(kind, folded))
}

/// A name or path in the form that both sides are compared in: lower case, one separator between two parts, `\` on Windows.
pub(crate) fn fold(text: &str) -> String {
    let text = text.trim().trim_matches('"');
    let is_windows = text.contains('\\') || text.as_bytes().get(1) == Some(&b':') || text.starts_with('%');
    let text: Cow<'_, str> = if is_windows && text.contains('/') { text.replace('/', "\\").into() } else { text.into() };
    let (head, rest) = without_prefix(&text);
    // The two backslashes before the name of a machine are the only ones that stay two.
    let is_machine = is_windows && !head.is_empty() || rest.starts_with(r"\\") && !rest.starts_with(r"\\\");
    let rest = if is_machine { rest.trim_start_matches('\\') } else { rest };
    let mut folded = String::with_capacity(rest.len() + 2);
    folded.push_str(if is_machine { r"\\" } else { "" });
    match rest.is_ascii() && !has_repeats(rest.as_bytes()) {
        true => {
            folded.push_str(rest);
            folded.make_ascii_lowercase();
        }
        false => rest.chars().flat_map(char::to_lowercase).for_each(|letter| push(&mut folded, letter)),
    }
    // A folder is the same with a separator behind it and without; `c:\` is not the same as `c:`.
    while folded.len() > 3 && folded.ends_with(is_separator) {
        folded.pop();
    }
    match folded.strip_prefix(r"\systemroot\") {
        Some(rest) => format!(r"\windows\{rest}"),
        None => folded,
    }
}

/// True if some separator stands twice. Without a way out, the loop takes many bytes at once.
fn has_repeats(bytes: &[u8]) -> bool {
    let next = bytes.get(1..).unwrap_or_default();
    bytes.iter().zip(next).fold(false, |found, (one, other)| found | ((one == other) & ((*one == b'\\') | (*one == b'/'))))
}

/// Adds a letter, unless it is a separator that stands there already.
fn push(folded: &mut String, letter: char) {
    if !(is_separator(letter) && folded.ends_with(letter)) {
        folded.push(letter);
    }
}

/// A path without what Windows' own functions put before one, and the name of the network if there was one.
fn without_prefix(text: &str) -> (&str, &str) {
    let rest = [r"\??\", r"\\?\", r"\\.\"].into_iter().find_map(|prefix| text.strip_prefix(prefix)).unwrap_or(text);
    match rest.get(..4) {
        Some(network) if rest.len() < text.len() && network.eq_ignore_ascii_case(r"UNC\") => rest.split_at(4),
        _ => ("", rest),
    }
}

/// A path that begins with a variable as the end of a path.
fn expand(folded: &str) -> String {
    for (variable, folder) in VARIABLES {
        if let Some(rest) = folded.strip_prefix(variable) {
            return format!("{folder}{}", rest.trim_start_matches('\\'));
        }
    }
    let home = folded.strip_prefix("~/").or_else(|| folded.strip_prefix("$home/"));
    let unknown = folded.strip_prefix('%').and_then(|rest| rest.split_once('%')).map(|(_, rest)| rest.trim_start_matches('\\'));
    home.or(unknown).unwrap_or(folded).to_owned()
}

/// Where a folded path begins, and the rest.
pub(crate) fn split_root(folded: &str) -> (Root, &str) {
    let bytes = folded.as_bytes();
    match bytes {
        [b'\\', b'\\', ..] => (Root::Machine, &folded[2..]),
        [b'\\', ..] => (Root::Any, &folded[1..]),
        [b'/', ..] => (Root::Slash, &folded[1..]),
        [drive @ b'a'..=b'z', b':', b'\\', ..] => (Root::Drive(*drive), &folded[3..]),
        _ => (Root::Any, folded),
    }
}

impl Root {
    /// True if what stands before the end of an observed path can be this root.
    pub(crate) fn allows(self, before: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Slash => before == "/",
            Self::Machine => before == r"\\",
            Self::Drive(drive) => {
                let bytes = before.as_bytes();
                matches!(bytes, [found, b':', b'\\'] if *found == drive) || before == "\\" || is_volume(before)
            }
        }
    }
}

/// True for the beginning of a path as the kernel writes it, which does not name the drive: `\device\harddiskvolume3\`.
fn is_volume(before: &str) -> bool {
    let number = before.strip_prefix(r"\device\harddiskvolume").and_then(|rest| rest.strip_suffix('\\'));
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// True for what stands between two parts of a path.
pub(crate) fn is_separator(letter: char) -> bool {
    matches!(letter, '\\' | '/')
}

fn has_folder(text: &str) -> bool {
    text.contains(is_separator)
}
