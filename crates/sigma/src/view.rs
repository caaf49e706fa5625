use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap};

use coldtrail_model::Col;
use serde_json_borrow::Value as Json;

use crate::column_reader::ColumnReader;
use crate::expr::Event;
use crate::mapping::{Definition, Limit, Path, Place};
use crate::pattern::fold;
use crate::record::Record;
use crate::value::{FieldValue, Leaf, Text, any_text};

/// How one field is read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Access {
    /// Where it may be; the first that is there counts.
    pub(crate) places: Vec<Place>,
    /// The column that holds it where the record has no named fields.
    pub(crate) fallback: Option<Col>,
    /// Words for its values.
    pub(crate) translation: Option<BTreeMap<String, String>>,
    /// What it holds where that is not quite what Sigma's field of the name does.
    pub(crate) limit: Limit,
}

/// The columns of a batch that a plan reads.
pub(crate) type Columns = HashMap<Col, ColumnReader>;

/// One row of a batch, read as far as somebody asked.
pub(crate) struct View<'v> {
    accesses: &'v [Access],
    columns: &'v Columns,
    row: usize,
    record: &'v Record<'v>,
    scopes: Vec<&'v Json<'v>>,
    /// True if fields that are nowhere else may be in columns.
    uses_columns: bool,
    values: Vec<OnceCell<FieldValue<'v>>>,
    raw: Option<&'v str>,
}

impl<'v> View<'v> {
    pub(crate) fn new(
        accesses: &'v [Access],
        columns: &'v Columns,
        row: usize,
        record: &'v Record<'v>,
        definition: &Definition,
        raw: Option<&'v str>,
    ) -> Self {
        let scopes = record.scopes(definition);
        let is_flat = scopes.len() == 1 && definition.scopes.len() > 1;
        let uses_columns = !record.is_structured || is_flat;
        Self { accesses, columns, row, record, scopes, uses_columns, values: vec![OnceCell::new(); accesses.len()], raw }
    }

    /// The value of a field, by the position of its access.
    pub(crate) fn value(&self, access: usize) -> &FieldValue<'v> {
        self.values[access].get_or_init(|| self.read(&self.accesses[access]))
    }

    fn read(&self, access: &'v Access) -> FieldValue<'v> {
        let mut is_null = false;
        for place in &access.places {
            match self.read_place(place) {
                FieldValue::Absent => {}
                FieldValue::Null => is_null = true,
                found => return translated(as_meant(found, access.limit), access),
            }
        }
        match access.fallback {
            _ if is_null => FieldValue::Null,
            Some(column) if self.uses_columns => self.column(column),
            _ => FieldValue::Absent,
        }
    }

    fn read_place(&self, place: &'v Place) -> FieldValue<'v> {
        match place {
            Place::Path(path) => self.read_path(path),
            Place::Part(path, name) => part(self.read_path(path), name),
            Place::File(folder, name) => file_in(self.read_path(folder), &self.read_path(name)),
            Place::Column(column) => self.column(*column),
            Place::Joined(first, between, second) => joined(self.column(*first), between, &self.column(*second)),
        }
    }

    /// The first scope in which the path leads to something counts.
    fn read_path(&self, path: &Path) -> FieldValue<'v> {
        let mut found = Vec::new();
        for scope in self.scopes.iter().copied() {
            path.find(scope, &mut found);
            if !found.is_empty() {
                return FieldValue::from_json(&found);
            }
        }
        FieldValue::Absent
    }

    fn column(&self, column: Col) -> FieldValue<'v> {
        self.columns.get(&column).map_or(FieldValue::Absent, |reader| reader.value(self.row))
    }

    fn any_text(&self, is_found: &mut dyn FnMut(&Text<'_>) -> bool) -> bool {
        self.raw.is_some_and(|raw| is_found(&Text::new(raw))) || self.record.trees().any(|tree| any_text(tree, is_found))
    }
}

