use std::fmt::Write;

use crate::{Class, Column, Kind};

/// The reference page of the tables, `docs/reference/tables.md`, in Markdown.
pub fn tables_reference() -> String {
    let mut page = String::from(HEAD);
    for class in Class::ALL {
        let _ = write!(
            page,
            "\n## {}\n\n{} ({}), category {}.\n\n{TABLE_HEAD}",
            class.name(),
            class.caption(),
            class.uid(),
            class.category_name()
        );
        for col in class.columns() {
            row(&mut page, col.column());
        }
    }
    page
}

const HEAD: &str = "# Tables\n\nMade from the declarations in `crates/model`; do not edit. One table for each OCSF 1.8.0 class, in schema `ocsf`. Every \
    table also has the partition column `event_day` (date, UTC). A column is named by its OCSF path with underscores; SQL may use the path \
    as well (`src_endpoint.ip`). `o` marks values that are in the table `observables` too, `b` columns with bloom filters.\n";

const TABLE_HEAD: &str = "| column | type | | OCSF path | meaning |\n|---|---|---|---|---|\n";

fn row(page: &mut String, column: &Column) {
    let mark = match (column.observable.is_some(), column.bloom) {
        (true, true) => "o b",
        (true, false) => "o",
        (false, true) => "b",
        (false, false) => "",
    };
    let _ = writeln!(page, "| `{}` | {} | {mark} | `{}` | {} |", column.name, kind_name(column.kind), column.path, column.meaning);
}

/// The type of a column as SQL names it.
fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "text",
        Kind::Integer => "int",
        Kind::Long => "bigint",
        Kind::Double => "double",
        Kind::Boolean => "boolean",
        Kind::Time => "timestamp",
        Kind::TextList => "text[]",
        Kind::Json => "json text",
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect_file;

    #[test]
    fn the_reference_page_follows_the_declarations() {
        expect_file!["../../../docs/reference/tables.md"].assert_eq(&super::tables_reference());
    }
}
