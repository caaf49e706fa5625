use std::net::Ipv4Addr;

use sha2::{Digest, Sha256};

/// The loopback address of an executor or a scheduler, by its name: the same on every node, and none of 127.0.0.0/16, which others use.
#[must_use]
pub fn loopback_of(name: &str) -> Ipv4Addr {
    let digest = Sha256::digest(name.as_bytes());
    // From 1 to 254 each, so that it is never the address of a network or of all.
    let part = |place: usize| 1 + digest[place] % 254;
    Ipv4Addr::new(127, part(0), part(1), part(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_address_and_another_has_another() {
        assert_eq!(loopback_of("a"), loopback_of("a"));
        assert_ne!(loopback_of("a"), loopback_of("b"));
        for number in 0..1000 {
            let address = loopback_of(&number.to_string());
            assert!(address.is_loopback() && address.octets()[1..].iter().all(|part| (1..255).contains(part)), "{address}");
        }
    }
}
