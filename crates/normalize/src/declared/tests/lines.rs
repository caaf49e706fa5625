//! Records that are lines of text.

use super::{Declared, read};
use crate::declared::DeclaredMapping;
use crate::sources::Mapping;

const MAPPING: &str = r#"
source: acme
documentation: https://acme.example/logs
records:
  lines:
    key_value: true
    cef: {vendor: Acme, prefixes: [Ac], names: {src: from_ip, act: did, cef_class: kind}}
    columns: {kind: 1, names: {LOGIN|LOGOUT: [at, kind, who, "", from_ip]}}
recognised_by: [[at, kind]]
time: [at, {join: [day, clock], with: " "}]
event: kind
classes: {"*": authentication logon}
fields:
  metadata_event_code: $event
  user_name: {from: who, as: account}
  user_domain: {from: who, as: domain}
  src_endpoint_ip: [from_ip, {from: text, between: ["from ", ","]}, {from: text, as: in_parentheses}]
  status_code: did
  duration: {from: took, as: seconds}
  user_groups_name: {from: groups, split: ","}
  http_request_url_url_string: url
  service_name: {from: url, as: url_host}
  service_uid: {from: agent, as: percent_decoded}
"#;

/// What a line becomes: the columns after those that every event has, then the rest, or the reason of a reject.
fn mapped(line: &str) -> String {
    let declared: &'static Declared = read(MAPPING).expect("a mapping");
    match DeclaredMapping::new(declared, &crate::Options::default()).map_line(line) {
        Ok(crate::sources::Mapped::Event(event)) => {
            let fields = event.fields().iter().skip(11).filter(|(col, _)| *col != coldtrail_model::Col::RawData);
            let shown: Vec<String> = fields.map(|(col, value)| format!("{}={value:?}", col.column().name)).collect();
            format!("{} {}", coldtrail_model::format_ms(event.time_ms()), shown.join(" "))
        }
        Ok(_) => "nothing".to_owned(),
        Err(reason) => reason.to_string(),
    }
}

fn check(line: &str, expected: &str) {
    assert_eq!(mapped(line), expected, "{line}");
}

#[test]
fn pairs_are_read_behind_a_header_with_values_in_quotes_or_not() {
    let event = |rest: &str| format!("2026-03-01T12:00:00.000Z metadata_event_code=Text(\"in\") {rest}");
    check("<13>Mar  1 fw at=2026-03-01T12:00:00Z kind=in who=\"ann lee\"", &event("user_name=Text(\"ann lee\")"));
    check("at=2026-03-01T12:00:00Z,kind=in,who=\"lee, ann\"", &event("user_name=Text(\"lee, ann\")"));
    check("at=2026-03-01T12:00:00Z\tkind=in\tagent=\"\"A%20B\"\"\twho=", &event("service_uid=Text(\"A B\")"));
    check(
        "at=2026-03-01T12:00:00Z kind=in who=\"say \"x\" again\" took=1.5",
        &event("user_name=Text(\"say \\\"x\\\" again\") duration=Long(1500)"),
    );
    check("at=2026-03-01T12:00:00Z kind=in groups=\"a, b\"", &event("user_groups_name=TextList([\"a\", \"b\"])"));
    check("at=2026-03-01T12:00:00Z kind=in text=\"tried from 192.0.2.7, twice\"", &event("src_endpoint_ip=Text(\"192.0.2.7\")"));
    check("at=2026-03-01T12:00:00Z kind=in text=ssh(192.0.2.8)", &event("src_endpoint_ip=Text(\"192.0.2.8\")"));
    check(
        "at=2026-03-01T12:00:00Z kind=in url=\"a.example:8443/x?y=1\"",
        &event("http_request_url_url_string=Text(\"a.example:8443/x?y=1\") service_name=Text(\"a.example\")"),
    );
}

