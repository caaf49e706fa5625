//! The reference page of the functions, `docs/reference/functions.md`, in Markdown.

use std::fmt::Write;
use std::sync::Arc;

use datafusion::logical_expr::Documentation;
use expect_test::expect_file;

use super::{Geo, geo_functions, hunting_aggregates, hunting_functions, hunting_windows};

const HEAD: &str = "# Functions\n\nMade from the declarations in `crates/query/src/functions`; do not edit. What Coldtrail has beside the \
    functions of DataFusion and the `json_get` family. What to do with them stands in [functions for hunting](../functions.md).\n";

fn reference() -> String {
    let mut page = String::from(HEAD);
    let geo = Arc::new(Geo::default());
    let (scalars, places): (Vec<_>, Vec<_>) = (hunting_functions(), geo_functions(&geo).collect());
    let (aggregates, windows) = (hunting_aggregates(), hunting_windows());
    section(&mut page, "Functions of values", scalars.iter().filter_map(|function| function.documentation()));
    section(&mut page, "Where addresses are", places.iter().filter_map(|function| function.documentation()));
    section(&mut page, "Functions of groups", aggregates.iter().filter_map(|function| function.documentation()));
    section(&mut page, "Functions of windows", windows.iter().filter_map(|function| function.documentation()));
    page
}

fn section<'a>(page: &mut String, title: &str, documents: impl Iterator<Item = &'a Documentation>) {
    let _ = writeln!(page, "\n## {title}");
    for document in documents {
        let _ = writeln!(page, "\n### `{}`\n\n{}", document.syntax_example, document.description);
        for (position, (argument, meaning)) in document.arguments.iter().flatten().enumerate() {
            let _ = writeln!(page, "{}- `{argument}`: {meaning}", if position == 0 { "\n" } else { "" });
        }
        if let Some(example) = &document.sql_example {
            let _ = writeln!(page, "\n{example}");
        }
    }
}

#[test]
fn the_reference_page_follows_the_declarations() {
    expect_file!["../../../../docs/reference/functions.md"].assert_eq(&reference());
}

#[test]
fn every_function_is_documented_with_an_example() {
    let geo = Arc::new(Geo::default());
    let scalars = hunting_functions().into_iter().chain(geo_functions(&geo));
    let scalars = scalars.map(|function| (function.name().to_owned(), function.documentation().cloned()));
    let aggregates = hunting_aggregates().into_iter().map(|function| (function.name().to_owned(), function.documentation().cloned()));
    let windows = hunting_windows().into_iter().map(|function| (function.name().to_owned(), function.documentation().cloned()));
    // The tables of schema `sigma` are made with it; nobody writes it.
    for (name, document) in scalars.chain(aggregates).chain(windows).filter(|(name, _)| name != "sigma_matches") {
        let document = document.unwrap_or_else(|| panic!("{name} is not documented"));
        assert!(document.syntax_example.starts_with(&format!("{name}(")), "{name}: {}", document.syntax_example);
        assert!(document.sql_example.is_some_and(|example| example.contains(&name)), "{name}");
    }
}
