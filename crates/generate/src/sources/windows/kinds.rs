//! The kinds of events and what they carry.
//!
//! Placeholders: `%U` account, `%S` its SID, `%D` domain, `%W` and `%P` name and address of the other side, `%p` its port, `%H` host,
//! `%L` logon id, `%t` logon type, `%i` image, `%m` parent image, `%c` command line, `%T` target, `%d` detail, `%O` port, `%u` UTC time,
//! `%n` and `%x` process id, `%N` and `%X` parent process id, `%g` and `%G` process GUID and the parent's, `%h` hashes, `%q` domain\account, `%r` UUID.

/// Where events are logged.
#[derive(Debug)]
pub(crate) struct Channel {
    pub(super) name: &'static str,
    pub(super) provider: &'static str,
    pub(super) guid: &'static str,
}

/// One kind of event.
#[derive(Debug)]
pub(crate) struct Kind {
    pub(super) channel: &'static Channel,
    pub(crate) code: u64,
    pub(super) task: &'static str,
    pub(super) level: &'static str,
    pub(super) failure: bool,
    pub(super) is_user_data: bool,
    pub(super) message: &'static str,
    pub(super) data: &'static str,
}

static AUDITING: Channel =
    Channel { name: "Security", provider: "Microsoft-Windows-Security-Auditing", guid: "{54849625-5478-4994-A5BA-3E3B0328C30D}" };
static EVENT_LOG: Channel =
    Channel { name: "Security", provider: "Microsoft-Windows-Eventlog", guid: "{fc65ddd8-d6ef-4962-83d5-6e5cfe9ce148}" };
static SYSTEM: Channel = Channel { name: "System", provider: "Service Control Manager", guid: "{555908d1-a6d7-4695-8e1e-26931d2012f4}" };
static SYSMON_CHANNEL: Channel = Channel {
    name: "Microsoft-Windows-Sysmon/Operational",
    provider: "Microsoft-Windows-Sysmon",
    guid: "{5770385F-C22A-43E0-BF4C-06F5698FFBD9}",
};
static POWERSHELL: Channel = Channel {
    name: "Microsoft-Windows-PowerShell/Operational",
    provider: "Microsoft-Windows-PowerShell",
    guid: "{a0c1853b-5c40-4b15-8766-3cf1c58f985a}",
};

const fn kind(channel: &'static Channel, code: u64, task: &'static str, message: &'static str, data: &'static str) -> Kind {
    Kind { channel, code, task, level: "information", failure: false, is_user_data: false, message, data }
}

/// Events of the Security channel, each named by its code.
pub(crate) struct Security {
    pub(crate) logon: Kind,
    pub(crate) logon_failed: Kind,
    pub(crate) logoff: Kind,
    pub(crate) explicit: Kind,
    pub(crate) privileges: Kind,
    pub(crate) process: Kind,
    pub(crate) task_created: Kind,
    pub(crate) user_created: Kind,
    pub(crate) member_added: Kind,
    pub(crate) ticket: Kind,
    pub(crate) service_ticket: Kind,
    pub(crate) cleared: Kind,
}

