//! Tables of traffic analytics, which sum flows up: <https://learn.microsoft.com/en-us/azure/network-watcher/traffic-analytics-schema>.
//!
//! The columns of the older table end in their type, `SrcIP_s`; the newer table and exports leave it off. A virtual machine and an
//! address outside of Azure may stand in place of source and destination.

use coldtrail_model::{Class, Col, Event};

use super::flow_tuple::{is_outbound, protocol_of};
use super::{put_decision, put_direction, put_product, put_protocol, with_colons};
use crate::Reason;
use crate::fields::{Fields, scalar_text};
use crate::parse::{is_ip, parse_long, time_ms};
use crate::sources::csv::cells;

/// Columns that every such table has.
const MARKS: [&str; 4] = ["flowstarttime", "flowdirection", "l4protocol", "destport"];

/// True if a line names the columns of such a table.
pub(super) fn is_header(line: &str) -> bool {
    line.contains(',') && has_marks(&cells(line).iter().map(|name| plain(name)).collect::<Vec<_>>())
}

/// True if a record is a row of such a table.
pub(super) fn is_row(record: &Fields<'_>) -> bool {
    let serde_json_borrow::Value::Object(members) = record.root() else { return false };
    has_marks(&members.keys().map(plain).collect::<Vec<_>>())
}

fn has_marks(names: &[String]) -> bool {
    MARKS.iter().all(|mark| names.iter().any(|name| name == mark))
}

/// The name of a column in small letters and without its type.
fn plain(name: &str) -> String {
    let name = name.trim().to_ascii_lowercase();
    let without = ["_s", "_d", "_t", "_g", "_b"].iter().find_map(|kind| name.strip_suffix(kind));
    without.map_or_else(|| name.clone(), str::to_owned)
}

/// A row, with the plain names of its columns.
struct Row<'r, 'a> {
    fields: &'r mut Fields<'a>,
    names: Vec<(String, String)>,
}

impl Row<'_, '_> {
    /// Takes the first of these columns whose text can be read so; one that cannot is left.
    fn read<T>(&mut self, names: &[&str], read: impl Fn(&str) -> Option<T>) -> Option<T> {
        let keys = names.iter().flat_map(|wanted| self.names.iter().filter(move |(plain, _)| plain == wanted));
        for (_, key) in keys {
            let value = self.fields.peek(key).cloned().and_then(scalar_text);
            if let Some(found) = value.filter(|text| !text.is_empty()).and_then(|text| read(&text)) {
                self.fields.take(key);
                return Some(found);
            }
        }
        None
    }

    fn text(&mut self, names: &[&str]) -> Option<String> {
        self.read(names, |text| Some(text.to_owned()))
    }

    fn time(&mut self, names: &[&str]) -> Option<i64> {
        self.read(names, time_ms)
    }

    /// A whole number, which some exports write with decimals.
    fn long(&mut self, names: &[&str]) -> Option<i64> {
        self.read(names, |text| parse_long(text.strip_suffix(".0").unwrap_or(text)))
    }

    fn address(&mut self, names: &[&str]) -> Option<String> {
        self.read(names, |text| is_ip(text).then(|| text.to_owned()))
    }

    /// The first address of a list, `['192.0.2.7', …]` or `192.0.2.7|4|0|… 192.0.2.8|…`; the list is left.
    fn address_in(&self, names: &[&str]) -> Option<String> {
        let lists =
            self.names.iter().filter(|(plain, _)| names.contains(&plain.as_str())).filter_map(|(_, key)| self.fields.peek_text(key));
        let first = |list: &str| list.split(['[', ']', '\'', '"', ',', '|', ' ']).find(|part| is_ip(part)).map(str::to_owned);
        lists.into_iter().find_map(first)
    }
}

