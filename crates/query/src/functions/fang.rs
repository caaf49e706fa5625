use std::borrow::Cow;
use std::net::Ipv6Addr;

/// How analysts write an indicator so that nothing opens it, and what it stands for. Longer forms first.
const DEFANGED: &[(&str, &str)] = &[
    ("[://]", "://"),
    ("[dot]", "."),
    ("(dot)", "."),
    ("{dot}", "."),
    ("[at]", "@"),
    ("(at)", "@"),
    ("{at}", "@"),
    ("[.]", "."),
    ("(.)", "."),
    ("{.}", "."),
    ("[.", "."),
    (".]", "."),
    ("[:]", ":"),
    ("(:)", ":"),
    ("[/]", "/"),
    ("[@]", "@"),
    ("(@)", "@"),
];

/// Schemes that nothing opens, and what they stand for.
const SCHEMES: &[(&str, &str)] = &[("hxxps", "https"), ("hxxp", "http"), ("fxp", "ftp"), ("meow", "http")];

/// A defanged indicator, made whole again.
pub(super) fn refang(text: &str) -> Cow<'_, str> {
    let text = refang_marks(text);
    match refang_scheme(&text) {
        Some(whole) => Cow::Owned(whole),
        None => text,
    }
}

fn refang_marks(text: &str) -> Cow<'_, str> {
    if !text.contains(['[', '(', '{', ']']) {
        return Cow::Borrowed(text);
    }
    let mut whole = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        match DEFANGED.iter().find(|(mark, _)| starts_with(rest, mark)) {
            Some((mark, meaning)) => {
                whole.push_str(meaning);
                rest = &rest[mark.len()..];
            }
            None => {
                whole.push(character);
                rest = &rest[character.len_utf8()..];
            }
        }
    }
    Cow::Owned(whole)
}

fn refang_scheme(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once("://")?;
    let (_, meaning) = SCHEMES.iter().find(|(defanged, _)| scheme.eq_ignore_ascii_case(defanged))?;
    Some(format!("{meaning}://{rest}"))
}

fn starts_with(text: &str, mark: &str) -> bool {
    text.as_bytes().get(..mark.len()).is_some_and(|start| start.eq_ignore_ascii_case(mark.as_bytes()))
}

/// An indicator that nothing opens.
pub(super) fn defang(text: &str) -> String {
    let text = refang(text);
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) => (Some(scheme), rest),
        None => (None, text.as_ref()),
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let mut safe = String::with_capacity(text.len() + 16);
    if let Some(scheme) = scheme {
        let defanged = SCHEMES.iter().find(|(_, meaning)| scheme.eq_ignore_ascii_case(meaning)).map(|(defanged, _)| *defanged);
        safe.push_str(defanged.unwrap_or(scheme));
        safe.push_str("://");
    }
    let is_ipv6 = authority.parse::<Ipv6Addr>().is_ok();
    for character in authority.chars() {
        match character {
            '.' => safe.push_str("[.]"),
            '@' => safe.push_str("[@]"),
            ':' if is_ipv6 => safe.push_str("[:]"),
            other => safe.push(other),
        }
    }
    safe.push_str(path);
    safe
}
