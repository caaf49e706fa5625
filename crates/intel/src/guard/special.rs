use std::net::IpAddr;
use std::sync::LazyLock;

use ipnet::IpNet;

/// Addresses that stand for no host on the Internet, from the IANA special-purpose registries (RFC 6890) and RFC 5771, RFC 4291.
/// Networks for documentation are left out on purpose: no event of a real network shows them, so they match nothing by mistake.
const SPECIAL: &[(&str, &str)] = &[
    ("0.0.0.0/8", "this network"),
    ("10.0.0.0/8", "private addresses (RFC 1918)"),
    ("100.64.0.0/10", "shared addresses of providers (RFC 6598)"),
    ("127.0.0.0/8", "loopback"),
    ("169.254.0.0/16", "link-local addresses"),
    ("172.16.0.0/12", "private addresses (RFC 1918)"),
    ("192.0.0.0/24", "addresses of IETF protocols"),
    ("192.88.99.0/24", "the old 6to4 relays"),
    ("192.168.0.0/16", "private addresses (RFC 1918)"),
    ("198.18.0.0/15", "addresses for benchmarks"),
    ("224.0.0.0/4", "multicast"),
    ("240.0.0.0/4", "reserved addresses and broadcast"),
    ("::/127", "the unspecified address and loopback"),
    ("64:ff9b::/96", "IPv4 through translation (RFC 6052)"),
    ("64:ff9b:1::/48", "IPv4 through local translation (RFC 8215)"),
    ("100::/64", "the discard prefix (RFC 6666)"),
    ("fc00::/7", "private addresses (RFC 4193)"),
    ("fe80::/10", "link-local addresses"),
    ("fec0::/10", "site-local addresses"),
    ("ff00::/8", "multicast"),
];

fn special() -> &'static [(IpNet, &'static str)] {
    static NETWORKS: LazyLock<Vec<(IpNet, &'static str)>> =
        LazyLock::new(|| SPECIAL.iter().filter_map(|(network, use_)| Some((network.parse().ok()?, *use_))).collect());
    &NETWORKS
}

/// The special network that an address is in, and what it is for.
pub(super) fn covering(address: IpAddr) -> Option<(IpNet, &'static str)> {
    special().iter().copied().find(|(network, _)| network.contains(&address))
}

/// A special network that shares an address with this one, and what it is for.
pub(super) fn overlapping(network: IpNet) -> Option<(IpNet, &'static str)> {
    special().iter().copied().find(|(special, _)| special.contains(&network) || network.contains(special))
}
