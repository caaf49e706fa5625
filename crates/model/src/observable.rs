/// What kind of thing an observable is, with OCSF's `type_id` (object `observable`, 1.8.0).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ObservableType {
    /// A host or domain name.
    Hostname,
    /// An IP address.
    Ip,
    /// A hardware address.
    Mac,
    /// A user name.
    UserName,
    /// An e-mail address.
    EmailAddress,
    /// A URL.
    Url,
    /// A file name.
    FileName,
    /// A hash of a file.
    Hash,
    /// A process name.
    ProcessName,
    /// The id of a resource.
    ResourceUid,
    /// What a client calls itself.
    UserAgent,
    /// A key or credential.
    CredentialUid,
    /// A registry key.
    RegistryKeyPath,
    /// A fingerprint of a certificate or a TLS hello.
    Fingerprint,
    /// The id of a user.
    UserUid,
    /// The serial number of a certificate.
    SerialNumber,
    /// The name of a resource.
    ResourceName,
    /// The unique id of a process.
    ProcessUid,
    /// The name of a registry value.
    RegistryValueName,
    /// The path of a file.
    FilePath,
    /// An answer of the DNS: an address or a name, whichever it is.
    DnsAnswer,
}

impl ObservableType {
    /// OCSF's `type_id` and `type` of a value of this type. A DNS answer is an address or a host name, by its form; a user name
    /// with an `@` stays a user name.
    pub fn ocsf(self, value: &str) -> (i32, &'static str) {
        match self {
            Self::Hostname => (1, "Hostname"),
            Self::Ip => (2, "IP Address"),
            Self::Mac => (3, "MAC Address"),
            Self::UserName => (4, "User Name"),
            Self::EmailAddress => (5, "Email Address"),
            Self::Url => (6, "URL String"),
            Self::FileName => (7, "File Name"),
            Self::Hash => (8, "Hash"),
            Self::ProcessName => (9, "Process Name"),
            Self::ResourceUid => (10, "Resource UID"),
            Self::UserAgent => (16, "HTTP User-Agent"),
            Self::CredentialUid => (19, "User Credential ID"),
            Self::RegistryKeyPath => (46, "Registry Key Path"),
            Self::Fingerprint => (30, "Fingerprint"),
            Self::UserUid => (31, "User Object: uid"),
            Self::SerialNumber => (37, "Serial Number"),
            Self::ResourceName => (38, "Resource Details Object: name"),
            Self::ProcessUid => (39, "Process Entity Object: uid"),
            Self::RegistryValueName => (43, "Registry Value Object: name"),
            Self::FilePath => (45, "File Path"),
            Self::DnsAnswer if value.parse::<std::net::IpAddr>().is_ok() => (2, "IP Address"),
            Self::DnsAnswer => (1, "Hostname"),
        }
    }

    /// The part of a value that can be looked for, nothing if there is none: of a DNS answer the address or the name that it leads to.
    /// Texts (`TXT`), keys and the like are no names; before the names of `MX` and `SRV` stand numbers.
    pub fn of(self, value: &str) -> Option<&str> {
        if self != Self::DnsAnswer || value.parse::<std::net::IpAddr>().is_ok() {
            return Some(value);
        }
        let is_number = |word: &str| !word.is_empty() && word.len() <= 5 && word.bytes().all(|byte| byte.is_ascii_digit());
        let mut words = value.split_ascii_whitespace().skip_while(|word| is_number(word));
        let name = words.next().filter(|name| words.next().is_none() && is_host_name(name))?;
        Some(name)
    }
}

/// True for labels of letters, digits, hyphens and underscores with dots between them.
fn is_host_name(text: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty() && label.len() <= 63 && label.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '-' | '_' | '*'))
    };
    let name = text.strip_suffix('.').unwrap_or(text);
    text.contains('.') && text.len() <= 254 && name.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::ObservableType::{DnsAnswer, Hostname};

    #[test]
    fn only_answers_that_lead_somewhere_can_be_looked_for() {
        for (answer, shown) in [
            ("192.0.2.7", Some("192.0.2.7")),
            ("2001:db8::7", Some("2001:db8::7")),
            ("Mail.example.com.", Some("Mail.example.com.")),
            ("_sip._tcp.example.com", Some("_sip._tcp.example.com")),
            ("10 mail.example.com", Some("mail.example.com")),
            ("0 5 5060 sip.example.com.", Some("sip.example.com.")),
            ("v=spf1 include:_spf.example.com ~all", None),
            ("TXT 12 hello.world", None),
            ("google-site-verification=abc", None),
            ("hello", None),
            ("10", None),
        ] {
            assert_eq!(DnsAnswer.of(answer), shown, "{answer}");
        }
        assert_eq!(Hostname.of("a b"), Some("a b"));
    }
}
