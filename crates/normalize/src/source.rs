use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::{LazyLock, RwLock};

use crate::declared::{Declared, MappingError, Problem};

mod about;
#[cfg(test)]
mod reference;

pub use about::About;

/// A kind of log that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Source {
    /// Amazon CloudFront standard logs, text or JSON.
    AwsCloudfront,
    /// AWS CloudTrail.
    AwsCloudtrail,
    /// Elastic Load Balancing access logs of every kind of balancer.
    AwsElb,
    /// Amazon Route 53 Resolver query logs.
    AwsRoute53,
    /// Amazon S3 server access logs.
    AwsS3Access,
    /// AWS VPC flow logs.
    AwsVpcflow,
    /// AWS GuardDuty findings.
    AwsGuardduty,
    /// AWS WAF web ACL traffic logs.
    AwsWaf,
    /// Azure activity log.
    AzureActivity,
    /// Azure Application Gateway's access and firewall logs.
    AzureAppgw,
    /// Azure Front Door's access and firewall logs.
    AzureFrontdoor,
    /// Microsoft Entra sign-in, audit and risk logs.
    AzureEntra,
    /// Cisco ASA and Firepower Threat Defense.
    CiscoAsa,
    /// Azure flow logs of network security groups and virtual networks.
    AzureNsgflow,
    /// Envoy and Istio access logs.
    EnvoyAccess,
    /// Falco alerts.
    Falco,
    /// Google Cloud audit logs.
    GcpAudit,
    /// Google Cloud load balancers' logs of HTTP requests.
    GcpLb,
    /// Kubernetes audit logs, also as EKS, GKE and AKS wrap them.
    K8sAudit,
    /// Linux audit records, as auditd writes them.
    LinuxAuditd,
    /// OpenSSH's messages, with or without a syslog header.
    LinuxSshd,
    /// Syslog of Linux and Unix, RFC 3164 and RFC 5424.
    LinuxSyslog,
    /// nginx access and error logs.
    Nginx,
    /// OCSF events of any version.
    Ocsf,
    /// Suricata EVE JSON.
    SuricataEve,
    /// Windows event logs: EVTX, XML, winlogbeat, nxlog and Sentinel JSON.
    WindowsEvent,
    /// Zeek logs, TSV or JSON.
    Zeek,
    /// A source of JSON records whose mapping is a table in a file: Coldtrail's own in `mappings/`, and those that are added.
    Declared(DeclaredSource),
}

/// A source with a mapping that is a file.
#[derive(Debug, Clone, Copy)]
pub struct DeclaredSource(&'static Declared);

impl DeclaredSource {
    pub(crate) fn mapping(self) -> &'static Declared {
        self.0
    }
}

impl PartialEq for DeclaredSource {
    fn eq(&self, other: &Self) -> bool {
        self.0.name() == other.0.name()
    }
}

impl Eq for DeclaredSource {}

impl Hash for DeclaredSource {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.name().hash(state);
    }
}

impl PartialOrd for DeclaredSource {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for DeclaredSource {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.name().cmp(other.0.name())
    }
}

macro_rules! mappings {
    ($($name:literal)*) => { &[$((concat!($name, ".yml"), include_str!(concat!("../mappings/", $name, ".yml")))),*] };
}

/// The mappings that Coldtrail brings: file and text, in the order in which their sources are looked for.
const MAPPINGS: &[(&str, &str)] = mappings! {
    "okta"
    "github_audit"
    "o365_audit"
    "google_workspace"
    "duo"
    "onepassword"
    "slack"
    "fortinet"
    "paloalto"
    "zscaler"
    "azure_keyvault"
    "gcp_vpcflow"
    "gcp_scc"
    "aws_securityhub"
    "ms_defender_xdr"
    "ms_defender_mde"
    "tetragon"
    "crowdstrike_fdr"
    "crowdstrike_falcon"
    "osquery"
    "ms_sentinel"
};

/// The sources that Coldtrail brings and those that were added.
static SOURCES: LazyLock<RwLock<Vec<Source>>> = LazyLock::new(|| {
    let read = |(file, text): &(&str, &str)| {
        let declared = Declared::read(file, text).expect("the mappings are part of the program, and a test reads them");
        Source::Declared(DeclaredSource(declared))
    };
    RwLock::new(Source::BUILT_IN.iter().copied().chain(MAPPINGS.iter().map(read)).collect())
});

