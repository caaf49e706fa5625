//! AWS CloudTrail: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>.
//!
//! Records come in `Records` objects, in arrays, one a line, or inside the envelopes of CloudWatch Logs (`logEvents[].message`),
//! EventBridge (`detail`) and the command `aws cloudtrail lookup-events` (`Events[].CloudTrailEvent`). Classes and attributes follow AWS Security Lake and the CloudTrail mappings of <https://github.com/ocsf/examples>:
//! sign-ins and role sessions are Authentication, changes of IAM users and roles Account Change, of groups Group Management, the
//! rest API Activity.

mod operations;
mod resources;

use coldtrail_model::{Class, Col, Event, Outcome};

use crate::Reason;
use crate::detect::FirstLook;
use crate::fields::Fields;
use crate::parse::is_ip;
use crate::sources::envelope::{has_json_text, map_inner};
use crate::sources::{Format, Mapping};

use operations::classify;
use resources::{map_resources, name_in_arn};

/// CloudTrail records.
#[derive(Debug, Default)]
pub(crate) struct CloudTrail;

impl Mapping for CloudTrail {
    fn format(&self, _head: &[u8]) -> Format {
        Format::Json { envelope_keys: &["Records", "logEvents", "Events"] }
    }

    fn map_json(&mut self, record: &mut Fields<'_>) -> Result<Event, Reason> {
        if record.has("detail.eventVersion") {
            return map_inner(record, "detail", map_record);
        }
        for path in ["message", "CloudTrailEvent"] {
            if !record.has("eventName") && has_json_text(record, path) {
                return map_inner(record, path, map_record);
            }
        }
        map_record(record)
    }
}

/// True if an object that begins like this is CloudTrail's.
pub(crate) fn recognises(look: &FirstLook<'_>) -> bool {
    let is_in_message = |record: &Fields<'_>| {
        record.peek_text("message").is_some_and(|text| {
            text.starts_with('{') && text.contains("\"eventVersion\"") && text.contains("\"eventSource\"") && text.contains("\"eventName\"")
        })
    };
    look.record_has(&["eventSource", "eventName", "eventVersion"])
        || look.record_has(&["insightDetails", "eventVersion"])
        || look.record_has(&["detail.eventSource", "detail.eventName", "detail.eventVersion"])
        || look.record_has(&["CloudTrailEvent"])
        || look.record.as_ref().is_some_and(is_in_message)
}

/// The keys of a record at the top, which tables of Athena and other lakes have in small letters:
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>.
const KEYS: &[&str] = &[
    "eventVersion",
    "userIdentity",
    "eventTime",
    "eventSource",
    "eventName",
    "awsRegion",
    "sourceIPAddress",
    "userAgent",
    "errorCode",
    "errorMessage",
    "requestParameters",
    "responseElements",
    "additionalEventData",
    "requestID",
    "eventID",
    "eventType",
    "apiVersion",
    "managementEvent",
    "readOnly",
    "resources",
    "recipientAccountId",
    "serviceEventDetails",
    "sharedEventID",
    "vpcEndpointId",
    "eventCategory",
    "tlsDetails",
];

fn map_record(record: &mut Fields<'_>) -> Result<Event, Reason> {
    if !record.has("eventName") && record.has("eventname") {
        record.spell(KEYS);
    }
    if !["eventName", "eventSource", "eventType", "insightDetails"].iter().any(|field| record.has(field)) {
        return Err(Reason::Missing { field: "eventName" });
    }
    let time = time_of(record)?;
    let (class, activity_id) = classify(record);
    let mut event = Event::new(class, activity_id, time);
    if activity_id == 99 {
        event.activity_other(record.peek_text("eventName").unwrap_or("Other"));
    }
    map_metadata(&mut event, record);
    map_cloud(&mut event, record);
    map_actor(&mut event, record);
    map_session(&mut event, record);
    map_source(&mut event, record);
    let outcome = map_outcome(&mut event, record);
    match class {
        Class::Authentication => map_sign_in(&mut event, record, outcome),
        Class::AccountChange => map_account_change(&mut event, record),
        Class::GroupManagement => map_group_change(&mut event, record),
        _ => map_resources(&mut event, record),
    }
    map_api(&mut event, record);
    Ok(event)
}

