use chrono::{Datelike, NaiveDate};

use crate::SourceKind;
use crate::dice::Dice;
use crate::estate::ACCOUNTS;
use crate::out::Out;

/// One kind of file: there is at most one of each a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Stream {
    /// CloudTrail of one account and region: an index into [`TRAILS`].
    Trail(usize),
    /// Flow logs of one VPC: an index into [`FLOW_LOGS`].
    FlowLog(usize),
    SignIns,
    NonInteractiveSignIns,
    DirectoryAudit,
    GcpActivity,
    GcpDataAccess,
    K8s,
    Windows,
    ZeekConn,
    ZeekDns,
    ZeekHttp,
    ZeekSsl,
}

/// Account (index), region, and the part of CloudTrail's records, in thousandths.
pub(crate) static TRAILS: [(usize, &str, u64); 4] =
    [(0, "eu-west-1", 560), (0, "us-east-1", 190), (1, "eu-west-1", 180), (2, "us-east-1", 70)];

/// Account (index), region, flow log id, part in thousandths. The last one has the custom format of version 5.
pub(crate) static FLOW_LOGS: [(usize, &str, &str, u64); 3] = [
    (0, "eu-west-1", "fl-0a81c2d3e4f506172", 620),
    (0, "us-east-1", "fl-0b92d3e4f50617283", 210),
    (1, "eu-west-1", "fl-0ca3e4f5061728394", 170),
];

/// The stream of production in Europe, where most of the company runs.
pub(crate) const TRAIL_PROD_EU: Stream = Stream::Trail(0);
/// The stream that also has the records of global services, such as IAM, and of the console's sign-in.
pub(crate) const TRAIL_PROD_US: Stream = Stream::Trail(1);

/// The company's tenant in Entra.
pub(crate) const TENANT: &str = "3f1c9b52-7a64-4d0e-9c1b-5a2e8f604d17";
/// The project in Google Cloud.
pub(crate) const GCP_PROJECT: &str = "meridian-analytics";
/// The Kubernetes cluster.
pub(crate) const CLUSTER: &str = "prod-eu-west-1";

impl Stream {
    /// The streams of a source, in the order of their files.
    pub(crate) fn of(source: SourceKind) -> Vec<Self> {
        match source {
            SourceKind::AwsCloudtrail => (0..TRAILS.len()).map(Self::Trail).collect(),
            SourceKind::AwsVpcflow => (0..FLOW_LOGS.len()).map(Self::FlowLog).collect(),
            SourceKind::AzureEntra => vec![Self::SignIns, Self::NonInteractiveSignIns, Self::DirectoryAudit],
            SourceKind::GcpAudit => vec![Self::GcpActivity, Self::GcpDataAccess],
            SourceKind::K8sAudit => vec![Self::K8s],
            SourceKind::WindowsEvent => vec![Self::Windows],
            SourceKind::Zeek => vec![Self::ZeekConn, Self::ZeekDns, Self::ZeekHttp, Self::ZeekSsl],
        }
    }

    pub(crate) fn source(self) -> SourceKind {
        match self {
            Self::Trail(_) => SourceKind::AwsCloudtrail,
            Self::FlowLog(_) => SourceKind::AwsVpcflow,
            Self::SignIns | Self::NonInteractiveSignIns | Self::DirectoryAudit => SourceKind::AzureEntra,
            Self::GcpActivity | Self::GcpDataAccess => SourceKind::GcpAudit,
            Self::K8s => SourceKind::K8sAudit,
            Self::Windows => SourceKind::WindowsEvent,
            Self::ZeekConn | Self::ZeekDns | Self::ZeekHttp | Self::ZeekSsl => SourceKind::Zeek,
        }
    }

    /// Its part of its source's draws, in thousandths. Zeek draws sessions, once for all of its logs.
    pub(crate) fn share(self) -> u64 {
        match self {
            Self::Trail(index) => TRAILS[index].2,
            Self::FlowLog(index) => FLOW_LOGS[index].3,
            Self::SignIns => 340,
            Self::NonInteractiveSignIns => 600,
            Self::DirectoryAudit => 60,
            Self::GcpActivity => 240,
            Self::GcpDataAccess => 760,
            Self::K8s | Self::Windows | Self::ZeekConn => 1000,
            Self::ZeekDns | Self::ZeekHttp | Self::ZeekSsl => 0,
        }
    }

