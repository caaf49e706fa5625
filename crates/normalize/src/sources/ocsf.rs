//! OCSF events as other products write them, of any version since 1.0.0-rc.2: <https://schema.ocsf.io/>.
//!
//! Attributes are taken over as they are into the columns of 1.8.0; [`versions`] knows what older versions call otherwise, after OCSF's
//! changelog (<https://github.com/ocsf/ocsf-schema/blob/main/CHANGELOG.md>), and [`classes`] where a class belongs that has no table. The
//! layout of Security Lake is read too: <https://docs.aws.amazon.com/security-lake/latest/userguide/open-cybersecurity-schema-framework.html>.
//! What has no column, and what is not valid in 1.8.0, stays in `unmapped`.

mod attributes;
mod classes;
mod numbers;
mod rows;
mod shapes;
mod versions;

use coldtrail_model::{Class, Col, Event, Outcome, activity_name};
use serde_json_borrow::Value;

use crate::declared::{Used, text_of};
use crate::detect::FirstLook;
use crate::fields::{Fields, address, to_json};
use crate::normalizer::reject;
use crate::parse::parse_long;
use crate::sources::{Format, Mapping, ParquetRows};
use crate::{Batch, Place, Reason};
use classes::Target;

/// OCSF events.
#[derive(Debug, Default)]
pub(crate) struct Ocsf {
    /// What is left of a Parquet file.
    rows: Option<ParquetRows>,
}

impl Mapping for Ocsf {
    fn format(&self, head: &[u8]) -> Format {
        match head.starts_with(rows::SIGNATURE) {
            true => Format::Whole,
            false => Format::Json { envelope_keys: &["events", "Events", "records", "Records", "value"] },
        }
    }

    fn map_json(&mut self, record: &mut Fields<'_>) -> Result<Event, Reason> {
        let target = classes::target_of(record.root()).ok_or(Reason::Missing { field: "class_uid" })?;
        versions::modernise(record.root_mut());
        target.move_attributes(record.root_mut());
        let time_ms = time_of(record)?;
        let mut event = Event::new(target.class, 0, time_ms);
        let mut used = Used::new();
        put_activity(&mut event, record.root(), &target, &mut used);
        put_severity(&mut event, record.root(), &mut used);
        put_status(&mut event, record.root(), &mut used);
        attributes::place(&mut event, record.root(), &mut used);
        if let Some(protocol) = target.protocol.filter(|_| event.get(Col::AppProtocolName).is_none()) {
            event.text(Col::AppProtocolName, protocol);
        }
        keep_unmapped(&mut event, record.root(), &mut used);
        note_derived(record.root(), &target, &mut used);
        record.mark_placed(used);
        Ok(event)
    }

    fn map_binary(&mut self, place: Place, piece: &[u8], batch: &mut Batch) {
        match ParquetRows::open(piece, "a Parquet file of OCSF events") {
            Ok((rows, _)) => self.rows = Some(rows),
            Err(reason) => batch.rejects.push(reject(place, reason, piece)),
        }
        self.map_more(batch);
    }

    fn map_more(&mut self, batch: &mut Batch) -> bool {
        let Some(mut rows) = self.rows.take() else { return false };
        let is_more_left = rows.map_part(batch, |rows, first_row, batch| rows::map_batch(self, rows, first_row, batch));
        self.rows = is_more_left.then_some(rows);
        true
    }
}

/// True if an object that begins like this holds OCSF events. The footer of a Parquet file, which names its columns, may lie behind
/// what is looked at; then Security Lake's layout of folders tells.
pub(crate) fn recognises(look: &FirstLook<'_>) -> bool {
    let is_security_lake = || look.name.contains("/eventDay=") || look.name.contains("/event_day=") || rows::names_class(look.bytes);
    look.bytes.starts_with(rows::SIGNATURE) && is_security_lake()
        || look.record_has(&["class_uid"]) && MARKS.iter().any(|mark| look.record_has(&[mark]))
}

/// What every event of OCSF has beside its class.
const MARKS: &[&str] = &["metadata.version", "metadata.product", "category_uid", "type_uid"];

/// The attributes that say when it happened, the best first.
const TIMES: &[&str] = &["time", "time_dt", "start_time", "start_time_dt", "metadata.logged_time", "metadata.processed_time"];

fn time_of(record: &Fields<'_>) -> Result<i64, Reason> {
    let found = TIMES.iter().find_map(|path| attributes::instant(record.peek(path)?));
    found.ok_or_else(|| match record.peek("time") {
        Some(value) => Reason::bad_field("time", &text_of(value).unwrap_or_else(|| value.to_string().into()), "a time"),
        None => Reason::Missing { field: "time" },
    })
}

/// The words of a member at the top, which are noted as used.
fn words<'v>(root: &'v Value<'_>, key: &str, used: &mut Used) -> Option<std::borrow::Cow<'v, str>> {
    let value = root.as_object()?.get(key)?;
    let text = text_of(value)?;
    used.push(address(value));
    Some(text)
}

/// The number of a member at the top, which is noted as used.
fn number(root: &Value<'_>, key: &str, used: &mut Used) -> Option<i64> {
    words(root, key, used).and_then(|text| parse_long(&text))
}

