use super::JsonFramer;
use crate::framing::{Cut, Framer};

/// Cuts the input, given in pieces of every size, and checks that the size makes no difference.
fn check(input: &str, expected: &[&str]) {
    for piece in [1, 2, 3, 7, 4096] {
        assert_eq!(cut(input, piece, 1000), expected, "in pieces of {piece}");
    }
}

fn cut(input: &str, piece: usize, limit: usize) -> Vec<String> {
    let mut framer = JsonFramer::new(&["Records", "value", "detail.findings"], limit);
    let mut buffer = Vec::new();
    let mut found = Vec::new();
    for (index, bytes) in input.as_bytes().chunks(piece).enumerate() {
        buffer.extend_from_slice(bytes);
        let at_end = (index + 1) * piece >= input.len();
        while let Some(cut) = framer.next(&buffer, at_end) {
            let (mark, range) = match cut {
                Cut::Record(range) => ("", range),
                Cut::TooLong(range) => ("too long: ", range),
                Cut::Broken(range) => ("cut off: ", range),
            };
            found.push(format!("{mark}{}", String::from_utf8_lossy(&buffer[range])));
        }
        let done = framer.done().min(buffer.len());
        buffer.drain(..done);
        framer.shift(done);
    }
    found
}

#[test]
fn lines_concatenations_and_pretty_printing_give_one_record_each() {
    check("{\"a\":1}\n{\"b\":[{}]}\r\n\n{\"c\":\"}{\"}{\"d\":4}", &["{\"a\":1}", "{\"b\":[{}]}", "{\"c\":\"}{\"}", "{\"d\":4}"]);
    check(
        "{\n  \"a\": {\n    \"b\": [\n      {\n      }\n    ]\n  }\n}\n",
        &["{\n  \"a\": {\n    \"b\": [\n      {\n      }\n    ]\n  }\n}"],
    );
}

#[test]
fn arrays_and_envelopes_give_their_elements() {
    check("[{\"a\":1},\n {\"b\":2}]", &["{\"a\":1}", "{\"b\":2}"]);
    check("{\"Records\":[{\"a\":[1]},{\"b\":\"]\"}],\"more\":[{\"x\":1}]}", &["{\"a\":[1]}", "{\"b\":\"]\"}"]);
    check("{\"@odata.context\":\"x\",\"value\" : [ {\"a\":1} ]}\n{\"value\":[{\"b\":2}]}", &["{\"a\":1}", "{\"b\":2}"]);
    check("{\"Records\":[]}", &[]);
    check("{\"other\":[{\"a\":1}]}", &["{\"other\":[{\"a\":1}]}"]);
    check("{\"deep\":{\"Records\":[{\"a\":1}]}}", &["{\"deep\":{\"Records\":[{\"a\":1}]}}"]);
}

#[test]
fn an_array_within_a_member_of_an_envelope_gives_its_elements() {
    check(
        "{\"source\":\"hub\",\"detail\":{\"name\":{\"findings\":[0]},\"findings\":[{\"a\":[1]},{\"b\":2}],\"more\":{\"x\":[{}]}},\"Records\":1}\n{\"c\":3}",
        &["{\"a\":[1]}", "{\"b\":2}", "{\"c\":3}"],
    );
    check("{\"detail\":{\"findings\":[]}}{\"detail\":{\"findings\":[{\"a\":1}]}}", &["{\"a\":1}"]);
    check("{\"detail\":{\"findings\":{\"a\":1}}}", &["{\"detail\":{\"findings\":{\"a\":1}}}"]);
    check("{\"findings\":[1],\"detail\":{\"Records\":[1]}}", &["{\"findings\":[1],\"detail\":{\"Records\":[1]}}"]);
    check("{\"detail\":{},\"Records\":[{\"a\":1}]}", &["{\"a\":1}"]);
}

#[test]
fn a_broken_record_costs_itself_and_not_what_follows() {
    check("{\"a\":\"x\n{\"b\":2}\n", &["cut off: {\"a\":\"x", "{\"b\":2}"]);
    check("{\"a\":{\"x\":1}\n{\"b\":2}\n{\"c\":3}", &["cut off: {\"a\":{\"x\":1}", "{\"b\":2}", "{\"c\":3}"]);
    check("not json\n{\"b\":2}\n", &["not json", "{\"b\":2}"]);
    check("[1,{\"a\":1},\"two\"]", &["1", "{\"a\":1}", "\"two\""]);
    check("{\"Records\":[{\"a\":1]},{\"b\":2},{\"c\":3}]}", &["{\"a\":1]", "{\"b\":2}", "{\"c\":3}"]);
}

#[test]
fn an_input_that_ends_too_early_says_so() {
    check("{\"a\":1}\n{\"b\":", &["{\"a\":1}", "cut off: {\"b\":"]);
    check("{\"Records\":[{\"a\":1},{\"b\":\"x", &["{\"a\":1}", "cut off: {\"b\":\"x"]);
    check("{\"Records\":[{\"a\":1},", &["{\"a\":1}", "cut off: "]);
}

#[test]
fn a_record_over_the_limit_is_passed_over_and_the_next_is_read() {
    let long = format!("{{\"a\":\"{}\"}}\n{{\"b\":2}}\n", "x".repeat(5000));
    for piece in [1, 100, 100_000] {
        let found = cut(&long, piece, 100);
        assert!(found[0].starts_with("too long: {\"a\":\"xxx"), "{found:?}");
        assert_eq!(found[1..], ["{\"b\":2}"]);
    }
    let nested = format!("{{\"Records\":[{{\"a\":[{}1]}},{{\"b\":2}}]}}", "{\"x\":1},".repeat(500));
    assert_eq!(cut(&nested, 64, 100)[1..], ["{\"b\":2}"]);
}
