use crate::parse::epoch_seconds_ms;

/// What every record begins with: `node=host type=SYSCALL msg=audit(1492752522.985:8972):`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Header<'a> {
    /// The host, where the dispatcher noted it.
    pub(super) node: Option<&'a str>,
    /// The type: `SYSCALL`.
    pub(super) kind: &'a str,
    /// Time and serial number, which records of one event share.
    pub(super) id: &'a str,
    /// The rest.
    pub(super) body: &'a str,
}

impl<'a> Header<'a> {
    /// Reads the start of a line. What a syslog header puts before `type=` is passed over.
    pub(super) fn read(line: &'a str) -> Option<Self> {
        let (before, rest) = match line.strip_prefix("type=") {
            Some(rest) => ("", rest),
            None => line.split_once(" type=")?,
        };
        let (kind, rest) = rest.split_once(' ')?;
        let (id, body) = rest.strip_prefix("msg=").unwrap_or(rest).strip_prefix("audit(")?.split_once(')')?;
        let is_kind = !kind.is_empty() && kind.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'[' | b']'));
        let (time, serial) = id.split_once(':')?;
        epoch_seconds_ms(time)?;
        serial.parse::<u64>().ok()?;
        let node = before.split_ascii_whitespace().find_map(|word| word.strip_prefix("node="));
        is_kind.then(|| Self { node, kind, id, body: body.strip_prefix(':').unwrap_or(body) })
    }

    /// When the event happened, in milliseconds since 1970.
    pub(super) fn time_ms(&self) -> Option<i64> {
        epoch_seconds_ms(self.id.split_once(':')?.0)
    }

    /// The number that the kernel gave the event.
    pub(super) fn serial(&self) -> Option<&'a str> {
        self.id.split_once(':').map(|(_, serial)| serial)
    }
}

/// One record with its values decoded.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) kind: String,
    pub(super) values: Vec<(String, String)>,
}

impl Record {
    /// Reads the body of a record of this type.
    pub(super) fn read(kind: &str, body: &str) -> Self {
        let mut record = Self { kind: kind.to_owned(), values: Vec::new() };
        // The record LOGIN once had blanks in its keys.
        let old =
            (kind == "LOGIN").then(|| body.replace("old auid=", "old-auid=").replace("new auid=", "auid=").replace("old ses=", "old-ses="));
        let mut rest = old.as_deref().unwrap_or(body).trim_start();
        while !rest.is_empty() {
            rest = record.take_word(rest).trim_start_matches([' ', '\t', ',', '(', '\u{1d}']);
        }
        record
    }

    /// The value of a key, unless it is one of the many words for nothing.
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        let value = self.values.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())?;
        (!matches!(value, "" | "?" | "(null)" | "(none)" | "(nil)" | "unset")).then_some(value)
    }

    /// Takes one word off the text: `key=value`, or a word alone, which only old records have.
    fn take_word<'a>(&mut self, text: &'a str) -> &'a str {
        let key_end = text.find(|letter: char| !(letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-'))).unwrap_or(text.len());
        let (key, after) = text.split_at(key_end);
        let is_key = key.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
        // `a1[0]=… a1[1]=…` are the pieces of one long argument.
        let piece = after.strip_prefix('[').and_then(|after| after.split_once(']')).filter(|_| self.kind == "EXECVE");
        let after = piece.map_or(after, |(_, after)| after);
        let Some(value) = after.strip_prefix('=').filter(|_| is_key) else { return self.take_bare(text) };
        // `msg='op=login …'` and `SADDR={ … }` hold more of the same.
        if let Some(inner) = value.strip_prefix('\'').filter(|_| key == "msg") {
            return inner;
        }
        if let Some(inner) = value.strip_prefix("{ ") {
            return inner;
        }
        let (value, rest) = match value.strip_prefix('"').and_then(|quoted| quoted.split_once('"')) {
            Some((quoted, rest)) => (quoted.to_owned(), rest.trim_start_matches('\'')),
            None => {
                let end = value.find([' ', '\t', '\u{1d}']).unwrap_or(value.len());
                let (plain, rest) = value.split_at(end);
                let plain = plain.trim_end_matches(['\'', ',', ')']);
                let plain = if plain.is_empty() || value.starts_with("(n") { value[..end].trim_end_matches(['\'', ',']) } else { plain };
                (decode(&self.kind, key, plain), rest)
            }
        };
        match self.values.last_mut().filter(|(last, _)| piece.is_some() && last == key) {
            Some((_, begun)) => begun.push_str(&value),
            None => self.values.push((key.to_owned(), value)),
        }
        rest
    }

    fn take_bare<'a>(&mut self, text: &'a str) -> &'a str {
        let end = text.find([' ', '\t', '\u{1d}']).unwrap_or(text.len()).max(text.chars().next().map_or(0, char::len_utf8));
        let (word, rest) = text.split_at(end);
        match word {
            // `avc:  denied  { read write } for …`
            "denied" | "granted" => self.values.push(("seresult".to_owned(), word.to_owned())),
            "{" => {
                if let Some((permissions, rest)) = rest.split_once('}') {
                    self.values.push(("seperms".to_owned(), permissions.trim().replace(' ', ",")));
                    return rest;
                }
            }
            _ => {
                // Some collectors write command lines decoded and without quotes; operations are words.
                if let Some((_, value)) =
                    self.values.last_mut().filter(|(key, _)| matches!(key.as_str(), "proctitle" | "cmdline" | "cmd" | "op"))
                {
                    value.push(' ');
                    value.push_str(word);
                }
            }
        }
        rest
    }
}

/// The keys whose values a user chooses, which are written in hexadecimal if they hold a blank, a quote or what is not ASCII:
/// <https://github.com/linux-audit/audit-documentation/blob/main/specs/fields/field-dictionary.csv> (`encoded`).
const ENCODED: &[&str] = &[
    "acct",
    "cmd",
    "comm",
    "cwd",
    "data",
    "device",
    "dir",
    "exe",
    "file",
    "key",
    "name",
    "new-disk",
    "new-fs",
    "new-net",
    "new-rng",
    "ocomm",
    "old-disk",
    "old-fs",
    "old-net",
    "old-rng",
    "path",
    "proctitle",
    "sw",
    "vm",
    "watch",
    "unit",
    "invalid_context",
];

fn decode(kind: &str, key: &str, value: &str) -> String {
    let is_argument = kind == "EXECVE" && key.starts_with('a') && !key.ends_with("_len") && key != "argc";
    if !is_argument && !ENCODED.contains(&key) {
        return value.to_owned();
    }
    hex_bytes(value).map_or_else(|| value.to_owned(), |bytes| text_of(key, &bytes))
}

/// The arguments of a process are separated by zero bytes.
fn text_of(key: &str, bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes).into_owned();
    if key == "proctitle" { text.trim_end_matches('\0').replace('\0', " ") } else { text }
}

/// The bytes of a text of pairs of hexadecimal digits, as the kernel writes them: capitals only.
pub(super) fn hex_bytes(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    };
    if text.is_empty() || !text.len().is_multiple_of(2) {
        return None;
    }
    text.as_bytes().chunks_exact(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}