    /// How many of its records in a hundred come from people at work; the others from machines on a schedule.
    pub(crate) fn people_percent(self) -> u64 {
        match self {
            Self::Trail(_) => 55,
            Self::FlowLog(_) => 60,
            Self::SignIns | Self::DirectoryAudit => 95,
            Self::NonInteractiveSignIns => 85,
            Self::GcpActivity => 75,
            Self::GcpDataAccess => 60,
            Self::K8s => 25,
            Self::Windows => 65,
            Self::ZeekConn | Self::ZeekDns | Self::ZeekHttp | Self::ZeekSsl => 80,
        }
    }

    /// A number that is its own, for seeding.
    pub(crate) fn number(self) -> u64 {
        match self {
            Self::Trail(index) => 100 + index as u64,
            Self::FlowLog(index) => 200 + index as u64,
            Self::SignIns => 300,
            Self::NonInteractiveSignIns => 301,
            Self::DirectoryAudit => 302,
            Self::GcpActivity => 400,
            Self::GcpDataAccess => 401,
            Self::K8s => 500,
            Self::Windows => 600,
            // One draw of sessions feeds all four.
            Self::ZeekConn | Self::ZeekDns | Self::ZeekHttp | Self::ZeekSsl => 700,
        }
    }

    /// The dice of one of its days.
    pub(crate) fn dice(self, seed: u64, date: NaiveDate) -> Dice {
        Dice::of(seed, "records", &[self.number(), date.num_days_from_ce() as u64])
    }

    /// Where the file of a day lies, relative to the output folder, with `/` between the parts.
    pub(crate) fn path(self, date: NaiveDate) -> String {
        let source = self.source().name();
        let (slashed, plain) = (date.format("%Y/%m/%d"), date.format("%Y%m%d"));
        match self {
            Self::Trail(index) => {
                let (account, region, _) = TRAILS[index];
                let (account, id) = (ACCOUNTS[account].id, file_id(self, date));
                format!("{source}/AWSLogs/{account}/CloudTrail/{region}/{slashed}/{account}_CloudTrail_{region}_{plain}T2355Z_{id}.json.gz")
            }
            Self::FlowLog(index) => {
                let (account, region, flow_log, _) = FLOW_LOGS[index];
                let (account, id) = (ACCOUNTS[account].id, &file_id(self, date)[..8].to_lowercase());
                format!(
                    "{source}/AWSLogs/{account}/vpcflowlogs/{region}/{slashed}/{account}_vpcflowlogs_{region}_{flow_log}_{plain}T0000Z_{id}.log.gz"
                )
            }
            Self::SignIns => entra_path("signinlogs", date),
            Self::NonInteractiveSignIns => entra_path("noninteractiveusersigninlogs", date),
            Self::DirectoryAudit => entra_path("auditlogs", date),
            Self::GcpActivity => format!("{source}/cloudaudit.googleapis.com/activity/{slashed}/activity_S0.json"),
            Self::GcpDataAccess => format!("{source}/cloudaudit.googleapis.com/data_access/{slashed}/data_access_S0.json"),
            Self::K8s => format!("{source}/{CLUSTER}/audit-{date}.log.gz"),
            Self::Windows => format!("{source}/winlogbeat-{plain}.ndjson.gz"),
            Self::ZeekConn => format!("{source}/{date}/conn.log.gz"),
            Self::ZeekDns => format!("{source}/{date}/dns.log.gz"),
            Self::ZeekHttp => format!("{source}/{date}/http.log.gz"),
            Self::ZeekSsl => format!("{source}/{date}/ssl.log.gz"),
        }
    }
}

fn entra_path(category: &str, date: NaiveDate) -> String {
    format!("{}/insights-logs-{category}/tenantId={TENANT}/{}/PT24H.json", SourceKind::AzureEntra.name(), date.format("y=%Y/m=%m/d=%d"))
}

fn file_id(stream: Stream, date: NaiveDate) -> String {
    Out::default().base62(&mut stream.dice(0, date), 16).take_string()
}
