use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::{Error, FeedFormat};

use super::csv::delimiter_of;
use super::json::malformed;

/// The keys by which kinds of JSON are told apart.
#[derive(Default, Deserialize)]
struct Probe {
    #[serde(default, rename = "type")]
    kind: Option<IgnoredAny>,
    #[serde(default)]
    objects: Option<IgnoredAny>,
    #[serde(default)]
    pattern: Option<IgnoredAny>,
    #[serde(default)]
    spec_version: Option<IgnoredAny>,
    #[serde(default, rename = "Event")]
    event: Option<IgnoredAny>,
    #[serde(default)]
    response: Option<IgnoredAny>,
    #[serde(default, rename = "Attribute")]
    attribute: Option<IgnoredAny>,
    #[serde(default)]
    to_ids: Option<IgnoredAny>,
}

impl Probe {
    fn format(&self) -> FeedFormat {
        let is_stix = self.objects.is_some() || (self.kind.is_some() && (self.pattern.is_some() || self.spec_version.is_some()));
        let is_misp = self.event.is_some() || self.response.is_some() || self.attribute.is_some() || self.to_ids.is_some();
        match (is_stix, is_misp) {
            (true, _) => FeedFormat::Stix,
            (_, true) => FeedFormat::Misp,
            _ => FeedFormat::Json,
        }
    }
}

/// What a feed looks like. Fails if it looks like JSON and is malformed.
pub(super) fn detect(name: &str, text: &str) -> Result<FeedFormat, Error> {
    let start = text.trim_start();
    let after = start.get(1..).unwrap_or("").trim_start();
    if start.starts_with('{') || (start.starts_with('[') && (after.is_empty() || after.starts_with(['{', '"', '[', ']']))) {
        return json_format(name, text);
    }
    if start.starts_with('<') {
        return Ok(FeedFormat::OpenIoc);
    }
    let is_table = delimiter_of(text).is_some();
    Ok(if is_table { FeedFormat::Csv } else { FeedFormat::Text })
}

fn json_format(name: &str, text: &str) -> Result<FeedFormat, Error> {
    if !text.trim_start().starts_with('[') {
        return serde_json::from_str::<Probe>(text).map(|probe| probe.format()).map_err(|error| malformed(name, "JSON", &error));
    }
    let items: Vec<&RawValue> = serde_json::from_str(text).map_err(|error| malformed(name, "JSON", &error))?;
    let probe: Probe = items.first().and_then(|item| serde_json::from_str(item.get()).ok()).unwrap_or_default();
    Ok(probe.format())
}
