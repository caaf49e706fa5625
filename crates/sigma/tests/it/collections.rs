//! Rules with what stands beside them: filters, the values of placeholders, correlations.

use coldtrail_normalize::Source;
use coldtrail_sigma::{Collection, Mappings, RuleFiles, RuleSet, read_placeholders};
use serde_json::json;

use crate::support::{batches, count, process};

const RULE: &str = r"
title: Somebody looks around
id: look
name: look_around
logsource: {product: windows, category: process_creation}
detection: {s: {CommandLine|contains: whoami, User|expand: '%People%'}, condition: s}
";

const FILTER: &str = r"
title: Administrators may
logsource: {product: windows, category: process_creation}
filter: {rules: [look_around], known: {User|endswith|expand: '_%Suffix%'}, condition: known}
";

fn files(texts: &[(&str, &str)], placeholders: &str) -> RuleFiles {
    let files = texts.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    let mut files = RuleFiles { files, ..RuleFiles::default() };
    files.add_placeholders("values.yml", read_placeholders("values.yml", placeholders).unwrap()).unwrap();
    files
}

/// The users whose call of `whoami` is found.
fn found(set: &RuleSet) -> Vec<&'static str> {
    let is_found = |user: &&str| !count(set, &batches(Source::WindowsEvent, &process(json!({"User": user})))).is_empty();
    ["mara", "eve_adm", "eve", "otto"].into_iter().filter(is_found).collect()
}

const VALUES: &str = "People: [mara, 'eve*']\nSuffix: adm\n";

#[test]
fn filters_and_placeholders_of_other_files_change_what_is_found() {
    let rules = [("look.yml", RULE), ("known.yml", FILTER)];
    let all = Collection::new(&files(&rules, VALUES), Mappings::builtin());
    assert!(all.refused.is_empty(), "{:?}", all.refused);
    assert_eq!((all.filters, all.placeholders().len()), (1, 2));
    assert_eq!(found(&all.set), ["mara", "eve"]);
    let unfiltered = Collection::new(&files(&rules[..1], VALUES), Mappings::builtin());
    assert_eq!(found(&unfiltered.set), ["mara", "eve_adm", "eve"]);
    let others = Collection::new(&files(&rules, "People: otto\nSuffix: [x]\n"), Mappings::builtin());
    assert_eq!(found(&others.set), ["otto"]);
}

/// What is kept with a run must find the same on another machine.
#[test]
fn a_set_is_the_same_after_it_was_kept() {
    let all = files(&[("look.yml", RULE), ("known.yml", FILTER)], VALUES);
    let again = RuleFiles::from_bytes("kept", &all.to_bytes()).unwrap();
    assert_eq!(again, all);
    let set = Collection::new(&again, Mappings::builtin()).set;
    let travelled = RuleSet::from_json(&set.to_json(), Mappings::builtin()).unwrap();
    assert_eq!(found(&travelled), ["mara", "eve"]);
    assert_eq!(travelled.placeholders(), set.placeholders());
}

/// The forms that sets were kept in so far, to be read for ever.
#[test]
fn sets_that_were_kept_before_can_be_read() {
    let files_only = json!([{"path": "a.yml", "text": RULE}, {"path": "b.yml", "text": FILTER}]).to_string();
    let read = RuleFiles::from_bytes("kept", files_only.as_bytes()).unwrap();
    assert_eq!((read.files.len(), read.placeholders.len()), (2, 0));
    let with_values = r#"[{"path": "a.yml", "text": "title: A"}, {"path": "values.yml", "placeholders": {"People": ["mara", "eve*"]}}]"#;
    let read = RuleFiles::from_bytes("kept", with_values.as_bytes()).unwrap();
    assert_eq!(read.files, [("a.yml".to_owned(), "title: A".to_owned())]);
    assert_eq!(read.placeholders["People"], ["mara", "eve*"]);
    let alone = RuleFiles::from_bytes("one.yml", RULE.as_bytes()).unwrap();
    assert_eq!(alone.files, [("one.yml".to_owned(), RULE.to_owned())]);
    for wrong in ["[{\"path\": \"a.yml\"}]", "[{\"path\": \"a.yml\", \"text\": \"\", \"more\": 1}]", "[1]"] {
        assert!(RuleFiles::from_bytes("kept", wrong.as_bytes()).unwrap_err().to_string().contains("kept"), "{wrong}");
    }
    assert!(RuleFiles::from_bytes("kept", b"\xff").unwrap_err().to_string().contains("not text"));
}

