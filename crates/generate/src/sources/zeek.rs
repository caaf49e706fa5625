//! Zeek's TSV logs: <https://docs.zeek.org/en/current/log-formats.html>.
//!
//! A day has a number of sessions. Each has a line in conn.log, and the same uid in the log of its protocol.

use chrono::{Datelike, NaiveDate};

use crate::cast::Cast;
use crate::dice::{Dice, Weighted};
use crate::estate::{DOMAINS, RESOLVERS, SERVERS, domain_ip};
use crate::moment::{Moment, Tick};
use crate::out::Out;
use crate::sources::{Framing, Records};
use crate::stream::Stream;

/// The columns of each log, and their types.
const CONN: (&str, &str) = (
    "ts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\torig_bytes\tresp_bytes\tconn_state\tlocal_orig\tlocal_resp\tmissed_bytes\thistory\torig_pkts\torig_ip_bytes\tresp_pkts\tresp_ip_bytes\ttunnel_parents",
    "time\tstring\taddr\tport\taddr\tport\tenum\tstring\tinterval\tcount\tcount\tstring\tbool\tbool\tcount\tstring\tcount\tcount\tcount\tcount\tset[string]",
);
const DNS: (&str, &str) = (
    "ts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\ttrans_id\trtt\tquery\tqclass\tqclass_name\tqtype\tqtype_name\trcode\trcode_name\tAA\tTC\tRD\tRA\tZ\tanswers\tTTLs\trejected",
    "time\tstring\taddr\tport\taddr\tport\tenum\tcount\tinterval\tstring\tcount\tstring\tcount\tstring\tcount\tstring\tbool\tbool\tbool\tbool\tcount\tvector[string]\tvector[interval]\tbool",
);
const HTTP: (&str, &str) = (
    "ts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\ttrans_depth\tmethod\thost\turi\treferrer\tversion\tuser_agent\torigin\trequest_body_len\tresponse_body_len\tstatus_code\tstatus_msg\tinfo_code\tinfo_msg\ttags\tusername\tpassword\tproxied\torig_fuids\torig_filenames\torig_mime_types\tresp_fuids\tresp_filenames\tresp_mime_types",
    "time\tstring\taddr\tport\taddr\tport\tcount\tstring\tstring\tstring\tstring\tstring\tstring\tstring\tcount\tcount\tcount\tstring\tcount\tstring\tset[enum]\tstring\tstring\tset[string]\tvector[string]\tvector[string]\tvector[string]\tvector[string]\tvector[string]\tvector[string]",
);
const SSL: (&str, &str) = (
    "ts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tversion\tcipher\tcurve\tserver_name\tresumed\tlast_alert\tnext_protocol\testablished\tssl_history\tcert_chain_fps\tclient_cert_chain_fps\tsni_matches_cert",
    "time\tstring\taddr\tport\taddr\tport\tstring\tstring\tstring\tstring\tbool\tstring\tstring\tbool\tstring\tvector[string]\tvector[string]\tbool",
);

/// The header and footer of a log.
pub(crate) fn framing(stream: Stream, date: NaiveDate) -> Framing {
    let (name, (fields, types)) = match stream {
        Stream::ZeekDns => ("dns", DNS),
        Stream::ZeekHttp => ("http", HTTP),
        Stream::ZeekSsl => ("ssl", SSL),
        _ => ("conn", CONN),
    };
    let open = format!(
        "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\t{name}\n#open\t{date}-00-00-00\n#fields\t{fields}\n#types\t{types}\n"
    );
    Framing { open, close: format!("#close\t{date}-23-59-59\n"), ..Framing::lines() }
}

