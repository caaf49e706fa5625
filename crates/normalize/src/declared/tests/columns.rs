//! How values get into columns.

use expect_test::{Expect, expect};

use super::{mapped, mapping};

fn check(more: &str, record: &str, expected: Expect) {
    expected.assert_eq(&mapped(&mapping(more), record));
}

#[test]
fn the_first_alternative_that_gives_something_is_taken_and_the_others_stay() {
    check(
        "fields: {actor_user_name: [login, mail, id]}\nnothing: [unknown]\n",
        r#"{"at":"2026-03-01T12:00:00Z","what":"file.read","login":"unknown","mail":"mara@x.example","id":7}"#,
        expect![[r#"
            api_activity Read
            status_id = Long(0)
            status = Text("Unknown")
            actor_user_name = Text("mara@x.example")
            rest: {"what":"file.read","login":"unknown","id":7}"#]],
    );
}

#[test]
fn an_element_is_chosen_by_a_member_and_what_chose_it_is_not_kept() {
    check(
        "fields: {actor_user_name: \"who[type=user|admin].name\", resources_uid: \"props[n=Id].v\", src_endpoint_intermediate_ips: \"hops[*].ip\"}\n",
        r#"{"at":"2026-03-01T12:00:00Z","what":"x","who":[{"type":"app","name":"a"},{"type":"Admin","name":"b","age":3}],"props":[{"n":"Id","v":"r1"}],"hops":[{"ip":"203.0.113.1"},{"ip":"none"},{"ip":"203.0.113.2:443"}]}"#,
        expect![[r#"
            api_activity x
            status_id = Long(0)
            status = Text("Unknown")
            actor_user_name = Text("b")
            resources_uid = Text("r1")
            src_endpoint_intermediate_ips = TextList(["203.0.113.1", "203.0.113.2"])
            rest: {"what":"x","who":[{"type":"app","name":"a"},{"age":3}],"hops":[{"ip":"none"}]}"#]],
    );
}

#[test]
fn addresses_are_addresses_and_ports_are_taken_off() {
    for (text, ip, port) in [
        ("203.0.113.9", "203.0.113.9", None),
        ("203.0.113.9:8085", "203.0.113.9", Some(8085)),
        ("[2001:db8::1]:443", "2001:db8::1", Some(443)),
        ("[2001:db8::1]", "2001:db8::1", None),
    ] {
        let shown = mapped(
            &mapping("fields: {src_endpoint_ip: ip, src_endpoint_port: {from: ip, as: port}}\n"),
            &format!(r#"{{"at":"2026-03-01T12:00:00Z","what":"x","ip":"{text}"}}"#),
        );
        assert!(shown.contains(&format!("src_endpoint_ip = Text({ip:?})")), "{shown}");
        assert_eq!(shown.contains("src_endpoint_port"), port.is_some(), "{shown}");
        assert!(port.is_none_or(|port| shown.contains(&format!("src_endpoint_port = Long({port})"))), "{shown}");
    }
    check(
        "fields: {src_endpoint_ip: ip, actor_user_email_addr: mail}\n",
        r#"{"at":"2026-03-01T12:00:00Z","what":"x","ip":"1.1.1.1.1","mail":"mara"}"#,
        expect![[r#"
            api_activity x
            status_id = Long(0)
            status = Text("Unknown")
            rest: {"what":"x","ip":"1.1.1.1.1","mail":"mara"}"#]],
    );
}

#[test]
fn words_become_outcome_and_severity_and_conditions_choose() {
    check(
        "outcome: [{from: $event, map: {\"*failed\": failure}}, {from: ok, map: {\"true\": success}}]\nseverity: {from: level, map: {1|2: low, \"*\": high}}\nfields: {message: [{is: an admin, when: [\"who.kind = admin*\", \"!who.retired\"]}, {join: [who.kind, who.name], with: /}], api_operation: $event}\n",
        r#"{"at":1772366400,"what":"login_failed","ok":true,"level":2,"who":{"kind":"administrator","name":"b","retired":"yes"}}"#,
        expect![[r#"
            api_activity login_failed
            status_id = Long(2)
            status = Text("Failure")
            message = Text("administrator/b")
            api_operation = Text("login_failed")
            rest: {"what":"login_failed","ok":true,"who":{"retired":"yes"}}"#]],
    );
}

#[test]
fn objects_of_a_list_become_one_column_and_json_texts_are_opened() {
    check(
        "json_text: detail\nfields: {resources: {each: things, members: {name: title}}, api_request_data: body, message: detail.reason}\n",
        r#"{"at":"2026-03-01T12:00:00Z","what":"things_created","things":[{"id":1,"title":"a","x":true},{"y":0}],"body":{"p":[1,null]},"detail":"{\"reason\":\"be\\\"cause\",\"n\":2}"}"#,
        expect![[r#"
            api_activity Create
            status_id = Long(0)
            status = Text("Unknown")
            resources = Text("[{\"name\":\"a\"}]")
            api_request_data = Text("{\"p\":[1]}")
            message = Text("be\"cause")
            rest: {"what":"things_created","things":[{"id":1,"x":true},{"y":0}],"detail":{"n":2}}"#]],
    );
}

#[test]
fn a_time_is_read_in_every_unit_and_a_record_without_one_is_refused() {
    let of = |format: &str, time: &str| {
        let text = mapping("").replace("time: at", &format!("time: {{from: at, as: {format}}}"));
        let declared = super::read(&text).expect("a mapping");
        let record = format!(r#"{{"what":"x","at":{time}}}"#);
        let mut fields = crate::fields::Fields::parse(&record).map_err(|error| error.to_string())?;
        declared.map(&mut fields).map(|event| event.time_ms()).map_err(|reason| reason.to_string())
    };
    const MS: Result<i64, String> = Ok(1_772_366_400_123);
    assert_eq!(of("rfc3339", "\"2026-03-01T12:00:00.123Z\""), MS);
    assert_eq!(of("seconds", "1772366400.123"), MS);
    assert_eq!(of("milliseconds", "\"1772366400123\""), MS);
    assert_eq!(of("microseconds", "1772366400123456"), MS);
    assert_eq!(of("nanoseconds", "1772366400123456789"), MS);
    for time in ["\"2026-03-01 12:00:00.123\"", "1772366400123", "1772366400123456", "1772366400123456789", "1772366400.123"] {
        assert_eq!(of("any", time), MS, "{time}");
    }
    assert_eq!(of("any", "\"soon\""), Err(r#"the field at is "soon", not a time"#.to_owned()));
    assert_eq!(of("rfc3339", "17"), Err(r#"the field at is "17", not a time"#.to_owned()));
    assert_eq!(of("any", "null"), Err("the field at is missing".to_owned()));
}

#[test]
fn the_verb_is_a_participle_or_the_first_in_the_last_part_of_a_name() {
    for (name, activity) in [
        ("repo.create", "Create"),
        ("members_can_create_public_pages.enable", "Update"),
        ("ListUpdated", "Update"),
        ("FileVersionsAllDeleted", "Delete"),
        ("SearchAlert", "Read"),
        ("New-InboxRule", "Create"),
        ("Update application.", "Update"),
        ("REMOVE_APPLICATION", "Delete"),
        ("app.oauth2.token", "app.oauth2.token"),
    ] {
        let shown = mapped(&mapping(""), &format!(r#"{{"at":"2026-03-01T12:00:00Z","what":"{name}"}}"#));
        assert!(shown.starts_with(&format!("api_activity {activity}\n")), "{name}: {shown}");
    }
}

#[test]
fn keys_in_another_case_are_understood_when_the_event_has_no_name() {
    check(
        "fields: {actor_user_name: userName}\n",
        r#"{"AT":"2026-03-01T12:00:00Z","What":"file.read","username":"mara"}"#,
        expect![[r#"
            api_activity Read
            status_id = Long(0)
            status = Text("Unknown")
            actor_user_name = Text("mara")
            rest: {"what":"file.read"}"#]],
    );
}

#[test]
fn a_part_of_a_text_stands_between_two_others_or_goes_to_the_end() {
    check(
        "fields: {cloud_account_uid: {from: id, between: [/subscriptions/, /]}, resources_name: {from: id, between: [/vaults/, /]}, \
         resources_type: {from: id, between: [/disks/, /]}, cloud_region: {from: id, between: [\"\", /]}, \
         status_code: {from: id, between: [/SUB, /], map: {\"scriptions\": found}}, api_version: {from: word, between: [ä, ö]}}\n",
        r#"{"at":"2026-03-01T12:00:00Z","what":"x","id":"eu/SUBSCRIPTIONS/s-1/vaults/pay","word":"xäyöz"}"#,
        expect![[r#"
            api_activity x
            status_id = Long(0)
            status = Text("Unknown")
            cloud_account_uid = Text("s-1")
            resources_name = Text("pay")
            cloud_region = Text("eu")
            status_code = Text("found")
            api_version = Text("y")
            rest: {"what":"x"}"#]],
    );
    let error = super::read(&mapping("fields: {message: {from: a, between: [x]}}\n")).expect_err("one text is missing").to_string();
    assert_eq!(error, "acme.yml:7: fields.message.between: two texts are needed: the one before the part and the one after it");
}

#[test]
fn a_condition_compares_with_a_text_or_with_another_path() {
    let mapping = "fields: {status_code: {is: new, when: \"at = {made}\"}, status_detail: {is: changed, when: \"at != {made}\"}}\n";
    let of = |made: &str| mapped(&super::mapping(mapping), &format!(r#"{{"at":"2026-03-01T12:00:00Z","made":{made}}}"#));
    assert!(of("\"2026-03-01T12:00:00Z\"").contains("status_code = Text(\"new\")\nrest"));
    assert!(of("\"2026-02-01T12:00:00Z\"").contains("status_detail = Text(\"changed\")\nrest"));
    assert!(of("null").contains("status_detail = Text(\"changed\")\nrest"));
}
