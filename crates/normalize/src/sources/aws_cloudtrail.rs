//! AWS CloudTrail: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>.
//!
//! Console and single sign-on become Authentication, the rest API Activity, as AWS Security Lake maps them.

use coldtrail_model::{Class, Col, Event, Outcome};

use crate::Reason;
use crate::detect::FirstLook;
use crate::fields::Fields;
use crate::parse::is_ip;
use crate::sources::{Format, Mapping};

/// CloudTrail records, in `Records` objects, arrays or lines.
#[derive(Debug, Default)]
pub(crate) struct CloudTrail;

impl Mapping for CloudTrail {
    fn format(&self, _head: &[u8]) -> Format {
        Format::Json { envelope_keys: &["Records"] }
    }

    fn map_json(&mut self, record: &mut Fields<'_>) -> Result<Event, Reason> {
        if !record.has("eventName") || !record.has("eventSource") {
            return Err(Reason::Missing { field: "eventName" });
        }
        let time = record.time("eventTime").ok_or(Reason::Missing { field: "eventTime" })?;
        let (class, activity_id) = classify(record);
        let mut event = Event::new(class, activity_id, time);
        event.text(Col::MetadataProductName, "CloudTrail");
        event.text(Col::MetadataProductVendorName, "AWS");
        map_cloud(&mut event, record);
        map_actor(&mut event, record);
        map_source(&mut event, record);
        map_outcome(&mut event, record);
        Ok(event)
    }
}

/// True if an object that begins like this is CloudTrail's.
pub(crate) fn recognises(look: &FirstLook<'_>) -> bool {
    look.record_has(&["eventSource", "eventName", "eventVersion"])
}

fn classify(record: &Fields<'_>) -> (Class, i32) {
    match record.peek_text("eventName").unwrap_or_default() {
        "ConsoleLogin" => (Class::Authentication, 1),
        name => (Class::ApiActivity, activity_of(name)),
    }
}

/// The verb that an operation begins with.
fn activity_of(operation: &str) -> i32 {
    const VERBS: &[(&str, i32)] = &[("Create", 1), ("Get", 2), ("List", 2), ("Describe", 2), ("Update", 3), ("Put", 3), ("Delete", 4)];
    VERBS.iter().find(|(verb, _)| operation.starts_with(verb)).map_or(99, |(_, activity)| *activity)
}

fn map_cloud(event: &mut Event, record: &mut Fields<'_>) {
    event.text(Col::CloudProvider, "AWS");
    event.text_opt(Col::CloudRegion, record.text("awsRegion"));
    event.text_opt(Col::CloudAccountUid, record.text("recipientAccountId"));
    event.text_opt(Col::MetadataUid, record.text("eventID"));
    event.text_opt(Col::ApiRequestUid, record.text("requestID"));
}

fn map_actor(event: &mut Event, record: &mut Fields<'_>) {
    event.text_opt(Col::ActorUserType, record.text("userIdentity.type"));
    event.text_opt(Col::ActorUserUid, record.text("userIdentity.arn"));
    event.text_opt(Col::ActorUserName, record.text("userIdentity.userName"));
    event.text_opt(Col::ActorUserCredentialUid, record.text("userIdentity.accessKeyId"));
}

fn map_source(event: &mut Event, record: &mut Fields<'_>) {
    match record.text("sourceIPAddress") {
        Some(address) if is_ip(&address) => event.text(Col::SrcEndpointIp, address),
        Some(service) => event.text(Col::SrcEndpointSvcName, service),
        None => {}
    }
    event.text_opt(Col::HttpRequestUserAgent, record.text("userAgent"));
}

fn map_outcome(event: &mut Event, record: &mut Fields<'_>) {
    let error = record.text("errorCode");
    event.outcome(if error.is_some() { Outcome::Failure } else { Outcome::Success });
    event.text_opt(Col::StatusCode, error);
    event.text_opt(Col::StatusDetail, record.text("errorMessage"));
}
