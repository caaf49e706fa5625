use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::Deserialize;
use tokio_rustls::rustls::client::Resumption;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use tokio_rustls::rustls::sign::SingleCertAndKey;
use tokio_rustls::rustls::version::TLS13;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use webpki::KeyUsage;

use crate::files::{self, Pair};
use crate::reloading::{Expiring, Reloading};
use crate::{Error, NODE_NAME};

/// How often the files are looked at, when they are used.
const CHECK_EVERY: Duration = Duration::from_secs(1);

/// How the links of a node are protected.
#[derive(Debug, Clone)]
pub enum Security {
    /// Not at all, and therefore on loopback addresses only.
    Plain,
    /// TLS 1.3, with certificates on both sides.
    Mutual(Identity),
}

/// The files that a node shows other nodes who it is with, and knows them by. All are PEM.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsFiles {
    /// The certificate of the cluster's authority.
    pub ca: PathBuf,
    /// The certificate of this node, with intermediates after it if there are any.
    pub certificate: PathBuf,
    /// The private key of this node; others must not be able to read it.
    pub key: PathBuf,
    /// The name that the certificates of all nodes carry, so that a node may change its address, and that other certificates of the same
    /// authority are not taken for nodes. An empty name means that a node's certificate names the host by which it is dialled.
    #[serde(default = "node_name")]
    pub node_name: String,
}

fn node_name() -> String {
    NODE_NAME.to_owned()
}

impl TlsFiles {
    /// Files of a cluster whose certificates carry the usual name of nodes.
    pub fn new(ca: impl Into<PathBuf>, certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        Self { ca: ca.into(), certificate: certificate.into(), key: key.into(), node_name: node_name() }
    }
}

/// Who this node is. Files that change are loaded again without a restart; a clone shares them.
#[derive(Clone)]
pub struct Identity(Arc<Reloading<Mutual>>);

/// Both ends of a mutual link, made from one state of the files.
pub(crate) struct Mutual {
    pub(crate) server: Arc<ServerConfig>,
    pub(crate) client: Arc<ClientConfig>,
    /// The name that every node's certificate must carry.
    pub(crate) node: Option<ServerName<'static>>,
    expires: Option<SystemTime>,
}

impl Expiring for Mutual {
    fn expires(&self) -> Option<SystemTime> {
        self.expires
    }
}

impl Identity {
    /// Loads and checks the files.
    pub fn load(files: TlsFiles) -> Result<Self, Error> {
        Self::load_checked_every(files, CHECK_EVERY)
    }

    /// The same, looking for changed files at most this often (every use, if it is zero).
    pub fn load_checked_every(files: TlsFiles, every: Duration) -> Result<Self, Error> {
        let watched = vec![files.certificate.clone(), files.key.clone(), files.ca.clone()];
        Ok(Self(Arc::new(Reloading::new(watched, every, Box::new(move || Mutual::load(&files)))?)))
    }

    /// When the certificate in use expires.
    pub fn expires(&self) -> Option<SystemTime> {
        self.current().expires
    }

    pub(crate) fn current(&self) -> Arc<Mutual> {
        self.0.current()
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").finish_non_exhaustive()
    }
}

impl Mutual {
    fn load(files: &TlsFiles) -> Result<Self, Error> {
        let roots = files::authorities(&files.ca)?;
        let Pair { certified, expires } = files::pair(&files.certificate, &files.key)?;
        let unusable = |reason: String| Error::CertificateUnusable { file: files.certificate.clone(), reason };
        for usage in [KeyUsage::server_auth(), KeyUsage::client_auth()] {
            files::verify(&certified.cert, &roots.roots, usage).map_err(|error| unusable(files::explain(&error, &files.ca)))?;
        }
        let node = node(&files.node_name)?;
        if node.as_ref().is_some_and(|name| !files::names(&certified.cert[0], name)) {
            let name = &files.node_name;
            return Err(unusable(format!("does not carry the name {name:?} of nodes; issue it with that name, or set `node_name`")));
        }
        let resolver = Arc::new(SingleCertAndKey::from(certified));
        let verifier = client_verifier(roots.clone(), true, &files.ca)?;
        let builder = ServerConfig::builder_with_provider(Arc::new(files::provider()));
        let builder = builder.with_protocol_versions(&[&TLS13]).expect("the provider has suites for TLS 1.3");
        let mut server = builder.with_client_cert_verifier(verifier).with_cert_resolver(resolver.clone());
        // Links live long, and a resumed session would not check the certificate again.
        server.session_storage = Arc::new(NoServerSessionStorage {});
        server.send_tls13_tickets = 0;
        let builder = ClientConfig::builder_with_provider(Arc::new(files::provider()));
        let builder = builder.with_protocol_versions(&[&TLS13]).expect("the provider has suites for TLS 1.3");
        let mut client = builder.with_root_certificates(roots).with_client_cert_resolver(resolver);
        client.resumption = Resumption::disabled();
        Ok(Self { server: Arc::new(server), client: Arc::new(client), node, expires })
    }

