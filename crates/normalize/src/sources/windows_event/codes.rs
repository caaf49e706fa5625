//! What Windows' numbers mean.

/// OCSF's caption of a logon type: <https://learn.microsoft.com/en-us/windows-server/identity/securing-privileged-access/reference-tools-logon-types>.
pub(super) fn logon_type(number: i64) -> Option<&'static str> {
    Some(match number {
        0 => "System",
        2 => "Interactive",
        3 => "Network",
        4 => "Batch",
        5 => "OS Service",
        7 => "Unlock",
        8 => "Network Cleartext",
        9 => "New Credentials",
        10 => "Remote Interactive",
        11 => "Cached Interactive",
        12 => "Cached Remote Interactive",
        13 => "Cached Unlock",
        _ => return None,
    })
}

/// What an NTSTATUS of a failed logon says: <https://learn.microsoft.com/en-us/previous-versions/windows/it-pro/windows-10/security/threat-protection/auditing/event-4625>.
pub(super) fn logon_status(code: i64) -> Option<&'static str> {
    Some(match code {
        0xc000_005e => "There are currently no logon servers available to service the logon request",
        0xc000_0064 => "User logon with misspelled or bad user account",
        0xc000_006a => "User logon with misspelled or bad password",
        0xc000_006d => "The cause is either a bad username or authentication information",
        0xc000_006e => "Unknown user name or bad password",
        0xc000_006f => "User logon outside authorized hours",
        0xc000_0070 => "User logon from unauthorized workstation",
        0xc000_0071 => "User logon with expired password",
        0xc000_0072 => "User logon to account disabled by administrator",
        0xc000_00dc => "Indicates the Sam Server was in the wrong state to perform the desired operation",
        0xc000_0133 => "Clocks between DC and other computer too far out of sync",
        0xc000_015b => "The user has not been granted the requested logon type at this machine",
        0xc000_018c => "The logon request failed because the trust relationship between the primary domain and the trusted domain failed",
        0xc000_0192 => "An attempt was made to logon, but the Netlogon service was not started",
        0xc000_0193 => "User logon with expired account",
        0xc000_0224 => "User is required to change password at next logon",
        0xc000_0225 => "Evidently a bug in Windows and not a risk",
        0xc000_0234 => "User logon with account locked",
        0xc000_02ee => "An error occurred during logon",
        0xc000_0413 => "The machine you are logging on to is protected by an authentication firewall",
        _ => return None,
    })
}

/// What a Kerberos result code says: <https://www.rfc-editor.org/rfc/rfc4120#section-7.5.9>.
pub(super) fn kerberos_status(code: i64) -> Option<&'static str> {
    Some(match code {
        0x1 => "Client's entry in KDC database has expired",
        0x2 => "Server's entry in KDC database has expired",
        0x3 => "Requested Kerberos version number not supported",
        0x4 => "Client's key encrypted in old master key",
        0x5 => "Server's key encrypted in old master key",
        0x6 => "Client not found in Kerberos database",
        0x7 => "Server not found in Kerberos database",
        0x8 => "Multiple principal entries in KDC database",
        0x9 => "The client or server has a null key",
        0xa => "Ticket is not eligible for postdating",
        0xb => "Requested start time is later than end time",
        0xc => "Requested protocol option is not allowed",
        0xd => "KDC cannot accommodate requested option",
        0xe => "KDC has no support for encryption type",
        0xf => "KDC has no support for checksum type",
        0x10 => "KDC has no support for PADATA type",
        0x11 => "KDC has no support for transited type",
        0x12 => "Client's credentials have been revoked",
        0x13 => "Credentials for server have been revoked",
        0x14 => "TGT has been revoked",
        0x15 => "Client not yet valid",
        0x16 => "Server not yet valid",
        0x17 => "Password has expired",
        0x18 => "Pre-authentication information was invalid",
        0x19 => "Additional pre-authentication required",
        0x1a => "Requested server and ticket don't match",
        0x1b => "Server principal valid for user-to-user only",
        0x1c => "KDC policy rejects transited path",
        0x1d => "A service is not available",
        0x1f => "Integrity check on decrypted field failed",
        0x20 => "Ticket expired",
        0x21 => "Ticket not yet valid",
        0x22 => "Request is a replay",
        0x23 => "The ticket isn't for us",
        0x24 => "Ticket and authenticator don't match",
        0x25 => "Clock skew too great",
        0x26 => "Incorrect network address",
        0x27 => "Protocol version mismatch",
        0x28 => "Invalid message type",
        0x29 => "Message stream modified",
        0x2a => "Message out of order",
        0x3c => "Generic error",
        0x3d => "Field is too long for this implementation",
        0x3e => "The client trust failed or is not implemented",
        0x3f => "The KDC server trust failed or could not be verified",
        0x40 => "The signature is invalid",
        0x41 => "A higher encryption level is needed",
        0x44 => "User-to-user authorization is required",
        _ => return None,
    })
}

