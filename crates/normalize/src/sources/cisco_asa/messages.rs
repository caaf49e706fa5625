//! What the messages say: a row is the codes, a template of the words, and class, activity and outcome.

use coldtrail_model::{Class, Outcome};

use crate::sources::syslog::{Captures, matches};

use Class::{AccountChange, ApiActivity, Authentication, DetectionFinding, EventLogActivity, HttpActivity, NetworkActivity};
use Outcome::{Failure, Success, Unknown};

/// What a message says.
#[derive(Debug)]
pub(super) struct Rule {
    /// Codes with `|` between them; empty for every code.
    codes: &'static str,
    template: &'static str,
    pub(super) class: Class,
    pub(super) activity: i32,
    pub(super) outcome: Outcome,
    /// The activity in words where OCSF has no number for it, or the title of a finding.
    pub(super) words: &'static str,
}

impl Rule {
    /// The direction, if the words name one.
    pub(super) fn direction(&self) -> Option<(i64, &'static str)> {
        let words = self.template.to_ascii_lowercase();
        [("inbound", 1, "Inbound"), ("outbound", 2, "Outbound")]
            .into_iter()
            .find(|(word, ..)| words.contains(word))
            .map(|(_, id, name)| (id, name))
    }
}

const fn rule(codes: &'static str, template: &'static str, class: Class, activity: i32, outcome: Outcome) -> Rule {
    Rule { codes, template, class, activity, outcome, words: "" }
}

const fn net(codes: &'static str, template: &'static str, activity: i32, outcome: Outcome) -> Rule {
    rule(codes, template, NetworkActivity, activity, outcome)
}

/// A packet or connection that was refused.
const fn refused(codes: &'static str, template: &'static str) -> Rule {
    net(codes, template, REFUSE, Failure)
}

const fn signed(codes: &'static str, template: &'static str, activity: i32, outcome: Outcome) -> Rule {
    rule(codes, template, Authentication, activity, outcome)
}

const fn finding(codes: &'static str, template: &'static str, title: &'static str, outcome: Outcome) -> Rule {
    Rule { codes, template, class: DetectionFinding, activity: 1, outcome, words: title }
}

/// An event of the log with facts.
const fn logged(codes: &'static str, template: &'static str) -> Rule {
    rule(codes, template, EventLogActivity, 0, Unknown)
}

const fn executed(codes: &'static str, template: &'static str) -> Rule {
    Rule { codes, template, class: ApiActivity, activity: 99, outcome: Success, words: "Execute" }
}

const OPEN: i32 = 1;
const CLOSE: i32 = 2;
const FAIL: i32 = 4;
const REFUSE: i32 = 5;
const TRAFFIC: i32 = 6;
const LOGON: i32 = 1;
const LOGOFF: i32 = 2;

/// The first rule of this code whose template the message matches; without a code any rule.
pub(super) fn find<'m>(code: &str, text: &'m str) -> Option<(&'static Rule, Captures<'static, 'm>)> {
    let is_of = |rule: &&Rule| code.is_empty() || rule.codes.is_empty() || rule.codes.split('|').any(|known| known == code);
    RULES.iter().filter(is_of).find_map(|rule| matches(rule.template, text).map(|captures| (rule, captures)))
}

