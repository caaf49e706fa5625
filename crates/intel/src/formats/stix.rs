//! STIX bundles (<https://docs.oasis-open.org/cti/stix/v2.1/os/stix-v2.1-os.html>).

mod atoms;
mod lexer;
mod paths;
mod pattern;

use std::collections::HashMap;

use compact_str::CompactString;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::{Error, Place};

use super::collect::{About, Claim, Collector, tlp_word};
use super::encoding::Lines;
use super::json::{check_depth, malformed, members_of};

/// The markings that STIX fixes: TLP 1.0 (STIX 2.1, 7.2.1.4) and the extension for TLP 2.0.
const TLP_MARKINGS: &[(&str, &str)] = &[
    ("marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9", "clear"),
    ("marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da", "green"),
    ("marking-definition--f88d31f6-486f-44da-b317-01333bde0b82", "amber"),
    ("marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed", "red"),
    ("marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487", "clear"),
    ("marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb", "green"),
    ("marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421", "amber"),
    ("marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003", "amber+strict"),
    ("marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1", "red"),
];

/// ATT&CK's tactics, by the name of the phase in the kill chain `mitre-attack`.
const TACTICS: &[(&str, &str)] = &[
    ("reconnaissance", "TA0043"),
    ("resource-development", "TA0042"),
    ("initial-access", "TA0001"),
    ("execution", "TA0002"),
    ("persistence", "TA0003"),
    ("privilege-escalation", "TA0004"),
    ("defense-evasion", "TA0005"),
    ("credential-access", "TA0006"),
    ("discovery", "TA0007"),
    ("lateral-movement", "TA0008"),
    ("collection", "TA0009"),
    ("command-and-control", "TA0011"),
    ("exfiltration", "TA0010"),
    ("impact", "TA0040"),
];

/// Reads a bundle, a TAXII envelope, a list of objects, or one object.
pub(super) fn read(text: &str, collector: &mut Collector<'_>) -> Result<(), Error> {
    check_depth(text, collector)?;
    let whole: &RawValue = serde_json::from_str(text).map_err(|error| malformed(collector.name(), "STIX", &error))?;
    let (path, objects) = objects_of(whole, collector)?;
    let context = Context::new(&objects);
    let mut lines = Lines::new(text);
    for (index, raw) in objects.iter().enumerate() {
        let kind = head_of(raw).kind.unwrap_or_default();
        if kind != "indicator" {
            collector.pass_over(if kind.is_empty() { "object without a type".to_owned() } else { kind });
            continue;
        }
        let path = if path.is_empty() && objects.len() == 1 { None } else { Some(format!("{path}[{index}]").into()) };
        let object: Value = serde_json::from_str(raw.get()).unwrap_or(Value::Null);
        read_indicator(&object, &Place { line: lines.of(raw.get()), path }, &context, collector)?;
    }
    Ok(())
}

fn objects_of<'t>(whole: &'t RawValue, collector: &Collector<'_>) -> Result<(&'static str, Vec<&'t RawValue>), Error> {
    if whole.get().starts_with('[') {
        return serde_json::from_str(whole.get()).map(|objects| ("", objects)).map_err(|error| malformed(collector.name(), "STIX", &error));
    }
    let objects = members_of(whole).into_iter().find(|(key, _)| key == "objects");
    match objects {
        Some((_, objects)) => {
            let objects = serde_json::from_str(objects.get());
            let reason = "its objects are not a list".to_owned();
            objects.map(|objects| ("objects", objects)).map_err(|_| Error::NotAFeed { feed: collector.name().to_owned(), reason })
        }
        None => Ok(("", vec![whole])),
    }
}

#[derive(Default, Deserialize)]
struct Head {
    #[serde(rename = "type", default)]
    kind: Option<String>,
}

fn head_of(raw: &RawValue) -> Head {
    serde_json::from_str(raw.get()).unwrap_or_default()
}

/// What other objects of the bundle say of indicators.
struct Context {
    /// TLP's word by the id of a marking.
    tlp: HashMap<String, CompactString>,
    /// The technique or name by the id of what an indicator indicates.
    targets: HashMap<String, CompactString>,
    /// The targets of `indicates`, by the id of the indicator.
    indicates: HashMap<String, Vec<String>>,
}

