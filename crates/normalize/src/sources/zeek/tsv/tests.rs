use serde_json::Value as Json;

use super::{Header, unescape};

fn tree(header: &str, line: &str) -> String {
    let mut state = Header::default();
    header.lines().for_each(|line| state.read(line));
    state.tree(line).map_or_else(|reason| reason.to_string(), |tree| Json::from(tree).to_string())
}

#[test]
fn every_type_is_read_as_what_it_is() {
    let header = "#fields\ta\tb\tc\td\te\tf\tg\n#types\tcount\tint\tdouble\tbool\tset[port]\tvector[interval]\tstring";
    assert_eq!(
        tree(header, "18446744073709551615\t-5\t1.5\tT\t80,443\t0.5,-\tx"),
        r#"{"a":18446744073709551615,"b":-5,"c":1.5,"d":true,"e":[80,443],"f":[0.5,null],"g":"x"}"#
    );
}

#[test]
fn unset_is_not_there_empty_is_and_a_written_dash_is_a_dash() {
    let header = "#fields\ta\tb\tc\td\te\n#types\tstring\tset[string]\tstring\tstring\tset[string]";
    assert_eq!(tree(header, "-\t(empty)\t(empty)\t\\x2d\ta\\x2cb,c"), r#"{"b":[],"c":"","d":"-","e":["a,b","c"]}"#);
}

#[test]
fn a_value_that_is_not_of_its_type_stays_text() {
    assert_eq!(tree("#fields\ta\tb\n#types\tcount\tbool", "many\tmaybe"), r#"{"a":"many","b":"maybe"}"#);
}

#[test]
fn dotted_names_nest_unless_a_value_is_in_the_way() {
    assert_eq!(tree("#fields\tid.orig_h\ta\ta.b\tid.x.y", "h\t1\t2\t3"), r#"{"a":"1","a.b":"2","id":{"orig_h":"h","x":{"y":"3"}}}"#);
}

#[test]
fn escapes_are_bytes_and_bytes_that_are_no_text_stay_escapes() {
    assert_eq!(unescape(r"caf\xc3\xa9"), "café");
    assert_eq!(unescape(r"\\srv\share\x5c"), r"\srv\share\");
    assert_eq!(unescape(r"\xff\x00é\x4\x0a"), "\\xff\\x00é\\x4\n");
    assert_eq!(unescape(r"\"), r"\");
}
