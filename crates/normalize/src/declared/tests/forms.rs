//! Records as rows of tables, with members that step up, and those of another source.

use super::{mapping, read};
use crate::fields::Fields;
use crate::sources::Mapping;
use crate::sources::testing::shown;
use crate::{Options, Source};

const TABLE: &str = "records: {table: true, lift: [body]}\nfields: {message: text, actor_user_name: who, http_request_uid: \"'a.b'\"}\n";

#[test]
fn a_row_of_a_table_is_a_record_and_its_header_is_none() {
    let mapping = mapping(TABLE);
    let declared = read(&mapping).expect("a mapping");
    let table = "acme,at,what,text\n1,2026-03-01T12:00:00Z,thing.create,\"two\nlines, and \"\"quotes\"\"\"\n";
    assert!(declared.recognises(table));
    assert!(!declared.recognises("at,what\n1,2\n"));
    assert!(!declared.recognises("acme,at,what\n"), "a header without rows tells nothing");
    let mut mapping = crate::declared::DeclaredMapping::new(declared, &Options::default());
    assert!(matches!(mapping.map_line("acme,at,what,text"), Ok(crate::sources::Mapped::NotARecord)));
    let Ok(crate::sources::Mapped::Event(event)) = mapping.map_line("1,2026-03-01T12:00:00Z,thing.create,said") else { panic!("no event") };
    assert_eq!(event.get_text(coldtrail_model::Col::Message), Some("said"));
    assert_eq!(event.get_text(coldtrail_model::Col::Unmapped), Some(r#"{"acme":"1","what":"thing.create"}"#));
}

#[test]
fn members_step_up_unless_there_are_others_of_their_name() {
    let mapping = mapping(TABLE);
    let declared = read(&mapping).expect("a mapping");
    let mut mapping = crate::declared::DeclaredMapping::new(declared, &Options::default());
    let text = r#"{"acme":1,"what":"thing.create","body":{"at":"2026-03-01T12:00:00Z","what":"other","who":"mara","x\ny":1}}"#;
    let mut record = Fields::parse(text).expect("JSON");
    let event = mapping.map_json(&mut record).expect("an event");
    assert_eq!(event.get_text(coldtrail_model::Col::ActorUserName), Some("mara"));
    assert_eq!(record.rest().as_deref(), Some(r#"{"acme":1,"what":"thing.create","body":{"what":"other","x\ny":1}}"#));
}

#[test]
fn a_record_of_another_source_is_read_by_its_mapping() {
    let more = "routes: [{when: [Kind = tunnel], to: slack, names: {When: date_create, What: action}, camel_case: true}]\n";
    let mapping = mapping(more).replace("source: acme", "source: acme_routes");
    let source = Source::add("acme_routes.yml", &mapping).expect("a source");
    let record = r#"{"Kind":"tunnel","When":1772366400,"What":"user_logout","Actor":{"user":{"name":"Mara"}}}"#;
    let shown = shown(source, record.as_bytes());
    assert!(shown.starts_with("authentication: Logoff at 2026-03-01T12:00:00.000Z\n"), "{shown}");
    assert!(shown.contains("  actor_user_name = Mara\n"), "{shown}");
}
