//! The judgement of changes to documents.

use std::collections::HashSet;
use std::sync::Arc;

use coldtrail_model::{Document, DocumentAction, DocumentChange};
use imbl::OrdMap;

use super::Contents;
use crate::raft::Refusal;
use crate::{CHANGED_BY_BYTES_MAX, DOCUMENT_BYTES_MAX, DOCUMENT_CHANGES_BYTES_MAX, DOCUMENTS_BYTES_MAX, DOCUMENTS_MAX};

/// What a change or a document takes beside its texts, about.
const FIXED_BYTES: usize = 64;

/// The documents by kind and key.
#[derive(Debug, Clone, Default)]
pub(super) struct Documents {
    by_kind: OrdMap<String, OrdMap<String, Arc<Document>>>,
    pub(super) count: usize,
    pub(super) bytes: usize,
    /// The highest version of a document that was deleted. A new one starts above it, so that no version is given twice: who
    /// saw a document that was deleted and made again since is told so.
    deleted_version_max: u64,
}

impl Contents {
    /// The contents after these changes, all of them or none, and the versions that are stored: 0 where a document was deleted.
    pub(crate) fn put_documents(&self, changes: Vec<DocumentChange>) -> Result<(Self, Vec<u64>), Refusal> {
        check_document_changes(&changes)?;
        let mut next = self.clone();
        let versions = changes.into_iter().map(|change| next.documents.change(change)).collect::<Result<_, _>>()?;
        let (before, after) = (&self.documents, &next.documents);
        if after.count > DOCUMENTS_MAX && after.count > before.count {
            return Err(Refusal::TooManyDocuments);
        }
        if after.bytes > DOCUMENTS_BYTES_MAX && after.bytes > before.bytes {
            return Err(Refusal::TooManyDocumentBytes);
        }
        Ok((next, versions))
    }

    /// One document.
    pub(crate) fn document(&self, kind: &str, key: &str) -> Option<&Arc<Document>> {
        self.documents.get(kind, key)
    }

    /// The documents of a kind, in order of their keys.
    pub(crate) fn documents_of(&self, kind: &str) -> impl Iterator<Item = &Arc<Document>> {
        self.documents.by_kind.get(kind).into_iter().flat_map(OrdMap::values)
    }

    /// The documents of all kinds.
    pub(crate) fn all_documents(&self) -> impl Iterator<Item = &Arc<Document>> {
        self.documents.by_kind.values().flat_map(OrdMap::values)
    }

    /// The highest version of a document that was deleted.
    pub(crate) fn deleted_version_max(&self) -> u64 {
        self.documents.deleted_version_max
    }

    /// Takes over from an image what it says of those that were deleted.
    pub(crate) fn restore_deleted_version_max(&mut self, version: u64) {
        self.documents.deleted_version_max = version;
    }

    /// Takes over a document from an image. False if it is there twice.
    pub(crate) fn restore_document(&mut self, document: Document) -> bool {
        let is_new = self.document(&document.kind, &document.key).is_none();
        if is_new {
            self.documents.insert(document);
        }
        is_new
    }
}

impl Documents {
    fn get(&self, kind: &str, key: &str) -> Option<&Arc<Document>> {
        self.by_kind.get(kind)?.get(key)
    }

    /// Makes one change. Gives the version that is stored then; 0 if there is none.
    fn change(&mut self, change: DocumentChange) -> Result<u64, Refusal> {
        let present = self.get(&change.kind, &change.key);
        let version = present.map_or(0, |document| document.version);
        if is_made(present.map(Arc::as_ref), &change) {
            return Ok(version);
        }
        if change.expected_version.is_some_and(|expected| expected != version) {
            return Err(Refusal::DocumentChanged { kind: change.kind, key: change.key, version });
        }
        self.remove(&change.kind, &change.key);
        let stored = if version == 0 { self.deleted_version_max } else { version }.saturating_add(1);
        match change.into_document(stored) {
            Some(document) => {
                self.insert(document);
                Ok(stored)
            }
            None => {
                self.deleted_version_max = self.deleted_version_max.max(version);
                Ok(0)
            }
        }
    }

    fn insert(&mut self, document: Document) {
        self.count += 1;
        self.bytes += document_bytes(&document);
        self.by_kind.entry(document.kind.clone()).or_default().insert(document.key.clone(), Arc::new(document));
    }

    fn remove(&mut self, kind: &str, key: &str) {
        let Some(of_kind) = self.by_kind.get_mut(kind) else { return };
        if let Some(removed) = of_kind.remove(key) {
            self.count -= 1;
            self.bytes -= document_bytes(&removed);
        }
        if of_kind.is_empty() {
            self.by_kind.remove(kind);
        }
    }
}

/// Refuses changes that no state could accept.
pub(crate) fn check_document_changes(changes: &[DocumentChange]) -> Result<(), Refusal> {
    let invalid = |reason: String| Err(Refusal::DocumentInvalid { reason });
    let (mut names, mut bytes_total) = (HashSet::new(), 0);
    for change in changes {
        let DocumentChange { kind, key, action, changed_by, .. } = change;
        Document::check_name(kind, key).map_err(|error| Refusal::DocumentInvalid { reason: error.to_string() })?;
        if !names.insert((kind, key)) {
            return invalid(format!("{kind} {key:?} is in the change twice"));
        }
        if changed_by.len() > CHANGED_BY_BYTES_MAX {
            return invalid(format!("the name of who changed {kind} {key:?} is longer than {CHANGED_BY_BYTES_MAX} bytes"));
        }
        let bytes = match action {
            DocumentAction::Put(body) => body.len(),
            DocumentAction::Delete => 0,
        };
        if bytes > DOCUMENT_BYTES_MAX {
            return Err(Refusal::DocumentTooLarge { kind: kind.clone(), key: key.clone(), bytes: bytes as u64 });
        }
        bytes_total += kind.len() + key.len() + changed_by.len() + bytes + FIXED_BYTES;
    }
    if bytes_total > DOCUMENT_CHANGES_BYTES_MAX {
        return invalid(format!("one change has {bytes_total} bytes, and {DOCUMENT_CHANGES_BYTES_MAX} are the most; make several"));
    }
    Ok(())
}

/// True if the document is as the change leaves it: the answer to an earlier try was lost.
fn is_made(present: Option<&Document>, change: &DocumentChange) -> bool {
    let (body, present) = match (&change.action, present) {
        (DocumentAction::Put(body), Some(present)) => (body, present),
        (DocumentAction::Delete, None) => return true,
        _ => return false,
    };
    let follows = match change.expected_version {
        None | Some(0) => true,
        Some(expected) => present.version == expected.saturating_add(1),
    };
    follows && present.body == *body && present.changed_ms == change.changed_ms && present.changed_by == change.changed_by
}

fn document_bytes(document: &Document) -> usize {
    let Document { kind, key, body, changed_by, .. } = document;
    kind.len() + key.len() + body.len() + changed_by.len() + FIXED_BYTES
}