const RULES: &[Rule] = &[
    // Connections. Of one that was opened outbound the second end is the source.
    net(
        "302013|302015|302017|302303",
        "Built inbound {proto} connection {uid} for {src} ({mapped_src}){srcuser} to {dst} ({mapped_dst}){rest}",
        OPEN,
        Success,
    ),
    net(
        "302013|302015|302017|302303",
        "Built outbound {proto} connection {uid} for {dst} ({mapped_dst}){dstuser} to {src} ({mapped_src}){rest}",
        OPEN,
        Success,
    ),
    net("302020", "Built inbound ICMP connection for faddr {src} gaddr {mapped_src} laddr {dst} {rest}", OPEN, Success),
    net("302020", "Built inbound ICMP connection for faddr {src} gaddr {mapped_src} laddr {dst}", OPEN, Success),
    net("302020", "Built outbound ICMP connection for faddr {dst} gaddr {mapped_src} laddr {src} {rest}", OPEN, Success),
    net("302020", "Built outbound ICMP connection for faddr {dst} gaddr {mapped_src} laddr {src}", OPEN, Success),
    net(
        "302014|302016|302018|302304",
        "Teardown {proto} connection {uid} for {src} to {dst} duration {duration} bytes {bytes} {rest}",
        CLOSE,
        Success,
    ),
    net(
        "302014|302016|302018|302304",
        "Teardown {proto} connection {uid} for {src} to {dst} duration {duration} bytes {bytes}",
        CLOSE,
        Success,
    ),
    net(
        "302014|302016|302018|302304",
        "Teardown {proto} connection {uid} for {src} {user} to {dst} {word} duration {duration} bytes {bytes}",
        CLOSE,
        Success,
    ),
    net("302018", "Teardown {proto} connection {uid} from {src} to {dst} duration {duration} bytes {bytes}", CLOSE, Success),
    net("302021", "Teardown ICMP connection for faddr {src} gaddr {mapped_src} laddr {dst} {rest}", CLOSE, Success),
    net("302021", "Teardown ICMP connection for faddr {src} gaddr {mapped_src} laddr {dst}", CLOSE, Success),
    net("302021", "Teardown ICMP connection {uid} from {src} ({mapped_src}) to {dst} ({mapped_dst})", CLOSE, Success),
    net("302023", "Teardown stub {proto} connection for {src} to {dst} duration {duration} forwarded bytes {bytes} {rest}", CLOSE, Success),
    net("305009|305011", "Built {word} {l4} translation from {src} to {dst}", OPEN, Success),
    net("305009|305011", "Built {word} translation from {src} to {dst}", OPEN, Success),
    net("305010|305012", "Teardown {word} {l4} translation from {src} to {dst} duration {duration}", CLOSE, Success),
    net("305010|305012", "Teardown {word} translation from {src} to {dst} duration {duration}", CLOSE, Success),
    net("607001", "Pre-allocate SIP {text} secondary channel for {dst} to {src} from {word} message", OPEN, Success),
    net("852001|852002", "Received {text} from application {app} for {l4} flow {src} to {dst}", TRAFFIC, Success),
    net("602303", "IPSEC: An {direction} {text} SA (SPI={spi}) between {src} and {dst} (user= {user}) has been created.", OPEN, Success),
    net("602304", "IPSEC: An {direction} {text} SA (SPI={spi}) between {src} and {dst} (user= {user}) has been deleted.", CLOSE, Success),
    // What an access list or the device itself refused.
    net(
        "106100|106102|106103",
        "access-list {acl} denied {proto} for user '{user}' {src} -> {dst} hit-cnt {count} {text}",
        REFUSE,
        Failure,
    ),
    net("106100|106102|106103", "access-list {acl} denied {proto} for user {user} {src} -> {dst} hit-cnt {count} {text}", REFUSE, Failure),
    net("106100|106102|106103", "access-list {acl} denied {proto} {src} -> {dst} hit-cnt {count} {text}", REFUSE, Failure),
    net("106100|106102|106103", "access-list {acl} {word} {l4} for user '{user}' {src} -> {dst} hit-cnt {count} {text}", TRAFFIC, Success),
    net("106100|106102|106103", "access-list {acl} {word} {l4} for user {user} {src} -> {dst} hit-cnt {count} {text}", TRAFFIC, Success),
    net("106100|106102|106103", "access-list {acl} {word} {l4} {src} -> {dst} hit-cnt {count} {text}", TRAFFIC, Success),
    refused("106001", "Inbound {proto} connection denied from {src} to {dst} flags {flags} on interface {interface}"),
    refused("106006|106007", "Deny inbound {proto} from {src} to {dst} on interface {interface}"),
    refused("106006|106007", "Deny inbound {proto} from {src} to {dst} due to {reason}"),
    refused("106010|106014", "Deny inbound {proto} src {src} dst {dst}*"),
    refused("106015", "Deny {proto} (no connection) from {src} to {dst} flags {flags} on interface {interface}"),
    refused("106016", "Deny IP spoof from {src} to {dst} on interface {interface}"),
    refused("106017", "Deny IP due to {reason} from {src} to {dst}"),
    refused("106018", "{l4} packet type {word} denied by outbound list {acl} src {src} dest {dst}"),
    refused("106021", "Deny {proto} reverse path check from {src} to {dst} on interface {interface}"),
    refused("106022", "Deny {proto} connection spoof from {src} to {dst} on interface {interface}"),
    refused("106023|106014", "Deny {proto} src {src} dst {dst} by access-group \"{acl}\"*"),
    refused("106023|106014", "Deny {proto} src {src} dst {dst} {text} by access-group \"{acl}\"*"),
    refused("106027", "Deny src {src} dst {dst} by access-group \"{acl}\"*"),
    refused("313001|313008", "Denied {proto} type={word} code={word} from {src} on interface {interface}"),
    refused("313004", "Denied {proto} type={word} from laddr {src} on interface {interface} to {dst}: {reason}"),
    refused("313005", "No matching connection for ICMP error message: {proto} src {src} dst {dst} ({text}) on {interface} interface.*"),
    refused("313009", "Denied invalid {proto} code {text}, for {src} ({mapped_src}){srcuser} to {dst} ({mapped_dst})*"),
    refused("322001", "Deny MAC address {text}, possible spoof attempt on interface {interface}"),
    refused("410001", "Dropped {l4} DNS {word} from {src} to {dst}; {reason}"),
    refused("419002", "Duplicate {l4} SYN from {src} to {dst} with different initial sequence number"),
    refused("420002|434002", "{word} requested to drop {l4} packet from {src} to {dst}"),
    net("434004", "{word} requested to bypass {l4} packet from {src} to {dst}", TRAFFIC, Success),
    refused("421001", "{l4} flow from {src} to {dst} is dropped because {reason}"),
    net("421007", "{l4} flow from {src} to {dst} is skipped because {reason}", TRAFFIC, Unknown),
    refused("500004", "Invalid transport field for protocol={l4}, from {src} to {dst}"),
    refused("418001", "Through-the-device packet to/from management-only network is denied: {proto} src {src} dst {dst}"),
    refused("108004", "ESMTP Classification: Dropped connection for ESMTP {word} from {src} to {dst}; {reason}"),
    refused("209005", "Discard IP fragment set with more than {count} elements: src = {src}, dest = {dst}, proto = {proto}, id = {id}"),
    refused("710003", "{l4} access denied by ACL from {src} to {dst}"),
    refused("710005", "{l4} request discarded from {src} to {dst}"),
    net("710002", "{l4} access permitted from {src} to {dst}", TRAFFIC, Success),
    net("202010", "{reason}. Unable to create {l4} connection from {src} to {dst}", FAIL, Failure),
    // What it found.
    finding(
        "338001|338002|338003|338004|338005|338006|338007|338008|338201|338202|338203|338204",
        "Dynamic {word} dropped {list} {l4} traffic from {src} ({mapped_src}) to {dst} ({mapped_dst}), {reason}",
        "Traffic with a listed host",
        Failure,
    ),
    finding(
        "338001|338002|338003|338004|338005|338006|338007|338008|338201|338202|338203|338204",
        "Dynamic {word} {verdict} {list} {l4} traffic from {src} ({mapped_src}) to {dst} ({mapped_dst}), {reason}",
        "Traffic with a listed host",
        Success,
    ),
    finding("733100", "[{object}] {rest}", "Rate of drops", Unknown),
    finding("733100", "{object} drop rate {rest}", "Rate of drops", Unknown),
    finding("733101", "{object} {src} is targeted.*", "Target of a scan", Unknown),
    finding("733101", "{object} {src} is attacking.*", "Scan", Unknown),
    finding("733102", "Threat-detection adds host {src} to shun list", "Scan", Failure),
    // URLs.
    rule("304001", "{src} Accessed URL {dst}:{url}", HttpActivity, 0, Success),
    rule("304001", "{src} Accessed JAVA URL {dst}:{url}", HttpActivity, 0, Success),
    rule("304002", "Access denied URL {url} SRC {src} DEST {dst} on interface {interface}", HttpActivity, 0, Failure),
    rule("304002", "Access denied URL {url} SRC {src} DEST {dst}", HttpActivity, 0, Failure),
    // Sign-ins: AAA, the device itself, WebVPN, AnyConnect.
    signed("113004", "AAA user {word} Successful : server = {server} : user = {user}", LOGON, Success),
    signed("113012", "AAA user {word} Successful : local database : user = {user}", LOGON, Success),
    signed(
        "113005",
        "AAA user {word} Rejected : reason = {reason} : server = {server} : user = {user} : user IP = {srcip}",
        LOGON,
        Failure,
    ),
    signed("113005", "AAA user {word} Rejected : reason = {reason} : server = {server} : user = {user}", LOGON, Failure),
    signed("113015", "AAA user {word} Rejected : reason = {reason} : local database : user = {user} : user IP = {srcip}", LOGON, Failure),
    signed("113015", "AAA user {word} Rejected : reason = {reason} : local database : user = {user}", LOGON, Failure),
    signed(
        "113019",
        "Group = {group}, Username = {user}, IP = {srcip}, Session disconnected. Session Type: {text}, Duration: {duration}, Bytes xmt: {bytesout}, Bytes rcv: {bytesin}, Reason: {reason}",
        LOGOFF,
        Success,
    ),
    signed("113021", "Attempted console login failed. User {user} did NOT have appropriate Admin Rights.", LOGON, Failure),
    signed("113039", "Group <{group}> User <{user}> IP <{srcip}> AnyConnect parent session started.", LOGON, Success),
    signed("716001", "Group <{group}> User <{user}> IP <{srcip}> WebVPN session started.", LOGON, Success),
    signed("716002", "Group <{group}> User <{user}> IP <{srcip}> WebVPN session terminated: {reason}", LOGOFF, Success),
    signed("716038", "Group <{group}> User <{user}> IP <{srcip}> Authentication: successful, {text}", LOGON, Success),
    signed("716039", "Group <{group}> User <{user}> IP <{srcip}> Authentication: rejected, {text}", LOGON, Failure),
    signed("734001", "DAP: User {user}, Addr {srcip}, Connection {text}: {reason}", LOGON, Success),
    signed("611101", "User authentication succeeded: IP address: {srcip}, Uname: {user}", LOGON, Success),
    signed("611102", "User authentication failed: IP address: {srcip}, Uname: {user}", LOGON, Failure),
    signed("611103", "User logged out: Uname: {user}", LOGOFF, Success),
    signed("605004", "Login denied from {src} to {dst} for user \"{user}\"", LOGON, Failure),
    signed("605005", "Login permitted from {src} to {dst} for user \"{user}\"", LOGON, Success),
    signed("109005", "Authentication succeeded for user '{user}' from {src} to {dst} on interface {interface}", LOGON, Success),
    signed("109006", "Authentication failed for user '{user}' from {src} to {dst} on interface {interface}", LOGON, Failure),
    signed("109031", "NT Domain Authentication Failed: rejecting guest login for {user}.", LOGON, Failure),
    signed("308001", "Console enable password incorrect for {count} tries (from {srcip})", LOGON, Failure),
    rule("113006", "User {user} locked out on exceeding {count} successive failed authentication attempts", AccountChange, 9, Success),
    rule("113007", "User {user} unlocked by {text}", AccountChange, 12, Success),
    rule("502101", "New user added to local dbase: Uname: {user} Priv: {text}", AccountChange, 1, Success),
    rule("502102", "User deleted from local dbase: Uname: {user} Priv: {text}", AccountChange, 6, Success),
    // VPN tunnels.
    net("722022|722033|722034", "Group <{group}> User <{user}> IP <{srcip}> {l4} SVC connection established {text}", OPEN, Success),
    net("722033", "Group <{group}> User <{user}> IP <{srcip}> First {l4} SVC connection established for SVC session.", OPEN, Success),
    net("722032|722034", "Group <{group}> User <{user}> IP <{srcip}> New {l4} SVC connection{text}", OPEN, Success),
    net("722023", "Group <{group}> User <{user}> IP <{srcip}> {l4} SVC connection terminated {text}", CLOSE, Success),
    net("722028", "Group <{group}> User <{user}> IP <{srcip}> Stale SVC connection closed.", CLOSE, Success),
    net("722037", "Group <{group}> User <{user}> IP <{srcip}> SVC closing connection: {reason}.", CLOSE, Success),
    net(
        "722051",
        "Group <{group}> User <{user}> IP <{srcip}> IPv4 Address <{assigned_ipv4}> IPv6 address <{assigned_ipv6}> assigned to session",
        OPEN,
        Success,
    ),
    net("725001", "Starting SSL handshake with {word} {src} to {dst} for {tls} session*", OPEN, Unknown),
    net("725001", "Starting SSL handshake with {word} {src} for {tls} session*", OPEN, Unknown),
    net("725002", "Device completed SSL handshake with {word} {src} to {dst}*", OPEN, Success),
    net("725002", "Device completed SSL handshake with {word} {src}", OPEN, Success),
    net("725006", "Device failed SSL handshake with {word} {src}", FAIL, Failure),
    net("725007", "SSL session with {word} {src} to {dst} terminated*", CLOSE, Success),
    net("725007", "SSL session with {word} {src} terminated.", CLOSE, Success),
    net("750003", "Local:{dst} Remote:{src} Username:{user} IKEv2 Negotiation aborted due to ERROR: {reason}", FAIL, Failure),
    net("750006", "Local:{dst} Remote:{src} Username:{user} IKEv2 SA UP. Reason: {reason}", OPEN, Success),
    net("750007", "Local:{dst} Remote:{src} Username:{user} IKEv2 SA DOWN. Reason: {reason}", CLOSE, Success),
    // Commands.
    executed("111008", "User '{user}' executed the '{command}' command."),
    executed("111009", "User '{user}' executed cmd: {command}"),
    executed("111010", "User '{user}', running '{app}' from IP {srcip}, executed '{command}'"),
    // The rest, of which something is known.
    logged("109201|109207|109210", "UAUTH: Session={text}, User={user}, Assigned IP={srcip}, {reason}"),
    logged("737016|737026|737006", "IPAA: {text} local pool address {srcip}*"),
    logged("711004", "Task ran for {count} msec{text}"),
    logged("717052", "Tunnel group search using certificate maps failed for peer certificate: {text},CN={cn},OU={text}"),
    logged("405003", "IP address collision detected between host {srcip} at {text}"),
    logged("", "Group = {group}, Username = {user}, IP = {srcip}, {reason}"),
    logged("", "Group <{group}> User <{user}> IP <{srcip}> {reason}"),
];
