//! AWS VPC flow logs: <https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html>.
//!
//! Text of any version with or without the header line, rows of JSON, lines inside CloudWatch Logs envelopes, and Parquet. Classes and
//! attributes follow AWS Security Lake: every flow is Network Activity, one that was refused has the activity Refuse. The packet's
//! own addresses are the endpoints; the interface's addresses, where they differ, are on the way.

mod flow;
mod parquet_rows;

use coldtrail_model::{Class, Col, Event, Outcome};

use crate::detect::FirstLook;
use crate::fields::Fields;
use crate::normalizer::reject;
use crate::parse::{epoch_seconds_ms, time_ms};
use crate::sources::{Format, Mapped, Mapping, ParquetRows};
use crate::{Batch, Place, Reason};

use flow::{Field, Flow, Layout};
use parquet_rows::Columns;

/// What a Parquet file of this source is.
const PARQUET: &str = "a Parquet file of flow logs";

/// Flow log records. Remembers what the header line named, or what the last line without one looked like.
#[derive(Debug, Default)]
pub(crate) struct VpcFlow {
    header: Option<Layout>,
    guess: Option<Layout>,
    /// What is left of a Parquet file.
    rows: Option<(ParquetRows, Columns)>,
}

impl Mapping for VpcFlow {
    fn format(&self, head: &[u8]) -> Format {
        match head.trim_ascii_start() {
            [b'P', b'A', b'R', b'1', ..] => Format::Whole,
            [b'{' | b'[', ..] => Format::Json { envelope_keys: &["logEvents", "events", "Records"] },
            _ => Format::Lines,
        }
    }

    fn map_line(&mut self, line: &str) -> Result<Mapped, Reason> {
        if let Some(header) = Layout::of_header(line) {
            self.header = Some(header);
            return Ok(Mapped::NotARecord);
        }
        let mut event = self.map_text(line)?;
        event.text(Col::RawData, line);
        Ok(Mapped::Event(event))
    }

    fn map_json(&mut self, record: &mut Fields<'_>) -> Result<Event, Reason> {
        if let Some(line) = record.text("message") {
            let mut event = self.map_text(&line)?;
            event.text_opt(Col::MetadataUid, record.text("eventId").or_else(|| record.text("id")));
            return Ok(event);
        }
        let values = flow::take_from_json(record);
        map_flow(&mut Flow::from_values(&values))
    }

    fn map_binary(&mut self, place: Place, piece: &[u8], batch: &mut Batch) {
        let opened = ParquetRows::open(piece, PARQUET).and_then(|(rows, schema)| match Columns::of(&schema) {
            Some(columns) => Ok((rows, columns)),
            None => Err(Reason::NotThisFormat { format: PARQUET, detail: "it has no column start".to_owned() }),
        });
        match opened {
            Ok(rows) => self.rows = Some(rows),
            Err(reason) => batch.rejects.push(reject(place, reason, piece)),
        }
        self.map_more(batch);
    }

    fn map_more(&mut self, batch: &mut Batch) -> bool {
        let Some((mut rows, columns)) = self.rows.take() else { return false };
        let is_more_left = rows.map_part(batch, |rows, first_row, batch| columns.map_batch(rows, first_row, batch));
        self.rows = is_more_left.then_some((rows, columns));
        true
    }
}

impl VpcFlow {
    /// A line; lines that CloudWatch Logs exported begin with the time at which it was logged.
    fn map_text(&mut self, line: &str) -> Result<Event, Reason> {
        let logged = line.split_once(' ').filter(|(first, _)| first.contains('T')).and_then(|(first, rest)| Some((time_ms(first)?, rest)));
        let line = logged.map_or(line, |(_, rest)| rest.trim_start());
        let layout = match &self.header {
            Some(header) => header,
            None => Layout::guess(&mut self.guess, line)?,
        };
        let mut event = map_flow(&mut layout.read(line)?)?;
        event.time_opt(Col::MetadataLoggedTime, logged.map(|(time, _)| time));
        Ok(event)
    }
}

/// True if an object that begins like this holds flow logs. No other source comes in Parquet.
pub(crate) fn recognises(look: &FirstLook<'_>) -> bool {
    if look.bytes.starts_with(b"PAR1") {
        return true;
    }
    match &look.record {
        Some(record) => record.peek_text("message").is_some_and(is_flow) || flow::is_flow_row(record),
        None => Layout::of_header(look.line).is_some() || is_flow(look.line),
    }
}

