use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use coldtrail_hunt::ContentKind;
use coldtrail_huntfile::Hunt;
use coldtrail_intel::{Feed, FeedFormat, Options, Outcome, WarningList, read_feed};
use coldtrail_query::{Error, Indicators};
use coldtrail_sigma::{Compilation, CorrelationSet, Mappings, Placeholders, RuleSet, parse};
use datafusion::common::DataFusionError;
use serde::Deserialize;

use super::Counts;

/// Content as it is used.
#[derive(Clone)]
pub(super) enum Read {
    Indicators(Arc<Indicators>),
    Rules(Arc<RuleSet>, Arc<CorrelationSet>),
    Hunt(Arc<Hunt>),
}

/// Content that is to be read.
pub(super) struct Reader {
    pub(super) kind: ContentKind,
    pub(super) name: String,
    pub(super) bytes: Bytes,
    pub(super) options: BTreeMap<String, String>,
}

/// One file of rules.
#[derive(Deserialize)]
struct RuleFile {
    path: String,
    text: String,
}

/// What was read, what it holds, and what was not taken.
pub(super) type Outcomes = (Read, Counts, Vec<String>);

impl Reader {
    /// Reads it, off the threads that serve.
    pub(super) async fn read(self) -> Result<Outcomes, Error> {
        let read = tokio::task::spawn_blocking(move || match self.kind {
            ContentKind::Indicators => self.indicators(),
            ContentKind::Rules => self.rules(),
            ContentKind::Hunt => self.hunt(),
        });
        read.await.map_err(|error| Error::Failed(DataFusionError::External(Box::new(error))))?
    }

    fn hunt(&self) -> Result<Outcomes, Error> {
        let text = std::str::from_utf8(&self.bytes).map_err(|error| bad(format!("hunt {} is not text: {error}", self.name)))?;
        let hunt = Hunt::parse(&self.name, text).map_err(|problems| bad(problems.to_string()))?;
        let counts = Counts::from([("queries".to_owned(), hunt.queries.len() as u64)]);
        Ok((Read::Hunt(Arc::new(hunt)), counts, Vec::new()))
    }

    /// Rules come as one file of YAML documents, or as many in JSON: `[{"path": …, "text": …}]`.
    fn rules(&self) -> Result<Outcomes, Error> {
        let text = std::str::from_utf8(&self.bytes).map_err(|error| bad(format!("the rules {} are not text: {error}", self.name)))?;
        let files = match text.trim_start().starts_with('[') {
            true => serde_json::from_str(text).map_err(|error| bad(format!("the rules {} cannot be read: {error}", self.name)))?,
            false => vec![RuleFile { path: self.name.clone(), text: text.to_owned() }],
        };
        let parsed: Vec<_> = files.iter().map(|file| parse(&file.path, &file.text)).collect();
        let mut remarks: Vec<String> = parsed.iter().flat_map(|parsed| &parsed.problems).map(ToString::to_string).collect();
        let rules = parsed.iter().flat_map(|parsed| parsed.rules().cloned());
        let Compilation { mut set, refused } = RuleSet::compile(rules, Mappings::builtin(), &Placeholders::new());
        remarks.extend(refused.iter().map(|(rule, verdict)| format!("{}: {}: {verdict}", rule.about.file, rule.about.title)));
        let correlations = parsed.iter().flat_map(|parsed| parsed.correlations().cloned()).collect();
        let (correlations, problems) = CorrelationSet::link(correlations, set.rules());
        remarks.extend(problems.iter().map(ToString::to_string));
        for rule in 0..set.rules().len() {
            match correlations.fields_needed(rule) {
                fields if fields.is_empty() => {}
                fields => set.carry(rule, fields),
            }
        }
        let counts = [("rules", set.rules().len()), ("correlations", correlations.correlations().len()), ("refused", remarks.len())];
        let counts = counts.into_iter().map(|(name, count)| (name.to_owned(), count as u64)).collect();
        Ok((Read::Rules(Arc::new(set), Arc::new(correlations)), counts, remarks))
    }

    fn indicators(&self) -> Result<Outcomes, Error> {
        let mut options = Options { force: self.options.get("force").is_some_and(|value| value == "true"), ..Options::default() };
        if let Some(list) = self.options.get("warning_list") {
            options.warning_lists = vec![WarningList::read("the warning list", list.as_bytes()).map_err(|error| bad(error.to_string()))?];
        }
        let format = self.options.get("format").map_or(Ok(FeedFormat::Guess), |name| format_named(name))?;
        let feed = read_feed(format, &self.name, &self.bytes, &options).map_err(|error| bad(error.to_string()))?;
        let (counts, remarks) = (counts_of(&feed), remarks_of(&feed));
        Ok((Read::Indicators(Arc::new(Indicators::new(feed))), counts, remarks))
    }
}

fn bad(message: String) -> Error {
    Error::BadStatement { message }
}

fn format_named(name: &str) -> Result<FeedFormat, Error> {
    use FeedFormat::{Csv, Guess, Json, Misp, OpenIoc, Stix, Text};
    let known = [Guess, Stix, Misp, OpenIoc, Csv, Json, Text];
    let found = known.into_iter().find(|format| format.name().eq_ignore_ascii_case(name));
    found.ok_or_else(|| bad(format!("{name} is not the format of a feed; known are stix, misp, openioc, csv, json, text and guess")))
}

fn counts_of(feed: &Feed) -> Counts {
    let counts = feed.counts();
    let named = [("accepted", counts.accepted), ("rejected", counts.rejected), ("unsupported", counts.unsupported)];
    named.into_iter().map(|(name, count)| (name.to_owned(), count as u64)).collect()
}

fn remarks_of(feed: &Feed) -> Vec<String> {
    let remarks = feed.entries.iter().filter_map(|entry| {
        let (what, reason) = match &entry.outcome {
            Outcome::Accepted(..) => return None,
            Outcome::Rejected(reason) => ("rejected", reason),
            Outcome::Unsupported(reason) => ("unsupported", reason),
        };
        Some(format!("{}: {}: {what}: {reason}", entry.place, entry.original))
    });
    remarks.collect()
}
