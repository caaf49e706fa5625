//! What does not fit together is refused on both sides, each with one clear line.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, SystemTime};

use coldtrail_link::authority::{Node, issue};
use coldtrail_link::{Error, LinkClient, Options, Security, TlsFiles};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::harness::{Certificates, SERVICE, Server, client, end, options, secure, soon, until};

/// Checks what both sides say, without the parts that differ from run to run.
async fn check(server: &Server, client: &LinkClient, client_says: &str, server_says: &str) -> Error {
    let before = server.counters.counts().refused;
    let error = soon(client.connect(&server.peer(), SERVICE)).await.expect_err("it is refused");
    assert_eq!(error.to_string().replace(&server.peer(), "SERVER"), client_says);
    until("the server has counted it", || server.counters.counts().refused > before).await;
    let problem = server.counters.last_problem().expect("there is a reason");
    assert_eq!(without_address(&problem), server_says);
    assert_eq!(server.counters.counts().open, 0);
    error
}

/// Puts a word in the place of a client's port.
fn without_address(text: &str) -> String {
    let Some(at) = text.find("127.0.0.1:") else { return text.to_owned() };
    let end = text[at + 10..].find(|next: char| !next.is_ascii_digit()).map_or(text.len(), |end| at + 10 + end);
    format!("{}CLIENT{}", &text[..at], &text[end..])
}

#[tokio::test]
async fn a_client_of_another_authority_is_refused() {
    let (ours, theirs) = (Certificates::new(), Certificates::new());
    let (server, _echo) = Server::echo(ours.node("node-1"), "one").await;
    // The client trusts the server, but shows a certificate that is not of the server's authority.
    let files = theirs.files("node-2");
    let both = ours.path().join("both.pem");
    let text = [ours.path().join("ca.pem"), theirs.path().join("ca.pem")].map(|file| std::fs::read_to_string(file).expect("it is there"));
    std::fs::write(&both, text.concat()).expect("it is written");
    check(
        &server,
        &client(secure(TlsFiles { ca: both, ..files })),
        "SERVER refuses the certificate of this node: it is not signed by the authority that the peer knows; both need certificates of the same \
         authority",
        "the certificate of CLIENT is refused: it is not signed by the authority of this cluster; issue it with the same authority",
    )
    .await;
}

#[tokio::test]
async fn a_server_of_another_authority_is_refused() {
    let (ours, theirs) = (Certificates::new(), Certificates::new());
    let (server, _echo) = Server::echo(ours.node("node-1"), "one").await;
    let error = check(
        &server,
        &client(theirs.node("node-2")),
        "the certificate of SERVER is refused: it is not signed by the authority of this cluster; issue it with the same authority",
        "CLIENT refuses the certificate of this node: it is not signed by the authority that the peer knows; both need certificates of the same \
         authority",
    )
    .await;
    assert!(!error.is_retryable());
}

#[tokio::test]
async fn a_client_without_a_certificate_is_refused() {
    let certificates = Certificates::new();
    let (server, _echo) = Server::echo(certificates.node("node-1"), "one").await;
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(certificates.path().join("ca.pem")).expect("it is there")).expect("it is an authority");
    let config = ClientConfig::builder_with_provider(ring::default_provider().into()).with_safe_default_protocol_versions();
    let config = config.expect("the versions are known").with_root_certificates(roots).with_no_client_auth();
    let stream = TcpStream::connect(server.address).await.expect("it listens");
    let name = ServerName::try_from("coldtrail-node").expect("a name");
    let mut stream = TlsConnector::from(std::sync::Arc::new(config)).connect(name, stream).await.expect("the server waits for no answer");
    let _ = stream.write_all(b"CTLINK\x00\x01\x12ballista-scheduler").await;
    let error = soon(stream.read_u8()).await.expect_err("it is refused");
    assert!(error.to_string().contains("CertificateRequired"), "{error}");
    until("the server has counted it", || server.counters.counts().refused == 1).await;
    let problem = server.counters.last_problem().expect("there is a reason");
    assert_eq!(without_address(&problem), "the certificate of CLIENT is refused: it showed none");
}