fn is_flow(line: &str) -> bool {
    let mut words = line.split_ascii_whitespace();
    let (version, _account, interface) = (words.next(), words.next(), words.next());
    version.is_some_and(|version| version.parse::<u8>().is_ok()) && interface.is_some_and(|interface| interface.starts_with("eni-"))
}

/// Makes an event of a flow; what it does not place becomes `unmapped`.
fn map_flow(flow: &mut Flow<'_>) -> Result<Event, Reason> {
    let start = flow.peek(Field::Start);
    if start.is_empty() {
        return Err(Reason::Missing { field: "start" });
    }
    let time = instant(start).ok_or_else(|| Reason::bad_field("start", start, "seconds since 1970"))?;
    let mut event = Event::new(Class::NetworkActivity, 6, time);
    map_metadata(&mut event, flow);
    map_times(&mut event, flow, time);
    map_action(&mut event, flow);
    map_addresses(&mut event, flow);
    map_connection(&mut event, flow);
    map_interface(&mut event, flow);
    if let Some(rest) = flow.rest() {
        event.owned_text(Col::Unmapped, rest);
    }
    Ok(event)
}

/// Seconds since 1970, or the RFC 3339 text that some tools make of them.
fn instant(text: &str) -> Option<i64> {
    epoch_seconds_ms(text).or_else(|| time_ms(text))
}

fn map_metadata(event: &mut Event, flow: &mut Flow<'_>) {
    event.text(Col::MetadataProductName, "Amazon VPC");
    event.text(Col::MetadataProductVendorName, "AWS");
    event.text(Col::MetadataProductFeatureName, "Flowlogs");
    event.text(Col::MetadataProductVersion, flow.take(Field::Version));
    event.text(Col::CloudProvider, "AWS");
    event.text(Col::CloudAccountUid, flow.take(Field::AccountId));
    event.text(Col::CloudRegion, flow.take(Field::Region));
    event.text(Col::CloudZone, flow.take(Field::AzId));
}

fn map_times(event: &mut Event, flow: &mut Flow<'_>, start: i64) {
    flow.take(Field::Start);
    event.time(Col::StartTime, start);
    if let Some(end) = instant(flow.peek(Field::End)) {
        flow.take(Field::End);
        event.time(Col::EndTime, end);
        event.long_opt(Col::Duration, end.checked_sub(start).filter(|duration| *duration >= 0));
    }
}

/// What the security groups and network ACLs did, or that there was nothing to see (`NODATA`) or some was lost (`SKIPDATA`).
fn map_action(event: &mut Event, flow: &mut Flow<'_>) {
    let status = flow.take(Field::LogStatus);
    event.text(Col::StatusCode, status);
    match flow.peek(Field::Action) {
        "ACCEPT" => control(event, Outcome::Success, (1, "Allowed"), (1, "Allowed")),
        "REJECT" => {
            event.activity(5);
            control(event, Outcome::Failure, (2, "Denied"), (2, "Blocked"));
        }
        _ if status.is_empty() || status == "OK" => {}
        _ => {
            event.activity_other(status);
            event.text(Col::StatusDetail, status);
        }
    }
    event.text(Col::MetadataEventCode, flow.take(Field::Action));
    event.text(Col::StatusDetail, flow.take(Field::RejectReason));
}

/// Sets what was decided on a connection.
pub(super) fn control(event: &mut Event, outcome: Outcome, action: (i64, &str), disposition: (i64, &str)) {
    event.outcome(outcome);
    event.long(Col::ActionId, action.0);
    event.text(Col::Action, action.1);
    event.long(Col::DispositionId, disposition.0);
    event.text(Col::Disposition, disposition.1);
}

fn map_addresses(event: &mut Event, flow: &mut Flow<'_>) {
    let sides = [
        (Field::Srcaddr, Field::PktSrcaddr, Col::SrcEndpointIp, Col::SrcEndpointIntermediateIps),
        (Field::Dstaddr, Field::PktDstaddr, Col::DstEndpointIp, Col::DstEndpointIntermediateIps),
    ];
    for (of_interface, of_packet, ip, intermediate) in sides {
        match (flow.take_ip(of_interface), flow.take_ip(of_packet)) {
            (Some(hop), Some(packet)) if hop != packet => {
                event.text(ip, packet);
                event.list(intermediate, [hop]);
            }
            (address, packet) => event.text_opt(ip, packet.or(address)),
        }
    }
    event.long_opt(Col::SrcEndpointPort, flow.take_long(Field::Srcport));
    event.long_opt(Col::DstEndpointPort, flow.take_long(Field::Dstport));
    event.text(Col::SrcEndpointSvcName, flow.take(Field::PktSrcAwsService));
    event.text(Col::DstEndpointSvcName, flow.take(Field::PktDstAwsService));
}

