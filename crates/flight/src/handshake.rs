use std::net::IpAddr;

use arrow_flight::{BasicAuth, HandshakeRequest, HandshakeResponse};
use coldtrail_query::Principal;
use futures::stream::{self, BoxStream};
use futures::{Stream, StreamExt};
use prost::Message;
use tonic::metadata::{MetadataMap, MetadataValue};
use tonic::{Response, Status};

use crate::auth::{Auth, Credentials, Refusal};

/// Signs in by the `authorization` header, or by a `BasicAuth` message as Arrow's C++ and Python clients can.
///
/// The token comes back in both places where clients look: the `authorization` header of the response, and its payload.
pub(crate) async fn shake_hands(
    auth: &Auth,
    headers: &MetadataMap,
    peer: Option<IpAddr>,
    mut requests: impl Stream<Item = Result<HandshakeRequest, Status>> + Unpin,
) -> Result<Response<BoxStream<'static, Result<HandshakeResponse, Status>>>, Status> {
    let token = match Credentials::read(headers)? {
        // The client has what it needs; a token does not outlive its lifetime by being shown.
        Some(Credentials::Bearer { token }) => auth.check_token(&token).map(|_| token)?,
        Some(Credentials::Basic { name, password }) => auth.issue_token(&auth.sign_in(name, password, peer).await?),
        None => {
            let first = requests.next().await.transpose()?.ok_or(Refusal::NoCredentials)?;
            auth.issue_token(&sign_in_by_message(auth, &first, peer).await?)
        }
    };
    let header = MetadataValue::try_from(format!("Bearer {token}")).map_err(|_| Refusal::WrongToken)?;
    let answer = HandshakeResponse { protocol_version: 0, payload: token.into() };
    let mut response = Response::new(stream::iter([Ok(answer)]).boxed());
    response.metadata_mut().insert("authorization", header);
    Ok(response)
}

async fn sign_in_by_message(auth: &Auth, request: &HandshakeRequest, peer: Option<IpAddr>) -> Result<Principal, Refusal> {
    match BasicAuth::decode(request.payload.clone()) {
        Ok(basic) if !basic.username.is_empty() => auth.sign_in(basic.username, basic.password, peer).await,
        _ => Err(Refusal::NoCredentials),
    }
}
