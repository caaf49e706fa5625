//! Hunts of others: Markdown with front matter, as HEARTH keeps them, also with the fields of PEAK's ABLE.
//!
//! HEARTH (<https://github.com/THORCollective/HEARTH>) writes `id`, `category`, `hypothesis`, `tactics`, `techniques`, `tags`, `submitter`,
//! `severity`, `status`, `required_data_sources`, `false_positive_notes`, `detection_queries`, `notes` and `related_hunt_ids`, then a page
//! with the headings *Why* and *References*. PEAK's ABLE adds `actor`, `behavior`, `location` and `evidence`. Nothing is dropped: what a
//! hunt file has no key for stands in its comments.

use crate::problem::{Place, Problem, Problems};
use crate::skeleton::{Skeleton, id_of};
use crate::yaml::{self, Entry, Kind, Node};

/// A hunt file made from somebody else's hunt: a draft, because its queries are in another language or not there at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// The text of the hunt file. It can be read with [`Hunt::parse`](crate::Hunt::parse).
    pub yaml: String,
    /// What a person must still add, one sentence each.
    pub missing: Vec<String>,
}

/// Keys that have a place in a hunt file, or are of no use in one.
const PLACED: &[&str] =
    &["id", "title", "hypothesis", "tactics", "techniques", "tags", "submitter", "severity", "false_positive_notes", "references"];

/// Makes a hunt file from Markdown with YAML front matter.
///
/// # Errors
///
/// That there is no front matter, that it is no YAML, or that it has no hypothesis: with its place in the page.
pub fn import_markdown(name: &str, page: &str) -> Result<Import, Problems> {
    let page = page.trim_start_matches('\u{feff}').replace("\r\n", "\n").replace('\r', "\n");
    let Some((front, body)) = split(&page) else {
        return Err(Problems::one(
            name,
            Some(Place::START),
            "",
            "there is no front matter: the first line must be ---, and another must end it",
        ));
    };
    let mut problems = Vec::new();
    let read = yaml::read(front, &mut problems).map_err(|problem| Problems::new(name, vec![below(problem)]))?;
    let Kind::Mapping(entries) = &read.kind else {
        return Err(Problems::one(name, Some(Place::START), "", "the front matter is not a mapping"));
    };
    if !problems.is_empty() {
        return Err(Problems::new(name, problems.into_iter().map(below).collect()));
    }
    let front = Front { entries };
    let Some(hypothesis) = front.text("hypothesis") else {
        return Err(Problems::one(name, Some(Place::START), "hypothesis", "the front matter has no hypothesis"));
    };
    Ok(import(&front, &hypothesis, body))
}

fn import(front: &Front<'_>, hypothesis: &str, body: &str) -> Import {
    let title = front.text("title").or_else(|| heading(body)).unwrap_or_else(|| first_sentence(hypothesis));
    let id = front.text("id").map_or_else(|| id_of(&title), |id| id_of(&id));
    let (techniques, odd_techniques) = sorted(front.texts("techniques"), technique_of);
    let (tactics, odd_tactics) = sorted(front.texts("tactics"), tactic_of);
    let (tags, _) = sorted(front.texts("tags"), |tag| Some(tag_of(tag)).filter(|tag| !tag.is_empty()));
    let severity = front.text("severity").map(|severity| severity.to_lowercase());
    let known = severity.filter(|severity| crate::keys::SEVERITIES.contains(&severity.as_str()));
    let mut missing = what_is_missing(front, &techniques);
    missing.extend(odd_techniques.iter().map(|odd| format!("The technique {odd:?} is not one of ATT&CK's numbers; it was left out.")));
    missing.extend(odd_tactics.iter().map(|odd| format!("The tactic {odd:?} could not be read; it was left out.")));
    if known.is_none() {
        missing.push("The severity is not said; it is medium here.".to_owned());
    }
    let mut references = front.texts("references");
    references.extend(references_of(body).into_iter().filter(|one| !one.is_empty()));
    references.dedup();
    let skeleton = Skeleton {
        id,
        title: title.chars().take(200).collect(),
        hypothesis: hypothesis.to_owned(),
        severity: known,
        owner: front.text("submitter"),
        tactics,
        techniques,
        false_positive_notes: front.text("false_positive_notes"),
        references,
        tags,
        remarks: remarks_of(front, body),
    };
    Import { yaml: skeleton.yaml(), missing }
}

fn what_is_missing(front: &Front<'_>, techniques: &[String]) -> Vec<String> {
    let mut missing = Vec::new();
    if front.node("detection_queries").is_some() {
        missing.push("Its queries are in other languages; they stand in the comments and must be written in SQL.".to_owned());
    } else {
        missing.push("It has no query.".to_owned());
    }
    missing.push(match front.texts("required_data_sources").as_slice() {
        [] => "It does not say which data it needs: fill in data.sources and data.tables.".to_owned(),
        wanted => format!("It needs {}: fill in data.sources and data.tables.", wanted.join(", ")),
    });
    if techniques.is_empty() {
        missing.push("It names no technique of ATT&CK.".to_owned());
    }
    missing
}

