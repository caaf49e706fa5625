//! Amazon S3 server access logs: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/LogFormat.html>.
//!
//! Lines, and JSON with the names that Athena and Panther give the fields. Every request is Datastore Activity on a bucket.

use coldtrail_model::{Class, Col, Event, Outcome};

use crate::Reason;
use crate::detect::FirstLook;
use crate::fields::Fields;
use crate::parse::is_ip;
use crate::sources::access::{finish, log_time_ms, named, place, words};
use crate::sources::http_words::request_line;
use crate::sources::{Format, Mapped, Mapping};

/// Server access logs.
#[derive(Debug, Default)]
pub(crate) struct ServerAccess;

const ORDER: &[&str] = &[
    "bucketowner",
    "bucket",
    "time",
    "remoteip",
    "requester",
    "requestid",
    "operation",
    "key",
    "requesturi",
    "httpstatus",
    "errorcode",
    "bytessent",
    "objectsize",
    "totaltime",
    "turnaroundtime",
    "referrer",
    "useragent",
    "versionid",
    "hostid",
    "signatureversion",
    "ciphersuite",
    "authenticationtype",
    "hostheader",
    "tlsversion",
    "accesspointarn",
    "aclrequired",
];

impl Mapping for ServerAccess {
    fn format(&self, head: &[u8]) -> Format {
        match head.trim_ascii_start() {
            [b'{' | b'[', ..] if !head.starts_with(b"[2") => Format::Json { envelope_keys: &["Records", "records"] },
            _ => Format::Lines,
        }
    }

    fn map_line(&mut self, line: &str) -> Result<Mapped, Reason> {
        finish(line, named(ORDER, &words(line)), map_access).map(Mapped::Event)
    }

    fn map_json(&mut self, record: &mut Fields<'_>) -> Result<Event, Reason> {
        record.spell(ORDER);
        map_access(record)
    }
}

/// True if an object that begins like this is a server access log.
pub(crate) fn recognises(look: &FirstLook<'_>) -> bool {
    if look.record.is_some() {
        return look.record_has(&["bucketowner", "bucket", "operation", "remoteip"]);
    }
    let words = words(look.line);
    let is_operation = |word: &&&str| ["REST.", "SOAP.", "WEBSITE.", "BATCH.", "S3."].iter().any(|start| word.starts_with(start));
    words.get(2).is_some_and(|time| log_time_ms(time).is_some()) && words.get(6).as_ref().is_some_and(is_operation)
}

fn map_access(fields: &mut Fields<'_>) -> Result<Event, Reason> {
    let time = fields.text("time").ok_or(Reason::Missing { field: "time" })?;
    let time = log_time_ms(&time).ok_or_else(|| Reason::bad_field("time", &time, "a time such as 06/Feb/2019:00:00:38 +0000"))?;
    let operation = fields.text("operation").unwrap_or_default();
    let mut event = Event::new(Class::DatastoreActivity, 0, time);
    match activity_of(&operation) {
        99 => event.activity_other(&operation),
        known => event.activity(known),
    }
    event.text(Col::MetadataProductName, "Amazon S3");
    event.text(Col::MetadataProductVendorName, "AWS");
    event.text(Col::MetadataProductFeatureName, "Server Access Logs");
    event.text(Col::MetadataEventCode, &operation);
    event.text(Col::CloudProvider, "AWS");
    event.text(Col::ApiOperation, &operation);
    event.text(Col::ApiServiceName, "s3.amazonaws.com");
    event.long(Col::TypeId, 2);
    event.text(Col::Type, "Databucket");
    event.long(Col::DatabucketTypeId, 1);
    map_request(&mut event, fields);
    map_requester(&mut event, fields);
    place(
        &mut event,
        fields,
        &[
            (Col::DatabucketName, "bucket"),
            (Col::DatabucketFilePath, "key"),
            (Col::ApiRequestUid, "requestid"),
            (Col::HttpRequestUserAgent, "useragent"),
            (Col::Duration, "totaltime"),
        ],
    );
    let name = event.get_text(Col::DatabucketFilePath).map(|path| crate::parse::base_name(path).to_owned());
    event.text_opt(Col::DatabucketFileName, name);
    Ok(event)
}

/// `REST.PUT.OBJECT`: the method, and what it is about.
fn activity_of(operation: &str) -> i32 {
    let mut parts = operation.split('.').skip(1);
    match (parts.next().unwrap_or_default(), parts.next().unwrap_or_default()) {
        ("GET", "BUCKET" | "BUCKETVERSIONS" | "UPLOADS" | "SERVICE") => 8,
        ("GET" | "HEAD", _) => 1,
        ("PUT", "BUCKET") => 6,
        ("PUT" | "POST" | "COPY", "OBJECT" | "PART" | "UPLOAD" | "OBJECT_GET") => 5,
        ("PUT", _) => 2,
        ("DELETE", _) | ("EXPIRE", _) => 7,
        ("POST", "MULTI_OBJECT_DELETE") => 7,
        ("", "") => 0,
        _ => 99,
    }
}

fn map_request(event: &mut Event, fields: &mut Fields<'_>) {
    if let Some(line) = fields.text("requesturi") {
        let (method, target, _) = request_line(&line);
        event.text_opt(Col::HttpRequestHttpMethod, method);
        event.text_opt(Col::HttpRequestUrlUrlString, target);
    }
    if let Some(code) = fields.long("httpstatus") {
        event.long(Col::HttpResponseCode, code);
        event.long(Col::ApiResponseCode, code);
        event.outcome(if (100..400).contains(&code) { Outcome::Success } else { Outcome::Failure });
    }
    if let Some(error) = fields.text("errorcode") {
        event.text(Col::StatusCode, &error);
        event.text(Col::ApiResponseError, error);
    }
    if fields.peek_text("remoteip").is_some_and(is_ip) {
        event.text_opt(Col::SrcEndpointIp, fields.text("remoteip"));
    }
}

/// The canonical id of a user, the ARN of one in IAM or of a role, or nothing for an anonymous request.
fn map_requester(event: &mut Event, fields: &mut Fields<'_>) {
    let Some(requester) = fields.text("requester") else { return };
    if let Some(rest) = requester.strip_prefix("arn:") {
        let mut parts = rest.splitn(5, ':').skip(3);
        event.text_opt(Col::ActorUserAccountUid, parts.next());
        event.text_opt(Col::ActorUserName, parts.next().and_then(|name| name.rsplit('/').next()));
    }
    event.text(Col::ActorUserUid, requester);
}

#[cfg(test)]
mod tests;
