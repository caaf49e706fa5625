use coldtrail_huntfile::{Hunt, Value};
use expect_test::{Expect, expect};

use crate::{hunt_with, problems_of, sql_of};

/// A hunt with one parameter `x` of this declaration.
fn declared(declaration: &str) -> String {
    let use_of = if declaration.contains("list") { "SELECT a IN (${x})" } else { "SELECT ${x}" };
    hunt_with(use_of, &format!("parameters:\n  x: {{{declaration}}}\n"))
}

/// What the SQL says for these values, or what is wrong with them.
fn check(declaration: &str, given: &[&str], expected: &str) {
    let shown = match sql_of(&declared(declaration), &[("x", given)]) {
        Ok(sql) => sql.trim_start_matches("SELECT ").to_owned(),
        Err(problems) => problems.to_string(),
    };
    assert_eq!(shown, expected, "{declaration} with {given:?}");
}

#[test]
fn a_value_becomes_a_literal_of_its_type() {
    check("type: string", &["Nora"], "'Nora'");
    check("type: integer", &["-5"], "(-5)");
    check("type: integer", &["9223372036854775807"], "9223372036854775807");
    check("type: number", &["0.25"], "0.25");
    check("type: number", &["-1e3"], "(-1000.0)");
    check("type: boolean", &["true"], "TRUE");
    check("type: duration", &["1h30m"], "INTERVAL '5400 seconds'");
    check("type: duration", &["1s500ms"], "INTERVAL '1 seconds 500 milliseconds'");
    check("type: time", &["2026-01-31"], "TIMESTAMP '2026-01-31 00:00:00.000'");
    check("type: time", &["2026-01-31T12:00:00+02:00"], "TIMESTAMP '2026-01-31 10:00:00.000'");
    check("type: ip", &["2001:DB8:0::1"], "'2001:db8::1'");
    check("type: cidr", &["10.0.0.0/8"], "'10.0.0.0/8'");
    check("type: list, of: string", &["a", "b'c"], "a IN ('a', 'b''c')");
    check("type: list, of: integer", &["1", "-2"], "a IN (1, (-2))");
}

#[test]
fn an_empty_list_keeps_the_meaning_of_in_and_not_in() {
    check("type: list, of: string", &[], "a IN (SELECT NULL WHERE FALSE)");
}

#[test]
fn a_value_of_another_type_is_refused_in_words() {
    check("type: integer", &["5.5"], "hunt.yaml: x: \"5.5\" is not a whole number of at most 64 bits, such as 100");
    check(
        "type: integer",
        &["9223372036854775808"],
        "hunt.yaml: x: \"9223372036854775808\" is not a whole number of at most 64 bits, such as 100",
    );
    check("type: number", &["NaN"], "hunt.yaml: x: \"NaN\" is not a number such as 0.25");
    check("type: boolean", &["yes"], "hunt.yaml: x: \"yes\" is neither true nor false");
    check("type: ip", &["10.0.0"], "hunt.yaml: x: \"10.0.0\" is not an IP address such as 192.0.2.1 or 2001:db8::1");
    check("type: cidr", &["10.1.0.0/8"], "hunt.yaml: x: \"10.1.0.0/8\" has bits beyond its prefix; did you mean 10.0.0.0/8?");
    check("type: string", &["a\0b"], "hunt.yaml: x: a string has no zero character");
    check("type: string", &["a", "b"], "hunt.yaml: x: one value is wanted, but 2 were given");
    check("type: string", &[], "hunt.yaml: x: one value is wanted, but 0 were given");
    for wrong in ["", "90", "d", "1h2d", "1h1h", "90 d", "-1d", "99999999w", "18446744073709551616s"] {
        let problem = sql_of(&declared("type: duration"), &[("x", &[wrong])]).unwrap_err().to_string();
        assert!(problem.contains("is not a duration such as 90d"), "{wrong}: {problem}");
    }
    for wrong in ["yesterday", "2026-02-30", "31.01.2026", "9999-01-01", "1969-12-31"] {
        assert!(sql_of(&declared("type: time"), &[("x", &[wrong])]).is_err(), "{wrong}");
    }
}

