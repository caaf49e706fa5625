//! What is read from files of rules, and what is said of those that cannot be used.

use coldtrail_sigma::{Document, Mappings, Placeholders, Verdict, check, parse};

/// The problems of a text, one a line.
fn problems(yaml: &str) -> String {
    let problems = parse("rules/a.yml", yaml.trim_start_matches('\n')).problems;
    problems.iter().map(|problem| format!("{problem}\n")).collect()
}

fn with_detection(detection: &str) -> String {
    format!("title: A\nid: 7\nlogsource:\n    product: windows\n    service: security\ndetection:\n{detection}")
}

#[test]
fn a_rule_says_what_it_is() {
    let parsed = parse(
        "trail.yml",
        r"
title: Somebody stops the trail
id: 4db60cc0-36fb-42b7-9b58-a5b53019fb74
name: trail_stopped
status: test
level: High
tags: [attack.defense-evasion, attack.t1562.008]
date: 2020-01-21
fields: [userIdentity.arn]
falsepositives:
    - Somebody who may
logsource: {product: aws, service: cloudtrail, definition: CloudTrail must be on}
detection:
    selection: {eventName: StopLogging}
    condition: selection
",
    );
    assert!(parsed.problems.is_empty());
    let [Document::Rule(rule)] = parsed.documents.as_slice() else { panic!("{:?}", parsed.documents) };
    assert_eq!((rule.about.key(), rule.about.line, rule.about.level.as_deref()), ("4db60cc0-36fb-42b7-9b58-a5b53019fb74", 2, Some("high")));
    assert!(rule.about.is_called("trail_stopped") && rule.about.is_called("4db60cc0-36fb-42b7-9b58-a5b53019fb74"));
    assert_eq!(rule.logsource.to_string(), "product=aws service=cloudtrail");
    assert_eq!(rule.fields, ["userIdentity.arn"]);
}

#[test]
fn a_problem_names_file_line_column_and_rule() {
    let wrong_modifier = with_detection("    selection:\n        User|containz: x\n    condition: selection\n");
    assert_eq!(problems(&wrong_modifier), "rules/a.yml:8:9: rule 7: there is no modifier \"containz\"\n");
    let wrong_name = with_detection("    selection:\n        User: x\n    condition: selection and not filter\n");
    assert_eq!(problems(&wrong_name), "rules/a.yml:9:16: rule 7: the condition names \"filter\", which is not defined\n");
    let wrong_value =
        with_detection("    selection:\n        User|contains:\n            - x\n            - null\n    condition: selection\n");
    assert_eq!(problems(&wrong_value), "rules/a.yml:10:15: rule 7: this value is null; the modifiers need a text (put it in quotes)\n");
    assert!(problems("title: A\n  id: 1\n").starts_with("rules/a.yml:2:5: not YAML: "), "{}", problems("title: A\n  id: 1\n"));
}

#[test]
fn a_document_that_cannot_be_used_costs_no_other() {
    let good = with_detection("    selection: {User: x}\n    condition: selection\n");
    let bad = "title: B\ndetection: {selection: {a: b}, condition: selection}\n";
    let parsed = parse("a.yml", &format!("# a comment\n---\n{good}---\n{bad}---\n[not, {{closed\n---\n{good}"));
    assert_eq!(parsed.documents.len(), 2);
    let places: Vec<String> = parsed.problems.iter().map(|problem| format!("{}: {}", problem.line, problem.message)).collect();
    assert_eq!(places[0], "12: there is no logsource");
    assert!(places[1].contains("not YAML"), "{places:?}");
    assert_eq!(places.len(), 2);
}

#[test]
fn a_value_that_is_not_what_its_modifiers_take_it_for_has_its_place() {
    for (key, value, said) in [
        ("a|cidr", "10.0.0", "7:17: rule B: \"10.0.0\" is not a network"),
        ("a|cidr", "10.0.0.0/99", "7:17: rule B: \"10.0.0.0/99\" is not a network"),
        ("a|cidr", "[10.0.0.0/8, ten]", "7:30: rule B: \"ten\" is not a network"),
        ("a|re", "'(open'", "7:15: rule B: the regular expression \"(open\" cannot be used: unclosed group"),
        ("a|re|i", "[ok, 'a)']", "7:22: rule B: the regular expression \"a)\" cannot be used: unopened group"),
        ("a|re", "'[a'", "7:15: rule B: the regular expression \"[a\" cannot be used: unclosed character class"),
        ("a|re", "'*'", "7:15: rule B: the regular expression \"*\" cannot be used: repetition operator missing expression"),
    ] {
        let text = format!(
            "title: B\nlogsource:\n    product: x\n    service: y\ndetection:\n    selection:\n        {key}: {value}\n    condition: selection\n"
        );
        assert_eq!(problems(&text), format!("rules/a.yml:{said}\n"), "{key}: {value}");
    }
}

#[test]
fn what_contradicts_itself_is_refused() {
    for (key, value, why) in [
        ("a|startswith|endswith", "x", "only one of startswith"),
        ("a|i", "x", "need re"),
        ("a|re|base64", "x", "re stands only with"),
        ("a|cidr|contains", "10.0.0.0/8", "cidr stands only"),
        ("a|contains|base64", "x", "stand behind encodings"),
        ("a|exists|contains", "true", "exists stands alone"),
        ("a|exists", "maybe", "need true or false"),
        ("a|lt|gt", "5", "one comparison"),
        ("a|lt", "x", "need a number"),
        ("a|hour|contains", "5", "stand only with each other"),
        ("a|fieldref|base64", "b", "fieldref stands only"),
        ("a|contains|contains", "x", "stands twice"),
        ("a|contains", "5", "put it in quotes"),
        ("a", "[]", "there is no value"),
        ("'|startswith'", "x", "need a field"),
        ("'|exists'", "true", "needs a field"),
    ] {
        let said = problems(&with_detection(&format!("    selection:\n        {key}: {value}\n    condition: selection\n")));
        assert!(said.contains(why), "{key}: {said}");
    }
}

