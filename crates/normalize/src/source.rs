use std::fmt;
use std::str::FromStr;

/// A kind of log that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Source {
    /// AWS CloudTrail.
    AwsCloudtrail,
    /// AWS VPC flow logs.
    AwsVpcflow,
    /// AWS GuardDuty findings.
    AwsGuardduty,
    /// Azure activity log.
    AzureActivity,
    /// Microsoft Entra sign-in, audit and risk logs.
    AzureEntra,
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
    /// Windows event logs: EVTX, XML, winlogbeat, nxlog and Sentinel JSON.
    WindowsEvent,
    /// Zeek logs, TSV or JSON.
    Zeek,
}

impl Source {
    /// Every source.
    pub const ALL: &'static [Self] = &[
        Self::AwsCloudtrail,
        Self::AwsVpcflow,
        Self::AwsGuardduty,
        Self::AzureActivity,
        Self::AzureEntra,
        Self::GcpAudit,
        Self::K8sAudit,
        Self::LinuxAuditd,
        Self::LinuxSshd,
        Self::LinuxSyslog,
        Self::WindowsEvent,
        Self::Zeek,
    ];

    /// The name on the command line and in the column `source`.
    pub fn name(self) -> &'static str {
        match self {
            Self::AwsCloudtrail => "aws_cloudtrail",
            Self::AwsVpcflow => "aws_vpcflow",
            Self::AwsGuardduty => "aws_guardduty",
            Self::AzureActivity => "azure_activity",
            Self::AzureEntra => "azure_entra",
            Self::GcpAudit => "gcp_audit",
            Self::K8sAudit => "k8s_audit",
            Self::LinuxAuditd => "linux_auditd",
            Self::LinuxSshd => "linux_sshd",
            Self::LinuxSyslog => "linux_syslog",
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
