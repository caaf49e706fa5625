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
}