/// `eventTime`; Logstash moves it to `@timestamp`, Panther repeats it in `p_event_time`.
fn time_of(record: &mut Fields<'_>) -> Result<i64, Reason> {
    if let Some(time) = record.time("eventTime") {
        return Ok(time);
    }
    match record.peek_text("eventTime") {
        Some(text) => Err(Reason::bad_field("eventTime", text, "an RFC 3339 time")),
        None => {
            let moved = record.time("@timestamp").or_else(|| record.time("p_event_time"));
            moved.ok_or(Reason::Missing { field: "eventTime" })
        }
    }
}

fn map_metadata(event: &mut Event, record: &mut Fields<'_>) {
    event.text(Col::MetadataProductName, "CloudTrail");
    event.text(Col::MetadataProductVendorName, "AWS");
    event.text_opt(Col::MetadataProductVersion, record.text("eventVersion"));
    event.text_opt(Col::MetadataProductFeatureName, record.text("eventCategory"));
    event.text_opt(Col::MetadataEventCode, record.text("eventType"));
    event.text_opt(Col::MetadataUid, record.text("eventID"));
    event.text_opt(Col::MetadataCorrelationUid, record.text("sharedEventID"));
}

fn map_cloud(event: &mut Event, record: &mut Fields<'_>) {
    event.text(Col::CloudProvider, "AWS");
    event.text_opt(Col::CloudRegion, record.text("awsRegion"));
    event.text_opt(Col::CloudAccountUid, record.peek_text("userIdentity.accountId"));
    event.text_opt(Col::CloudAccountUid, record.text("recipientAccountId"));
}

/// Who acted: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html>.
fn map_actor(event: &mut Event, record: &mut Fields<'_>) {
    let kind = record.text("userIdentity.type");
    if let Some(kind) = &kind {
        event.text(Col::ActorUserType, kind);
        event.long(Col::ActorUserTypeId, user_type_id(kind));
    }
    event.text_opt(Col::ActorUserName, session_name(kind.as_deref(), record));
    event.text_opt(Col::ActorUserName, record.peek_text("additionalEventData.UserName"));
    event.text_opt(Col::ActorUserName, record.text("userIdentity.userName"));
    event.text_opt(Col::ActorUserUid, record.peek_text("userIdentity.principalId"));
    event.text_opt(Col::ActorUserUid, record.text("userIdentity.onBehalfOf.userId"));
    event.text_opt(Col::ActorUserUid, record.text("userIdentity.arn"));
    event.text_opt(Col::ActorUserUidAlt, record.text("userIdentity.principalId"));
    event.text_opt(Col::ActorUserAccountUid, record.text("userIdentity.accountId"));
    event.text_opt(Col::ActorUserCredentialUid, record.text("userIdentity.credentialId"));
    event.text_opt(Col::ActorUserCredentialUid, record.text("userIdentity.accessKeyId"));
    event.text_opt(Col::ActorInvokedBy, record.text("userIdentity.invokedBy"));
    event.text_opt(Col::ActorIdpName, record.text("userIdentity.identityProvider"));
}

fn user_type_id(kind: &str) -> i64 {
    match kind {
        "IAMUser" | "FederatedUser" | "SAMLUser" | "WebIdentityUser" | "IdentityCenterUser" | "Directory" => 1,
        "Root" => 2,
        "AWSService" => 3,
        "Unknown" => 0,
        _ => 99,
    }
}

/// The name of an identity that has no `userName`: of a role session the session's name, which for people is often their own.
fn session_name<'r>(kind: Option<&str>, record: &'r Fields<'_>) -> Option<&'r str> {
    match kind? {
        "Root" => Some("root"),
        "AssumedRole" | "FederatedUser" => record
            .peek_text("userIdentity.principalId")
            .and_then(|principal| principal.split_once(':'))
            .map(|(_, session)| session)
            .or_else(|| record.peek_text("userIdentity.arn").and_then(name_in_arn)),
        _ => None,
    }
}

fn map_session(event: &mut Event, record: &mut Fields<'_>) {
    if !record.has("userIdentity.sessionContext") {
        return;
    }
    event.text_opt(Col::ActorSessionIssuer, record.text("userIdentity.sessionContext.sessionIssuer.arn"));
    event.flag_opt(Col::ActorSessionIsMfa, record.flag("userIdentity.sessionContext.attributes.mfaAuthenticated"));
    event.time_opt(Col::ActorSessionCreatedTime, record.time("userIdentity.sessionContext.attributes.creationDate"));
    event.text_opt(Col::ActorIdpName, record.text("userIdentity.sessionContext.webIdFederationData.federatedProvider"));
}