/// The words decide where OCSF knows them: numbers of the same words differ between versions and classes.
fn put_activity(event: &mut Event, root: &Value<'_>, target: &Target, used: &mut Used) {
    let name = words(root, "activity_name", used);
    let type_uid = number(root, "type_uid", &mut Used::new());
    let mut used_id = Used::new();
    let id = number(root, "activity_id", &mut used_id).or(type_uid.map(|type_uid| type_uid % 100)).and_then(|id| i32::try_from(id).ok());
    let by_name = name.as_deref().and_then(|name| activity_named(target.class, name));
    let is_known = |id: &i32| *id == 0 || activity_name(target.class, *id) != "Other";
    let by_id = id.filter(|_| target.has_same_activities).filter(is_known);
    // A number that tells more than the event can is left.
    if by_name.or(by_id).is_some() || id == Some(99) {
        used.append(&mut used_id);
    }
    match (by_name.or(by_id), name) {
        (Some(id), _) => event.activity(id),
        (None, Some(name)) => event.activity_other(&name),
        (None, None) if id.is_some() => event.activity(99),
        (None, None) => event.activity(0),
    }
}

/// The activity of a class with this caption.
fn activity_named(class: Class, name: &str) -> Option<i32> {
    (1..99).find(|id| activity_name(class, *id) != "Other" && activity_name(class, *id).eq_ignore_ascii_case(name.trim()))
}

fn put_severity(event: &mut Event, root: &Value<'_>, used: &mut Used) {
    let words = words(root, "severity", used);
    match number(root, "severity_id", used).and_then(|id| i32::try_from(id).ok()) {
        Some(id @ 0..=6) => event.severity(id),
        None if words.is_none() => event.severity(0),
        _ => {
            let id = (0..=6).find(|id| words.as_deref().is_some_and(|words| words.trim().eq_ignore_ascii_case(severity_word(*id))));
            event.severity(id.unwrap_or(99));
            event.text_opt(Col::Severity, words.filter(|_| id.is_none()));
        }
    }
}

fn severity_word(id: i32) -> &'static str {
    coldtrail_model::severity_name(id)
}

/// A finding has a state, everything else an outcome. What OCSF has no number for keeps the words of its source.
fn put_status(event: &mut Event, root: &Value<'_>, used: &mut Used) {
    // A Security Finding has its state beside whether it was made.
    let has_state = event.class() == Class::DetectionFinding && root.as_object().is_some_and(|root| root.contains_key("state_id"));
    let (words_key, id_key) = if has_state { ("state", "state_id") } else { ("status", "status_id") };
    let words = words(root, words_key, used);
    let id = number(root, id_key, used);
    if id.is_none() && words.is_none() {
        return;
    }
    let captions: &[(i64, &str)] = if event.class() == Class::DetectionFinding { classes::FINDING_STATUSES } else { OUTCOMES };
    let by_words = || captions.iter().find(|(_, caption)| words.as_deref().is_some_and(|words| words.trim().eq_ignore_ascii_case(caption)));
    let known = captions.iter().find(|(known, _)| Some(*known) == id).or_else(by_words);
    match (event.class(), known) {
        (Class::DetectionFinding, Some((id, caption))) => {
            event.long(Col::StatusId, *id);
            event.text(Col::Status, caption);
        }
        (_, Some((1, _))) => event.outcome(Outcome::Success),
        (_, Some((2, _))) => event.outcome(Outcome::Failure),
        (_, Some((0, _))) => event.outcome(Outcome::Unknown),
        _ => {
            event.long(Col::StatusId, 99);
            event.text(Col::Status, words.as_deref().unwrap_or("Other"));
            return;
        }
    }
    // A word of the source beside the number says more than the caption.
    if let Some(words) = words.filter(|words| !captions.iter().any(|(_, caption)| words.eq_ignore_ascii_case(caption)))
        && !root.as_object().is_some_and(|root| root.contains_key("status_code"))
    {
        event.text(Col::StatusCode, words);
    }
}

const OUTCOMES: &[(i64, &str)] = &[(0, "Unknown"), (1, "Success"), (2, "Failure")];

/// What the product that wrote the event did not map itself: an object, or the pairs of a map of Security Lake.
fn keep_unmapped(event: &mut Event, root: &Value<'_>, used: &mut Used) {
    let Some(unmapped) = root.as_object().and_then(|root| root.get("unmapped")) else { return };
    if unmapped.is_object()
        && let Some(json) = to_json(unmapped)
    {
        used.push(address(unmapped));
        event.owned_text(Col::Unmapped, json);
    }
}

/// What follows from the rest, and the vendor's record, which `raw_data` has inside.
fn note_derived(root: &Value<'_>, target: &Target, used: &mut Used) {
    const DERIVED: &[&str] = &["time", "time_dt", "category_uid", "category_name", "type_uid", "type_name", "raw_data"];
    let Some(members) = root.as_object() else { return };
    let named: &[&str] = if target.is_same_class { &["class_uid", "class_name"] } else { &[] };
    used.extend(DERIVED.iter().chain(named).filter_map(|key| members.get(key)).map(address));
    let metadata = members.get("metadata").and_then(Value::as_object);
    let version =
        metadata.and_then(|metadata| metadata.get("version")).filter(|version| version.as_str() == Some(coldtrail_model::OCSF_VERSION));
    used.extend(version.into_iter().chain(metadata.and_then(|metadata| metadata.get("profiles"))).map(address));
}

#[cfg(test)]
mod tests;
