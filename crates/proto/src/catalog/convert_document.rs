//! Documents to messages and back.

use coldtrail_model::{Document, DocumentAction, DocumentChange};
use v1::document_change::Action;

use super::v1;
use crate::Error;

impl From<&Document> for v1::Document {
    fn from(document: &Document) -> Self {
        let Document { kind, key, version, body, changed_ms, changed_by } = document;
        Self {
            kind: kind.clone(),
            key: key.clone(),
            version: *version,
            body: body.clone(),
            changed_ms: *changed_ms,
            changed_by: changed_by.clone(),
        }
    }
}

impl TryFrom<v1::Document> for Document {
    type Error = Error;

    fn try_from(document: v1::Document) -> Result<Self, Error> {
        let v1::Document { kind, key, version, body, changed_ms, changed_by } = document;
        check_name(&kind, &key, "Document")?;
        Ok(Self { kind, key, version, body, changed_ms, changed_by })
    }
}

impl From<&DocumentChange> for v1::DocumentChange {
    fn from(change: &DocumentChange) -> Self {
        let DocumentChange { kind, key, expected_version, action, changed_ms, changed_by } = change;
        let action = match action {
            DocumentAction::Put(body) => Action::Body(body.clone()),
            DocumentAction::Delete => Action::Deletion(v1::DocumentDeletion {}),
        };
        Self {
            kind: kind.clone(),
            key: key.clone(),
            expected_version: *expected_version,
            action: Some(action),
            changed_ms: *changed_ms,
            changed_by: changed_by.clone(),
        }
    }
}

/// The names are not checked here: whether a change can be made is judged by the catalog, which says why not.
impl TryFrom<v1::DocumentChange> for DocumentChange {
    type Error = Error;

    fn try_from(change: v1::DocumentChange) -> Result<Self, Error> {
        let v1::DocumentChange { kind, key, expected_version, action, changed_ms, changed_by } = change;
        let action = match action.ok_or(Error::Missing { message: "DocumentChange", field: "action" })? {
            Action::Body(body) => DocumentAction::Put(body),
            Action::Deletion(v1::DocumentDeletion {}) => DocumentAction::Delete,
        };
        Ok(Self { kind, key, expected_version, action, changed_ms, changed_by })
    }
}

fn check_name(kind: &str, key: &str, message: &'static str) -> Result<(), Error> {
    Document::check_name(kind, key).map_err(|source| match source {
        coldtrail_model::Error::NotADocumentKey { .. } => Error::Value { message, field: "key", source },
        _ => Error::Value { message, field: "kind", source },
    })
}
