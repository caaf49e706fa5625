//! Kubernetes audit events: <https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/>.
//!
//! As the API server writes them (one event a line or an `EventList`), as EKS hands them to CloudWatch Logs (`message`), as AKS hands
//! them to Azure Monitor (`properties.log`), and as GKE hands them to Cloud Logging, which are read as Google Cloud audit logs.
//! Every event is API Activity, as in the EKS mapping of <https://github.com/ocsf/examples>.

use coldtrail_model::{Class, Col, Event, Outcome};

use crate::Reason;
use crate::detect::FirstLook;
use crate::fields::Fields;
use crate::parse::{is_email_address, is_ip};
use crate::sources::envelope::{has_json_text, map_inner};
use crate::sources::gcp_audit::map_log_entry;
use crate::sources::{Format, Mapping};

/// Kubernetes audit events.
#[derive(Debug, Default)]
pub(crate) struct K8sAudit;

impl Mapping for K8sAudit {
    fn format(&self, _head: &[u8]) -> Format {
        Format::Json { envelope_keys: &["items", "logEvents", "records", "events"] }
    }

    fn map_json(&mut self, record: &mut Fields<'_>) -> Result<Event, Reason> {
        if record.has("protoPayload") {
            return map_log_entry(record);
        }
        if has_json_text(record, "properties.log") {
            let received = record.time("time");
            return map_inner(record, "properties.log", |event| map_audit(event, &AKS, received));
        }
        if !record.has("auditID") && !record.has("verb") && has_json_text(record, "message") {
            let received = record.peek("timestamp").and_then(|timestamp| timestamp.as_i64());
            return map_inner(record, "message", |event| map_audit(event, &EKS, received));
        }
        let product = if is_of_eks(record) { &EKS } else { &KUBERNETES };
        map_audit(record, product, None)
    }
}

/// True if an object that begins like this holds audit events. Those of GKE are Google Cloud's.
pub(crate) fn recognises(look: &FirstLook<'_>) -> bool {
    let Some(record) = &look.record else { return false };
    let is_inside = |path: &str| record.peek_text(path).is_some_and(|text| text.contains("audit.k8s.io/"));
    record.peek_text("apiVersion").is_some_and(|version| version.starts_with("audit.k8s.io/"))
        || look.record_has(&["auditID", "verb", "stage"])
        || is_inside("properties.log")
        || is_inside("message")
}

/// Whose cluster it is.
struct Product {
    name: &'static str,
    vendor: &'static str,
    feature: &'static str,
    cloud: &'static str,
}

const KUBERNETES: Product = Product { name: "Kubernetes", vendor: "Kubernetes", feature: "", cloud: "" };
const EKS: Product = Product { name: "Amazon EKS", vendor: "AWS", feature: "Elastic Kubernetes Service", cloud: "AWS" };
const AKS: Product = Product { name: "Azure Kubernetes Service", vendor: "Microsoft", feature: "", cloud: "Azure" };

/// The authenticator of EKS says which AWS identity a user is.
fn is_of_eks(record: &Fields<'_>) -> bool {
    let has_authenticator = |uid: &str| uid.starts_with("heptio-authenticator-aws:") || uid.starts_with("aws-iam-authenticator:");
    record.has("user.extra.canonicalArn") || record.has("user.extra.arn") || record.peek_text("user.uid").is_some_and(has_authenticator)
}

/// Where else the time may be: in events before audit.k8s.io/v1, and where Panther repeats it.
const OTHER_TIMES: &[&str] = &["timestamp", "metadata.creationTimestamp", "p_event_time"];

/// Maps one audit event; `received` is when the envelope says that it was logged.
fn map_audit(record: &mut Fields<'_>, product: &Product, received: Option<i64>) -> Result<Event, Reason> {
    if !["verb", "auditID", "requestURI"].iter().any(|field| record.has(field)) {
        return Err(Reason::Missing { field: "verb" });
    }
    let (begun, ended) = (record.time("requestReceivedTimestamp"), record.time("stageTimestamp"));
    let kept = || OTHER_TIMES.iter().find_map(|path| record.time(path));
    let time = ended.or(begun).or(received).or_else(kept).ok_or(Reason::Missing { field: "stageTimestamp" })?;
    let mut event = Event::new(Class::ApiActivity, 0, time);
    if let Some(verb) = record.text("verb") {
        match activity_of(&verb) {
            99 => event.activity_other(&verb),
            activity => event.activity(activity),
        }
        event.text(Col::ApiOperation, verb);
    }
    map_times(&mut event, begun, ended);
    map_metadata(&mut event, record, product);
    map_user(&mut event, record);
    map_source(&mut event, record);
    map_object(&mut event, record);
    map_outcome(&mut event, record);
    Ok(event)
}

fn activity_of(verb: &str) -> i32 {
    match verb {
        "create" | "post" => 1,
        "get" | "list" | "watch" | "head" | "options" => 2,
        "update" | "patch" | "put" => 3,
        "delete" | "deletecollection" => 4,
        _ => 99,
    }
}

fn map_times(event: &mut Event, begun: Option<i64>, ended: Option<i64>) {
    event.time_opt(Col::StartTime, begun);
    event.time_opt(Col::EndTime, ended);
    let duration = ended.zip(begun).and_then(|(ended, begun)| ended.checked_sub(begun)).filter(|duration| *duration >= 0);
    event.long_opt(Col::Duration, duration);
}

