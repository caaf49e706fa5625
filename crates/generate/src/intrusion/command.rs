//! Phase 9: the command server is called every five minutes, and names carry data.

use super::{COMMAND_DOMAIN, COMMAND_IP, Condition, Scene, Story, TUNNEL_DOMAIN};
use crate::SourceKind;
use crate::out::Out;
use crate::sources::flowlog::{self, Flow};
use crate::sources::zeek::{self, Conn, Dns, Ends};
use crate::stream::Stream;

const BEACON_MS: i64 = 300_000;
const JITTER_MS: u64 = 20_000;
const FILE_SERVER_IP: &str = "10.10.2.20";
/// The machine in AWS that beacons too.
const CLOUD_HOST: usize = 7;

pub(super) fn tell(story: &mut Story) {
    beacon_from_office(story);
    beacon_from_cloud(story);
    tunnel(story);
}

/// Every five minutes, give or take, between two instants.
fn beats(story: &mut Story, start_ms: i64, end_ms: i64) -> Vec<i64> {
    let count = (end_ms - start_ms) / BEACON_MS;
    (0..count).map(|beat| start_ms + beat * BEACON_MS + story.dice.below(JITTER_MS) as i64).collect()
}

fn beacon_from_office(story: &mut Story) {
    let beats = beats(story, story.timeline.at(33, 12, 2), story.timeline.at(43, 12, 0));
    let mut dice = story.dice.clone();
    let ends: Vec<Ends<'_>> = beats
        .iter()
        .map(|at_ms| {
            let port = dice.between(49_152, 65_535);
            Ends::new(super::Moment::of_epoch_ms(*at_ms), &mut dice, (FILE_SERVER_IP, port), (COMMAND_IP, 443))
        })
        .collect();
    story.step(Scene {
        id: "beacon-connections",
        phase: 9,
        title: "The file server calls one address every five minutes, for days",
        technique: "T1071.001",
        source: SourceKind::Zeek,
        matches: &[("#path", Condition::is("conn")), ("id.resp_h", Condition::is(COMMAND_IP))],
        indicators: &[("ips", COMMAND_IP)],
    });
    for (at_ms, ends) in beats.iter().zip(&ends) {
        story.plant(Stream::ZeekConn, *at_ms, |out, dice, _| {
            let (duration, received) = (dice.between(180, 420), dice.between(880, 940));
            zeek::write_conn(out, ends, &Conn { proto: "tcp", service: "ssl", duration, sent: 1204, received, state: "SF" });
        });
    }
    story.step(Scene {
        id: "beacon-server-name",
        phase: 9,
        title: "The name that those calls ask for",
        technique: "T1573.002",
        source: SourceKind::Zeek,
        matches: &[("#path", Condition::is("ssl")), ("server_name", Condition::is(COMMAND_DOMAIN))],
        indicators: &[("ips", COMMAND_IP), ("domains", COMMAND_DOMAIN)],
    });
    for (at_ms, ends) in beats.iter().zip(&ends) {
        story.plant(Stream::ZeekSsl, *at_ms, |out, dice, _| zeek::write_ssl(out, dice, ends, COMMAND_DOMAIN));
    }
}

fn beacon_from_cloud(story: &mut Story) {
    story.step(Scene {
        id: "beacon-flows",
        phase: 9,
        title: "A machine in AWS calls the same address every five minutes",
        technique: "T1071.001",
        source: SourceKind::AwsVpcflow,
        matches: &[("dstaddr", Condition::is(COMMAND_IP))],
        indicators: &[("ips", COMMAND_IP)],
    });
    let ip = flowlog::host_ip(0, CLOUD_HOST);
    for at_ms in beats(story, story.timeline.at(52, 8, 0), story.timeline.at(60, 8, 0)) {
        story.plant(Stream::FlowLog(0), at_ms, |out, dice, start| {
            let flow = Flow {
                start,
                seconds: dice.between(2, 9),
                host: CLOUD_HOST,
                from: (&ip, dice.between(32_768, 60_999)),
                to: (COMMAND_IP, 443),
                protocol: 6,
                packets: dice.between(9, 12),
                bytes: dice.between(1190, 1260),
                accepted: true,
                ingress: false,
            };
            flowlog::write(out, 0, &flow);
        });
    }
}

fn tunnel(story: &mut Story) {
    story.step(Scene {
        id: "dns-tunnel",
        phase: 9,
        title: "Long random names of one domain are looked up by the hundred",
        technique: "T1071.004",
        source: SourceKind::Zeek,
        matches: &[("#path", Condition::is("dns")), ("query", Condition::EndsWith(format!(".{TUNNEL_DOMAIN}")))],
        indicators: &[("domains", TUNNEL_DOMAIN)],
    });
    for at_ms in story.burst(story.timeline.at(54, 19, 0), 640, 9000) {
        story.plant(Stream::ZeekDns, at_ms, |out, dice, when| {
            let port = dice.between(49_152, 65_535);
            let ends = Ends::new(when, dice, (FILE_SERVER_IP, port), ("10.10.1.10", 53));
            let mut query = Out::default();
            query.hex(dice, 56).s(".").hex(dice, 24).s(".").s(TUNNEL_DOMAIN);
            let query = query.take_string();
            let answers = Out::default().s("TXT 32 ").hex(dice, 32).take_string();
            zeek::write_dns(out, dice, &ends, &Dns { query: &query, qtype: (16, "TXT"), rcode: (0, "NOERROR"), answers: &answers });
        });
    }
}
