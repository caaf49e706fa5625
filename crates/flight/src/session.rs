//! Session options. Nothing is kept between calls: what can be read is fixed, and only what is already so can be set.

use std::collections::HashMap;

use prost::{Enumeration, Message, Oneof};
use tonic::Status;

use crate::Config;

// The messages of Flight.proto that `arrow-flight` does not have yet.

#[derive(Clone, PartialEq, Message)]
pub(crate) struct SetSessionOptionsRequest {
    #[prost(map = "string, message", tag = "1")]
    session_options: HashMap<String, SessionOptionValue>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct SessionOptionValue {
    #[prost(oneof = "OptionValue", tags = "1, 2, 3, 4, 5")]
    option_value: Option<OptionValue>,
}

#[derive(Clone, PartialEq, Oneof)]
enum OptionValue {
    #[prost(string, tag = "1")]
    String(String),
    #[prost(bool, tag = "2")]
    Bool(bool),
    #[prost(sfixed64, tag = "3")]
    Int64(i64),
    #[prost(double, tag = "4")]
    Double(f64),
    #[prost(message, tag = "5")]
    StringList(StringListValue),
}

#[derive(Clone, PartialEq, Message)]
struct StringListValue {
    #[prost(string, repeated, tag = "1")]
    values: Vec<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct SetSessionOptionsResult {
    #[prost(map = "string, message", tag = "1")]
    errors: HashMap<String, OptionError>,
}

#[derive(Clone, PartialEq, Message)]
struct OptionError {
    #[prost(enumeration = "OptionProblem", tag = "1")]
    value: i32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Enumeration)]
#[repr(i32)]
enum OptionProblem {
    Unspecified = 0,
    InvalidName = 1,
    InvalidValue = 2,
    Error = 3,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct GetSessionOptionsResult {
    #[prost(map = "string, message", tag = "1")]
    session_options: HashMap<String, SessionOptionValue>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct CloseSessionResult {
    #[prost(enumeration = "SessionState", tag = "1")]
    status: i32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Enumeration)]
#[repr(i32)]
enum SessionState {
    Unspecified = 0,
    Closed = 1,
    Closing = 2,
    NotCloseable = 3,
}

pub(crate) fn get_options(config: &Config) -> GetSessionOptionsResult {
    let option =
        |name: &str, value: &str| (name.to_owned(), SessionOptionValue { option_value: Some(OptionValue::String(value.to_owned())) });
    GetSessionOptionsResult { session_options: HashMap::from([option("catalog", &config.catalog), option("schema", &config.schema)]) }
}

/// Accepts what is so already and clearing an option; names what it cannot do instead of pretending.
pub(crate) fn set_options(config: &Config, body: &[u8]) -> Result<SetSessionOptionsResult, Status> {
    let request = SetSessionOptionsRequest::decode(body).map_err(|error| Status::invalid_argument(error.to_string()))?;
    let mut errors = HashMap::new();
    for (name, SessionOptionValue { option_value }) in request.session_options {
        let fixed = match name.as_str() {
            "catalog" => &config.catalog,
            "schema" => &config.schema,
            _ => {
                errors.insert(name, OptionError { value: OptionProblem::InvalidName.into() });
                continue;
            }
        };
        let accepted = match &option_value {
            Some(OptionValue::String(value)) => value == fixed,
            other => other.is_none(),
        };
        if !accepted {
            errors.insert(name, OptionError { value: OptionProblem::InvalidValue.into() });
        }
    }
    Ok(SetSessionOptionsResult { errors })
}

/// There is nothing to free; the token stays good until it expires.
pub(crate) fn close() -> CloseSessionResult {
    CloseSessionResult { status: SessionState::Closed.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(options: &[(&str, Option<OptionValue>)]) -> Vec<(String, OptionProblem)> {
        let options =
            options.iter().map(|(name, option_value)| ((*name).to_owned(), SessionOptionValue { option_value: option_value.clone() }));
        let request = SetSessionOptionsRequest { session_options: options.collect() };
        let result = set_options(&Config::default(), &request.encode_to_vec()).expect("a good request");
        let mut errors: Vec<_> = result.errors.iter().map(|(name, error)| (name.clone(), error.value())).collect();
        errors.sort_by(|a, b| a.0.cmp(&b.0));
        errors
    }

    fn text(value: &str) -> Option<OptionValue> {
        Some(OptionValue::String(value.into()))
    }

    #[test]
    fn the_session_can_be_set_to_what_it_is_and_errors_are_per_option() {
        assert_eq!(set(&[("catalog", text("coldtrail")), ("schema", text("ocsf"))]), []);
        assert_eq!(set(&[("catalog", None)]), [], "clearing falls back to the default");
        let wrong = [("catalog", text("other")), ("schema", Some(OptionValue::Int64(1))), ("color", text("blue"))];
        let expected = [
            ("catalog".to_owned(), OptionProblem::InvalidValue),
            ("color".to_owned(), OptionProblem::InvalidName),
            ("schema".to_owned(), OptionProblem::InvalidValue),
        ];
        assert_eq!(set(&wrong), expected);
    }

    #[test]
    fn what_can_be_read_is_the_catalog_and_the_schema() {
        let options = get_options(&Config::default()).session_options;
        assert_eq!(options["catalog"].option_value, text("coldtrail"));
        assert_eq!(options["schema"].option_value, text("ocsf"));
        assert_eq!(close().status(), SessionState::Closed);
    }
}