/// OCSF's number and caption of an authentication package.
pub(super) fn auth_protocol(package: &str) -> (i64, &str) {
    let lower = package.to_ascii_lowercase();
    if lower.starts_with("ntlm") || lower.starts_with("microsoft_authentication_package") {
        (1, "NTLM")
    } else if lower.starts_with("kerberos") {
        (2, "Kerberos")
    } else {
        (99, package)
    }
}

/// OCSF's caption of the mandatory integrity level that a label stands for:
/// <https://learn.microsoft.com/en-us/windows/win32/secauthz/mandatory-integrity-control>.
pub(super) fn integrity(label: &str) -> Option<&'static str> {
    Some(match label {
        "S-1-16-0" | "Untrusted" => "Untrusted",
        "S-1-16-4096" | "Low" => "Low",
        "S-1-16-8192" | "S-1-16-8448" | "Medium" | "MediumPlus" => "Medium",
        "S-1-16-12288" | "High" => "High",
        "S-1-16-16384" | "System" => "System",
        "S-1-16-20480" | "Protected" => "Protected",
        _ => return None,
    })
}

/// The response code and its number that a DNS status of Windows stands for:
/// <https://learn.microsoft.com/en-us/windows/win32/debug/system-error-codes--9000-11999->.
pub(super) fn dns_rcode(status: i64) -> Option<(i64, &'static str)> {
    Some(match status {
        0 => (0, "NoError"),
        9001 => (1, "FormError"),
        9002 => (2, "ServError"),
        9003 => (3, "NXDomain"),
        9004 => (4, "NotImp"),
        9005 => (5, "Refused"),
        9006 => (6, "YXDomain"),
        9007 => (7, "YXRRSet"),
        9008 => (8, "NXRRSet"),
        9009 => (9, "NotAuth"),
        9010 => (10, "NotZone"),
        9016 => (16, "BADSIG_VERS"),
        9017 => (17, "BADKEY"),
        9018 => (18, "BADTIME"),
        _ => return None,
    })
}

/// The name of a DNS record type: <https://www.iana.org/assignments/dns-parameters>.
pub(super) fn dns_type(number: &str) -> Option<&'static str> {
    Some(match number {
        "1" => "A",
        "2" => "NS",
        "5" => "CNAME",
        "6" => "SOA",
        "12" => "PTR",
        "15" => "MX",
        "16" => "TXT",
        "28" => "AAAA",
        "33" => "SRV",
        "65" => "HTTPS",
        _ => return None,
    })
}

/// The text of one of the message parameters that security events write as `%%1833`:
/// <https://learn.microsoft.com/en-us/previous-versions/windows/it-pro/windows-10/security/threat-protection/auditing/event-4625>.
pub(super) fn parameter(text: &str) -> Option<&'static str> {
    Some(match text {
        "%%2304" => "An Error occurred during Logon",
        "%%2305" => "The specified user account has expired",
        "%%2306" => "The NetLogon component is not active",
        "%%2307" => "Account locked out",
        "%%2308" => "The user has not been granted the requested logon type at this machine",
        "%%2309" => "The specified account's password has expired",
        "%%2310" => "Account currently disabled",
        "%%2311" => "Account logon time restriction violation",
        "%%2312" => "User not allowed to logon at this computer",
        "%%2313" => "Unknown user name or bad password",
        "%%2314" => "Domain sid inconsistent",
        "%%2315" => "Smartcard logon is required and was not used",
        _ => return None,
    })
}
