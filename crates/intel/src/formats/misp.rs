use serde_json::Value;
use serde_json::value::RawValue;

use crate::normal::Wanted;
use crate::{Confirmation, Error, IndicatorKind, Place};

use super::collect::{About, Claim, Collector};
use super::encoding::Lines;
use super::json::{check_depth, malformed, members_of};
use super::rows::wanted_of;

use IndicatorKind as K;

/// Reads MISP's JSON: an event, a list of events, the answer of a search, or attributes alone
/// (<https://www.misp-standard.org/rfc/misp-standard-core.html>). Only attributes with `to_ids` are meant to be looked for. Validity is
/// from `first_seen` to `last_seen`, as MISP's own conversion to STIX has it.
pub(super) fn read(text: &str, collector: &mut Collector<'_>) -> Result<(), Error> {
    check_depth(text, collector)?;
    let whole: &RawValue = serde_json::from_str(text).map_err(|error| malformed(collector.name(), "MISP", &error))?;
    let mut reader = Reader { lines: Lines::new(text), collector };
    reader.read_any(whole, "", &About::default())
}

struct Reader<'t, 'c, 'o> {
    lines: Lines<'t>,
    collector: &'c mut Collector<'o>,
}

impl Reader<'_, '_, '_> {
    fn read_any(&mut self, raw: &RawValue, path: &str, about: &About) -> Result<(), Error> {
        if raw.get().starts_with('[') {
            for (index, item) in items_of(raw).into_iter().enumerate() {
                self.read_any(item, &format!("{path}[{index}]"), about)?;
            }
            return Ok(());
        }
        let members = members_of(raw);
        let is_attribute = ["type", "value"].iter().all(|key| members.iter().any(|(found, _)| found == key));
        if is_attribute {
            return self.read_attribute(raw, path, about);
        }
        let dot = if path.is_empty() { "" } else { "." };
        for (key, value) in members.iter().filter(|(key, _)| matches!(key.as_str(), "Event" | "response")) {
            self.read_any(value, &format!("{path}{dot}{key}"), about)?;
        }
        if !members.iter().any(|(key, _)| matches!(key.as_str(), "Attribute" | "Object")) {
            return Ok(());
        }
        let about = self.about_event(&members, about);
        for (key, value) in members.iter().filter(|(key, _)| matches!(key.as_str(), "Attribute" | "Object")) {
            self.read_any(value, &format!("{path}{dot}{key}"), &about)?;
        }
        Ok(())
    }

    /// What an event or object says of its attributes.
    fn about_event(&self, members: &[(String, &RawValue)], about: &About) -> About {
        let mut about = about.clone();
        for (key, value) in members {
            match (key.as_str(), serde_json::from_str::<Value>(value.get())) {
                ("info", Ok(Value::String(info))) => about.description = Some(info.into()),
                ("Tag", Ok(tags)) => take_tags(&tags, &mut about),
                ("name", Ok(Value::String(name))) => about.label(&name),
                _ => {}
            }
        }
        about
    }

    fn read_attribute(&mut self, raw: &RawValue, path: &str, about: &About) -> Result<(), Error> {
        let place = Place { line: self.lines.of(raw.get()), path: (!path.is_empty()).then(|| path.into()) };
        let attribute: Value = serde_json::from_str(raw.get()).unwrap_or(Value::Null);
        let (Some(kind), Some(value)) = (attribute["type"].as_str(), attribute["value"].as_str()) else {
            let reason = "its type and value are not texts".to_owned();
            return self.collector.take(place, raw.get(), Claim::Rejected(reason), about);
        };
        let about = about_attribute(&attribute, about);
        if let Some(reason) = reason_to_skip(&attribute) {
            return self.collector.take(place, value, Claim::Rejected(reason.to_owned()), &about);
        }
        for (part, claim) in claims(kind, value) {
            self.collector.take(place.clone(), part, claim, &about)?;
        }
        Ok(())
    }
}

fn about_attribute(attribute: &Value, about: &About) -> About {
    let mut about = about.clone();
    if let Some(comment) = attribute["comment"].as_str().filter(|comment| !comment.is_empty()) {
        about.description = Some(comment.into());
    }
    if let Some(category) = attribute["category"].as_str() {
        about.label(category);
    }
    if let Some(first) = attribute["first_seen"].as_str() {
        about.begin(first);
    }
    if let Some(last) = attribute["last_seen"].as_str() {
        about.end(last);
    }
    take_tags(&attribute["Tag"], &mut about);
    about
}

