use std::collections::BTreeMap;

use compact_str::CompactString;

use crate::normal::{Normal, Normals, Refusal, Wanted, normalise, normalise_pattern};
use crate::{Confirmation, Entry, Error, Feed, Indicator, IndicatorId, IndicatorKind, Options, Outcome, Place, guard};

use super::time::time_ms;

/// Puts the entries of one feed together.
pub(super) struct Collector<'o> {
    feed: Feed,
    options: &'o Options,
    passed_over: BTreeMap<String, u64>,
}

/// What a feed says of one or several values.
#[derive(Debug, Clone, Default)]
pub(super) struct About {
    pub(super) valid_from: Option<i64>,
    pub(super) valid_until: Option<i64>,
    pub(super) confidence: Option<u8>,
    pub(super) tlp: Option<CompactString>,
    pub(super) attack: Vec<CompactString>,
    pub(super) labels: Vec<CompactString>,
    pub(super) description: Option<Box<str>>,
}

impl About {
    /// Sets when validity begins. What is no time is kept as a label, so that it is seen.
    pub(super) fn begin(&mut self, text: &str) {
        self.valid_from = time_ms(text);
        self.keep_unread("valid_from", text, self.valid_from.is_none());
    }

    /// Sets when validity ends.
    pub(super) fn end(&mut self, text: &str) {
        self.valid_until = time_ms(text);
        self.keep_unread("valid_until", text, self.valid_until.is_none());
    }

    /// Sets how sure the feed is, from 0 to 100.
    pub(super) fn confidence(&mut self, text: &str) {
        let number = text.trim().trim_end_matches('%').parse::<f64>().ok().filter(|number| (0.0..=100.0).contains(number));
        let word = match text.trim().to_ascii_lowercase().as_str() {
            "high" => Some(85),
            "medium" | "med" | "moderate" => Some(50),
            "low" => Some(15),
            "none" => Some(0),
            _ => None,
        };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it lies between 0 and 100")]
        let number = number.map(|number| number.round() as u8);
        self.confidence = number.or(word);
        self.keep_unread("confidence", text, self.confidence.is_none());
    }

    fn keep_unread(&mut self, what: &str, text: &str, is_unread: bool) {
        if is_unread && !text.trim().is_empty() {
            self.label(&format!("unread {what}: {text}"));
        }
    }

    /// Takes a label or tag; some of them say more than a label does.
    pub(super) fn label(&mut self, label: &str) {
        let label = label.trim();
        let lower = label.to_ascii_lowercase();
        if let Some(tlp) = lower.strip_prefix("tlp:") {
            self.tlp = Some(tlp_word(tlp));
        } else if !label.is_empty() && !self.labels.iter().any(|known| known == label) {
            self.labels.push(label.into());
        }
        technique_in(label).into_iter().for_each(|technique| self.technique(&technique));
    }

    /// Takes the id of an ATT&CK technique or tactic.
    pub(super) fn technique(&mut self, id: &str) {
        if !self.attack.iter().any(|known| known == id) {
            self.attack.push(id.into());
        }
    }
}

/// TLP 2.0's word for a word of TLP 1.0 or 2.0.
pub(super) fn tlp_word(word: &str) -> CompactString {
    match word.trim().to_ascii_lowercase().as_str() {
        "white" => "clear".into(),
        other => other.into(),
    }
}

/// The ids of ATT&CK techniques in tags that name them: `misp-galaxy:mitre-attack-pattern="PowerShell - T1059.001"`, `attack.t1059`.
fn technique_in(label: &str) -> Vec<CompactString> {
    let lower = label.to_ascii_lowercase();
    if !lower.contains("attack") && !lower.contains("mitre") && !is_technique(label) {
        return Vec::new();
    }
    let words = label.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '.');
    let parts = words.flat_map(|word| [word, word.split_once('.').map_or("", |(_, rest)| rest)]);
    parts.map(str::to_ascii_uppercase).filter(|word| is_technique(word)).map(CompactString::from).collect()
}

fn is_technique(word: &str) -> bool {
    let word = word.to_ascii_uppercase();
    let Some(digits) = word.strip_prefix('T') else { return false };
    let (number, sub) = digits.split_once('.').unwrap_or((digits, "000"));
    number.len() == 4 && sub.len() == 3 && format!("{number}{sub}").bytes().all(|byte| byte.is_ascii_digit())
}

/// What a value is, and what else must hold.
#[derive(Debug, Clone)]
pub(super) enum Claim {
    /// A value.
    Value(Wanted),
    /// A value that is only a part of what the feed says.
    Confirmed(Wanted, Confirmation),
    /// A pattern with wildcards.
    Pattern(IndicatorKind),
    /// What nothing can look for, with the reason.
    Unsupported(String),
    /// What must not be looked for, with the reason.
    Rejected(String),
}