/// A certificate that is good now and expires at the next full second, and an identity that has loaded it.
async fn about_to_expire(certificates: &Certificates, name: &str) -> (Security, SystemTime) {
    let until = SystemTime::now() + Duration::from_secs(4);
    let node = Node { until, ..Node::new(name, &[]) };
    issue(certificates.path(), &node).expect("a certificate");
    (secure(node.files(certificates.path())), until)
}

async fn passed(time: SystemTime) {
    until("the certificate expires", || SystemTime::now() > time + Duration::from_secs(1)).await;
}

#[tokio::test]
async fn a_client_whose_certificate_expires_is_refused_from_then_on() {
    let certificates = Certificates::new();
    let (server, _echo) = Server::echo(certificates.node("node-1"), "one").await;
    let (security, expires) = about_to_expire(&certificates, "node-2").await;
    let client = client(security);
    client.connect(&server.peer(), SERVICE).await.expect("it is good yet");
    passed(expires).await;
    until("the first link is closed", || server.counters.counts().open == 0).await;
    let error = soon(client.connect(&server.peer(), SERVICE)).await.expect_err("it has expired");
    assert_eq!(
        error.to_string().replace(&server.peer(), "SERVER"),
        "SERVER refuses the certificate of this node: it has expired, or is not valid yet; issue a new one and look at the clocks of both nodes"
    );
    until("the server has counted it", || server.counters.counts().refused == 1).await;
    let problem = without_address(&server.counters.last_problem().expect("there is a reason"));
    assert!(problem.starts_with("the certificate of CLIENT is refused: it expired on "), "{problem}");
}

#[tokio::test]
async fn a_server_whose_certificate_expires_is_refused_from_then_on() {
    let certificates = Certificates::new();
    let (security, expires) = about_to_expire(&certificates, "node-1").await;
    let (server, _echo) = Server::echo(security, "one").await;
    let client = client(certificates.node("node-2"));
    client.connect(&server.peer(), SERVICE).await.expect("it is good yet");
    passed(expires).await;
    let error = soon(client.connect(&server.peer(), SERVICE)).await.expect_err("it has expired");
    let text = error.to_string().replace(&server.peer(), "SERVER");
    assert!(text.starts_with("the certificate of SERVER is refused: it expired on "), "{text}");
    assert!(text.ends_with(" UTC; issue a new one there"), "{text}");
}

/// An organisation's authority, which signs for more than the nodes of a cluster.
struct Organisation {
    folder: TempDir,
    issuer: rcgen::CertifiedIssuer<'static, rcgen::KeyPair>,
}

impl Organisation {
    fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        let mut params = rcgen::CertificateParams::default();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let key = rcgen::KeyPair::generate().expect("a key");
        let issuer = rcgen::CertifiedIssuer::self_signed(params, key).expect("an authority");
        std::fs::write(folder.path().join("ca.pem"), issuer.pem()).expect("it is written");
        Self { folder, issuer }
    }

    /// Files of a certificate with names, for a node that expects others to carry `node_name`.
    fn files(&self, file: &str, names: &[&str], node_name: &str) -> TlsFiles {
        let key = rcgen::KeyPair::generate().expect("a key");
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let params = rcgen::CertificateParams::new(names).expect("the names are good");
        let signed = params.signed_by(&key, &self.issuer).expect("it is signed");
        let path = |name: String| self.folder.path().join(name);
        let files = TlsFiles::new(path("ca.pem".to_owned()), path(format!("{file}.pem")), path(format!("{file}-key.pem")));
        std::fs::write(&files.certificate, signed.pem()).expect("it is written");
        std::fs::write(&files.key, key.serialize_pem()).expect("it is written");
        std::fs::set_permissions(&files.key, Permissions::from_mode(0o600)).expect("they can be set");
        TlsFiles { node_name: node_name.to_owned(), ..files }
    }
}