#[test]
fn what_cannot_be_used_is_said_with_its_file_and_its_reason() {
    let no_rule = FILTER.replace("look_around", "somebody_else");
    let toaster = RULE.replace("product: windows, category: process_creation", "product: toaster");
    let texts = [("look.yml", RULE), ("known.yml", no_rule.as_str()), ("toast.yml", toaster.as_str()), ("broken.yml", "title: [")];
    let all = Collection::new(&files(&texts, "Suffix: adm\n"), Mappings::builtin());
    let said: Vec<String> = all.refused.iter().map(ToString::to_string).collect();
    let no_value = "Somebody looks around: unsupported: the placeholder %People% has no value";
    assert!(said[0].starts_with("broken.yml:") && said[0].contains("not YAML"), "{said:?}");
    assert!(said[1].starts_with("known.yml: Administrators may: unsupported: the filter applies to no rule"), "{said:?}");
    assert_eq!(said[2..], [format!("look.yml: {no_value}"), format!("toast.yml: {no_value}")]);
    let verdicts: Vec<&str> = all.refused.iter().map(|one| one.verdict).collect();
    assert_eq!(verdicts, ["malformed", "unsupported", "unsupported", "unsupported"]);
    assert_eq!((said.len(), all.set.rules().len(), all.filters), (4, 0, 0));
    let unmapped = Collection::new(&files(&texts[2..3], VALUES), Mappings::builtin());
    assert_eq!(unmapped.refused[0].to_string(), "toast.yml: Somebody looks around: unmapped: the logsource product=toaster has no mapping");
}

#[test]
fn values_of_placeholders_are_texts_numbers_or_lists_of_them() {
    let read = read_placeholders("v.yml", "A: x\nB: [y, 7]\n'%C%': 1.5\n").unwrap();
    let values = |name: &str| read[name].iter().map(String::as_str).collect::<Vec<_>>();
    assert_eq!((values("A"), values("B"), values("C")), (vec!["x"], vec!["y", "7"], vec!["1.5"]));
    assert_eq!(read_placeholders("v.json", r#"{"A": ["x"]}"#).unwrap()["A"], ["x"]);
    for (text, why) in
        [("A: []", "the placeholder A needs"), ("A: {b: c}", "the placeholder A needs"), ("A: [x, null]", "needs"), ("- x", "v.yml")]
    {
        let said = read_placeholders("v.yml", text).unwrap_err().to_string();
        assert!(said.contains(why) && said.contains("v.yml"), "{text}: {said}");
    }
    let mut twice = files(&[], "A: x\n");
    let said = twice.add_placeholders("more.yml", read_placeholders("more.yml", "A: y").unwrap()).unwrap_err();
    assert!(said.to_string().contains("more.yml") && said.to_string().contains("A has values already"), "{said}");
}

#[test]
fn correlations_and_their_rules_may_be_in_files_of_their_own() {
    let rule = RULE.replace(", User|expand: '%People%'", "");
    let many =
        "title: Often\ncorrelation: {type: event_count, rules: [look_around], group-by: [User], timespan: 1h, condition: {gte: 2}}\n";
    let nobody = many.replace("look_around", "nobody");
    let all =
        Collection::new(&files(&[("b.yml", many), ("c.yml", nobody.as_str()), ("a.yml", rule.as_str())], "X: y"), Mappings::builtin());
    assert_eq!((all.set.rules().len(), all.correlations.correlations().len()), (1, 1));
    assert_eq!(all.set.carried_fields(0), ["User"]);
    assert_eq!(all.refused.len(), 1);
    assert!(all.refused[0].to_string().starts_with("c.yml: Often: unsupported: there is no rule \"nobody\""), "{}", all.refused[0]);
}

/// Events without a value belong to no group: a field that no event of a rule can have would keep a correlation from finding anything.
#[test]
fn a_correlation_by_a_field_that_no_event_has_is_refused_with_those_that_build_on_it() {
    let rule = "title: Flow\nname: flow\nlogsource: {product: zscaler, category: firewall}\ndetection: {s: {dst_port: 22}, condition: s}\n";
    let by = |title: &str, name: &str, rules: &str, fields: &str| {
        format!(
            "---\ntitle: {title}\nname: {name}\ncorrelation: {{type: event_count, rules: [{rules}], group-by: [{fields}], timespan: 1h, condition: {{gte: 2}}}}\n"
        )
    };
    let text = [
        rule.to_owned(),
        by("Good", "good", "flow", "src_ip"),
        by("Bad", "bad", "flow", "src_ip, session"),
        by("On", "on", "bad", "src_ip"),
    ];
    let all = Collection::new(&files(&[("f.yml", &text.concat())], "X: y"), Mappings::builtin());
    let titles: Vec<&str> = all.correlations.correlations().iter().map(|one| one.about.title.as_str()).collect();
    assert_eq!(titles, ["Good"]);
    let said: Vec<String> = all.refused.iter().map(ToString::to_string).collect();
    assert_eq!(said[0], "f.yml: Bad: unmapped: the records of zscaler have no field session");
    assert!(said[1].contains("on") && said[1].contains("there is no rule \"bad\""), "{said:?}");
    assert_eq!(all.set.carried_fields(0), ["src_ip"]);
    // Where some source has it, the others' events belong to no group.
    let any = text.concat().replace("product: zscaler, ", "").replace("session", "username");
    let all = Collection::new(&files(&[("f.yml", &any)], "X: y"), Mappings::builtin());
    assert_eq!((all.correlations.correlations().len(), all.refused.len()), (3, 0));
}