impl<'o> Collector<'o> {
    pub(super) fn new(feed: Feed, options: &'o Options) -> Self {
        Self { feed, options, passed_over: BTreeMap::new() }
    }

    pub(super) fn options(&self) -> &'o Options {
        self.options
    }

    /// The name of the feed.
    pub(super) fn name(&self) -> &str {
        &self.feed.name
    }

    /// Notes something of the feed that is no entry.
    pub(super) fn pass_over(&mut self, what: impl Into<String>) {
        *self.passed_over.entry(what.into()).or_default() += 1;
    }

    /// Takes one entry. Fails only if there are too many.
    pub(super) fn take(&mut self, place: Place, original: &str, claim: Claim, about: &About) -> Result<(), Error> {
        let limits = &self.options.limits;
        if self.feed.entries.len() >= limits.indicators_max {
            return Err(Error::TooMany { feed: self.feed.name.to_string(), indicators_max: limits.indicators_max });
        }
        let normals = self.normals(original, claim).and_then(|normals| self.check(normals, about));
        let original = shortened(original, limits.entry_bytes_max);
        let outcome = match normals {
            Ok(normals) => self.accept(original, normals, about),
            Err(Refusal::Rejected(reason)) => Outcome::Rejected(reason.into()),
            Err(Refusal::Unsupported(reason)) => Outcome::Unsupported(reason.into()),
        };
        self.feed.entries.push(Entry { feed: self.feed.name.clone(), place, original: original.into(), outcome });
        Ok(())
    }

    fn normals(&self, original: &str, claim: Claim) -> Normals {
        let level = self.options.url_level;
        let bytes_max = self.options.limits.entry_bytes_max;
        if original.len() > bytes_max {
            return Err(Refusal::Rejected(format!("it is {} bytes long; entry_bytes_max is {bytes_max}", original.len())));
        }
        if original.contains('\u{fffd}') {
            return Err(Refusal::Rejected("it is not UTF-8".to_owned()));
        }
        match claim {
            Claim::Value(wanted) => normalise(wanted, original, level),
            Claim::Confirmed(wanted, confirmation) => {
                let with = |normal: Normal| Normal { confirm: normal.confirm.or_else(|| Some(confirmation.clone())), ..normal };
                normalise(wanted, original, level).map(|normals| normals.into_iter().map(with).collect())
            }
            Claim::Pattern(kind) => normalise_pattern(kind, original).map(|normal| vec![normal]),
            Claim::Unsupported(reason) => Err(Refusal::Unsupported(reason)),
            Claim::Rejected(reason) => Err(Refusal::Rejected(reason)),
        }
    }

    fn check(&self, normals: Vec<Normal>, about: &About) -> Normals {
        if let (Some(until), Some(before)) = (about.valid_until, self.options.expired_before_ms)
            && until <= before
        {
            return Err(Refusal::Rejected(format!("it expired at {}", coldtrail_model::format_ms(until))));
        }
        match normals.iter().find_map(|normal| guard::objection(normal, self.options)) {
            Some(objection) => Err(Refusal::Rejected(objection)),
            None => Ok(normals),
        }
    }

    fn accept(&mut self, original: &str, normals: Vec<Normal>, about: &About) -> Outcome {
        let index = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        let start = index(self.feed.indicators.len());
        for normal in normals {
            self.feed.indicators.push(Indicator {
                id: IndicatorId::new(normal.kind, &normal.value, normal.pattern, normal.confirm.as_ref()),
                kind: normal.kind,
                value: normal.value.into(),
                pattern: normal.pattern,
                confirm: normal.confirm,
                original: original.into(),
                feed: self.feed.name.clone(),
                valid_from: about.valid_from,
                valid_until: about.valid_until,
                confidence: about.confidence,
                tlp: about.tlp.clone(),
                attack: about.attack.clone(),
                labels: about.labels.clone(),
                description: about.description.clone(),
            });
        }
        Outcome::Accepted(start, index(self.feed.indicators.len()))
    }

    pub(super) fn finish(mut self) -> Feed {
        self.feed.passed_over = self.passed_over.into_iter().collect();
        self.feed
    }
}

/// The beginning of a text that is too long to keep.
fn shortened(text: &str, bytes_max: usize) -> &str {
    if text.len() <= bytes_max {
        return text;
    }
    let kept = bytes_max.min(200);
    let end = (0..=kept).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    &text[..end]
}
