//! What each part of the language matches, and what it does not.

use std::collections::BTreeMap;

use coldtrail_sigma::{Mappings, Placeholders, check, parse};
use serde_json::json;

use crate::support::{matches, matches_with};

/// A detection with one search over the command line.
fn command_line(key: &str, value: &str, command_line: &str) -> bool {
    matches(&format!("selection:\n    CommandLine{key}: {value}"), json!({"CommandLine": command_line}))
}

#[test]
fn a_text_is_compared_as_a_whole_and_in_any_case() {
    assert!(command_line("", "'CMD /C Whoami'", "cmd /c whoami"));
    assert!(!command_line("", "'cmd /c who'", "cmd /c whoami"));
    assert!(command_line("", "'GRÜẞE ΑΣ'", "grüße ας".replace('ς', "σ").as_str()));
}

#[test]
fn cased_compares_letters_as_they_are() {
    assert!(command_line("|cased", "'cmd /c whoami'", "cmd /c whoami"));
    assert!(!command_line("|cased", "'cmd /c Whoami'", "cmd /c whoami"));
    assert!(!command_line("|contains|cased", "WHO", "cmd /c whoami"));
}

#[test]
fn wildcards_stand_for_any_text_and_for_one_character() {
    assert!(command_line("", "'cmd*mi'", "cmd /c whoami"));
    assert!(command_line("", "'*'", "cmd"));
    assert!(command_line("", "'c?d*w*a?i'", "cmd /c whoami"));
    assert!(!command_line("", "'c?md*'", "cmd /c whoami"));
    assert!(command_line("", "'*ab*abc'", "x ab ab abc"));
    assert!(!command_line("", "'?'", ""));
    assert!(command_line("", "'?ü'", "öü"));
}

