use std::borrow::Cow;

/// See [`super::number_placeholders`].
pub(super) fn number(sql: &str) -> Cow<'_, str> {
    let mut numbered = String::new();
    let (mut copied, mut count) = (0, 0);
    for at in positions(sql) {
        count += 1;
        numbered.push_str(&sql[copied..at]);
        numbered.push_str(&format!("${count}"));
        copied = at + 1;
    }
    match count {
        0 => Cow::Borrowed(sql),
        _ => Cow::Owned(numbered + &sql[copied..]),
    }
}

/// Where a `?` stands for a value. One in a string, a name or a comment does not, nor one that is an operator (`a ? 'key'`).
fn positions(sql: &str) -> Vec<usize> {
    let bytes = sql.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    // True after something that can be the left side of an operator.
    let mut after_operand = false;
    while at < bytes.len() {
        let rest = &sql[at..];
        let byte = bytes[at];
        let length = match byte {
            b'\'' | b'"' | b'`' => quoted(rest, byte),
            b'-' if rest.starts_with("--") => rest.find('\n').unwrap_or(rest.len()),
            b'/' if rest.starts_with("/*") => block_comment(rest),
            b'$' => dollar_quoted(rest).unwrap_or_else(|| word(rest)),
            b'?' if !after_operand && !operator_follows(rest) => {
                found.push(at);
                1
            }
            _ if is_word(byte) => word(rest),
            _ => 1,
        };
        let is_comment = rest.starts_with("--") || rest.starts_with("/*");
        if !is_comment && !byte.is_ascii_whitespace() {
            let token = &rest[..length];
            after_operand = matches!(byte, b'\'' | b'"' | b'`' | b'$' | b')' | b']')
                || found.last() == Some(&at)
                || (is_word(byte) && !is_keyword_before_value(token));
        }
        at += length;
    }
    found
}

/// `?|` and `?&` are operators wherever they stand.
fn operator_follows(rest: &str) -> bool {
    matches!(rest.as_bytes().get(1), Some(b'&')) || (rest.starts_with("?|") && !rest.starts_with("?||"))
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii()
}

fn word(rest: &str) -> usize {
    let end = rest.bytes().skip(1).position(|byte| !is_word(byte));
    end.map_or(rest.len(), |end| end + 1)
}

/// Up to the closing quote; a doubled quote is part of the text.
fn quoted(rest: &str, quote: u8) -> usize {
    let bytes = rest.as_bytes();
    let mut at = 1;
    while at < bytes.len() {
        match (bytes[at] == quote, bytes.get(at + 1) == Some(&quote)) {
            (true, true) => at += 2,
            (true, false) => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// Block comments nest.
fn block_comment(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let (mut at, mut depth) = (0, 0);
    while at < bytes.len() {
        match bytes.get(at..at + 2) {
            Some(b"/*") => (depth, at) = (depth + 1, at + 2),
            Some(b"*/") if depth == 1 => return at + 2,
            Some(b"*/") => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
    }
    rest.len()
}

/// `$$text$$` and `$tag$text$tag$`.
fn dollar_quoted(rest: &str) -> Option<usize> {
    let tag_end = 1 + rest[1..].bytes().position(|byte| !is_word(byte))?;
    if rest.as_bytes()[tag_end] != b'$' || rest.as_bytes()[1].is_ascii_digit() {
        return None;
    }
    let tag = &rest[..=tag_end];
    let text = &rest[tag.len()..];
    Some(text.find(tag).map_or(rest.len(), |end| tag.len() + end + tag.len()))
}

/// Words that a value may follow, so that a `?` behind them is one.
fn is_keyword_before_value(word: &str) -> bool {
    const KEYWORDS: [&str; 35] = [
        "all",
        "and",
        "any",
        "as",
        "between",
        "by",
        "case",
        "distinct",
        "else",
        "escape",
        "except",
        "fetch",
        "first",
        "having",
        "ilike",
        "in",
        "intersect",
        "is",
        "like",
        "limit",
        "next",
        "not",
        "offset",
        "on",
        "or",
        "return",
        "select",
        "similar",
        "some",
        "then",
        "to",
        "union",
        "values",
        "when",
        "where",
    ];
    KEYWORDS.contains(&word.to_ascii_lowercase().as_str())
}
