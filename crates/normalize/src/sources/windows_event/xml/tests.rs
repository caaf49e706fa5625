use expect_test::{Expect, expect};

use super::parse;

fn check(xml: &str, expected: Expect) {
    expected.assert_eq(&parse(xml).map_or_else(|error| format!("error: {error}"), |tree| tree.to_string()));
}

#[test]
fn named_data_become_members_and_attributes_stay_apart() {
    check(
        "<Event xmlns='n'><System><Provider Name='P'/><EventID Qualifiers='1'>7</EventID></System><EventData><Data Name='A'>1 &lt; 2 &#233;</Data><Data Name='B'/></EventData></Event>",
        expect![[
            r##"{"Event":{"System":{"Provider":{"#attributes":{"Name":"P"}},"EventID":{"#text":"7","#attributes":{"Qualifiers":"1"}}},"EventData":{"A":"1 < 2 é","B":""}}}"##
        ]],
    );
}

#[test]
fn data_without_names_and_repeated_names_become_lists() {
    check(
        "<Event><EventData><Data>x</Data><Data>y</Data><Data Name='A'>1</Data><Data Name='A'>2</Data><Binary>00</Binary></EventData></Event>",
        expect![[r#"{"Event":{"EventData":{"Data":["x","y"],"A":["1","2"],"Binary":"00"}}}"#]],
    );
}

#[test]
fn broken_xml_is_an_error_that_says_where() {
    check("<Event><System></Event>", expect!["error: ill-formed document: expected `</System>`, but `</Event>` was found"]);
    check("<Event><System>", expect!["error: <System> does not end"]);
    check("<Event>&nothing;</Event>", expect!["error: &nothing; is not known"]);
    check(&"<a>".repeat(100), expect!["error: <a> is nested too deep"]);
}