/// The Security channel.
pub(crate) static SECURITY: Security = Security {
    logon: kind(
        &AUDITING,
        4624,
        "Logon",
        "An account was successfully logged on.",
        r#"{"SubjectUserSid":"S-1-0-0","SubjectUserName":"-","SubjectDomainName":"-","SubjectLogonId":"0x0","TargetUserSid":%S,"TargetUserName":%U,"TargetDomainName":%D,"TargetLogonId":"%L","LogonType":"%t","LogonProcessName":"Kerberos","AuthenticationPackageName":"Kerberos","WorkstationName":%W,"LogonGuid":"{%r}","TransmittedServices":"-","LmPackageName":"-","KeyLength":"0","ProcessId":"0x0","ProcessName":"-","IpAddress":%P,"IpPort":"%p","ImpersonationLevel":"%%%%1833","RestrictedAdminMode":"-","TargetOutboundUserName":"-","TargetOutboundDomainName":"-","VirtualAccount":"%%%%1843","TargetLinkedLogonId":"0x0","ElevatedToken":"%%%%1842"}"#,
    ),
    logon_failed: Kind {
        failure: true,
        ..kind(
            &AUDITING,
            4625,
            "Logon",
            "An account failed to log on.",
            r#"{"SubjectUserSid":"S-1-0-0","SubjectUserName":"-","SubjectDomainName":"-","SubjectLogonId":"0x0","TargetUserSid":"S-1-0-0","TargetUserName":%U,"TargetDomainName":%D,"Status":"0xc000006d","FailureReason":"%%%%2313","SubStatus":"0xc000006a","LogonType":"%t","LogonProcessName":"NtLmSsp ","AuthenticationPackageName":"NTLM","WorkstationName":%W,"TransmittedServices":"-","LmPackageName":"-","KeyLength":"0","ProcessId":"0x0","ProcessName":"-","IpAddress":%P,"IpPort":"%p"}"#,
        )
    },
    logoff: kind(
        &AUDITING,
        4634,
        "Logoff",
        "An account was logged off.",
        r#"{"TargetUserSid":%S,"TargetUserName":%U,"TargetDomainName":%D,"TargetLogonId":"%L","LogonType":"%t"}"#,
    ),
    explicit: kind(
        &AUDITING,
        4648,
        "Logon",
        "A logon was attempted using explicit credentials.",
        r#"{"SubjectUserSid":%S,"SubjectUserName":%U,"SubjectDomainName":%D,"SubjectLogonId":"%L","LogonGuid":"{%r}","TargetUserName":%T,"TargetDomainName":%D,"TargetLogonGuid":"{%r}","TargetServerName":%W,"TargetInfo":%W,"ProcessId":"%x","ProcessName":%i,"IpAddress":%P,"IpPort":"%p"}"#,
    ),
    privileges: kind(
        &AUDITING,
        4672,
        "Special Logon",
        "Special privileges assigned to new logon.",
        r#"{"SubjectUserSid":%S,"SubjectUserName":%U,"SubjectDomainName":%D,"SubjectLogonId":"%L","PrivilegeList":"SeSecurityPrivilege\n\t\t\tSeBackupPrivilege\n\t\t\tSeRestorePrivilege\n\t\t\tSeDebugPrivilege\n\t\t\tSeImpersonatePrivilege"}"#,
    ),
    process: kind(
        &AUDITING,
        4688,
        "Process Creation",
        "A new process has been created.",
        r#"{"SubjectUserSid":%S,"SubjectUserName":%U,"SubjectDomainName":%D,"SubjectLogonId":"%L","NewProcessId":"%x","NewProcessName":%i,"TokenElevationType":"%%%%1936","ProcessId":"%X","CommandLine":%c,"TargetUserSid":"S-1-0-0","TargetUserName":"-","TargetDomainName":"-","TargetLogonId":"0x0","ParentProcessName":%m,"MandatoryLabel":"S-1-16-8192"}"#,
    ),
    task_created: kind(
        &AUDITING,
        4698,
        "Other Object Access Events",
        "A scheduled task was created.",
        r#"{"SubjectUserSid":%S,"SubjectUserName":%U,"SubjectDomainName":%D,"SubjectLogonId":"%L","TaskName":%T,"TaskContent":%d,"ClientProcessStartKey":"5629499534213120","ClientProcessId":"%n","ParentProcessId":"%N","RpcCallClientLocality":"0","FQDN":"%H"}"#,
    ),
    user_created: kind(
        &AUDITING,
        4720,
        "User Account Management",
        "A user account was created.",
        r#"{"TargetUserName":%T,"TargetDomainName":%D,"TargetSid":%d,"SubjectUserSid":%S,"SubjectUserName":%U,"SubjectDomainName":%D,"SubjectLogonId":"%L","PrivilegeList":"-","SamAccountName":%T,"DisplayName":"-","UserPrincipalName":"-","HomeDirectory":"-","HomePath":"-","ScriptPath":"-","ProfilePath":"-","UserWorkstations":"-","PasswordLastSet":"%%%%1794","AccountExpires":"%%%%1794","PrimaryGroupId":"513","AllowedToDelegateTo":"-","OldUacValue":"0x0","NewUacValue":"0x15","UserAccountControl":"\n\t\t%%%%2080\n\t\t%%%%2082\n\t\t%%%%2084","UserParameters":"-","SidHistory":"-","LogonHours":"%%%%1793"}"#,
    ),
    member_added: kind(
        &AUDITING,
        4728,
        "Security Group Management",
        "A member was added to a security-enabled global group.",
        r#"{"MemberName":%T,"MemberSid":%d,"TargetUserName":"GG-FileShare-RW","TargetDomainName":%D,"TargetSid":"S-1-5-21-3623811015-3361044348-30300820-2107","SubjectUserSid":%S,"SubjectUserName":%U,"SubjectDomainName":%D,"SubjectLogonId":"%L","PrivilegeList":"-"}"#,
    ),
    ticket: kind(
        &AUDITING,
        4768,
        "Kerberos Authentication Service",
        "A Kerberos authentication ticket (TGT) was requested.",
        r#"{"TargetUserName":%U,"TargetDomainName":"CORP.EXAMPLE.COM","TargetSid":%S,"ServiceName":"krbtgt","ServiceSid":"S-1-5-21-3623811015-3361044348-30300820-502","TicketOptions":"0x40810010","Status":"0x0","TicketEncryptionType":"0x12","PreAuthType":"2","IpAddress":%P,"IpPort":"%p","CertIssuerName":"","CertSerialNumber":"","CertThumbprint":""}"#,
    ),
    service_ticket: kind(
        &AUDITING,
        4769,
        "Kerberos Service Ticket Operations",
        "A Kerberos service ticket was requested.",
        r#"{"TargetUserName":%U,"TargetDomainName":"CORP.EXAMPLE.COM","ServiceName":%T,"ServiceSid":"S-1-5-21-3623811015-3361044348-30300820-1008","TicketOptions":"0x40810000","TicketEncryptionType":"0x12","IpAddress":%P,"IpPort":"%p","Status":"0x0","LogonGuid":"{%r}","TransmittedServices":"-"}"#,
    ),
    cleared: Kind {
        is_user_data: true,
        ..kind(
            &EVENT_LOG,
            1102,
            "Log clear",
            "The audit log was cleared.",
            r#"{"SubjectUserSid":%S,"SubjectUserName":%U,"SubjectDomainName":%D,"SubjectLogonId":"%L","xml_name":"LogFileCleared"}"#,
        )
    },
};

