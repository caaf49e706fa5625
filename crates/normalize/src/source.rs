use std::fmt;
use std::str::FromStr;

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
    /// Microsoft Entra sign-in, audit and risk logs.
    AzureEntra,
    /// Envoy and Istio access logs.
    EnvoyAccess,
    /// Falco alerts.
    Falco,
    /// Google Cloud audit logs.
    GcpAudit,
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
    /// Suricata EVE JSON.
    SuricataEve,
    /// Windows event logs: EVTX, XML, winlogbeat, nxlog and Sentinel JSON.
    WindowsEvent,
    /// Zeek logs, TSV or JSON.
    Zeek,
}

impl Source {
    /// Every source.
    pub const ALL: &'static [Self] = &[
        Self::AwsCloudfront,
        Self::AwsCloudtrail,
        Self::AwsElb,
        Self::AwsRoute53,
        Self::AwsS3Access,
        Self::AwsVpcflow,
        Self::AwsGuardduty,
        Self::AwsWaf,
        Self::AzureActivity,
        Self::AzureEntra,
        Self::EnvoyAccess,
        Self::Falco,
        Self::GcpAudit,
        Self::K8sAudit,
        Self::LinuxAuditd,
        Self::LinuxSshd,
        Self::LinuxSyslog,
        Self::Nginx,
        Self::SuricataEve,
        Self::WindowsEvent,
        Self::Zeek,
    ];

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
            Self::AzureEntra => "azure_entra",
            Self::EnvoyAccess => "envoy_istio_access",
            Self::Falco => "falco",
            Self::GcpAudit => "gcp_audit",
            Self::K8sAudit => "k8s_audit",
            Self::LinuxAuditd => "linux_auditd",
            Self::LinuxSshd => "linux_sshd",
            Self::LinuxSyslog => "linux_syslog",
            Self::Nginx => "nginx",
            Self::SuricataEve => "suricata_eve",
            Self::WindowsEvent => "windows_event",
            Self::Zeek => "zeek",
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
        Self::ALL.iter().copied().find(|source| source.name() == name).ok_or_else(|| UnknownSource { name: name.to_owned() })
    }
}

/// No source has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no source {name:?}; the sources are {}, or auto", Source::ALL.iter().map(|source| source.name()).collect::<Vec<_>>().join(", "))]
pub struct UnknownSource {
    /// The name as given.
    pub name: String,
}