#[test]
fn backslashes_are_read_as_the_specification_says() {
    assert!(command_line("", r"'C:\Windows\x'", r"C:\Windows\x"));
    assert!(command_line("", r"'C:\\Windows\x'", r"C:\Windows\x"));
    assert!(command_line("", r"'a\*b'", "a*b"));
    assert!(!command_line("", r"'a\*b'", "axb"));
    assert!(command_line("", r"'a\\*b'", r"a\xyb"));
    assert!(!command_line("", r"'a\\*b'", "a*b"));
    assert!(command_line("", r"'a\\\*b'", r"a\*b"));
    assert!(!command_line("", r"'a\\\*b'", r"a\xb"));
    assert!(command_line("", r"'\\\\server'", r"\\server"));
    assert!(command_line("", r"'\\\server'", r"\\server"));
    assert!(!command_line("", r"'\\server'", r"\\server"));
    assert!(command_line("|endswith", r"'\'", r"x\"));
}

#[test]
fn startswith_endswith_and_contains_open_one_side_or_both() {
    assert!(command_line("|startswith", "'cmd '", "cmd /c whoami"));
    assert!(!command_line("|startswith", "whoami", "cmd /c whoami"));
    assert!(command_line("|endswith", "whoami", "cmd /c whoami"));
    assert!(!command_line("|endswith", "'cmd '", "cmd /c whoami"));
    assert!(command_line("|contains", "' /c '", "cmd /c whoami"));
    assert!(!command_line("|contains", "' /k '", "cmd /c whoami"));
    assert!(command_line("|contains", "'/?*who'", "cmd /c whoami"));
}

#[test]
fn many_needles_are_looked_for_at_once() {
    let needles = "[alpha, bravo, charlie, delta, echo, foxtrot]";
    assert!(command_line("|contains", needles, "xx FOXTROT yy"));
    assert!(!command_line("|contains", needles, "xx golf yy"));
}

#[test]
fn a_list_is_or_and_all_makes_it_and() {
    assert!(command_line("|contains", "[who, missing]", "cmd /c whoami"));
    assert!(command_line("|contains|all", "[who, cmd]", "cmd /c whoami"));
    assert!(!command_line("|contains|all", "[who, missing]", "cmd /c whoami"));
    assert!(command_line("|all|contains", "[who, cmd]", "cmd /c whoami"));
}

#[test]
fn a_map_is_and_and_a_list_of_maps_is_or() {
    let both = "selection:\n    Image|endswith: cmd.exe\n    CommandLine|contains: whoami";
    assert!(matches(both, json!({})));
    assert!(!matches(both, json!({"Image": r"C:\x.exe"})));
    let either = "selection:\n    - Image|endswith: x.exe\n    - CommandLine|contains: whoami";
    assert!(matches(either, json!({})));
    assert!(!matches(either, json!({"CommandLine": "dir"})));
}

#[test]
fn conditions_bind_not_then_and_then_or() {
    let searches = "yes1: {Image|endswith: cmd.exe}\nyes2: {CommandLine|contains: whoami}\nno1: {Image: nothing}\nno2: {Image: nobody}\n_no3: {Image: x}";
    for (condition, expected) in [
        ("yes1 or no1 and no2", true),
        ("(yes1 or no1) and no2", false),
        ("not no1 and yes1", true),
        ("not (no1 or yes1)", false),
        ("yes1 AND NOT no1", true),
        ("all of yes*", true),
        ("all of *1", false),
        ("1 of no*", false),
        ("any of *1", true),
        ("1 of them", true),
        ("all of them", false),
        ("yes1 and not 1 of no*", true),
        ("not 1 of _no*", true),
    ] {
        assert_eq!(matches(&format!("{searches}\ncondition: {condition}"), json!({})), expected, "{condition}");
    }
    assert!(matches(&format!("{searches}\ncondition: [no1, yes1]"), json!({})));
    assert!(!matches(&format!("{searches}\ncondition: [no1, no2]"), json!({})));
}

#[test]
fn all_of_them_leaves_out_names_with_an_underscore() {
    assert!(matches("a: {Image|endswith: cmd.exe}\n_b: {Image: x}\ncondition: all of them", json!({})));
}

#[test]
fn null_is_a_field_that_is_not_there_or_null_and_empty_is_neither() {
    let null = "selection: {User: null}";
    assert!(matches(null, json!({})));
    assert!(matches(null, json!({"User": null})));
    assert!(!matches(null, json!({"User": ""})));
    assert!(!matches(null, json!({"User": "x"})));
    let empty = "selection: {User: ''}";
    assert!(matches(empty, json!({"User": ""})));
    assert!(!matches(empty, json!({"User": null})));
    assert!(!matches(empty, json!({})));
    let any = "selection: {User: '*'}";
    assert!(matches(any, json!({"User": ""})));
    assert!(!matches(any, json!({"User": null})));
    assert!(matches("selection: {User: [null, '-']}", json!({"User": "-"})));
}

#[test]
fn exists_asks_for_the_field_and_not_for_its_value() {
    assert!(matches("selection: {User|exists: true}", json!({"User": null})));
    assert!(matches("selection: {User|exists: true}", json!({"User": "x"})));
    assert!(!matches("selection: {User|exists: true}", json!({})));
    assert!(matches("selection: {User|exists: false}", json!({})));
    assert!(!matches("selection: {User|exists: false}", json!({"User": null})));
}

#[test]
fn numbers_and_texts_of_numbers_are_the_same() {
    assert!(matches("selection: {ProcessId: 4242}", json!({"ProcessId": 4242})));
    assert!(matches("selection: {ProcessId: 4242}", json!({"ProcessId": "4242"})));
    assert!(matches("selection: {ProcessId: '4242'}", json!({"ProcessId": 4242})));
    assert!(!matches("selection: {ProcessId: 4242}", json!({"ProcessId": 42420})));
    assert!(!matches("selection: {X: 16}", json!({"X": "0x10"})));
    assert!(matches("selection: {X: 1.5}", json!({"X": 1.5})));
    assert!(matches("selection: {X: 9007199254740993}", json!({"X": 9007199254740993_u64})));
    assert!(!matches("selection: {X: 9007199254740993}", json!({"X": 9007199254740992_u64})));
}

#[test]
fn true_and_false_are_compared_with_truth_and_its_text() {
    assert!(matches("selection: {X: true}", json!({"X": true})));
    assert!(matches("selection: {X: true}", json!({"X": "True"})));
    assert!(matches("selection: {X: 'true'}", json!({"X": true})));
    assert!(!matches("selection: {X: true}", json!({"X": false})));
    assert!(!matches("selection: {X: true}", json!({"X": 1})));
}

#[test]
fn neq_is_true_of_all_other_values() {
    assert!(command_line("|neq", "dir", "cmd /c whoami"));
    assert!(!command_line("|neq", "'cmd /c whoami'", "cmd /c whoami"));
    assert!(!command_line("|contains|neq", "[dir, whoami]", "cmd /c whoami"));
    assert!(command_line("|contains|all|neq", "[dir, whoami]", "cmd /c whoami"));
    assert!(matches("selection: {ProcessId|neq: 1}", json!({"ProcessId": 2})));
    assert!(!matches("selection: {ProcessId|neq: 2}", json!({"ProcessId": 2})));
}

#[test]
fn comparisons_are_of_numbers() {
    for (modifier, number, expected) in [
        ("lt", 5, false),
        ("lt", 6, true),
        ("lte", 5, true),
        ("lte", 4, false),
        ("gt", 5, false),
        ("gt", 4, true),
        ("gte", 5, true),
        ("gte", 6, false),
    ] {
        assert_eq!(matches(&format!("selection: {{X|{modifier}: {number}}}"), json!({"X": "5"})), expected, "5 {modifier} {number}");
    }
    assert!(!matches("selection: {X|lt: 5}", json!({"X": "four"})));
    assert!(matches("selection: {X|gt: 9}", json!({"X": 10})));
    assert!(!matches("selection: {X|gt: 9}", json!({})));
}

#[test]
fn parts_of_a_time_are_in_utc() {
    let time = json!({"X": "2026-03-01T23:45:10+02:00"});
    for (part, number) in [("minute", 45), ("hour", 21), ("day", 1), ("week", 9), ("month", 3), ("year", 2026)] {
        assert!(matches(&format!("selection: {{X|{part}: {number}}}"), time.clone()), "{part}");
        assert!(!matches(&format!("selection: {{X|{part}: {}}}", number + 1), time.clone()), "{part}");
    }
    assert!(matches("selection: {UtcTime|hour|gte: 10, UtcTime|hour|lt: 11}", json!({})));
    assert!(!matches("selection: {UtcTime|hour|gt: 10}", json!({})));
    assert!(matches("selection: {X|year: 2026}", json!({"X": 1_772_323_200})));
    assert!(matches("selection: {X|year: 2026}", json!({"X": 1_772_323_200_000_i64})));
    assert!(!matches("selection: {X|year: 2026}", json!({"X": "yesterday"})));
}

#[test]
fn networks_hold_addresses_of_both_kinds() {
    let inside = |network: &str, address: &str| matches(&format!("selection: {{X|cidr: '{network}'}}"), json!({"X": address}));
    assert!(inside("10.0.0.0/8", "10.255.0.1"));
    assert!(!inside("10.0.0.0/8", "11.0.0.1"));
    assert!(inside("2001:db8::/32", "2001:DB8:1::5"));
    assert!(!inside("2001:db8::/32", "2001:db9::5"));
    assert!(inside("10.0.0.0/8", "::ffff:10.1.2.3"));
    assert!(inside("192.0.2.7", "192.0.2.7"));
    assert!(!inside("10.0.0.0/8", "10.0.0.1.example.com"));
    assert!(matches("selection: {X|cidr: [10.0.0.0/8, 192.0.2.0/24]}", json!({"X": "192.0.2.9"})));
}

#[test]
fn regular_expressions_are_found_anywhere_and_mind_case() {
    assert!(command_line("|re", "'who[a-z]{2,3}i?'", "cmd /c whoami"));
    assert!(!command_line("|re", "WHOAMI", "cmd /c whoami"));
    assert!(command_line("|re|i", "WHOAMI", "cmd /c whoami"));
    assert!(command_line("|re", "'^cmd.*i$'", "cmd /c whoami"));
    assert!(!command_line("|re", "'^whoami'", "cmd /c whoami"));
    assert!(!command_line("|re", "'^whoami'", "cmd\nwhoami"));
    assert!(command_line("|re|m", "'^whoami'", "cmd\nwhoami"));
    assert!(!command_line("|re", "'cmd.whoami'", "cmd\nwhoami"));
    assert!(command_line("|re|s", "'cmd.whoami'", "cmd\nwhoami"));
    assert!(command_line("|re", "'whoami$'", "whoami\n"));
    assert!(command_line("|re|startswith", "'c.d'", "cmd /c whoami"));
    assert!(!command_line("|re|startswith", "who", "cmd /c whoami"));
    assert!(command_line("|re|all", "[who, cmd]", "cmd /c whoami"));
}

/// What PCRE takes literally and this dialect does not.
#[test]
fn regular_expressions_mean_what_they_mean_in_pcre() {
    assert!(command_line("|re", r"'a\<b'", "a<b"));
    assert!(command_line("|re", "'[[x]y'", "[y"));
    assert!(command_line("|re", "'[a&&b]{3}'", "a&b"));
    assert!(command_line("|re", "'[^]x]z'", "yz"));
    assert!(command_line("|re", "'{x}a{2}'", "{x}aa"));
    assert!(command_line("|re", "'[[:digit:]]{2}'", "42"));
    assert!(command_line("|re", r"'\d\.\w\/'", "4.x/"));
}

#[test]
fn windash_takes_every_dash_before_a_parameter() {
    for dash in ["-", "/", "\u{2013}", "\u{2014}", "\u{2015}"] {
        assert!(command_line("|contains|windash", "' -param-name x'", &format!("tool {dash}param-name x")), "{dash}");
        assert!(command_line("|windash|contains", "' /a -b'", &format!("tool {dash}a {dash}b")), "{dash}");
    }
    assert!(!command_line("|contains|windash", "' -param-name'", "tool +param-name"));
    assert!(!command_line("|contains|windash", "' -param-name'", "tool -param/name"));
}

#[test]
fn encodings_are_looked_for_as_they_are_written() {
    assert!(command_line("|base64", "whoami", "d2hvYW1p"));
    assert!(!command_line("|base64", "whoami", "whoami"));
    // "whoami" with none, one and two bytes before it, and other bytes behind.
    for encoded in ["eyB3aG9hbWkgfQ==", "ICB3aG9hbWkK", "d2hvYW1pIQ==", "IHdob2FtaQo="] {
        assert!(command_line("|base64offset|contains", "whoami", &format!("-enc {encoded}")), "{encoded}");
    }
    assert!(!command_line("|base64offset|contains", "whoami", "-enc aGVsbG8gd29ybGQ="));
    assert!(command_line("|wide|base64offset|contains", "whoami", "-enc dwBoAG8AYQBtAGkA"));
    assert!(command_line("|utf16le|base64offset|contains", "whoami", "-enc dwBoAG8AYQBtAGkA"));
    assert!(!command_line("|wide|base64offset|contains", "whoami", "-enc d2hvYW1p"));
    assert!(command_line("|utf16be|base64", "whoami", "AHcAaABvAGEAbQBp"));
    assert!(command_line("|utf16|base64", "whoami", "//53AGgAbwBhAG0AaQA="));
    assert!(command_line("|wide|contains", "ab", "x a\0b\0 x"));
}

#[test]
fn fieldref_compares_two_fields() {
    let same = "selection: {User|fieldref: ParentUser}";
    assert!(matches(same, json!({"User": "CORP\\Mara", "ParentUser": "corp\\mara"})));
    assert!(!matches(same, json!({"User": "a", "ParentUser": "b"})));
    assert!(!matches(same, json!({"User": "a"})));
    assert!(!matches("selection: {User|fieldref|cased: ParentUser}", json!({"User": "a", "ParentUser": "A"})));
    assert!(matches("selection: {User|fieldref|neq: ParentUser}", json!({"User": "a", "ParentUser": "b"})));
    assert!(matches("selection: {User|fieldref|startswith: ParentUser}", json!({"User": "abc", "ParentUser": "AB"})));
    assert!(!matches("selection: {User|fieldref|endswith: ParentUser}", json!({"User": "abc", "ParentUser": "AB"})));
    assert!(matches("selection: {User|fieldref|endswith: ParentUser}", json!({"User": "abc", "ParentUser": "BC"})));
    assert!(matches("selection: {User|fieldref|contains: ParentUser}", json!({"User": "abc", "ParentUser": "b"})));
}

#[test]
fn placeholders_stand_for_what_the_caller_says() {
    let placeholders: Placeholders = BTreeMap::from([
        ("Servers".to_owned(), vec!["srv*".to_owned(), "dc1".to_owned()]),
        ("Ext".to_owned(), vec!["exe".to_owned(), "dll".to_owned()]),
    ]);
    let with = |key: &str, value: &str, found: &str| {
        matches_with(&format!("selection:\n    {key}: '{value}'"), json!({"X": found}), &placeholders)
    };
    assert!(with("X|expand", "%Servers%", "SRV17"));
    assert!(with("X|expand", "%Servers%", "dc1"));
    assert!(!with("X|expand", "%Servers%", "pc1"));
    assert!(with("X|expand", "%Servers%.%Ext%", "srv1.dll"));
    assert!(with("X|expand|contains", "%Servers%", "on dc1 now"));
    assert!(with("X", "%Servers%", "%Servers%"));
    assert!(with("X|expand", r"\%plain%Ext%", "%plainexe"));
    assert!(with("X|expand", "100%", "100%"));
}

#[test]
fn placeholders_that_stand_for_too_much_are_refused() {
    let many: Vec<String> = (0..1_000).map(|number| number.to_string()).collect();
    let parsed =
        parse("a.yml", "title: A\nlogsource: {product: windows}\ndetection:\n    s: {X|expand: '%a%%a%%a%%a%'}\n    condition: s\n");
    let verdict = check(parsed.rules().next().unwrap(), Mappings::builtin(), &BTreeMap::from([("a".to_owned(), many)]));
    assert!(verdict.to_string().contains("more than 100000 values"), "{verdict}");
}

#[test]
fn keywords_are_looked_for_in_the_whole_event() {
    assert!(matches("selection: [nothing, WHOAMI]", json!({})));
    assert!(matches("selection: whoami", json!({})));
    assert!(!matches("selection: [nothing, nobody]", json!({})));
    assert!(matches("selection: ['pc1.corp*example']", json!({})));
    assert!(matches("selection:\n    '|all': [whoami, pc1.corp]", json!({})));
    assert!(!matches("selection:\n    '|all': [whoami, nobody]", json!({})));
    assert!(matches("selection:\n    '|re': 'who.mi'", json!({})));
    assert!(matches("selection: [4242]", json!({})));
    assert!(matches("selection: ['C:\\Windows\\System32']", json!({})));
    assert!(matches("keywords: [nothing]\nselection: {Image|endswith: cmd.exe}\ncondition: keywords or selection", json!({})));
}

#[test]
fn one_value_of_a_list_is_enough() {
    let list = json!({"X": ["alpha", "bravo", 7]});
    assert!(matches("selection: {X: bravo}", list.clone()));
    assert!(matches("selection: {X|contains|all: [alp, bra]}", list.clone()));
    assert!(matches("selection: {X|gt: 6}", list.clone()));
    assert!(!matches("selection: {X: charlie}", list.clone()));
    assert!(!matches("selection: {X|neq: bravo}", list));
}

/// Fields inside of fields, and objects compared as their JSON.
#[test]
fn paths_lead_into_objects_and_through_lists() {
    let nested = json!({"A": {"B": [{"C": 1}, {"C": "two"}], "d.e": {"f": "g"}}});
    assert!(matches("selection: {A.B.C: two}", nested.clone()));
    assert!(matches("selection: {A.B.0.C: 1}", nested.clone()));
    assert!(!matches("selection: {A.B.0.C: two}", nested.clone()));
    assert!(matches("selection: {A.d.e.f: g}", nested.clone()));
    assert!(matches("selection: {a.b.c: two}", nested.clone()));
    assert!(matches("selection: {A|contains: '\"f\":\"g\"'}", nested));
}

/// The search for words must not leave out a record that writes a character as a number.
#[test]
fn a_record_may_write_its_characters_as_it_likes() {
    use crate::support::{batches, count, rule_set};
    use coldtrail_normalize::Source;
    let set = rule_set(
        "title: A\nlogsource: {category: process_creation, product: windows}\ndetection:\n    selection: {CommandLine|contains: mimikatz}\n    condition: selection\n",
    );
    let plain = String::from_utf8(crate::support::process(json!({"CommandLine": "x MIMIKATZ x"}))).unwrap();
    for written in ["MIMIKATZ", r"MIMI\u004bATZ", "MIMI\u{212a}ATZ", r"M\u0130MIKATZ", r"MIMI\u212AATZ"] {
        let record = plain.replace("MIMIKATZ", written);
        assert_eq!(count(&set, &batches(Source::WindowsEvent, record.as_bytes())).get(&0), Some(&1), "{written}");
    }
}

/// pySigma gives some modifiers second names.
#[test]
fn second_names_of_modifiers_mean_the_same() {
    for (flag, text, found) in [("i", "WHOAMI", true), ("ignorecase", "WHOAMI", true), ("m", "WHOAMI", false), ("s", "WHOAMI", false)] {
        assert_eq!(command_line(&format!("|re|{flag}"), "whoami", text), found, "{flag}");
    }
    for (flag, found) in [("i", false), ("m", true), ("multiline", true), ("s", false)] {
        assert_eq!(command_line(&format!("|re|{flag}"), "^whoami$", "a\nwhoami\nb"), found, "{flag}");
    }
    for (flag, found) in [("i", false), ("m", false), ("s", true), ("dotall", true)] {
        assert_eq!(command_line(&format!("|re|{flag}"), "a.b", "a\nb"), found, "{flag}");
    }
}
