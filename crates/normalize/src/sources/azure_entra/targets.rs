//! What a record of the directory audit is about: its target resources and their modified properties.
//!
//! <https://learn.microsoft.com/en-us/graph/api/resources/targetresource>

use coldtrail_model::{Col, Event};
use serde_json::{Value as Json, json};
use serde_json_borrow::Value;

use crate::fields::Fields;
use crate::sources::azure::{Identity, USER, elements, member};

/// The targets of a record.
#[derive(Debug, Clone, Copy)]
pub(super) struct Targets<'v, 'a> {
    all: &'v [Value<'a>],
}

impl<'v, 'a> Targets<'v, 'a> {
    /// The targets of this record.
    pub(super) fn of(body: &'v Fields<'a>) -> Self {
        Self { all: elements(body.peek("targetResources")) }
    }

    /// The first target of a type.
    pub(super) fn first(self, kind: &str) -> Option<&'v Value<'a>> {
        self.all.iter().find(|target| is_kind(target, kind))
    }

    /// The last target of a type.
    pub(super) fn last(self, kind: &str) -> Option<&'v Value<'a>> {
        self.all.iter().rev().find(|target| is_kind(target, kind))
    }

    /// The first target that is not of a type.
    pub(super) fn first_other(self, kind: &str) -> Option<&'v Value<'a>> {
        self.all.iter().find(|target| !is_kind(target, kind))
    }

    /// The first target.
    pub(super) fn any(self) -> Option<&'v Value<'a>> {
        self.all.first()
    }

    /// The value that a property was given, or that was taken from it: of the first target that names it.
    pub(super) fn property(self, name: &str) -> Option<String> {
        let properties =
            self.all.iter().flat_map(|target| elements(target.as_object().and_then(|target| target.get("modifiedProperties"))));
        let values = properties.filter(|property| member(property, "displayName") == Some(name));
        values.flat_map(|property| [member(property, "newValue"), member(property, "oldValue")]).flatten().find_map(plain)
    }

    /// Sets `resources`: the first in columns, all of them if there are several.
    pub(super) fn put_resources(self, event: &mut Event) {
        if let Some(first) = self.any() {
            event.text_opt(Col::ResourcesUid, member(first, "id"));
            event.text_opt(Col::ResourcesName, member(first, "displayName").or_else(|| member(first, "userPrincipalName")));
            event.text_opt(Col::ResourcesType, member(first, "type"));
        }
        let named: Vec<Json> = self.all.iter().filter_map(resource).collect();
        if named.len() > 1 {
            event.owned_text(Col::Resources, Json::Array(named).to_string());
        }
    }

    /// Sets `resource`, what a privilege is on.
    pub(super) fn put_resource(self, event: &mut Event, target: Option<&Value<'_>>) {
        let Some(target) = target else { return };
        event.text_opt(Col::ResourceUid, member(target, "id"));
        event.text_opt(Col::ResourceName, member(target, "displayName").or_else(|| member(target, "userPrincipalName")));
        event.text_opt(Col::ResourceType, member(target, "type"));
    }
}

/// Sets `user` to a target; a service principal is a service.
pub(super) fn put_user(event: &mut Event, target: &Value<'_>) {
    let kind = member(target, "type");
    let is_person = kind.is_none_or(|kind| kind.eq_ignore_ascii_case("User"));
    let identity = Identity {
        name: member(target, "userPrincipalName").or_else(|| member(target, "displayName").filter(|_| !is_person)),
        full_name: member(target, "displayName").filter(|_| is_person),
        uid: member(target, "id"),
        kind: kind.or(Some("User")),
        kind_id: match kind {
            Some("ServicePrincipal" | "Application") => 4,
            _ if is_person => 1,
            _ => 99,
        },
    };
    identity.put(event, USER);
}

fn is_kind(target: &Value<'_>, kind: &str) -> bool {
    member(target, "type").is_some_and(|found| found.eq_ignore_ascii_case(kind))
}

fn resource(target: &Value<'_>) -> Option<Json> {
    let name = member(target, "displayName").or_else(|| member(target, "userPrincipalName"));
    let mut resource = serde_json::Map::new();
    for (key, value) in [("uid", member(target, "id")), ("name", name), ("type", member(target, "type"))] {
        if let Some(value) = value {
            resource.insert(key.to_owned(), json!(value));
        }
    }
    (resource.contains_key("uid") || resource.contains_key("name")).then_some(Json::Object(resource))
}

/// Values are JSON inside the text: `"Global Reader"`, `["a","b"]`, `[true]`.
fn plain(value: &str) -> Option<String> {
    let text = match serde_json::from_str(value) {
        Ok(Json::String(text)) => text,
        Ok(Json::Array(elements)) => elements.iter().filter_map(Json::as_str).collect::<Vec<_>>().join(" "),
        _ => value.to_owned(),
    };
    (!text.trim().is_empty()).then(|| text.trim().to_owned())
}
