//! A line of `key=value` pairs as a tree, as FortiGate and others write them:
//!
//! ```text
//! <189>date=2026-03-01 type="event" action="Add" cfgpath="system.admin" msg="a \"b\""
//! {"date": "2026-03-01", "type": "event", "action": "Add", "cfgpath": "system.admin", "msg": "a \"b\""}
//! ```

use serde_json_borrow::Value as Json;

/// Fewer pairs than this are a line of something else that has an equals sign.
const PAIRS_MIN: usize = 3;

/// Reads the pairs of a line, whatever stands before the first; `None` if it has too few to be one.
pub(crate) fn read(line: &str) -> Option<Json<'_>> {
    let mut members: Vec<(&str, Json<'_>)> = Vec::new();
    let mut rest = line.trim();
    while let Some(at) = rest.find('=') {
        let key = rest[..at].rsplit([' ', ',', '>', '\t']).next().unwrap_or_default();
        let (value, after) = value_of(&rest[at + 1..]);
        if is_key(key) {
            members.push((key, Json::Str(value.into())));
        }
        rest = after;
    }
    (members.len() >= PAIRS_MIN).then(|| Json::Object(members.into()))
}

fn is_key(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
}

/// What stands behind the equals sign, without its quotes, and the rest of the line.
fn value_of(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([' ', ',', '\t']).unwrap_or(text.len());
        return (text[..end].to_owned(), &text[end..]);
    };
    let (mut value, mut is_escaped) = (String::new(), false);
    for (at, character) in quoted.char_indices() {
        match character {
            '"' if !is_escaped => return (value, &quoted[at + 1..]),
            '\\' if !is_escaped => is_escaped = true,
            '"' | '\\' => {
                value.push(character);
                is_escaped = false;
            }
            character => {
                if is_escaped {
                    value.push('\\');
                }
                value.push(character);
                is_escaped = false;
            }
        }
    }
    (value, "")
}
