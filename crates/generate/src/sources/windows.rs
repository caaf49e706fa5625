//! Windows events as winlogbeat 8 ships them: <https://www.elastic.co/guide/en/beats/winlogbeat/8.17/exported-fields-winlog.html>.

mod kinds;
mod ordinary;

use crate::cast::{AD_DOMAIN, NETBIOS};
use crate::dice::{Dice, hash};
use crate::moment::Moment;
use crate::out::Out;

pub(crate) use kinds::{Kind, SCRIPT_BLOCK, SECURITY, SERVICE_INSTALLED, SYSMON};
pub(crate) use ordinary::Ordinary;

/// Who does what on which machine. What a kind of event does not mention is not looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scene<'a> {
    pub(crate) when: Moment,
    /// The machine's short name.
    pub(crate) host: &'a str,
    /// Account and SID.
    pub(crate) user: (&'a str, &'a str),
    /// The other side: name and address.
    pub(crate) peer: (&'a str, &'a str),
    pub(crate) logon_type: u64,
    pub(crate) image: &'a str,
    pub(crate) parent: &'a str,
    pub(crate) command: &'a str,
    /// The file, key, name, task, process or account that something is done to.
    pub(crate) target: &'a str,
    /// The value, script or address that goes with it.
    pub(crate) detail: &'a str,
    pub(crate) port: u64,
}

impl<'a> Scene<'a> {
    /// Somebody on a machine, and nothing else yet.
    pub(crate) fn new(when: Moment, host: &'a str, user: (&'a str, &'a str)) -> Self {
        Self { when, host, user, peer: ("-", "-"), logon_type: 3, image: "-", parent: "-", command: "", target: "-", detail: "-", port: 0 }
    }
}

/// Writes one event.
pub(crate) fn write(out: &mut Out, dice: &mut Dice, kind: &Kind, scene: &Scene<'_>) {
    let channel = kind.channel;
    let host = hash(scene.host);
    out.s(r#"{"@timestamp":""#).iso_ms(&scene.when).s(r#"","event":{"code":""#).n(kind.code).s(r#"","kind":"event","provider":""#);
    out.s(channel.provider).s(r#"","action":""#).s(kind.task).s("\"");
    if channel.name == "Security" {
        out.s(r#","outcome":""#).s(if kind.failure { "failure" } else { "success" }).s("\"");
    }
    out.s(r#","created":""#)
        .iso_ms(&scene.when.later(1500))
        .s(r#""},"log":{"level":""#)
        .s(kind.level)
        .s(r#""},"message":"#)
        .json(kind.message);
    out.s(r#","host":{"name":""#)
        .s(scene.host)
        .s(".")
        .s(AD_DOMAIN)
        .s(r#"","os":{"family":"windows","platform":"windows","type":"windows"}},"#);
    out.s(r#""agent":{"type":"winlogbeat","version":"8.16.1","name":""#).s(scene.host).s(r#"","id":""#).uuid(&mut Dice::named(scene.host));
    out.s(r#""},"ecs":{"version":"8.0.0"},"winlog":{"api":"wineventlog","channel":""#).s(channel.name).s(r#"","computer_name":""#);
    out.s(scene.host).s(".").s(AD_DOMAIN).s(r#"","event_id":""#).n(kind.code).s(r#"","provider_name":""#).s(channel.provider);
    out.s(r#"","provider_guid":""#).s(channel.guid).s(r#"","record_id":"#);
    out.n(host % 1_000_000 * 1000 + scene.when.epoch_s() % 100_000_000).s(r#","task":""#).s(kind.task).s(r#"","opcode":"Info","#);
    if channel.name == "Security" {
        out.s(r#""keywords":[""#).s(if kind.failure { "Audit Failure" } else { "Audit Success" }).s("\"],");
    }
    out.s(r#""process":{"pid":"#).n(600 + host % 4000).s(r#","thread":{"id":"#).n(dice.between(100, 9000)).s("}},");
    if channel.name.contains("Sysmon") {
        out.s(r#""user":{"domain":"NT AUTHORITY","identifier":"S-1-5-18","name":"SYSTEM","type":"User"},"#);
    }
    let body = if kind.is_user_data { "user_data" } else { "event_data" };
    out.s("\"").s(body).s("\":");
    write_data(out, dice, kind.data, scene);
    out.s("}}");
}

/// Fills the placeholders of [`kinds`].
fn write_data(out: &mut Out, dice: &mut Dice, template: &str, scene: &Scene<'_>) {
    let session = hash(scene.user.0) ^ hash(scene.host) ^ (u64::from(scene.when.ms()) / 14_400_000);
    let pid = 4 * (100 + (hash(scene.image) ^ session) % 4000);
    out.template(template, |out, code| {
        match code {
            b'U' => out.json(scene.user.0),
            b'S' => out.json(scene.user.1),
            b'D' => out.json(NETBIOS),
            b'W' => out.json(scene.peer.0),
            b'P' => out.json(scene.peer.1),
            b'p' => out.n(if scene.peer.1 == "-" { 0 } else { dice.between(49_152, 65_535) }),
            b'H' => out.s(scene.host).s(".").s(AD_DOMAIN),
            b'L' => out.s("0x").hex_of(session, 7),
            b't' => out.n(scene.logon_type),
            b'i' => out.json(scene.image),
            b'm' => out.json(scene.parent),
            b'c' => out.json(scene.command),
            b'T' => out.json(scene.target),
            b'd' => out.json(scene.detail),
            b'O' => out.n(scene.port),
            b'u' => out.s(scene.when.ymd()).s(" ").time(&scene.when),
            b'n' => out.n(pid),
            b'x' => out.s("0x").hex_of(pid, 4),
            b'N' => out.n(4 * (100 + hash(scene.parent) % 4000)),
            b'X' => out.s("0x").hex_of(4 * (100 + hash(scene.parent) % 4000), 4),
            b'g' => out.s("{").hex_of(hash(scene.host), 8).s("-").hex_of(pid, 4).s("-6750-").hex_of(session, 4).s("-000000001500}"),
            b'G' => out
                .s("{")
                .hex_of(hash(scene.host), 8)
                .s("-")
                .hex_of(hash(scene.parent), 4)
                .s("-6750-")
                .hex_of(session, 4)
                .s("-000000001500}"),
            b'h' => out.s("MD5=").upper_hex_of(scene.image, 32).s(",SHA256=").upper_hex_of(scene.image, 64),
            b'q' => out.json(&format!("{NETBIOS}\\{}", scene.user.0)),
            _ => out.uuid(dice),
        };
    });
}

/// The SHA-256 that events state for an image.
pub(crate) fn image_sha256(image: &str) -> String {
    Out::default().upper_hex_of(image, 64).take_string()
}

impl Out {
    /// `12:34:56.789`.
    fn time(&mut self, when: &Moment) -> &mut Self {
        let seconds = u64::from(when.ms() / 1000);
        self.padded(seconds / 3600, 2).s(":").padded(seconds / 60 % 60, 2).s(":").padded(seconds % 60, 2).s(".");
        self.padded(u64::from(when.ms() % 1000), 3)
    }

    /// Digits that always belong to this name.
    fn upper_hex_of(&mut self, name: &str, digits: u32) -> &mut Self {
        let start = self.bytes.len();
        self.hex(&mut Dice::of(u64::from(digits), name, &[]), digits);
        self.bytes[start..].make_ascii_uppercase();
        self
    }
}
