use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use super::{Failures, PEERS_MAX};

const WINDOW: Duration = Duration::from_secs(60);

fn peer(number: u32) -> Option<IpAddr> {
    Some(IpAddr::V4(Ipv4Addr::from(number)))
}

#[test]
fn an_address_waits_after_its_failures_and_is_then_forgiven() {
    let (failures, start) = (Failures::new(3, WINDOW), Instant::now());
    for _ in 0..3 {
        assert_eq!(failures.check(peer(1), start), Ok(()));
        failures.record(peer(1), start);
    }
    assert_eq!(failures.check(peer(1), start), Err(WINDOW / 3));
    assert_eq!(failures.check(peer(2), start), Ok(()), "others are not held up");
    assert_eq!(failures.check(peer(1), start + WINDOW / 3), Ok(()), "one guess is free again");
    failures.record(peer(1), start + WINDOW / 3);
    assert!(failures.check(peer(1), start + WINDOW / 3).is_err());
}

#[test]
fn one_ipv6_network_counts_as_one_address() {
    let (failures, now) = (Failures::new(1, WINDOW), Instant::now());
    failures.record("2001:db8::1".parse().ok(), now);
    assert!(failures.check("2001:db8::ffff:2".parse().ok(), now).is_err());
    assert!(failures.check("2001:db8:0:1::1".parse().ok(), now).is_ok());
}

#[test]
fn memory_is_bounded_and_the_guilty_are_remembered() {
    let (failures, now) = (Failures::new(3, WINDOW), Instant::now());
    for _ in 0..3 {
        failures.record(peer(0), now);
    }
    for number in 1..3 * PEERS_MAX as u32 {
        failures.record(peer(number), now);
    }
    assert_eq!(failures.peers.lock().len(), PEERS_MAX);
    assert!(failures.check(peer(0), now).is_err());
}
