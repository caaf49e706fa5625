//! Commands as records.

use coldtrail_model::{DocumentChange, Run, Slice};
use coldtrail_proto::catalog::{digest_from_bytes, run_id_from_bytes, v1};
use v1::catalog_command::Kind;

use super::{Command, ProposedCommit, RecordError};
use crate::CommitId;

pub(crate) fn command_to_proto(command: &Command) -> v1::CatalogCommand {
    let kind = match command {
        Command::Barrier => Kind::Barrier(v1::Barrier {}),
        Command::Commit(proposed) => Kind::Commit(v1::CommitCommand {
            id: proposed.id.as_bytes().to_vec(),
            digest: proposed.digest.to_vec(),
            commit: Some(v1::Commit::from(&proposed.commit)),
        }),
        Command::CreateRun(run) => Kind::CreateRun(v1::CreateRunCommand { run: Some(run.as_ref().into()) }),
        Command::UpdateRun { expected_version, run } => {
            Kind::UpdateRun(v1::UpdateRunCommand { expected_version: *expected_version, run: Some(run.as_ref().into()) })
        }
        Command::PutSlices { run, epoch, slices } => Kind::PutSlices(v1::PutSlicesCommand {
            run_id: run.as_bytes().to_vec(),
            epoch: *epoch,
            slices: slices.iter().map(Into::into).collect(),
        }),
        Command::DeleteRun { run } => Kind::DeleteRun(v1::DeleteRunCommand { run_id: run.as_bytes().to_vec() }),
        Command::PutDocuments { changes } => {
            Kind::PutDocuments(v1::PutDocumentsCommand { changes: changes.iter().map(Into::into).collect() })
        }
    };
    v1::CatalogCommand { kind: Some(kind) }
}

pub(crate) fn command_from_proto(command: v1::CatalogCommand) -> Result<Command, RecordError> {
    let missing = |message, field| coldtrail_proto::Error::Missing { message, field };
    match command.kind.ok_or_else(|| missing("CatalogCommand", "kind"))? {
        Kind::Barrier(_) => Ok(Command::Barrier),
        Kind::Commit(command) => Ok(Command::Commit(Box::new(ProposedCommit {
            id: commit_id_from_bytes(&command.id)?,
            digest: digest_from_bytes(&command.digest, "CommitCommand", "digest")?,
            commit: command.commit.ok_or_else(|| missing("CommitCommand", "commit"))?.try_into()?,
        }))),
        Kind::CreateRun(command) => Ok(Command::CreateRun(run_from_proto(command.run, "CreateRunCommand")?)),
        Kind::UpdateRun(command) => {
            Ok(Command::UpdateRun { expected_version: command.expected_version, run: run_from_proto(command.run, "UpdateRunCommand")? })
        }
        Kind::PutSlices(command) => Ok(Command::PutSlices {
            run: run_id_from_bytes(&command.run_id, "PutSlicesCommand", "run_id")?,
            epoch: command.epoch,
            slices: command.slices.into_iter().map(Slice::try_from).collect::<Result<_, _>>()?,
        }),
        Kind::DeleteRun(command) => Ok(Command::DeleteRun { run: run_id_from_bytes(&command.run_id, "DeleteRunCommand", "run_id")? }),
        Kind::PutDocuments(command) => {
            Ok(Command::PutDocuments { changes: command.changes.into_iter().map(DocumentChange::try_from).collect::<Result<_, _>>()? })
        }
    }
}

fn run_from_proto(run: Option<v1::Run>, message: &'static str) -> Result<Box<Run>, coldtrail_proto::Error> {
    run.ok_or(coldtrail_proto::Error::Missing { message, field: "run" })?.try_into().map(Box::new)
}

pub(crate) fn commit_id_from_bytes(bytes: &[u8]) -> Result<CommitId, coldtrail_proto::Error> {
    let fixed = bytes.try_into().map_err(|_| coldtrail_proto::Error::Length {
        message: "CommitCommand",
        field: "id",
        wanted: 16,
        found: bytes.len(),
    })?;
    Ok(CommitId::from_bytes(fixed))
}
