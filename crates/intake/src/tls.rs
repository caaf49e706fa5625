use std::path::Path;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::Error;

/// What [`crate::PushServer::serve`] and [`crate::GrpcServer::serve`] encrypt with: the chain of certificates and the key in these PEM files.
pub fn server_tls(certificate: &Path, key: &Path) -> Result<Arc<ServerConfig>, Error> {
    let refuse = |path: &Path, reason: &dyn std::fmt::Display| Error::Tls { path: path.to_owned(), reason: reason.to_string() };
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| refuse(certificate, &error))?;
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| refuse(key, &error))?;
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, secret))
        .map_err(|error| refuse(certificate, &error))?;
    Ok(Arc::new(config))
}

/// Refuses to listen in the clear on anything but a loopback address: tokens and logs would be there for everybody to read.
pub(crate) fn check_listener(listener: &TcpListener, is_encrypted: bool) -> Result<(), Error> {
    let address = listener.local_addr().map_err(|error| Error::listen("?", error))?;
    if is_encrypted || address.ip().is_loopback() {
        return Ok(());
    }
    Err(Error::listen(address, "without TLS only a loopback address is allowed; give a certificate and a key"))
}
