use serde::Serialize;
use serde_json::Value;

use crate::Error;

/// A value as canonical JSON: equal values are equal bytes.
///
/// RFC 8785 for values without fractions: members sorted by name, no white space, nothing escaped that need not be. Integers are
/// written in full, also those over 2^53.
///
/// # Errors
///
/// [`Error::Canonical`] if the value holds a fraction, or is no JSON at all.
pub fn canonical_json(value: &impl Serialize) -> Result<Vec<u8>, Error> {
    let value = serde_json::to_value(value).map_err(|error| Error::Canonical { reason: error.to_string() })?;
    let mut out = Vec::new();
    write_value(&value, &mut out)?;
    Ok(out)
}

fn write_value(value: &Value, out: &mut Vec<u8>) -> Result<(), Error> {
    match value {
        Value::Number(number) if number.is_f64() => {
            return Err(Error::Canonical { reason: format!("{number} is a fraction; write it as text") });
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => out.extend_from_slice(value.to_string().as_bytes()),
        Value::String(text) => write_text(text, out),
        Value::Array(values) => {
            out.push(b'[');
            for (index, value) in values.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_value(value, out)?;
            }
            out.push(b']');
        }
        Value::Object(members) => {
            let mut sorted: Vec<(&String, &Value)> = members.iter().collect();
            sorted.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
            out.push(b'{');
            for (index, (name, value)) in sorted.into_iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_text(name, out);
                out.push(b':');
                write_value(value, out)?;
            }
            out.push(b'}');
        }
    }
    Ok(())
}

/// serde_json escapes as RFC 8785 asks: the two-letter forms, `\u00xx` in lower case for other control characters, nothing else.
fn write_text(text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(Value::from(text).to_string().as_bytes());
}