    /// True when the certificate is one of a node.
    pub(crate) fn is_node(&self, certificate: &CertificateDer<'_>) -> bool {
        self.node.as_ref().is_none_or(|name| files::names(certificate, name))
    }
}

fn node(name: &str) -> Result<Option<ServerName<'static>>, Error> {
    if name.is_empty() {
        return Ok(None);
    }
    let reason = "it must be a DNS name or an address";
    ServerName::try_from(name.to_owned()).map(Some).map_err(|_| Error::Name { name: name.to_owned(), reason })
}

type ClientVerifier = Arc<dyn tokio_rustls::rustls::server::danger::ClientCertVerifier>;

fn client_verifier(roots: RootCertStore, required: bool, ca: &std::path::Path) -> Result<ClientVerifier, Error> {
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::new(files::provider()));
    let builder = if required { builder } else { builder.allow_unauthenticated() };
    let reason = |error: tokio_rustls::rustls::server::VerifierBuilderError| error.to_string();
    builder.build().map_err(|error| Error::NotPem { file: ca.to_owned(), wanted: "authority's certificate", reason: reason(error) })
}

/// The files of a server for clients from outside. All are PEM.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerFiles {
    /// The server's certificate, with intermediates after it if there are any.
    pub certificate: PathBuf,
    /// Its private key; others must not be able to read it.
    pub key: PathBuf,
    /// The authority of clients that show a certificate; without it, none is asked for.
    #[serde(default)]
    pub client_ca: Option<PathBuf>,
    /// Refuse clients that show none.
    #[serde(default)]
    pub client_certificate_required: bool,
}

/// Who a server is for clients from outside. Files that change are loaded again without a restart; a clone shares them.
#[derive(Clone)]
pub struct ServerIdentity(Arc<Reloading<Server>>);

pub(crate) struct Server {
    pub(crate) config: Arc<ServerConfig>,
    expires: Option<SystemTime>,
}

impl Expiring for Server {
    fn expires(&self) -> Option<SystemTime> {
        self.expires
    }
}

impl ServerIdentity {
    /// Loads and checks the files.
    pub fn load(files: ServerFiles) -> Result<Self, Error> {
        Self::load_checked_every(files, CHECK_EVERY)
    }

    /// The same, looking for changed files at most this often (every use, if it is zero).
    pub fn load_checked_every(files: ServerFiles, every: Duration) -> Result<Self, Error> {
        let mut watched = vec![files.certificate.clone(), files.key.clone()];
        watched.extend(files.client_ca.clone());
        Ok(Self(Arc::new(Reloading::new(watched, every, Box::new(move || Server::load(&files)))?)))
    }

    /// When the certificate in use expires.
    pub fn expires(&self) -> Option<SystemTime> {
        self.current().expires
    }

    pub(crate) fn current(&self) -> Arc<Server> {
        self.0.current()
    }
}

impl fmt::Debug for ServerIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerIdentity").finish_non_exhaustive()
    }
}

impl Server {
    fn load(files: &ServerFiles) -> Result<Self, Error> {
        let Pair { certified, expires } = files::pair(&files.certificate, &files.key)?;
        let unusable = |reason: String| Error::CertificateUnusable { file: files.certificate.clone(), reason };
        files::verify_dates(&certified.cert[0]).map_err(|error| unusable(files::explain(&error, &files.certificate)))?;
        let builder = ServerConfig::builder_with_provider(Arc::new(files::provider()));
        let builder = builder.with_protocol_versions(&[&TLS13]).expect("the provider has suites for TLS 1.3");
        let builder = match &files.client_ca {
            Some(ca) => builder.with_client_cert_verifier(client_verifier(files::authorities(ca)?, files.client_certificate_required, ca)?),
            None if files.client_certificate_required => {
                let reason = "is to be shown to clients that must show theirs; name their authority in `client_ca`".to_owned();
                return Err(unusable(reason));
            }
            None => builder.with_no_client_auth(),
        };
        let mut config = builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
        // Clients of gRPC insist on it.
        config.alpn_protocols = vec![b"h2".to_vec()];
        Ok(Self { config: Arc::new(config), expires })
    }
}
