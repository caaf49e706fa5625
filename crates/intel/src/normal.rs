//! Brings a value of a feed into the form that it is compared in, or says why it cannot.
//!
//! The same functions bring the values of observables into that form when they are compared.

pub(crate) mod address;
pub(crate) mod domain;
mod guess;
pub(crate) mod path;
mod refang;
pub(crate) mod registry;
pub(crate) mod text;
pub(crate) mod url;

pub(crate) use guess::looks_like_indicator;
pub(crate) use refang::{clean, refang};

use crate::{Confirmation, IndicatorKind, UrlLevel};

use IndicatorKind as K;

/// What a feed says that a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Nothing; its form must tell.
    Anything,
    /// An address, a range or a network, with or without a port.
    Address,
    /// An address or a domain, with or without a port.
    Host,
    /// A hash, whose length tells the algorithm.
    Hash,
    Url,
    /// A name or a path of a file.
    File,
    Kind(IndicatorKind),
}

/// A value in its normal form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Normal {
    pub(crate) kind: IndicatorKind,
    pub(crate) value: String,
    pub(crate) pattern: bool,
    pub(crate) confirm: Option<Confirmation>,
}

impl Normal {
    pub(crate) fn new(kind: IndicatorKind, value: impl Into<String>) -> Self {
        Self { kind, value: value.into(), pattern: false, confirm: None }
    }

    fn pattern(kind: IndicatorKind, value: impl Into<String>) -> Self {
        Self { pattern: true, ..Self::new(kind, value) }
    }

    fn with_port(self, port: Option<u16>) -> Self {
        Self { confirm: port.map(Confirmation::Port), ..self }
    }
}

/// Why a value does not become an indicator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It is not what it is said to be, or would do harm.
    Rejected(String),
    /// It may be right, but nothing here can look for it.
    Unsupported(String),
}

pub(crate) type Normals = Result<Vec<Normal>, Refusal>;

pub(crate) fn rejected<T>(reason: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::Rejected(reason.into()))
}

pub(crate) fn unsupported<T>(reason: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::Unsupported(reason.into()))
}

/// The normal form of a value, which is several where a value stands for several things (a range of addresses, a name that could be
/// a domain or a file).
pub(crate) fn normalise(wanted: Wanted, raw: &str, level: UrlLevel) -> Normals {
    let cleaned = clean(raw);
    if cleaned.is_empty() {
        return rejected("it is empty");
    }
    let one = |normal: Normal| Ok(vec![normal]);
    match wanted {
        Wanted::Anything => guess::guess(&cleaned, level),
        Wanted::Address | Wanted::Kind(K::Ip | K::Network) => address::normals(&refang(&cleaned)),
        Wanted::Host | Wanted::Kind(K::Domain) => host(&refang(&cleaned)),
        Wanted::Hash | Wanted::Kind(K::Md5 | K::Sha1 | K::Sha256 | K::Sha512) => one(text::hash(wanted, &cleaned)?),
        Wanted::Url => one(url::normal(&refang(&cleaned), level)?),
        Wanted::Kind(K::UrlExact) => one(url::normal(&refang(&cleaned), UrlLevel::Exact)?),
        Wanted::Kind(K::UrlPath) => one(url::normal(&refang(&cleaned), UrlLevel::Path)?),
        Wanted::Kind(K::UrlHost) => one(url::normal(&refang(&cleaned), UrlLevel::Host)?),
        Wanted::File => one(path::normal(K::FileName, &cleaned)?),
        Wanted::Kind(kind @ (K::FileName | K::FilePath | K::ProcessName)) => one(path::normal(kind, &cleaned)?),
        Wanted::Kind(K::RegistryKey) => one(registry::normal(&cleaned)?),
        Wanted::Kind(kind) => one(text::normal(kind, &cleaned)?),
    }
}

/// The normal form of a pattern, in which `*` and `?` are wildcards.
pub(crate) fn normalise_pattern(kind: IndicatorKind, raw: &str) -> Result<Normal, Refusal> {
    let cleaned = clean(raw);
    let value = match kind {
        K::Domain | K::EmailAddress => refang(&cleaned).trim_end_matches('.').to_lowercase(),
        K::UrlExact | K::UrlPath | K::UrlHost => refang(&cleaned).into_owned(),
        K::FileName | K::FilePath | K::ProcessName => path::fold(&cleaned),
        K::RegistryKey => registry::fold(&cleaned),
        K::UserName | K::UserAgent | K::ResourceUid | K::ResourceName | K::UserUid | K::RegistryValueName => cleaned.into_owned(),
        other => return unsupported(format!("a pattern cannot be looked for in values of the kind {other}")),
    };
    let kind = if matches!(kind, K::UrlPath | K::UrlHost) { K::UrlExact } else { kind };
    Ok(Normal::pattern(kind, value))
}

fn host(text: &str) -> Normals {
    if address::looks_like_address(text) {
        return address::normals(text);
    }
    if text.contains("://") || text.contains('/') {
        let parts = url::parse(text).ok_or_else(|| Refusal::Rejected(format!("{text:?} is neither an address nor a domain")))?;
        return match parts.path.len() <= 1 && parts.query.is_none() {
            true => host(&parts.host).map(|normals| normals.into_iter().map(|normal| normal.with_port(parts.port)).collect()),
            false => rejected("it is a URL, not an address or a domain"),
        };
    }
    let (name, port) = match text.rsplit_once(':') {
        Some((name, port)) => match port.parse() {
            Ok(port) => (name, Some(port)),
            Err(_) => return rejected(format!("{port:?} is not a port")),
        },
        None => (text, None),
    };
    Ok(vec![domain::normal(name)?.with_port(port)])
}