/// Where it came from: an address, a service such as `ec2.amazonaws.com`, or `AWS Internal`.
fn map_source(event: &mut Event, record: &mut Fields<'_>) {
    match record.text("sourceIPAddress") {
        Some(address) if is_ip(&address) => event.text(Col::SrcEndpointIp, address),
        Some(service) => {
            if service.contains('.') && !service.contains(' ') {
                event.text(Col::SrcEndpointDomain, &service);
            }
            event.text(Col::SrcEndpointSvcName, service);
            if record.peek_text("serviceEventDetails.sourceIpAddress").is_some_and(is_ip) {
                event.text_opt(Col::SrcEndpointIp, record.text("serviceEventDetails.sourceIpAddress"));
            }
        }
        None => {}
    }
    event.text_opt(Col::SrcEndpointUid, record.text("vpcEndpointId"));
    event.text_opt(Col::HttpRequestUserAgent, record.text("userAgent"));
    if event.class().has(Col::DstEndpointHostname) {
        event.text_opt(Col::DstEndpointHostname, record.text("tlsDetails.clientProvidedHostHeader"));
    }
    if event.class().has(Col::HttpResponseBodyLength) {
        event.long_opt(Col::HttpRequestBodyLength, record.long("additionalEventData.bytesTransferredIn"));
        event.long_opt(Col::HttpResponseBodyLength, record.long("additionalEventData.bytesTransferredOut"));
    }
}

/// An `errorCode`, or the word that sign-in events give under their own name (`"ConsoleLogin": "Failure"`).
fn map_outcome(event: &mut Event, record: &mut Fields<'_>) -> Outcome {
    let failed_by_word = ["responseElements", "serviceEventDetails"].iter().any(|part| {
        let word = record.peek_text("eventName").and_then(|name| record.peek_text(&format!("{part}.{name}")));
        word.is_some_and(|word| word.eq_ignore_ascii_case("failure"))
    });
    let error = record.text("errorCode");
    let is_failure = error.is_some() || failed_by_word || (record.has("errorMessage") && event.class() == Class::Authentication);
    let outcome = if is_failure { Outcome::Failure } else { Outcome::Success };
    event.outcome(outcome);
    event.text_opt(Col::ApiResponseError, error.as_ref());
    event.text_opt(Col::StatusCode, error);
    let message = record.text("errorMessage");
    event.text_opt(Col::ApiResponseMessage, message.as_ref());
    event.text_opt(Col::StatusDetail, message);
    outcome
}

/// Who signed in, or which role a session was opened for. The id and key of a new session are those that its calls will carry.
fn map_sign_in(event: &mut Event, record: &mut Fields<'_>, outcome: Outcome) {
    const SESSION: &str = "responseElements.credentials.accessKeyId";
    if record.has("requestParameters.roleArn") || record.has("responseElements.assumedRoleUser") {
        event.text(Col::UserType, "Role");
        event.text_opt(Col::UserUid, record.peek_text("responseElements.assumedRoleUser.arn"));
        event.text_opt(Col::UserUid, record.peek_text("requestParameters.roleArn"));
        event.text_opt(Col::UserUidAlt, record.peek_text("responseElements.assumedRoleUser.assumedRoleId"));
        event.text_opt(Col::UserName, record.peek_text("requestParameters.roleSessionName"));
    } else if record.has("responseElements.federatedUser") {
        event.text(Col::UserType, "FederatedUser");
        event.text_opt(Col::UserUid, record.peek_text("responseElements.federatedUser.arn"));
        event.text_opt(Col::UserUidAlt, record.peek_text("responseElements.federatedUser.federatedUserId"));
        event.text_opt(Col::UserName, record.peek_text("requestParameters.name"));
    } else {
        map_user_from_actor(event);
    }
    event.text_opt(Col::UserCredentialUid, record.peek_text(SESSION));
    event.text_opt(Col::ServiceName, record.peek_text("eventSource"));
    event.text_opt(Col::DstEndpointSvcName, record.text("additionalEventData.LoginTo"));
    match record.peek_text("eventName") {
        Some("AssumeRoleWithSAML") => auth_protocol(event, 5, "SAML"),
        Some("AssumeRoleWithWebIdentity") => auth_protocol(event, 4, "OpenID"),
        _ => {}
    }
    event.flag_opt(Col::IsMfa, second_factor(record, outcome));
}

fn auth_protocol(event: &mut Event, id: i64, name: &str) {
    event.long(Col::AuthProtocolId, id);
    event.text(Col::AuthProtocol, name);
}