fn map_metadata(event: &mut Event, record: &mut Fields<'_>, product: &Product) {
    event.text(Col::MetadataProductName, product.name);
    event.text(Col::MetadataProductVendorName, product.vendor);
    event.text(Col::MetadataProductFeatureName, product.feature);
    event.text_opt(Col::MetadataProductVersion, record.text("apiVersion"));
    event.text(Col::CloudProvider, product.cloud);
    event.text_opt(Col::MetadataLogName, record.text("kind"));
    event.text_opt(Col::MetadataLogLevel, record.text("level"));
    event.text_opt(Col::Message, record.text("stage"));
    let id = record.text("auditID");
    event.text_opt(Col::MetadataUid, id.as_ref());
    event.text_opt(Col::ApiRequestUid, id);
}

/// Who asked, as the API server authenticated it. Whom it stood in for is in `unmapped`.
fn map_user(event: &mut Event, record: &mut Fields<'_>) {
    if let Some(name) = record.text("user.username") {
        if name.starts_with("system:serviceaccount:") {
            event.text(Col::ActorUserType, "Service");
            event.long(Col::ActorUserTypeId, 4);
        }
        event.text(Col::ActorUserName, &name);
        if is_email_address(&name) {
            event.text(Col::ActorUserEmailAddr, name);
        }
    }
    event.text_opt(Col::ActorUserUid, record.text("user.uid"));
    event.list(Col::ActorUserGroupsName, record.texts("user.groups"));
    if let Some(arn) = first_text(record, "user.extra.arn") {
        event.text_opt(Col::CloudAccountUid, arn.split(':').nth(4));
        event.text(Col::ActorUserUidAlt, arn);
    }
    event.text_opt(Col::ActorSessionCredentialUid, first_text(record, "user.extra.accessKeyId"));
    event.text_opt(Col::ActorSessionIssuer, first_text(record, "user.extra.canonicalArn"));
    event.text_opt(Col::ActorSessionUid, first_text(record, "user.extra.sessionName"));
    event.text_opt(Col::ActorAuthorizationsDecision, record.text_of_key("annotations", "authorization.k8s.io/decision"));
    event.text_opt(Col::ActorAuthorizationsPolicyDesc, record.text_of_key("annotations", "authorization.k8s.io/reason"));
}

/// The text of a list of one; a longer list is left.
fn first_text(record: &mut Fields<'_>, path: &str) -> Option<String> {
    if record.has(&format!("{path}.1")) {
        return None;
    }
    record.texts(path).into_iter().next().map(std::borrow::Cow::into_owned)
}

/// The first address is the client's, or the one it claims; the rest are proxies on the way.
fn map_source(event: &mut Event, record: &mut Fields<'_>) {
    let mut addresses = record.texts("sourceIPs").into_iter();
    match addresses.next() {
        Some(address) if is_ip(&address) => event.text(Col::SrcEndpointIp, address),
        Some(name) => event.text(Col::SrcEndpointName, name),
        None => {}
    }
    event.list(Col::SrcEndpointIntermediateIps, addresses);
    event.text_opt(Col::HttpRequestUserAgent, record.text("userAgent"));
    if let Some(uri) = record.text("requestURI") {
        let (path, query) = uri.split_once('?').unwrap_or((&uri, ""));
        event.text(Col::HttpRequestUrlPath, path);
        event.text(Col::HttpRequestUrlQueryString, query);
    }
}

/// What was asked for: a type is written as in RBAC rules, `pods` or `pods/exec`.
fn map_object(event: &mut Event, record: &mut Fields<'_>) {
    let kind = record.text("objectRef.resource");
    let kind = match (kind, record.text("objectRef.subresource")) {
        (Some(kind), Some(part)) => Some(format!("{kind}/{part}")),
        (kind, part) => kind.or(part).map(std::borrow::Cow::into_owned),
    };
    event.text_opt(Col::ResourcesType, kind);
    event.text_opt(Col::ResourcesName, record.text("objectRef.name"));
    event.text_opt(Col::ResourcesNamespace, record.text("objectRef.namespace"));
    event.text_opt(Col::ResourcesUid, record.text("objectRef.uid"));
    event.text_opt(Col::ApiVersion, record.text("objectRef.apiVersion"));
    event.text_opt(Col::ApiGroupName, record.text("objectRef.apiGroup"));
    if let Some(object) = record.json("requestObject") {
        event.owned_text(Col::ApiRequestData, object);
    }
    if let Some(object) = record.json("responseObject") {
        event.owned_text(Col::ApiResponseData, object);
    }
}

fn map_outcome(event: &mut Event, record: &mut Fields<'_>) {
    let code = record.long("responseStatus.code");
    event.outcome(match code {
        Some(code) if code >= 400 => Outcome::Failure,
        Some(_) => Outcome::Success,
        None if event.get_text(Col::Message) == Some("Panic") => Outcome::Failure,
        None => Outcome::Unknown,
    });
    event.long_opt(Col::ApiResponseCode, code);
    event.text_opt(Col::StatusCode, code.map(|code| code.to_string()));
    event.text_opt(Col::ApiResponseError, record.text("responseStatus.reason"));
    let message = record.text("responseStatus.message");
    event.text_opt(Col::ApiResponseMessage, message.as_ref());
    event.text_opt(Col::StatusDetail, message);
}

#[cfg(test)]
mod tests;
