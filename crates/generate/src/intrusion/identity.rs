//! Phases 1 and 2: the analyst follows a link, and somebody else signs in as her.

use super::{Condition, PHISHING_DOMAIN, PHISHING_IP, SIGN_IN_AGENT, Scene, Story};
use crate::SourceKind;
use crate::sources::entra::{self, Change, Mfa, Place, SignIn};
use crate::sources::zeek::{self, Conn, Dns, Ends, Http};
use crate::stream::Stream;

/// Where the phishing address is said to be.
const PLACE: Place<'static> =
    Place { city: "Chisinau", state: "Chisinau", country: "MD", coordinates: ("47.00556", "28.8575"), asn: 64_500 };

pub(super) fn tell(story: &mut Story) {
    look_up(story);
    visit(story);
    sign_in(story, "password-guesses", story.timeline.at(18, 14, 40), 6);
    sign_in(story, "mfa-fatigue", story.timeline.at(19, 22, 5), 9);
    sign_in(story, "sign-in-without-mfa", story.timeline.at(19, 22, 41), 3);
    register_device(story);
}

fn look_up(story: &mut Story) {
    story.step(Scene {
        id: "phishing-domain-lookup",
        phase: 1,
        title: "The workstation of an analyst looks up a look-alike of the sign-in page",
        technique: "T1566.002",
        source: SourceKind::Zeek,
        matches: &[("#path", Condition::is("dns")), ("query", Condition::is(PHISHING_DOMAIN))],
        indicators: &[("domains", PHISHING_DOMAIN)],
    });
    let victim = story.victim();
    let start = story.timeline.at(18, 14, 12);
    for (at_ms, qtype, answers) in [(start, (1, "A"), PHISHING_IP), (start + 4, (28, "AAAA"), "")] {
        story.plant(Stream::ZeekDns, at_ms, |out, dice, when| {
            let ends = Ends::new(when, dice, (&victim.ip, 51_544), ("10.10.1.10", 53));
            zeek::write_dns(out, dice, &ends, &Dns { query: PHISHING_DOMAIN, qtype, rcode: (0, "NOERROR"), answers });
        });
    }
}

fn visit(story: &mut Story) {
    let victim = story.victim();
    let start = story.timeline.at(18, 14, 12) + 300;
    let requests = [
        ("GET", "/", 0, 8412, (302, "Found"), "text/html"),
        ("GET", "/oauth2/authorize?client_id=4765445b", 0, 48_211, (200, "OK"), "text/html"),
        ("GET", "/assets/brand.css", 0, 9120, (200, "OK"), "text/css"),
        ("POST", "/oauth2/login", 412, 0, (302, "Found"), "-"),
    ];
    let instants = story.burst(start, requests.len(), 6000);
    // The same uids in both logs.
    let mut dice = story.dice.clone();
    let uids: Vec<String> =
        instants.iter().map(|at_ms| Ends::new(super::Moment::of_epoch_ms(*at_ms), &mut dice, ("-", 0), ("-", 0)).uid).collect();
    story.step(Scene {
        id: "phishing-connection",
        phase: 1,
        title: "The workstation connects to the address of the look-alike",
        technique: "T1566.002",
        source: SourceKind::Zeek,
        matches: &[("#path", Condition::is("conn")), ("id.resp_h", Condition::is(PHISHING_IP))],
        indicators: &[("ips", PHISHING_IP)],
    });
    for (index, (at_ms, request)) in instants.iter().zip(requests).enumerate() {
        story.plant(Stream::ZeekConn, *at_ms, |out, dice, when| {
            let ends = Ends { uid: uids[index].clone(), ..Ends::new(when, dice, (&victim.ip, 51_600 + index as u64), (PHISHING_IP, 80)) };
            let conn = Conn { proto: "tcp", service: "http", duration: 900, sent: 540 + request.2, received: 300 + request.3, state: "SF" };
            zeek::write_conn(out, &ends, &conn);
        });
    }
    story.step(Scene {
        id: "phishing-page",
        phase: 1,
        title: "The look-alike is opened, and a password is posted to it",
        technique: "T1566.002",
        source: SourceKind::Zeek,
        matches: &[("#path", Condition::is("http")), ("host", Condition::is(PHISHING_DOMAIN))],
        indicators: &[("domains", PHISHING_DOMAIN), ("ips", PHISHING_IP)],
    });
    for (index, (at_ms, (method, uri, sent, received, status, mime))) in instants.iter().zip(requests).enumerate() {
        story.plant(Stream::ZeekHttp, *at_ms + 40, |out, dice, when| {
            let ends = Ends { uid: uids[index].clone(), ..Ends::new(when, dice, (&victim.ip, 51_600 + index as u64), (PHISHING_IP, 80)) };
            let http = Http { method, host: PHISHING_DOMAIN, uri, agent: victim.user_agent(), sent, received, status, mime };
            zeek::write_http(out, dice, &ends, &http);
        });
    }
}

