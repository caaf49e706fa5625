use coldtrail_catalog::{CatalogClient, Error as CatalogError};
use coldtrail_model::{Day, Document, DocumentChange, SegmentMeta, Table, format_ms};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Error;

/// The kind of the documents that say what is on hold, one each, by name.
pub const HOLD_KIND: &str = "hold";
/// The kind of the documents that say what was done by whom. They are only ever added to.
pub const AUDIT_KIND: &str = "audit";

/// A legal hold: what it covers is not removed, whatever retention says, and not rewritten either, so that the files stay as they
/// are, byte by byte.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hold {
    /// Its name; the key of its document.
    pub name: String,
    /// Why there is one: a case, an order of a court.
    pub reason: String,
    /// Who set it.
    pub who: String,
    /// Since when, in milliseconds since 1970, UTC.
    pub since_ms: i64,
    /// What it covers.
    #[serde(default)]
    pub scope: HoldScope,
}

/// What a hold covers: what is not said is not asked, so that an empty scope covers the whole lake.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HoldScope {
    /// Only this table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<Table>,
    /// Only this source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Only segments that may have rows of this account (`cloud_account_uid`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Only from this day on, as `YYYY-MM-DD`.
    #[serde(skip_serializing_if = "Option::is_none", with = "day_text")]
    pub first_day: Option<Day>,
    /// Only until this day, itself included.
    #[serde(skip_serializing_if = "Option::is_none", with = "day_text")]
    pub last_day: Option<Day>,
}

impl HoldScope {
    /// True if the segment may have rows that the hold covers. Where a segment does not tell, it is covered: one of observables is of
    /// all sources and accounts, one with many accounts lists none, and rows without an account may be anybody's.
    pub fn covers(&self, segment: &SegmentMeta) -> bool {
        let is_mixed = segment.table == Table::Observables;
        let is_of_account = |account: &String| match &segment.accounts {
            Some(accounts) => accounts.contains(account) || segment.has_rows_without_account,
            None => true,
        };
        self.table.is_none_or(|table| table == segment.table)
            && (is_mixed || self.source.as_ref().is_none_or(|source| *source == segment.source))
            && (is_mixed || self.account.as_ref().is_none_or(is_of_account))
            && self.first_day.is_none_or(|day| day <= segment.day)
            && self.last_day.is_none_or(|day| segment.day <= day)
    }
}

/// The holds that there are.
#[derive(Debug, Clone, Default)]
pub struct Holds(Vec<Hold>);

impl Holds {
    /// Asks the catalog. One that cannot be understood is an error: nothing may be removed then.
    pub async fn load(catalog: &dyn CatalogClient) -> Result<Self, Error> {
        let documents = catalog.documents(HOLD_KIND).await?;
        documents.iter().map(|document| read(document)).collect::<Result<_, _>>().map(Self)
    }

    /// The hold that covers this segment, if one does.
    pub fn covering(&self, segment: &SegmentMeta) -> Option<&Hold> {
        self.0.iter().find(|hold| hold.scope.covers(segment))
    }

    /// Every hold, in order of their names.
    pub fn iter(&self) -> impl Iterator<Item = &Hold> {
        self.0.iter()
    }
}

/// Sets a hold, and says so in the audit, both or neither. What retention removed before and is still there comes back with the
/// next pass ([`crate::Maintenance::pass`]).
pub async fn set_hold(catalog: &dyn CatalogClient, hold: &Hold) -> Result<(), Error> {
    let set = DocumentChange::put(HOLD_KIND, hold.name.clone(), json(hold), hold.since_ms, &hold.who).expecting(0);
    let told = audit("hold_set", hold, &hold.who, &hold.reason, hold.since_ms);
    match catalog.put_documents(vec![set, told]).await {
        Err(CatalogError::DocumentChanged { kind, .. }) if kind == HOLD_KIND => Err(Error::HoldExists { name: hold.name.clone() }),
        other => other.map(drop).map_err(Error::from),
    }
}

/// Lifts a hold, and says so in the audit, both or neither.
pub async fn lift_hold(catalog: &dyn CatalogClient, name: &str, who: &str, reason: &str, now_ms: i64) -> Result<Hold, Error> {
    let unknown = || Error::HoldUnknown { name: name.to_owned() };
    let document = catalog.document(HOLD_KIND, name).await?.ok_or_else(unknown)?;
    let hold = read(&document)?;
    let lift = DocumentChange::delete(HOLD_KIND, name.to_owned(), now_ms, who).expecting(document.version);
    let told = audit("hold_lifted", &hold, who, reason, now_ms);
    match catalog.put_documents(vec![lift, told]).await {
        Err(CatalogError::DocumentChanged { kind, .. }) if kind == HOLD_KIND => Err(unknown()),
        other => other.map(|_| hold).map_err(Error::from),
    }
}

