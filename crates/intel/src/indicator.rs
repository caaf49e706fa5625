use std::fmt;
use std::str::FromStr;

use compact_str::CompactString;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

use crate::IndicatorKind;

/// A value that somebody says is bad, in the form that it is compared in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Indicator {
    /// Names it by kind, value and what must be confirmed; the same in every feed and run.
    pub id: IndicatorId,
    /// What it is.
    pub kind: IndicatorKind,
    /// The value in its normal form.
    pub value: CompactString,
    /// True if `*` in the value stands for any text, `?` for any character, and `[*]`, `[?]`, `[[]` for these characters themselves.
    #[serde(default)]
    pub pattern: bool,
    /// What else must be seen in the same event, for observables hold one value each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirm: Option<Confirmation>,
    /// The value as the feed wrote it.
    pub original: CompactString,
    /// The name of the feed.
    pub feed: CompactString,
    /// The first instant at which it is valid, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<i64>,
    /// The first instant at which it is no longer valid, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<i64>,
    /// How sure the feed is, 0 to 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<u8>,
    /// The Traffic Light Protocol's word: `clear`, `green`, `amber`, `amber+strict`, `red`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tlp: Option<CompactString>,
    /// ATT&CK techniques and tactics: `T1059.001`, `TA0011`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attack: Vec<CompactString>,
    /// Labels, tags, names of malware.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<CompactString>,
    /// What the feed says of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Box<str>>,
}

/// The first half of the SHA-256 of an indicator's kind, value and confirmation, as 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IndicatorId([u8; 16]);

impl IndicatorId {
    /// The id of this kind and value.
    pub fn new(kind: IndicatorKind, value: &str, pattern: bool, confirm: Option<&Confirmation>) -> Self {
        let mut hash = Sha256::new();
        hash.update(kind.name());
        hash.update(if pattern { "\0*" } else { "\0=" });
        hash.update(value);
        if let Some(confirm) = confirm {
            hash.update(format!("\0{confirm}"));
        }
        let mut id = [0; 16];
        id.copy_from_slice(&hash.finalize()[..16]);
        Self(id)
    }
}

impl fmt::Display for IndicatorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for IndicatorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for IndicatorId {
    type Err = hex::FromHexError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut id = [0; 16];
        hex::decode_to_slice(text, &mut id)?;
        Ok(Self(id))
    }
}

impl Serialize for IndicatorId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for IndicatorId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        CompactString::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// What an observable alone cannot say: the event that showed it must be looked at. Written `port=443`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Confirmation {
    /// The port of the same endpoint.
    Port(u16),
    /// The domain of the same user, in lower case.
    UserDomain(CompactString),
    /// The name of the registry value, in lower case.
    RegistryValue(CompactString),
    /// The data of the registry value.
    RegistryData(CompactString),
    /// A hash of the same file.
    FileHash(CompactString),
}

impl Confirmation {
    fn parts(&self) -> (&'static str, String) {
        match self {
            Self::Port(port) => ("port", port.to_string()),
            Self::UserDomain(text) => ("user_domain", text.to_string()),
            Self::RegistryValue(text) => ("registry_value", text.to_string()),
            Self::RegistryData(text) => ("registry_data", text.to_string()),
            Self::FileHash(text) => ("file_hash", text.to_string()),
        }
    }
}

impl fmt::Display for Confirmation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, value) = self.parts();
        write!(f, "{name}={value}")
    }
}

impl FromStr for Confirmation {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not a confirmation such as port=443");
        let (name, value) = text.split_once('=').ok_or_else(wrong)?;
        match name {
            "port" => value.parse().map(Self::Port).map_err(|_| wrong()),
            "user_domain" => Ok(Self::UserDomain(value.into())),
            "registry_value" => Ok(Self::RegistryValue(value.into())),
            "registry_data" => Ok(Self::RegistryData(value.into())),
            "file_hash" => Ok(Self::FileHash(value.into())),
            _ => Err(wrong()),
        }
    }
}

impl Serialize for Confirmation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Confirmation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        CompactString::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}