fn take_tags(tags: &Value, about: &mut About) {
    for name in tags.as_array().into_iter().flatten().filter_map(|tag| tag["name"].as_str()) {
        about.label(name);
        let level = name.strip_prefix("misp:confidence-level=").map(|level| level.trim_matches('"'));
        about.confidence = match level {
            Some("completely-confident") => Some(95),
            Some("usually-confident") => Some(75),
            Some("fairly-confident") => Some(50),
            Some("rarely-confident") => Some(25),
            Some("unconfident") => Some(5),
            _ => about.confidence,
        };
    }
}

fn reason_to_skip(attribute: &Value) -> Option<&'static str> {
    let is_set = |value: &Value| match value {
        Value::Bool(set) => Some(*set),
        Value::Number(number) => Some(number.as_i64() != Some(0)),
        Value::String(text) => Some(text != "0" && !text.eq_ignore_ascii_case("false")),
        _ => None,
    };
    if is_set(&attribute["deleted"]) == Some(true) {
        return Some("it is deleted");
    }
    match is_set(&attribute["to_ids"]) {
        Some(true) => None,
        Some(false) => Some("its to_ids is false: it is context, not meant to be looked for"),
        None => Some("it has no to_ids, which says whether it is meant to be looked for"),
    }
}

/// The parts of a value and what each is: `ip-dst|port` is an address whose port must be confirmed, `filename|sha256` a hash, and a name
/// whose hash must be.
fn claims<'v>(kind: &str, value: &'v str) -> Vec<(&'v str, Claim)> {
    let Some((first, second)) = kind.split_once('|') else { return vec![(value, claim_of(kind))] };
    let Some((left, right)) = value.rsplit_once('|') else {
        return vec![(value, Claim::Rejected(format!("its type is {kind}, but there is no | in its value")))];
    };
    match (first, second) {
        (_, "port") => match right.trim().parse() {
            Ok(port) => vec![(left, Claim::Confirmed(Wanted::Host, Confirmation::Port(port)))],
            Err(_) => vec![(value, Claim::Rejected(format!("{right:?} is not a port")))],
        },
        ("filename", hash) => {
            let confirmation = Confirmation::FileHash(format!("{hash}:{}", right.trim().to_lowercase()).into());
            vec![(left, Claim::Confirmed(Wanted::File, confirmation)), (right, claim_of(hash))]
        }
        ("regkey", _) => vec![(left, Claim::Confirmed(Wanted::Kind(K::RegistryKey), Confirmation::RegistryData(right.trim().into())))],
        _ => vec![(left, claim_of(first)), (right, claim_of(second))],
    }
}

fn claim_of(kind: &str) -> Claim {
    known_type(kind)
        .or_else(|| wanted_of(kind).map(Claim::Value))
        .unwrap_or_else(|| Claim::Unsupported(format!("nothing can look for the MISP type {kind:?}")))
}

/// What MISP's types are that are called otherwise elsewhere, or that nothing can look for
/// (<https://www.misp-project.org/datamodels/>).
pub(super) fn known_type(kind: &str) -> Option<Claim> {
    let unsupported = |what: &str| Some(Claim::Unsupported(format!("no observable holds {what}")));
    match kind {
        "ip-src" | "ip-dst" => Some(Claim::Value(Wanted::Address)),
        "link" => Some(Claim::Value(Wanted::Url)),
        "x509-fingerprint-sha1" | "x509-fingerprint-sha256" | "x509-fingerprint-md5" => Some(Claim::Value(Wanted::Kind(K::Fingerprint))),
        "email" | "email-src" | "email-dst" | "email-reply-to" => Some(Claim::Value(Wanted::Kind(K::EmailAddress))),
        "azure-application-id" => Some(Claim::Value(Wanted::Kind(K::UserUid))),
        "target-user" | "github-username" => Some(Claim::Value(Wanted::Kind(K::UserName))),
        "mutex" => unsupported("mutexes"),
        "named pipe" | "named-pipe" => unsupported("named pipes"),
        "AS" | "asn" => unsupported("numbers of autonomous systems"),
        "imphash" | "pehash" | "authentihash" | "ssdeep" | "tlsh" | "vhash" | "impfuzzy" | "cdhash" | "telfhash" | "sha3_384_hash"
        | "sha224" | "sha384" | "sha3-256" | "sha3-512" => unsupported("hashes of this algorithm"),
        "jarm-fingerprint" => unsupported("JARM fingerprints: they come from scans, not from logs"),
        "yara" | "sigma" | "snort" | "suricata" | "zeek" | "bro" | "pattern-in-file" | "pattern-in-memory" | "pattern-in-traffic" => {
            unsupported("rules and patterns of content")
        }
        "vulnerability" | "cve" | "CVE" => unsupported("vulnerabilities"),
        "email-subject" | "email-body" | "email-attachment" => unsupported("parts of mails"),
        _ => None,
    }
}

fn items_of(raw: &RawValue) -> Vec<&RawValue> {
    serde_json::from_str(raw.get()).unwrap_or_default()
}