/// What the audit says of one act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// What was done: `hold_set`, `hold_lifted`.
    pub act: String,
    /// When, in milliseconds since 1970, UTC.
    pub at_ms: i64,
    /// By whom.
    pub who: String,
    /// Why.
    pub reason: String,
    /// To which hold, as it was.
    pub hold: Hold,
}

/// A new document of the audit: its key is new, and it must not be there.
fn audit(act: &str, hold: &Hold, who: &str, reason: &str, at_ms: i64) -> DocumentChange {
    let entry = AuditEntry { act: act.to_owned(), at_ms, who: who.to_owned(), reason: reason.to_owned(), hold: hold.clone() };
    let key = format!("{} {}", format_ms(at_ms), Uuid::now_v7());
    DocumentChange::put(AUDIT_KIND, key, json(&entry), at_ms, who).expecting(0)
}

/// Reads a hold's document, whose key is its name.
fn read(document: &Document) -> Result<Hold, Error> {
    let fail = |reason: String| Error::Document { kind: HOLD_KIND, key: document.key.clone(), reason };
    let hold: Hold = serde_json::from_slice(&document.body).map_err(|error| fail(error.to_string()))?;
    if hold.name == document.key { Ok(hold) } else { Err(fail(format!("it says that its name is {:?}", hold.name))) }
}

/// The body of a document.
pub(crate) fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("texts and numbers can always be written as JSON")
}

/// A day as people write it.
mod day_text {
    use coldtrail_model::Day;
    use serde::{Deserialize, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(day: &Option<Day>, serializer: S) -> Result<S::Ok, S::Error> {
        match day {
            Some(day) => serializer.collect_str(day),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Day>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| text.parse().map_err(D::Error::custom)).transpose()
    }
}

#[cfg(test)]
mod tests {
    use coldtrail_model::{Class, SegmentId, TimeRange};

    use super::*;

    fn segment(table: Table, day: &str, accounts: Option<&[&str]>, has_rows_without_account: bool) -> SegmentMeta {
        SegmentMeta {
            id: SegmentId::generate(),
            table,
            day: day.parse().expect("a day"),
            path: "p".to_owned(),
            rows: 1,
            bytes: 1,
            created_ms: 0,
            time: TimeRange { start_ms: 0, end_ms: 0 },
            source: if table == Table::Observables { "*".to_owned() } else { "aws_cloudtrail".to_owned() },
            accounts: accounts.map(|accounts| accounts.iter().map(|account| (*account).to_owned()).collect()),
            has_rows_without_account,
            sha256: [0; 32],
            schema_version: 1,
        }
    }

    #[test]
    fn what_may_be_covered_is() {
        let api = Table::Events(Class::ApiActivity);
        let scope: HoldScope = serde_json::from_str(
            r#"{"table":"api_activity","source":"aws_cloudtrail","account":"1","first_day":"2026-03-01","last_day":"2026-03-02"}"#,
        )
        .expect("a scope");
        let is_covered = |table, day, accounts, without| scope.covers(&segment(table, day, accounts, without));
        assert!(is_covered(api, "2026-03-01", Some(&["1", "2"]), false));
        assert!(is_covered(api, "2026-03-02", Some(&["2"]), true), "a row without account may be of this one");
        assert!(is_covered(api, "2026-03-02", None, false), "so many accounts that they are not listed");
        assert!(!is_covered(api, "2026-03-02", Some(&["2"]), false));
        assert!(!is_covered(api, "2026-02-28", Some(&["1"]), false) && !is_covered(api, "2026-03-03", Some(&["1"]), false));
        assert!(!is_covered(Table::Events(Class::DnsActivity), "2026-03-01", Some(&["1"]), false));
        let of_all_tables = HoldScope { table: None, ..scope.clone() };
        assert!(of_all_tables.covers(&segment(Table::Observables, "2026-03-01", None, false)), "observables are of all sources");
        assert!(HoldScope::default().covers(&segment(Table::Rejects, "1999-01-01", Some(&[]), true)));
        let again: HoldScope = serde_json::from_slice(&json(&scope)).expect("what was written");
        assert_eq!(again, scope);
        assert!(serde_json::from_str::<HoldScope>(r#"{"tabel":"api_activity"}"#).is_err(), "a scope with a slip covers nothing by luck");
    }
}
