//! Members of an object inside a record, put beside the others.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::{Map, Value as Json};
use serde_json_borrow::Value;

use crate::fields::Fields;

/// Puts the members of these objects at the top. Where there is something of the same name already, they stay.
pub(super) fn lift(record: &mut Fields<'_>, keys: &[&str]) {
    for key in keys {
        let Value::Object(root) = record.root_mut() else { return };
        let Some(place) = root.get_mut(key).filter(|value| value.is_object()) else { continue };
        let Value::Object(inner) = std::mem::replace(place, Value::Null) else { continue };
        let mut left = Map::new();
        for (name, value) in inner.into_vec() {
            match name {
                Cow::Borrowed(name) if root.get(name).is_none_or(Value::is_null) => drop(root.insert(name, value)),
                name => drop(left.insert(name.into_owned(), Json::from(&value))),
            }
        }
        if let (false, Ok(rest)) = (left.is_empty(), Value::<'static>::deserialize(Json::Object(left)))
            && let Some(place) = root.get_mut(key)
        {
            *place = rest;
        }
    }
}
