use coldtrail_flight::client::ClientError;
use coldtrail_proto::hunt::v1;

use crate::arguments::FindingCommand;
use crate::commands::sql::{print, sign_in};
use crate::exit;

/// What hunts found.
#[allow(clippy::print_stdout)]
pub(crate) async fn run(command: &FindingCommand) -> anyhow::Result<u8> {
    match command {
        FindingCommand::List { server, output } => {
            let result = sign_in(server).await?.query("SELECT * FROM system.findings ORDER BY last_seen_time DESC").await?;
            print(result, output).await?;
        }
        FindingCommand::Set { key, status, verdict, note, server } => {
            let request =
                v1::JudgeFindingRequest { key: key.clone(), status: status.clone(), verdict: verdict.clone(), note: note.clone() };
            let reply = sign_in(server).await?.runs().judge_finding(request).await.map_err(ClientError::from)?.into_inner();
            println!("{}", reply.finding);
        }
    }
    Ok(exit::DONE)
}
