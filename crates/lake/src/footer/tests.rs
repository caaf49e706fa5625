use coldtrail_model::Class;

use super::*;

const V1: &str = include_str!("../../tests/fixtures/compat/footer-v1.json");

fn v1() -> Footer {
    Footer {
        version: 1,
        id: "01956a3e-7c00-7000-8000-000000000001".parse().unwrap(),
        table: Table::Events(Class::ApiActivity),
        day: "2026-03-01".parse().unwrap(),
        source: "aws_cloudtrail".to_owned(),
        time: TimeRange { start_ms: 1_772_323_200_000, end_ms: 1_772_409_599_999 },
        accounts: Some(vec!["111122223333".to_owned()]),
        has_rows_without_account: false,
        created_ms: 1_772_409_700_000,
        schema_version: 1,
        rewrite: None,
    }
}

fn read(text: &str) -> Result<Footer, String> {
    Footer::read(Some(&vec![KeyValue::new(KEY.to_owned(), text.to_owned())]))
}

#[test]
fn a_footer_of_version_1_is_read_and_written_as_ever() {
    assert_eq!(read(V1).unwrap(), v1());
    assert_eq!(v1().write().value.unwrap(), V1.trim());
}

#[test]
fn a_segment_made_of_others_names_them() {
    let rewrite = Rewrite { replaces: vec![v1().id], earlier: Vec::new(), outputs: vec![SegmentId::from_bytes([7; 16])] };
    let footer = Footer { rewrite: Some(rewrite), ..v1() };
    let text = footer.write().value.unwrap();
    assert!(text.ends_with(
        r#""rewrite":{"replaces":["01956a3e-7c00-7000-8000-000000000001"],"outputs":["07070707-0707-0707-0707-070707070707"]}}"#
    ));
    assert_eq!(read(&text).unwrap(), footer);
}

#[test]
fn a_footer_of_a_later_version_is_not_guessed_at() {
    assert_eq!(
        read(&V1.replace(r#""version":1"#, r#""version":2"#)).unwrap_err(),
        "its footer has version 2, and this program knows up to 1"
    );
}

#[test]
fn a_file_of_another_program_is_told_apart() {
    assert_eq!(Footer::read(None).unwrap_err(), r#"its footer has no "coldtrail.segment""#);
    assert!(read("{}").unwrap_err().starts_with("its footer cannot be understood: "));
}
