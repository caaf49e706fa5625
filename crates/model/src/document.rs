use serde::{Deserialize, Serialize};

use crate::Error;

/// A small named record that all nodes agree on: a hunt file, a finding, an indicator set, a schedule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// What it is, such as `hunt_file`: 1 to 32 of `a` to `z` and `_`.
    pub kind: String,
    /// Its name among those of its kind: 1 to 256 printable ASCII characters, the space included.
    pub key: String,
    /// Grows with every change, and is never given again, even once the document was deleted. At least 1.
    pub version: u64,
    /// What it says; the kind says how that is to be read.
    pub body: Vec<u8>,
    /// When it was changed the last time, in milliseconds since 1970, UTC.
    pub changed_ms: i64,
    /// Who changed it the last time.
    pub changed_by: String,
}

/// What is to become of one document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentChange {
    /// See [`Document::kind`].
    pub kind: String,
    /// See [`Document::key`].
    pub key: String,
    /// The version that the caller saw: the change is refused if it is another by now. 0 if there must be no such document;
    /// none if it does not matter.
    pub expected_version: Option<u64>,
    /// What is done.
    pub action: DocumentAction,
    /// When it was asked for, in milliseconds since 1970, UTC. A retry says the same.
    pub changed_ms: i64,
    /// Who asked for it. A retry says the same.
    pub changed_by: String,
}

/// What is done to a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum DocumentAction {
    /// Makes it, or replaces what is there, with this body.
    Put(Vec<u8>),
    /// Deletes it. One that is not there is deleted already.
    Delete,
}

impl Document {
    /// The longest name of a kind, in bytes.
    pub const KIND_BYTES_MAX: usize = 32;

    /// The longest key, in bytes.
    pub const KEY_BYTES_MAX: usize = 256;

    /// Refuses names that no document can have, with the reason.
    pub fn check_name(kind: &str, key: &str) -> Result<(), Error> {
        let is_kind = kind.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        if !is_kind || !(1..=Self::KIND_BYTES_MAX).contains(&kind.len()) {
            return Err(Error::NotADocumentKind { kind: shown(kind) });
        }
        let is_key = key.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
        if !is_key || !(1..=Self::KEY_BYTES_MAX).contains(&key.len()) {
            return Err(Error::NotADocumentKey { key: shown(key) });
        }
        Ok(())
    }
}

impl DocumentChange {
    /// Makes a document, or replaces what is there.
    pub fn put(kind: &str, key: String, body: Vec<u8>, changed_ms: i64, changed_by: &str) -> Self {
        let action = DocumentAction::Put(body);
        Self { kind: kind.to_owned(), key, expected_version: None, action, changed_ms, changed_by: changed_by.to_owned() }
    }

    /// Deletes a document, if it is there.
    pub fn delete(kind: &str, key: String, changed_ms: i64, changed_by: &str) -> Self {
        let action = DocumentAction::Delete;
        Self { kind: kind.to_owned(), key, expected_version: None, action, changed_ms, changed_by: changed_by.to_owned() }
    }

    /// The same, refused if the document has another version by now; 0 if there must be none.
    #[must_use]
    pub fn expecting(self, version: u64) -> Self {
        Self { expected_version: Some(version), ..self }
    }

    /// The document that this change leaves, at the version that it was given; none if it deletes it.
    pub fn into_document(self, version: u64) -> Option<Document> {
        let Self { kind, key, expected_version: _, action, changed_ms, changed_by } = self;
        match action {
            DocumentAction::Put(body) => Some(Document { kind, key, version, body, changed_ms, changed_by }),
            DocumentAction::Delete => None,
        }
    }
}

/// As much of a name as tells that it is too long.
fn shown(name: &str) -> String {
    name.chars().take(Document::KEY_BYTES_MAX + 1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_a_short_word_and_a_key_is_a_printable_name() {
        let (long_kind, long_key) = ("k".repeat(32), "~".repeat(256));
        for (kind, key) in [("hunt_file", "T1110 password spray"), ("a", "!"), (&long_kind, &long_key)] {
            assert_eq!(Document::check_name(kind, key), Ok(()));
        }
        for kind in ["", "Hunt", "hunt-file", "hunt2", "hünt", &format!("{long_kind}k")] {
            assert_eq!(Document::check_name(kind, "a"), Err(Error::NotADocumentKind { kind: kind.to_owned() }));
        }
        for key in ["", "a\n", "a\tb", "\u{7f}", "größe", &format!("{long_key}~")] {
            assert_eq!(Document::check_name("a", key), Err(Error::NotADocumentKey { key: key.to_owned() }));
        }
    }
}
