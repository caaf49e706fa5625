//! Raises an alarm when the share of records that cannot be read jumps: a vendor changed its format, or a sender is broken.

use std::collections::BTreeMap;

use coldtrail_catalog::{CatalogClient, Error as CatalogError};
use coldtrail_model::{ALARM_KIND, Alarm, DocumentChange, SourceObject};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Error;
use crate::hold::json;

/// The longest part of a source or account in the key of an alarm, in characters: keys of documents have a bound.
const KEY_PART_MAX: usize = 100;

/// When an alarm is raised because of rejects.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct RejectsConfig {
    /// How often the node that leads looks, in seconds; 0 for never.
    pub alarm_every_seconds: u64,
    /// The time that is looked at, in seconds until now.
    pub alarm_window_seconds: u64,
    /// The time before that it is compared with, in hours.
    pub alarm_baseline_hours: u64,
    /// No alarm below this share of rejects among the records, from 0 to 1.
    pub alarm_share: f64,
    /// No alarm below so many times the share of before.
    pub alarm_factor: f64,
    /// No alarm, and no end of one, while the window has fewer records.
    pub alarm_least_records: u64,
    /// An alarm ends once the share is below this part of what raised it, so that it does not come and go.
    pub alarm_clear_part: f64,
}

impl Default for RejectsConfig {
    fn default() -> Self {
        Self {
            alarm_every_seconds: 300,
            alarm_window_seconds: 3_600,
            alarm_baseline_hours: 7 * 24,
            alarm_share: 0.05,
            alarm_factor: 3.0,
            alarm_least_records: 1_000,
            alarm_clear_part: 0.5,
        }
    }
}

impl RejectsConfig {
    /// Checks every setting, and names the one that is out of its range.
    pub fn validate(&self) -> Result<(), Error> {
        let check = |key, value: f64, is_valid, reason| {
            if is_valid { Ok(()) } else { Err(Error::RejectsConfig { key, value: value.to_string(), reason }) }
        };
        check("alarm_share", self.alarm_share, self.alarm_share > 0.0 && self.alarm_share <= 1.0, "it must be above 0 and at most 1")?;
        check("alarm_factor", self.alarm_factor, self.alarm_factor >= 1.0, "it must be at least 1")?;
        let part = self.alarm_clear_part;
        check("alarm_clear_part", part, part > 0.0 && part <= 1.0, "it must be above 0 and at most 1")?;
        let (window, hours) = (self.alarm_window_seconds, self.alarm_baseline_hours);
        check("alarm_window_seconds", window as f64, (60..=7 * 86_400).contains(&window), "it must be a minute to a week")?;
        check("alarm_baseline_hours", hours as f64, (1..=24 * 366).contains(&hours), "it must be an hour to a year")
    }
}

/// What a look at the rejects led to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AlarmsReport {
    /// Alarms that were raised now.
    pub raised: Vec<Alarm>,
    /// Alarms that were cleared now.
    pub cleared: Vec<Alarm>,
}

/// Compares the share of rejects of each source and account with what it was, by what the catalog knows of the objects that were taken
/// in, and raises and clears alarms there. Of several that look at the same time each alarm is raised by one. `now_ms` is in milliseconds
/// since 1970, UTC.
pub async fn check_rejects(catalog: &dyn CatalogClient, config: &RejectsConfig, now_ms: i64) -> Result<AlarmsReport, Error> {
    let shares = measure(&catalog.source_objects().await?, config, now_ms);
    let mut known = BTreeMap::new();
    for document in catalog.documents(ALARM_KIND).await? {
        let fail = |error: serde_json::Error| Error::Document { kind: ALARM_KIND, key: document.key.clone(), reason: error.to_string() };
        let alarm: Alarm = serde_json::from_slice(&document.body).map_err(fail)?;
        known.insert(document.key.clone(), (document.version, alarm));
    }
    let mut report = AlarmsReport::default();
    for (of, share) in &shares {
        let present = known.get(&key_of(of));
        let standing = present.filter(|(_, alarm)| alarm.cleared_ms.is_none());
        let version = present.map_or(0, |(version, _)| *version);
        match standing {
            None if share.is_alarming(config) => {
                let alarm = raised(of, share, config, now_ms);
                if put(catalog, &alarm, version, now_ms).await? {
                    tracing::warn!(
                        source = alarm.source,
                        account = alarm.account,
                        share = alarm.share,
                        share_before = alarm.share_before,
                        records = alarm.records,
                        rejects = alarm.rejects,
                        "{}",
                        alarm.title
                    );
                    report.raised.push(alarm);
                }
            }
            Some((_, alarm)) if share.is_calm(alarm, config) => {
                let alarm = Alarm { cleared_ms: Some(now_ms), ..alarm.clone() };
                if put(catalog, &alarm, version, now_ms).await? {
                    tracing::warn!(
                        source = alarm.source,
                        account = alarm.account,
                        share = share.recent.share(),
                        "the alarm is over: few records are rejected again"
                    );
                    report.cleared.push(alarm);
                }
            }
            _ => {}
        }
    }
    Ok(report)
}

