use coldtrail_huntfile::{Expect, Hunt, Indicators, Question, Severity, SigmaRule, Status};

const WHOLE: &str = r"
version: 1
id: password-spray
title: One address, many accounts
hypothesis: >
  Whoever has one password tries it on everybody.
status: stable
severity: high
owner: Hunting team
attack:
  tactics: [credential-access, TA0001]
  techniques: [T1110.003]
data:
  sources: [azure_entra]
  tables: [authentication]
window:
  lookback: 30d
parameters:
  accounts_min:
    type: integer
    default: 5
    min: 2
queries:
  - id: spray
    title: Addresses with failures of many accounts
    sql: |
      SELECT src_endpoint.ip AS ip, count(DISTINCT user.name) AS accounts
      FROM authentication
      GROUP BY 1
      HAVING count(DISTINCT user.name) >= ${accounts_min}
    finding:
      title: '{ip} tried {accounts} accounts'
      dedupe: [ip]
      entities: []
      observables: [ip]
      threshold: 2
  - id: rule
    severity: low
    expect: review
    sigma: |
      title: A rule
      detection: {}
  - id: rule-file
    sigma: {file: rules/logon.yml}
  - id: sweep
    expect: count
    sweep: {feed: feodo}
false_positive_notes: Gateways with many users.
schedule: {cron: '0 6 * * MON-FRI', timezone: Europe/Vienna}
references: [https://attack.mitre.org/techniques/T1110/003/]
tags: [identity]
";

fn whole() -> Hunt {
    Hunt::parse("spray.yaml", WHOLE).unwrap_or_else(|problems| panic!("{problems}"))
}

#[test]
fn a_hunt_has_what_its_file_says() {
    let hunt = whole();
    assert_eq!((hunt.id.as_str(), hunt.title.as_str()), ("password-spray", "One address, many accounts"));
    assert_eq!(hunt.hypothesis, "Whoever has one password tries it on everybody.\n");
    assert_eq!((hunt.status, hunt.severity, hunt.owner.as_deref()), (Status::Stable, Severity::High, Some("Hunting team")));
    assert_eq!(
        (hunt.tactics.as_slice(), hunt.techniques.as_slice()),
        (&["credential-access".into(), "TA0001".into()][..], &["T1110.003".into()][..])
    );
    assert_eq!((hunt.sources.as_slice(), hunt.tables.as_slice()), (&["azure_entra".to_owned()][..], &["authentication".to_owned()][..]));
    assert_eq!(hunt.lookback.to_string(), "30d");
    assert_eq!(hunt.parameters.len(), 1);
    assert_eq!(
        hunt.schedule.map(|schedule| format!("{} {}", schedule.cron, schedule.timezone)).as_deref(),
        Some("0 6 * * MON-FRI Europe/Vienna")
    );
}

#[test]
fn a_query_has_its_hunts_title_and_severity_unless_it_has_its_own() {
    let queries = whole().queries;
    let shown: Vec<_> =
        queries.iter().map(|query| format!("{}: {} {} {}", query.id, query.severity, query.expect.name(), query.title)).collect();
    assert_eq!(
        shown,
        [
            "spray: high none Addresses with failures of many accounts",
            "rule: low review One address, many accounts",
            "rule-file: high none One address, many accounts",
            "sweep: high count One address, many accounts",
        ]
    );
    assert_eq!(queries[3].expect, Expect::Count);
}

#[test]
fn a_query_is_sql_a_sigma_rule_or_a_sweep() {
    let queries = whole().queries;
    assert!(matches!(&queries[0].question, Question::Sql(sql) if sql.starts_with("SELECT src_endpoint.ip")));
    assert_eq!(queries[1].question, Question::Sigma(SigmaRule::Text("title: A rule\ndetection: {}\n".into())));
    assert_eq!(queries[2].question, Question::Sigma(SigmaRule::File("rules/logon.yml".into())));
    assert_eq!(queries[3].question, Question::Sweep(Indicators::Feed("feodo".into())));
}

#[test]
fn a_finding_is_named_after_its_row() {
    let finding = &whole().queries[0].finding;
    assert_eq!(finding.columns(), ["accounts", "ip"]);
    assert_eq!(finding.threshold, 2);
    let title = |ip: Option<&str>| finding.title.of_row(|column| if column == "ip" { ip.map(str::to_owned) } else { Some("7".to_owned()) });
    assert_eq!(title(Some("192.0.2.1")), "192.0.2.1 tried 7 accounts");
    assert_eq!(title(None), "– tried 7 accounts");
}

#[test]
fn a_hunt_that_does_not_say_looks_ninety_days_back() {
    let hunt = Hunt::parse("x", &crate::hunt_with("SELECT 1", "")).unwrap();
    assert_eq!(hunt.lookback.to_string(), "90d");
    assert_eq!((hunt.status, hunt.severity), (Status::Experimental, Severity::Medium));
    let range = hunt.range_at(1_775_001_600_000);
    assert_eq!((range.from_ms, range.until_ms), (1_775_001_600_000 - 90 * 86_400_000, 1_775_001_600_000));
}

#[test]
fn the_hash_is_that_of_the_files_bytes() {
    let text = crate::hunt_with("SELECT 1", "");
    let hunt = Hunt::parse("x", &text).unwrap();
    assert_eq!(hunt.text(), text);
    assert_eq!(hunt.sha256().len(), 64);
    let other = Hunt::parse("x", &format!("{text}# a remark\n")).unwrap();
    assert_ne!(hunt.sha256(), other.sha256());
}

#[test]
fn a_template_is_a_draft_that_can_be_read() {
    let text = Hunt::new_template("Who signs in: from \"two\" places?");
    let hunt = Hunt::parse("new.yaml", &text).unwrap_or_else(|problems| panic!("{problems}\n{text}"));
    assert_eq!((hunt.id.as_str(), hunt.title.as_str()), ("who-signs-in-from-two-places", "Who signs in: from \"two\" places?"));
    assert_eq!(hunt.status, Status::Draft);
    // What is in comments is a hunt, too.
    let example = text.replace("# parameters", "parameters").replace("queries: []", "queries:").replace("\n#", "\n");
    let example = example.replace("  tables: []", "  tables: [authentication]");
    let hunt = Hunt::parse("new.yaml", &example).unwrap_or_else(|problems| panic!("{problems}\n{example}"));
    assert_eq!(hunt.queries.len(), 1);
}
