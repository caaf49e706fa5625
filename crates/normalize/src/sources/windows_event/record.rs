use std::borrow::Cow;

use serde_json_borrow::Value;

use super::message;
use super::time::instant;
use crate::Reason;
use crate::fields::Fields;

/// One Windows event, whatever form it came in: what the form's System part says, and its named data.
#[derive(Debug)]
pub(super) struct Record<'a> {
    /// The number of the kind of event within its provider.
    pub(super) event_id: i64,
    /// What wrote the event: `Microsoft-Windows-Sysmon`.
    pub(super) provider: Cow<'a, str>,
    /// The log: `Security`.
    pub(super) channel: Cow<'a, str>,
    /// When the event was written, in milliseconds since 1970.
    pub(super) time_ms: i64,
    /// What the event's own fields say.
    pub(super) data: Fields<'a>,
    /// True if the data lay among the other fields, without an object of its own.
    is_flat: bool,
}

/// Where one form keeps what every event has. The first path that holds something counts.
struct Form {
    event_id: &'static [&'static str],
    provider: &'static [&'static str],
    channel: &'static [&'static str],
    time: &'static [&'static str],
    data: &'static [&'static str],
}

/// Event XML and what `evtx` and its kin make of it.
const EVENT: Form = Form {
    event_id: &["Event.System.EventID.#text", "Event.System.EventID"],
    provider: &["Event.System.Provider.#attributes.Name", "Event.System.Provider_attributes.Name", "Event.System.Provider.Name"],
    channel: &["Event.System.Channel"],
    time: &[
        "Event.System.TimeCreated.#attributes.SystemTime",
        "Event.System.TimeCreated_attributes.SystemTime",
        "Event.System.TimeCreated.SystemTime",
    ],
    data: &["Event.EventData", "Event.UserData"],
};

/// Winlogbeat since 7, also after Elastic's pipelines.
const WINLOG: Form = Form {
    event_id: &["winlog.event_id", "event.code"],
    provider: &["winlog.provider_name", "event.provider", "winlog.source_name"],
    channel: &["winlog.channel", "winlog.log_name"],
    time: &["winlog.time_created", "@timestamp", "event.created"],
    data: &["winlog.event_data", "winlog.user_data"],
};

/// Winlogbeat 5 and 6.
const OLD_WINLOGBEAT: Form = Form {
    event_id: &["event_id"],
    provider: &["source_name", "provider_name"],
    channel: &["log_name"],
    time: &["@timestamp"],
    data: &["event_data", "user_data"],
};

/// NXLog, the tables of Sentinel, and everybody who writes the fields side by side.
const FLAT: Form = Form {
    event_id: &["EventID", "EventId", "event_id", "EventCode", "Id"],
    provider: &["SourceName", "EventSourceName", "ProviderName", "Provider", "Source"],
    channel: &["Channel", "EventLog", "LogName", "log_name"],
    time: &[
        "TimeCreated",
        "SystemTime",
        "TimeCreatedUtc",
        "@timestamp",
        "EventTime",
        "TimeGenerated",
        "time",
        "Timestamp",
        "timestamp",
        "EventReceivedTime",
    ],
    data: &["EventData"],
};

impl<'a> Record<'a> {
    /// Takes the event out of the tree; what no event of this form has in common stays there.
    pub(super) fn take(fields: &mut Fields<'a>) -> Result<Self, Reason> {
        let form = form_of(fields);
        fields.take("Event.#attributes.xmlns");
        let event_id = form.event_id.iter().find_map(|path| fields.long(path)).ok_or(Reason::Missing { field: "EventID" })?;
        let provider = first_text(fields, form.provider).unwrap_or_default();
        let channel = first_text(fields, form.channel).unwrap_or_default();
        let time_ms = take_time(fields, form.time)?;
        let object = form.data.iter().find(|path| matches!(fields.peek(path), Some(Value::Object(_)))).and_then(|path| fields.take(path));
        let is_flat = object.is_none() && std::ptr::eq(form, &FLAT);
        let data = match object {
            Some(object) => Fields::from_value(without_wrapper(object)),
            None if is_flat => std::mem::replace(fields, Fields::from_value(Value::Object(Default::default()))),
            None => Fields::from_value(Value::Object(Default::default())),
        };
        let mut record = Self { event_id, provider, channel, time_ms, data, is_flat };
        record.use_utc_time_of_sysmon(fields);
        if record.is_flat {
            message::fill(&mut record.data, event_id);
        }
        Ok(record)
    }

