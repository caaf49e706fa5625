//! The words and numbers of sign-ins.

/// What an error code means, for records that do not say:
/// <https://learn.microsoft.com/en-us/entra/identity-platform/reference-error-codes>.
pub(super) fn reason_of(code: i64) -> Option<&'static str> {
    Some(match code {
        16000 => "the user is signed in with several accounts and must choose one",
        50005 => "the device platform is not supported by Conditional Access",
        50020 => "the user is not of this tenant and not a guest",
        50034 => "the user account does not exist",
        50053 => "the account is locked, or the address is blocked for malicious activity",
        50055 => "the password is expired",
        50056 => "the password is invalid or null",
        50057 => "the user account is disabled",
        50058 => "the session does not suffice for single sign-on",
        50059 => "the tenant is not named",
        50072 => "the user must register for multifactor authentication",
        50074 => "multifactor authentication is required and was not passed",
        50076 => "multifactor authentication is required by configuration or a new location",
        50079 => "the user must register for multifactor authentication by configuration or a new location",
        50089 => "the token is expired",
        50097 => "device authentication is required",
        50105 => "the user is not assigned to a role of the application",
        50125 => "the sign-in was interrupted by a password reset or registration",
        50126 => "the user name or password is invalid",
        50129 => "the device is not workplace-joined",
        50131 => "blocked by Conditional Access for the device state, suspicious activity or an access policy",
        50132 => "the session is revoked or expired",
        50133 => "the session is invalid since the password was changed or expired",
        50140 => "the sign-in was interrupted by the question to stay signed in",
        50144 => "the on-premises password is expired",
        50155 => "device authentication failed",
        50158 => "an external security challenge was not satisfied",
        50173 => "the grant is revoked, a fresh token is needed",
        50196 => "the client asks in a loop",
        50199 => "the user must confirm",
        53000 => "blocked by Conditional Access: the device is not compliant",
        53001 => "blocked by Conditional Access: the device is not domain-joined",
        53002 => "blocked by Conditional Access: the application is not approved",
        53003 => "blocked by Conditional Access",
        53004 => "the user must register for multifactor authentication but shows suspicious activity",
        53009 => "the application must enforce Intune protection policies",
        53010 => "multifactor methods may only be registered from trusted places or devices",
        53011 => "the user is blocked for risk in the home tenant",
        65001 => "the user or administrator has not consented to the application",
        70008 => "the authorization code or refresh token is expired",
        70043 => "the refresh token is invalid by the sign-in frequency of Conditional Access",
        81010 => "seamless single sign-on failed: the Kerberos ticket is expired or invalid",
        90025 => "a service hit its retry limit",
        90072 => "the account of another tenant must be added as a guest",
        90094 => "an administrator must consent",
        135_010 => "the user's key was not found",
        500_011 => "the resource principal is not in the tenant",
        500_121 => "the multifactor authentication failed or was denied",
        500_133 => "the assertion is out of its valid time",
        530_032 => "blocked by a security policy of the tenant",
        530_034 => "blocked: a delegated administrator shows risk",
        700_016 => "the application is not in the tenant",
        700_082 => "the refresh token is expired from inactivity",
        7_000_112 => "the application is disabled",
        7_000_215 => "the client secret is invalid",
        7_000_222 => "the client secret is expired",
        _ => return None,
    })
}

/// True if the code says that a second factor was asked for and not given.
pub(super) fn says_second_factor_is_missing(code: i64) -> bool {
    matches!(code, 50072 | 50074 | 50076 | 50079 | 53004 | 500_121)
}

/// OCSF's number of a protocol; ROPC and device codes are grants of OAuth 2.0.
pub(super) fn auth_protocol_id(protocol: &str) -> i64 {
    match protocol {
        "oAuth2" | "ropc" | "deviceCode" | "nativeAuth" => 6,
        "saml20" => 5,
        _ => 99,
    }
}

/// True if the client is one of those that can only send a password:
/// <https://learn.microsoft.com/en-us/entra/identity/conditional-access/policy-block-legacy-authentication>.
pub(super) fn is_basic_client(client: &str) -> bool {
    const CLIENTS: [&str; 14] = [
        "authenticated smtp",
        "smtp",
        "autodiscover",
        "exchange activesync",
        "exchange online powershell",
        "exchange web services",
        "imap",
        "imap4",
        "mapi over http",
        "offline address book",
        "other clients",
        "outlook anywhere (rpc over http)",
        "pop",
        "pop3",
    ];
    CLIENTS.contains(&client.to_ascii_lowercase().as_str())
}

/// OCSF's number of an operating system: `Windows10`, `Ios 18.1`, `MacOs`, `Android 14`.
pub(super) fn os_type_id(os: &str) -> i64 {
    let os = os.to_ascii_lowercase();
    match os.as_str() {
        os if os.starts_with("windows phone") || os.starts_with("windows mobile") => 101,
        os if os.starts_with("windows") => 100,
        os if os.starts_with("ios") || os.starts_with("iphone") => 301,
        os if os.starts_with("ipad") => 302,
        os if os.starts_with("mac") => 300,
        os if os.starts_with("android") => 201,
        os if os.starts_with("linux") || os.starts_with("ubuntu") => 200,
        "unknown" => 0,
        _ => 99,
    }
}

/// OCSF's number of a factor, by how sign-in logs name the method.
pub(super) fn factor_type_id(method: &str) -> i64 {
    let method = method.to_ascii_lowercase();
    let has = |word: &str| method.contains(word);
    match () {
        () if has("passkey") || has("fido2") || has("windows hello") => 10,
        () if has("password") && !has("passwordless") => 11,
        () if has("text message") || has("sms") => 1,
        () if has("phone call") || has("voice") => 3,
        () if has("hardware") => 6,
        () if has("notification") || has("push") || has("phone sign-in") => 5,
        () if has("oath") || has("verification code") || has("otp") || has("one-time") => 7,
        () if has("email") => 8,
        () => 99,
    }
}

/// OCSF's number and word of a risk level; `hidden` and other words are nothing.
pub(super) fn risk_level(level: &str) -> Option<(i64, &'static str)> {
    match level.to_ascii_lowercase().as_str() {
        "none" => Some((0, "Info")),
        "low" => Some((1, "Low")),
        "medium" => Some((2, "Medium")),
        "high" => Some((3, "High")),
        _ => None,
    }
}
