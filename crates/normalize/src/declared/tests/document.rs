//! What `docs/adding-a-source.md` shows is what happens.

use crate::sources::testing::shown;
use crate::{Source, detect};

const PAGE: &str = include_str!("../../../../../docs/adding-a-source.md");

/// The text of the blocks of the page that are marked so, in their order.
fn blocks(language: &str) -> Vec<&'static str> {
    let opening = format!("```{language}\n");
    PAGE.split(opening.as_str()).skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

#[test]
fn the_example_of_the_page_does_what_the_page_says() {
    let one = |language: &str| match blocks(language)[..] {
        [block] => block,
        _ => panic!("the page has one mapping, one block of records and one of events"),
    };
    let (mapping, records, events) = (one("yaml"), one("json"), one("text"));
    let source = Source::add("doorman.yml", mapping).expect("the mapping of the page");
    assert_eq!(shown(source, records.as_bytes()), events);
    assert_eq!(detect(records.as_bytes(), ""), Some(source));
    assert_eq!("doorman".parse::<Source>().ok(), Some(source));
    assert!(Source::all().contains(&source));
    let again = Source::add("other.yml", mapping).expect_err("a name that is taken");
    assert_eq!(again.to_string(), "other.yml:2: source: there is a source \"doorman\" already");
}

/// Every key that a mapping can have is explained.
#[test]
fn the_page_names_every_key() {
    for key in super::super::read::all_keys() {
        assert!(PAGE.contains(&format!("`{key}`")), "docs/adding-a-source.md does not explain {key}");
    }
}
