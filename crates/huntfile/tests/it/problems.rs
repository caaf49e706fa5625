use expect_test::{Expect, expect};

use crate::{hunt_with, problems_of};

fn check(text: &str, expected: Expect) {
    expected.assert_eq(&problems_of(text));
}

#[test]
fn every_problem_is_said_at_once_with_its_line_and_column() {
    let text = "version: 2
id: Password Spray
titel: One address
hypothesis:
severity: hihg
attack:
  tactics: [Credential Access]
  techniques: [T110, T1110.003, T1110.003]
data:
  sources: [Zeek]
  tables: [dns_activty]
window: {lookback: 90 days}
parameters:
  Max:
    type: integer
    default: many
  names:
    type: list
  from:
    type: string
queries:
  - id: one
    sql: |
      SELECT *
      FROM dns_activity WHERE query_hostname = ${name}
    expect: nothing
    finding:
      title: '{host'
      dedupe: [a.b]
      threshold: 0
  - id: one
    sql: SELECT 1
    sweep: {feed: x, file: ../y.csv}
  - title: nothing
schedule: {cron: '61 * * * *', timezone: Europe/Wien}
tags: [Identity]
";
    check(
        text,
        expect![[r#"
            hunt.yaml:1:1: the key "title" is missing: The name of the hunt for people, in one line.
            hunt.yaml:1:10: version: version 2 of the format is not known; this reader knows version 1
            hunt.yaml:2:5: id: "Password Spray" must be 1 to 64 lower-case letters, digits and dashes
            hunt.yaml:3:1: there is no key "titel" here; did you mean "title"?
            hunt.yaml:4:11: hypothesis: the value is missing
            hunt.yaml:5:11: severity: "hihg" is none of informational, low, medium, high, critical; did you mean "high"?
            hunt.yaml:7:13: attack.tactics[0]: "Credential Access" is not a tactic such as credential-access or TA0006
            hunt.yaml:8:16: attack.techniques[0]: "T110" is not a technique such as T1110 or T1110.003
            hunt.yaml:8:33: attack.techniques[2]: "T1110.003" is in the list twice
            hunt.yaml:10:13: data.sources[0]: "Zeek" is not a source such as aws_cloudtrail
            hunt.yaml:11:12: data.tables[0]: there is no table "dns_activty"; did you mean "dns_activity"?
            hunt.yaml:12:20: window.lookback: "90 days" is not a duration such as 90d, 12h, 1h30m, 45s or 500ms (w, d, h, m, s, ms; at most 36500d)
            hunt.yaml:14:3: parameters.Max: a parameter's name is 1 to 64 lower-case letters, digits and underscores, and begins with a letter
            hunt.yaml:14:3: parameters.Max: no query uses this parameter
            hunt.yaml:16:14: parameters.Max.default: "many" is not a whole number of at most 64 bits, such as 100
            hunt.yaml:18:5: parameters.names: a list must say what it is a list of: the key "of" is missing
            hunt.yaml:19:3: parameters.from: ${from} is the run's own range of time; choose another name
            hunt.yaml:19:3: parameters.from: no query uses this parameter
            hunt.yaml:25:48: queries[0].sql: there is no parameter "name"; did you mean "names"?
            hunt.yaml:26:13: queries[0].expect: "nothing" is none of none, review, count
            hunt.yaml:28:14: queries[0].finding.title: a column is written {column}, and a brace by itself is written twice: {{ or }}
            hunt.yaml:29:16: queries[0].finding.dedupe[0]: "a.b" is not the name of a column of the result
            hunt.yaml:30:18: queries[0].finding.threshold: "0" must be a whole number, at least 1
            hunt.yaml:31:5: queries[1]: a query is one thing only, but this one has sql and sweep
            hunt.yaml:34:5: queries[2]: a query must have one of "sql", "sigma" and "sweep"
            hunt.yaml:34:5: queries[2]: the key "id" is missing: The name of the query for machines, once in a hunt.
            hunt.yaml:35:18: schedule.cron: "61 * * * *" is not minute, hour, day, month and weekday such as "0 6 * * MON-FRI": Component error: Number out of bounds.
            hunt.yaml:35:42: schedule.timezone: there is no time zone "Europe/Wien"; did you mean "Europe/Kiev"?
            hunt.yaml:36:8: tags[0]: "Identity" is not a tag: at most 64 lower-case letters, digits and - _ . :
        "#]],
    );
}

#[test]
fn a_text_that_is_no_yaml_is_said_where_it_ends_to_be() {
    check(
        "version: 1\nid: [a, b\ntitle: x\n",
        expect![[r#"
        hunt.yaml:3:6: this is not YAML: illegal placement of ':' indicator
    "#]],
    );
    check(
        "",
        expect![[r#"
        hunt.yaml:1:1: the file is empty
    "#]],
    );
    check(
        "- a\n- b\n",
        expect![[r#"
        hunt.yaml:1:1: this must be a mapping with keys, but it is a list
    "#]],
    );
    check(
        "version: 1\n---\nversion: 1\n",
        expect![[r#"
        hunt.yaml:2:1: a second document begins here; a hunt file is one document
    "#]],
    );
}

#[test]
fn a_parameter_in_a_block_of_sql_has_its_own_line_and_column() {
    check(
        &hunt_with("\n\nSELECT 'ü', ${a}\n\n  , ${b}", ""),
        expect![[r#"
            hunt.yaml:15:19: queries[0].sql: there is no parameter "a"
            hunt.yaml:17:11: queries[0].sql: there is no parameter "b"
        "#]],
    );
}

#[test]
fn a_key_that_is_there_twice_is_refused() {
    check(
        &hunt_with("SELECT 1", "title: Another\n"),
        expect![[r#"
        hunt.yaml:14:1: the key "title" was there already, in line 3
    "#]],
    );
}

#[test]
fn anchors_aliases_and_tags_are_refused() {
    check(
        &hunt_with("SELECT 1", "owner: &me somebody\n"),
        expect![[r#"
        hunt.yaml:14:8: anchors (&name) are not read in hunt files
    "#]],
    );
    check(
        &hunt_with("SELECT 1", "owner: !!str 7\n"),
        expect![[r#"
        hunt.yaml:14:8: tags (tag:yaml.org,2002:!str) are not read in hunt files; quote the value instead
    "#]],
    );
    check(
        &hunt_with("SELECT 1", "owner: &me somebody\ntags: [*me]\n"),
        expect![[r#"
        hunt.yaml:14:8: anchors (&name) are not read in hunt files
        hunt.yaml:15:8: aliases (*name) are not read in hunt files; write the value out
    "#]],
    );
}

#[test]
fn only_a_draft_may_have_no_queries_and_no_tables() {
    let text = |status: &str| {
        format!(
            "version: 1\nid: x\ntitle: x\nhypothesis: x\nstatus: {status}\nattack: {{techniques: []}}\ndata: {{sources: [], tables: []}}\nqueries: []\n"
        )
    };
    check(
        &text("draft"),
        expect![[r#"
        x is fine
    "#]],
    );
    check(
        &text("stable"),
        expect![[r#"
        hunt.yaml:1:1: a hunt without queries must have the status "draft"
        hunt.yaml:1:1: only a hunt with the status "draft" may name no table in data.tables
    "#]],
    );
}

#[test]
fn a_file_beside_the_hunt_is_below_its_folder() {
    let text = |file: &str| hunt_with("SELECT 1", &format!("  - id: two\n    sigma: {{file: '{file}'}}\n"));
    check(
        &text("rules/logon.yml"),
        expect![[r#"
        test is fine
    "#]],
    );
    for file in ["/etc/passwd", "../rule.yml", "a/../../b", "C:\\rule.yml", "a//b", "https://example.com/rule.yml"] {
        assert!(problems_of(&text(file)).contains("must be a path below"), "{file}");
    }
}

#[test]
fn a_parameter_that_no_query_uses_is_a_mistake() {
    check(
        &hunt_with("SELECT 1", "parameters:\n  names:\n    type: list\n    of: string\n"),
        expect![[r#"
        hunt.yaml:15:3: parameters.names: no query uses this parameter
    "#]],
    );
}

#[test]
fn what_is_too_large_or_too_deep_is_refused() {
    assert!(problems_of(&" ".repeat(2 << 20)).contains("a hunt file has at most 1048576"));
    let nested = problems_of(&("[".repeat(100) + &"]".repeat(100)));
    assert!(nested.contains("nested deeper than 16 levels"), "{nested}");
}

#[test]
fn no_text_makes_the_reader_panic() {
    let whole = hunt_with("SELECT ${a} FROM x WHERE y = '${b}' -- ${c}", "parameters: {a: {type: ip}}\n");
    for end in (0..whole.len()).filter(|end| whole.is_char_boundary(*end)) {
        problems_of(&whole[..end]);
        problems_of(&whole[end..]);
        problems_of(&format!("{}\u{0}{}", &whole[..end], &whole[end..]));
        problems_of(&format!("{}ü: {}", &whole[..end], &whole[end..]));
    }
}
