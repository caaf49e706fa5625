//! Azure flow logs of network security groups, <https://learn.microsoft.com/en-us/azure/network-watcher/nsg-flow-logs-overview>, and of
//! virtual networks, <https://learn.microsoft.com/en-us/azure/network-watcher/vnet-flow-logs-overview>.
//!
//! A record holds the flows of a minute, by rule and network interface, as tuples of text; every tuple is Network Activity. The place
//! of an event is that of its tuple, which is also its `raw_data`. Collectors also write one flow a record, and traffic analytics
//! tables of flows.

mod flow_tuple;
mod traffic_analytics;

use std::borrow::Cow;

use coldtrail_model::{Class, Col, Event, Outcome};
use serde_json::Map;
use serde_json_borrow::Value;

use crate::detect::FirstLook;
use crate::fields::Fields;
use crate::normalizer::{keep_rest, reject};
use crate::sources::aws_vpcflow::{control, protocol_name};
use crate::sources::azure::{ENVELOPE, part_of_id, time_of};
use crate::sources::csv::{self, RowFramer};
use crate::sources::{Format, Mapped, Mapping};
use crate::{Batch, Place, Reason};

use flow_tuple::FlowTuple;

/// Flow logs. Remembers the header of a table.
#[derive(Debug, Default)]
pub(crate) struct FlowLog {
    columns: Option<Vec<String>>,
}

impl Mapping for FlowLog {
    fn format(&self, head: &[u8]) -> Format {
        match head.trim_ascii_start() {
            [b'{' | b'[', ..] => Format::Nested { envelope_keys: &["records", "value"] },
            _ => Format::Text(RowFramer::boxed),
        }
    }

    fn map_nested(&mut self, place: Place, text: &str, batch: &mut Batch) {
        if let Err(reason) = map_record(place, text, batch) {
            batch.rejects.push(reject(place, reason, text.as_bytes()));
        }
    }

    fn map_line(&mut self, line: &str) -> Result<Mapped, Reason> {
        let Some(columns) = &self.columns else {
            self.columns = Some(csv::cells(line));
            return Ok(Mapped::NotARecord);
        };
        let cells = columns.iter().zip(csv::cells(line)).filter(|(_, cell)| !cell.is_empty());
        let members: Vec<(&str, Value<'_>)> = cells.map(|(name, cell)| (name.as_str(), Value::Str(Cow::Owned(cell)))).collect();
        map_row(Fields::from_value(Value::Object(members.into())), line).map(Mapped::Event)
    }
}

/// True if an object that begins like this holds flow logs.
pub(crate) fn recognises(look: &FirstLook<'_>) -> bool {
    let Some(record) = &look.record else { return traffic_analytics::is_header(look.line) };
    let is_flow_event = |name: &str| record.peek_text(name).is_some_and(|text| text.to_ascii_lowercase().contains("flowevent"));
    record.has("flowRecords.flows")
        || is_flow_event("category") && record.has("properties.flows")
        || is_flow_event("operationName") && (record.has("properties.flows") || !flow_keys(record).is_empty())
        || traffic_analytics::is_row(record)
}

/// A record with the tuples of many flows, with those of one, or a row of a table.
fn map_record(place: Place, text: &str, batch: &mut Batch) -> Result<(), Reason> {
    let mut record = Fields::parse(text).map_err(|error| Reason::NotJson { detail: error.to_string() })?;
    if traffic_analytics::is_row(&record) {
        batch.events.push((place, map_row(record, text)?));
        return Ok(());
    }
    record.spell(&ENVELOPE);
    let whole = if flow_keys(&record).len() == 1 { Some(text) } else { None };
    let groups = take_groups(&mut record)?;
    let context = Context::take(&mut record);
    for group in &groups {
        for tuple in &group.tuples {
            let raw = whole.or(tuple.as_deref()).unwrap_or(text);
            let place = Place { offset: place.offset + offset_in(text, raw) };
            match context.event_of(group, tuple.as_deref()) {
                Ok(mut event) => {
                    event.text(Col::RawData, raw);
                    batch.events.push((place, event));
                }
                Err(reason) => batch.rejects.push(reject(place, reason, raw.as_bytes())),
            }
        }
    }
    Ok(())
}

fn map_row(mut row: Fields<'_>, raw: &str) -> Result<Event, Reason> {
    let mut event = traffic_analytics::map_row(&mut row)?;
    keep_rest(&mut event, &row);
    event.text(Col::RawData, raw);
    Ok(event)
}

/// Where a part of a text begins in it; 0 if it is no part of it, because it was written with escapes.
fn offset_in(text: &str, part: &str) -> u64 {
    let (start, at) = (text.as_ptr().addr(), part.as_ptr().addr());
    if (start..start + text.len()).contains(&at) { (at - start) as u64 } else { 0 }
}

/// Flows of one rule at one network interface. What is no text is a broken tuple.
#[derive(Debug, Default)]
struct Group<'a> {
    rule: Option<Cow<'a, str>>,
    mac: Option<Cow<'a, str>>,
    acl: Option<Cow<'a, str>>,
    tuples: Vec<Option<Cow<'a, str>>>,
}