/// What the three kinds of sign-in have in common, and what sets them apart.
fn sign_in(story: &mut Story, id: &str, start_ms: i64, count: usize) {
    let (title, technique, error, mfa, gap_ms) = match id {
        "password-guesses" => (
            "Somebody abroad tries the analyst's password",
            "T1110.001",
            (50126, "Error validating credentials due to invalid username or password.", ""),
            Mfa::NotAsked,
            55_000,
        ),
        "mfa-fatigue" => (
            "The right password, and push after push that she denies",
            "T1621",
            (500_121, "Authentication failed during strong authentication request.", "MFA denied; user declined the authentication"),
            Mfa::Denied,
            150_000,
        ),
        _ => ("The sign-in succeeds from abroad, without a second factor", "T1078.004", (0, "", ""), Mfa::NotAsked, 90_000),
    };
    story.step(Scene {
        id,
        phase: 2,
        title,
        technique,
        source: SourceKind::AzureEntra,
        matches: &[
            ("category", Condition::is("SignInLogs")),
            ("properties.ipAddress", Condition::is(PHISHING_IP)),
            ("resultType", Condition::is(&error.0.to_string())),
        ],
        indicators: &[("ips", PHISHING_IP), ("users", "nora.lindqvist@example.com"), ("user_agents", SIGN_IN_AGENT)],
    });
    let person = story.victim();
    for (index, at_ms) in story.burst(start_ms, count, gap_ms).into_iter().enumerate() {
        story.plant(Stream::SignIns, at_ms, |out, dice, when| {
            let sign_in = SignIn {
                when,
                interactive: true,
                person,
                ip: PHISHING_IP,
                place: PLACE,
                agent: SIGN_IN_AGENT,
                browser: ("Headless Chrome 119.0.0", "Linux"),
                managed: false,
                app: if error.0 == 0 { [2, 5, 4][index % 3] } else { 2 },
                client: "Browser",
                error,
                mfa,
                conditional_access: if mfa == Mfa::Denied { "failure" } else { "notApplied" },
                risk: if error.0 == 0 { "high" } else { "medium" },
            };
            entra::write_sign_in(out, dice, &sign_in);
        });
    }
}

fn register_device(story: &mut Story) {
    story.step(Scene {
        id: "authenticator-registered",
        phase: 2,
        title: "The intruder registers an authenticator of their own",
        technique: "T1098.005",
        source: SourceKind::AzureEntra,
        matches: &[("category", Condition::is("AuditLogs")), ("properties.initiatedBy.user.ipAddress", Condition::is(PHISHING_IP))],
        indicators: &[("ips", PHISHING_IP), ("users", "nora.lindqvist@example.com")],
    });
    let person = story.victim();
    story.plant(Stream::DirectoryAudit, story.timeline.at(19, 22, 52), |out, dice, when| {
        let change = Change {
            when,
            activity: "User registered security info",
            category: "UserManagement",
            service: "Authentication Methods",
            operation: "Add",
            by: person,
            ip: PHISHING_IP,
            target: person,
            modified: "[]",
            reason: "User registered Authenticator App with Notification and Code",
        };
        entra::write_change(out, dice, &change);
    });
}
