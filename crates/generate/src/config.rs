use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, Duration, NaiveDate};
use serde::{Deserialize, Serialize};

use crate::Error;

/// What to write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Config {
    /// Where every draw comes from: another seed gives other logs of the same company.
    pub seed: u64,
    /// The first day, UTC.
    pub start: NaiveDate,
    /// How many days.
    pub days: u32,
    /// How many ordinary records, over all sources and days. The intrusion's records come on top.
    pub events: u64,
    /// Which sources. Order and repetition do not matter.
    pub sources: Vec<SourceKind>,
    /// True to plant the intrusion.
    pub intrusion: bool,
}

impl Config {
    /// The given number of days and records, every source, with the intrusion, from seed 1.
    pub fn new(start: NaiveDate, days: u32, events: u64) -> Self {
        Self { seed: 1, start, days, events, sources: SourceKind::ALL.to_vec(), intrusion: true }
    }

    /// Says which setting cannot be met, if one cannot.
    pub fn validate(&self) -> Result<(), Error> {
        if self.days == 0 {
            return Err(Error::NoDays);
        }
        if self.sources.is_empty() {
            return Err(Error::NoSources);
        }
        let last = self.start.checked_add_signed(Duration::days(i64::from(self.days) - 1));
        match last {
            Some(last) if self.start.year() >= 1970 && last.year() <= 2099 => Ok(()),
            _ => Err(Error::OutOfCalendar { start: self.start, days: self.days }),
        }
    }

    /// The sources in their usual order, each once.
    pub(crate) fn sources_in_order(&self) -> impl Iterator<Item = SourceKind> + '_ {
        SourceKind::ALL.iter().copied().filter(|source| self.sources.contains(source))
    }

    /// The days of the window, in order.
    pub(crate) fn dates(&self) -> impl Iterator<Item = NaiveDate> + '_ {
        (0..self.days).map(|days| self.start + Duration::days(i64::from(days)))
    }
}

/// A log source that can be generated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceKind {
    /// AWS CloudTrail: gzipped objects of `Records`.
    AwsCloudtrail,
    /// AWS VPC flow logs: gzipped text, version 2 and a custom format of version 5.
    AwsVpcflow,
    /// Microsoft Entra ID diagnostic logs: sign-ins and directory audit.
    AzureEntra,
    /// Google Cloud audit logs: `LogEntry` lines.
    GcpAudit,
    /// Kubernetes API server audit: `audit.k8s.io/v1` lines.
    K8sAudit,
    /// Windows Security, System, Sysmon and PowerShell events as winlogbeat ships them.
    WindowsEvent,
    /// Zeek conn, dns, http and ssl logs: gzipped TSV.
    Zeek,
}

impl SourceKind {
    /// Every source, in the order of their files.
    pub const ALL: &'static [Self] =
        &[Self::AwsCloudtrail, Self::AwsVpcflow, Self::AzureEntra, Self::GcpAudit, Self::K8sAudit, Self::WindowsEvent, Self::Zeek];

    /// The name that `normalize` and `ingest` know it by, which is also the folder its files lie in.
    pub fn name(self) -> &'static str {
        match self {
            Self::AwsCloudtrail => "aws_cloudtrail",
            Self::AwsVpcflow => "aws_vpcflow",
            Self::AzureEntra => "azure_entra",
            Self::GcpAudit => "gcp_audit",
            Self::K8sAudit => "k8s_audit",
            Self::WindowsEvent => "windows_event",
            Self::Zeek => "zeek",
        }
    }

    /// Its part of all ordinary records, in thousandths.
    pub(crate) fn share(self) -> u64 {
        match self {
            Self::AwsCloudtrail => 90,
            Self::AwsVpcflow => 550,
            Self::AzureEntra => 35,
            Self::GcpAudit => 20,
            Self::K8sAudit => 40,
            Self::WindowsEvent => 75,
            Self::Zeek => 190,
        }
    }
}

impl fmt::Display for SourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for SourceKind {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        Self::ALL.iter().copied().find(|source| source.name() == name).ok_or_else(|| Error::NotASource {
            name: name.to_owned(),
            known: Self::ALL.iter().map(|source| source.name()).collect::<Vec<_>>().join(", "),
        })
    }
}
