//! A record of Zeek holds the same for a rule, whether it was written as JSON or tab-separated.

use std::collections::BTreeMap;
use std::path::Path;

use coldtrail_model::Class;
use coldtrail_normalize::Source;
use serde_json::{Map, Value, json};

use crate::support::{batches, count, rule_set, samples};

/// The logs that there are rules for: Sigma's service, and other names for their fields.
const LOGS: &[(&str, &[&str])] = &[
    ("conn", &[]),
    ("dce_rpc", &[]),
    ("dns", &["answer", "record_type"]),
    ("http", &["c-uri", "c-useragent", "cs-method", "cs-host", "sc-status"]),
    ("kerberos", &[]),
    ("rdp", &[]),
    ("smb_files", &[]),
    ("x509", &[]),
];

type Record = Map<String, Value>;

/// Keys joined by dots; what is null is not there.
fn flat(value: &Value) -> Record {
    fn walk(path: &str, value: &Value, into: &mut Record) {
        match value {
            Value::Object(members) => {
                members
                    .iter()
                    .for_each(|(key, member)| walk(&if path.is_empty() { key.clone() } else { format!("{path}.{key}") }, member, into));
            }
            Value::Null => {}
            leaf => drop(into.insert(path.to_owned(), leaf.clone())),
        }
    }
    let mut into = Record::new();
    walk("", value, &mut into);
    ["_path", "_write_ts", "_system_name", "_node"].iter().for_each(|key| drop(into.remove(*key)));
    into
}

/// Every field that one of the records has, with its type in Zeek's words.
fn types(records: &[Record]) -> BTreeMap<String, &'static str> {
    let mut types: BTreeMap<String, &'static str> = BTreeMap::new();
    for (name, value) in records.iter().flatten() {
        let kind = match value {
            Value::Bool(_) => "bool",
            Value::Number(number) if number.is_f64() => "double",
            Value::Number(_) => "count",
            Value::Array(elements) if elements.iter().any(Value::is_number) => "vector[double]",
            Value::Array(_) => "vector[string]",
            _ => "string",
        };
        types
            .entry(name.clone())
            .and_modify(|known| *known = if (*known, kind) == ("count", "double") { kind } else { known })
            .or_insert(kind);
    }
    types
}

/// The log as Zeek's ASCII writer writes it: <https://docs.zeek.org/en/master/log-formats.html>.
fn tab_separated(log: &str, records: &[Record]) -> String {
    let types = types(records);
    let line = |values: Vec<String>| format!("{}\n", values.join("\t"));
    let mut text = format!("#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\t{log}\n");
    text += &format!("#fields\t{}", line(types.keys().cloned().collect()));
    text += &format!("#types\t{}", line(types.values().map(|&kind| kind.to_owned()).collect()));
    for record in records {
        text += &line(types.keys().map(|name| record.get(name).map_or_else(|| "-".to_owned(), written)).collect());
    }
    text
}

