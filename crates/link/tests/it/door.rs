//! The door for clients from outside, behind the gRPC server that it is made for.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use coldtrail_link::{Counters, Options, Peers, ServerFiles, ServerIdentity, TlsConnection, TlsListener};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tokio_stream::{Stream, StreamExt};
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::transport::server::Connected;

use crate::harness::{Certificates, soon, until};

struct Door {
    address: SocketAddr,
    peers: Peers,
    counters: Arc<Counters>,
    incoming: std::pin::Pin<Box<dyn Stream<Item = io::Result<TlsConnection>> + Send>>,
    _stop: DropGuard,
}

async fn open(identity: Option<ServerIdentity>, options: Options) -> Door {
    let listener = TlsListener::bind("127.0.0.1:0".parse().expect("an address"), identity, options).await.expect("it listens");
    let (address, peers, counters) = (listener.local_address().expect("an address"), listener.peers(), listener.counters());
    let stop = CancellationToken::new();
    let incoming = Box::pin(listener.incoming(stop.clone()));
    Door { address, peers, counters, incoming, _stop: stop.drop_guard() }
}

fn identity(certificates: &Certificates, ask: bool, required: bool) -> ServerIdentity {
    let files = certificates.files("server");
    let client_ca = ask.then(|| certificates.path().join("ca.pem"));
    let files = ServerFiles { certificate: files.certificate, key: files.key, client_ca, client_certificate_required: required };
    ServerIdentity::load_checked_every(files, Duration::ZERO).expect("the files are good")
}

/// A client that knows the authority, and shows a certificate if it has a name.
async fn dial(certificates: &Certificates, address: SocketAddr, name: Option<&str>) -> io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(certificates.path().join("ca.pem")).expect("it is there")).expect("it is an authority");
    let config = ClientConfig::builder_with_provider(ring::default_provider().into()).with_safe_default_protocol_versions();
    let config = config.expect("the versions are known").with_root_certificates(roots);
    let mut config = match name {
        Some(name) => {
            let files = certificates.files(name);
            let chain = vec![CertificateDer::from_pem_file(&files.certificate).expect("it is there")];
            config.with_client_auth_cert(chain, PrivateKeyDer::from_pem_file(&files.key).expect("it is there")).expect("a pair")
        }
        None => config.with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    let stream = TcpStream::connect(address).await?;
    TlsConnector::from(Arc::new(config)).connect(ServerName::try_from("localhost").expect("a name"), stream).await
}

#[tokio::test]
async fn a_grpc_server_serves_over_tls_and_knows_the_address_of_its_clients() {
    let certificates = Certificates::new();
    let Door { address, incoming, _stop, .. } = open(Some(identity(&certificates, false, false)), Options::default()).await;
    let (told, seen) = tokio::sync::oneshot::channel();
    let told = Arc::new(std::sync::Mutex::new(Some(told)));
    let note = move |request: tonic::Request<()>| {
        if let Some(told) = told.lock().expect("nobody panics").take() {
            let _ = told.send(request.remote_addr());
        }
        Ok(request)
    };
    let layer = tonic::service::InterceptorLayer::new(note);
    let router = tonic::transport::Server::builder().layer(layer).add_routes(tonic::service::Routes::default());
    tokio::spawn(router.serve_with_incoming(incoming));

    let stream = soon(dial(&certificates, address, None)).await.expect("TLS is spoken");
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(b"h2".as_slice()));
    let from = stream.get_ref().0.local_addr().expect("an address");
    let mut stream = Some(hyper_util::rt::TokioIo::new(stream));
    let connector =
        tower::service_fn(move |_| std::future::ready(stream.take().ok_or(io::ErrorKind::NotConnected.into()) as io::Result<_>));
    let endpoint = tonic::transport::Endpoint::from_static("http://localhost");
    let channel = soon(endpoint.connect_with_connector(connector)).await.expect("it connects");
    let mut client = tonic::client::Grpc::new(channel);
    client.ready().await.expect("it is ready");
    let codec = tonic_prost::ProstCodec::<(), ()>::default();
    let answer = soon(client.unary(tonic::Request::new(()), "/coldtrail.Test/Nothing".parse().expect("a path"), codec)).await;
    assert_eq!(answer.expect_err("there is no such service").code(), tonic::Code::Unimplemented);
    assert_eq!(seen.await.expect("the request came through"), Some(from));
}