/// 7045 of the System channel.
pub(crate) static SERVICE_INSTALLED: Kind = kind(
    &SYSTEM,
    7045,
    "None",
    "A service was installed in the system.",
    r#"{"ServiceName":%T,"ImagePath":%d,"ServiceType":"user mode service","StartType":"demand start","AccountName":"LocalSystem"}"#,
);

/// 4104 of the PowerShell channel.
pub(crate) static SCRIPT_BLOCK: Kind = Kind {
    level: "warning",
    ..kind(
        &POWERSHELL,
        4104,
        "Execute a Remote Command",
        "Creating Scriptblock text (1 of 1).",
        r#"{"MessageNumber":"1","MessageTotal":"1","ScriptBlockText":%d,"ScriptBlockId":"%r","Path":%T}"#,
    )
};

/// Events of Sysmon.
pub(crate) struct Sysmon {
    pub(crate) process: Kind,
    pub(crate) connection: Kind,
    pub(crate) access: Kind,
    pub(crate) file: Kind,
    pub(crate) registry: Kind,
    pub(crate) dns: Kind,
}

/// The Sysmon channel.
pub(crate) static SYSMON: Sysmon = Sysmon {
    process: kind(
        &SYSMON_CHANNEL,
        1,
        "Process Create (rule: ProcessCreate)",
        "Process Create",
        r#"{"RuleName":"-","UtcTime":"%u","ProcessGuid":"%g","ProcessId":"%n","Image":%i,"FileVersion":"10.0.22621.1","Description":"-","Product":"Microsoft Windows Operating System","Company":"Microsoft Corporation","OriginalFileName":"-","CommandLine":%c,"CurrentDirectory":"C:\\Windows\\system32\\","User":%q,"LogonGuid":"%g","LogonId":"%L","TerminalSessionId":"1","IntegrityLevel":"Medium","Hashes":"%h","ParentProcessGuid":"%G","ParentProcessId":"%N","ParentImage":%m,"ParentCommandLine":%m,"ParentUser":%q}"#,
    ),
    connection: kind(
        &SYSMON_CHANNEL,
        3,
        "Network connection detected (rule: NetworkConnect)",
        "Network connection detected",
        r#"{"RuleName":"-","UtcTime":"%u","ProcessGuid":"%g","ProcessId":"%n","Image":%i,"User":%q,"Protocol":"tcp","Initiated":"true","SourceIsIpv6":"false","SourceIp":%P,"SourceHostname":"%H","SourcePort":"%p","SourcePortName":"-","DestinationIsIpv6":"false","DestinationIp":%d,"DestinationHostname":%T,"DestinationPort":"%O","DestinationPortName":"https"}"#,
    ),
    access: kind(
        &SYSMON_CHANNEL,
        10,
        "Process accessed (rule: ProcessAccess)",
        "Process accessed",
        r#"{"RuleName":"-","UtcTime":"%u","SourceProcessGUID":"%g","SourceProcessId":"%n","SourceThreadId":"4312","SourceImage":%i,"TargetProcessGUID":"%G","TargetProcessId":"712","TargetImage":%T,"GrantedAccess":%d,"CallTrace":"C:\\Windows\\SYSTEM32\\ntdll.dll+9d4c4|C:\\Windows\\System32\\KERNELBASE.dll+2c13e","SourceUser":%q,"TargetUser":"NT AUTHORITY\\SYSTEM"}"#,
    ),
    file: kind(
        &SYSMON_CHANNEL,
        11,
        "File created (rule: FileCreate)",
        "File created",
        r#"{"RuleName":"-","UtcTime":"%u","ProcessGuid":"%g","ProcessId":"%n","Image":%i,"TargetFilename":%T,"CreationUtcTime":"%u","User":%q}"#,
    ),
    registry: kind(
        &SYSMON_CHANNEL,
        13,
        "Registry value set (rule: RegistryEvent)",
        "Registry value set",
        r#"{"RuleName":"-","EventType":"SetValue","UtcTime":"%u","ProcessGuid":"%g","ProcessId":"%n","Image":%i,"TargetObject":%T,"Details":%d,"User":%q}"#,
    ),
    dns: kind(
        &SYSMON_CHANNEL,
        22,
        "Dns query (rule: DnsQuery)",
        "Dns query",
        r#"{"RuleName":"-","UtcTime":"%u","ProcessGuid":"%g","ProcessId":"%n","QueryName":%T,"QueryStatus":"0","QueryResults":%d,"Image":%i,"User":%q}"#,
    ),
};