/// A row as one rule sees it: the rule's fields are positions of accesses.
pub(crate) struct RuleView<'e, 'v> {
    pub(crate) view: &'e View<'v>,
    pub(crate) fields: &'e [usize],
}

impl Event for RuleView<'_, '_> {
    fn field(&self, field: usize) -> &FieldValue<'_> {
        self.view.value(self.fields[field])
    }

    fn any_text(&self, is_found: &mut dyn FnMut(&Text<'_>) -> bool) -> bool {
        self.view.any_text(is_found)
    }
}

/// The name of a file as the end of a path: separators are those of Windows and of others, and each is a value. A name of the DNS without
/// the dot of the root.
fn as_meant(value: FieldValue<'_>, limit: Limit) -> FieldValue<'_> {
    let FieldValue::Values(leaves) = value else { return value };
    FieldValue::Values(match limit {
        Limit::BaseName => leaves.iter().flat_map(|leaf| ['\\', '/'].map(|it| Leaf::text(format!("{it}{}", leaf.text.as_str())))).collect(),
        Limit::DomainName => leaves.into_iter().map(without_root).collect(),
        Limit::None | Limit::Column | Limit::NoDrive => leaves,
    })
}

fn without_root(leaf: Leaf<'_>) -> Leaf<'_> {
    match leaf.text.as_str().strip_suffix('.').filter(|name| !name.is_empty()) {
        Some(name) => Leaf::text(name.to_owned()),
        None => leaf,
    }
}

/// The path of a file: its folder, and its name unless the folder ends with it already.
fn file_in<'v>(folder: FieldValue<'v>, name: &FieldValue<'v>) -> FieldValue<'v> {
    match (folder.first_text(), name.first_text()) {
        (Some(folder), Some(name)) if !fold(&folder).ends_with(&fold(&name)) => {
            let separator = if folder.contains('/') { '/' } else { '\\' };
            FieldValue::Values(vec![Leaf::text(format!("{}{separator}{name}", folder.trim_end_matches(['\\', '/'])))])
        }
        _ => folder,
    }
}

/// Two columns as one text, the second only where it has a value.
fn joined<'v>(first: FieldValue<'v>, between: &str, second: &FieldValue<'v>) -> FieldValue<'v> {
    match (first.first_text(), second.first_text().filter(|text| !text.is_empty())) {
        (None, None) => FieldValue::Absent,
        (first, None) => FieldValue::Values(first.into_iter().map(Leaf::text).collect()),
        (first, Some(second)) => FieldValue::Values(vec![Leaf::text(format!("{}{between}{second}", first.unwrap_or_default()))]),
    }
}

fn translated<'v>(value: FieldValue<'v>, access: &'v Access) -> FieldValue<'v> {
    match (value, &access.translation) {
        (FieldValue::Values(leaves), Some(words)) => {
            let word = |leaf: Leaf<'v>| match words.get(leaf.text.as_str()) {
                Some(word) => Leaf::text(word.as_str()),
                None => leaf,
            };
            FieldValue::Values(leaves.into_iter().map(word).collect())
        }
        (value, _) => value,
    }
}

/// One value of `SHA256=…,IMPHASH=…`.
fn part<'v>(value: FieldValue<'v>, name: &str) -> FieldValue<'v> {
    let FieldValue::Values(leaves) = value else { return value };
    let part_of = |leaf: &Leaf<'v>| {
        let parts = leaf.text.as_str().split([',', '|']).filter_map(|part| part.split_once('='));
        let mut named = parts.filter(|(key, _)| key.trim().eq_ignore_ascii_case(name));
        named.next().map(|(_, value)| Leaf::text(value.trim().to_owned()))
    };
    let found: Vec<Leaf<'v>> = leaves.iter().filter_map(part_of).collect();
    if found.is_empty() { FieldValue::Absent } else { FieldValue::Values(found) }
}
