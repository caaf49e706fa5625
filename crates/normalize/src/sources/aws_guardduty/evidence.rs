//! What was seen: `service.action`, the actor and the process as OCSF evidence.

use coldtrail_model::{Col, Event};
use serde_json::{Map, Value as Json, json};

use crate::fields::Fields;

/// Places the evidence, of which the first has its own columns. The action as GuardDuty wrote it goes along.
pub(super) fn map_evidence(event: &mut Event, finding: &mut Fields<'_>) {
    let mut evidences = actions(finding);
    let first = evidences.first_mut();
    let mut none = Map::new();
    let is_new = first.is_none();
    let first = first.unwrap_or(&mut none);
    add_actor(first, finding);
    add_process(first, finding);
    if let Some(action) = finding.json("service.action").and_then(|action| serde_json::from_str::<Json>(&action).ok()) {
        first.insert("data".to_owned(), action);
    }
    if is_new && !none.is_empty() {
        evidences.push(none);
    }
    let Some(first) = evidences.first() else { return };
    map_first(event, &Json::Object(first.clone()));
    event.owned_text(Col::Evidences, Json::Array(evidences.into_iter().map(Json::Object).collect()).to_string());
}

fn map_first(event: &mut Event, first: &Json) {
    const TEXTS: &[(&str, Col)] = &[
        ("/src_endpoint/ip", Col::EvidencesSrcEndpointIp),
        ("/dst_endpoint/ip", Col::EvidencesDstEndpointIp),
        ("/actor/user/name", Col::EvidencesActorUserName),
        ("/actor/user/uid", Col::EvidencesActorUserUid),
        ("/actor/user/credential_uid", Col::EvidencesActorUserCredentialUid),
        ("/api/operation", Col::EvidencesApiOperation),
        ("/api/service/name", Col::EvidencesApiServiceName),
        ("/process/name", Col::EvidencesProcessName),
        ("/process/file/path", Col::EvidencesProcessFilePath),
        ("/query/hostname", Col::EvidencesQueryHostname),
    ];
    for (pointer, col) in TEXTS {
        event.text_opt(*col, first.pointer(pointer).and_then(Json::as_str));
    }
    event.long_opt(Col::EvidencesSrcEndpointPort, first.pointer("/src_endpoint/port").and_then(Json::as_i64));
    event.long_opt(Col::EvidencesDstEndpointPort, first.pointer("/dst_endpoint/port").and_then(Json::as_i64));
}

/// One evidence an action; a port probe has several.
fn actions(finding: &Fields<'_>) -> Vec<Map<String, Json>> {
    let action = |name: &str| format!("service.action.{name}");
    match finding.peek_text("service.action.actionType") {
        Some("NETWORK_CONNECTION") => vec![connection(finding, &action("networkConnectionAction"))],
        Some("PORT_PROBE") => {
            let probe = |number: usize| action(&format!("portProbeAction.portProbeDetails.{number}"));
            (0..).map(probe).take_while(|path| finding.has(path)).map(|path| with_ends(finding, &path, true)).collect()
        }
        Some("AWS_API_CALL") => vec![api_call(finding, &action("awsApiCallAction"), "api", "serviceName")],
        Some("KUBERNETES_API_CALL") => vec![api_call(finding, &action("kubernetesApiCallAction"), "verb", "resource")],
        Some("DNS_REQUEST") => {
            let domain = finding.peek_text("service.action.dnsRequestAction.domain");
            domain.map(|domain| Map::from_iter([("query".to_owned(), json!({"hostname": domain}))])).into_iter().collect()
        }
        Some("RDS_LOGIN_ATTEMPT") => vec![with_ends(finding, &action("rdsLoginAttemptAction"), true)],
        _ => Vec::new(),
    }
}

fn connection(finding: &Fields<'_>, path: &str) -> Map<String, Json> {
    let is_inbound = match finding.peek_text(&format!("{path}.connectionDirection")) {
        Some("INBOUND") => true,
        Some("OUTBOUND") => false,
        _ => finding.peek_text("service.resourceRole") != Some("ACTOR"),
    };
    let mut evidence = with_ends(finding, path, is_inbound);
    if let Some(protocol) = finding.peek_text(&format!("{path}.protocol")) {
        let direction_id = if is_inbound { 1 } else { 2 };
        evidence.insert("connection_info".to_owned(), json!({"protocol_name": protocol.to_lowercase(), "direction_id": direction_id}));
    }
    evidence
}