impl<'a> Group<'a> {
    /// A group with tuples that cannot be read.
    fn broken() -> Self {
        Self { tuples: vec![None], ..Self::default() }
    }

    /// The flows of an inner element, with what the outer one says of them.
    fn take(outer: &Self, inner: Value<'a>) -> Self {
        let mut inner = Fields::from_value(inner);
        let tuples = match inner.take("flowTuples") {
            Some(Value::Array(tuples)) => tuples.into_iter().map(text_of).collect(),
            _ => vec![None],
        };
        let (rule, mac) = (inner.text("rule").or_else(|| outer.rule.clone()), inner.text("mac"));
        Self { rule, mac, acl: outer.acl.clone(), tuples }
    }
}

fn text_of(value: Value<'_>) -> Option<Cow<'_, str>> {
    match value {
        Value::Str(text) => Some(text),
        _ => None,
    }
}

/// The keys of the flows of a record that a collector has taken apart: `flow.0`.
fn flow_keys(record: &Fields<'_>) -> Vec<String> {
    let Value::Object(members) = record.root() else { return Vec::new() };
    let is_flow = |key: &&str| key.strip_prefix("flow.").is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()));
    members.keys().filter(is_flow).map(str::to_owned).collect()
}

fn take_groups<'a>(record: &mut Fields<'a>) -> Result<Vec<Group<'a>>, Reason> {
    let keys = flow_keys(record);
    if !keys.is_empty() {
        let Value::Object(members) = record.root_mut() else { return Ok(Vec::new()) };
        let tuples = keys.iter().map(|key| text_of(std::mem::replace(members.get_mut(key)?, Value::Null))).collect();
        let (rule, acl) = (record.text("rule"), record.text("aclID"));
        return Ok(vec![Group { rule, mac: None, acl, tuples }]);
    }
    match record.take("flowRecords.flows").or_else(|| record.take("properties.flows")) {
        Some(Value::Array(flows)) => Ok(flows.into_iter().flat_map(inner_groups).collect()),
        _ => Err(Reason::Missing { field: "flows" }),
    }
}

/// The groups of an element of `flows`: a rule with interfaces, or an access list with rules.
fn inner_groups(flow: Value<'_>) -> Vec<Group<'_>> {
    let mut flow = Fields::from_value(flow);
    let inner = flow.take("flows").or_else(|| flow.take("flowGroups"));
    let outer = Group { rule: flow.text("rule"), acl: flow.text("aclID"), ..Group::default() };
    match inner {
        Some(Value::Array(inner)) => inner.into_iter().map(|inner| Group::take(&outer, inner)).collect(),
        _ => vec![Group::broken()],
    }
}

/// What a record says of all its flows.
#[derive(Debug)]
struct Context<'a> {
    logged_ms: Option<i64>,
    version: Option<Cow<'a, str>>,
    operation: Option<Cow<'a, str>>,
    category: Option<Cow<'a, str>>,
    mac: Option<Cow<'a, str>>,
    /// The security group, network, subnet or interface whose flows these are.
    resource: Option<Cow<'a, str>>,
    rest: Map<String, serde_json::Value>,
}

impl<'a> Context<'a> {
    fn take(record: &mut Fields<'a>) -> Self {
        let mut first = |paths: &[&str]| paths.iter().find_map(|path| record.text(path));
        Self {
            version: first(&["flowLogVersion", "properties.Version", "version"]),
            operation: first(&["operationName"]),
            category: first(&["category"]),
            mac: first(&["macAddress"]),
            resource: first(&["targetResourceID", "targetResourceId", "resourceId"]),
            logged_ms: time_of(record, "time"),
            rest: record.rest().and_then(|rest| serde_json::from_str(&rest).ok()).unwrap_or_default(),
        }
    }

    fn event_of(&self, group: &Group<'_>, tuple: Option<&str>) -> Result<Event, Reason> {
        let tuple = tuple.ok_or(Reason::Missing { field: "flowTuples" })?;
        let flow = FlowTuple::read(tuple)?;
        let mut event = Event::new(Class::NetworkActivity, flow.activity(), flow.time_ms);
        self.put_metadata(&mut event);
        put_flow(&mut event, &flow);
        self.put_place(&mut event, group, flow.is_outbound);
        event.text_opt(Col::PolicyName, group.rule.as_ref());
        let group_id = self.resource.as_ref().filter(|id| part_of_id(id, "networkSecurityGroups").is_some());
        event.text_opt(Col::PolicyUid, group.acl.as_ref().or(group_id));
        let mut rest = self.rest.clone();
        flow.put_rest(&mut rest);
        if !rest.is_empty() {
            event.owned_text(Col::Unmapped, serde_json::Value::Object(rest).to_string());
        }
        Ok(event)
    }

