use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Read, Write};

use anyhow::{Context, bail};
use coldtrail_flight::client::{Client, QueryResult};

use crate::arguments::{OutputArguments, ServerArguments, Sql};
use crate::exit;
use crate::output;

/// Runs one statement on a server.
pub(crate) async fn run(arguments: &Sql) -> anyhow::Result<u8> {
    let statement = statement(arguments.statement.as_ref())?;
    let mut client = sign_in(&arguments.server).await?;
    let result = client.query(&statement).await?;
    print(result, &arguments.output).await?;
    Ok(exit::DONE)
}

/// The statement given, or that of standard input.
pub(crate) fn statement(given: Option<&String>) -> anyhow::Result<String> {
    match given {
        Some(statement) => Ok(statement.clone()),
        None if io::stdin().is_terminal() => bail!("no statement; write it as an argument or to standard input"),
        None => {
            let mut text = String::new();
            io::stdin().read_to_string(&mut text).context("cannot read the statement from standard input")?;
            Ok(text)
        }
    }
}

pub(crate) async fn sign_in(server: &ServerArguments) -> anyhow::Result<Client> {
    Ok(Client::connect(&server.url, &server.user, &password(server)?).await?)
}

pub(crate) async fn print(result: QueryResult, arguments: &OutputArguments) -> anyhow::Result<u64> {
    let out: Box<dyn Write + Send> = match &arguments.out {
        Some(path) => Box::new(BufWriter::new(File::create(path).with_context(|| format!("cannot write {}", path.display()))?)),
        None => Box::new(BufWriter::new(io::stdout())),
    };
    output::write(result, arguments.format, arguments.rows_max, out, arguments.out.is_some()).await
}

fn password(server: &ServerArguments) -> anyhow::Result<String> {
    if let Some(path) = &server.password_file {
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read the password file {}", path.display()))?;
        return Ok(text.lines().next().unwrap_or_default().to_owned());
    }
    std::env::var("COLDTRAIL_PASSWORD").context("a password is needed: set COLDTRAIL_PASSWORD or name a file with --password-file")
}