/// Maps a row.
pub(super) fn map_row(fields: &mut Fields<'_>) -> Result<Event, Reason> {
    let names = match fields.root() {
        serde_json_borrow::Value::Object(members) => members.keys().map(|key| (plain(key), key.to_owned())).collect(),
        _ => Vec::new(),
    };
    let mut row = Row { fields, names };
    let start = row.time(&["flowstarttime", "flowintervalstarttime"]);
    let generated = row.time(&["timegenerated", "timeprocessed"]);
    let time = start.or(generated).ok_or(Reason::Missing { field: "FlowStartTime" })?;
    let flows = ["allowedinflows", "allowedoutflows", "deniedinflows", "deniedoutflows"].map(|name| row.long(&[name]));
    let of = |places: [usize; 2]| places.iter().filter_map(|place| flows[*place]).fold(0, i64::saturating_add);
    let (allowed, denied) = (of([0, 1]), of([2, 3]));
    let status = row.text(&["flowstatus"]);
    let is_allowed = status.as_deref().map_or(denied == 0 || allowed > 0, |status| !status.starts_with('D'));
    let mut event = Event::new(Class::NetworkActivity, if is_allowed { 6 } else { 5 }, time);
    put_product(&mut event);
    event.text(Col::MetadataProductFeatureName, "Traffic analytics");
    event.time_opt(Col::StartTime, start);
    event.time_opt(Col::EndTime, row.time(&["flowendtime"]));
    event.time_opt(Col::MetadataLoggedTime, generated);
    event.long_opt(Col::Count, Some(allowed.saturating_add(denied)).filter(|count| *count > 0));
    put_decision(&mut event, is_allowed);
    put_connection(&mut event, &mut row);
    put_policy(&mut event, &mut row);
    Ok(event)
}

/// The two ends, from the view of the machine that is named.
fn put_connection(event: &mut Event, row: &mut Row<'_, '_>) {
    let direction = row.text(&["flowdirection"]);
    let outbound = direction.as_deref().and_then(is_outbound);
    put_direction(event, outbound);
    put_protocol(event, row.text(&["l4protocol"]).as_deref().and_then(protocol_of));
    event.text_opt(Col::AppProtocolName, row.text(&["l7protocol"]));
    let (source, destination) = (row.address(&["srcip"]), row.address(&["destip"]));
    let machine = row.address(&["vmipaddress", "vmip"]);
    let outside = row.address(&["allextips"]).or_else(|| row.address_in(&["publicips"]));
    let (near, far) = if outbound == Some(false) { (outside, machine) } else { (machine, outside) };
    event.text_opt(Col::SrcEndpointIp, source.or(near).or_else(|| row.address_in(&["srcpublicips"])));
    event.text_opt(Col::DstEndpointIp, destination.or(far).or_else(|| row.address_in(&["destpublicips"])));
    event.long_opt(Col::DstEndpointPort, row.long(&["destport"]).filter(|port| (0..=65535).contains(port)));
    let [name, mac] = match outbound {
        Some(false) => [Col::DstEndpointName, Col::DstEndpointMac],
        _ => [Col::SrcEndpointName, Col::SrcEndpointMac],
    };
    event.text_opt(name, row.text(&["vmname", "vm"]));
    event.text_opt(mac, row.text(&["macaddress"]).as_deref().map(with_colons));
    event.long_opt(Col::TrafficBytesOut, row.long(&["bytessrctodest"]));
    event.long_opt(Col::TrafficBytesIn, row.long(&["bytesdesttosrc"]));
    event.long_opt(Col::TrafficPacketsOut, row.long(&["packetssrctodest"]));
    event.long_opt(Col::TrafficPacketsIn, row.long(&["packetsdesttosrc"]));
}

fn put_policy(event: &mut Event, row: &mut Row<'_, '_>) {
    event.text_opt(Col::PolicyName, row.text(&["nsgrule", "aclrule"]));
    event.text_opt(Col::PolicyUid, row.text(&["nsglist", "aclgroup"]));
    event.text_opt(Col::CloudRegion, row.text(&["vmregion", "region", "azureregion"]));
    event.text_opt(Col::CloudAccountUid, row.text(&["subscription", "subscription1"]));
    event.text_opt(Col::MetadataTenantUid, row.text(&["tenantid"]));
}
