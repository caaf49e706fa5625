use std::collections::BTreeMap;

use anyhow::Context;

use crate::arguments::{IntelCommand, IntelImport};
use crate::commands::content::{self, Brought};
use crate::commands::sql::sign_in;

/// Feeds of indicators.
pub(crate) async fn run(command: &IntelCommand) -> anyhow::Result<u8> {
    match command {
        IntelCommand::Import(import) => bring(import).await,
        IntelCommand::List { json, server } => content::list(&sign_in(server).await?, "indicators", *json).await,
        IntelCommand::Expire { name, server } => content::delete(&sign_in(server).await?, "indicators", name).await,
    }
}

async fn bring(import: &IntelImport) -> anyhow::Result<u8> {
    let brought = read_feed(import)?;
    let reply = content::put(&sign_in(&import.server).await?, brought).await?;
    content::report(&reply, import.json)
}

/// A feed as it is sent.
pub(crate) fn read_feed(import: &IntelImport) -> anyhow::Result<Brought> {
    let bytes = std::fs::read(&import.file).with_context(|| format!("cannot read the feed {}", import.file.display()))?;
    let mut options = BTreeMap::new();
    if let Some(format) = &import.feed_format {
        options.insert("format".to_owned(), format.clone());
    }
    if import.force {
        options.insert("force".to_owned(), "true".to_owned());
    }
    if let Some(path) = &import.warning_list {
        let list = std::fs::read_to_string(path).with_context(|| format!("cannot read the warning list {}", path.display()))?;
        options.insert("warning_list".to_owned(), list);
    }
    let name = import.name.clone().unwrap_or_else(|| content::name_of(&import.file));
    Ok(Brought { kind: "indicators", name, bytes, options })
}
