use std::collections::{BTreeMap, BTreeSet};

use coldtrail_model::Class;

use crate::IndicatorKind;

/// Which data there was to search: what makes "not seen" mean something.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    sources: BTreeMap<Class, BTreeSet<String>>,
    types: Option<BTreeSet<i32>>,
}

impl Coverage {
    /// No data.
    pub fn new() -> Self {
        Self::default()
    }

    /// Says that events of this class and source lie in the window.
    pub fn add(&mut self, class: Class, source: &str) {
        self.sources.entry(class).or_default().insert(source.to_owned());
    }

    /// Says that the window holds some observable of this OCSF type. Once this is said of any type, an indicator is covered only if an
    /// observable of its types is in the window: logs of processes without hashes cover no hash.
    pub fn add_observed(&mut self, type_id: i32) {
        self.types.get_or_insert_default().insert(type_id);
    }

    /// The classes, each with its sources (`process_activity: windows_event`), that had data in which this kind could show.
    pub fn searched(&self, kind: IndicatorKind) -> Vec<String> {
        if self.types.as_ref().is_some_and(|types| !kind.type_ids().iter().any(|type_id| types.contains(type_id))) {
            return Vec::new();
        }
        let with_data = kind.classes().into_iter().filter_map(|class| Some((class, self.sources.get(&class)?)));
        with_data.map(|(class, sources)| format!("{class}: {}", sources.iter().cloned().collect::<Vec<_>>().join(", "))).collect()
    }

    /// Why nothing could be seen of this kind.
    pub(super) fn what_is_missing(&self, kind: IndicatorKind) -> String {
        let classes = kind.classes();
        if classes.is_empty() {
            return format!("no column holds a {kind}");
        }
        if classes.iter().any(|class| self.sources.contains_key(class)) {
            return format!("the events in the window show no observable that a {kind} is compared with");
        }
        let names: Vec<&str> = classes.iter().map(|class| class.name()).collect();
        format!("the window holds no events of {}", names.join(", "))
    }
}
