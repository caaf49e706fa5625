use std::fmt;

use coldtrail_model::{Class, Col, ObservableType};
use serde::{Deserialize, Serialize};

use ObservableType as O;

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, [$($type_id:literal),*], [$($observable:ident),*], $column:literal;)*) => {
        /// What an indicator is, and so which observables it is compared with.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum IndicatorKind { $($(#[$doc])* #[serde(rename = $name)] $variant,)* }

        impl IndicatorKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its name in tables, JSON and messages: `url_path`.
            pub fn name(self) -> &'static str { match self { $(Self::$variant => $name,)* } }

            /// OCSF's `type_id` of the observables that it is compared with.
            pub fn type_ids(self) -> &'static [i32] { match self { $(Self::$variant => &[$($type_id),*],)* } }

            /// The types of the columns that such observables come from, and what the path of such a column must hold.
            fn origins(self) -> (&'static [ObservableType], &'static str) {
                match self { $(Self::$variant => (&[$(O::$observable),*], $column),)* }
            }
        }
    };
}

// A row reads: name, types of observables, types of columns that show them (the lake derives hosts from URLs and e-mail addresses
// from user names), and what the column's path holds.
kinds! {
    /// An address, in its one form. With [`crate::Confirmation::Port`] it is an address and a port.
    Ip = "ip", [2], [Ip, Hostname, DnsAnswer, Url], "";
    /// A network: `203.0.113.0/24`. Matches every address in it.
    Network = "network", [2], [Ip, Hostname, DnsAnswer, Url], "";
    /// A domain in lower-case punycode. Matches itself and every name below it.
    Domain = "domain", [1, 2], [Hostname, Ip, DnsAnswer, Url], "";
    /// A URL that matches by scheme, host, port, path and query.
    UrlExact = "url_exact", [6], [Url], "";
    /// A URL that matches by host and path.
    UrlPath = "url_path", [6], [Url], "";
    /// A URL that matches by its host, wherever the host is seen.
    UrlHost = "url_host", [1, 2, 6], [Url, Hostname, Ip, DnsAnswer], "";
    /// MD5 of a file.
    Md5 = "md5", [8], [Hash], "[md5]";
    /// SHA-1 of a file.
    Sha1 = "sha1", [8], [Hash], "[sha1]";
    /// SHA-256 of a file.
    Sha256 = "sha256", [8], [Hash], "[sha256]";
    /// SHA-512 of a file.
    Sha512 = "sha512", [8], [Hash], "[sha512]";
    /// A fingerprint of a certificate (SHA-1, SHA-256) or of a TLS hello (JA3, JA4).
    Fingerprint = "fingerprint", [30], [Fingerprint], "";
    /// An e-mail address, in lower case.
    EmailAddress = "email_address", [5], [EmailAddress, UserName], "";
    /// The name of a user, with or without its domain (`CORP\ann`).
    UserName = "user_name", [4, 31], [UserName, UserUid], "";
    /// The id of a user: a SID, an object id.
    UserUid = "user_uid", [4, 31], [UserUid, UserName], "";
    /// The name of a file, without a folder. Matches names of files and processes and the last part of paths.
    FileName = "file_name", [7, 9, 45], [FileName, FilePath, ProcessName], "";
    /// The path of a file: a whole one, or the end of one (`appdata\roaming\a.exe`), which matches every path that ends in it.
    FilePath = "file_path", [7, 9, 45], [FileName, FilePath, ProcessName], "";
    /// The name of a process. Matches as a file name does.
    ProcessName = "process_name", [7, 9, 45], [ProcessName, FileName, FilePath], "";
    /// A registry key or value. Matches itself and every key below it.
    RegistryKey = "registry_key", [46], [RegistryKeyPath], "";
    /// The name of a registry value.
    RegistryValueName = "registry_value_name", [43], [RegistryValueName], "";
    /// What a client calls itself.
    UserAgent = "user_agent", [16], [UserAgent], "";
    /// A hardware address: `00:1a:2b:3c:4d:5e`.
    Mac = "mac", [3], [Mac], "";
    /// The id of a resource, such as an ARN.
    ResourceUid = "resource_uid", [10, 31, 38], [ResourceUid, UserUid, ResourceName], "";
    /// The name of a resource, such as a bucket.
    ResourceName = "resource_name", [10, 38], [ResourceName, ResourceUid], "";
    /// A key or credential, such as an AWS access key.
    CredentialUid = "credential_uid", [19], [CredentialUid], "";
    /// The serial number of a certificate.
    SerialNumber = "serial_number", [37], [SerialNumber], "";
}

impl IndicatorKind {
    /// The kind with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }

    /// The columns of events whose values it is compared with, by way of the table `observables`.
    pub fn columns(self) -> Vec<Col> {
        let (types, path) = self.origins();
        let shows = |col: &&Col| {
            let column = col.column();
            column.observable.is_some_and(|observable| types.contains(&observable)) && column.path.contains(path)
        };
        Col::ALL.iter().filter(shows).copied().collect()
    }

    /// The classes whose events could show it.
    pub fn classes(self) -> Vec<Class> {
        let columns = self.columns();
        Class::ALL.iter().copied().filter(|class| columns.iter().any(|col| class.has(*col))).collect()
    }
}

impl fmt::Display for IndicatorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