#[test]
fn bounds_hold_for_values_and_for_each_item_of_a_list() {
    check("type: integer, min: 1, max: 9", &["10"], "hunt.yaml: x: 10 is more than the greatest value, 9");
    check("type: duration, min: 1h", &["30m"], "hunt.yaml: x: 30m is less than the least value, 1h");
    check(
        "type: time, max: 2026-01-01",
        &["2026-01-02"],
        "hunt.yaml: x: 2026-01-02T00:00:00.000Z is more than the greatest value, 2026-01-01T00:00:00.000Z",
    );
    check("type: list, of: integer, min: 1", &["3", "0"], "hunt.yaml: x: 0 is less than the least value, 1");
    check("type: list, of: ip, min_items: 1, max_items: 2", &[], "hunt.yaml: x: 0 items were given; 1 to 2 are allowed");
    check("type: string, choices: [one, two]", &["three"], "hunt.yaml: x: three is none of one, two");
}

#[test]
fn a_declaration_that_contradicts_itself_is_refused() {
    let problems = |declaration: &str, expected: Expect| expected.assert_eq(&problems_of(&declared(declaration)));
    problems(
        "type: integer, min: 5, max: 4",
        expect![[r#"
        hunt.yaml:15:6: parameters.x: no value is allowed: the least one, 5, is more than the greatest, 4
    "#]],
    );
    problems(
        "type: integer, min: 5, default: 4",
        expect![[r#"
        hunt.yaml:15:39: parameters.x.default: 4 is less than the least value, 5
    "#]],
    );
    problems(
        "type: string, min: 5",
        expect![[r#"
        hunt.yaml:15:6: parameters.x: "min" and "max" mean nothing for the type string
    "#]],
    );
    problems(
        "type: string, of: ip",
        expect![[r#"
        hunt.yaml:15:6: parameters.x: "of" is for lists only
    "#]],
    );
    problems(
        "type: string, min_items: 5",
        expect![[r#"
        hunt.yaml:15:6: parameters.x: "min_items" is for lists only
    "#]],
    );
    problems(
        "type: list",
        expect![[r#"
        hunt.yaml:15:6: parameters.x: a list must say what it is a list of: the key "of" is missing
    "#]],
    );
    problems(
        "type: list, of: ip, default: [10.0.0.1, ten]",
        expect![[r#"
        hunt.yaml:15:47: parameters.x.default[1]: "ten" is not an IP address such as 192.0.2.1 or 2001:db8::1
    "#]],
    );
    problems(
        "type: list, of: ip, default: 10.0.0.1",
        expect![[r#"
        hunt.yaml:15:36: parameters.x.default: this must be a list, but it is a value
    "#]],
    );
    problems(
        "type: ip, default: ",
        expect![[r#"
        hunt.yaml:15:24: parameters.x.default: the value is missing; an empty text is written ''
    "#]],
    );
    problems(
        "type: address",
        expect![[r#"
        hunt.yaml:15:13: parameters.x.type: "address" is none of string, integer, number, boolean, duration, time, ip, cidr, list
    "#]],
    );
}

#[test]
fn the_declared_type_decides_what_an_unquoted_word_is() {
    let value = |declaration: &str| Hunt::parse("x", &declared(declaration)).unwrap().parameters[0].default.clone();
    assert_eq!(value("type: string, default: no"), Some(Value::Text("no".into())));
    assert_eq!(value("type: string, default: 007"), Some(Value::Text("007".into())));
    assert_eq!(value("type: string, default: ''"), Some(Value::Text(String::new())));
    assert_eq!(value("type: integer, default: '12'"), Some(Value::Integer(12)));
    assert_eq!(value("type: list, of: string, default: []"), Some(Value::List(vec![])));
}

#[test]
fn a_value_that_is_missing_or_unknown_is_said() {
    let text = declared("type: ip, description: the address of the proxy");
    assert_eq!(sql_of(&text, &[]).unwrap_err().to_string(), "hunt.yaml: x: a value must be given: the address of the proxy");
    let problems = sql_of(&text, &[("y", &["10.0.0.1"])]).unwrap_err();
    assert_eq!(problems.list().len(), 2);
    assert!(problems.to_string().contains("the hunt has no parameter \"y\""), "{problems}");
}
