//! YAML as a tree that knows in which line each part stands: one document, no anchors, aliases or tags.

use saphyr_parser::{Event, Parser, Span, StrInput};

use super::error::Problem;

/// Nothing in a mapping is nested deeper.
const DEPTH_MAX: usize = 12;

/// A part of the text.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) line: usize,
    pub(super) kind: Kind,
}

#[derive(Debug)]
pub(super) enum Kind {
    Text(String),
    List(Vec<Node>),
    Table(Vec<(String, Node)>),
}

/// Reads a text whose top is a table.
pub(super) fn read(text: &str) -> Result<Node, Problem> {
    let mut reader = Reader { parser: Parser::new_from_str(text) };
    loop {
        match reader.next()? {
            (Event::StreamStart | Event::DocumentStart(_), _) => {}
            (Event::StreamEnd, line) => return Err(Problem::new(line, "", "the file is empty")),
            (event, line) => return reader.node(event, line, 0),
        }
    }
}

struct Reader<'text> {
    parser: Parser<'text, StrInput<'text>>,
}

impl<'text> Reader<'text> {
    fn next(&mut self) -> Result<(Event<'text>, usize), Problem> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => Ok((event, line_of(span))),
            Some(Err(error)) => Err(Problem::new(error.marker().line(), "", format!("this is not YAML: {}", error.info()))),
            None => Ok((Event::StreamEnd, 0)),
        }
    }

    fn node(&mut self, event: Event<'text>, line: usize, depth: usize) -> Result<Node, Problem> {
        if depth > DEPTH_MAX {
            return Err(Problem::new(line, "", format!("this is nested deeper than {DEPTH_MAX} levels")));
        }
        let kind = match event {
            Event::Scalar(text, _, 0, None) => Kind::Text(text.into_owned()),
            Event::SequenceStart(0, None) => Kind::List(self.list(depth)?),
            Event::MappingStart(0, None) => Kind::Table(self.table(depth)?),
            _ => return Err(Problem::new(line, "", "anchors, aliases and tags are not read in mappings; write the value out")),
        };
        Ok(Node { line, kind })
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Node>, Problem> {
        let mut nodes = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(nodes),
                (event, line) => nodes.push(self.node(event, line, depth + 1)?),
            }
        }
    }

    fn table(&mut self, depth: usize) -> Result<Vec<(String, Node)>, Problem> {
        let mut entries: Vec<(String, Node)> = Vec::new();
        loop {
            let (event, line) = self.next()?;
            if event == Event::MappingEnd {
                return Ok(entries);
            }
            let Kind::Text(key) = self.node(event, line, depth + 1)?.kind else {
                return Err(Problem::new(line, "", "a key must be a word"));
            };
            let (event, _) = self.next()?;
            // A value that is a table begins a line after its key; the key's line is what a reader looks for.
            let value = self.node(event, line, depth + 1)?;
            if entries.iter().any(|(other, _)| *other == key) {
                return Err(Problem::new(line, &key, "this key was there already"));
            }
            entries.push((key, value));
        }
    }
}

fn line_of(span: Span) -> usize {
    span.start.line().max(1)
}
