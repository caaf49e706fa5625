use coldtrail_huntfile::{Action, Hunt};
use expect_test::{Expect, expect};

use crate::{bindings, hunt_with, problems_of, sql_of};

const NAME: &str = "parameters: {name: {type: string, default: x}}\n";

#[test]
fn no_value_can_end_its_own_literal() {
    let sql = "SELECT ${name} AS one";
    let nasty = ["'", "''", "\\'", "x' OR 'a'='a", "'; DROP TABLE t; --", "*/", "\n--\n", "${name}", "$$", "{name}", "ü😀"];
    for value in nasty {
        let rendered = sql_of(&hunt_with(sql, NAME), &[("name", &[value])]).unwrap();
        let literal = rendered.strip_prefix("SELECT '").and_then(|rest| rest.strip_suffix("' AS one")).expect("one literal");
        assert_eq!(literal.replace("''", ""), value.replace('\'', ""), "only doubled quotes are inside");
        assert_eq!(literal.replace("''", "'"), value);
    }
}

#[test]
fn a_parameter_is_replaced_only_where_a_value_may_stand() {
    let sql = "SELECT 'it''s' AS a, /* ${name} /* '${name}' */ ${name} */ \"q\" -- ${name}\n, '%${jndi:%' FROM t WHERE x=${name}";
    let expected = "SELECT 'it''s' AS a, /* ${name} /* '${name}' */ ${name} */ \"q\" -- ${name}\n, '%${jndi:%' FROM t WHERE x='v'";
    assert_eq!(sql_of(&hunt_with(sql, NAME), &[("name", &["v"])]).unwrap(), expected);
}

#[test]
fn a_parameter_where_it_would_change_how_the_rest_is_read_is_refused() {
    let check = |sql: &str, expected: Expect| expected.assert_eq(&problems_of(&hunt_with(sql, NAME)));
    check(
        "SELECT ${name},\n  '%${name}%'",
        expect![[r#"
        hunt.yaml:14:11: queries[0].sql: ${name} stands inside quotes, where it is not replaced; write '…' || ${name} || '…'
    "#]],
    );
    check(
        "SELECT ${name}, \"${name}\"",
        expect![[r#"
        hunt.yaml:13:24: queries[0].sql: ${name} stands inside quotes, where it is not replaced; write '…' || ${name} || '…'
    "#]],
    );
    check(
        "SELECT E${name}",
        expect![[r#"
        hunt.yaml:13:15: queries[0].sql: ${name} must stand by itself, with a space before and after it
    "#]],
    );
    check(
        "SELECT 'a'${name}",
        expect![[r#"
        hunt.yaml:13:17: queries[0].sql: ${name} must stand by itself, with a space before and after it
    "#]],
    );
    check(
        "SELECT ${name}'a'",
        expect![[r#"
        hunt.yaml:13:14: queries[0].sql: ${name} must stand by itself, with a space before and after it
    "#]],
    );
    check(
        "SELECT U&${name}",
        expect![[r#"
        hunt.yaml:13:16: queries[0].sql: ${name} must stand by itself, with a space before and after it
    "#]],
    );
    check(
        "SELECT $${name}",
        expect![[r#"
        hunt.yaml:13:15: queries[0].sql: ${name} must stand by itself, with a space before and after it
    "#]],
    );
    check(
        "SELECT ${name}, E'\\'' , 1",
        expect![[r#"
        hunt.yaml:13:24: queries[0].sql: strings like E'…' cannot stand beside parameters; use '…'
    "#]],
    );
    check(
        "SELECT ${name}, q'[']' , 1",
        expect![[r#"
        hunt.yaml:13:24: queries[0].sql: strings like q'…' cannot stand beside parameters; use '…'
    "#]],
    );
    check(
        "SELECT ${name}, $$ ' $$, $a$ ' $a$",
        expect![[r#"
        hunt.yaml:13:23: queries[0].sql: strings between dollars ($$…$$) cannot stand beside parameters; use '…'
        hunt.yaml:13:38: queries[0].sql: strings between dollars ($$…$$) cannot stand beside parameters; use '…'
    "#]],
    );
    check(
        "SELECT ${name}, ${",
        expect![[r#"
        hunt.yaml:13:23: queries[0].sql: ${ must be followed by the name of a parameter and }
    "#]],
    );
    check(
        "SELECT ${name}, ${a b}",
        expect![[r#"
        hunt.yaml:13:23: queries[0].sql: ${ must be followed by the name of a parameter and }
    "#]],
    );
}

#[test]
fn a_list_stands_alone_in_parentheses() {
    let names = "parameters: {names: {type: list, of: string}}\n";
    let check = |sql: &str, expected: Expect| expected.assert_eq(&problems_of(&hunt_with(sql, names)));
    check(
        "SELECT a IN ( ${names} )",
        expect![[r#"
        test is fine
    "#]],
    );
    check(
        "SELECT a = ${names}",
        expect![[r#"
        hunt.yaml:13:18: queries[0].sql: the list ${names} must stand alone in parentheses: IN (${names})
    "#]],
    );
    check(
        "SELECT a IN ('x', ${names})",
        expect![[r#"
        hunt.yaml:13:25: queries[0].sql: the list ${names} must stand alone in parentheses: IN (${names})
    "#]],
    );
}

#[test]
fn from_and_until_are_the_range_of_the_run() {
    let text = hunt_with("SELECT * FROM t WHERE time >= ${until} - INTERVAL '7 days' AND time >= ${from}", "");
    assert_eq!(
        sql_of(&text, &[]).unwrap(),
        "SELECT * FROM t WHERE time >= TIMESTAMP '2026-04-01 00:00:00.000' - INTERVAL '7 days' AND time >= TIMESTAMP '2026-01-01 00:00:00.000'"
    );
    let mut backwards = bindings(&[]);
    std::mem::swap(&mut backwards.range.from_ms, &mut backwards.range.until_ms);
    let problems = Hunt::parse("x", &text).unwrap().render(&backwards).unwrap_err();
    assert_eq!(problems.to_string(), "x: the range of time is empty: it ends before it begins");
}

#[test]
fn a_rendered_hunt_keeps_the_values_it_was_made_with() {
    let hunt = Hunt::parse("x", &hunt_with("SELECT ${name}", NAME)).unwrap();
    let rendered = hunt.render(&bindings(&[])).unwrap();
    let values: Vec<_> = rendered.values.iter().map(|(name, value)| format!("{name} = {value}")).collect();
    assert_eq!(values, ["name = x"]);
    assert_eq!(rendered.queries[0].action, Action::Sql("SELECT 'x'\n".into()));
}

#[test]
fn a_draft_cannot_be_run() {
    let hunt = Hunt::parse("x", &Hunt::new_template("Later")).unwrap();
    assert_eq!(hunt.render(&bindings(&[])).unwrap_err().to_string(), "x: queries: this hunt is a draft without queries");
}

#[test]
fn sigma_rules_and_other_texts_are_not_touched() {
    let more = format!("  - id: two\n    sigma: |\n      title: ${{name}}\n{NAME}");
    let hunt = Hunt::parse("x", &hunt_with("SELECT ${name}", &more)).unwrap();
    let rendered = hunt.render(&bindings(&[])).unwrap();
    assert!(format!("{:?}", rendered.queries[1].action).contains("${name}"));
}
