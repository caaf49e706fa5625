use compact_str::CompactString;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use crate::Error;

use super::super::collect::Collector;
use super::super::encoding::{Lines, line_and_column};

/// One document.
pub(super) struct Document {
    pub(super) description: Option<String>,
    pub(super) labels: Vec<CompactString>,
    pub(super) root: Node,
}

/// A part of the definition.
#[derive(Debug)]
pub(super) enum Node {
    /// One must hold.
    Any(Vec<Node>),
    /// All must hold.
    All(Vec<Node>),
    Item(Item),
}

/// One `IndicatorItem`.
#[derive(Debug, Default)]
pub(super) struct Item {
    pub(super) line: u64,
    pub(super) condition: String,
    pub(super) negate: bool,
    /// What it is about: `FileItem/Md5sum`.
    pub(super) search: String,
    pub(super) content: String,
}

struct Builder<'t, 'c, 'o> {
    text: &'t str,
    collector: &'c Collector<'o>,
    lines: Lines<'t>,
    /// The open `Indicator` elements, with the parts found so far.
    open: Vec<(bool, Vec<Node>)>,
    item: Option<Item>,
    /// The text since the last start of an element.
    content: String,
    path: Vec<String>,
    document: Document,
}

/// Parses a document. Fails where it is not well-formed, or is no OpenIOC.
pub(super) fn parse(text: &str, collector: &Collector<'_>) -> Result<Document, Error> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_end_names = true;
    reader.config_mut().expand_empty_elements = true;
    let document = Document { description: None, labels: Vec::new(), root: Node::Any(Vec::new()) };
    let mut builder = Builder {
        text,
        collector,
        lines: Lines::new(text),
        open: vec![(true, Vec::new())],
        item: None,
        content: String::new(),
        path: Vec::new(),
        document,
    };
    loop {
        let at = position(reader.buffer_position());
        match reader.read_event() {
            Ok(Event::Eof) => return builder.finish(),
            Ok(event) => builder.take(at, event)?,
            Err(error) => return Err(builder.malformed(position(reader.error_position()), error.to_string())),
        }
    }
}

fn position(position: u64) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}

impl Builder<'_, '_, '_> {
    fn take(&mut self, at: usize, event: Event<'_>) -> Result<(), Error> {
        match event {
            Event::Start(element) => self.start(at, &element),
            Event::End(_) => {
                self.end();
                Ok(())
            }
            Event::Text(text) => {
                self.content.push_str(&text.xml10_content());
                Ok(())
            }
            Event::CData(text) => {
                self.content.push_str(&text.xml10_content());
                Ok(())
            }
            Event::GeneralRef(reference) => {
                let reference = format!("&{};", reference.xml10_content());
                match quick_xml::escape::unescape(&reference) {
                    Ok(letter) => self.content.push_str(&letter),
                    Err(error) => return Err(self.malformed(at, error.to_string())),
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn start(&mut self, at: usize, element: &BytesStart<'_>) -> Result<(), Error> {
        let depth_max = self.collector.options().limits.depth_max;
        if self.path.len() >= depth_max {
            let (line, column) = line_and_column(self.text, at);
            return Err(Error::TooDeep { feed: self.collector.name().to_owned(), line, column, depth_max });
        }
        self.content.clear();
        let name = element.local_name().as_ref().to_owned();
        let attribute = |key: &str| {
            let found = element.try_get_attribute(key).ok().flatten();
            found.and_then(|found| found.normalized_value(XmlVersion::Implicit1_0).ok().map(|value| value.into_owned())).unwrap_or_default()
        };
        if self.path.is_empty() && !matches!(name.as_str(), "ioc" | "OpenIOC") {
            let reason = format!("its XML begins with <{name}>, not with <ioc> or <OpenIOC>");
            return Err(Error::NotAFeed { feed: self.collector.name().to_owned(), reason });
        }
        match name.as_str() {
            "Indicator" => self.open.push((!attribute("operator").eq_ignore_ascii_case("AND"), Vec::new())),
            "IndicatorItem" => {
                let negate = attribute("negate").eq_ignore_ascii_case("true");
                self.item =
                    Some(Item { line: self.lines.at(at), condition: attribute("condition").to_lowercase(), negate, ..Item::default() });
            }
            "Context" => {
                if let Some(item) = &mut self.item {
                    item.search = attribute("search");
                }
            }
            _ => {}
        }
        self.path.push(name);
        Ok(())
    }

    fn end(&mut self) {
        let name = self.path.pop().unwrap_or_default();
        let content = std::mem::take(&mut self.content);
        match name.as_str() {
            "Indicator" if self.open.len() > 1 => {
                if let Some((is_any, nodes)) = self.open.pop() {
                    self.add(if is_any { Node::Any(nodes) } else { Node::All(nodes) });
                }
            }
            "IndicatorItem" => {
                if let Some(item) = self.item.take() {
                    self.add(Node::Item(item));
                }
            }
            "Content" => {
                if let Some(item) = &mut self.item {
                    item.content = content.trim().to_owned();
                }
            }
            "short_description" if !content.trim().is_empty() => self.document.description = Some(content.trim().to_owned()),
            "link" if !content.trim().is_empty() => self.document.labels.push(content.trim().into()),
            _ => {}
        }
    }

    fn add(&mut self, node: Node) {
        if let Some((_, nodes)) = self.open.last_mut() {
            nodes.push(node);
        }
    }

    fn finish(mut self) -> Result<Document, Error> {
        if let Some(element) = self.path.last() {
            let reason = format!("it ends before </{element}>");
            return Err(self.malformed(self.text.len(), reason));
        }
        self.document.root = Node::Any(self.open.pop().map(|(_, nodes)| nodes).unwrap_or_default());
        Ok(self.document)
    }

    fn malformed(&self, at: usize, reason: String) -> Error {
        let (line, column) = line_and_column(self.text, at);
        Error::Malformed { feed: self.collector.name().to_owned(), format: "OpenIOC", line, column, reason }
    }
}
