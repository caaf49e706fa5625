use std::borrow::Cow;

use aho_corasick::{AhoCorasick, MatchKind};
use std::sync::LazyLock;

/// What people write so that a value cannot be clicked on, and what it stands for. Longer ones come first where they overlap.
const DEFANGED: &[(&str, &str)] = &[
    ("[://]", "://"),
    ("[:]//", "://"),
    ("[dot]", "."),
    ("(dot)", "."),
    ("{dot}", "."),
    ("[.]", "."),
    ("(.)", "."),
    ("{.}", "."),
    ("[at]", "@"),
    ("(at)", "@"),
    ("{at}", "@"),
    ("[@]", "@"),
    ("(@)", "@"),
    ("{@}", "@"),
    ("[:]", ":"),
    ("(:)", ":"),
    ("[/]", "/"),
    ("[.", "."),
    (".]", "."),
    ("\\.", "."),
    ("\u{3002}", "."),
];

/// Beginnings that stand for a scheme.
const SCHEMES: &[(&str, &str)] =
    &[("hxxps", "https"), ("hxxp", "http"), ("h**ps", "https"), ("h**p", "http"), ("hxtp", "http"), ("htxp", "http"), ("fxp", "ftp")];

/// A value without what cannot be seen around and inside it, and without quotes around it.
pub(crate) fn clean(raw: &str) -> Cow<'_, str> {
    let mut text = raw.trim();
    for quote in ['"', '\'', '`'] {
        if let Some(inner) = text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) {
            text = inner.trim();
        }
    }
    match text.chars().any(is_invisible) {
        true => text.chars().filter(|letter| !is_invisible(*letter)).collect::<String>().trim().to_owned().into(),
        false => text.into(),
    }
}

/// The value that a defanged one stands for: `hxxps[:]//evil[.]example` is `https://evil.example`.
pub(crate) fn refang(text: &str) -> Cow<'_, str> {
    static FINDER: LazyLock<AhoCorasick> = LazyLock::new(|| {
        let builder = &mut AhoCorasick::builder();
        let finder = builder.ascii_case_insensitive(true).match_kind(MatchKind::LeftmostFirst);
        finder.build(DEFANGED.iter().map(|(from, _)| *from)).expect("a few short texts make a small automaton")
    });
    let mut value = match FINDER.is_match(text) {
        true => {
            let to: Vec<&str> = DEFANGED.iter().map(|(_, to)| *to).collect();
            Cow::Owned(FINDER.replace_all(text, &to))
        }
        false => Cow::Borrowed(text),
    };
    for (from, to) in SCHEMES {
        let rest = value.get(..from.len()).filter(|head| head.eq_ignore_ascii_case(from)).and_then(|_| value.get(from.len()..));
        if let Some(rest) = rest.filter(|rest| rest.starts_with("://")) {
            value = Cow::Owned(format!("{to}{rest}"));
            break;
        }
    }
    value
}

/// True for characters that take no room: they get into feeds by copying from web pages.
fn is_invisible(letter: char) -> bool {
    matches!(letter, '\u{00ad}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
}
