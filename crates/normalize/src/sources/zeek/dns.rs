//! dns.log: <https://docs.zeek.org/en/master/scripts/base/protocols/dns/main.zeek.html#type-DNS::Info>.

use std::borrow::Cow;

use coldtrail_model::{Col, Event, Outcome};
use serde_json::json;

use super::common::{milliseconds, place};
use crate::fields::Fields;

/// A record is the query and its answer, if there was one.
pub(super) fn activity(fields: &Fields<'_>) -> i32 {
    if fields.has("rcode") || fields.has("rcode_name") || fields.has("answers") { 6 } else { 1 }
}

/// dns.log
pub(super) fn exchange(event: &mut Event, fields: &mut Fields<'_>) {
    event.text(Col::AppProtocolName, "dns");
    place(
        event,
        fields,
        &[
            (Col::QueryHostname, "query"),
            (Col::QueryType, "qtype_name"),
            (Col::QueryClass, "qclass_name"),
            (Col::QueryPacketUid, "trans_id"),
            (Col::QueryOpcodeId, "opcode"),
        ],
    );
    let asked_ms = event.time_ms();
    event.time(Col::QueryTime, asked_ms);
    if let Some(rtt_ms) = fields.peek("rtt").and_then(|rtt| rtt.as_f64()).and_then(milliseconds) {
        event.time_opt(Col::ResponseTime, asked_ms.checked_add(rtt_ms));
    }
    code(event, fields);
    answers(event, fields);
}

fn code(event: &mut Event, fields: &mut Fields<'_>) {
    let name = fields.text("rcode_name");
    let Some(number) = fields.long("rcode") else {
        event.text_opt(Col::Rcode, name);
        return;
    };
    event.outcome(if number == 0 { Outcome::Success } else { Outcome::Failure });
    match caption(number) {
        Some(caption) => {
            event.long(Col::RcodeId, number);
            event.text(Col::Rcode, caption);
        }
        None => {
            event.long(Col::RcodeId, 99);
            event.text(Col::Rcode, name.unwrap_or_else(|| Cow::Owned(number.to_string())));
        }
    }
}

/// OCSF's caption of a response code.
fn caption(number: i64) -> Option<&'static str> {
    const CAPTIONS: &[&str] =
        &["NoError", "FormError", "ServError", "NXDomain", "NotImp", "Refused", "YXDomain", "YXRRSet", "NXRRSet", "NotAuth", "NotZone"];
    usize::try_from(number).ok().and_then(|index| CAPTIONS.get(index)).copied()
}

/// `answers` and `TTLs` go side by side.
fn answers(event: &mut Event, fields: &mut Fields<'_>) {
    let ttls: Vec<Option<i64>> =
        (0..).map_while(|index| fields.peek(&format!("TTLs.{index}")).map(|ttl| ttl.as_f64().map(|ttl| ttl as i64))).collect();
    let answers = fields.texts("answers");
    if answers.is_empty() {
        return;
    }
    if ttls.len() == answers.len() {
        fields.take("TTLs");
    }
    let objects: Vec<_> = answers
        .iter()
        .enumerate()
        .map(|(index, rdata)| match ttls.get(index).copied().flatten() {
            Some(ttl) => json!({"rdata": rdata, "ttl": ttl}),
            None => json!({"rdata": rdata}),
        })
        .collect();
    event.owned_text(Col::Answers, json!(objects).to_string());
    event.list(Col::AnswersRdata, answers);
}
