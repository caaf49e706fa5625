use std::hash::{BuildHasher, Hasher};
use std::net::Ipv4Addr;

use hashbrown::DefaultHashBuilder;

use crate::normal::{text, url};

use super::glob::Globs;
use super::table::{Space, Table};

/// The tag of a scheme; 0 for none, which is the same as any.
pub(super) fn scheme_tag(scheme: Option<&str>) -> u8 {
    match scheme {
        None => 0,
        Some("http") => 1,
        Some("https") => 2,
        Some("ftp") => 3,
        Some(_) => u8::MAX,
    }
}

/// A whole URL but for its scheme.
pub(super) fn full_key(parts: &url::UrlParts) -> String {
    url::UrlParts { scheme: None, ..parts.clone() }.to_string()
}

/// The hosts of all URLs that are looked for, as a Bloom filter of 16 bits a host: most URLs of events are of other hosts, and the host
/// alone is hashed for them.
#[derive(Debug, Default)]
pub(super) struct Hosts {
    bits: Vec<u64>,
    hasher: DefaultHashBuilder,
}

impl Hosts {
    pub(super) fn new(hosts: &[String]) -> Self {
        let words = if hosts.is_empty() { 0 } else { (hosts.len() / 4).next_power_of_two() };
        let mut filter = Self { bits: vec![0; words], hasher: DefaultHashBuilder::default() };
        for host in hosts {
            for (word, bit) in filter.places(host) {
                filter.bits[word] |= bit;
            }
        }
        filter
    }

    fn is_empty(&self) -> bool {
        self.bits.is_empty()
    }

    /// False if no URL that is looked for is of this host.
    fn may_hold(&self, host: &str) -> bool {
        !self.is_empty() && self.places(host).into_iter().all(|(word, bit)| self.bits[word] & bit != 0)
    }

    /// Two bits, each with the word that it is in.
    fn places(&self, host: &str) -> [(usize, u64); 2] {
        let mut state = self.hasher.build_hasher();
        state.write(host.as_bytes());
        let hash = state.finish();
        [hash, hash.rotate_right(32)].map(|hash| {
            let word = usize::try_from(hash >> 6).unwrap_or(0) & (self.bits.len() - 1);
            (word, 1 << (hash & 63))
        })
    }

    pub(super) fn bytes(&self) -> usize {
        self.bits.capacity() * size_of::<u64>()
    }
}

/// Adds the indicators that a URL matches: by all of it, by host and path, by its host, by pattern.
pub(super) fn matches(table: &Table, hosts: &Hosts, globs: Option<&Globs>, value: &str, found: &mut Vec<u32>) {
    if globs.is_none() && hosts.is_empty() {
        return;
    }
    let value = value.trim();
    if globs.is_none()
        && let Some(host) = PlainHost::new(value)
    {
        if !hosts.may_hold(host.host) {
            return;
        }
        if let Some(plain) = Plain::new(&host) {
            return find(table, host.scheme_tag, host.full, plain.path_key, host.host, found);
        }
    }
    let Some(parts) = url::parse(value) else {
        globs.iter().for_each(|globs| globs.matches(&text::fold(value), found));
        return;
    };
    find(table, scheme_tag(parts.scheme.as_deref()), &full_key(&parts), &parts.path_key(), &parts.host, found);
    if let Some(globs) = globs {
        let before = found.len();
        globs.matches(&text::fold(&parts.to_string()), found);
        globs.matches(&text::fold(&full_key(&parts)), found);
        super::dedup_from(found, before);
    }
}

fn find(table: &Table, scheme: u8, full: &str, path_key: &str, host: &str, found: &mut Vec<u32>) {
    let whole = table.find(Space::URL_FULL, full).filter(|(_, tag)| *tag == 0 || scheme == 0 || *tag == scheme);
    found.extend(whole.map(|(indicator, _)| indicator));
    found.extend(table.find(Space::URL_PATH, path_key).map(|(indicator, _)| indicator));
    found.extend(table.find(Space::HOST, host).map(|(indicator, _)| indicator));
}

/// The host of a URL that begins as most do: it can be cut out, whatever follows.
struct PlainHost<'u> {
    scheme_tag: u8,
    /// The URL without its scheme.
    full: &'u str,
    host: &'u str,
}

impl<'u> PlainHost<'u> {
    fn new(value: &'u str) -> Option<Self> {
        let (scheme_tag, full) = match value.strip_prefix("http://") {
            Some(rest) => (1, rest),
            None => (2, value.strip_prefix("https://")?),
        };
        let host = &full[..full.find('/')?];
        is_plain_host(host).then_some(Self { scheme_tag, full, host })
    }
}

/// What of a URL that is in its normal form already is compared: it is cut out, not parsed.
struct Plain<'u> {
    path_key: &'u str,
}

impl<'u> Plain<'u> {
    fn new(url: &PlainHost<'u>) -> Option<Self> {
        let rest = &url.full[url.host.len()..];
        let path = rest.split('?').next().unwrap_or(rest);
        let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"%\\\"<>`{}|^'#[]".contains(&byte);
        let is_normal = rest.bytes().all(is_plain) && !path.contains("/.") && !rest.ends_with('?');
        let end = url.host.len() + path.trim_end_matches('/').len();
        is_normal.then(|| Self { path_key: &url.full[..end] })
    }
}

/// True for a name of plain letters or an IPv4 address in its usual form.
fn is_plain_host(host: &str) -> bool {
    let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-');
    if !host.bytes().all(is_name) || host.contains("..") || host.contains("xn--") || host.starts_with('.') || host.ends_with('.') {
        return false;
    }
    let last = host.rsplit('.').next().unwrap_or(host);
    last.starts_with(|first: char| first.is_ascii_lowercase()) || host.parse::<Ipv4Addr>().is_ok()
}

#[cfg(test)]
mod tests;
