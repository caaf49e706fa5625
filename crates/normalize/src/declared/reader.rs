//! The parts of a mapping as what they should be, or a problem that says so.

use super::error::Problem;
use super::yaml::{Kind, Node};

impl Node {
    /// The problem of this part.
    pub(super) fn problem(&self, reason: impl Into<String>) -> Problem {
        Problem::new(self.line, "", reason)
    }

    /// A text, a number or true or false, as text.
    pub(super) fn text(&self) -> Result<&str, Problem> {
        match &self.kind {
            Kind::Text(text) => Ok(text),
            Kind::List(_) => Err(self.problem("this is a list, not one text")),
            Kind::Table(_) => Err(self.problem("this is a table, not one text")),
        }
    }

    /// The texts of a list; one text is a list of one.
    pub(super) fn texts(&self) -> Result<Vec<&str>, Problem> {
        self.list().iter().map(|node| node.text()).collect()
    }

    /// The parts of a list; anything else is a list of one.
    pub(super) fn list(&self) -> Vec<&Node> {
        match &self.kind {
            Kind::List(nodes) => nodes.iter().collect(),
            _ => vec![self],
        }
    }

    /// The keys and values of a table.
    pub(super) fn entries(&self) -> Result<&[(String, Node)], Problem> {
        match &self.kind {
            Kind::Table(entries) => Ok(entries),
            _ => Err(self.problem("this is not a table of keys and values")),
        }
    }

    /// The keys and values of a table that has only these keys.
    pub(super) fn table(&self, keys: &'static [&'static str]) -> Result<Table<'_>, Problem> {
        let entries = self.entries()?;
        match entries.iter().find(|(key, _)| !keys.contains(&key.as_str())) {
            Some((key, value)) => {
                Err(Problem::new(value.line, key, format!("there is no such key here; the keys are {}", keys.join(", "))))
            }
            None => Ok(Table { entries, line: self.line }),
        }
    }

    /// What a word of a list of words stands for.
    pub(super) fn word<T: Copy>(&self, words: &[(&str, T)]) -> Result<T, Problem> {
        let text = self.text()?;
        words.iter().find(|(word, _)| *word == text).map(|(_, what)| *what).ok_or_else(|| {
            let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            self.problem(format!("{text:?} is none of {}", known.join(", ")))
        })
    }
}

/// The keys and values of a table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Table<'n> {
    entries: &'n [(String, Node)],
    line: usize,
}

impl<'n> Table<'n> {
    /// What stands under a key, if it is there.
    pub(super) fn get(&self, key: &str) -> Option<&'n Node> {
        self.entries.iter().find(|(name, _)| name == key).map(|(_, node)| node)
    }

    /// What a reading makes of what stands under a key, or the default of it; problems name the key.
    pub(super) fn read<T: Default>(&self, key: &str, read: impl FnOnce(&'n Node) -> Result<T, Problem>) -> Result<T, Problem> {
        match self.get(key) {
            Some(node) => read(node).map_err(|problem| problem.under(key)),
            None => Ok(T::default()),
        }
    }

    /// What a reading makes of what stands under a key that must be there; problems name the key.
    pub(super) fn need<T>(&self, key: &str, read: impl FnOnce(&'n Node) -> Result<T, Problem>) -> Result<T, Problem> {
        match self.get(key) {
            Some(node) => read(node).map_err(|problem| problem.under(key)),
            None => Err(Problem::new(self.line, key, "this key is missing")),
        }
    }
}
