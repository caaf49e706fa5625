//! The ends of a connection as the messages write them: `outside:192.0.2.7/443`, `inside/10.0.0.1(2006)`, `10.0.0.1/80(LOCAL\ann, 12)`.

use coldtrail_model::{Class, Col, Event};

use crate::parse::is_ip;

/// Which end it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Source,
    Destination,
}

/// An end, taken apart.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct End<'a> {
    pub(super) interface: Option<&'a str>,
    pub(super) host: &'a str,
    /// Of ICMP the identifier stands here.
    pub(super) port: Option<i64>,
    pub(super) user: Option<&'a str>,
}

impl<'a> End<'a> {
    /// Reads an end; an address may be a name.
    pub(super) fn read(text: &'a str) -> Self {
        let text = text.trim_matches(['<', '>']);
        let whole = text.strip_prefix('(').and_then(|text| text.strip_suffix(')')).unwrap_or(text);
        let (place, brackets) = whole.split_once('(').map_or((whole, None), |(place, rest)| (place, rest.strip_suffix(')')));
        let in_brackets = brackets.and_then(|text| text.parse().ok());
        let user = brackets.filter(|_| in_brackets.is_none());
        let (before, place) = place.split_once('@').map_or((None, place), |(user, place)| (Some(user), place));
        let (interface, place) = match place.split_once(':') {
            Some((interface, rest)) if !is_address(place) => (Some(interface), rest),
            _ => (None, place),
        };
        let (host, port) = match place.rsplit_once('/') {
            Some((host, port)) => match port.parse() {
                Ok(port) => (host, Some(port)),
                Err(_) => (place, None),
            },
            None => (place, None),
        };
        let slashed = interface.is_none().then(|| place.split_once('/')).flatten().filter(|(_, host)| in_brackets.is_some() || is_ip(host));
        match slashed {
            Some((interface, host)) => Self { interface: Some(interface), host, port: in_brackets, user: user.or(before) },
            None => Self { interface, host, port: port.or(in_brackets), user: user.or(before) },
        }
    }
}

/// True for an address of IPv6 with or without a port, whose colons part no interface.
fn is_address(text: &str) -> bool {
    is_ip(text.split('/').next().unwrap_or(text))
}

/// Places an end in the columns of the class; false if it is a name and the class has no column for that.
pub(super) fn place(event: &mut Event, text: &str, side: Side) -> bool {
    let end = End::read(text);
    let (ip, port) = match (event.class(), side) {
        (Class::DetectionFinding, Side::Source) => (Col::EvidencesSrcEndpointIp, Col::EvidencesSrcEndpointPort),
        (Class::DetectionFinding, Side::Destination) => (Col::EvidencesDstEndpointIp, Col::EvidencesDstEndpointPort),
        (_, Side::Source) => (Col::SrcEndpointIp, Col::SrcEndpointPort),
        (_, Side::Destination) => (Col::DstEndpointIp, Col::DstEndpointPort),
    };
    let (hostname, interface) = match side {
        Side::Source => (Col::SrcEndpointHostname, Col::SrcEndpointInterfaceName),
        Side::Destination => (Col::DstEndpointHostname, Col::DstEndpointInterfaceName),
    };
    let host = if is_ip(end.host) { ip } else { hostname };
    if !event.class().has(host) {
        return false;
    }
    event.text(host, end.host);
    event.long_opt(port, end.port.filter(|port| (0..=65535).contains(port)));
    if event.class().has(interface) {
        event.text_opt(interface, end.interface);
    }
    if side == Side::Source || event.get(Col::ActorUserName).is_none() {
        end.user.into_iter().for_each(|user| place_user(event, user));
    }
    true
}

/// Places a user as `(LOCAL\ann, 12)`: the server that knows the account, the account, and its security group tag.
pub(super) fn place_user(event: &mut Event, text: &str) {
    let text = text.trim().trim_start_matches('(').trim_end_matches(')');
    let account = text.split(',').next().unwrap_or(text).trim();
    event.text(Col::ActorUserName, account.rsplit('\\').next().unwrap_or(account));
    if let Some((domain, _)) = account.rsplit_once('\\') {
        event.text(Col::ActorUserDomain, domain.trim_end_matches('\\'));
    }
}
