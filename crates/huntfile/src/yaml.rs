//! YAML as a tree that knows where each part stands.
//!
//! A part of YAML 1.2: one document, no anchors, aliases or tags, so that what a reviewer sees is what is meant.

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span, StrInput, Tag};

use crate::problem::{Place, Problem};

/// No hunt file is longer, in bytes.
pub(crate) const BYTES_MAX: usize = 1 << 20;
/// Nor nested deeper.
const DEPTH_MAX: usize = 16;

/// A part of the text.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) place: Place,
    pub(crate) kind: Kind,
}

#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Scalar(Scalar),
    List(Vec<Node>),
    Mapping(Vec<Entry>),
}

#[derive(Debug, Clone)]
pub(crate) struct Scalar {
    pub(crate) text: String,
    /// Written without quotes: then `null`, `~` and nothing at all mean that there is no value.
    pub(crate) is_plain: bool,
    /// Written as a block (`|`): each line of the text is a line of the file.
    pub(crate) is_literal: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) place: Place,
    pub(crate) value: Node,
}

impl Node {
    /// What a reader would call it.
    pub(crate) fn what(&self) -> &'static str {
        match &self.kind {
            Kind::Scalar(scalar) if scalar.is_null() => "nothing",
            Kind::Scalar(_) => "a value",
            Kind::List(_) => "a list",
            Kind::Mapping(_) => "a mapping",
        }
    }
}

impl Scalar {
    pub(crate) fn is_null(&self) -> bool {
        self.is_plain && matches!(self.text.as_str(), "" | "~" | "null" | "Null" | "NULL")
    }
}

/// Reads a text; problems that do not hinder the reading are added to `problems`, the one that does is returned.
pub(crate) fn read(text: &str, problems: &mut Vec<Problem>) -> Result<Node, Problem> {
    if text.len() > BYTES_MAX {
        return Err(problem(Place::START, format!("the file has {} bytes; a hunt file has at most {BYTES_MAX}", text.len())));
    }
    let mut builder = Builder { parser: Parser::new_from_str(text), problems };
    builder.document()
}

struct Builder<'text, 'problems> {
    parser: Parser<'text, StrInput<'text>>,
    problems: &'problems mut Vec<Problem>,
}

impl<'text> Builder<'text, '_> {
    fn document(&mut self) -> Result<Node, Problem> {
        let root = loop {
            match self.next()? {
                (Event::StreamStart | Event::DocumentStart(_), _) => {}
                (Event::StreamEnd, span) => return Err(problem(place_of(span.start), "the file is empty")),
                (event, span) => break self.node(event, span, 0)?,
            }
        };
        loop {
            match self.next()? {
                (Event::StreamEnd, _) => return Ok(root),
                (Event::DocumentStart(_), span) => {
                    return Err(problem(place_of(span.start), "a second document begins here; a hunt file is one document"));
                }
                _ => {}
            }
        }
    }

    fn next(&mut self) -> Result<(Event<'text>, Span), Problem> {
        match self.parser.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => Err(problem(place_of(*error.marker()), format!("this is not YAML: {}", error.info()))),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn node(&mut self, event: Event<'text>, span: Span, depth: usize) -> Result<Node, Problem> {
        let place = place_of(span.start);
        if depth > DEPTH_MAX {
            return Err(problem(place, format!("this is nested deeper than {DEPTH_MAX} levels")));
        }
        let kind = match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.refuse_anchor_and_tag(place, anchor, tag.as_deref());
                Kind::Scalar(Scalar {
                    text: text.into_owned(),
                    is_plain: style == ScalarStyle::Plain,
                    is_literal: style == ScalarStyle::Literal,
                })
            }
            Event::SequenceStart(anchor, tag) => {
                self.refuse_anchor_and_tag(place, anchor, tag.as_deref());
                Kind::List(self.list(depth)?)
            }
            Event::MappingStart(anchor, tag) => {
                self.refuse_anchor_and_tag(place, anchor, tag.as_deref());
                Kind::Mapping(self.mapping(depth)?)
            }
            Event::Alias(_) => return Err(problem(place, "aliases (*name) are not read in hunt files; write the value out")),
            other => return Err(problem(place, format!("this is not YAML that a hunt file can have ({other:?})"))),
        };
        Ok(Node { place, kind })
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Node>, Problem> {
        let mut nodes = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(nodes),
                (event, span) => nodes.push(self.node(event, span, depth + 1)?),
            }
        }
    }

    fn mapping(&mut self, depth: usize) -> Result<Vec<Entry>, Problem> {
        let mut entries: Vec<Entry> = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::MappingEnd {
                return Ok(entries);
            }
            let place = place_of(span.start);
            let key = self.node(event, span, depth + 1)?;
            let (event, span) = self.next()?;
            let value = self.node(event, span, depth + 1)?;
            let Kind::Scalar(key) = key.kind else {
                self.problems.push(problem(place, "a key must be a word"));
                continue;
            };
            match entries.iter().find(|entry| entry.key == key.text) {
                Some(first) => {
                    let message = format!("the key {:?} was there already, in line {}", key.text, first.place.line);
                    self.problems.push(problem(place, message));
                }
                None => entries.push(Entry { key: key.text, place, value }),
            }
        }
    }

    fn refuse_anchor_and_tag(&mut self, place: Place, anchor: usize, tag: Option<&Tag>) {
        if anchor != 0 {
            self.problems.push(problem(place, "anchors (&name) are not read in hunt files"));
        }
        if let Some(tag) = tag {
            self.problems.push(problem(place, format!("tags ({tag}) are not read in hunt files; quote the value instead")));
        }
    }
}

fn problem(place: Place, message: impl Into<String>) -> Problem {
    Problem { place: Some(place), path: String::new(), message: message.into() }
}

fn place_of(marker: Marker) -> Place {
    Place { line: marker.line().max(1), column: marker.col() + 1 }
}
