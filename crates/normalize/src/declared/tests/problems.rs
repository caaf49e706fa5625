//! What a mapping that cannot be used is answered: file, line, key and what would be right.

use expect_test::{Expect, expect};

use super::{mapping, read};

fn check(text: &str, expected: Expect) {
    let error = read(text).expect_err("a problem");
    expected.assert_eq(&error.to_string());
}

#[test]
fn a_key_that_is_missing_is_named() {
    check("source: acme\n", expect!["acme.yml:1: documentation: this key is missing"]);
    check("", expect!["acme.yml:1: the file is empty"]);
}

#[test]
fn a_key_that_is_not_known_or_there_twice_is_named_with_its_line() {
    let error = read(&mapping("filds: {}\n")).expect_err("a problem").to_string();
    assert!(error.starts_with("acme.yml:7: filds: there is no such key here; the keys are source, documentation, records,"), "{error}");
    check(&mapping("time: other\n"), expect!["acme.yml:7: time: this key was there already"]);
    check(
        &mapping("fields:\n  message: {form: a}\n"),
        expect![
            "acme.yml:8: fields.message.form: there is no such key here; the keys are from, is, join, with, each, members, between, map, as, when"
        ],
    );
}

#[test]
fn a_column_that_is_not_there_or_not_for_mappings_is_named() {
    check(
        &mapping("fields:\n  message: text\n  actor_user: who\n"),
        expect!["acme.yml:9: fields.actor_user: there is no column of this name; docs/reference/tables.md lists them"],
    );
    check(
        &mapping("fields: {class_uid: who}\n"),
        expect!["acme.yml:7: fields.class_uid: this column follows from time, classes, outcome and severity, or is set by Coldtrail"],
    );
    check(
        &mapping("fields: {group_name: team}\n"),
        expect!["acme.yml:7: fields.group_name: none of the classes of these records has this column"],
    );
    check(
        &mapping("only:\n  api_activity:\n    group_name: team\n"),
        expect!["acme.yml:9: only.api_activity.group_name: a class has no such column"],
    );
}

#[test]
fn a_class_or_activity_that_is_not_there_is_answered_with_those_that_are() {
    let with = |rule: &str| mapping("").replace("{\"*\": api_activity by verb}", rule);
    check(
        &with("{\"*\": authentication login}"),
        expect![[
            r#"acme.yml:6: classes.*: authentication has no activity "login"; it has logon, logoff, authentication_ticket, service_ticket_request, service_ticket_renew, preauth, account_switch, other, unknown, or by verb"#
        ]],
    );
    check(&with("{\"*\": api_activity}"), expect!["acme.yml:6: classes.*: a rule is a class and an activity: authentication logon"]);
    check(
        &with("{login: authentication logon}"),
        expect![[r#"acme.yml:6: classes: a rule for "*" is missing: what an event is whose name is not here"#]],
    );
    let error = read(&with("{\"*\": api_aktivity by verb}")).expect_err("a problem").to_string();
    assert!(error.starts_with(r#"acme.yml:6: classes.*: there is no class "api_aktivity"; the classes are file_activity,"#), "{error}");
}

#[test]
fn a_value_that_cannot_be_is_refused_when_the_mapping_is_read() {
    check(
        &mapping("fields: {is_alert: {is: perhaps}}\n"),
        expect![[r#"acme.yml:7: fields.is_alert: "perhaps" does not fit a column of type Boolean"#]],
    );
    check(&mapping("outcome: {from: ok, map: {yes: fine}}\n"), expect![[r#"acme.yml:7: outcome: "fine" is none of our words for this"#]]);
    check(&mapping("severity: level\n"), expect!["acme.yml:7: severity: this needs a `map` from the source's words to ours, or `is`"]);
    check(&mapping("fields: {message: \"a[b.c\"}\n"), expect![[r#"acme.yml:7: fields.message: the bracket in "[b.c" is not closed"#]]);
    check(
        &mapping("fields: {message: {as: shouted, from: a}}\n"),
        expect![[
            r#"acme.yml:7: fields.message.as: "shouted" is none of ip, port, local_part, domain_part, base_name, lower, trimmed; nor "shouted" is none of any, rfc3339, seconds, milliseconds, microseconds, nanoseconds"#
        ]],
    );
    check(
        &mapping("fields: {message: {when: a}}\n"),
        expect!["acme.yml:7: fields.message: where does the value come from? one of from, is, join and each is needed"],
    );
}

#[test]
fn what_is_no_yaml_or_no_name_is_refused() {
    check("source: [a\n", expect!["acme.yml:2: this is not YAML: while parsing a flow sequence, expected ',' or ']'"]);
    check(&mapping("nothing: &x [a]\n"), expect!["acme.yml:7: anchors, aliases and tags are not read in mappings; write the value out"]);
    check(
        &mapping("").replace("acme\n", "Acme Logs\n"),
        expect![[r#"acme.yml:1: source: "Acme Logs" is no name of a source; it has small letters, digits and underscores"#]],
    );
}
