use serde::Deserialize;
use serde_json_borrow::Value as Json;

use crate::mapping::{Definition, Scope, ScopeForm};
use crate::{pairs, xml};

/// The record of one row, as its source wrote it, as a tree.
#[derive(Debug)]
pub(crate) struct Record<'r> {
    /// The record; for one that is neither JSON nor XML, what the mapping to OCSF did not place.
    top: Option<Json<'r>>,
    /// Records that stand in the record as text.
    inner: Vec<Json<'static>>,
    /// Data that stand in a record as text.
    data: Vec<Json<'static>>,
    /// True if the record is JSON or XML, so that its fields have names.
    pub(crate) is_structured: bool,
}

impl<'r> Record<'r> {
    /// Opens the record of a row.
    pub(crate) fn open(raw: Option<&'r str>, unmapped: Option<&'r str>, definition: &Definition) -> Self {
        let pairs = || raw.filter(|_| definition.has_pairs).and_then(pairs::read);
        let read = raw.and_then(tree_of).or_else(pairs);
        let is_structured = read.is_some();
        let top = read.or_else(|| unmapped.and_then(tree_of));
        let mut record = Self { top, inner: Vec::new(), data: Vec::new(), is_structured };
        for scope in definition.records.iter().filter(|scope| scope.form != ScopeForm::Object) {
            let opened: Vec<Json<'static>> = record.top.iter().flat_map(|top| open_texts(top, scope)).collect();
            record.inner.extend(opened);
        }
        for scope in definition.scopes.iter().filter(|scope| scope.form != ScopeForm::Object) {
            let opened: Vec<Json<'static>> = record.records(definition).into_iter().flat_map(|base| open_texts(base, scope)).collect();
            record.data.extend(opened.into_iter().map(without_root));
        }
        record
    }

    /// Every tree that there is, for looking through the whole event.
    pub(crate) fn trees(&self) -> impl Iterator<Item = &Json<'_>> {
        self.top.iter().map(shorter).chain(&self.inner).chain(&self.data)
    }

    /// The records proper: those inside of the record first.
    fn records<'v>(&'v self, definition: &Definition) -> Vec<&'v Json<'v>> {
        let mut records: Vec<&Json<'v>> = self.inner.iter().collect();
        if let Some(top) = &self.top {
            let objects = definition.records.iter().filter(|scope| scope.form == ScopeForm::Object);
            objects.for_each(|scope| scope.path.find(shorter(top), &mut records));
        }
        records
    }

    /// Where fields are looked up, in order.
    pub(crate) fn scopes<'v>(&'v self, definition: &Definition) -> Vec<&'v Json<'v>> {
        let mut scopes: Vec<&Json<'v>> = self.data.iter().collect();
        let records = self.records(definition);
        for scope in definition.scopes.iter().filter(|scope| scope.form == ScopeForm::Object) {
            records.iter().for_each(|record| scope.path.find(record, &mut scopes));
        }
        scopes.retain(|scope| matches!(scope, Json::Object(_)));
        scopes
    }
}

fn shorter<'v, 'r: 'v>(value: &'v Json<'r>) -> &'v Json<'v> {
    value
}

/// Reads JSON or XML; `None` for anything else, such as a line of a table.
fn tree_of(text: &str) -> Option<Json<'_>> {
    let tree = match text.trim_start().as_bytes().first()? {
        b'{' | b'[' => serde_json::from_str::<Json<'_>>(text).ok()?,
        b'<' => xml_tree(text)?,
        _ => return None,
    };
    matches!(tree, Json::Object(_) | Json::Array(_)).then_some(tree)
}

fn xml_tree(text: &str) -> Option<Json<'static>> {
    Json::<'static>::deserialize(xml::read(text)?).ok()
}

fn open_texts(base: &Json<'_>, scope: &Scope) -> Vec<Json<'static>> {
    let mut found = Vec::new();
    scope.path.find(base, &mut found);
    let open = |text: &str| match scope.form {
        ScopeForm::XmlText => xml_tree(text),
        _ if text.trim_start().starts_with('{') => {
            serde_json::from_str::<serde_json::Value>(text).ok().and_then(|tree| Json::<'static>::deserialize(tree).ok())
        }
        _ => None,
    };
    found.into_iter().filter_map(|value| value.as_str()).filter_map(open).collect()
}

/// The data of `<EventData>…</EventData>` are inside of its element, or of one more around it.
fn without_root(tree: Json<'static>) -> Json<'static> {
    let inner = match &tree {
        Json::Object(members) if members.len() == 1 => members.values().next().filter(|inner| inner.is_object()),
        _ => None,
    };
    match inner {
        Some(Json::Object(inner)) => match inner.get("EventData") {
            Some(data @ Json::Object(_)) => data.clone(),
            _ => Json::Object(inner.clone()),
        },
        _ => tree,
    }
}
