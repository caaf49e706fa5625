use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use coldtrail_hunt::ContentKind;
use coldtrail_huntfile::Hunt;
use coldtrail_intel::{Feed, FeedFormat, Options, Outcome, WarningList, read_feed};
use coldtrail_query::{Error, Indicators};
use coldtrail_sigma::{Collection, CorrelationSet, Mappings, RuleFiles, RuleSet};
use datafusion::common::DataFusionError;

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

    fn rules(&self) -> Result<Outcomes, Error> {
        let files = RuleFiles::from_bytes(&self.name, &self.bytes).map_err(|error| bad(error.to_string()))?;
        let Collection { set, correlations, filters, refused } = Collection::new(&files, Mappings::builtin());
        let mut counts =
            vec![("rules", set.rules().len()), ("correlations", correlations.correlations().len()), ("refused", refused.len())];
        counts.extend((filters > 0).then_some(("filters", filters)));
        let counts = counts.into_iter().map(|(name, count)| (name.to_owned(), count as u64)).collect();
        let remarks = refused.iter().map(ToString::to_string).collect();
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
