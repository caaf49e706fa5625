//! A report says what was found and what was not searched, and no value gets out of its place.

use coldtrail_evidence::{
    Contents, Entity, Evidence, IndicatorStatus, IndicatorVerdict, TimelineBin, UnreadableSegment, report_html, report_markdown,
};
use expect_test::expect;

use crate::example::{MARCH_MS, contents, quiet};

fn html(contents: &Contents) -> String {
    report_html(&Evidence::of(contents).unwrap())
}

fn markdown(contents: &Contents) -> String {
    report_markdown(&Evidence::of(contents).unwrap())
}

/// The sentence that a reader reads first.
fn headline(contents: &Contents) -> String {
    markdown(contents).lines().find_map(|line| Some(line.strip_prefix("**")?.strip_suffix("**")?.to_owned())).unwrap()
}

#[test]
fn a_report_in_markdown_says_all_that_was_found_and_missing() {
    let report = markdown(&contents());
    // The hash of a result file depends on the library that wrote it.
    let (results, others): (Vec<&str>, Vec<&str>) = report.lines().partition(|line| line.starts_with("| results/"));
    assert_eq!(results.len(), 2);
    expect![[r#"
        # Password spray

        **1 finding (1 true positive) in 1,300 events of aws\_cloudtrail and okta. This does not speak for all that was asked: see the reservations.**

        ## Hypothesis

        One address tries few passwords on many accounts.

        ## Reservations

        - There are no events of okta on 2026-03-03.

        ## Findings

        | Finding | Severity | About | Events | First | Last | Verdict |
        |---|---|---|---:|---|---|---|
        | 31 failed sign-ins from 203.0.113.7 | high | ip 203.0.113.7 | 31 | 2026-03-01 00:00:00.000Z | 2026-03-01 01:00:00.000Z | true positive by grace, 2026-03-12 00:00:00.000Z  |

        ## Entities

        | Entity | Kind | Findings | Events |
        |---|---|---:|---:|
        | 203.0.113.7 | ip | 1 | 31 |

        ## ATT&CK

        | Technique | Name | Tactic | Findings |
        |---|---|---|---:|
        | T1110.003 | Password Spraying | Credential Access | 1 |

        ## What was searched

        1,300 events.

        | Table | Source | Events |
        |---|---|---:|
        | authentication | aws\_cloudtrail | 1,234 |
        | authentication | okta | 66 |

        ## Coverage

        | Source | Days and accounts expected | Of these missing | Events | Rejects |
        |---|---:|---:|---:|---:|
        | aws\_cloudtrail | 3 | 0 | 1,234 | 0 |
        | okta | 3 | 1 | 66 | 0 |

        | Gap | Account | From | To | Days |
        |---|---|---|---|---:|
        | okta | – | 2026-03-03 | 2026-03-03 | 1 |

        | Segments not read because of | Segments |
        |---|---:|
        | time | 3 |

        ## The run

        | | |
        |---|---|
        | Hunt | password-spray |
        | Run | 01981b2e-0000-7000-8000-000000000001 |
        | Asked by | ada |
        | Submitted | 2026-03-11 00:00:00.000Z |
        | Started | 2026-03-11 00:00:01.000Z |
        | Ended | 2026-03-11 00:01:01.000Z |
        | State | done |
        | Slices | 3 in 3 attempts |
        | Snapshot | 17, committed 2026-03-10 00:00:00.000Z |
        | Versions | Coldtrail 0.1.0, OCSF 1.8.0, DataFusion 55.0.0 |
        | Report made | 2026-03-12 00:00:00.000Z by ada |
        | Parameter accounts | 5 |

        ## Statement

            SELECT src_endpoint_ip, count(*) FROM authentication GROUP BY 1

        ## Evidence

        | | |
        |---|---|
        | Evidence digest | e9a8b88e70e00c3262fd687e6ad501811ac7aa28585588ca471daf0c5362eb62 |
        | Rows of the result | 3 rows, SHA-256 60f57cc57b07ccdebfcf4581646d65baf2c9ef791f6d741c04b131ed59401996 |
        | Segments read | 2 of 15000 bytes; each with its SHA-256 in segments.jsonl |
        | Hunt file | SHA-256 bd2f22c596d3d9c74f5528960f6ed791b24e703f9294154527216143ca5a96ab |

        ## How to verify

        This report is one file of an evidence bundle. `manifest.json` holds the SHA-256 of every file, and `signature.json` is an Ed25519
        signature of the manifest. With the signer's public key, which must come to you another way than the bundle:

            coldtrail evidence verify BUNDLE --key signer.pem"#]].assert_eq(&others.join("\n"));
}

#[test]
fn nothing_found_is_a_result_and_is_said_with_what_was_searched() {
    expect![[r#"Nothing found in 1,300 events of aws\_cloudtrail and okta. All that was expected was there, and was searched."#]]
        .assert_eq(&headline(&quiet()));
}

#[test]
fn a_gap_stands_next_to_the_answer() {
    let mut contents = contents();
    contents.facts.findings.clear();
    expect![[
        r#"Nothing found in 1,300 events of aws\_cloudtrail and okta. This does not speak for all that was asked: see the reservations."#
    ]]
    .assert_eq(&headline(&contents));
}

#[test]
fn no_coverage_is_never_called_clean() {
    let mut contents = quiet();
    contents.facts.searched.clear();
    expect!["Nothing is known: no event that could answer was there to be searched. This is not a clean result."]
        .assert_eq(&headline(&contents));
    let page = html(&contents);
    assert!(!page.contains("Nothing found"), "{page}");
    assert!(page.contains(r#"class="answer no_coverage""#));
    // Of the technique that was looked for, nothing is known.
    assert!(page.contains("not known"));
}

/// Everything that a log, a feed or a person can write, in every place that a report shows.
#[test]
fn no_value_gets_out_of_its_place() {
    let evil = "<script>alert(1)</script>\"'>&amp;| `x` [a](javascript:b) \u{202e}\u{0}\n# heading";
    let page = html(&evil_everywhere(evil));
    assert_eq!(page.matches("<script").count(), 0, "{page}");
    assert!(page.contains("&lt;script&gt;alert(1)"));
    assert!(page.contains(r"\u{202e}\u{0}"), "what cannot be seen is shown");
    assert!(!page.contains('\u{202e}'));
    let text = markdown(&evil_everywhere(evil));
    let (before, rest) = text.split_once("## Statement").unwrap();
    assert!(!before.contains("<script"), "{before}");
    assert!(!before.replace(r"\]", "").contains("](javascript"), "{before}");
    assert!(!text.contains("\n# heading"), "{text}");
    // The statement is a block of code: shown as it is, and unable to end it.
    assert!(rest.contains("    <script>"), "{rest}");
    let columns = |line: &str| line.replace(r"\|", "").matches('|').count();
    let finding = before.lines().skip_while(|line| !line.starts_with("| Finding")).collect::<Vec<_>>();
    assert_eq!(columns(finding[2]), columns(finding[0]), "{}", finding[2]);
}

fn evil_everywhere(evil: &str) -> Contents {
    let mut contents = contents();
    let facts = &mut contents.facts;
    let text = || evil.to_owned();
    (facts.sql, facts.made_by, facts.run.owner, facts.run.id) = (text(), text(), text(), text());
    facts.run.message = Some(text());
    facts.parameters.insert(text(), text());
    facts.skipped.insert(text(), 1);
    if let Some(hunt) = &mut facts.hunt {
        (hunt.title, hunt.hypothesis, hunt.id) = (text(), text(), text());
        hunt.techniques[0].name = Some(text());
        hunt.techniques[0].id = text();
    }
    let finding = &mut facts.findings[0];
    (finding.title, finding.note, finding.judged_by) = (text(), Some(text()), Some(text()));
    finding.entities.push(Entity { kind: text(), value: text() });
    (facts.searched[0].source, facts.searched[0].table) = (text(), text());
    facts.coverage.cells[3].source = text();
    facts.coverage.cells[5].source = text();
    facts.coverage.cells[5].account = Some(text());
    facts.coverage.unreadable.push(UnreadableSegment { path: text(), table: text(), rows: 1, reason: text() });
    facts.verdicts.push(IndicatorVerdict {
        status: IndicatorStatus::Seen,
        feed: text(),
        place: text(),
        original: text(),
        value: None,
        reason: Some(text()),
        events: 1,
        first_ms: None,
        last_ms: None,
        sources: vec![text()],
    });
    contents
}

#[test]
fn a_page_needs_nothing_from_elsewhere_and_runs_nothing() {
    let page = html(&contents());
    for forbidden in ["<script", "<link", "<img", "<iframe", "src=", "href=", "http:", "https:", "@import", "url(", " style=", "onload"] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    assert!(page.contains("default-src 'none'"));
    let style = page.split("<style>").nth(1).unwrap().split("</style>").next().unwrap();
    let digest = coldtrail_evidence::Sha256Digest::of(style.as_bytes());
    let digest = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, digest.0);
    assert!(page.contains(&format!("style-src 'sha256-{digest}'")), "the policy allows the page's own style");
    assert!(style.contains("prefers-color-scheme: dark") && style.contains("@media print"));
}

#[test]
fn a_page_can_be_read_aloud() {
    let page = html(&contents());
    assert!(page.starts_with("<!doctype html>\n<html lang=\"en\">"));
    assert_eq!(page.matches("<h1>").count(), 1);
    assert_eq!(page.matches("<table>").count(), page.matches("<caption>").count(), "every table has a caption");
    assert_eq!(page.matches("<svg ").count(), page.matches("role=\"img\" aria-labelledby=").count(), "every chart has a title");
    for row in page.split("<tbody>").skip(1).flat_map(|table| table.split("</tbody>").next()).flat_map(|table| table.split("<tr>").skip(1))
    {
        assert!(row.starts_with("<th scope=\"row\">"), "{row}");
    }
}

#[test]
fn the_charts_show_the_rows_of_slices_and_the_missing_day() {
    let page = html(&contents());
    // Slices of 2, 0 and 1 rows: two bars.
    assert_eq!(page.matches("class=\"bar\"").count(), 2);
    assert!(page.contains("2026-03-03T00:00:00.000Z to 2026-03-03T23:59:59.999Z: 2 rows"));
    assert!(page.contains("<title>okta, 2026-03-03: none, and there should be some</title>"));
    assert_eq!(page.matches("class=\"gap\"").count(), 1);
    assert_eq!(page.matches("class=\"level").count(), 5);
}

#[test]
fn a_timeline_of_very_many_hits_stays_small() {
    let mut contents = contents();
    contents.facts.timeline = (0..100_000)
        .map(|minute| TimelineBin { from_ms: MARCH_MS + minute * 60_000, to_ms: MARCH_MS + minute * 60_000 + 59_999, hits: 1 })
        .collect();
    let page = html(&contents);
    let bars = page.matches("class=\"bar\"").count();
    assert!((100..=301).contains(&bars), "{bars} bars");
}

/// Times that no calendar has, counts that no chart has room for, and no time at all.
#[test]
fn a_report_is_made_of_anything() {
    let mut contents = contents();
    let facts = &mut contents.facts;
    facts.slices[0].from_ms = i64::MIN;
    facts.slices[1].to_ms = i64::MAX;
    facts.timeline =
        vec![TimelineBin { from_ms: i64::MIN, to_ms: i64::MAX, hits: u64::MAX }, TimelineBin { from_ms: 0, to_ms: 0, hits: 1 }];
    facts.searched[0].events = u64::MAX;
    facts.coverage.cells[0].events = u64::MAX;
    facts.coverage.cells[1].day = coldtrail_model::Day::from_epoch_days(i32::MAX);
    assert!(html(&contents).contains("18,446,744,073,709,551,615"));
    facts_without_anything(&mut contents);
    assert!(html(&contents).contains("Coverage was not measured"));
    assert!(markdown(&contents).contains("# Hunt report"));
}

fn facts_without_anything(contents: &mut Contents) {
    let facts = &mut contents.facts;
    (facts.slices, facts.timeline, facts.searched) = (Vec::new(), Vec::new(), Vec::new());
    (facts.coverage, facts.findings, facts.segments) = (Default::default(), Vec::new(), Vec::new());
    (facts.hunt, facts.run.title) = (None, None);
}
