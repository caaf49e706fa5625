//! AWS VPC flow logs: <https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html>.

use chrono::NaiveDate;

use crate::dice::{Dice, Weighted, hash};
use crate::estate::ACCOUNTS;
use crate::moment::{Moment, Tick};
use crate::out::Out;
use crate::sources::Records;
use crate::stream::FLOW_LOGS;

/// The flow log in the custom format; the others have the default one.
const CUSTOM: usize = 2;

/// The first line of a file.
pub(crate) fn header(flow_log: usize) -> &'static str {
    if flow_log == CUSTOM {
        "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status vpc-id subnet-id \
         instance-id tcp-flags type pkt-srcaddr pkt-dstaddr region az-id flow-direction traffic-path pkt-src-aws-service pkt-dst-aws-service\n"
    } else {
        "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status\n"
    }
}

/// One flow, in one direction.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Flow<'a> {
    pub(crate) start: Moment,
    pub(crate) seconds: u64,
    /// The network interface that saw it: the index of a host of the VPC.
    pub(crate) host: usize,
    pub(crate) from: (&'a str, u64),
    pub(crate) to: (&'a str, u64),
    pub(crate) protocol: u64,
    pub(crate) packets: u64,
    pub(crate) bytes: u64,
    pub(crate) accepted: bool,
    /// True if it comes in to the interface.
    pub(crate) ingress: bool,
}

/// The address of a host of a VPC.
pub(crate) fn host_ip(flow_log: usize, host: usize) -> String {
    format!("10.{flow_log}.{}.{}", [12, 20, 31, 40][host % 4], 10 + host)
}

/// Writes one line, without its end.
pub(crate) fn write(out: &mut Out, flow_log: usize, flow: &Flow<'_>) {
    write_start(out, flow_log, flow.host);
    out.s(flow.from.0).s(" ").s(flow.to.0).s(" ").n(flow.from.1).s(" ").n(flow.to.1).s(" ").n(flow.protocol).s(" ");
    out.n(flow.packets).s(" ").n(flow.bytes).s(" ").n(flow.start.epoch_s()).s(" ").n(flow.start.epoch_s() + flow.seconds);
    out.s(if flow.accepted { " ACCEPT OK" } else { " REJECT OK" });
    if flow_log == CUSTOM {
        write_custom(out, flow);
    }
}

fn write_start(out: &mut Out, flow_log: usize, host: usize) {
    out.s(if flow_log == CUSTOM { "5 " } else { "2 " }).s(ACCOUNTS[FLOW_LOGS[flow_log].0].id).s(" eni-0");
    out.hex_of(hash(FLOW_LOGS[flow_log].2) ^ (host as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15), 16).s(" ");
}

fn write_custom(out: &mut Out, flow: &Flow<'_>) {
    let (address, other) = if flow.ingress { (flow.to.0, flow.from.0) } else { (flow.from.0, flow.to.0) };
    out.s(" vpc-0d4e5f60718293a4b subnet-0").hex_of(hash("subnet") ^ (flow.host % 4) as u64, 16);
    out.s(" i-0").hex_of(hash("instance") ^ flow.host as u64, 16).s(" ");
    let tcp_flags = match (flow.protocol, flow.accepted) {
        (6, true) => 19,
        (6, false) => 2,
        _ => 0,
    };
    out.n(tcp_flags).s(if address.contains(':') { " IPv6 " } else { " IPv4 " }).s(flow.from.0).s(" ").s(flow.to.0);
    out.s(" eu-west-1 euw1-az").n(1 + flow.host as u64 % 3);
    let outward = !flow.ingress && !other.starts_with("10.");
    out.s(if flow.ingress { " ingress -" } else { " egress " });
    if !flow.ingress {
        out.s(if outward { "8" } else { "1" });
    }
    out.s(" - -");
}

/// Writes the line of an interface that saw nothing, or lost what it saw.
fn write_empty(out: &mut Out, flow_log: usize, host: usize, when: &Moment, status: &str) {
    write_start(out, flow_log, host);
    out.s("- - - - - - - ").n(when.epoch_s()).s(" ").n(when.epoch_s() + 60).s(" - ").s(status);
    if flow_log == CUSTOM {
        out.s(" vpc-0d4e5f60718293a4b subnet-0").hex_of(hash("subnet") ^ (host % 4) as u64, 16);
        out.s(" - - - - - eu-west-1 euw1-az").n(1 + host as u64 % 3).s(" - - - -");
    }
}

/// Hosts of a VPC.
const HOSTS: usize = 36;

/// The ports that scanners of the internet try, the busiest first.
static SCANNED: [u64; 12] = [23, 22, 3389, 445, 8080, 5900, 6379, 1433, 5060, 2375, 9200, 27017];

/// The ordinary flows of one VPC and day.
pub(crate) struct Ordinary {
    flow_log: usize,
    date: NaiveDate,
    dice: Dice,
    host: Weighted,
    peer: Weighted,
    scanned: Weighted,
    kind: Weighted,
    ips: Vec<String>,
    ips6: Vec<String>,
    peers: Vec<String>,
    customers: Vec<String>,
    scanners: Vec<String>,
}

impl Ordinary {
    pub(crate) fn new(flow_log: usize, date: NaiveDate, dice: Dice) -> Self {
        let range = |net: &str, first: usize, count: usize| (first..first + count).map(|n| format!("{net}{n}")).collect::<Vec<_>>();
        Self {
            flow_log,
            date,
            dice,
            host: Weighted::zipf(HOSTS),
            peer: Weighted::zipf(180),
            scanned: Weighted::zipf(SCANNED.len()),
            kind: Weighted::new([30, 14, 18, 14, 12, 4, 2, 5, 1]),
            ips: (0..HOSTS).map(|host| host_ip(flow_log, host)).collect(),
            ips6: (0..HOSTS).map(|host| format!("2001:db8:a0:{}::{:x}", 1 + host % 4, 0x10 + host)).collect(),
            peers: range("198.51.100.", 64, 180),
            customers: range("203.0.113.", 64, 190),
            scanners: range("192.0.2.", 1, 60),
        }
    }

    fn high_port(&mut self) -> u64 {
        self.dice.between(32_768, 60_999)
    }

    /// A flow of its kind: addresses, ports, protocol, direction, whether the firewall let it through.
    fn flow(&mut self, kind: usize, host: usize, when: Moment) -> Flow<'_> {
        let (port, back) = (self.high_port(), self.dice.permille(480));
        let packets = self.dice.skewed(3, 9);
        let bytes = packets * self.dice.between(60, 900);
        let peer = self.peer.draw(&mut self.dice);
        let service = *self.dice.pick(&[5432_u64, 6379, 8080, 8080, 9092, 3306]);
        let scanned = SCANNED[self.scanned.draw(&mut self.dice)];
        let seconds = self.dice.between(4, 59);
        let other = (host + 1 + self.dice.below(6) as usize) % HOSTS;
        let ip = self.ips[host].as_str();
        let flow = |from, to, protocol, accepted, ingress| Flow {
            start: when,
            seconds,
            host,
            from,
            to,
            protocol,
            packets,
            bytes,
            accepted,
            ingress,
        };
        match kind {
            // One service asks another, and is answered.
            0 | 1 if back => flow((self.ips[other].as_str(), service), (ip, port), 6, true, true),
            0 | 1 => flow((ip, port), (self.ips[other].as_str(), service), 6, true, false),
            // Out to the internet and back.
            2 if back => flow((self.peers[peer].as_str(), 443), (ip, port), 6, true, true),
            2 => flow((ip, port), (self.peers[peer].as_str(), 443), 6, true, false),
            // A customer comes in.
            3 if back => flow((ip, 443), (self.customers[peer].as_str(), port), 6, true, false),
            3 => flow((self.customers[peer].as_str(), port), (ip, 443), 6, true, true),
            // A scanner is turned away.
            4 => Flow { packets: 1, bytes: 40, ..flow((self.scanners[peer / 3].as_str(), port), (ip, scanned), 6, false, true) },
            5 => Flow { packets: 1, bytes: 76, ..flow((ip, port), ("10.0.0.2", 53), 17, true, false) },
            6 => Flow { packets: 1, bytes: 76, ..flow((ip, 123), ("169.254.169.123", 123), 17, true, false) },
            // IPv6, where the custom format shows it; elsewhere one more flow between services.
            7 if self.flow_log == CUSTOM => flow((self.ips6[host].as_str(), port), (self.ips6[other].as_str(), service), 6, true, false),
            7 => flow((ip, port), (self.ips[other].as_str(), service), 6, true, false),
            _ => Flow { bytes: packets * 84, ..flow((self.peers[peer].as_str(), 0), (ip, 0), 1, true, true) },
        }
    }
}

impl Records for Ordinary {
    fn write(&mut self, out: &mut Out, tick: Tick) {
        let when = Moment::new(self.date, tick.ms);
        let host = self.host.draw(&mut self.dice);
        let flow_log = self.flow_log;
        match self.dice.below(1000) {
            0..12 => write_empty(out, flow_log, host, &when, "NODATA"),
            12 => write_empty(out, flow_log, host, &when, "SKIPDATA"),
            _ => {
                let kind = self.kind.draw(&mut self.dice);
                let flow = self.flow(kind, host, when);
                write(out, flow_log, &flow);
            }
        }
    }
}