/// The two ends of a session.
#[derive(Debug, Clone)]
pub(crate) struct Ends<'a> {
    pub(crate) when: Moment,
    pub(crate) micros: u64,
    pub(crate) uid: String,
    pub(crate) from: (&'a str, u64),
    pub(crate) to: (&'a str, u64),
}

impl<'a> Ends<'a> {
    /// A session with a uid of its own.
    pub(crate) fn new(when: Moment, dice: &mut Dice, from: (&'a str, u64), to: (&'a str, u64)) -> Self {
        Self { when, micros: dice.below(1000), uid: Out::default().s("C").base62(dice, 17).take_string(), from, to }
    }

    fn write(&self, out: &mut Out) {
        out.n(self.when.epoch_s()).s(".").padded(u64::from(self.when.ms() % 1000), 3).padded(self.micros, 3);
        out.s("\t").s(&self.uid).s("\t").s(self.from.0).s("\t").n(self.from.1).s("\t").s(self.to.0).s("\t").n(self.to.1);
    }
}

/// What a connection carried.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Conn<'a> {
    pub(crate) proto: &'a str,
    pub(crate) service: &'a str,
    /// Milliseconds.
    pub(crate) duration: u64,
    pub(crate) sent: u64,
    pub(crate) received: u64,
    pub(crate) state: &'a str,
}

/// Writes a line of conn.log.
pub(crate) fn write_conn(out: &mut Out, ends: &Ends<'_>, conn: &Conn<'_>) {
    ends.write(out);
    let local = if ends.to.0.starts_with("10.") { "T" } else { "F" };
    let history = match (conn.proto, conn.state) {
        ("tcp", "SF") => "ShADadFf",
        ("tcp", "S0") => "S",
        ("tcp", "REJ") => "Sr",
        ("tcp", _) => "ShADadR",
        (_, "S0") => "D",
        _ => "Dd",
    };
    let (sent, received) = (1 + conn.sent / 1200, if conn.state == "S0" { 0 } else { 1 + conn.received / 1300 });
    out.s("\t").s(conn.proto).s("\t").s(conn.service).s("\t").n(conn.duration / 1000).s(".").padded(conn.duration % 1000, 3).s("000\t");
    out.n(conn.sent).s("\t").n(conn.received).s("\t").s(conn.state).s("\tT\t").s(local).s("\t0\t").s(history).s("\t").n(sent).s("\t");
    out.n(conn.sent + 40 * sent).s("\t").n(received).s("\t").n(conn.received + 40 * received).s("\t(empty)");
}

