use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use coldtrail_taxii::{Filter, Login, Server};

use crate::arguments::{IntelCommand, IntelFetch, IntelImport, TaxiiServer};
use crate::commands::content::{self, Brought};
use crate::commands::sql::sign_in;
use crate::exit;

/// Feeds of indicators.
pub(crate) async fn run(command: &IntelCommand) -> anyhow::Result<u8> {
    match command {
        IntelCommand::Import(import) => bring(import).await,
        IntelCommand::Fetch(fetch) => bring_collection(fetch).await,
        IntelCommand::Collections { taxii } => list_collections(taxii).await,
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
    let mut options = how_to_take(import.force, import.warning_list.as_deref())?;
    if let Some(format) = &import.feed_format {
        options.insert("format".to_owned(), format.clone());
    }
    let name = import.name.clone().unwrap_or_else(|| content::name_of(&import.file));
    Ok(Brought { kind: "indicators", name, bytes, options })
}

/// What is taken and what not, in words of the server.
fn how_to_take(force: bool, warning_list: Option<&Path>) -> anyhow::Result<BTreeMap<String, String>> {
    let mut options = BTreeMap::new();
    if force {
        options.insert("force".to_owned(), "true".to_owned());
    }
    if let Some(path) = warning_list {
        let list = std::fs::read_to_string(path).with_context(|| format!("cannot read the warning list {}", path.display()))?;
        options.insert("warning_list".to_owned(), list);
    }
    Ok(options)
}

/// Brings a collection of a TAXII server. An empty one is brought too: a feed that had nothing is an answer.
#[allow(clippy::print_stderr)]
async fn bring_collection(fetch: &IntelFetch) -> anyhow::Result<u8> {
    let filter = Filter { added_after: fetch.added_after, ..Filter::default() };
    let objects = coldtrail_taxii::fetch(&taxii_server(&fetch.taxii)?, &fetch.collection, &filter).await?;
    let mut options = how_to_take(fetch.force, fetch.warning_list.as_deref())?;
    options.insert("format".to_owned(), "stix".to_owned());
    let name = fetch.name.clone().unwrap_or_else(|| content::name_from(&fetch.collection));
    eprintln!("{} objects in {} pages", objects.count, objects.pages);
    let brought = Brought { kind: "indicators", name, bytes: objects.bundle, options };
    let reply = content::put(&sign_in(&fetch.server).await?, brought).await?;
    if let Some(added) = objects.added_last {
        eprintln!("the last of them was added at {}: --added-after {0} brings what comes after", added.to_rfc3339());
    }
    content::report(&reply, fetch.json)
}

#[allow(clippy::print_stdout)]
async fn list_collections(taxii: &TaxiiServer) -> anyhow::Result<u8> {
    let client = coldtrail_taxii::Client::new(&taxii_server(taxii)?)?;
    for root in client.api_roots().await? {
        for collection in client.collections(&root).await? {
            let readable = if collection.can_read { "readable" } else { "closed" };
            println!("{}  {readable}  {}  {}", collection.id, root.path(), collection.title);
        }
    }
    Ok(exit::DONE)
}

/// The environment's place for a secret, for those who do not keep it in a file.
const SECRET_VARIABLE: &str = "COLDTRAIL_TAXII_SECRET";

fn taxii_server(taxii: &TaxiiServer) -> anyhow::Result<Server> {
    let secret = match &taxii.taxii_secret_file {
        Some(path) => {
            let text = std::fs::read_to_string(path).with_context(|| format!("cannot read the secret {}", path.display()))?;
            Some(text.trim_end_matches(['\r', '\n']).to_owned())
        }
        None => std::env::var(SECRET_VARIABLE).ok(),
    };
    let login = match (&taxii.taxii_user, secret) {
        (Some(user), Some(password)) => Some(Login::Basic { user: user.clone(), password }),
        (Some(_), None) => anyhow::bail!("--taxii-user needs a password: name its file with --taxii-secret-file, or set {SECRET_VARIABLE}"),
        (None, Some(token)) => Some(Login::Bearer(token)),
        (None, None) => None,
    };
    Ok(Server { url: taxii.taxii_url.clone(), login, proxy: taxii.taxii_proxy.clone(), ..Server::default() })
}
