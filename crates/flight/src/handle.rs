use bytes::Bytes;
use coldtrail_query::Principal;
use prost::Message;
use tonic::Status;
use uuid::Uuid;

use crate::seal::{Purpose, SigningKey};

/// A prepared statement as its handle carries it. Binding parameters makes a new handle; closing one is free.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Statement {
    #[prost(string, tag = "1")]
    principal: String,
    #[prost(string, tag = "2")]
    pub(crate) sql: String,
    /// The bound rows as an IPC stream.
    #[prost(bytes = "bytes", optional, tag = "3")]
    pub(crate) parameters: Option<Bytes>,
    /// Tells two statements of the same text apart.
    #[prost(bytes = "vec", tag = "4")]
    pub(crate) id: Vec<u8>,
}

impl Statement {
    pub(crate) fn new(principal: &Principal, sql: String) -> Self {
        Self { principal: principal.name.clone(), sql, parameters: None, id: Uuid::now_v7().as_bytes().to_vec() }
    }

    /// The handle; fails when text and parameters together pass the limit.
    pub(crate) fn sign(&self, key: &SigningKey, handle_bytes_max: usize) -> Result<Bytes, Status> {
        let bytes = self.encoded_len();
        if bytes > handle_bytes_max {
            return Err(too_large(bytes, handle_bytes_max));
        }
        Ok(key.seal(Purpose::Handle, &self.encode_to_vec()).into())
    }

    /// The statement behind a handle that was made for this caller.
    pub(crate) fn read(handle: &[u8], key: &SigningKey, caller: &Principal) -> Result<Self, Status> {
        let statement = key.open(Purpose::Handle, handle).and_then(|payload| Self::decode(payload).ok());
        let unknown = || Status::not_found("there is no such prepared statement; prepare it again");
        statement.filter(|statement| statement.principal == caller.name).ok_or_else(unknown)
    }
}

pub(crate) fn too_large(bytes: usize, handle_bytes_max: usize) -> Status {
    Status::resource_exhausted(format!(
        "the statement and its parameters take {bytes} bytes or more, flight.handle_bytes_max is {handle_bytes_max}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_is_for_its_owner_and_within_its_limit() {
        let (key, owner) = (SigningKey::generate(), Principal { name: "hunter".into() });
        let statement = Statement::new(&owner, "SELECT 1".into());
        let handle = statement.sign(&key, 100).expect("small");
        assert_eq!(Statement::read(&handle, &key, &owner).expect("ours"), statement);
        let other = Principal { name: "other".into() };
        assert_eq!(Statement::read(&handle, &key, &other).expect_err("foreign").code(), tonic::Code::NotFound);
        let error = statement.sign(&key, 10).expect_err("above the limit");
        assert!(error.message().contains("flight.handle_bytes_max is 10"), "{}", error.message());
    }
}