#[tokio::test]
async fn a_client_whose_certificate_is_not_one_of_a_node_is_refused() {
    let organisation = Organisation::new();
    let node = organisation.files("node-1", &["node-1", "coldtrail-node", "localhost"], "coldtrail-node");
    let (server, _echo) = Server::echo(secure(node), "one").await;
    check(
        &server,
        &client(secure(organisation.files("reader", &["reader", "localhost"], "localhost"))),
        "SERVER refuses the certificate of this node: its certificate does not carry the name of nodes; issue it one that does",
        "a link from reader (CLIENT) was refused: its certificate does not carry the name of nodes; issue it one that does",
    )
    .await;
}

#[tokio::test]
async fn a_server_whose_certificate_is_not_one_of_a_node_is_refused() {
    let organisation = Organisation::new();
    let (server, _echo) = Server::echo(secure(organisation.files("writer", &["writer"], "writer")), "one").await;
    check(
        &server,
        &client(secure(organisation.files("node-1", &["node-1", "coldtrail-node"], "coldtrail-node"))),
        "the certificate of SERVER is refused: it does not carry the name \"coldtrail-node\" but DnsName(\"writer\"); issue it with that name",
        "CLIENT refuses the certificate of this node: it cannot be used; the log of the peer says why",
    )
    .await;
}

#[tokio::test]
async fn without_a_name_of_nodes_the_certificate_must_name_the_host_that_was_dialled() {
    let organisation = Organisation::new();
    let any = client(secure(organisation.files("client", &["client"], "")));
    let (right, _right) = Server::echo(secure(organisation.files("right", &["127.0.0.1"], "")), "right").await;
    any.connect(&right.peer(), SERVICE).await.expect("it names the address");
    let (wrong, _wrong) = Server::echo(secure(organisation.files("wrong", &["db-1.example"], "")), "wrong").await;
    check(
        &wrong,
        &any,
        "the certificate of SERVER is refused: it does not carry the name \"127.0.0.1\" but DnsName(\"db-1.example\"); issue it with that name",
        "CLIENT refuses the certificate of this node: it cannot be used; the log of the peer says why",
    )
    .await;
}

#[tokio::test]
async fn one_side_without_tls_is_told_so() {
    let certificates = Certificates::new();
    let (secured, _one) = Server::echo(certificates.node("node-1"), "one").await;
    check(
        &secured,
        &client(Security::Plain),
        "SERVER speaks TLS, and this node does not; give this one certificates too",
        "CLIENT does not speak TLS; give it the certificates of the cluster, or take the port of links",
    )
    .await;
    let (plain, _two) = Server::echo(Security::Plain, "two").await;
    let error = soon(client(certificates.node("node-2")).connect(&plain.peer(), SERVICE)).await.expect_err("it is refused");
    assert!(matches!(error, Error::Broken { .. }), "{error}");
    until("the server has counted it", || plain.counters.counts().refused == 1).await;
    assert_eq!(
        without_address(&plain.counters.last_problem().expect("there is a reason")),
        "CLIENT speaks TLS, and this node does not; give this one certificates too"
    );
}

#[tokio::test]
async fn a_browser_at_the_port_is_told_from_a_node() {
    let (server, _echo) = Server::echo(Security::Plain, "one").await;
    let mut stream = TcpStream::connect(server.address).await.expect("it listens");
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await.expect("it is taken");
    let _ = end(&mut stream).await;
    until("the server has counted it", || server.counters.counts().refused == 1).await;
    assert_eq!(
        without_address(&server.counters.last_problem().expect("there is a reason")),
        "CLIENT does not speak the protocol of links; it took the wrong port"
    );
}

