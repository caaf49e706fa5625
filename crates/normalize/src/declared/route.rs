//! Records of one source that are those of another with other names.

use serde::Deserialize;
use serde_json::{Map, Value as Json};
use serde_json_borrow::Value;

use super::condition::Condition;
use crate::fields::Fields;

/// Where records go that are like those of another source.
#[derive(Debug)]
pub(super) struct Route {
    /// All of this must be so.
    pub(super) when: Vec<Condition>,
    /// The name of the other source.
    pub(super) to: String,
    /// Names at the top of the record, and what the other source calls them.
    pub(super) names: Vec<(String, String)>,
    /// True if the other source begins the other names with a small letter.
    pub(super) is_camel_case: bool,
}

impl Route {
    /// True if a record goes this way.
    pub(super) fn takes(&self, root: &Value<'_>) -> bool {
        self.when.iter().all(|condition| condition.holds(root, ""))
    }

    /// Gives the members of a record the names that the other source has for them.
    pub(super) fn rename(&self, record: &mut Fields<'_>) {
        if self.names.is_empty() && !self.is_camel_case {
            return;
        }
        let Json::Object(members) = Json::from(record.root()) else { return };
        let mut renamed = Map::new();
        for (name, value) in members {
            let new = self.name_of(&name);
            let name = if renamed.contains_key(&new) { name } else { new };
            renamed.insert(name, value);
        }
        if let Ok(root) = Value::<'static>::deserialize(Json::Object(renamed)) {
            *record = Fields::from_value(root);
        }
    }

    fn name_of(&self, name: &str) -> String {
        let known = self.names.iter().find(|(old, _)| old == name).map(|(_, new)| new.clone());
        known.unwrap_or_else(|| match name.char_indices().nth(1) {
            Some((second, _)) if self.is_camel_case => name[..second].to_ascii_lowercase() + &name[second..],
            _ => name.to_owned(),
        })
    }
}
