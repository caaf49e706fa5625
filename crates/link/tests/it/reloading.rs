use std::fs;
use std::path::Path;

use coldtrail_link::authority::{Node, issue};
use coldtrail_link::{LinkClient, TlsFiles};
use tokio::net::TcpListener;

use crate::harness::{Certificates, SERVICE, Server, client, expired, options, secure, soon};

/// Issues a node's certificate anew.
fn renew(certificates: &Certificates, name: &str) {
    issue(certificates.path(), &Node { force: true, ..Node::new(name, &[]) }).expect("a certificate");
}

/// The fingerprint of the certificate that the server shows to a new link.
async fn shown(client: &LinkClient, server: &Server) -> String {
    let link = soon(client.connect(&server.peer(), SERVICE)).await.expect("it is offered");
    link.peer().fingerprint.clone().expect("it shows a certificate")
}

#[tokio::test]
async fn a_server_shows_a_new_certificate_without_a_restart() {
    let certificates = Certificates::new();
    let (server, _echo) = Server::echo(certificates.node("node-1"), "one").await;
    let client = client(certificates.node("node-2"));
    let before = shown(&client, &server).await;
    assert_eq!(shown(&client, &server).await, before);
    renew(&certificates, "node-1");
    assert_ne!(shown(&client, &server).await, before);
}

#[tokio::test]
async fn a_client_shows_a_new_certificate_without_a_restart() {
    let certificates = Certificates::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let server = Server::start(certificates.node("node-1"), options()).await;
    server.services.offer(SERVICE, listener.local_addr().expect("an address")).expect("it is a loopback address");
    let client = client(certificates.node("node-2"));
    let mut seen = Vec::new();
    for _ in 0..2 {
        let _link = client.connect(&server.peer(), SERVICE).await.expect("it is offered");
        let (_inside, from) = soon(listener.accept()).await.expect("the link comes");
        seen.push(server.peers.of(from).expect("the link is known").fingerprint.clone());
        renew(&certificates, "node-2");
    }
    assert_ne!(seen[0], seen[1]);
}

#[tokio::test]
async fn files_that_cannot_be_used_leave_the_certificate_in_use_until_they_can() {
    let certificates = Certificates::new();
    let (server, _echo) = Server::echo(certificates.node("node-1"), "one").await;
    let client = client(certificates.node("node-2"));
    let TlsFiles { certificate, key, .. } = certificates.files("node-1");
    let before = shown(&client, &server).await;
    let good = fs::read_to_string(&certificate).expect("it is there");

    fs::write(&certificate, &good[..good.len() / 2]).expect("half of it is written");
    assert_eq!(shown(&client, &server).await, before);
    fs::remove_file(&certificate).expect("it is there");
    assert_eq!(shown(&client, &server).await, before);
    issue(certificates.path(), &expired("other")).expect("a certificate");
    fs::copy(certificates.path().join("other.pem"), &certificate).expect("it is there");
    assert_eq!(shown(&client, &server).await, before, "the key is another's");
    fs::copy(certificates.path().join("other-key.pem"), &key).expect("it is there");
    assert_eq!(shown(&client, &server).await, before, "it has expired");

    renew(&certificates, "node-1");
    assert_ne!(shown(&client, &server).await, before);
}

#[tokio::test]
async fn an_authority_can_be_replaced_without_a_restart_while_both_are_trusted() {
    let (old, new) = (Certificates::new(), Certificates::new());
    let node_1 = old.files("node-1");
    let node_2 = old.files("node-2");
    let (server, _echo) = Server::echo(secure(node_1.clone()), "one").await;
    let client = client(secure(node_2.clone()));
    let before = shown(&client, &server).await;

    let ca = |certificates: &Certificates| fs::read_to_string(certificates.path().join("ca.pem")).expect("it is there");
    let (old_ca, new_ca) = (ca(&old), ca(&new));
    // Both nodes have the file of authorities in common here.
    fs::write(&node_1.ca, old_ca + &new_ca).expect("both are trusted");
    let move_over = |from: &TlsFiles, to: &TlsFiles| {
        let copy = |from: &Path, to: &Path| fs::copy(from, to).map(|_| ()).expect("it is there");
        copy(&from.certificate, &to.certificate);
        copy(&from.key, &to.key);
    };
    move_over(&new.files("node-1"), &node_1);
    let after = shown(&client, &server).await;
    assert_ne!(after, before);
    move_over(&new.files("node-2"), &node_2);
    assert_eq!(shown(&client, &server).await, after);
    fs::write(&node_1.ca, new_ca).expect("the old one is trusted no longer");
    assert_eq!(shown(&client, &server).await, after);
    let late = LinkClient::new(secure(old_files(&old)), options());
    soon(late.connect(&server.peer(), SERVICE)).await.expect_err("the old authority is not trusted");
}

/// A node that missed the change of authorities.
fn old_files(old: &Certificates) -> TlsFiles {
    let node = Node::new("node-3", &[]);
    let ca = old.path().join("ca.pem");
    let kept = fs::read_to_string(&ca).expect("it is there");
    fs::remove_dir_all(old.path()).expect("it is there");
    coldtrail_link::authority::create_authority(old.path(), false).expect("an authority");
    issue(old.path(), &node).expect("a certificate");
    assert_ne!(fs::read_to_string(&ca).expect("it is there"), kept);
    node.files(old.path())
}
