use super::ResultFramer;
use crate::framing::{Cut, Framer};

/// The pieces of an input that comes in parts of so many bytes; what is damaged stands in brackets.
fn pieces(input: &str, part_bytes: usize, record_bytes_max: usize) -> Vec<String> {
    let mut framer = ResultFramer::new(record_bytes_max);
    let (mut buffer, mut found) = (Vec::new(), Vec::new());
    let parts: Vec<&[u8]> = input.as_bytes().chunks(part_bytes).collect();
    for (number, part) in parts.iter().enumerate() {
        buffer.extend_from_slice(part);
        while let Some(cut) = framer.next(&buffer, number + 1 == parts.len()) {
            let text = |range: std::ops::Range<usize>| String::from_utf8_lossy(&buffer[range]).into_owned();
            found.push(match cut {
                Cut::Record(range) => text(range),
                Cut::TooLong(_) => "<too long>".to_owned(),
                Cut::Broken(range) => format!("<broken {}>", text(range)),
            });
        }
        let done = framer.done();
        buffer.drain(..done);
        framer.shift(done);
    }
    found
}

fn check(input: &str, expected: &[&str]) {
    for part_bytes in [1, 3, 7, 1000] {
        assert_eq!(pieces(input, part_bytes, 1000), expected, "in parts of {part_bytes} bytes");
    }
}

#[test]
fn columns_and_rows_of_every_table() {
    check(
        r#"{ "tables" : [ {"name":"rows","columns":[{"name":"a[","type":"string"}, {"name":"b"}],
            "rows":[["x]\"",1],[null,{"c":[2]}] ,[]]},{"name":"u","columns":[],"rows":[]}],"statistics":{"rows":[[9]],"x":{"rows":[[8]]}}}"#,
        &[r#""columns":[{"name":"a[","type":"string"}, {"name":"b"}]"#, r#"["x]\"",1]"#, r#"[null,{"c":[2]}]"#, "[]", r#""columns":[]"#],
    );
    check(
        r#"{"Tables":[{"TableName":"t","Columns":[{"ColumnName":"a"}],"Rows":[["x"]]}]}"#,
        &[r#""Columns":[{"ColumnName":"a"}]"#, r#"["x"]"#],
    );
}

#[test]
fn what_is_no_row_is_a_piece_too_and_what_is_cut_off_is_broken() {
    check(r#"{"tables":[{"rows":[1,"two",{"three":3},[4]]}]}"#, &["1", r#""two""#, r#"{"three":3}"#, "[4]"]);
    check(r#"{"tables":[{"rows":[[1],[2,"#, &["[1]", "<broken [2,>"]);
    check(r#"{"tables":[{"rows":[[1]]"#, &["[1]", "<broken >"]);
}

#[test]
fn a_long_row_costs_itself_only() {
    let input = format!(r#"{{"tables":[{{"rows":[[1],["{}"],[2]]}}]}}"#, "x".repeat(300));
    for part_bytes in [1, 64] {
        assert_eq!(pieces(&input, part_bytes, 200), ["[1]", "<too long>", "[2]"], "in parts of {part_bytes} bytes");
    }
}

#[test]
fn tables_are_told_by_their_first_key() {
    for (text, is_begun) in [
        (r#"{"tables":[{"#, true),
        (" {\n \"Tables\" : [", true),
        (r#"{"tables":{"#, false),
        (r#"{"tables_":[{"#, false),
        (r#"[{"tables":[{"#, false),
        ("{", false),
    ] {
        assert_eq!(ResultFramer::is_begun_by(text.as_bytes()), is_begun, "{text}");
    }
}
