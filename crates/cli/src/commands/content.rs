//! Bringing feeds, rules and hunt files to a server.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use coldtrail_flight::client::{Client, ClientError};
use coldtrail_model::format_ms;
use coldtrail_proto::hunt::v1;

use crate::exit;

/// The bytes of one message.
const CHUNK_BYTES: usize = 1 << 20;

/// What is brought.
pub(crate) struct Brought {
    pub(crate) kind: &'static str,
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) options: BTreeMap<String, String>,
}

/// Sends something to the server, and gives what it made of it.
pub(crate) async fn put(client: &Client, brought: Brought) -> anyhow::Result<v1::PutContentReply> {
    let Brought { kind, name, bytes, options } = brought;
    let header = v1::ContentHeader { kind: kind.to_owned(), name, options: options.into_iter().collect() };
    let first = v1::PutContentRequest { header: Some(header), bytes: Vec::new() };
    let chunks: Vec<_> = bytes.chunks(CHUNK_BYTES).map(|chunk| v1::PutContentRequest { header: None, bytes: chunk.to_vec() }).collect();
    let messages = tokio_stream::iter(std::iter::once(first).chain(chunks));
    Ok(client.runs().put_content(messages).await.map_err(ClientError::from)?.into_inner())
}

/// The content of the server's answer.
pub(crate) fn content_of(reply: &v1::PutContentReply) -> anyhow::Result<&v1::Content> {
    reply.content.as_ref().context("the server's answer does not say what was kept")
}

/// Says what was not taken of something that is needed for something else. True if there was anything.
#[allow(clippy::print_stderr)]
pub(crate) fn say_refused(reply: &v1::PutContentReply) -> bool {
    for remark in &reply.remarks {
        eprintln!("coldtrail: {remark}");
    }
    !reply.remarks.is_empty()
}

/// How much of some content was refused when it was brought.
pub(crate) async fn refused_of(client: &Client, kind: &str, name: &str) -> anyhow::Result<u64> {
    let request = v1::ContentName { kind: kind.to_owned(), name: name.to_owned() };
    let mut chunks = client.runs().get_content(request).await.map_err(ClientError::from)?.into_inner();
    let first = chunks.message().await.map_err(ClientError::from)?;
    Ok(first.and_then(|chunk| chunk.content).and_then(|content| content.counts.get("refused").copied()).unwrap_or_default())
}

/// Says what was kept and what was not; the exit code tells a script.
#[allow(clippy::print_stdout, clippy::print_stderr)]
pub(crate) fn report(reply: &v1::PutContentReply, as_json: bool) -> anyhow::Result<u8> {
    let content = content_of(reply)?;
    for remark in &reply.remarks {
        eprintln!("{remark}");
    }
    match as_json {
        true => println!("{}", to_json(content, &reply.remarks)),
        false => println!("{}  {}", content.versioned_name, counts(content)),
    }
    Ok(if reply.remarks.is_empty() { exit::DONE } else { exit::INCOMPLETE })
}

/// Prints what there is of a kind.
#[allow(clippy::print_stdout)]
pub(crate) async fn list(client: &Client, kind: &str, as_json: bool) -> anyhow::Result<u8> {
    let request = v1::ListContentRequest { kind: kind.to_owned() };
    for content in client.runs().list_content(request).await.map_err(ClientError::from)?.into_inner().content {
        match as_json {
            true => println!("{}", to_json(&content, &[])),
            false => println!("{:30}  {}  {}", content.versioned_name, format_ms(content.brought_ms), counts(&content)),
        }
    }
    Ok(exit::DONE)
}

/// Forgets a name.
pub(crate) async fn delete(client: &Client, kind: &str, name: &str) -> anyhow::Result<u8> {
    let named = v1::ContentName { kind: kind.to_owned(), name: name.to_owned() };
    client.runs().delete_content(named).await.map_err(ClientError::from)?;
    Ok(exit::DONE)
}

/// A name made of a file's name.
pub(crate) fn name_of(path: &Path) -> String {
    name_from(&path.file_stem().unwrap_or_default().to_string_lossy())
}

/// A name made of a text: what cannot be part of a name becomes `-`.
pub(crate) fn name_from(text: &str) -> String {
    let name: String =
        text.chars().map(|letter| if letter.is_ascii_alphanumeric() || "-_.".contains(letter) { letter } else { '-' }).collect();
    if name.is_empty() { "unnamed".to_owned() } else { name }
}

fn counts(content: &v1::Content) -> String {
    let mut counts: Vec<_> = content.counts.iter().collect();
    counts.sort();
    counts.iter().map(|(name, count)| format!("{count} {name}")).collect::<Vec<_>>().join(", ")
}

fn to_json(content: &v1::Content, remarks: &[String]) -> serde_json::Value {
    serde_json::json!({
        "kind": content.kind, "name": content.name, "versioned_name": content.versioned_name, "sha256": content.sha256,
        "bytes": content.bytes, "counts": content.counts, "options": content.options, "brought_ms": content.brought_ms,
        "brought_by": content.brought_by, "remarks": remarks,
    })
}