    /// Puts what is left of the data back, so that it is kept.
    pub(super) fn put_back(self, fields: &mut Fields<'a>) {
        if self.is_flat {
            *fields = self.data;
        } else {
            fields.put("EventData", self.data.into_root());
        }
    }

    /// Everything that the event says by name, before anything of it is placed; `fields` is the rest of the tree that it was taken from.
    pub(super) fn whole(&self, fields: &Fields<'a>) -> Fields<'a> {
        let data = self.data.root().clone();
        if self.is_flat {
            return Fields::from_value(data);
        }
        let mut whole = Fields::from_value(fields.root().clone());
        whole.put("EventData", data);
        whole
    }

    /// The tree that holds what every event of the form has.
    pub(super) fn system<'f>(&'f mut self, fields: &'f mut Fields<'a>) -> &'f mut Fields<'a> {
        if self.is_flat { &mut self.data } else { fields }
    }

    /// Takes a text of the data; a dash and blanks are nothing.
    pub(super) fn text(&mut self, name: &str) -> Option<Cow<'a, str>> {
        let text = self.data.text(name)?;
        let trimmed = text.trim();
        if trimmed.is_empty() || trimmed == "-" {
            return None;
        }
        Some(if trimmed.len() == text.len() { text } else { Cow::Owned(trimmed.to_owned()) })
    }

    /// Takes the first of several spellings of a text of the data.
    pub(super) fn text_of(&mut self, names: &[&str]) -> Option<Cow<'a, str>> {
        names.iter().find_map(|name| self.text(name))
    }

    /// Takes a whole number of the data, decimal or hexadecimal.
    pub(super) fn long(&mut self, name: &str) -> Option<i64> {
        self.data.long(name)
    }

    /// Looks at a text of the data.
    pub(super) fn peek(&self, name: &str) -> Option<&str> {
        self.data.peek_text(name).map(str::trim).filter(|text| !text.is_empty() && *text != "-")
    }

    /// NXLog writes the local time without its zone; Sysmon's own field is UTC.
    fn use_utc_time_of_sysmon(&mut self, fields: &Fields<'_>) {
        let is_local = self.is_flat && (fields.has("EventTime") || self.data.has("EventReceivedTime")) && !self.data.has("@timestamp");
        if is_local && let Some(time_ms) = self.peek("UtcTime").and_then(crate::parse::time_ms) {
            self.time_ms = time_ms;
        }
    }
}

fn form_of(fields: &Fields<'_>) -> &'static Form {
    if fields.has("Event.System") {
        &EVENT
    } else if fields.has("winlog") {
        &WINLOG
    } else if fields.has("event_id") && fields.has("log_name") {
        &OLD_WINLOGBEAT
    } else {
        &FLAT
    }
}

/// The first text under these paths, taken.
pub(super) fn first_text<'a>(fields: &mut Fields<'a>, paths: &[&str]) -> Option<Cow<'a, str>> {
    paths.iter().find_map(|path| fields.text(path))
}

fn take_time(fields: &mut Fields<'_>, paths: &[&'static str]) -> Result<i64, Reason> {
    let Some(path) = paths.iter().find(|path| fields.has(path)) else {
        return Err(Reason::Missing { field: paths.first().copied().unwrap_or("TimeCreated") });
    };
    match fields.peek(path).and_then(instant) {
        Some(time_ms) => {
            fields.take(path);
            Ok(time_ms)
        }
        None => {
            let found = fields.peek(path).map(ToString::to_string).unwrap_or_default();
            Err(Reason::bad_field(path, &found, "a time"))
        }
    }
}

/// `UserData` wraps its fields in one element that says what they are: `{"LogFileCleared": {…}}`. Namespaces are nobody's data.
fn without_wrapper(mut object: Value<'_>) -> Value<'_> {
    drop_namespaces(&mut object);
    let Value::Object(members) = &mut object else { return object };
    let wrapper = members.iter().filter(|(_, value)| !value.is_null()).map(|(key, _)| key.to_owned()).collect::<Vec<_>>();
    if let [wrapper] = wrapper.as_slice()
        && let Some(inner @ Value::Object(_)) = members.get_mut(wrapper)
    {
        let mut inner = std::mem::take(inner);
        drop_namespaces(&mut inner);
        return inner;
    }
    object
}

fn drop_namespaces(object: &mut Value<'_>) {
    let Value::Object(members) = object else { return };
    for key in ["#attributes", "xmlns", "xml_name"] {
        if let Some(value) = members.get_mut(key) {
            *value = Value::Null;
        }
    }
}
