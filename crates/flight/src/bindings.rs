use std::collections::VecDeque;

use bytes::Bytes;
use parking_lot::Mutex;

const STATEMENTS_MAX: usize = 1024;
const BYTES_MAX: usize = 64 << 20;

/// What was last bound to a prepared statement, for older clients that go on with the handle they had before binding.
///
/// Newer ones take the handle that binding returns and need nothing here. The oldest statements are forgotten first.
#[derive(Debug, Default)]
pub(crate) struct Bindings {
    statements: Mutex<VecDeque<(Vec<u8>, Bytes)>>,
}

impl Bindings {
    pub(crate) fn remember(&self, statement: &[u8], rows: Option<&Bytes>) {
        self.forget(statement);
        let Some(rows) = rows else { return };
        let mut statements = self.statements.lock();
        statements.push_back((statement.to_vec(), rows.clone()));
        let mut bytes: usize = statements.iter().map(|(_, rows)| rows.len()).sum();
        while statements.len() > STATEMENTS_MAX || bytes > BYTES_MAX {
            bytes -= statements.pop_front().map_or(bytes, |(_, rows)| rows.len());
        }
    }

    pub(crate) fn find(&self, statement: &[u8]) -> Option<Bytes> {
        self.statements.lock().iter().find(|(id, _)| id == statement).map(|(_, rows)| rows.clone())
    }

    pub(crate) fn forget(&self, statement: &[u8]) {
        self.statements.lock().retain(|(id, _)| id != statement);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_binding_counts_until_it_is_forgotten() {
        let bindings = Bindings::default();
        bindings.remember(b"a", Some(&"1".into()));
        bindings.remember(b"b", Some(&"2".into()));
        bindings.remember(b"a", Some(&"3".into()));
        assert_eq!(bindings.find(b"a"), Some("3".into()));
        bindings.remember(b"a", None);
        assert_eq!(bindings.find(b"a"), None);
        bindings.forget(b"b");
        assert_eq!(bindings.find(b"b"), None);
    }

    #[test]
    fn memory_is_bounded_by_statements_and_by_bytes() {
        let bindings = Bindings::default();
        for number in 0..STATEMENTS_MAX + 10 {
            bindings.remember(&number.to_le_bytes(), Some(&"1".into()));
        }
        assert_eq!(bindings.statements.lock().len(), STATEMENTS_MAX);
        bindings.remember(b"large", Some(&vec![0; BYTES_MAX].into()));
        assert_eq!(bindings.statements.lock().len(), 1);
    }
}
