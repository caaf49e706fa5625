use coldtrail_huntfile::{Hunt, Status, import_markdown};
use expect_test::expect;

const PAGE: &str = "---
id: H900
category: Flames
hypothesis: >-
  Somebody adds a key to a Run entry
  so that a program starts at every sign-in.
tactics:
- Persistence
techniques:
- T1547.001
- T9
tags:
- persistence
- Run Keys
submitter:
  name: A Hunter
  link: https://example.com/hunter
severity: high
status: current
required_data_sources:
- Sysmon 13
false_positive_notes: |
  Installers do it, too.
detection_queries:
- platform: KQL
  query: |
    DeviceRegistryEvents
    | where RegistryKey contains \"Run\"
location: Windows workstations
---

# H900 — Programs that start with the sign-in

## Why

- Because it lasts.

## References

- https://attack.mitre.org/techniques/T1547/001/
";

#[test]
fn a_hearth_hunt_becomes_a_draft_that_says_what_is_missing() {
    let import = import_markdown("H900.md", PAGE).unwrap();
    expect![[r#"
        version: 1
        id: h900
        title: "Programs that start with the sign-in"
        hypothesis: "Somebody adds a key to a Run entry so that a program starts at every sign-in."
        status: draft
        severity: high
        owner: "A Hunter"
        attack:
          tactics: ["persistence"]
          techniques: ["T1547.001"]
        data:
          sources: []
          tables: []
        window:
          lookback: 90d
        # What follows came with the hunt and has no place of its own.
        # category:
        #   Flames
        # status:
        #   current
        # required_data_sources:
        #   -
        #     Sysmon 13
        # detection_queries:
        #   -
        #     platform:
        #       KQL
        #     query:
        #       DeviceRegistryEvents
        #       | where RegistryKey contains "Run"
        # location:
        #   Windows workstations
        # # H900 — Programs that start with the sign-in
        #
        # ## Why
        #
        # - Because it lasts.
        #
        # ## References
        #
        # - https://attack.mitre.org/techniques/T1547/001/
        # parameters:
        #   failures_min:
        #     type: integer
        #     description: Wrong passwords of one address that are no longer chance.
        #     default: 20
        #     min: 1
        queries: []
        #   - id: failures
        #     sql: |
        #       SELECT src_endpoint.ip AS ip, min(time) AS first_seen, max(time) AS last_seen, count(*) AS failures
        #       FROM authentication
        #       WHERE status = 'Failure'
        #       GROUP BY 1
        #       HAVING count(*) >= ${failures_min}
        #     expect: none
        #     finding:
        #       title: '{failures} wrong passwords from {ip}'
        #       dedupe: [ip]
        #       observables: [ip]
        false_positive_notes: "Installers do it, too."
        references: ["https://attack.mitre.org/techniques/T1547/001/"]
        tags: ["persistence", "run-keys"]
    "#]]
    .assert_eq(&import.yaml);
    expect![[r#"
        Its queries are in other languages; they stand in the comments and must be written in SQL.
        It needs Sysmon 13: fill in data.sources and data.tables.
        The technique "T9" is not one of ATT&CK's numbers; it was left out.
    "#]]
    .assert_eq(&(import.missing.join("\n") + "\n"));
    let hunt = Hunt::parse("h900.yaml", &import.yaml).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!((hunt.id.as_str(), hunt.status), ("h900", Status::Draft));
    assert_eq!(hunt.techniques, ["T1547.001"]);
}

#[test]
fn the_fields_of_able_stand_in_the_comments() {
    let page = "---\nhypothesis: An insider copies the customer list\nactor: insider\nbehavior: T1567\nlocation: file servers\nevidence:\n- source: Sysmon\n  key_fields: [Image]\n---\n";
    let import = import_markdown("able.md", page).unwrap();
    for remark in ["# actor:\n#   insider\n", "# location:\n#   file servers\n", "#     source:\n#       Sysmon\n"] {
        assert!(import.yaml.contains(remark), "{remark}{}", import.yaml);
    }
    let hunt = Hunt::parse("able.yaml", &import.yaml).unwrap_or_else(|problems| panic!("{problems}\n{}", import.yaml));
    assert_eq!(hunt.title, "An insider copies the customer list");
}

#[test]
fn nothing_in_a_page_can_leave_the_comments() {
    let page = "---\nhypothesis: 'x\"\n\n  y'\ntitle: \"a: [b\"\ntags: ['${x}', '!']\nnotes: \"one\\nowner: evil\"\n---\r\nbody\rowner: evil\nowner: evil\u{2028}owner: evil\n";
    let import = import_markdown("x.md", page).unwrap();
    let hunt = Hunt::parse("x.yaml", &import.yaml).unwrap_or_else(|problems| panic!("{problems}\n{}", import.yaml));
    assert_eq!((hunt.title.as_str(), hunt.owner), ("a: [b", None));
}

#[test]
fn a_page_without_front_matter_or_hypothesis_is_refused() {
    let problem = |page: &str| import_markdown("x.md", page).unwrap_err().to_string();
    assert_eq!(problem("# H1\n"), "x.md:1:1: there is no front matter: the first line must be ---, and another must end it");
    assert_eq!(problem("---\nid: H1\n---\n"), "x.md:1:1: hypothesis: the front matter has no hypothesis");
    assert!(problem("---\nid: [H1\n---\n").starts_with("x.md:"), "{}", problem("---\nid: [H1\n---\n"));
}
