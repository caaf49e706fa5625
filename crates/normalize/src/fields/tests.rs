use super::Fields;

#[test]
fn what_a_mapping_does_not_take_is_the_rest() {
    let mut fields = Fields::parse(r#"{"a":{"b":"x","c":1,"d":null},"e":[],"f":"0x10","g":[{"h":"y"},{"h":"z"}]}"#).expect("JSON");
    assert_eq!(fields.text("a.b").as_deref(), Some("x"));
    assert_eq!(fields.long("f"), Some(16));
    assert_eq!(fields.text("g.1.h").as_deref(), Some("z"));
    assert_eq!(fields.text("a.b"), None);
    assert_eq!(fields.rest().as_deref(), Some(r#"{"a":{"c":1},"g":[{"h":"y"}]}"#));
}

#[test]
fn a_value_of_another_type_is_left_for_the_rest() {
    let mut fields = Fields::parse(r#"{"a":"many","b":{"c":true},"d":"TRUE","e":[1,{}]}"#).expect("JSON");
    assert_eq!(fields.long("a"), None);
    assert_eq!(fields.text("b"), None);
    assert_eq!(fields.flag("d"), Some(true));
    assert!(fields.texts("e").is_empty());
    assert_eq!(fields.rest().as_deref(), Some(r#"{"a":"many","b":{"c":true},"e":[1]}"#));
}
