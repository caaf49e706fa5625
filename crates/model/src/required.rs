//! What OCSF 1.8.0 requires and a source may not say.

use serde_json::{Map, Value as Json, json};

use crate::Class;

/// Members that an object must have, by the key it stands under, with the value for "the source does not say".
const REQUIRED_MEMBERS: &[(&str, &str, Default)] = &[
    ("device", "type_id", Default::Zero),
    ("os", "type_id", Default::Zero),
    ("os", "name", Default::Unknown),
    ("file", "type_id", Default::Zero),
    ("file_result", "type_id", Default::Zero),
    ("connection_info", "direction_id", Default::Zero),
    ("tls", "version", Default::Unknown),
    ("certificate", "issuer", Default::Unknown),
    ("certificate", "serial_number", Default::Unknown),
    ("ja3_hash", "algorithm_id", Default::One),
    ("ja3s_hash", "algorithm_id", Default::One),
    ("script", "type_id", Default::Zero),
    ("http_response", "code", Default::Zero),
    ("query", "hostname", Default::Unknown),
    ("api", "operation", Default::Unknown),
    ("request", "uid", Default::Unknown),
    ("reg_value", "type_id", Default::Zero),
    ("reg_value", "name", Default::Unknown),
    ("reg_value", "path", Default::Unknown),
    ("databucket", "type_id", Default::Zero),
    ("database", "type_id", Default::Zero),
    ("finding_info", "uid", Default::Unknown),
    ("analytic", "type_id", Default::Zero),
    ("image", "uid", Default::Unknown),
    ("job", "name", Default::Unknown),
    ("remediation", "desc", Default::Unknown),
    ("auth_factors", "factor_type_id", Default::Zero),
    ("answers", "rdata", Default::Unknown),
    ("cloud", "provider", Default::Unknown),
];

/// What the file of an object is by its nature: 8 is Executable File, 1 Regular File, which "if the distinction is not known" OCSF asks for.
const FILES_IN: &[(&str, i32)] = &[("process", 8), ("parent_process", 8), ("logon_process", 8), ("module", 8), ("job", 1)];

/// Objects of which at least one member must be there, by key; the first named is set to `Unknown` if none is.
const AT_LEAST_ONE: &[(&str, &[&str])] = &[
    ("actor", &["app_name", "process", "user", "invoked_by", "session", "app_uid"]),
    ("src_endpoint", &["name", "ip", "uid", "hostname", "svc_name", "instance_uid", "interface_uid", "interface_name", "domain"]),
    ("dst_endpoint", &["name", "ip", "uid", "hostname", "svc_name", "instance_uid", "interface_uid", "interface_name", "domain"]),
    ("device", &["name", "ip", "uid", "hostname", "instance_uid", "interface_uid", "interface_name"]),
    ("user", &["name", "uid", "account"]),
    ("user_result", &["name", "uid", "account"]),
    ("owner", &["name", "uid", "account"]),
    ("process", &["uid", "pid", "cpid"]),
    ("parent_process", &["uid", "pid", "cpid"]),
    ("logon_process", &["uid", "pid", "cpid"]),
    ("location", &["country", "city", "postal_code", "region"]),
    ("service", &["name", "uid"]),
    ("product", &["name", "uid"]),
    ("feature", &["name", "uid"]),
    ("account", &["name", "uid"]),
    ("group", &["name", "uid"]),
    ("groups", &["name", "uid"]),
    ("subgroup", &["name", "uid"]),
    ("resource", &["name", "uid"]),
    ("resources", &["name", "uid"]),
    ("policy", &["name", "type", "uid"]),
    ("org", &["name", "uid"]),
    ("idp", &["name", "uid"]),
    ("autonomous_system", &["name", "number"]),
    ("url", &["url_string", "path"]),
    ("analytic", &["name", "uid"]),
    ("module", &["load_type_id", "function_name"]),
];

#[derive(Clone, Copy)]
enum Default {
    Zero,
    One,
    Unknown,
}

