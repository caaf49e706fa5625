use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Read, Write};

use anyhow::{Context, bail};
use coldtrail_flight::client::Client;

use crate::arguments::Sql;
use crate::exit;
use crate::output;

/// Runs one statement on a server.
pub(crate) async fn run(arguments: &Sql) -> anyhow::Result<u8> {
    let statement = match &arguments.statement {
        Some(statement) => statement.clone(),
        None if io::stdin().is_terminal() => bail!("no statement; write it as an argument or to standard input"),
        None => {
            let mut text = String::new();
            io::stdin().read_to_string(&mut text).context("cannot read the statement from standard input")?;
            text
        }
    };
    let mut client = Client::connect(&arguments.url, &arguments.user, &password(arguments)?).await?;
    let result = client.query(&statement).await?;
    let out: Box<dyn Write + Send> = match &arguments.out {
        Some(path) => Box::new(BufWriter::new(File::create(path).with_context(|| format!("cannot write {}", path.display()))?)),
        None => Box::new(BufWriter::new(io::stdout())),
    };
    output::write(result, arguments.format, arguments.rows_max, out, arguments.out.is_some()).await?;
    Ok(exit::DONE)
}

fn password(arguments: &Sql) -> anyhow::Result<String> {
    if let Some(path) = &arguments.password_file {
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read the password file {}", path.display()))?;
        return Ok(text.lines().next().unwrap_or_default().to_owned());
    }
    std::env::var("COLDTRAIL_PASSWORD").context("a password is needed: set COLDTRAIL_PASSWORD or name a file with --password-file")
}