/// What has no place: other keys of the front matter, then the page.
fn remarks_of(front: &Front<'_>, body: &str) -> Vec<String> {
    let mut remarks = vec!["What follows came with the hunt and has no place of its own.".to_owned()];
    for entry in front.entries.iter().filter(|entry| !PLACED.contains(&entry.key.as_str())) {
        let mut lines = Vec::new();
        show(&entry.value, 1, &mut lines);
        remarks.push(format!("{}:", entry.key));
        remarks.extend(lines);
    }
    let page: Vec<&str> = body.trim().lines().collect();
    remarks.push(page.join("\n"));
    if remarks.iter().all(|remark| remark.is_empty()) { Vec::new() } else { remarks }
}

fn show(node: &Node, depth: usize, lines: &mut Vec<String>) {
    let indent = "  ".repeat(depth);
    match &node.kind {
        Kind::Scalar(scalar) => lines.extend(scalar.text.lines().map(|line| format!("{indent}{line}"))),
        Kind::List(nodes) => nodes.iter().for_each(|node| {
            lines.push(format!("{indent}-"));
            show(node, depth + 1, lines);
        }),
        Kind::Mapping(entries) => entries.iter().for_each(|entry| {
            lines.push(format!("{indent}{}:", entry.key));
            show(&entry.value, depth + 1, lines);
        }),
    }
}

/// Front matter, and what comes after it.
fn split(page: &str) -> Option<(&str, &str)> {
    let rest = page.strip_prefix("---\n")?;
    let end = rest.find("\n---\n").or_else(|| rest.strip_suffix("\n---").map(str::len))?;
    Some((&rest[..=end], rest.get(end + 5..).unwrap_or_default()))
}

/// A place in the front matter as a place in the page.
fn below(problem: Problem) -> Problem {
    Problem { place: problem.place.map(|place| Place { line: place.line + 1, ..place }), ..problem }
}

struct Front<'a> {
    entries: &'a [Entry],
}

impl Front<'_> {
    fn node(&self, key: &str) -> Option<&Node> {
        self.entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    /// A text; of a mapping its `name`, as a submitter has.
    fn text(&self, key: &str) -> Option<String> {
        let text = match &self.node(key)?.kind {
            Kind::Scalar(scalar) if !scalar.is_null() => scalar.text.split_whitespace().collect::<Vec<_>>().join(" "),
            Kind::Mapping(entries) => Front { entries }.text("name")?,
            _ => return None,
        };
        (!text.is_empty()).then_some(text)
    }

    /// A list of texts, or a text with commas.
    fn texts(&self, key: &str) -> Vec<String> {
        match self.node(key).map(|node| &node.kind) {
            Some(Kind::List(nodes)) => nodes.iter().filter_map(text_of).collect(),
            Some(Kind::Scalar(scalar)) if !scalar.is_null() => scalar.text.split(',').map(|part| part.trim().to_owned()).collect(),
            _ => Vec::new(),
        }
    }
}

fn text_of(node: &Node) -> Option<String> {
    match &node.kind {
        Kind::Scalar(scalar) if !scalar.is_null() => Some(scalar.text.trim().to_owned()),
        _ => None,
    }
}

/// Those that can be read, without duplicates, and those that cannot.
fn sorted(texts: Vec<String>, read: impl Fn(&str) -> Option<String>) -> (Vec<String>, Vec<String>) {
    let (mut good, mut odd) = (Vec::new(), Vec::new());
    for text in texts {
        match read(&text) {
            Some(value) if !good.contains(&value) => good.push(value),
            Some(_) => {}
            None => odd.push(text),
        }
    }
    (good, odd)
}

fn technique_of(text: &str) -> Option<String> {
    let technique = text.to_uppercase().replace('_', ".");
    crate::hunt::is_technique(&technique).ok().map(|()| technique)
}

fn tactic_of(text: &str) -> Option<String> {
    let tactic = if text.starts_with("TA") { text.to_owned() } else { text.to_lowercase().replace([' ', '_'], "-") };
    crate::hunt::is_tactic(&tactic).ok().map(|()| tactic)
}

fn tag_of(text: &str) -> String {
    let tag: String = text.trim_start_matches('#').to_lowercase().replace(' ', "-");
    tag.chars().filter(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.' | ':')).take(64).collect()
}

/// The first heading of the page, without the hunt's own number before it.
fn heading(body: &str) -> Option<String> {
    let heading = body.lines().find_map(|line| line.strip_prefix("# "))?.trim();
    let title = heading.split_once(" — ").or_else(|| heading.split_once(" - ")).map_or("", |(_, title)| title).trim();
    (!title.is_empty()).then(|| title.to_owned())
}

fn first_sentence(text: &str) -> String {
    let sentence = text.split_once(". ").map_or(text, |(sentence, _)| sentence);
    let sentence = sentence.trim_end_matches('.');
    if sentence.chars().count() <= 120 { sentence.to_owned() } else { sentence.chars().take(119).chain(['…']).collect() }
}

/// The items below the heading *References*.
fn references_of(body: &str) -> Vec<String> {
    let below = body.lines().skip_while(|line| !line.trim().eq_ignore_ascii_case("## references")).skip(1);
    let section = below.take_while(|line| !line.starts_with('#'));
    section.filter_map(|line| line.trim().strip_prefix("- ")).map(|item| item.trim().to_owned()).collect()
}