/// Fills in what the schema requires: members of objects that are there, and objects that the class must have.
pub(crate) fn fill_required(root: &mut Map<String, Json>, class: Class) {
    for object in required_objects(class) {
        root.entry(*object).or_insert_with(|| json!({}));
    }
    match class {
        Class::UserAccess => drop(root.entry("privileges").or_insert_with(|| json!(["Unknown"]))),
        Class::EventLogActivity if !["log_name", "log_provider", "log_type", "log_type_id"].iter().any(|key| root.contains_key(*key)) => {
            drop(root.insert("log_type_id".to_owned(), json!(0)));
        }
        Class::Authentication if !["service", "dst_endpoint"].iter().any(|key| root.contains_key(*key)) => {
            drop(root.insert("service".to_owned(), json!({})));
        }
        Class::DatastoreActivity if !["database", "databucket", "table"].iter().any(|key| root.contains_key(*key)) => {
            drop(root.insert("databucket".to_owned(), json!({"name": "Unknown"})));
        }
        Class::NetworkActivity | Class::DnsActivity if !["src_endpoint", "dst_endpoint"].iter().any(|key| root.contains_key(*key)) => {
            drop(root.insert("src_endpoint".to_owned(), json!({})));
        }
        Class::HttpActivity if !["http_request", "http_response"].iter().any(|key| root.contains_key(*key)) => {
            drop(root.insert("http_request".to_owned(), json!({})));
        }
        _ => {}
    }
    let fallback_request_uid = root.get("metadata").and_then(|metadata| metadata.get("uid")).cloned();
    if let Some(Json::Object(request)) = root.get_mut("api").and_then(|api| api.get_mut("request")) {
        request.entry("uid").or_insert_with(|| fallback_request_uid.unwrap_or_else(|| json!("Unknown")));
    }
    for (key, value) in root.iter_mut().filter(|(key, _)| *key != "unmapped") {
        fill_value(key, value);
    }
}

fn required_objects(class: Class) -> &'static [&'static str] {
    match class {
        Class::ApiActivity => &["src_endpoint", "actor", "api", "metadata"],
        Class::DatastoreActivity => &["src_endpoint", "actor", "metadata"],
        Class::GroupManagement => &["group", "metadata"],
        Class::AccountChange | Class::Authentication | Class::UserAccess => &["user", "metadata"],
        Class::ModuleActivity => &["actor", "module", "device", "metadata"],
        Class::RegistryKeyActivity => &["actor", "reg_key", "device", "metadata"],
        Class::RegistryValueActivity => &["actor", "reg_value", "device", "metadata"],
        Class::ProcessActivity => &["actor", "process", "device", "metadata"],
        Class::ScheduledJobActivity => &["job", "device", "metadata"],
        Class::FileActivity => &["actor", "file", "device", "metadata"],
        Class::ScriptActivity => &["actor", "script", "device", "metadata"],
        Class::DetectionFinding => &["finding_info", "metadata"],
        Class::NetworkActivity | Class::DnsActivity | Class::HttpActivity | Class::EventLogActivity => &["metadata"],
    }
}

/// Members that carry any JSON, which the schema does not look into.
fn is_free_form(key: &str) -> bool {
    matches!(key, "data" | "unmapped" | "raw_data" | "tags" | "xattributes")
}

fn fill_value(key: &str, value: &mut Json) {
    match value {
        Json::Object(object) => fill_object(key, object),
        Json::Array(elements) => elements.iter_mut().for_each(|element| fill_value(key, element)),
        _ => {}
    }
}

fn fill_object(key: &str, object: &mut Map<String, Json>) {
    if matches!(key, "file" | "file_result") && !object.contains_key("name") {
        object.insert("name".to_owned(), json!(base_name(object)));
    }
    if key == "script" && !object.contains_key("script_content") {
        object.insert("script_content".to_owned(), json!({"value": "Unknown"}));
    }
    if key == "reg_key" && !object.contains_key("path") {
        object.insert("path".to_owned(), json!("Unknown"));
    }
    if let Some((_, type_id)) = FILES_IN.iter().find(|(owner, _)| *owner == key)
        && let Some(Json::Object(file)) = object.get_mut("file")
    {
        file.entry("type_id").or_insert_with(|| json!(type_id));
    }
    for (_, member, default) in REQUIRED_MEMBERS.iter().filter(|(owner, ..)| *owner == key) {
        object.entry(*member).or_insert_with(|| default.to_json());
    }
    fill_at_least_one(key, object);
    if key == "metadata" {
        object.entry("product").or_insert_with(|| json!({"name": "Unknown"}));
    }
    for (key, value) in object.iter_mut().filter(|(key, _)| !is_free_form(key)) {
        fill_value(key, value);
    }
}

fn fill_at_least_one(key: &str, object: &mut Map<String, Json>) {
    let Some((_, members)) = AT_LEAST_ONE.iter().find(|(owner, _)| *owner == key) else { return };
    if members.iter().any(|member| object.contains_key(*member)) {
        return;
    }
    let default = match members[0] {
        "load_type_id" => json!(0),
        "name" => object.get("email_addr").or_else(|| object.get("full_name")).cloned().unwrap_or_else(|| json!("Unknown")),
        _ => json!("Unknown"),
    };
    object.insert(members[0].to_owned(), default);
}

fn base_name(file: &Map<String, Json>) -> String {
    let path = file.get("path").and_then(Json::as_str).unwrap_or("Unknown");
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    if name.is_empty() { path.to_owned() } else { name.to_owned() }
}

impl Default {
    fn to_json(self) -> Json {
        match self {
            Self::Zero => json!(0),
            Self::One => json!(1),
            Self::Unknown => json!("Unknown"),
        }
    }
}
