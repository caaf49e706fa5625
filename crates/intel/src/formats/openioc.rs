//! OpenIOC 1.0 and 1.1 (<https://github.com/fireeye/OpenIOC_1.1>).

mod items;
mod tree;

use crate::{Error, Place};

use super::collect::{About, Claim, Collector};

use items::claim_of;
use tree::{Item, Node};

/// Reads the indicators of an OpenIOC document. Of items that must all hold only hashes are looked for, for one tells a file.
pub(super) fn read(text: &str, collector: &mut Collector<'_>) -> Result<(), Error> {
    let document = tree::parse(text, collector)?;
    let about = About { description: document.description.map(Into::into), labels: document.labels, ..About::default() };
    take_any(&document.root, &about, collector)
}

/// Takes items of which one must hold.
fn take_any(node: &Node, about: &About, collector: &mut Collector<'_>) -> Result<(), Error> {
    match node {
        Node::Item(item) => take(item, claim_of(item), about, collector),
        Node::Any(nodes) => nodes.iter().try_for_each(|node| take_any(node, about, collector)),
        Node::All(nodes) => match nodes.as_slice() {
            [one] => take_any(one, about, collector),
            nodes => take_all(nodes, about, collector),
        },
    }
}

/// Takes items that must all hold.
fn take_all(nodes: &[Node], about: &About, collector: &mut Collector<'_>) -> Result<(), Error> {
    let is_item_of_file = |node: &Node| matches!(node, Node::Item(item) if item.search.starts_with("FileItem/") && !item.negate);
    let is_hash = |node: &&Node| matches!(node, Node::Item(item) if items::is_hash(item));
    let told_by_hash = nodes.iter().all(is_item_of_file) && nodes.iter().any(|node| is_hash(&node));
    for node in nodes {
        match node {
            Node::Item(item) if told_by_hash && is_hash(&node) => take(item, claim_of(item), about, collector)?,
            _ => {
                let reason = match told_by_hash {
                    true => "it is joined by AND with a hash, and the hash is looked for",
                    false => "it is joined by AND with others, which one observable cannot tell",
                };
                refuse(node, reason, about, collector)?;
            }
        }
    }
    Ok(())
}

fn refuse(node: &Node, reason: &str, about: &About, collector: &mut Collector<'_>) -> Result<(), Error> {
    match node {
        Node::Item(item) => take(item, Claim::Unsupported(reason.to_owned()), about, collector),
        Node::Any(nodes) | Node::All(nodes) => nodes.iter().try_for_each(|node| refuse(node, reason, about, collector)),
    }
}

fn take(item: &Item, claim: Claim, about: &About, collector: &mut Collector<'_>) -> Result<(), Error> {
    let place = Place { line: item.line, path: Some(item.search.as_str().into()) };
    let original = match &claim {
        Claim::Pattern(_) => items::glob(item),
        _ => item.content.clone(),
    };
    collector.take(place, &original, claim, about)
}
