use std::net::Ipv4Addr;

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

/// Adds the indicators that a URL matches: by all of it, by host and path, by its host, by pattern.
pub(super) fn matches(table: &Table, has_keys: bool, globs: Option<&Globs>, value: &str, found: &mut Vec<u32>) {
    if globs.is_none() && !has_keys {
        return;
    }
    let value = value.trim();
    if globs.is_none()
        && let Some(plain) = Plain::new(value)
    {
        return find(table, plain.scheme_tag, plain.full, plain.path_key, plain.host, found);
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

/// The parts of a URL that is in its normal form already, which most are: they are cut out, not parsed.
#[derive(Debug, PartialEq, Eq)]
struct Plain<'u> {
    scheme_tag: u8,
    full: &'u str,
    path_key: &'u str,
    host: &'u str,
}

impl<'u> Plain<'u> {
    fn new(value: &'u str) -> Option<Self> {
        let (scheme_tag, full) = match value.strip_prefix("http://") {
            Some(rest) => (1, rest),
            None => (2, value.strip_prefix("https://")?),
        };
        let (host, rest) = full.split_at(full.find('/')?);
        let path = rest.split('?').next().unwrap_or(rest);
        let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"%\\\"<>`{}|^'#[]".contains(&byte);
        let is_normal = rest.bytes().all(is_plain) && !path.contains("/.") && !rest.ends_with('?');
        let end = host.len() + path.trim_end_matches('/').len();
        (is_normal && is_plain_host(host)).then(|| Self { scheme_tag, full, path_key: &full[..end], host })
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