/// Stores an alarm; false if another was faster. Whoever says so has a name of its own: the catalog takes the same change by the same name
/// at the same time for one that was sent again.
async fn put(catalog: &dyn CatalogClient, alarm: &Alarm, version: u64, now_ms: i64) -> Result<bool, Error> {
    let by = format!("maintenance {}", Uuid::now_v7());
    let change = DocumentChange::put(ALARM_KIND, alarm.key.clone(), json(alarm), now_ms, &by).expecting(version);
    match catalog.put_documents(vec![change]).await {
        Ok(_) => Ok(true),
        Err(CatalogError::DocumentChanged { .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// A source and, if its objects tell, an account.
type Sender = (String, Option<String>);

/// How many records, and how many of them are rejects.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Counts {
    records: u64,
    rejects: u64,
}

/// The window, and the time before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Share {
    recent: Counts,
    before: Counts,
}

impl Counts {
    fn add(&mut self, object: &SourceObject) {
        self.records += object.records;
        self.rejects += object.rejects;
    }

    fn share(&self) -> Option<f64> {
        (self.records > 0).then(|| self.rejects as f64 / self.records as f64)
    }
}

impl Share {
    /// What the share must reach.
    fn limit(&self, config: &RejectsConfig) -> f64 {
        config.alarm_share.max(self.before.share().unwrap_or(0.0) * config.alarm_factor)
    }

    fn is_alarming(&self, config: &RejectsConfig) -> bool {
        let is_enough = self.recent.records >= config.alarm_least_records;
        is_enough && self.recent.share().is_some_and(|share| share >= self.limit(config))
    }

    fn is_calm(&self, alarm: &Alarm, config: &RejectsConfig) -> bool {
        let is_enough = self.recent.records >= config.alarm_least_records;
        is_enough && self.recent.share().is_some_and(|share| share < alarm.limit * config.alarm_clear_part)
    }
}

fn measure(objects: &[SourceObject], config: &RejectsConfig, now_ms: i64) -> BTreeMap<Sender, Share> {
    let since_ms = now_ms.saturating_sub(i64::try_from(config.alarm_window_seconds.saturating_mul(1_000)).unwrap_or(i64::MAX));
    let before_ms = since_ms.saturating_sub(crate::config::hours_ms(config.alarm_baseline_hours));
    let mut shares: BTreeMap<Sender, Share> = BTreeMap::new();
    // What was read again was counted when it came.
    let fresh = objects.iter().filter(|object| object.records > 0 && !object.url.starts_with("rejects://"));
    for object in fresh.filter(|object| object.ingested_ms > before_ms && object.ingested_ms <= now_ms) {
        let share = shares.entry((object.source.clone(), account_of(&object.url).map(str::to_owned))).or_default();
        let counts = if object.ingested_ms > since_ms { &mut share.recent } else { &mut share.before };
        counts.add(object);
    }
    shares
}

fn raised((source, account): &Sender, share: &Share, config: &RejectsConfig, now_ms: i64) -> Alarm {
    let percent = |share: f64| format!("{:.1} %", share * 100.0);
    let (now, before) = (share.recent.share().unwrap_or_default(), share.before.share());
    let whose = account.as_ref().map(|account| format!(" of account {account}")).unwrap_or_default();
    let was = before.map_or_else(|| "nothing came before".to_owned(), |before| format!("it was {}", percent(before)));
    Alarm {
        key: key_of(&(source.clone(), account.clone())),
        kind: "rejects".to_owned(),
        title: format!("{} of the records of {source}{whose} cannot be read; {was}", percent(now)),
        severity: "High".to_owned(),
        source: source.clone(),
        account: account.clone(),
        share: now,
        share_before: before,
        limit: share.limit(config),
        records: share.recent.records,
        rejects: share.recent.rejects,
        raised_ms: now_ms,
        cleared_ms: None,
        notified_ms: None,
    }
}

fn key_of((source, account): &Sender) -> String {
    let plain = |text: &str| -> String {
        text.chars().map(|c| if c.is_ascii_graphic() && c != '/' { c } else { '_' }).take(KEY_PART_MAX).collect()
    };
    format!("rejects/{}/{}", plain(source), account.as_deref().map_or_else(|| "-".to_owned(), plain))
}

/// The account whose logs an object holds, where the vendor's layout of folders says it: `AWSLogs/[organization/]account/…` of AWS, and
/// folders like `accountId=…`, `account=…`, `SUBSCRIPTIONS/…` and `tenantId=…`.
fn account_of(url: &str) -> Option<&str> {
    let mut folders = url.split('/').peekable();
    while let Some(folder) = folders.next() {
        if folder == "AWSLogs" {
            let _organization = folders.next_if(|next| next.starts_with("o-"));
            return folders.next().filter(|account| account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit()));
        }
        if folder.eq_ignore_ascii_case("subscriptions") {
            return folders.next().filter(|account| !account.is_empty());
        }
        let named = folder.split_once('=').filter(|(name, _)| ["accountid", "account", "tenantid"].contains(&name.to_lowercase().as_str()));
        if let Some((_, account)) = named.filter(|(_, account)| !account.is_empty()) {
            return Some(account);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_account_is_told_from_the_vendors_folders() {
        let cases = [
            ("s3://trail/AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/01/x.json.gz", Some("111122223333")),
            ("s3://trail/p/AWSLogs/o-abc123/111122223333/CloudTrail/x.json.gz", Some("111122223333")),
            ("s3://lake/ext/region=eu-west-1/accountId=111122223333/eventDay=20260301/x.parquet", Some("111122223333")),
            ("az://logs/resourceId=/SUBSCRIPTIONS/5F0E/y=2026/PT1H.json", Some("5F0E")),
            ("az://logs/tenantId=77/y=2026/PT1H.json", Some("77")),
            ("file:///logs/zeek/dns.log", None),
            ("s3://trail/AWSLogs/readme.txt", None),
        ];
        for (url, account) in cases {
            assert_eq!(account_of(url), account, "{url}");
        }
    }

    #[test]
    fn a_setting_out_of_its_range_is_named() {
        RejectsConfig::default().validate().expect("the defaults work");
        let config = RejectsConfig { alarm_share: 5.0, ..RejectsConfig::default() };
        assert_eq!(
            config.validate().expect_err("it is a percentage").to_string(),
            "rejects.alarm_share cannot be 5: it must be above 0 and at most 1"
        );
    }
}
