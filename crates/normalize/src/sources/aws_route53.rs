//! Amazon Route 53 Resolver query logs: <https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resolver-query-logs-format.html>.
//!
//! A record is a query and its answer, so that the activity is Traffic.

use coldtrail_model::{Class, Col, Event};
use serde_json_borrow::Value;

use crate::Reason;
use crate::detect::FirstLook;
use crate::fields::Fields;
use crate::sources::access::place;
use crate::sources::envelope::{has_json_text, map_inner};
use crate::sources::http_words::dns_rcode;
use crate::sources::{Format, Mapping};

/// Resolver query logs.
#[derive(Debug, Default)]
pub(crate) struct ResolverQueries;

impl Mapping for ResolverQueries {
    fn format(&self, _head: &[u8]) -> Format {
        Format::Json { envelope_keys: &["logEvents", "Records", "records"] }
    }

    fn map_json(&mut self, record: &mut Fields<'_>) -> Result<Event, Reason> {
        if !record.has("query_name") && has_json_text(record, "message") {
            return map_inner(record, "message", map_query);
        }
        map_query(record)
    }
}

/// True if an object that begins like this holds query logs.
pub(crate) fn recognises(look: &FirstLook<'_>) -> bool {
    look.record_has(&["query_name", "query_timestamp", "srcaddr"])
}

fn map_query(record: &mut Fields<'_>) -> Result<Event, Reason> {
    let time =
        record.time("query_timestamp").or_else(|| record.time("p_event_time")).ok_or(Reason::Missing { field: "query_timestamp" })?;
    let mut event = Event::new(Class::DnsActivity, 6, time);
    event.time(Col::QueryTime, time);
    event.text(Col::MetadataProductName, "Amazon Route 53");
    event.text(Col::MetadataProductVendorName, "AWS");
    event.text(Col::MetadataProductFeatureName, "Resolver Query Logs");
    event.text(Col::CloudProvider, "AWS");
    event.text(Col::AppProtocolName, "dns");
    place(
        &mut event,
        record,
        &[
            (Col::MetadataProductVersion, "version"),
            (Col::CloudAccountUid, "account_id"),
            (Col::CloudRegion, "region"),
            (Col::QueryHostname, "query_name"),
            (Col::QueryType, "query_type"),
            (Col::QueryClass, "query_class"),
            (Col::SrcEndpointIp, "srcaddr"),
            (Col::SrcEndpointPort, "srcport"),
            (Col::SrcEndpointVpcUid, "vpc_id"),
            (Col::SrcEndpointInstanceUid, "srcids.instance"),
            (Col::DstEndpointUid, "srcids.resolver_endpoint"),
            (Col::DstEndpointUid, "srcids.resolver-endpoint"),
            (Col::DstEndpointInterfaceUid, "srcids.resolver_network_interface"),
        ],
    );
    if let Some(transport) = record.text("transport").map(|name| name.to_ascii_lowercase()) {
        event.long_opt(
            Col::ConnectionInfoProtocolNum,
            [("tcp", 6), ("udp", 17)].iter().find(|(name, _)| *name == transport).map(|(_, number)| *number),
        );
        event.text(Col::ConnectionInfoProtocolName, transport);
    }
    let version = event.get_text(Col::SrcEndpointIp).map(|address| if address.contains(':') { 6 } else { 4 });
    event.long_opt(Col::ConnectionInfoProtocolVerId, version);
    if let Some(code) = record.text("rcode") {
        dns_rcode(&mut event, &code);
    }
    map_answers(&mut event, record, time);
    map_firewall(&mut event, record);
    Ok(event)
}

/// `[{"Rdata":"192.0.2.44","Type":"A","Class":"IN"}]`.
fn map_answers(event: &mut Event, record: &mut Fields<'_>, time: i64) {
    let answers = match record.take("answers") {
        Some(Value::Array(answers)) => answers,
        Some(answer @ Value::Object(_)) => vec![answer],
        _ => return,
    };
    let member = |answer: &Value<'_>, name: &str| match answer {
        Value::Object(answer) => answer.get(name).and_then(|value| value.as_str()).map(str::to_owned),
        _ => None,
    };
    let data: Vec<String> = answers.iter().filter_map(|answer| member(answer, "Rdata")).collect();
    if !data.is_empty() {
        event.time(Col::ResponseTime, time);
    }
    event.list(Col::AnswersRdata, data);
    let rows = answers.iter().filter(|answer| member(answer, "Rdata").is_some()).map(|answer| {
        let members = [("rdata", "Rdata"), ("type", "Type"), ("class", "Class")];
        members.into_iter().filter_map(|(name, theirs)| Some((name.to_owned(), member(answer, theirs)?.into()))).collect()
    });
    let rows: Vec<serde_json::Map<String, serde_json::Value>> = rows.collect();
    if !rows.is_empty() {
        event.text(Col::Answers, serde_json::json!(rows).to_string());
    }
}

/// What DNS Firewall did: <https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resolver-dns-firewall-rule-actions.html>.
fn map_firewall(event: &mut Event, record: &mut Fields<'_>) {
    let (action, disposition) = match record.text("firewall_rule_action").as_deref() {
        Some("BLOCK") => ((2, "Denied"), (2, "Blocked")),
        Some("ALERT") => ((1, "Allowed"), (19, "Alert")),
        Some("ALLOW") => ((1, "Allowed"), (1, "Allowed")),
        _ => return,
    };
    event.long(Col::ActionId, action.0);
    event.text(Col::Action, action.1);
    event.long(Col::DispositionId, disposition.0);
    event.text(Col::Disposition, disposition.1);
    if disposition.0 == 19 {
        event.flag(Col::IsAlert, true);
    }
    event.text_opt(Col::PolicyUid, record.text("firewall_rule_group_id"));
}

#[cfg(test)]
mod tests;
