/// A word or sign of a pattern.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// A keyword or a part of a path: `AND`, `ipv4-addr`.
    Word(String),
    /// A text in quotes, without them.
    Text(String),
    /// A literal of another kind as written: a number, `t'…'`, `h'…'`, `b'…'`.
    Other(String),
    /// A sign: `[`, `=`, `!=`, `.`, …
    Sign(&'static str),
}

/// Signs, longer ones first.
const SIGNS: &[&str] = &["!=", "<>", "<=", ">=", "[", "]", "(", ")", "=", "<", ">", ":", ".", ",", "*"];

/// The tokens of a pattern, each with its place in bytes.
pub(super) fn tokens(pattern: &str) -> Result<Vec<(usize, Token)>, String> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(letter) = pattern[at..].chars().next() {
        let rest = &pattern[at..];
        if letter.is_whitespace() {
            at += letter.len_utf8();
            continue;
        }
        if let Some(end) = rest.strip_prefix("/*").and_then(|rest| rest.find("*/")) {
            at += end + 4;
            continue;
        }
        let (token, length) =
            token(rest).ok_or_else(|| format!("{letter:?} at character {} is unexpected", pattern[..at].chars().count() + 1))?;
        tokens.push((at, token));
        at += length;
    }
    Ok(tokens)
}

fn token(rest: &str) -> Option<(Token, usize)> {
    if rest.starts_with('\'') {
        return quoted(rest).map(|(text, length)| (Token::Text(text), length));
    }
    let is_prefixed = matches!(rest.as_bytes(), [b't' | b'h' | b'b', b'\'', ..]);
    if is_prefixed {
        let (_, length) = quoted(&rest[1..])?;
        return Some((Token::Other(rest[..=length].to_owned()), length + 1));
    }
    if rest.starts_with(|first: char| first.is_ascii_digit() || first == '-' || first == '+') {
        let end = rest[1..].find(|letter: char| !letter.is_ascii_digit() && letter != '.').map_or(rest.len(), |end| end + 1);
        return Some((Token::Other(rest[..end].to_owned()), end));
    }
    if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
        return Some((Token::Sign(sign), sign.len()));
    }
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '-' || letter == '_';
    let end = rest.find(|letter: char| !is_word(letter)).unwrap_or(rest.len());
    (end > 0).then(|| (Token::Word(rest[..end].to_owned()), end))
}

/// A text in single quotes, in which a backslash stands before a quote or a backslash; and its length.
fn quoted(rest: &str) -> Option<(String, usize)> {
    let mut text = String::new();
    let mut letters = rest.char_indices().skip(1);
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\'' => return Some((text, at + 1)),
            '\\' => match letters.next()? {
                (_, escaped @ ('\'' | '\\')) => text.push(escaped),
                // Not allowed, but what is meant is plain: a path whose backslashes were not doubled.
                (_, other) => text.extend(['\\', other]),
            },
            letter => text.push(letter),
        }
    }
    None
}
