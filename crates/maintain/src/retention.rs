use coldtrail_catalog::CatalogClient;
use coldtrail_model::{Day, Document, SegmentMeta, Table};
use serde::{Deserialize, Serialize};

use crate::Error;

/// The kind of the documents that say how long rows are kept, by any name.
pub const RETENTION_KIND: &str = "retention";

/// How long the rows of some tables and sources are kept, as YAML or JSON:
///
/// ```text
/// table: network_activity     # or left out: all tables, also observables and rejects
/// source: aws_vpcflow         # or left out: all sources
/// days: 90                    # so many whole days after their own
/// ```
///
/// A rule that says more goes before one that says less; of two that say as much, the longer one holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetentionRule {
    /// Only this table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<Table>,
    /// Only this source. Observables are of all sources: a rule with a source does not apply to them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// So many whole days after the day of the rows; at least 1.
    pub days: u32,
}

/// The rules that there are.
#[derive(Debug, Clone, Default)]
pub struct Retention(Vec<RetentionRule>);

impl Retention {
    /// Asks the catalog. A rule that cannot be understood is an error: nothing may be removed then.
    pub async fn load(catalog: &dyn CatalogClient) -> Result<Self, Error> {
        let documents = catalog.documents(RETENTION_KIND).await?;
        documents.iter().map(|document| read(document)).collect::<Result<_, _>>().map(Self)
    }

    /// The rule for a segment, if there is one.
    pub fn rule_for(&self, segment: &SegmentMeta) -> Option<&RetentionRule> {
        let applies = |rule: &&RetentionRule| {
            rule.table.is_none_or(|table| table == segment.table) && rule.source.as_ref().is_none_or(|source| *source == segment.source)
        };
        let rank = |rule: &&RetentionRule| (u8::from(rule.table.is_some()) + u8::from(rule.source.is_some()), rule.days);
        self.0.iter().filter(applies).max_by_key(rank)
    }

    /// True if a segment is past its time.
    pub fn has_expired(&self, segment: &SegmentMeta, now_ms: i64) -> bool {
        let Some(rule) = self.rule_for(segment) else { return false };
        let last_kept = i64::from(segment.day.epoch_days()) + i64::from(rule.days);
        last_kept < i64::from(Day::of_ms(now_ms).epoch_days())
    }
}

/// Reads a rule as it is written in a document; also what checks one before it is kept.
pub fn parse_retention_rule(text: &[u8]) -> Result<RetentionRule, String> {
    let rule: RetentionRule = yaml_serde::from_slice(text).map_err(|error| error.to_string())?;
    if rule.days == 0 {
        return Err("days must be at least 1".to_owned());
    }
    Ok(rule)
}

fn read(document: &Document) -> Result<RetentionRule, Error> {
    parse_retention_rule(&document.body).map_err(|reason| Error::Document { kind: RETENTION_KIND, key: document.key.clone(), reason })
}

#[cfg(test)]
mod tests {
    use coldtrail_model::{Class, SegmentId, TimeRange};

    use super::*;

    const DAY_MS: i64 = 86_400_000;

    fn segment(table: Table, source: &str, day: i32) -> SegmentMeta {
        SegmentMeta {
            id: SegmentId::generate(),
            table,
            day: Day::from_epoch_days(day),
            path: "p".to_owned(),
            rows: 1,
            bytes: 1,
            created_ms: 0,
            time: TimeRange { start_ms: 0, end_ms: 0 },
            source: source.to_owned(),
            accounts: None,
            has_rows_without_account: false,
            sha256: [0; 32],
            schema_version: 1,
        }
    }

    fn rules(texts: &[&str]) -> Retention {
        Retention(texts.iter().map(|text| parse_retention_rule(text.as_bytes()).expect("a rule")).collect())
    }

    #[test]
    fn the_rule_that_says_more_goes_first_and_of_equals_the_longer_one() {
        let rules = rules(&[
            "days: 400",
            "table: network_activity\ndays: 30",
            r#"{"source": "zeek", "days": 60}"#,
            "table: network_activity\nsource: aws_vpcflow\ndays: 7",
        ]);
        let network = Table::Events(Class::NetworkActivity);
        let days = |table, source| rules.rule_for(&segment(table, source, 0)).map(|rule| rule.days);
        assert_eq!(days(network, "aws_vpcflow"), Some(7));
        assert_eq!(days(network, "suricata_eve"), Some(30));
        assert_eq!(days(network, "zeek"), Some(60), "table and source say as much as each other");
        assert_eq!(days(Table::Rejects, "aws_vpcflow"), Some(400));
        assert_eq!(days(Table::Observables, "*"), Some(400));
        assert!(Retention::default().rule_for(&segment(network, "zeek", 0)).is_none());
    }

    #[test]
    fn rows_stay_for_whole_days_after_their_own() {
        let rules = rules(&["days: 1"]);
        let old = segment(Table::Rejects, "zeek", 100);
        assert!(!rules.has_expired(&old, 101 * DAY_MS));
        assert!(!rules.has_expired(&old, 102 * DAY_MS - 1), "all of the day after");
        assert!(rules.has_expired(&old, 102 * DAY_MS));
        assert!(!Retention::default().has_expired(&old, i64::MAX));
    }

    #[test]
    fn a_rule_with_a_slip_is_none() {
        for (text, reason) in [
            ("days: 0", "days must be at least 1"),
            ("day: 3", "day"),
            ("table: api_activty\ndays: 3", "api_activty"),
            ("days: -1", "days"),
            ("{", ""),
        ] {
            let error = parse_retention_rule(text.as_bytes()).expect_err(text);
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}
