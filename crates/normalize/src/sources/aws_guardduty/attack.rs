//! Which ATT&CK technique a type of finding shows.

use serde_json_borrow::Value;

use crate::fields::Fields;

/// Beginnings of finding types with the technique, the longer before the shorter. What is not here has no plain counterpart.
const TECHNIQUES: &[(&str, &str)] = &[
    ("Backdoor:EC2/C&CActivity", "T1071"),
    ("Backdoor:EC2/DenialOfService", "T1498"),
    ("Backdoor:Lambda/C&CActivity", "T1071"),
    ("Backdoor:Runtime/C&CActivity", "T1071"),
    ("CredentialAccess:IAMUser/", "T1552"),
    ("CredentialAccess:RDS/AnomalousBehavior.SuccessfulBruteForce", "T1110"),
    ("CredentialAccess:RDS/AnomalousBehavior.FailedLogin", "T1110"),
    ("CryptoCurrency:", "T1496"),
    ("DefenseEvasion:IAMUser/", "T1562"),
    ("DefenseEvasion:Runtime/ProcessInjection", "T1055"),
    ("DefenseEvasion:Runtime/FilelessExecution", "T1620"),
    ("Discovery:IAMUser/", "T1580"),
    ("Discovery:S3/", "T1619"),
    ("Execution:Kubernetes/ExecInKubeSystemPod", "T1609"),
    ("Execution:Runtime/ReverseShell", "T1059"),
    ("Exfiltration:S3/", "T1530"),
    ("Impact:EC2/WinRMBruteForce", "T1110"),
    ("Impact:S3/AnomalousBehavior.Delete", "T1485"),
    ("InitialAccess:IAMUser/", "T1078.004"),
    ("Persistence:IAMUser/", "T1098"),
    ("PrivilegeEscalation:IAMUser/", "T1098"),
    ("PrivilegeEscalation:Kubernetes/PrivilegedContainer", "T1610"),
    ("PrivilegeEscalation:Runtime/", "T1611"),
    ("Recon:EC2/PortProbe", "T1595"),
    ("Recon:EC2/Portscan", "T1046"),
    ("Stealth:IAMUser/CloudTrailLoggingDisabled", "T1562.008"),
    ("Stealth:IAMUser/PasswordPolicyChange", "T1556"),
    ("Stealth:S3/ServerAccessLoggingDisabled", "T1562.008"),
    ("Trojan:EC2/DGADomainRequest", "T1568.002"),
    ("Trojan:EC2/DNSDataExfiltration", "T1048"),
    ("UnauthorizedAccess:EC2/MetadataDNSRebind", "T1552.005"),
    ("UnauthorizedAccess:EC2/RDPBruteForce", "T1110"),
    ("UnauthorizedAccess:EC2/SSHBruteForce", "T1110"),
    ("UnauthorizedAccess:EC2/Tor", "T1090.003"),
    ("UnauthorizedAccess:IAMUser/ConsoleLoginSuccess", "T1078.004"),
    ("UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration", "T1552.005"),
    ("UnauthorizedAccess:IAMUser/MaliciousIPCaller", "T1078.004"),
    ("UnauthorizedAccess:IAMUser/TorIPCaller", "T1090.003"),
];

/// The techniques that an attack sequence names itself, or that its type stands for.
pub(super) fn techniques(kind: &str, finding: &Fields<'_>) -> Vec<String> {
    let named = named_in_sequence(finding);
    if !named.is_empty() {
        return named;
    }
    let known = TECHNIQUES.iter().find(|(beginning, _)| kind.starts_with(beginning));
    known.map(|(_, technique)| vec![(*technique).to_owned()]).unwrap_or_default()
}

/// `{"key": "ATTACK_TECHNIQUE", "values": ["T1098 - Account Manipulation"]}`.
fn named_in_sequence(finding: &Fields<'_>) -> Vec<String> {
    let Some(Value::Array(indicators)) = finding.peek("service.detection.sequence.indicators") else { return Vec::new() };
    let of_techniques = indicators
        .iter()
        .filter_map(Value::as_object)
        .filter(|indicator| indicator.get("key").and_then(Value::as_str) == Some("ATTACK_TECHNIQUE"));
    let values = of_techniques.filter_map(|indicator| indicator.get("values")?.as_array()).flatten();
    let uids = values.filter_map(|value| value.as_str()?.split_ascii_whitespace().next());
    uids.filter(|uid| uid.starts_with('T')).map(str::to_owned).collect()
}