#[test]
fn a_time_may_stand_in_several_places_and_forms() {
    for time in [
        "day=2026-03-01 clock=12:00:00",
        "at=\"Sun Mar 01 12:00:00 2026\"",
        "at=\"2026/03/01 12:00:00\"",
        "at=\"Mar 01 2026 12:00:00\"",
        "at=1772366400",
    ] {
        check(&format!("{time} kind=in"), "2026-03-01T12:00:00.000Z metadata_event_code=Text(\"in\") ".trim_end());
    }
    check("at=\"2026-03-01 12:00:00 +0100\" kind=in", "2026-03-01T11:00:00.000Z metadata_event_code=Text(\"in\")");
    check("at=noon kind=in", "the field at is \"noon\", not a time");
    check("kind=in who=ann", "the field at is missing");
}

#[test]
fn cef_has_the_names_that_the_vendor_has_for_its_own() {
    check(
        r"<13>Mar 1 12:00:00 fw CEF:0|Acme|Door|1.0|in|Signed in|3|at=2026-03-01T12:00:00Z src=192.0.2.7 Acwho=HQ\\ann act=let in cs1=a\=b cs1Label=note cs2Label=none",
        "2026-03-01T12:00:00.000Z metadata_event_code=Text(\"in\") user_name=Text(\"ann\") user_domain=Text(\"HQ\") \
         src_endpoint_ip=Text(\"192.0.2.7\") status_code=Text(\"let in\") \
         unmapped=Text(\"{\\\"cef_version\\\":\\\"0\\\",\\\"cef_vendor\\\":\\\"Acme\\\",\\\"cef_product\\\":\\\"Door\\\",\\\"cef_product_version\\\":\\\"1.0\\\",\\\"cef_name\\\":\\\"Signed in\\\",\\\"cef_severity\\\":\\\"3\\\",\\\"note\\\":\\\"a=b\\\",\\\"cs2Label\\\":\\\"none\\\"}\")",
    );
    check("CEF:0|Other|Door|1.0|in|Signed in|3|at", "not a line of this source: its form is none that the source has");
}

#[test]
fn columns_have_the_names_of_the_kind_of_record() {
    check(
        "2026-03-01T12:00:00Z,LOGOUT,\"HQ\\ann, \"\"the\"\" second\",x,192.0.2.7,new,\"more, too\"",
        "2026-03-01T12:00:00.000Z metadata_event_code=Text(\"LOGOUT\") user_name=Text(\"ann, \\\"the\\\" second\") user_domain=Text(\"HQ\") \
         src_endpoint_ip=Text(\"192.0.2.7\") unmapped=Text(\"{\\\"more\\\":[\\\"new\\\",\\\"more, too\\\"]}\")",
    );
    check("2026-03-01T12:00:00Z,OTHER,ann", "not a line of this source: its form is none that the source has");
    check("hello", "not a line of this source: its form is none that the source has");
}

#[test]
fn a_source_of_lines_is_told_from_its_first_line() {
    let declared = read(MAPPING).expect("a mapping");
    assert!(declared.recognises("\n\nat=2026-03-01T12:00:00Z kind=in\n"));
    assert!(declared.recognises("2026-03-01T12:00:00Z,LOGIN,ann\n"));
    assert!(!declared.recognises("at=2026-03-01T12:00:00Z what=in\n"));
    assert!(!declared.recognises("2026-03-01T12:00:00Z,ELSE,ann\n"));
}

/// Cut anywhere, a line is an event or a reject.
#[test]
fn a_line_that_is_cut_off_is_one_record() {
    let lines = [
        "<13>x at=2026-03-01T12:00:00Z kind=\"ä b\" who=\"a=b c=\\\"d\" groups=ü",
        "CEF:0|Acme|Dö|1|in|n|3|at=2026-03-01T12:00:00Z cs1=ä\\\\ cs1Label=ü",
        "2026-03-01T12:00:00Z,LOGIN,\"ä,\"\"\",,ö",
    ];
    for line in lines {
        for (end, _) in line.char_indices() {
            assert_ne!(mapped(&line[..end]), "nothing", "{}", &line[..end]);
        }
    }
}
