//! Writes small MaxMind databases, as <https://maxmind.github.io/MaxMind-DB/> describes them, so that no file of others is needed.

use std::net::IpAddr;

/// A value of the data section.
#[derive(Clone)]
pub enum Value {
    Text(&'static str),
    Double(f64),
    Count16(u16),
    Count32(u32),
    Count64(u64),
    Map(Vec<(&'static str, Value)>),
    NoTexts,
}

use Value::{Count16, Count32, Count64, Double, Map, NoTexts, Text};

impl Value {
    fn write(&self, bytes: &mut Vec<u8>) {
        match self {
            Text(text) => {
                control(bytes, 2, text.len());
                bytes.extend(text.as_bytes());
            }
            Double(number) => {
                control(bytes, 3, 8);
                bytes.extend(number.to_be_bytes());
            }
            Count16(count) => {
                control(bytes, 5, 2);
                bytes.extend(count.to_be_bytes());
            }
            Count32(count) => {
                control(bytes, 6, 4);
                bytes.extend(count.to_be_bytes());
            }
            Count64(count) => {
                control(bytes, 9, 8);
                bytes.extend(count.to_be_bytes());
            }
            Map(entries) => {
                control(bytes, 7, entries.len());
                for (key, value) in entries {
                    Text(key).write(bytes);
                    value.write(bytes);
                }
            }
            NoTexts => control(bytes, 11, 0),
        }
    }
}

/// The bytes before a value: its type and size. A size of 29 and more stands in a byte of its own.
fn control(bytes: &mut Vec<u8>, kind: u8, size: usize) {
    let size = u8::try_from(size).expect("values of tests are small");
    let short = size.min(29);
    match kind {
        extended if extended > 7 => bytes.extend([short, extended - 7]),
        kind => bytes.push(kind << 5 | short),
    }
    if short == 29 {
        bytes.push(size - 29);
    }
}

#[derive(Clone, Copy)]
enum Record {
    Nothing,
    Node(usize),
    Data(usize),
}

/// A database of these networks; `ip_version` is 4 or 6. Networks of IPv4 addresses lie in `::/96` of the latter.
pub fn database(kind: &'static str, ip_version: u16, networks: &[(&str, Value)]) -> Vec<u8> {
    let mut nodes = vec![[Record::Nothing; 2]];
    let mut data = Vec::new();
    for (network, value) in networks {
        insert(&mut nodes, &bits(network, ip_version), Record::Data(data.len()));
        value.write(&mut data);
    }
    let mut bytes = Vec::new();
    let count = nodes.len();
    for record in nodes.iter().flatten() {
        let number = match record {
            Record::Nothing => count,
            Record::Node(node) => *node,
            Record::Data(offset) => count + 16 + offset,
        };
        bytes.extend(&u32::try_from(number).unwrap().to_be_bytes()[1..]);
    }
    bytes.extend([0; 16]);
    bytes.extend(data);
    bytes.extend(b"\xAB\xCD\xEFMaxMind.com");
    let metadata = vec![
        ("binary_format_major_version", Count16(2)),
        ("binary_format_minor_version", Count16(0)),
        ("build_epoch", Count64(1_772_323_200)),
        ("database_type", Text(kind)),
        ("description", Map(Vec::new())),
        ("ip_version", Count16(ip_version)),
        ("languages", NoTexts),
        ("node_count", Count32(u32::try_from(count).unwrap())),
        ("record_size", Count16(24)),
    ];
    Map(metadata).write(&mut bytes);
    bytes
}

/// The way through the tree to a network.
fn bits(network: &str, ip_version: u16) -> Vec<usize> {
    let (address, length) = network.split_once('/').unwrap();
    let length: usize = length.parse().unwrap();
    let (bytes, length) = match (address.parse().unwrap(), ip_version) {
        (IpAddr::V4(address), 4) => (address.octets().to_vec(), length),
        (IpAddr::V4(address), _) => ([&[0; 12][..], &address.octets()].concat(), 96 + length),
        (IpAddr::V6(address), _) => (address.octets().to_vec(), length),
    };
    (0..length).map(|bit| usize::from(bytes[bit / 8] >> (7 - bit % 8) & 1)).collect()
}

fn insert(nodes: &mut Vec<[Record; 2]>, bits: &[usize], data: Record) {
    let (last, way) = bits.split_last().unwrap();
    let mut node = 0;
    for bit in way {
        node = match nodes[node][*bit] {
            Record::Node(next) => next,
            _ => {
                nodes.push([Record::Nothing; 2]);
                let next = nodes.len() - 1;
                nodes[node][*bit] = Record::Node(next);
                next
            }
        };
    }
    nodes[node][*last] = data;
}

/// A place in a record of a city database.
pub fn place(country: &'static str, city: &'static str, latitude: f64, longitude: f64) -> Value {
    Map(vec![
        ("city", Map(vec![("names", Map(vec![("en", Text(city))]))])),
        ("country", Map(vec![("iso_code", Text(country))])),
        ("location", Map(vec![("latitude", Double(latitude)), ("longitude", Double(longitude))])),
    ])
}

/// A record of which only the country is known.
pub fn country(country: &'static str) -> Value {
    Map(vec![("country", Map(vec![("iso_code", Text(country))]))])
}

/// A record of an AS database.
pub fn autonomous_system(number: u32, organisation: &'static str) -> Value {
    Map(vec![("autonomous_system_number", Count32(number)), ("autonomous_system_organization", Text(organisation))])
}