fn api_call(finding: &Fields<'_>, path: &str, operation: &str, service: &str) -> Map<String, Json> {
    let mut evidence = with_ends(finding, path, true);
    let text = |name: &str| finding.peek_text(&format!("{path}.{name}"));
    if let Some(operation) = text(operation) {
        let mut api = json!({"operation": operation});
        if let Some(service) = text(service) {
            api["service"] = json!({"name": service});
        }
        if let Some(error) = text("errorCode") {
            api["response"] = json!({"error": error});
        }
        evidence.insert("api".to_owned(), api);
    }
    if let (Some(domain), false) = (text("domainDetails.domain"), evidence.contains_key("src_endpoint")) {
        evidence.insert("src_endpoint".to_owned(), json!({"domain": domain}));
    }
    evidence
}

/// The ends of an action: the remote one is the source of what comes in.
fn with_ends(finding: &Fields<'_>, path: &str, is_inbound: bool) -> Map<String, Json> {
    let (remote, local) = (endpoint(finding, path, "remote"), endpoint(finding, path, "local"));
    let ends =
        if is_inbound { [("src_endpoint", remote), ("dst_endpoint", local)] } else { [("src_endpoint", local), ("dst_endpoint", remote)] };
    ends.into_iter().filter_map(|(key, end)| Some((key.to_owned(), end?))).collect()
}

fn endpoint(finding: &Fields<'_>, path: &str, side: &str) -> Option<Json> {
    let details = format!("{path}.{side}IpDetails");
    let text = |name: &str| finding.peek_text(&format!("{details}.{name}"));
    let mut end = Map::new();
    if let Some(ip) = text("ipAddressV4").or_else(|| text("ipAddressV6")) {
        end.insert("ip".to_owned(), json!(ip));
    }
    if let Some(port) = finding.peek(&format!("{path}.{side}PortDetails.port")).and_then(|port| port.as_i64()) {
        end.insert("port".to_owned(), json!(port));
    }
    let places = [("country", text("country.countryName")), ("city", text("city.cityName")), ("isp", text("organization.isp"))];
    let location: Map<_, _> = places.into_iter().filter_map(|(key, place)| Some((key.to_owned(), json!(place?)))).collect();
    if !location.is_empty() {
        end.insert("location".to_owned(), Json::Object(location));
    }
    if let Some(number) = text("organization.asn").and_then(|number| number.parse::<i64>().ok()).filter(|number| *number > 0) {
        let name = text("organization.asnOrg").unwrap_or("Unknown");
        end.insert("autonomous_system".to_owned(), json!({"number": number, "name": name}));
    }
    (end.contains_key("ip") || end.contains_key("port")).then_some(Json::Object(end))
}

/// Who acted: the owner of an access key, a user of a cluster or of a database.
fn add_actor(evidence: &mut Map<String, Json>, finding: &Fields<'_>) {
    const PLACES: &[(&str, [&str; 4])] = &[
        ("resource.kubernetesDetails.kubernetesUserDetails", ["username", "uid", "", ""]),
        ("resource.accessKeyDetails", ["userName", "principalId", "accessKeyId", "userType"]),
        ("resource.rdsDbUserDetails", ["user", "", "", ""]),
    ];
    let has_name = |(place, names): &&(&str, [&str; 4])| finding.has(&format!("{place}.{}", names[0]));
    let Some((place, names)) = PLACES.iter().find(has_name) else { return };
    let keys = ["name", "uid", "credential_uid", "type"];
    let user: Map<_, _> = keys
        .into_iter()
        .zip(names)
        .filter_map(|(key, name)| Some((key.to_owned(), json!(finding.peek_text(&format!("{place}.{name}"))?))))
        .collect();
    if !user.is_empty() {
        evidence.insert("actor".to_owned(), json!({"user": user}));
    }
}

fn add_process(evidence: &mut Map<String, Json>, finding: &Fields<'_>) {
    let text = |name: &str| finding.peek_text(&format!("service.runtimeDetails.process.{name}"));
    let Some(name) = text("name") else { return };
    let mut process = json!({"name": name});
    if let Some(path) = text("executablePath") {
        process["file"] = json!({"path": path});
    }
    if let Some(pid) = finding.peek("service.runtimeDetails.process.pid").and_then(|pid| pid.as_i64()) {
        process["pid"] = json!(pid);
    }
    evidence.insert("process".to_owned(), process);
}