impl Source {
    /// The sources whose mapping is a part of the program.
    const BUILT_IN: &'static [Self] = &[
        Self::Ocsf,
        Self::AwsCloudfront,
        Self::AwsCloudtrail,
        Self::AwsElb,
        Self::AwsRoute53,
        Self::AwsS3Access,
        Self::AwsVpcflow,
        Self::AwsGuardduty,
        Self::AwsWaf,
        Self::AzureActivity,
        Self::AzureAppgw,
        Self::AzureFrontdoor,
        Self::AzureEntra,
        Self::CiscoAsa,
        Self::AzureNsgflow,
        Self::EnvoyAccess,
        Self::Falco,
        Self::GcpAudit,
        Self::GcpLb,
        Self::K8sAudit,
        Self::LinuxAuditd,
        Self::LinuxSshd,
        Self::LinuxSyslog,
        Self::Nginx,
        Self::SuricataEve,
        Self::WindowsEvent,
        Self::Zeek,
    ];

    /// Every source: those that Coldtrail brings, and those that were added, in the order in which a log is tried against them.
    pub fn all() -> Vec<Self> {
        SOURCES.read().unwrap_or_else(|poisoned| poisoned.into_inner()).clone()
    }

    /// Adds a source whose mapping is the text of a file, of which the name is only for messages. From then on it is one of
    /// [`Source::all`], is found by its name and told from the first bytes of a log. For the start of a program: what was read before
    /// is not read again. A mapping with the name of a source that there is already is refused.
    pub fn add(file: &str, text: &str) -> Result<Self, MappingError> {
        let declared = Declared::read(file, text)?;
        let mut sources = SOURCES.write().unwrap_or_else(|poisoned| poisoned.into_inner());
        if sources.iter().any(|source| source.name() == declared.name()) {
            let problem = Problem::of_name(text, format!("there is a source {:?} already", declared.name()));
            return Err(MappingError { file: file.to_owned(), problem });
        }
        if let Some(unknown) = declared.routes().find(|route| !sources.iter().any(|source| source.name() == *route)) {
            let problem = Problem::of_name(text, format!("a route leads to {unknown:?}, and there is no such source"));
            return Err(MappingError { file: file.to_owned(), problem });
        }
        let source = Self::Declared(DeclaredSource(declared));
        sources.push(source);
        Ok(source)
    }

    /// The source of this name, if there is one.
    pub fn named(name: &str) -> Option<Self> {
        Self::all().into_iter().find(|source| source.name() == name)
    }

    /// The name on the command line and in the column `source`.
    pub fn name(self) -> &'static str {
        match self {
            Self::AwsCloudfront => "aws_cloudfront",
            Self::AwsCloudtrail => "aws_cloudtrail",
            Self::AwsElb => "aws_elb",
            Self::AwsRoute53 => "aws_route53",
            Self::AwsS3Access => "aws_s3_access",
            Self::AwsVpcflow => "aws_vpcflow",
            Self::AwsGuardduty => "aws_guardduty",
            Self::AwsWaf => "aws_waf",
            Self::AzureActivity => "azure_activity",
            Self::AzureAppgw => "azure_appgw",
            Self::AzureFrontdoor => "azure_frontdoor",
            Self::AzureEntra => "azure_entra",
            Self::CiscoAsa => "cisco_asa",
            Self::AzureNsgflow => "azure_nsgflow",
            Self::EnvoyAccess => "envoy_istio_access",
            Self::Falco => "falco",
            Self::GcpAudit => "gcp_audit",
            Self::GcpLb => "gcp_lb",
            Self::K8sAudit => "k8s_audit",
            Self::LinuxAuditd => "linux_auditd",
            Self::LinuxSshd => "linux_sshd",
            Self::LinuxSyslog => "linux_syslog",
            Self::Nginx => "nginx",
            Self::Ocsf => "ocsf",
            Self::SuricataEve => "suricata_eve",
            Self::WindowsEvent => "windows_event",
            Self::Zeek => "zeek",
            Self::Declared(declared) => declared.0.name(),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Source {
    type Err = UnknownSource;

    fn from_str(name: &str) -> Result<Self, UnknownSource> {
        Self::named(name).ok_or_else(|| UnknownSource { name: name.to_owned() })
    }
}

/// No source has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no source {name:?}; the sources are {}, or auto", names())]
pub struct UnknownSource {
    /// The name as given.
    pub name: String,
}

fn names() -> String {
    Source::all().iter().map(|source| source.name()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