fn map_connection(event: &mut Event, flow: &mut Flow<'_>) {
    if let Some(protocol) = flow.take_long(Field::Protocol) {
        event.long(Col::ConnectionInfoProtocolNum, protocol);
        event.text_opt(Col::ConnectionInfoProtocolName, protocol_name(protocol));
    }
    match flow.peek(Field::Type) {
        "IPv4" => event.long(Col::ConnectionInfoProtocolVerId, 4),
        "IPv6" => event.long(Col::ConnectionInfoProtocolVerId, 6),
        _ => {}
    }
    if matches!(flow.peek(Field::Type), "IPv4" | "IPv6") {
        flow.take(Field::Type);
    }
    event.long_opt(Col::ConnectionInfoTcpFlags, flow.take_long(Field::TcpFlags));
    event.long_opt(Col::TrafficPackets, flow.take_long(Field::Packets));
    event.long_opt(Col::TrafficBytes, flow.take_long(Field::Bytes));
    if let Some((id, name)) = flow.peek(Field::TrafficPath).parse().ok().and_then(boundary) {
        flow.take(Field::TrafficPath);
        event.long(Col::ConnectionInfoBoundaryId, id);
        event.text(Col::ConnectionInfoBoundary, name);
    }
}

/// The IANA names that OCSF asks for.
pub(super) fn protocol_name(number: i64) -> Option<&'static str> {
    Some(match number {
        1 => "icmp",
        2 => "igmp",
        4 => "ipv4",
        6 => "tcp",
        17 => "udp",
        41 => "ipv6",
        47 => "gre",
        50 => "esp",
        51 => "ah",
        58 => "ipv6-icmp",
        88 => "eigrp",
        89 => "ospfigp",
        103 => "pim",
        112 => "vrrp",
        115 => "l2tp",
        132 => "sctp",
        136 => "udplite",
        _ => return None,
    })
}

/// OCSF's boundary of a `traffic-path`.
fn boundary(traffic_path: u8) -> Option<(i64, &'static str)> {
    Some(match traffic_path {
        1 => (4, "Same VPC"),
        2 => (5, "Internet/VPC Gateway"),
        3 => (6, "Virtual Private Gateway"),
        4 => (7, "Intra-region VPC"),
        5 => (8, "Inter-region VPC"),
        6 => (9, "Local Gateway"),
        7 => (10, "Gateway VPC"),
        8 => (11, "Internet Gateway"),
        _ => return None,
    })
}

/// The interface that recorded the flow: the source's of one that leaves, the destination's of one that arrives. Before version 5 the
/// log does not say which; then it is told by which end has a private address, since an interface is always logged with its own.
fn map_interface(event: &mut Event, flow: &mut Flow<'_>) {
    let is_outbound = match flow.peek(Field::FlowDirection) {
        "ingress" => Some(false),
        "egress" => Some(true),
        _ => None,
    };
    if let Some(is_outbound) = is_outbound {
        flow.take(Field::FlowDirection);
        event.long(Col::ConnectionInfoDirectionId, if is_outbound { 2 } else { 1 });
        event.text(Col::ConnectionInfoDirection, if is_outbound { "Outbound" } else { "Inbound" });
    }
    let columns = match is_outbound.or_else(|| is_source_inside(event)) {
        Some(true) => [Col::SrcEndpointInterfaceUid, Col::SrcEndpointVpcUid, Col::SrcEndpointSubnetUid, Col::SrcEndpointInstanceUid],
        Some(false) => [Col::DstEndpointInterfaceUid, Col::DstEndpointVpcUid, Col::DstEndpointSubnetUid, Col::DstEndpointInstanceUid],
        None => [Col::DeviceInterfaceUid, Col::DeviceVpcUid, Col::DeviceSubnetUid, Col::DeviceInstanceUid],
    };
    let fields = [Field::InterfaceId, Field::VpcId, Field::SubnetId, Field::InstanceId];
    event.text(Col::DeviceInterfaceUid, flow.peek(Field::InterfaceId));
    for (column, field) in columns.into_iter().zip(fields) {
        event.text(column, flow.take(field));
    }
}

/// True if only the source has a private address, false if only the destination has.
fn is_source_inside(event: &Event) -> Option<bool> {
    let is_private = |col| event.get_text(col).and_then(|ip| ip.parse::<std::net::Ipv4Addr>().ok()).map(|ip| ip.is_private());
    match (is_private(Col::SrcEndpointIp)?, is_private(Col::DstEndpointIp)?) {
        (true, false) => Some(true),
        (false, true) => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
