//! The format for machines and for people, made from the declaration of the keys.

use std::fmt::Write;

use serde_json::{Map, Value as Json, json};

use crate::keys::{Form, HUNT, Key, Shape, forms};

/// The JSON Schema (2020-12) of hunt files, as it is published in `schemas/hunt.schema.json`. Editors check a file with it while it is
/// written. It says nothing of what goes beyond shape, such as parameters that no query uses: [`Hunt::parse`](crate::Hunt::parse) does.
pub fn json_schema() -> Json {
    let mut schema = mapping(&HUNT);
    let definitions: Map<String, Json> = forms().into_iter().skip(1).map(|form| (form.name.to_owned(), mapping(form))).collect();
    if let Some(schema) = schema.as_object_mut() {
        schema.insert("$schema".into(), "https://json-schema.org/draft/2020-12/schema".into());
        schema.insert("title".into(), "Coldtrail hunt file, version 1".into());
        schema.insert("$defs".into(), definitions.into());
        schema.insert("if".into(), json!({ "properties": { "status": { "const": "draft" } }, "required": ["status"] }));
        schema.insert("else".into(), json!({ "properties": { "queries": { "minItems": 1 } } }));
    }
    schema
}

/// The keys of every mapping as tables in Markdown, for the reference page.
pub fn reference_tables() -> String {
    let mut text = String::new();
    for form in forms() {
        let _ = write!(text, "### {}\n\n{}\n\n| key | | value | meaning |\n|---|---|---|---|\n", form.name, form.doc);
        for key in form.keys {
            let required = if key.is_required { "required" } else { "" };
            let _ = writeln!(text, "| `{}` | {required} | {} | {} |", key.name, words(&key.shape), key.doc);
        }
        text.push('\n');
    }
    text
}

fn mapping(form: &Form) -> Json {
    let properties: Map<String, Json> = form.keys.iter().map(|key| (key.name.to_owned(), property(key))).collect();
    let required: Vec<&str> = form.keys.iter().filter(|key| key.is_required).map(|key| key.name).collect();
    let mut schema = json!({
        "description": form.doc,
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    });
    if !required.is_empty() {
        schema["required"] = required.into();
    }
    let one_of: &[&str] = match form.name {
        "query" => &["sql", "sigma", "sweep"],
        "sweep" => &["feed", "file"],
        _ => &[],
    };
    if !one_of.is_empty() {
        schema["oneOf"] = one_of.iter().map(|key| json!({ "required": [key] })).collect();
    }
    schema
}

fn property(key: &Key) -> Json {
    let mut schema = shape(&key.shape);
    schema["description"] = key.doc.into();
    schema
}

fn shape(shape: &Shape) -> Json {
    match shape {
        Shape::Version => json!({ "const": 1 }),
        // YAML reads an unquoted 123 or true as something else than text; hunt files do not.
        Shape::Text => json!({ "type": ["string", "number", "boolean"] }),
        Shape::Id => json!({ "type": "string", "pattern": "^[a-z0-9][a-z0-9-]{0,63}$" }),
        Shape::Duration => json!({ "type": "string", "pattern": "^([0-9]+(w|d|h|m|s|ms))+$" }),
        Shape::Count => json!({ "type": "integer", "minimum": 0 }),
        Shape::Choice(names) => json!({ "enum": names }),
        Shape::Any => json!({}),
        Shape::Texts => json!({ "type": "array", "items": { "type": ["string", "number", "boolean"] }, "uniqueItems": true }),
        Shape::Anys => json!({ "type": "array" }),
        Shape::Mapping(form) => json!({ "$ref": reference(form) }),
        Shape::Mappings(form) => json!({ "type": "array", "items": { "$ref": reference(form) } }),
        Shape::Named(form) => json!({
            "type": "object",
            "propertyNames": { "pattern": "^[a-z][a-z0-9_]{0,63}$" },
            "additionalProperties": { "$ref": reference(form) },
        }),
        Shape::TextOr(form) => json!({ "anyOf": [{ "type": "string" }, { "$ref": reference(form) }] }),
    }
}

fn reference(form: &Form) -> String {
    format!("#/$defs/{}", form.name)
}

fn words(shape: &Shape) -> String {
    match shape {
        Shape::Version => "1".to_owned(),
        Shape::Text => "text".to_owned(),
        Shape::Id => "name".to_owned(),
        Shape::Duration => "duration".to_owned(),
        Shape::Count => "whole number".to_owned(),
        Shape::Choice(names) => names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
        Shape::Any => "value of the type".to_owned(),
        Shape::Texts => "list of texts".to_owned(),
        Shape::Anys => "list of values of the type".to_owned(),
        Shape::Mapping(form) => format!("[{0}](#{0})", form.name),
        Shape::Mappings(form) => format!("list of [{0}](#{0})", form.name),
        Shape::Named(form) => format!("names, each with [{0}](#{0})", form.name),
        Shape::TextOr(form) => format!("text, or [{0}](#{0})", form.name),
    }
}
