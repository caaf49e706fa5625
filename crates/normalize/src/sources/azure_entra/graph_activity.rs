//! Calls of Microsoft Graph: <https://learn.microsoft.com/en-us/azure/azure-monitor/reference/tables/microsoftgraphactivitylogs>.

use coldtrail_model::{Class, Col, Event, Outcome};

use crate::Reason;
use crate::fields::Fields;
use crate::sources::azure::{ACTOR, Identity, put_address, take_method, time_of};

use super::{happened, map_caller, map_common};

/// Maps one call.
pub(super) fn map(envelope: &mut Fields<'_>, body: &mut Fields<'_>) -> Result<Event, Reason> {
    let time = happened(envelope, body, &["timeGenerated"])?;
    let method = take_method(body, "requestMethod");
    let mut event = Event::new(Class::ApiActivity, activity_of(method), time);
    map_common(&mut event, envelope, body, "Microsoft Graph");
    event.text_opt(Col::ApiOperation, method);
    event.text_opt(Col::HttpRequestHttpMethod, method);
    event.text(Col::ApiServiceName, "Microsoft Graph");
    event.text_opt(Col::ApiVersion, body.text("apiVersion"));
    let request = body.text("requestId");
    event.text_opt(Col::ApiRequestUid, request.as_ref());
    event.text_opt(Col::MetadataUid, request);
    body.forget("operationId", event.get_text(Col::MetadataCorrelationUid));
    event.text_opt(Col::MetadataCorrelationUid, body.text("operationId"));
    map_url(&mut event, body);
    map_caller_identity(&mut event, body);
    if let Some(address) = body.text("ipAddress") {
        put_address(&mut event, &address);
    }
    map_caller(&mut event, envelope);
    event.text_opt(Col::HttpRequestUserAgent, body.text("userAgent"));
    map_outcome(&mut event, envelope, body);
    Ok(event)
}

fn activity_of(method: Option<&str>) -> i32 {
    match method.unwrap_or_default() {
        "POST" => 1,
        "GET" | "HEAD" => 2,
        "PATCH" | "PUT" => 3,
        "DELETE" => 4,
        _ => 99,
    }
}

fn map_url(event: &mut Event, body: &mut Fields<'_>) {
    let Some(url) = body.text("requestUri") else { return };
    if let Some((scheme, rest)) = url.split_once("://") {
        let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        event.text(Col::HttpRequestUrlScheme, scheme);
        event.text(Col::HttpRequestUrlHostname, host);
        event.text(Col::HttpRequestUrlPath, path);
        event.text(Col::HttpRequestUrlQueryString, query);
        event.text(Col::ResourcesName, path);
    }
    event.text(Col::HttpRequestUrlUrlString, url);
}

/// A person with an application, or an application by itself. The id of the sign-in is that of its token in the sign-in log.
fn map_caller_identity(event: &mut Event, body: &mut Fields<'_>) {
    let user = body.text("userId");
    let service = body.text("servicePrincipalId");
    let (uid, kind, kind_id) = match (&user, &service) {
        (Some(user), _) => (Some(user.as_ref()), "User", 1),
        (None, Some(service)) => (Some(service.as_ref()), "Service", 4),
        (None, None) => (None, "Unknown", 0),
    };
    Identity { name: None, full_name: None, uid, kind: Some(kind), kind_id }.put(event, ACTOR);
    event.text_opt(Col::ActorAppUid, body.text("appId"));
    event.text_opt(Col::ActorSessionUid, body.text("sessionId"));
    event.text_opt(Col::ActorSessionUidAlt, body.text("signInActivityId"));
    event.time_opt(Col::ActorSessionCreatedTime, time_of(body, "tokenIssuedAt"));
    event.text_opt(Col::DeviceUid, body.text("deviceId"));
}

fn map_outcome(event: &mut Event, envelope: &mut Fields<'_>, body: &mut Fields<'_>) {
    let code = body.long("responseStatusCode");
    event.outcome(match code {
        Some(code) if (100..400).contains(&code) => Outcome::Success,
        Some(_) => Outcome::Failure,
        None => Outcome::Unknown,
    });
    let text = code.map(|code| code.to_string());
    envelope.forget("resultSignature", text.as_deref());
    event.text_opt(Col::StatusCode, text);
    event.long_opt(Col::HttpResponseCode, code);
    event.long_opt(Col::ApiResponseCode, code);
    event.long_opt(Col::HttpResponseBodyLength, body.long("responseSizeBytes"));
    event.long_opt(Col::Duration, body.long("durationMs").or_else(|| envelope.long("durationMs")));
}
