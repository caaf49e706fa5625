//! Which class and activity an event is, by its name.

use std::collections::HashMap;

use coldtrail_model::{Class, activity_name};

use super::pattern::Pattern;

/// Rules from names of events to class and activity: exact names first, then patterns in the order of the mapping.
#[derive(Debug, Clone, Default)]
pub(super) struct Classes {
    exact: HashMap<String, Rule>,
    patterns: Vec<(Pattern, Rule)>,
    /// Words of names and what they do, before [`VERBS`].
    pub(super) verbs: Vec<(String, Verb)>,
}

/// What an event is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) class: Class,
    pub(super) activity: Activity,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Activity {
    /// This one.
    Is(i32),
    /// What the first verb in the name says.
    ByVerb,
}

/// What a verb does, as the classes with an activity of this caption number it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Create,
    Read,
    Update,
    Delete,
    /// Something else.
    Other,
}

impl Verb {
    pub(super) const NAMES: &'static [(&'static str, Self)] =
        &[("create", Self::Create), ("read", Self::Read), ("update", Self::Update), ("delete", Self::Delete), ("other", Self::Other)];

    fn activity_in(self, class: Class) -> i32 {
        let name = Self::NAMES.iter().find(|(_, verb)| *verb == self).map_or("other", |(name, _)| name);
        activity_of(class, name).unwrap_or(99)
    }
}

/// What the words of names of events do, unless a mapping says otherwise.
const VERBS: &[(&[&str], Verb)] = &[
    (&["create", "created", "new", "insert", "inserted", "generate", "generated", "upload", "uploaded", "issue", "issued"], Verb::Create),
    (
        &["get", "list", "listed", "read", "view", "viewed", "search", "searched", "query", "download", "downloaded", "export", "exported"],
        Verb::Read,
    ),
    (&["accessed", "previewed", "fetch", "fetched"], Verb::Read),
    (
        &["update", "updated", "set", "change", "changed", "edit", "edited", "modify", "modified", "rename", "renamed", "move", "moved"],
        Verb::Update,
    ),
    (&["enable", "enabled", "disable", "disabled", "activate", "activated", "deactivate", "deactivated", "add", "added"], Verb::Update),
    (&["assign", "assigned", "unassign", "reset", "restore", "restored", "suspend", "unsuspend", "toggle", "transfer"], Verb::Update),
    (&["delete", "deleted", "remove", "removed", "destroy", "destroyed", "purge", "purged", "uninstall", "uninstalled"], Verb::Delete),
];

impl Classes {
    /// Adds the rule for a name or a pattern.
    pub(super) fn add(&mut self, pattern: Pattern, rule: Rule) {
        match pattern {
            Pattern::Exact(name) => drop(self.exact.entry(name).or_insert(rule)),
            pattern => self.patterns.push((pattern, rule)),
        }
    }

    /// True if every name has a rule.
    pub(super) fn is_total(&self) -> bool {
        self.patterns.iter().any(|(pattern, _)| *pattern == Pattern::Any)
    }

    /// The classes that there are rules for.
    pub(super) fn classes(&self) -> impl Iterator<Item = Class> {
        self.exact.values().chain(self.patterns.iter().map(|(_, rule)| rule)).map(|rule| rule.class)
    }

    /// The class and activity of an event of this name.
    pub(super) fn of(&self, event: &str) -> Option<(Class, i32)> {
        let exact = self.exact.get(&event.to_ascii_lowercase());
        let rule = exact.or_else(|| self.patterns.iter().find(|(pattern, _)| pattern.matches(event)).map(|(_, rule)| rule))?;
        let activity = match rule.activity {
            Activity::Is(activity) => activity,
            Activity::ByVerb => self.verb_in(event).unwrap_or(Verb::Other).activity_in(rule.class),
        };
        Some((rule.class, activity))
    }

    /// The verb of a name: in what stands after its last dot, or else in all of it. What is done is said before what it is done to
    /// (`add_repository`, `SearchAlert`), but a participle says it wherever it stands (`ListUpdated`).
    fn verb_in(&self, event: &str) -> Option<Verb> {
        let last = event.rsplit('.').next().unwrap_or(event);
        let participle = |word: &&str| word.len() > 2 && word.as_bytes()[word.len() - 2..].eq_ignore_ascii_case(b"ed");
        [last, event].into_iter().find_map(|part| {
            let mut participles = words_of(part).filter(participle);
            participles.find_map(|word| self.verb(word)).or_else(|| words_of(part).find_map(|word| self.verb(word)))
        })
    }

    fn verb(&self, word: &str) -> Option<Verb> {
        let own = self.verbs.iter().find(|(own, _)| own.eq_ignore_ascii_case(word)).map(|(_, verb)| *verb);
        own.or_else(|| VERBS.iter().find(|(words, _)| words.iter().any(|one| one.eq_ignore_ascii_case(word))).map(|(_, verb)| *verb))
    }
}

/// The words of `repo.create`, `New-InboxRule`, `FileDownloaded`, `ADD_GROUP_MEMBER`.
fn words_of(name: &str) -> impl Iterator<Item = &str> {
    name.split(|letter: char| !letter.is_alphanumeric()).flat_map(|part| {
        let starts = part.char_indices().zip(part.chars().skip(1)).filter(|((_, one), two)| one.is_lowercase() && two.is_uppercase());
        let mut cuts: Vec<usize> = std::iter::once(0).chain(starts.map(|((place, one), _)| place + one.len_utf8())).collect();
        cuts.push(part.len());
        cuts.windows(2).map(|cut| &part[cut[0]..cut[1]]).collect::<Vec<_>>()
    })
}

/// The activity of a class by OCSF's caption of it in small letters and underscores: `logon`, `add_user`.
pub(super) fn activity_of(class: Class, name: &str) -> Option<i32> {
    match name {
        "unknown" => Some(0),
        "other" => Some(99),
        _ => (1..99).find(|activity| caption_key(activity_name(class, *activity)) == name),
    }
}

/// The names of the activities of a class.
pub(super) fn activities_of(class: Class) -> Vec<String> {
    (1..99).map(|activity| activity_name(class, activity)).filter(|name| *name != "Other").map(caption_key).collect()
}

fn caption_key(caption: &str) -> String {
    caption.to_ascii_lowercase().replace([' ', '-'], "_")
}
