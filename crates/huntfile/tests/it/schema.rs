use std::path::Path;

use coldtrail_huntfile::{json_schema, reference_tables};

#[test]
fn the_published_schema_is_made_from_the_keys() {
    // The order of keys is that of whatever else is built with this crate, so values are compared and not texts.
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas/hunt.schema.json");
    let text = std::fs::read_to_string(&path).expect("the schema is there");
    let published: serde_json::Value = serde_json::from_str(&text).expect("the schema is JSON");
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        let schema = serde_json::to_string_pretty(&json_schema()).expect("the schema is JSON") + "\n";
        std::fs::write(&path, schema).expect("the schema can be written");
    } else {
        assert_eq!(published, json_schema(), "the published schema is not that of the keys; write it again with UPDATE_EXPECT=1");
    }
}

#[test]
fn the_reference_page_has_the_tables_that_are_made_from_the_keys() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/hunt-files.md");
    let page = std::fs::read_to_string(&path).expect("the page is there");
    let (before, rest) = page.split_once("<!-- keys -->\n").expect("the page has a place for the tables");
    let (_, after) = rest.split_once("<!-- end of keys -->").expect("the place ends");
    let expected = format!("{before}<!-- keys -->\n{}<!-- end of keys -->{after}", reference_tables());
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, &expected).expect("the page can be written");
    } else {
        assert!(page == expected, "the tables of the page are not those of the keys; write them again with UPDATE_EXPECT=1");
    }
}
