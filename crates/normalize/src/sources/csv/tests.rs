use super::{RowFramer, cells, object};
use crate::Options;
use crate::framing::Cut;

fn rows(input: &str, size: usize) -> Vec<String> {
    let mut framer = RowFramer::boxed(&Options { record_bytes_max: 40, ..Options::default() });
    let (mut buffer, mut found) = (Vec::new(), Vec::new());
    let pieces: Vec<&[u8]> = input.as_bytes().chunks(size).collect();
    for (number, piece) in pieces.iter().enumerate() {
        buffer.extend_from_slice(piece);
        while let Some(cut) = framer.next(&buffer, number + 1 == pieces.len()) {
            found.push(match cut {
                Cut::Record(range) => String::from_utf8_lossy(&buffer[range]).into_owned(),
                Cut::TooLong(_) => "too long".to_owned(),
                Cut::Broken(_) => "cut off".to_owned(),
            });
        }
        let done = framer.done();
        buffer.drain(..done);
        framer.shift(done);
    }
    found
}

#[test]
fn a_line_break_in_quotes_does_not_end_the_row() {
    for size in 1..10 {
        assert_eq!(rows("a,b\r\n1,\"x\ny\"\"z\"\n\n2,3", size), ["a,b", "1,\"x\ny\"\"z\"", "2,3"], "in pieces of {size}");
        assert_eq!(rows("a\n\"b", size), ["a", "cut off"], "in pieces of {size}");
    }
}

#[test]
fn a_long_row_costs_itself_only_however_it_is_cut() {
    let input = format!("a,b\n1,\"{}\n\"\n2,{}\n3,4\n5,{}", "x".repeat(90), "y".repeat(50), "z".repeat(60));
    for size in [1, 7, 64, 1000] {
        assert_eq!(rows(&input, size), ["a,b", "too long", "too long", "3,4", "too long"], "in pieces of {size}");
    }
}

#[test]
fn cells_come_out_of_their_quotes() {
    assert_eq!(cells(r#"1,"a, ""b""",,x"#), ["1", r#"a, "b""#, "", "x"]);
    assert_eq!(object(&["".to_owned(), "A".to_owned()], "0,1,2").to_string(), r#"{"column0":"0","A":"1","column2":"2"}"#);
}