#[test]
fn conditions_that_mean_nothing_are_refused() {
    for (condition, why) in [
        ("selection | count() > 5", "no longer part of Sigma"),
        ("selection and", "ends where a search should stand"),
        ("(selection", "a bracket is not closed"),
        ("selection)", "stands where it should end"),
        ("2 of selection*", "Sigma has 1, any and all"),
        ("1 of filter*", "which no search fits"),
        ("selection filter", "stands where it should end"),
        ("and selection", "stands where a search should"),
        ("selection && x", "has no meaning"),
        ("\"\"", "ends where a search should stand"),
    ] {
        let said = problems(&with_detection(&format!("    selection: {{a: b}}\n    condition: {condition}\n")));
        assert!(said.contains(why), "{condition}: {said}");
    }
    assert!(problems(&with_detection("    selection: {a: b}\n")).contains("there is no condition"));
    assert!(problems(&with_detection("    selection: {}\n    condition: selection\n")).contains("this search is empty"));
}

#[test]
fn the_same_key_twice_is_refused() {
    assert!(problems(&with_detection("    selection:\n        a: b\n        a: c\n    condition: selection\n")).contains("duplicate"));
}

#[test]
fn actions_merge_documents() {
    let yaml = r"
action: global
title: Global
logsource: {product: aws, service: cloudtrail}
detection: {condition: selection}
---
detection: {selection: {eventName: A}}
---
action: repeat
title: Repeated
detection: {selection: {eventName: B}}
---
action: reset
---
title: Alone
detection: {selection: {eventName: C}, condition: selection}
---
action: forget
";
    let parsed = parse("a.yml", yaml);
    let titles: Vec<&str> = parsed.rules().map(|rule| rule.about.title.as_str()).collect();
    assert_eq!(titles, ["Global", "Repeated"]);
    assert!(parsed.rules().nth(1).unwrap().yaml().contains("eventName: B"));
    let messages: Vec<&str> = parsed.problems.iter().map(|problem| problem.message.as_str()).collect();
    assert_eq!(messages, ["there is no logsource", "there is no action \"forget\""]);
}

#[test]
fn a_filter_whose_condition_tools_read_differently_is_refused() {
    let filter = |condition: &str| {
        format!(
            "title: F\nlogsource: {{product: windows}}\nfilter:\n    rules: any\n    one: {{a: b}}\n    two: {{a: c}}\n    condition: {condition}\n"
        )
    };
    for fine in ["one", "one or two", "not one", "not one and not two", "not 1 of *", "not (one or two)"] {
        assert_eq!(problems(&filter(fine)), "", "{fine}");
    }
    for unclear in ["one and not two", "not one or not two", "not not one"] {
        assert!(problems(&filter(unclear)).contains("tools read it differently"), "{unclear}");
    }
}

/// What [`check`] says of a rule with this logsource and detection.
fn verdict(logsource: &str, detection: &str) -> Verdict {
    verdict_with(Mappings::builtin(), logsource, detection)
}

fn verdict_with(mappings: &Mappings, logsource: &str, detection: &str) -> Verdict {
    let parsed =
        parse("a.yml", &format!("title: A\nlogsource: {logsource}\ndetection:\n    selection: {detection}\n    condition: selection\n"));
    check(parsed.rules().next().unwrap(), mappings, &Placeholders::new())
}

#[test]
fn a_rule_that_cannot_be_evaluated_says_why() {
    const WINDOWS: &str = "{product: windows, service: security}";
    assert_eq!(verdict(WINDOWS, "{a: b}"), Verdict::Pass);
    let to_come = "source: oven\ncollected: false\nrecords: [.]\nscopes: [.]\ntables: [api_activity]\nvariants: {log: {}}\nlogsources: [{product: oven, variants: [log]}]\n";
    let to_come = Mappings::read(&[("oven.yml", to_come)]).unwrap();
    assert_eq!(
        verdict_with(&to_come, "{product: oven}", "{a: b}"),
        Verdict::Unmapped("the logsource product=oven is of the source oven, which is not collected".to_owned())
    );
    assert_eq!(
        verdict("{product: teapot, category: brewing}", "{a: b}"),
        Verdict::Unmapped("the logsource product=teapot category=brewing has no mapping".to_owned())
    );
    for (detection, why) in [
        ("{a|re: '(?=look)ahead'}", "look-around"),
        ("{a|re: '(a)\\1'}", "backreferences"),
        ("{a|expand: '%Servers%'}", "the placeholder %Servers% has no value"),
        ("{a|base64: 'x*'}", "wildcards cannot be encoded"),
        ("{a|utf16: x}", "base64 or base64offset must follow"),
        ("{a|fieldref: 'x*'}", "has wildcards"),
    ] {
        let said = verdict(WINDOWS, detection).to_string();
        assert!(said.starts_with("unsupported: ") && said.contains(why), "{detection}: {said}");
    }
}
