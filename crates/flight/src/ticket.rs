use arrow_flight::Ticket;
use arrow_flight::sql::{ProstMessageExt, TicketStatementQuery};
use bytes::Bytes;
use coldtrail_query::Principal;
use prost::Message;
use tonic::Status;

use crate::seal::{Purpose, SigningKey};
use crate::token;

/// What a result ticket says: everything that a node with the key needs to run the statement.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct TicketClaims {
    /// Names the planned result, for cancelling.
    #[prost(bytes = "vec", tag = "1")]
    pub(crate) id: Vec<u8>,
    #[prost(string, tag = "2")]
    pub(crate) principal: String,
    #[prost(int64, tag = "3")]
    pub(crate) expires_at: i64,
    #[prost(string, tag = "4")]
    pub(crate) sql: String,
    /// The bound rows as an IPC stream.
    #[prost(bytes = "bytes", optional, tag = "5")]
    pub(crate) parameters: Option<Bytes>,
    /// The schema that was promised, as an IPC message.
    #[prost(bytes = "bytes", tag = "6")]
    pub(crate) schema: Bytes,
}

impl TicketClaims {
    pub(crate) fn sign(&self, key: &SigningKey) -> Ticket {
        let statement_handle = key.seal(Purpose::Ticket, &self.encode_to_vec()).into();
        Ticket::new(TicketStatementQuery { statement_handle }.as_any().encode_to_vec())
    }

    /// What a genuine ticket of this caller says.
    pub(crate) fn read(sealed: &[u8], key: &SigningKey, caller: &Principal) -> Result<Self, Status> {
        let unknown = || Status::not_found("there is no such result; run the statement again");
        let payload = key.open(Purpose::Ticket, sealed).ok_or_else(unknown)?;
        let claims = Self::decode(payload).map_err(|_| unknown())?;
        if claims.principal != caller.name {
            return Err(Status::permission_denied("this result belongs to another user"));
        }
        if claims.expires_at <= token::unix_seconds() {
            return Err(Status::not_found("the result has expired; run the statement again"));
        }
        Ok(claims)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(claims: &TicketClaims, key: &SigningKey, name: &str) -> Result<TicketClaims, tonic::Code> {
        let sealed = key.seal(Purpose::Ticket, &claims.encode_to_vec());
        TicketClaims::read(&sealed, key, &Principal { name: name.into() }).map_err(|status| status.code())
    }

    #[test]
    fn a_ticket_is_for_its_owner_and_for_its_time() {
        let (key, now) = (SigningKey::generate(), token::unix_seconds());
        let claims = TicketClaims { principal: "hunter".into(), expires_at: now + 60, sql: "SELECT 1".into(), ..TicketClaims::default() };
        assert_eq!(open(&claims, &key, "hunter"), Ok(claims.clone()));
        assert_eq!(open(&claims, &key, "other"), Err(tonic::Code::PermissionDenied));
        let expired = TicketClaims { expires_at: now, ..claims };
        assert_eq!(open(&expired, &key, "hunter"), Err(tonic::Code::NotFound));
    }
}
