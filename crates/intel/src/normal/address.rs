use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use ipnet::{IpNet, Ipv4Net, Ipv4Subnets, Ipv6Subnets};

use crate::IndicatorKind;

use super::{Normal, Normals, rejected};

/// True if a text is meant to be an address, a network, a range, or an address with a port.
pub(crate) fn looks_like_address(text: &str) -> bool {
    let mut letters = text.chars();
    let Some(first) = letters.next() else { return false };
    let is_v4 = first.is_ascii_digit() && text.chars().all(|letter| letter.is_ascii_digit() || ".:/-".contains(letter) || letter == ' ');
    let is_v4 = is_v4 && text.split(['/', ':', '-']).next().is_some_and(|head| head.trim().split('.').count() == 4);
    let is_v6 = text.matches(':').count() >= 2 && text.chars().all(|letter| letter.is_ascii_hexdigit() || ":./%[]- ".contains(letter));
    is_v4 || is_v6 || text.starts_with('[')
}

/// The address or addresses that a text stands for.
pub(crate) fn normals(text: &str) -> Normals {
    if let Some((network, bits)) = text.split_once('/') {
        return Ok(vec![network_of(network.trim(), bits.trim(), text)?]);
    }
    if let Some((first, last)) = text.split_once('-') {
        return range(first.trim(), last.trim(), text);
    }
    match address_and_port(text) {
        Some((address, port)) => Ok(vec![ip(address).with_port(port)]),
        None => rejected(format!("{text:?} is not an IP address")),
    }
}

/// The one form of an address: IPv4 inside IPv6 is IPv4.
fn ip(address: IpAddr) -> Normal {
    Normal::new(IndicatorKind::Ip, address.to_canonical().to_string())
}

/// An address, be it in brackets, with a zone or with a port.
pub(crate) fn address_and_port(text: &str) -> Option<(IpAddr, Option<u16>)> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let bare = bare.split_once('%').map_or(bare, |(address, _)| address);
    match bare.parse() {
        Ok(address) => Some((address, None)),
        Err(_) => text.parse::<SocketAddr>().ok().map(|socket| (socket.ip(), Some(socket.port()))),
    }
}

fn network_of(address: &str, bits: &str, text: &str) -> Result<Normal, super::Refusal> {
    let Some((address, None)) = address_and_port(address) else { return rejected(format!("{text:?} is not a network")) };
    let prefix = match (bits.parse::<u8>(), bits.parse::<Ipv4Addr>()) {
        (Ok(prefix), _) => Some(prefix),
        (_, Ok(mask)) if address.is_ipv4() => ipnet::ipv4_mask_to_prefix(mask).ok(),
        _ => None,
    };
    let Some(network) = prefix.and_then(|prefix| IpNet::new(address, prefix).ok()) else {
        return rejected(format!("{text:?} is not a network: {bits:?} is not the length of a prefix"));
    };
    Ok(network_normal(network))
}

/// The one form of a network, without bits of a host; a network of one address is that address.
pub(crate) fn network_normal(network: IpNet) -> Normal {
    let network = unmapped(network.trunc());
    match network.prefix_len() == network.max_prefix_len() {
        true => ip(network.addr()),
        false => Normal::new(IndicatorKind::Network, network.to_string()),
    }
}

/// A network of IPv4 inside IPv6 (`::ffff:0:0/96` and narrower) as one of IPv4.
fn unmapped(network: IpNet) -> IpNet {
    match (network, network.addr().to_canonical()) {
        (IpNet::V6(v6), IpAddr::V4(v4)) if v6.prefix_len() >= 96 => {
            Ipv4Net::new(v4, v6.prefix_len() - 96).map_or(network, |v4| IpNet::V4(v4.trunc()))
        }
        _ => network,
    }
}

fn range(first: &str, last: &str, text: &str) -> Normals {
    let networks: Vec<IpNet> = match (first.parse(), last.parse()) {
        (Ok(IpAddr::V4(first)), Ok(IpAddr::V4(last))) if first <= last => Ipv4Subnets::new(first, last, 0).map(IpNet::V4).collect(),
        (Ok(IpAddr::V6(first)), Ok(IpAddr::V6(last))) if first <= last => Ipv6Subnets::new(first, last, 0).map(IpNet::V6).collect(),
        _ => return rejected(format!("{text:?} is not a range of addresses")),
    };
    Ok(networks.into_iter().map(network_normal).collect())
}
