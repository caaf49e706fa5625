//! The shapes of the objects that stand whole in a column, after <https://schema.ocsf.io/1.8.0/objects>.

use coldtrail_model::Col;
use serde_json::{Map, Value as Json};
use serde_json_borrow::Value;

use crate::declared::{text_of, whole_number};
use crate::parse::{is_email_address, is_ip};

/// What a member holds.
#[derive(Debug, Clone, Copy)]
enum Member {
    Text,
    Number,
    Flag,
    Address,
    Email,
    Texts,
    Numbers,
    Object(&'static Shape),
}

/// The members of an object.
#[derive(Debug)]
pub(super) struct Shape {
    members: &'static [(&'static str, Member)],
    /// An object is nothing without one of these.
    needs_one_of: &'static [&'static str],
}

/// What is valid of a value, and whether that is all of it.
pub(super) struct Shaped {
    pub(super) json: Json,
    pub(super) is_whole: bool,
}

use Member::{Address, Email, Flag, Number, Numbers, Object, Text, Texts};

const NAMED: Shape = Shape { members: &[("name", Text), ("uid", Text), ("src_url", Text)], needs_one_of: &["name", "uid"] };
const ATTACK: Shape = Shape {
    members: &[("version", Text), ("tactic", Object(&NAMED)), ("technique", Object(&NAMED)), ("sub_technique", Object(&NAMED))],
    needs_one_of: &["tactic", "technique", "sub_technique"],
};
const ACCOUNT: Shape = Shape { members: &[("name", Text), ("uid", Text), ("type", Text)], needs_one_of: &["name", "uid"] };
const GROUP: Shape =
    Shape { members: &[("name", Text), ("uid", Text), ("type", Text), ("domain", Text), ("desc", Text)], needs_one_of: &["name", "uid"] };
const USER: Shape = Shape {
    members: &[
        ("name", Text),
        ("uid", Text),
        ("uid_alt", Text),
        ("type", Text),
        ("domain", Text),
        ("full_name", Text),
        ("email_addr", Email),
        ("account", Object(&ACCOUNT)),
    ],
    needs_one_of: &["name", "uid", "account"],
};
const RESOURCE: Shape = Shape {
    members: &[
        ("name", Text),
        ("uid", Text),
        ("uid_alt", Text),
        ("type", Text),
        ("version", Text),
        ("namespace", Text),
        ("region", Text),
        ("zone", Text),
        ("cloud_partition", Text),
        ("criticality", Text),
        ("hostname", Text),
        ("ip", Address),
        ("labels", Texts),
        ("group", Object(&GROUP)),
        ("owner", Object(&USER)),
    ],
    needs_one_of: &["name", "uid"],
};
const ANSWER: Shape = Shape {
    members: &[
        ("rdata", Text),
        ("type", Text),
        ("class", Text),
        ("ttl", Number),
        ("packet_uid", Number),
        ("flags", Texts),
        ("flag_ids", Numbers),
    ],
    needs_one_of: &["rdata"],
};
const FACTOR: Shape = Shape {
    members: &[
        ("factor_type", Text),
        ("factor_type_id", Number),
        ("provider", Text),
        ("email_addr", Email),
        ("phone_number", Text),
        ("is_hotp", Flag),
        ("is_totp", Flag),
    ],
    needs_one_of: &["factor_type", "factor_type_id"],
};
const HEADER: Shape = Shape { members: &[("name", Text), ("value", Text)], needs_one_of: &["name"] };
/// Evidence has its most asked attributes in columns of their own; whole it would have to be checked against half of the schema.
const NOTHING: Shape = Shape { members: &[], needs_one_of: &[""] };

/// The shape that a column needs; none if it may hold anything.
pub(super) fn of(col: Col) -> Option<&'static Shape> {
    match col {
        Col::Attacks | Col::FindingInfoAttacks => Some(&ATTACK),
        Col::Resources => Some(&RESOURCE),
        Col::Answers => Some(&ANSWER),
        Col::AuthFactors => Some(&FACTOR),
        Col::HttpRequestHttpHeaders => Some(&HEADER),
        Col::Evidences => Some(&NOTHING),
        _ => None,
    }
}

impl Shape {
    /// The elements of an array as far as they are of this shape; nothing if none is.
    pub(super) fn valid(&self, value: &Value<'_>) -> Option<Shaped> {
        let elements = value.as_array()?;
        let mut is_whole = true;
        let shaped: Vec<Json> = elements.iter().filter_map(|element| self.object(element, &mut is_whole)).collect();
        is_whole &= shaped.len() == elements.len();
        (!shaped.is_empty()).then_some(Shaped { json: Json::Array(shaped), is_whole })
    }

    fn object(&self, value: &Value<'_>, is_whole: &mut bool) -> Option<Json> {
        let mut shaped = Map::new();
        for (key, value) in value.as_object()?.iter().filter(|(_, value)| !is_nothing(value)) {
            let member = self.members.iter().find(|(name, _)| *name == key).and_then(|(_, member)| member.of(value, is_whole));
            match member {
                Some(member) => drop(shaped.insert(key.to_owned(), member)),
                None => *is_whole = false,
            }
        }
        let is_enough = self.needs_one_of.iter().any(|key| shaped.contains_key(*key));
        *is_whole &= is_enough;
        is_enough.then_some(Json::Object(shaped))
    }
}

fn is_nothing(value: &Value<'_>) -> bool {
    match value {
        Value::Null => true,
        Value::Str(text) => text.is_empty(),
        Value::Array(elements) => elements.iter().all(is_nothing),
        Value::Object(members) => members.values().all(is_nothing),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

impl Member {
    fn of(self, value: &Value<'_>, is_whole: &mut bool) -> Option<Json> {
        let texts = |one: fn(&Value<'_>) -> Option<Json>| value.as_array().and_then(|elements| elements.iter().map(one).collect());
        match self {
            Text => text(value),
            Number => number(value),
            Flag => value.as_bool().map(Json::from),
            Address => text_of(value).filter(|text| is_ip(text)).map(|text| text.as_ref().into()),
            Email => text_of(value).filter(|text| is_email_address(text)).map(|text| text.as_ref().into()),
            Texts => texts(text),
            Numbers => texts(number),
            Object(shape) => shape.object(value, is_whole),
        }
    }
}

fn text(value: &Value<'_>) -> Option<Json> {
    text_of(value).map(|text| text.as_ref().into())
}

fn number(value: &Value<'_>) -> Option<Json> {
    text_of(value).and_then(|text| whole_number(&text)).map(Json::from)
}
