use crate::Source;
use crate::encoding::ToUtf8;
use crate::fields::Fields;
use crate::framing::{Cut, Framer, JsonFramer};
use crate::sources::recognises;

/// Tells the source from the first bytes of an object (plain, 64 KiB are enough), or else from its name; nothing if no source fits.
pub fn detect(head: &[u8], name: &str) -> Option<Source> {
    let mut bytes = Vec::new();
    let mut to_utf8 = ToUtf8::default();
    to_utf8.push(head, &mut bytes);
    to_utf8.finish(&mut bytes);
    let text = match std::str::from_utf8(&bytes) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default(),
    };
    let record = first_json_record(text);
    let look = FirstLook {
        name,
        bytes: head,
        line: text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default(),
        text,
        record: record.and_then(|record| Fields::parse(record).ok()),
    };
    Source::all().into_iter().find(|source| recognises(*source, &look)).or_else(|| named(name))
}

/// Parts of the names that the vendors themselves give to their objects. They tell what an object without records is of.
///
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html>,
/// <https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-path.html>,
/// <https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_exportfindings.html>,
/// <https://learn.microsoft.com/en-us/azure/azure-monitor/platform/resource-logs-blob-format>,
/// <https://docs.cloud.google.com/logging/docs/export/storage>.
const NAMES: &[(&str, Source)] = &[
    ("CloudTrail", Source::AwsCloudtrail),
    ("CloudTrail-Insight", Source::AwsCloudtrail),
    ("vpcflowlogs", Source::AwsVpcflow),
    ("GuardDuty", Source::AwsGuardduty),
    ("insights-activity-logs", Source::AzureActivity),
    ("insights-logs-signinlogs", Source::AzureEntra),
    ("insights-logs-noninteractiveusersigninlogs", Source::AzureEntra),
    ("insights-logs-auditlogs", Source::AzureEntra),
    ("insights-logs-kube-audit", Source::K8sAudit),
    ("insights-logs-kube-audit-admin", Source::K8sAudit),
    ("insights-logs-applicationgatewayaccesslog", Source::AzureAppgw),
    ("insights-logs-applicationgatewayfirewalllog", Source::AzureAppgw),
    ("insights-logs-frontdooraccesslog", Source::AzureFrontdoor),
    ("insights-logs-frontdoorwebapplicationfirewalllog", Source::AzureFrontdoor),
    ("insights-logs-networksecuritygroupflowevent", Source::AzureNsgflow),
    ("insights-logs-flowlogflowevent", Source::AzureNsgflow),
    ("cloudaudit.googleapis.com", Source::GcpAudit),
];

fn named(name: &str) -> Option<Source> {
    let mut folders = name.split(['/', '\\']).rev().skip(1);
    folders.find_map(|folder| NAMES.iter().find(|(known, _)| *known == folder).map(|(_, source)| *source))
}

/// What the first bytes of an object show.
#[derive(Debug)]
pub(crate) struct FirstLook<'a> {
    /// The name of the object.
    pub(crate) name: &'a str,
    /// The bytes as they are.
    pub(crate) bytes: &'a [u8],
    /// The first line that is not blank, if it is text.
    pub(crate) line: &'a str,
    /// The bytes as text.
    pub(crate) text: &'a str,
    /// The first JSON record, out of its array or envelope, if it is JSON.
    pub(crate) record: Option<Fields<'a>>,
}

impl FirstLook<'_> {
    /// True if the first JSON record has something under every one of these paths.
    pub(crate) fn record_has(&self, paths: &[&str]) -> bool {
        self.record.as_ref().is_some_and(|record| paths.iter().all(|path| record.has(path)))
    }
}

/// The keys of the arrays that envelopes of any source carry records in.
const ENVELOPE_KEYS: &[&str] =
    &["Records", "records", "value", "logEvents", "events", "Events", "Findings", "findings", "items", "entries"];

fn first_json_record(text: &str) -> Option<&str> {
    if !text.trim_start().starts_with(['{', '[']) {
        return None;
    }
    match JsonFramer::new(ENVELOPE_KEYS, usize::MAX >> 1).next(text.as_bytes(), false)? {
        Cut::Record(range) => text.get(range),
        Cut::TooLong(_) | Cut::Broken(_) => None,
    }
}

#[cfg(test)]
mod tests;
