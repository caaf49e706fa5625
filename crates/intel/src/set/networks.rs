use std::hash::BuildHasher;
use std::net::IpAddr;

use hashbrown::{DefaultHashBuilder, HashTable};
use ipnet::IpNet;

/// How much longer the prefix of a network is once it is written as one of IPv6.
const MAPPED_BITS: u8 = 96;

/// Says that there is no further entry of a network.
const NONE: u32 = u32::MAX;

/// Addresses and networks. IPv4 is kept as IPv6 (`::ffff:203.0.113.7`), but looked for only among its own.
#[derive(Debug)]
pub(super) struct Networks {
    entries: Vec<Entry>,
    index: HashTable<u32>,
    hasher: DefaultHashBuilder,
    /// The lengths of prefix that occur, longest first: of IPv4 (plus 96) and of IPv6.
    lengths: [Vec<u8>; 2],
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    bits: [u64; 2],
    next: u32,
    indicator: u32,
    length: u8,
}

impl Networks {
    pub(super) fn with_capacity(networks: usize) -> Self {
        Self {
            entries: Vec::with_capacity(networks),
            index: HashTable::with_capacity(networks),
            hasher: DefaultHashBuilder::default(),
            lengths: [Vec::new(), Vec::new()],
        }
    }

    pub(super) fn insert(&mut self, network: IpNet, indicator: u32) {
        let (family, bits) = bits_of(network.network());
        let length = network.prefix_len() + if family == 0 { MAPPED_BITS } else { 0 };
        let key = (masked(bits, length), length);
        let (entries, hasher) = (&self.entries, &self.hasher);
        let new = u32::try_from(entries.len()).unwrap_or(NONE - 1);
        let is_same = |head: &u32| entries[*head as usize].key() == key;
        let rehash = |head: &u32| hasher.hash_one(entries[*head as usize].key());
        let head = *self.index.entry(hasher.hash_one(key), is_same, rehash).or_insert(new).get();
        let mut next = NONE;
        if head != new {
            next = std::mem::replace(&mut self.entries[head as usize].next, new);
        }
        self.entries.push(Entry { bits: key.0, next, indicator, length });
        let lengths = &mut self.lengths[family];
        if !lengths.contains(&length) {
            lengths.push(length);
            lengths.sort_unstable_by(|one, other| other.cmp(one));
        }
    }

    /// Adds the indicators of all networks that hold an address, the narrowest first.
    pub(super) fn matches(&self, address: IpAddr, found: &mut Vec<u32>) {
        let (family, bits) = bits_of(address);
        for length in &self.lengths[family] {
            let key = (masked(bits, *length), *length);
            let head = self.index.find(self.hasher.hash_one(key), |head| self.entries[*head as usize].key() == key);
            let first = head.and_then(|head| self.entries.get(*head as usize));
            let entries = std::iter::successors(first, |entry| self.entries.get(entry.next as usize));
            found.extend(entries.map(|entry| entry.indicator));
        }
    }

    /// Every network, some of them more than once.
    pub(super) fn all(&self) -> impl Iterator<Item = IpNet> {
        self.entries.iter().filter_map(|entry| {
            let address = std::net::Ipv6Addr::from_bits(u128::from(entry.bits[0]) << 64 | u128::from(entry.bits[1]));
            match address.to_ipv4_mapped().filter(|_| entry.length >= MAPPED_BITS) {
                Some(address) => IpNet::new(address.into(), entry.length - MAPPED_BITS).ok(),
                None => IpNet::new(address.into(), entry.length).ok(),
            }
        })
    }

    pub(super) fn bytes(&self) -> usize {
        self.entries.capacity() * size_of::<Entry>() + self.index.allocation_size()
    }
}

impl Entry {
    fn key(&self) -> ([u64; 2], u8) {
        (self.bits, self.length)
    }
}

/// Which family an address is of, and its bits as an address of IPv6.
fn bits_of(address: IpAddr) -> (usize, u128) {
    match address.to_canonical() {
        IpAddr::V4(address) => (0, address.to_ipv6_mapped().to_bits()),
        IpAddr::V6(address) => (1, address.to_bits()),
    }
}

/// The first bits of an address.
fn masked(bits: u128, length: u8) -> [u64; 2] {
    let mask = if length == 0 { 0 } else { u128::MAX << (128 - u32::from(length.min(128))) };
    let bits = bits & mask;
    #[expect(clippy::cast_possible_truncation, reason = "the halves of 128 bits")]
    [(bits >> 64) as u64, bits as u64]
}