/// The console says it; STS answers with success only if the factor that the request names was right. Otherwise nothing is known.
fn second_factor(record: &mut Fields<'_>, outcome: Outcome) -> Option<bool> {
    match record.peek_text("additionalEventData.MFAUsed") {
        Some("Yes") => record.take("additionalEventData.MFAUsed").map(|_| true),
        Some("No") => record.take("additionalEventData.MFAUsed").map(|_| false),
        _ => (record.has("requestParameters.serialNumber") && outcome == Outcome::Success).then_some(true),
    }
}

fn map_user_from_actor(event: &mut Event) {
    const SAME: &[(Col, Col)] = &[
        (Col::ActorUserName, Col::UserName),
        (Col::ActorUserUid, Col::UserUid),
        (Col::ActorUserUidAlt, Col::UserUidAlt),
        (Col::ActorUserType, Col::UserType),
        (Col::ActorUserAccountUid, Col::UserAccountUid),
    ];
    for (from, to) in SAME {
        let text = event.get_text(*from).map(str::to_owned);
        event.text_opt(*to, text);
    }
}

/// The user or role that was changed; without a name in the request it is the caller's own.
fn map_account_change(event: &mut Event, record: &mut Fields<'_>) {
    map_changed_user(event, record);
    if event.get(Col::UserName).is_none() && event.get(Col::UserUid).is_none() {
        map_user_from_actor(event);
    }
    let key = ["responseElements.accessKey.accessKeyId", "requestParameters.accessKeyId"];
    event.text_opt(Col::UserCredentialUid, key.iter().find_map(|path| record.peek_text(path)));
    map_policy(event, record);
}

fn map_changed_user(event: &mut Event, record: &Fields<'_>) {
    const NAMES: &[(&str, &str)] = &[
        ("requestParameters.userName", "User"),
        ("responseElements.user.userName", "User"),
        ("responseElements.accessKey.userName", "User"),
        ("requestParameters.roleName", "Role"),
        ("responseElements.role.roleName", "Role"),
    ];
    if let Some((name, kind)) = NAMES.iter().find_map(|(path, kind)| Some((record.peek_text(path)?, *kind))) {
        event.text(Col::UserName, name);
        event.text(Col::UserType, kind);
    }
    let first = |paths: &[&str]| paths.iter().find_map(|path| record.peek_text(path)).map(str::to_owned);
    event.text_opt(Col::UserUid, first(&["responseElements.user.arn", "responseElements.role.arn"]));
    event.text_opt(Col::UserUidAlt, first(&["responseElements.user.userId", "responseElements.role.roleId", "requestParameters.userId"]));
}

/// A group that was made, removed, filled or emptied, or given or denied a policy.
fn map_group_change(event: &mut Event, record: &mut Fields<'_>) {
    let first = |paths: &[&str]| paths.iter().find_map(|path| record.peek_text(path)).map(str::to_owned);
    event.text_opt(
        Col::GroupName,
        first(&["requestParameters.groupName", "responseElements.group.groupName", "requestParameters.displayName"]),
    );
    event.text_opt(Col::GroupUid, first(&["responseElements.group.arn", "requestParameters.groupId", "responseElements.groupId"]));
    map_changed_user(event, record);
    event.text_opt(
        Col::UserUid,
        first(&["requestParameters.member.memberId", "requestParameters.memberId.userId", "requestParameters.memberId"]),
    );
    map_policy(event, record);
}

fn map_policy(event: &mut Event, record: &Fields<'_>) {
    let uid = record.peek_text("requestParameters.policyArn");
    event.text_opt(Col::PolicyUid, uid);
    event.text_opt(Col::PolicyName, record.peek_text("requestParameters.policyName").or_else(|| uid.and_then(name_in_arn)));
}

/// Last, because the others look into the parameters and the answer.
fn map_api(event: &mut Event, record: &mut Fields<'_>) {
    event.text_opt(Col::ApiOperation, record.text("eventName").or_else(|| record.text("insightDetails.eventName")));
    event.text_opt(Col::ApiServiceName, record.text("eventSource").or_else(|| record.text("insightDetails.eventSource")));
    event.text_opt(Col::ApiVersion, record.text("apiVersion"));
    event.text_opt(Col::ApiRequestUid, record.text("requestID"));
    if let Some(parameters) = record.json("requestParameters") {
        event.owned_text(Col::ApiRequestData, parameters);
    }
    if let Some(answer) = record.json("responseElements") {
        event.owned_text(Col::ApiResponseData, answer);
    }
}

#[cfg(test)]
mod tests;
