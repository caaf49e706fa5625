//! Gaps are the days that should have events and have none.

use coldtrail_evidence::Coverage;
use expect_test::expect;

use crate::example::cell;

#[test]
fn days_in_a_row_are_one_gap_of_one_source_and_account() {
    let mut cells = vec![
        cell("okta", None, "2026-02-28", 0),
        cell("okta", None, "2026-03-01", 0),
        cell("okta", None, "2026-03-02", 4),
        cell("okta", None, "2026-03-03", 0),
        cell("aws_cloudtrail", Some("1"), "2026-03-01", 0),
        cell("aws_cloudtrail", Some("2"), "2026-03-02", 0),
        // Given twice, once with events.
        cell("azure", None, "2026-03-01", 0),
        cell("azure", None, "2026-03-01", 9),
    ];
    let mut quiet = cell("gcp", None, "2026-03-01", 0);
    quiet.expected = false;
    cells.push(quiet);
    cells.reverse();
    let gaps = Coverage { window: None, cells, unreadable: Vec::new() }.gaps();
    let told = gaps.iter().map(|gap| format!("{} {:?} {}..{} {}", gap.source, gap.account, gap.from, gap.to, gap.days));
    expect![[r#"
        aws_cloudtrail Some("1") 2026-03-01..2026-03-01 1
        aws_cloudtrail Some("2") 2026-03-02..2026-03-02 1
        okta None 2026-02-28..2026-03-01 2
        okta None 2026-03-03..2026-03-03 1"#]]
    .assert_eq(&told.collect::<Vec<_>>().join("\n"));
}
