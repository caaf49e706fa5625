use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;
use regex::RegexSet;
use serde::Deserialize;

use crate::normal::{Normal, Wanted, normalise, url};
use crate::{Error, IndicatorKind, UrlLevel};

/// A list of values that are known to be harmless.
#[derive(Debug, Clone)]
pub struct WarningList {
    name: Arc<str>,
    /// Values that are equal in normal form.
    exact: HashSet<String>,
    /// Names of which everything below is on the list too.
    domains: HashSet<String>,
    networks: Vec<IpNet>,
    substrings: Vec<String>,
    patterns: Option<RegexSet>,
}

/// A list as MISP writes it (<https://github.com/MISP/misp-warninglists>).
#[derive(Deserialize)]
struct MispList {
    name: Option<String>,
    #[serde(rename = "type", default)]
    kind: String,
    list: Vec<String>,
}

impl WarningList {
    /// Reads a list: a MISP warning list in JSON, or one value a line with comments that begin with `#`.
    ///
    /// A line names one value, a network all its addresses, a name with a dot before it (`.example.com`) all names below it. In a MISP
    /// list, `hostname` means the name and all below it. Fails if JSON is malformed or an expression of a list of type `regex` is not one.
    pub fn read(name: &str, bytes: &[u8]) -> Result<Self, Error> {
        let wrong = |reason: String| Error::WarningList { list: name.to_owned(), reason };
        let text = String::from_utf8_lossy(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes));
        if !text.trim_start().starts_with('{') {
            let mut list = Self::empty(name);
            let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
            lines.for_each(|line| list.add("string", line));
            return Ok(list);
        }
        let misp: MispList = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        let mut list = Self::empty(misp.name.as_deref().unwrap_or(name));
        if misp.kind == "regex" {
            let bare = misp.list.iter().map(|pattern| bare_pattern(pattern));
            list.patterns = Some(RegexSet::new(bare).map_err(|error| wrong(error.to_string()))?);
            return Ok(list);
        }
        misp.list.iter().for_each(|value| list.add(&misp.kind, value));
        Ok(list)
    }

    /// The name of the list.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn empty(name: &str) -> Self {
        Self {
            name: name.into(),
            exact: HashSet::new(),
            domains: HashSet::new(),
            networks: Vec::new(),
            substrings: Vec::new(),
            patterns: None,
        }
    }

    fn add(&mut self, kind: &str, value: &str) {
        let below = value.strip_prefix("*.").or_else(|| value.strip_prefix('.'));
        match kind {
            "substring" => self.substrings.push(value.to_lowercase()),
            _ if kind == "hostname" || below.is_some() => {
                self.domains.extend(normal_values(Wanted::Host, below.unwrap_or(value)));
            }
            _ => match value.parse::<IpNet>() {
                Ok(network) => self.networks.push(network),
                Err(_) => self.exact.extend(normal_values(Wanted::Anything, value)),
            },
        }
    }

    /// Why this list speaks against an indicator, if it does.
    pub(super) fn objection(&self, normal: &Normal) -> Option<String> {
        self.holds(normal).then(|| format!("it is on the warning list {:?}", &*self.name))
    }

    fn holds(&self, normal: &Normal) -> bool {
        let value = &normal.value;
        let host = match normal.kind {
            IndicatorKind::UrlHost => url::parse(value).map(|parts| parts.host),
            IndicatorKind::Domain => Some(value.clone()),
            _ => None,
        };
        let folded = value.to_lowercase();
        self.exact.contains(value)
            || self.exact.contains(&folded)
            || host.is_some_and(|host| self.exact.contains(&host) || suffixes(&host).any(|name| self.domains.contains(name)))
            || self.substrings.iter().any(|part| folded.contains(part.as_str()))
            || self.covers(value)
            || self.patterns.as_ref().is_some_and(|patterns| patterns.is_match(value))
    }

    fn covers(&self, value: &str) -> bool {
        if self.networks.is_empty() {
            return false;
        }
        match (value.parse::<IpAddr>(), value.parse::<IpNet>()) {
            (Ok(address), _) => self.networks.iter().any(|network| network.contains(&address)),
            (_, Ok(inner)) => self.networks.iter().any(|network| network.contains(&inner)),
            _ => false,
        }
    }
}

fn normal_values(wanted: Wanted, value: &str) -> Vec<String> {
    let normals = normalise(wanted, value, UrlLevel::Exact).unwrap_or_default();
    match normals.is_empty() {
        true => vec![value.to_lowercase()],
        false => normals.into_iter().map(|normal| normal.value).collect(),
    }
}

/// An expression without the slashes and flags that PHP puts around it.
fn bare_pattern(pattern: &str) -> String {
    match pattern.strip_prefix('/').and_then(|rest| rest.rsplit_once('/')) {
        Some((bare, flags)) if flags.contains('i') => format!("(?i){bare}"),
        Some((bare, _)) => bare.to_owned(),
        None => pattern.to_owned(),
    }
}

/// A name and every name above it.
fn suffixes(name: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(name), |name| name.split_once('.').map(|(_, rest)| rest))
}
