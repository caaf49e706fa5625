//! Records inside the envelopes that forwarders put around them.

use coldtrail_model::Event;
use serde_json_borrow::Value;

use crate::Reason;
use crate::fields::Fields;
use crate::normalizer::keep_rest;

/// Maps the record that an envelope carries under `path`, as an object or as JSON text. What else the envelope says is left to become
/// part of `unmapped`.
pub(crate) fn map_inner(
    envelope: &mut Fields<'_>,
    path: &'static str,
    map: impl FnOnce(&mut Fields<'_>) -> Result<Event, Reason>,
) -> Result<Event, Reason> {
    match envelope.take(path) {
        Some(Value::Str(text)) => {
            let inner = Fields::parse(&text).map_err(|error| Reason::NotJson { detail: format!("{path}: {error}") })?;
            map_fields(inner, map)
        }
        Some(value @ Value::Object(_)) => map_fields(Fields::from_value(value), map),
        _ => Err(Reason::Missing { field: path }),
    }
}

fn map_fields(mut inner: Fields<'_>, map: impl FnOnce(&mut Fields<'_>) -> Result<Event, Reason>) -> Result<Event, Reason> {
    let mut event = map(&mut inner)?;
    keep_rest(&mut event, &inner);
    Ok(event)
}

/// True if `path` holds text that is a JSON object.
pub(crate) fn has_json_text(record: &Fields<'_>, path: &str) -> bool {
    record.peek_text(path).is_some_and(|text| text.trim_start().starts_with('{'))
}