impl Context {
    fn new(objects: &[&RawValue]) -> Self {
        let mut context = Self { tlp: HashMap::new(), targets: HashMap::new(), indicates: HashMap::new() };
        for (id, word) in TLP_MARKINGS {
            context.tlp.insert((*id).to_owned(), (*word).into());
        }
        for raw in objects {
            let kind = head_of(raw).kind.unwrap_or_default();
            if matches!(
                kind.as_str(),
                "marking-definition"
                    | "relationship"
                    | "attack-pattern"
                    | "malware"
                    | "tool"
                    | "campaign"
                    | "intrusion-set"
                    | "threat-actor"
            ) && let Ok(object) = serde_json::from_str::<Value>(raw.get())
            {
                context.take(&kind, &object);
            }
        }
        context
    }

    fn take(&mut self, kind: &str, object: &Value) {
        let id = text(&object["id"]).to_owned();
        match kind {
            "marking-definition" => {
                let name = object["name"].as_str().and_then(|name| name.strip_prefix("TLP:"));
                if let Some(word) = object["definition"]["tlp"].as_str().or(name) {
                    self.tlp.insert(id, tlp_word(word));
                }
            }
            "relationship" if object["relationship_type"] == "indicates" && object["revoked"] != true => {
                self.indicates.entry(text(&object["source_ref"]).to_owned()).or_default().push(text(&object["target_ref"]).to_owned());
            }
            "attack-pattern" => {
                if let Some(technique) = technique_of(object) {
                    self.targets.insert(id, technique.into());
                }
            }
            _ => {
                self.targets.insert(id, text(&object["name"]).into());
            }
        }
    }
}

fn technique_of(object: &Value) -> Option<&str> {
    let references = object["external_references"].as_array()?;
    let mitre = references.iter().find(|reference| text(&reference["source_name"]).starts_with("mitre-"))?;
    mitre["external_id"].as_str()
}

fn read_indicator(object: &Value, place: &Place, context: &Context, collector: &mut Collector<'_>) -> Result<(), Error> {
    let about = about(object, context);
    let pattern = text(&object["pattern"]);
    let kind = object["pattern_type"].as_str().unwrap_or("stix");
    let claim = if pattern.is_empty() {
        Claim::Rejected("it has no pattern".to_owned())
    } else if object["revoked"] == true {
        Claim::Rejected("it is revoked".to_owned())
    } else if kind != "stix" {
        Claim::Unsupported(format!("its pattern is in the language {kind:?}"))
    } else {
        return match pattern::parse(pattern, collector.options().limits.depth_max) {
            Ok(parsed) => {
                for atom in atoms::atoms(&parsed) {
                    collector.take(place.clone(), &atom.original, atom.claim, &about)?;
                }
                Ok(())
            }
            Err(reason) => collector.take(place.clone(), pattern, Claim::Rejected(format!("its pattern cannot be read: {reason}")), &about),
        };
    };
    let original = if pattern.is_empty() { text(&object["id"]) } else { pattern };
    collector.take(place.clone(), original, claim, &about)
}

fn about(object: &Value, context: &Context) -> About {
    let mut about = About::default();
    if let Some(from) = object["valid_from"].as_str() {
        about.begin(from);
    }
    if let Some(until) = object["valid_until"].as_str() {
        about.end(until);
    }
    if let Some(confidence) = object["confidence"].as_u64() {
        about.confidence(&confidence.to_string());
    }
    for key in ["labels", "indicator_types"] {
        texts(&object[key]).for_each(|label| about.label(label));
    }
    for phase in object["kill_chain_phases"].as_array().into_iter().flatten() {
        let (chain, name) = (text(&phase["kill_chain_name"]), text(&phase["phase_name"]));
        match TACTICS.iter().find(|(tactic, _)| chain == "mitre-attack" && *tactic == name) {
            Some((_, id)) => about.technique(id),
            None => about.label(&format!("{chain}: {name}")),
        }
    }
    let markings = texts(&object["object_marking_refs"]).filter_map(|id| context.tlp.get(id));
    about.tlp = markings.max_by_key(|word| strictness(word)).cloned().or(about.tlp);
    for target in context.indicates.get(text(&object["id"])).into_iter().flatten() {
        match context.targets.get(target) {
            Some(technique) if target.starts_with("attack-pattern--") => about.technique(technique),
            Some(name) => about.label(name),
            None => {}
        }
    }
    let description = object["description"].as_str().or(object["name"].as_str());
    about.description = description.filter(|words| !words.is_empty()).map(Into::into);
    about
}

fn strictness(tlp: &str) -> usize {
    ["clear", "green", "amber", "amber+strict", "red"].iter().position(|word| *word == tlp).unwrap_or(0)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("")
}

fn texts(value: &Value) -> impl Iterator<Item = &str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str)
}