#[tokio::test]
async fn another_version_is_refused_by_both_sides() {
    let certificates = Certificates::new();
    let (server, _echo) = Server::echo(certificates.node("node-1"), "one").await;
    let newer = LinkClient::new(certificates.node("node-2"), Options { version: 2, ..options() });
    let error = check(
        &server,
        &newer,
        "SERVER speaks version 1 of links, and this node version 2; run the same release of Coldtrail on both",
        "a link from node-2 (CLIENT) was refused: it speaks version 2 of links, and this node version 1; run the same release",
    )
    .await;
    assert!(!error.is_retryable());
}

#[tokio::test]
async fn a_service_that_is_not_offered_is_refused_with_those_that_are() {
    let certificates = Certificates::new();
    let server = Server::start(certificates.node("node-1"), options()).await;
    let client = client(certificates.node("node-2"));
    check(
        &server,
        &client,
        "SERVER does not offer \"ballista-scheduler\": it offers none yet",
        "a link from node-2 (CLIENT) was refused: it offers none yet",
    )
    .await;
    server.services.offer("raft", "127.0.0.1:1".parse().expect("an address")).expect("it is a loopback address");
    check(
        &server,
        &client,
        "SERVER does not offer \"ballista-scheduler\": it offers raft",
        "a link from node-2 (CLIENT) was refused: it offers raft",
    )
    .await;
}

#[tokio::test]
async fn a_service_that_another_node_offers_is_refused_with_its_reason() {
    let certificates = Certificates::new();
    let (server, _echo) = Server::echo(certificates.node("node-1"), "one").await;
    server.services.refuse(SERVICE, "node-3 leads");
    let error = check(
        &server,
        &client(certificates.node("node-2")),
        "SERVER does not offer \"ballista-scheduler\" now: node-3 leads",
        "a link from node-2 (CLIENT) was refused: node-3 leads",
    )
    .await;
    assert!(error.is_retryable());
}

#[tokio::test]
async fn a_service_that_is_down_is_told_from_a_node_that_is() {
    let certificates = Certificates::new();
    let server = Server::start(certificates.node("node-1"), options()).await;
    let gone = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address");
    server.services.offer(SERVICE, gone).expect("it is a loopback address");
    let client = client(certificates.node("node-2"));
    let down = soon(client.connect(&server.peer(), SERVICE)).await.expect_err("it is down");
    let text = down.to_string().replace(&server.peer(), "SERVER");
    assert!(text.starts_with("\"ballista-scheduler\" on SERVER does not answer: Connection refused"), "{text}");
    let unreachable = soon(client.connect(&gone.to_string(), SERVICE)).await.expect_err("nobody listens");
    let text = unreachable.to_string().replace(&gone.to_string(), "NOBODY");
    assert!(text.starts_with("could not reach NOBODY: Connection refused"), "{text}");
    assert!(text.ends_with("; is the node up, and its link port open to this one?"), "{text}");
    assert!(down.is_retryable() && unreachable.is_retryable());
}

#[tokio::test]
async fn an_address_that_is_none_is_an_error() {
    for peer in ["node-1", ":7000", "node-1:port", ""] {
        let error = client(Security::Plain).connect(peer, SERVICE).await.expect_err("it is no address");
        assert_eq!(error.to_string(), format!("{peer:?} is not an address; write host:port"));
    }
}

#[tokio::test]
async fn a_forwarder_ends_a_connection_at_once_when_waiting_does_not_help() {
    let (ours, theirs) = (Certificates::new(), Certificates::new());
    let (server, _echo) = Server::echo(ours.node("node-1"), "one").await;
    let patient = LinkClient::new(theirs.node("node-2"), Options { hold_max: Duration::from_secs(3600), ..options() });
    let (forward, _name) = crate::harness::forward(&patient, Some(server.peer())).await;
    let mut stream = TcpStream::connect(forward.address()).await.expect("the forwarder listens");
    assert_eq!(end(&mut stream).await, Err(std::io::ErrorKind::ConnectionReset));
    let problem = forward.counters().last_problem().expect("there is a reason");
    assert!(problem.contains("is not signed by the authority of this cluster"), "{problem}");
}