/// A question and its answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dns<'a> {
    pub(crate) query: &'a str,
    /// Number and name, such as `(1, "A")`.
    pub(crate) qtype: (u64, &'a str),
    /// Number and name, such as `(0, "NOERROR")`.
    pub(crate) rcode: (u64, &'a str),
    /// With commas between; empty if there is none.
    pub(crate) answers: &'a str,
}

/// Writes a line of dns.log.
pub(crate) fn write_dns(out: &mut Out, dice: &mut Dice, ends: &Ends<'_>, dns: &Dns<'_>) {
    ends.write(out);
    out.s("\tudp\t").n(dice.below(65_536)).s("\t0.0").padded(dice.between(300, 42_000), 5).s("\t").s(dns.query).s("\t1\tC_INTERNET\t");
    out.n(dns.qtype.0).s("\t").s(dns.qtype.1).s("\t").n(dns.rcode.0).s("\t").s(dns.rcode.1).s("\tF\tF\tT\tT\t0\t");
    if dns.answers.is_empty() {
        out.s("-\t-\tF");
    } else {
        out.s(dns.answers).s("\t");
        for (index, _) in dns.answers.split(',').enumerate() {
            out.s(if index == 0 { "" } else { "," }).n(60 * dice.between(1, 60)).s(".000000");
        }
        out.s("\tF");
    }
}

/// A request and its response.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Http<'a> {
    pub(crate) method: &'a str,
    pub(crate) host: &'a str,
    pub(crate) uri: &'a str,
    pub(crate) agent: &'a str,
    pub(crate) sent: u64,
    pub(crate) received: u64,
    /// Code and text.
    pub(crate) status: (u64, &'a str),
    pub(crate) mime: &'a str,
}

/// Writes a line of http.log.
pub(crate) fn write_http(out: &mut Out, dice: &mut Dice, ends: &Ends<'_>, http: &Http<'_>) {
    ends.write(out);
    out.s("\t1\t").s(http.method).s("\t").s(http.host).s("\t").s(http.uri).s("\t-\t1.1\t").s(http.agent).s("\t-\t").n(http.sent).s("\t");
    out.n(http.received).s("\t").n(http.status.0).s("\t").s(http.status.1).s("\t-\t-\t(empty)\t-\t-\t-\t-\t-\t-\tF");
    out.base62(dice, 17).s("\t-\t").s(http.mime);
}

/// Writes a line of ssl.log.
pub(crate) fn write_ssl(out: &mut Out, dice: &mut Dice, ends: &Ends<'_>, server_name: &str) {
    ends.write(out);
    let resumed = dice.permille(300);
    out.s("\tTLSv13\tTLS_AES_128_GCM_SHA256\tx25519\t").s(server_name).s(if resumed { "\tT" } else { "\tF" });
    out.s("\t-\th2\tT\t").s(if resumed { "CsiI" } else { "CsxkFncD" }).s("\t-\t-\t-");
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Dns,
    Ssl,
    Http,
    Smb,
    Kerberos,
    Ntp,
    Ssh,
    Icmp,
}

/// What the session with this number of the day is. A function of the number alone, so that a plan can count without drawing.
fn kind_of(index: u64) -> Kind {
    match index.wrapping_mul(61) % 100 {
        0..52 => Kind::Dns,
        52..78 => Kind::Ssl,
        78..84 => Kind::Http,
        84..90 => Kind::Smb,
        90..94 => Kind::Kerberos,
        94..97 => Kind::Ntp,
        97..99 => Kind::Ssh,
        _ => Kind::Icmp,
    }
}

/// True if the log has a line for the session with this number. Streams that are not Zeek's have one for every draw.
pub(crate) fn logs(stream: Stream, index: u64) -> bool {
    match stream {
        Stream::ZeekDns => kind_of(index) == Kind::Dns,
        Stream::ZeekSsl => kind_of(index) == Kind::Ssl,
        Stream::ZeekHttp => kind_of(index) == Kind::Http,
        _ => true,
    }
}

/// How many lines a hundred sessions make in all four logs.
pub(crate) const LINES_PER_HUNDRED: u64 = 184;

/// The ordinary lines of one log and day.
pub(crate) struct Ordinary {
    stream: Stream,
    seed: u64,
    date: NaiveDate,
    domains: Weighted,
    domain_ips: Vec<String>,
}

impl Ordinary {
    pub(crate) fn new(stream: Stream, seed: u64, date: NaiveDate) -> Self {
        let domain_ips = (0..DOMAINS.len()).map(domain_ip).collect();
        Self { stream, seed, date, domains: Weighted::zipf(DOMAINS.len()), domain_ips }
    }

    /// The session with this number: its dice, its ends, its kind and the domain it is about. The same in every log.
    fn session(&self, tick: Tick) -> (Dice, Ends<'_>, Kind, usize) {
        let mut dice = Dice::of(self.seed, "session", &[self.date.num_days_from_ce() as u64, u64::from(tick.index)]);
        let when = Moment::new(self.date, tick.ms);
        let kind = kind_of(u64::from(tick.index));
        let domain = self.domains.draw(&mut dice);
        let machine = tick.clockwork.then(|| dice.pick(&SERVERS).1);
        let from = machine.unwrap_or_else(|| &Cast::get().person_at(when.hour(), &mut dice).ip);
        let server = |index: usize, port: u64| (SERVERS[index].1, port);
        let to = match kind {
            Kind::Dns => (*dice.pick(&RESOLVERS), 53),
            Kind::Ssl => (self.domain_ips[domain].as_str(), 443),
            Kind::Http => (self.domain_ips[domain].as_str(), 80),
            Kind::Smb => server(if dice.permille(700) { 2 } else { 0 }, 445),
            Kind::Kerberos => server(dice.below(2) as usize, 88),
            Kind::Ntp => server(0, 123),
            Kind::Ssh => server(7, 22),
            Kind::Icmp => server(3, 0),
        };
        let port = if kind == Kind::Icmp { 8 } else { dice.between(49_152, 65_535) };
        let ends = Ends::new(when, &mut dice, (from, port), to);
        (dice, ends, kind, domain)
    }
}

fn conn_of(kind: Kind, dice: &mut Dice) -> Conn<'static> {
    let conn = |proto, service, duration, sent, received| Conn { proto, service, duration, sent, received, state: "SF" };
    let (small, large) = (dice.between(38, 90), dice.skewed(400, 12));
    match kind {
        Kind::Dns => conn("udp", "dns", dice.between(1, 60), small, small + dice.between(16, 180)),
        Kind::Ssl => conn("tcp", "ssl", dice.skewed(40, 10), 500 + large / 8, large),
        Kind::Http => conn("tcp", "http", dice.skewed(20, 6), 300 + small, large),
        Kind::Smb => conn("tcp", "gssapi,smb", dice.skewed(100, 10), large / 2, large),
        Kind::Kerberos => conn("tcp", "krb_tcp", dice.between(2, 30), 1500 + small, 1600 + small),
        Kind::Ntp => conn("udp", "ntp", dice.between(1, 40), 48, 48),
        Kind::Ssh => conn("tcp", "ssh", dice.skewed(2000, 10), 3000 + large / 4, 4000 + large),
        Kind::Icmp => Conn { state: "OTH", ..conn("icmp", "-", 10, 56, 56) },
    }
}