    fn put_metadata(&self, event: &mut Event) {
        put_product(event);
        event.text_opt(Col::MetadataLogVersion, self.version.as_ref());
        event.text_opt(Col::MetadataEventCode, self.operation.as_ref());
        event.text_opt(Col::MetadataLogName, self.category.as_ref());
        event.time_opt(Col::MetadataLoggedTime, self.logged_ms);
        event.text_opt(Col::CloudAccountUid, self.resource.as_ref().and_then(|id| part_of_id(id, "subscriptions")));
    }

    /// The interface that saw a flow is at its source if it went out, and at its destination if it came in.
    fn put_place(&self, event: &mut Event, group: &Group<'_>, is_outbound: Option<bool>) {
        let [mac, network, subnet, interface] = match is_outbound {
            Some(true) => [Col::SrcEndpointMac, Col::SrcEndpointVpcUid, Col::SrcEndpointSubnetUid, Col::SrcEndpointInterfaceUid],
            Some(false) => [Col::DstEndpointMac, Col::DstEndpointVpcUid, Col::DstEndpointSubnetUid, Col::DstEndpointInterfaceUid],
            None => [Col::DeviceMac, Col::DeviceVpcUid, Col::DeviceSubnetUid, Col::DeviceInterfaceUid],
        };
        event.text_opt(mac, group.mac.as_ref().or(self.mac.as_ref()).map(|mac| with_colons(mac)));
        let part = |name| self.resource.as_ref().and_then(|id| part_of_id(id, name));
        event.text_opt(network, part("virtualNetworks"));
        event.text_opt(subnet, part("subnets"));
        event.text_opt(interface, part("networkInterfaces"));
    }
}

fn put_product(event: &mut Event) {
    event.text(Col::MetadataProductName, "Azure Network Watcher");
    event.text(Col::MetadataProductVendorName, "Microsoft");
    event.text(Col::MetadataProductFeatureName, "Flow logs");
    event.text(Col::CloudProvider, "Azure");
}

/// `000D3AF87856` as other logs write it.
fn with_colons(mac: &str) -> String {
    let is_bare = mac.len() == 12 && mac.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_bare {
        return mac.to_owned();
    }
    (0..6).map(|pair| &mac[2 * pair..2 * pair + 2]).collect::<Vec<_>>().join(":")
}

fn put_flow(event: &mut Event, flow: &FlowTuple<'_>) {
    event.text(Col::SrcEndpointIp, flow.source);
    event.long_opt(Col::SrcEndpointPort, flow.source_port);
    event.text(Col::DstEndpointIp, flow.destination);
    event.long_opt(Col::DstEndpointPort, flow.destination_port);
    put_protocol(event, flow.protocol);
    put_direction(event, flow.is_outbound);
    event.long(Col::ConnectionInfoProtocolVerId, if flow.source.contains(':') { 6 } else { 4 });
    put_decision(event, flow.is_allowed);
    event.long_opt(Col::TrafficPacketsOut, flow.packets_out);
    event.long_opt(Col::TrafficBytesOut, flow.bytes_out);
    event.long_opt(Col::TrafficPacketsIn, flow.packets_in);
    event.long_opt(Col::TrafficBytesIn, flow.bytes_in);
    let sum = |one: Option<i64>, other: Option<i64>| {
        Some(one.unwrap_or(0).saturating_add(other.unwrap_or(0))).filter(|_| one.or(other).is_some())
    };
    event.long_opt(Col::TrafficPackets, sum(flow.packets_out, flow.packets_in));
    event.long_opt(Col::TrafficBytes, sum(flow.bytes_out, flow.bytes_in));
}

fn put_protocol(event: &mut Event, protocol: Option<i64>) {
    event.long_opt(Col::ConnectionInfoProtocolNum, protocol);
    event.text_opt(Col::ConnectionInfoProtocolName, protocol.and_then(protocol_name));
}

fn put_direction(event: &mut Event, is_outbound: Option<bool>) {
    let Some(is_outbound) = is_outbound else { return };
    event.long(Col::ConnectionInfoDirectionId, if is_outbound { 2 } else { 1 });
    event.text(Col::ConnectionInfoDirection, if is_outbound { "Outbound" } else { "Inbound" });
}

fn put_decision(event: &mut Event, is_allowed: bool) {
    match is_allowed {
        true => control(event, Outcome::Success, (1, "Allowed"), (1, "Allowed")),
        false => control(event, Outcome::Failure, (2, "Denied"), (2, "Blocked")),
    }
}

#[cfg(test)]
mod tests;
