use coldtrail_model::{Col, Kind, Value};
use compact_str::CompactString;
use serde_json::{Map, Value as Json, json};

/// What a class has no column for, added to what the mapping did not place: `{"dst_endpoint.port": 70000, …}`, under the OCSF
/// paths. Where the key is taken, both values are kept, as an array.
pub(super) fn merge(unmapped: Option<&str>, misplaced: &[(Col, &Value)]) -> CompactString {
    let mut object = match unmapped.map(|text| (text, serde_json::from_str::<Json>(text))) {
        None => Map::new(),
        Some((_, Ok(Json::Object(object)))) => object,
        Some((text, _)) => Map::from_iter([("unmapped".to_owned(), json!(text))]),
    };
    for (col, value) in misplaced {
        let path = col.column().path;
        let value = match object.remove(path) {
            Some(taken) => json!([taken, to_json(*col, value)]),
            None => to_json(*col, value),
        };
        object.insert(path.to_owned(), value);
    }
    CompactString::from(Json::Object(object).to_string())
}

fn to_json(col: Col, value: &Value) -> Json {
    match value {
        Value::Text(text) if col.column().kind == Kind::Json => serde_json::from_str(text).unwrap_or_else(|_| json!(text.as_str())),
        Value::Text(text) => json!(text.as_str()),
        Value::Long(number) => json!(number),
        Value::Double(number) => json!(number),
        Value::Boolean(flag) => json!(flag),
        Value::TextList(texts) => texts.iter().map(|text| text.as_str()).collect(),
    }
}