impl Records for Ordinary {
    fn write(&mut self, out: &mut Out, tick: Tick) {
        let (mut dice, ends, kind, domain) = self.session(tick);
        let dice = &mut dice;
        match self.stream {
            Stream::ZeekDns => {
                let missing = dice.permille(25);
                let name = if missing {
                    format!("{}.corp.example.com", DOMAINS[domain].split('.').next().unwrap_or("www"))
                } else {
                    String::new()
                };
                let dns = if missing {
                    Dns { query: &name, qtype: (1, "A"), rcode: (3, "NXDOMAIN"), answers: "" }
                } else if dice.permille(220) {
                    Dns { query: DOMAINS[domain], qtype: (28, "AAAA"), rcode: (0, "NOERROR"), answers: "" }
                } else {
                    Dns { query: DOMAINS[domain], qtype: (1, "A"), rcode: (0, "NOERROR"), answers: &self.domain_ips[domain] }
                };
                write_dns(out, dice, &ends, &dns);
            }
            Stream::ZeekSsl => write_ssl(out, dice, &ends, DOMAINS[domain]),
            Stream::ZeekHttp => {
                let (uri, mime) = *dice.pick(&[
                    ("/", "text/html"),
                    ("/update/check?v=10", "application/json"),
                    ("/crl/root.crl", "application/pkix-crl"),
                    ("/ocsp", "application/ocsp-response"),
                    ("/static/app.js", "text/javascript"),
                ]);
                let status = if dice.permille(40) { (404, "Not Found") } else { (200, "OK") };
                let agent = if tick.clockwork { "Microsoft-CryptoAPI/10.0" } else { crate::cast::BROWSERS[1].0 };
                let received = dice.skewed(200, 9);
                write_http(out, dice, &ends, &Http { method: "GET", host: DOMAINS[domain], uri, agent, sent: 0, received, status, mime });
            }
            _ => {
                let mut conn = conn_of(kind, dice);
                if conn.proto == "tcp" && dice.permille(35) {
                    conn = Conn { state: dice.pick::<&str>(&["S0", "REJ", "RSTO"]), service: "-", received: 0, ..conn };
                }
                write_conn(out, &ends, &conn);
            }
        }
    }
}
