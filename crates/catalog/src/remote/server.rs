use coldtrail_proto::catalog::v1;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Status as GrpcStatus};
use v1::catalog_service_server::CatalogServiceServer;

use super::MESSAGE_BYTES_MAX;
use super::service::Service;
use crate::{Catalog, Error};

/// Answers other processes on this machine until `stop`, then finishes the calls under way.
///
/// The listener must be on a loopback address: the token and the data travel in the clear.
pub async fn serve(listener: TcpListener, catalog: Catalog, token: String, stop: CancellationToken) -> Result<(), Error> {
    let address = listener.local_addr().map(|address| address.to_string()).unwrap_or_default();
    let refuse = |reason: String| Err(Error::Serve { address: address.clone(), reason });
    if !listener.local_addr().is_ok_and(|address| address.ip().is_loopback()) {
        return refuse("it is no loopback address, and the connection is not encrypted".to_owned());
    }
    if token.is_empty() {
        return refuse("there is no token".to_owned());
    }
    let expected = format!("Bearer {token}");
    let service = CatalogServiceServer::new(Service::new(catalog))
        .max_decoding_message_size(MESSAGE_BYTES_MAX)
        .max_encoding_message_size(MESSAGE_BYTES_MAX);
    let authorized =
        tonic::service::interceptor::InterceptedService::new(service, move |request: Request<()>| authorize(request, &expected));
    let served = tonic::transport::Server::builder()
        .add_service(authorized)
        .serve_with_incoming_shutdown(TcpIncoming::from(listener).with_nodelay(Some(true)), stop.cancelled_owned());
    served.await.or_else(|error| refuse(error.to_string()))
}

/// Lets a call through whose `authorization` is exactly this; comparing takes the same time wherever the first difference is.
// The error is large because tonic's is.
#[allow(clippy::result_large_err)]
pub fn authorize(request: Request<()>, expected: &str) -> Result<Request<()>, GrpcStatus> {
    let given = request.metadata().get("authorization").map(|value| value.as_bytes()).unwrap_or_default();
    if is_same(given, expected.as_bytes()) {
        Ok(request)
    } else {
        Err(GrpcStatus::unauthenticated("the token is not the one that this node knows"))
    }
}

/// Takes the same time wherever the first difference is.
fn is_same(given: &[u8], expected: &[u8]) -> bool {
    let difference = given.iter().zip(expected).fold(0, |difference, (a, b)| difference | (a ^ b));
    given.len() == expected.len() && std::hint::black_box(difference) == 0
}
