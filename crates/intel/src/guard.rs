//! Keeps out indicators that would match what is no threat, unless they are forced.

mod special;
mod warning;

pub use warning::WarningList;

use std::net::IpAddr;

use ipnet::IpNet;

use crate::normal::{Normal, domain, url};
use crate::{IndicatorKind, Limits, Options};

use IndicatorKind as K;

/// Hashes of the empty file and of the EICAR test file, which scanners leave everywhere.
const HARMLESS_FILES: &[(&str, &str)] = &[
    ("d41d8cd98f00b204e9800998ecf8427e", "the empty file"),
    ("da39a3ee5e6b4b0d3255bfef95601890afd80709", "the empty file"),
    ("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "the empty file"),
    (
        "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e",
        "the empty file",
    ),
    ("44d88612fea8a8f36de82e1278abb02f", "the EICAR test file"),
    ("3395856ce81f2b7382dee72602f798b642f14140", "the EICAR test file"),
    ("275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f", "the EICAR test file"),
    (
        "cc805d5fab1fd71a4ab352a9c533e65fb2d5b885518f4e565e68847223b8e6b85cb48f3afad842726d99239c9e36505c64b0dc9a061d9e507d833277ada336ab",
        "the EICAR test file",
    ),
];

/// Why an indicator would match what is no threat, if it would.
pub(crate) fn objection(normal: &Normal, options: &Options) -> Option<String> {
    if options.force {
        return None;
    }
    let objection = match normal.kind {
        _ if normal.pattern => pattern(&normal.value, normal.kind, &options.limits),
        K::Ip => normal.value.parse().ok().and_then(address),
        K::Network => normal.value.parse().ok().and_then(|found| network(found, &options.limits)),
        K::Domain => domain_name(&normal.value),
        K::UrlExact | K::UrlPath | K::UrlHost => url_host(&normal.value, normal.kind),
        K::Md5 | K::Sha1 | K::Sha256 | K::Sha512 => {
            HARMLESS_FILES.iter().find(|(hash, _)| *hash == normal.value).map(|(_, file)| format!("it is the hash of {file}"))
        }
        _ => None,
    };
    objection.or_else(|| options.warning_lists.iter().find_map(|list| list.objection(normal)))
}

fn address(address: IpAddr) -> Option<String> {
    let (network, use_) = special::covering(address)?;
    Some(format!("{address} is in {network}: {use_}"))
}

fn network(network: IpNet, limits: &Limits) -> Option<String> {
    let prefix_min = if network.addr().is_ipv4() { limits.ipv4_prefix_min } else { limits.ipv6_prefix_min };
    if network.prefix_len() < prefix_min {
        return Some(format!("{network} is too wide: at least /{prefix_min} is expected"));
    }
    let (special, use_) = special::overlapping(network)?;
    Some(format!("{network} overlaps {special}: {use_}"))
}

fn domain_name(name: &str) -> Option<String> {
    if domain::is_public_suffix(name) {
        return Some(format!("{name} is a public suffix: names below it belong to whoever asks"));
    }
    if !name.contains('.') {
        return Some(format!("{name} is a single label: it would match every name below it"));
    }
    None
}

fn url_host(value: &str, kind: IndicatorKind) -> Option<String> {
    let host = url::parse(value)?.host;
    match host.parse() {
        Ok(found) => address(found),
        Err(_) if kind == K::UrlHost => domain_name(&host),
        Err(_) => (host == "localhost").then(|| "localhost is every machine itself".to_owned()),
    }
}

fn pattern(value: &str, kind: IndicatorKind, limits: &Limits) -> Option<String> {
    let literals = value.chars().filter(|letter| !matches!(letter, '*' | '?' | '[' | ']')).count();
    if literals < limits.pattern_literals_min {
        return Some(format!("{value} is too wide: a pattern needs {} characters that are no wildcards", limits.pattern_literals_min));
    }
    let ending = value.strip_prefix("*.").filter(|_| kind == K::Domain)?;
    let is_open = domain::ascii(ending).is_some_and(|ascii| domain_name(&ascii).is_some());
    is_open.then(|| format!("{value} covers a whole public suffix"))
}