#[tokio::test]
async fn a_client_that_shows_a_certificate_is_known_by_its_name() {
    let certificates = Certificates::new();
    let mut door = open(Some(identity(&certificates, true, false)), Options::default()).await;
    for (name, expected) in [(Some("hunter"), Some("hunter")), (None, None)] {
        let _stream = soon(dial(&certificates, door.address, name)).await.expect("both may come in");
        let connection = soon(door.incoming.next()).await.expect("it is open").expect("it is a connection");
        let from = connection.connect_info().remote_addr().expect("it is known");
        assert_eq!(door.peers.of(from).expect("it is known").name(), expected);
        drop(connection);
        assert_eq!(door.peers.of(from), None);
    }
}

#[tokio::test]
async fn a_client_without_a_certificate_stays_outside_where_one_is_required() {
    let certificates = Certificates::new();
    let mut door = open(Some(identity(&certificates, true, true)), Options::default()).await;
    let _refused = soon(dial(&certificates, door.address, None)).await;
    until("it is counted", || door.counters.counts().refused == 1).await;
    let problem = door.counters.last_problem().expect("there is a reason");
    assert!(problem.ends_with("is refused: it showed none"), "{problem}");
    let _stream = soon(dial(&certificates, door.address, Some("hunter"))).await.expect("it has one");
    soon(door.incoming.next()).await.expect("it is open").expect("it is a connection");
}

#[tokio::test]
async fn a_client_that_hangs_holds_up_nobody() {
    let certificates = Certificates::new();
    let mut door = open(Some(identity(&certificates, false, false)), Options::default()).await;
    let _silent = TcpStream::connect(door.address).await.expect("it listens");
    until("it is taken", || door.counters.counts().accepted == 1).await;
    let _stream = soon(dial(&certificates, door.address, None)).await.expect("it is served meanwhile");
    soon(door.incoming.next()).await.expect("it is open").expect("it is a connection");
}

#[tokio::test]
async fn a_new_certificate_is_shown_without_a_restart() {
    use coldtrail_link::authority::{Node, issue};
    let certificates = Certificates::new();
    let door = open(Some(identity(&certificates, false, false)), Options::default()).await;
    let mut shown = Vec::new();
    for _ in 0..2 {
        let stream = soon(dial(&certificates, door.address, None)).await.expect("TLS is spoken");
        shown.push(stream.get_ref().1.peer_certificates().expect("it shows one")[0].clone().into_owned());
        issue(certificates.path(), &Node { force: true, ..Node::new("server", &[]) }).expect("a certificate");
    }
    assert_ne!(shown[0], shown[1]);
}

#[tokio::test]
async fn without_an_identity_it_speaks_plain_text_and_keeps_its_limits() {
    let mut door = open(None, Options { connections_max: 1, ..Options::default() }).await;
    let first = TcpStream::connect(door.address).await.expect("it listens");
    let connection = soon(door.incoming.next()).await.expect("it is open").expect("it is a connection");
    assert_eq!(connection.connect_info().remote_addr(), first.local_addr().ok());
    let _second = TcpStream::connect(door.address).await.expect("it listens");
    until("it is counted", || door.counters.counts().refused == 1).await;
    assert!(door.counters.last_problem().expect("there is a reason").ends_with("was refused: 1 connections are open"));
}

#[tokio::test]
async fn after_the_stop_the_stream_ends_and_the_port_is_closed() {
    let Door { address, mut incoming, _stop, .. } = open(None, Options::default()).await;
    drop(_stop);
    assert!(soon(incoming.next()).await.is_none());
    until("it listens no longer", || std::net::TcpStream::connect(address).is_err()).await;
}