fn written(value: &Value) -> String {
    match value {
        Value::Bool(flag) => if *flag { "T" } else { "F" }.to_owned(),
        Value::String(text) => escaped(text),
        Value::Array(elements) if elements.is_empty() => "(empty)".to_owned(),
        Value::Array(elements) => elements.iter().map(|element| written(element).replace(',', "\\x2c")).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

fn escaped(text: &str) -> String {
    match text {
        "" => "(empty)".to_owned(),
        "-" => "\\x2d".to_owned(),
        text => text
            .replace('\\', "\\\\")
            .replace('\t', "\\x09")
            .replace('\n', "\\x0a")
            .replace('\r', "\\x0d")
            .replace("(empty)", "\\x28empty)"),
    }
}

fn json_lines(log: &str, records: &[Record]) -> String {
    let line = |record: &Record| {
        let mut record = record.clone();
        record.insert("_path".to_owned(), log.into());
        format!("{}\n", Value::Object(record))
    };
    records.iter().map(line).collect()
}

/// What a rule of a service reads from each record.
fn read(service: &str, fields: &[String], log: &str) -> Vec<Vec<Option<String>>> {
    let rule = format!(
        "title: All\nlogsource: {{product: zeek, service: {service}}}\ndetection:\n    all: {{no_such_field: null}}\n    condition: all\n"
    );
    let mut set = rule_set(&rule);
    set.carry(0, fields.to_vec());
    let mut rows = Vec::new();
    for (table, batch) in batches(Source::Zeek, log.as_bytes()) {
        let found = set.evaluate(table, &batch).unwrap();
        rows.extend(set.carried(table, &batch, &found).unwrap());
    }
    rows
}

/// Compares what rules read in both forms of a log, and says how many values that were.
fn compare(service: &str, others: &[&str], records: &[Record]) -> usize {
    let fields: Vec<String> = types(records).into_keys().chain(others.iter().map(|&name| name.to_owned())).collect();
    let of_json = read(service, &fields, &json_lines(service, records));
    let of_lines = read(service, &fields, &tab_separated(service, records));
    assert_eq!((of_json.len(), of_lines.len()), (records.len(), records.len()), "records of {service}");
    let mut values = 0;
    for (row, (of_json, of_lines)) in of_json.iter().zip(&of_lines).enumerate() {
        for ((field, of_json), of_lines) in fields.iter().zip(of_json).zip(of_lines) {
            assert!(is_same(of_json.as_deref(), of_lines.as_deref()), "{service} {row}: {field} is {of_json:?} and {of_lines:?}");
            values += usize::from(of_json.is_some());
        }
    }
    values
}

/// A column whose numbers are not all whole writes a whole one with a point.
fn is_same(one: Option<&str>, other: Option<&str>) -> bool {
    let number = |text: Option<&str>| text.and_then(|text| text.parse::<f64>().ok());
    one == other || number(one).is_some() && number(one) == number(other)
}

/// One record of each log with every field that Zeek documents for it.
fn whole_records() -> Vec<(&'static str, Value)> {
    let ends = json!({"ts": 1_772_366_400.250_001, "uid": "C1", "id": {"orig_h": "192.0.2.5", "orig_p": 53124, "resp_h": "198.51.100.7", "resp_p": 445}});
    let of = |own: Value| {
        let mut record = ends.clone();
        own.as_object().unwrap().iter().for_each(|(key, value)| record[key] = value.clone());
        record
    };
    vec![
        (
            "conn",
            of(json!({"proto": "tcp", "service": "ssl", "duration": 65.338_152, "orig_bytes": 164, "resp_bytes": 213, "conn_state": "SF",
            "local_orig": true, "local_resp": false, "missed_bytes": 0, "history": "ShADadfF", "orig_pkts": 6, "orig_ip_bytes": 500, "resp_pkts": 5,
            "resp_ip_bytes": 400, "tunnel_parents": ["Ca", "Cb"], "vlan": 7, "orig_l2_addr": "02:00:00:AB:CD:EF", "resp_l2_addr": "02:00:00:00:00:02",
            "community_id": "1:abc=", "orig_cc": "SE", "resp_cc": "DE"})),
        ),
        ("dce_rpc", of(json!({"rtt": 0.000_421, "named_pipe": "\\pipe\\samr", "endpoint": "samr", "operation": "SamrConnect5"}))),
        (
            "dns",
            of(
                json!({"proto": "udp", "trans_id": 7, "rtt": 0.25, "query": "Evil.example.com", "qclass": 1, "qclass_name": "C_INTERNET", "qtype": 16,
            "qtype_name": "TXT", "rcode": 0, "rcode_name": "NOERROR", "AA": false, "TC": false, "RD": true, "RA": true, "Z": 0,
            "answers": ["first", "second, and more"], "TTLs": [60.0, 300.0], "rejected": false, "opcode": 0, "opcode_name": "query"}),
            ),
        ),
        (
            "http",
            of(
                json!({"trans_depth": 1, "method": "get", "host": "example.com", "uri": "/a/b.php?cmd=whoami&x=1", "referrer": "http://x.example/",
            "version": "1.1", "user_agent": "curl/8", "origin": "null", "request_body_len": 0, "response_body_len": 12, "status_code": 200,
            "status_msg": "OK", "info_code": 100, "info_msg": "Continue", "tags": [], "username": "mara", "password": "", "proxied": ["VIA -> x"],
            "orig_fuids": ["F1"], "orig_filenames": ["a.txt"], "orig_mime_types": ["text/plain"], "resp_fuids": ["F2"], "resp_filenames": ["b"],
            "resp_mime_types": ["text/html"]}),
            ),
        ),
        (
            "kerberos",
            of(
                json!({"request_type": "TGS", "client": "mara/CORP.EXAMPLE", "service": "cifs/fs1", "success": false, "error_msg": "KDC_ERR",
            "error_code": 7, "from": 1.5, "till": 2_136_422_885.0, "cipher": "rc4-hmac", "forwardable": true, "renewable": false,
            "client_cert_subject": "CN=mara", "client_cert_fuid": "F1", "server_cert_subject": "CN=dc", "server_cert_fuid": "F2"}),
            ),
        ),
        (
            "rdp",
            of(json!({"cookie": "mara", "result": "Success", "security_protocol": "HYBRID", "client_channels": ["rdpdr", "cliprdr"],
            "keyboard_layout": "English", "client_build": "RDP 10", "client_name": "WS1", "client_dig_product_id": "a-b", "desktop_width": 1024,
            "desktop_height": 768, "requested_color_depth": "24bit", "cert_type": "RSA", "cert_count": 1, "cert_permanent": true,
            "encryption_level": "High", "encryption_method": "128bit", "auth_success": true})),
        ),
        (
            "smb_files",
            of(
                json!({"fuid": "F1", "action": "SMB::FILE_OPEN", "path": "\\\\srv\\ADMIN$", "name": "temp\\tool.exe", "size": 4096, "prev_name": "old",
            "times": {"modified": 1_772_366_400.5, "accessed": 1_772_366_400.25, "created": 1_772_366_300.125, "changed": 1_772_366_300.0}}),
            ),
        ),
        (
            "x509",
            json!({"ts": 1_772_366_400.5, "fingerprint": "ab12", "certificate": {"version": 3, "serial": "0A", "subject": "CN=x", "issuer": "CN=y",
            "not_valid_before": 1_772_366_400.0, "not_valid_after": 1_782_366_400.0, "key_alg": "rsaEncryption", "sig_alg": "sha256", "key_type": "rsa",
            "key_length": 2048, "exponent": "65537", "curve": "prime256"}, "san": {"dns": ["a.example", "b.example"], "other_fields": false},
            "basic_constraints": {"ca": false, "path_len": 0}, "host_cert": true, "client_cert": false, "id": {"orig_h": "192.0.2.5"}}),
        ),
    ]
}

#[test]
fn a_rule_reads_the_same_from_tab_separated_logs_as_from_json() {
    let mut compared = Vec::new();
    for (service, whole) in whole_records() {
        let others = LOGS.iter().find(|(name, _)| *name == service).map(|(_, others)| *others).unwrap();
        // The same in a second record whose texts are a dash or nothing, and in a third that has the fewest fields.
        let mut odd = flat(&whole);
        odd.iter_mut().filter(|(_, value)| value.is_string()).enumerate().for_each(|(n, (_, text))| *text = ["-", ""][n % 2].into());
        let few = odd.iter().filter(|(name, _)| *name == "ts").map(|(name, value)| (name.clone(), value.clone())).collect();
        compared.push((service, compare(service, others, &[flat(&whole), odd, few]) > 20));
    }
    assert_eq!(compared.len(), LOGS.len());
    assert!(compared.iter().all(|(_, is_enough)| *is_enough), "{compared:?}");
}

/// Beside how a field is read, what is looked for in the text of the line before a record is opened must not leave it out.
#[test]
fn a_rule_on_any_field_of_a_tab_separated_record_finds_it() {
    for (service, whole) in whole_records() {
        let record = flat(&whole);
        let (lines, json) = (tab_separated(service, std::slice::from_ref(&record)), json_lines(service, std::slice::from_ref(&record)));
        for (field, value) in &record {
            for value in wanted(value) {
                let rule = format!(
                    "title: A\nlogsource: {{product: zeek, service: {service}}}\ndetection:\n    s: {{{}: {value}}}\n    condition: s\n",
                    Value::from(field.as_str())
                );
                let found = |log: &str| count(&rule_set(&rule), &batches(Source::Zeek, log.as_bytes())).len();
                assert_eq!((found(&json), found(&lines)), (1, 1), "{service}: {field}: {value}");
            }
        }
    }
}

/// The values that a rule may ask for, as YAML.
fn wanted(value: &Value) -> Vec<String> {
    match value {
        Value::Bool(flag) => vec![flag.to_string(), format!("'{flag}'")],
        Value::Array(elements) => elements.iter().flat_map(wanted).collect(),
        Value::String(text) => vec![Value::from(text.replace('\\', "\\\\")).to_string()],
        other => vec![other.to_string()],
    }
}

/// JSON logs of real sensors, turned into tab-separated ones.
#[test]
fn a_rule_reads_the_same_from_both_forms_of_real_logs() {
    let Some(folder) = samples() else { return };
    let (mut logs, mut values) = (0, 0);
    for (service, others) in LOGS {
        for file in [format!("ocsf-examples/rawset.{service}.log.ndjson"), format!("zat/zat.json.{service}.log")] {
            let path = folder.join("zeek").join(file);
            if !path.is_file() {
                continue;
            }
            let records = records_of(&path);
            values += compare(service, others, &records);
            logs += 1;
        }
    }
    assert!(logs >= 10 && values > 10_000, "only {values} values of {logs} logs were compared");
}

/// More of one log are much the same.
const RECORDS_MAX: usize = 200;

fn records_of(path: &Path) -> Vec<Record> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().take(RECORDS_MAX).filter(|line| !line.trim().is_empty()).map(|line| flat(&serde_json::from_str(line).unwrap())).collect()
}

#[test]
fn a_url_with_a_query_is_found_in_a_tab_separated_log() {
    let record = flat(&whole_records().into_iter().find(|(log, _)| *log == "http").unwrap().1);
    let found = batches(Source::Zeek, tab_separated("http", &[record]).as_bytes());
    assert!(found.iter().all(|(table, _)| *table == Class::HttpActivity));
    for search in ["{uri|contains: '?cmd='}", "{c-uri: '/a/b.php?cmd=whoami&x=1'}", "{uri|re: 'cmd=[a-z]+&'}", "{cs-method: GET}"] {
        let rule = format!("title: A\nlogsource: {{product: zeek, service: http}}\ndetection: {{s: {search}, condition: s}}\n");
        assert_eq!(count(&rule_set(&rule), &found).len(), 1, "{search}");
    }
}
