use std::net::{IpAddr, Ipv4Addr};

use ipnet::{IpNet, Ipv4Net};

/// The address in a text; an IPv4 address inside IPv6 (`::ffff:10.0.0.1`) is that IPv4 address.
pub(super) fn address(text: &str) -> Option<IpAddr> {
    text.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

/// The network in a text: `10.0.0.0/8`, `2001:db8::/32`, or one address. Bits of the host are left out, and a network of IPv4
/// addresses inside IPv6 is that IPv4 network.
pub(super) fn network(text: &str) -> Option<IpNet> {
    let text = text.trim();
    let network = match text.contains('/') {
        true => text.parse::<IpNet>().ok()?,
        false => IpNet::from(text.parse::<IpAddr>().ok()?),
    };
    Some(canonical(network.trunc()))
}

fn canonical(network: IpNet) -> IpNet {
    let IpNet::V6(inside) = network else { return network };
    let mapped = inside.network().to_ipv4_mapped();
    let length = inside.prefix_len().checked_sub(96);
    match mapped.zip(length).and_then(|(address, length)| Ipv4Net::new(address, length).ok()) {
        Some(network) => IpNet::V4(network),
        None => IpNet::V6(inside),
    }
}

/// True if the text is an address that is not routed on the Internet.
pub(super) fn is_private(text: &str) -> bool {
    match address(text) {
        Some(IpAddr::V4(address)) => {
            address.is_private() || address.is_loopback() || address.is_link_local() || address.is_unspecified() || is_shared(address)
        }
        Some(IpAddr::V6(address)) => {
            address.is_unique_local() || address.is_loopback() || address.is_unicast_link_local() || address.is_unspecified()
        }
        None => false,
    }
}

/// Carrier-grade NAT, 100.64.0.0/10 (RFC 6598).
fn is_shared(address: Ipv4Addr) -> bool {
    let [first, second, ..] = address.octets();
    first == 100 && (64..128).contains(&second)
}
