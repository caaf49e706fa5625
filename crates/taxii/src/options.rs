use std::fmt;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, Utc};

/// A server, and how it is asked.
#[derive(Debug, Clone, Default)]
pub struct Server {
    /// Its discovery (`https://taxii.example.com/taxii2/`, or only the host), or one API root.
    pub url: String,
    /// Who asks, if the server wants to know. Only sent over TLS, or to this machine itself.
    pub login: Option<Login>,
    /// A proxy between, `http://proxy.example.com:3128`.
    pub proxy: Option<String>,
    /// How much it may send and how long it may take.
    pub limits: Limits,
}

/// Who asks. Never shown: not by `Debug` either.
#[derive(Clone)]
pub enum Login {
    /// HTTP basic authentication, which every server has ("Authentication" in section 1.6).
    Basic {
        /// The user.
        user: String,
        /// The password.
        password: String,
    },
    /// A bearer token.
    Bearer(String),
}

impl Login {
    /// The value of the header `Authorization`.
    pub(crate) fn header(&self) -> String {
        match self {
            Self::Basic { user, password } => format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}"))),
            Self::Bearer(token) => format!("Bearer {token}"),
        }
    }

    /// A text of the server without the login, should it repeat it.
    pub(crate) fn hide_in(&self, text: &str) -> String {
        let secret = match self {
            Self::Basic { password, .. } => password,
            Self::Bearer(token) => token,
        };
        let header = self.header();
        let encoded = header.split_once(' ').map_or("", |(_, encoded)| encoded);
        [encoded, secret].iter().filter(|secret| !secret.is_empty()).fold(text.to_owned(), |text, secret| text.replace(*secret, "…"))
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Basic { .. } => "Basic(…)",
            Self::Bearer(_) => "Bearer(…)",
        })
    }
}

/// Which objects of a collection are wanted (section 3.4).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only what was added after this instant: [`crate::Objects::added_last`] of the last time.
    pub added_after: Option<DateTime<Utc>>,
    /// Only objects of these types, such as `indicator`; none is all. Objects that say what an indicator is of (`relationship`,
    /// `malware`) are of other types.
    pub types: Vec<String>,
    /// How many objects a page should hold at most; the server may give fewer.
    pub page_objects: Option<u32>,
}

/// What a server may send and how long it may take, so that a broken or hostile one cannot take all memory or all time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// How large one answer may be.
    pub page_bytes_max: u64,
    /// How large all pages of a collection may be together.
    pub collection_bytes_max: u64,
    /// How many pages a collection may have.
    pub pages_max: u64,
    /// How long a connection may take to be made.
    pub connect_timeout: Duration,
    /// How long one answer may take, whole.
    pub request_timeout: Duration,
    /// How often a server that says that it is busy is asked again.
    pub retries_max: u32,
    /// How long a server may want to be left alone before it is asked again (`Retry-After`); more is an error.
    pub retry_wait_max: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            page_bytes_max: 64 << 20,
            collection_bytes_max: 1 << 30,
            pages_max: 10_000,
            connect_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(120),
            retries_max: 3,
            retry_wait_max: Duration::from_secs(60),
        }
    }
}
