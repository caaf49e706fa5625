use std::sync::Arc;
use std::time::Duration;

use coldtrail_proto::catalog::v1;
use tonic::{Code, Response, Status as GrpcStatus};
use uuid::Uuid;

use super::peers::{Client, Lane, Peers};
use crate::Error;
use crate::raft::{Command, Outcome, command_to_proto};
use crate::remote::wire::{error_from_grpc, uuid_from_bytes};

/// Another node, asked once for each call.
#[derive(Debug, Clone)]
pub(crate) struct Peer {
    peers: Arc<Peers>,
    address: String,
    envelope: v1::Envelope,
    timeout: Duration,
}

/// What another node says of itself.
#[derive(Debug, Clone)]
pub(crate) struct Hello {
    pub(crate) cluster_id: Uuid,
    pub(crate) answer: v1::HelloResponse,
}

impl Peer {
    pub(crate) fn new(peers: Arc<Peers>, address: String, envelope: v1::Envelope, timeout: Duration) -> Self {
        Self { peers, address, envelope, timeout }
    }

    pub(crate) fn is_node(&self, node_id: u64) -> bool {
        self.envelope.to == node_id
    }

    pub(crate) async fn hello(&self) -> Result<Hello, Error> {
        let answer = self.call(|mut client| async move { client.hello(v1::HelloRequest {}).await }).await?;
        let cluster_id = uuid_from_bytes(&answer.cluster_id, "HelloResponse").map_err(|error| self.unexpected(&error))?;
        Ok(Hello { cluster_id, answer })
    }

    /// A change, with the entry up to which one must have applied to see it.
    pub(crate) async fn propose(&self, command: &Command) -> Result<(Outcome, u64), Error> {
        use v1::propose_response::Outcome as Told;
        let request = v1::ProposeRequest { envelope: self.envelope(), command: Some(command_to_proto(command)) };
        let answer = self.call(|mut client| async move { client.propose(request).await }).await?;
        let run = |run: v1::Run| run.try_into().map(Box::new).map_err(|error| self.unexpected(&error));
        let outcome = match answer.outcome {
            Some(Told::CommittedSnapshotId(snapshot_id)) => Outcome::Committed { snapshot_id },
            Some(Told::Updated(updated)) => Outcome::Updated(run(updated)?),
            Some(Told::Changed(changed)) => return Err(Error::RunChanged { run: run(changed)? }),
            Some(Told::Stored(v1::DocumentVersions { versions })) => Outcome::Stored { versions },
            Some(Told::Done(_)) => Outcome::Done,
            None => Outcome::Nothing,
        };
        Ok((outcome, answer.applied_index))
    }

    pub(crate) async fn read_index(&self) -> Result<u64, Error> {
        let request = v1::ReadIndexRequest { envelope: self.envelope() };
        Ok(self.call(|mut client| async move { client.read_index(request).await }).await?.index)
    }

    pub(crate) async fn join(&self, address: &str) -> Result<(), Error> {
        let request = v1::JoinRequest { envelope: self.envelope(), address: address.to_owned() };
        self.call(|mut client| async move { client.join(request).await }).await.map(drop)
    }

    pub(crate) async fn remove(&self, node_id: u64) -> Result<(), Error> {
        let request = v1::RemoveRequest { envelope: self.envelope(), node_id };
        self.call(|mut client| async move { client.remove(request).await }).await.map(drop)
    }

    pub(crate) async fn transfer_leader(&self, node_id: u64) -> Result<(), Error> {
        let request = v1::TransferLeaderRequest { envelope: self.envelope(), node_id };
        self.call(|mut client| async move { client.transfer_leader(request).await }).await.map(drop)
    }

    pub(crate) async fn release(&self, term: u64) -> Result<(), Error> {
        let request = v1::ReleaseRequest { envelope: self.envelope(), term };
        self.call(|mut client| async move { client.release(request).await }).await.map(drop)
    }

    pub(crate) async fn elect(&self) -> Result<(), Error> {
        let request = v1::ElectRequest { envelope: self.envelope() };
        self.call(|mut client| async move { client.elect(request).await }).await.map(drop)
    }

    fn envelope(&self) -> Option<v1::Envelope> {
        Some(self.envelope.clone())
    }

    async fn call<T, F>(&self, call: impl FnOnce(Client) -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<Response<T>, GrpcStatus>>,
    {
        let client = self.peers.client(&self.address, Lane::Calls)?;
        match tokio::time::timeout(self.timeout, call(client)).await {
            Ok(Ok(response)) => Ok(response.into_inner()),
            Ok(Err(status)) => {
                if matches!(status.code(), Code::Unavailable | Code::Internal | Code::Unknown) {
                    self.peers.forget(&self.address, Lane::Calls);
                }
                Err(error_from_grpc(&status, &self.address))
            }
            Err(_) => {
                self.peers.forget(&self.address, Lane::Calls);
                let reason = format!("no answer within {} ms", self.timeout.as_millis());
                Err(Error::Unreachable { address: self.address.clone(), reason })
            }
        }
    }

    fn unexpected(&self, reason: &dyn std::fmt::Display) -> Error {
        Error::Protocol { address: self.address.clone(), reason: reason.to_string() }
    }
}
