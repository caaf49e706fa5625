use std::io::ErrorKind;
use std::time::Duration;

use coldtrail_link::{LinkClient, Options, Security};
use tokio::net::TcpStream;

use crate::harness::{Certificates, SERVICE, Server, client, echo, end, forward, options, read_line, soon, until};

#[tokio::test]
async fn a_server_refuses_more_links_than_it_may_have() {
    let certificates = Certificates::new();
    let server = Server::start(certificates.node("node-1"), Options { connections_max: 2, ..options() }).await;
    let (target, _echo) = echo("one").await;
    server.services.offer(SERVICE, target).expect("it is a loopback address");
    let client = client(certificates.node("node-2"));
    let first = client.connect(&server.peer(), SERVICE).await.expect("there is room");
    let second = client.connect(&server.peer(), SERVICE).await.expect("there is room");
    let error = client.connect(&server.peer(), SERVICE).await.expect_err("there is none");
    let text = error.to_string().replace(&server.peer(), "SERVER");
    assert_eq!(text, "SERVER has as many links open as it may (2 are open); raise the limit, or look for who opens so many");
    drop(first);
    until("one has ended", || server.counters.counts().open == 1).await;
    client.connect(&server.peer(), SERVICE).await.expect("there is room again");
    drop(second);
}

#[tokio::test]
async fn a_forwarder_refuses_more_connections_than_it_may_have() {
    let (server, _echo) = Server::echo(Security::Plain, "one").await;
    let client = LinkClient::new(Security::Plain, Options { connections_max: 1, ..options() });
    let (forward, _name) = forward(&client, Some(server.peer())).await;
    let mut first = TcpStream::connect(forward.address()).await.expect("the forwarder listens");
    assert_eq!(read_line(&mut first).await.expect("the service greets"), "one");
    let mut second = TcpStream::connect(forward.address()).await.expect("the forwarder listens");
    assert_eq!(end(&mut second).await, Err(ErrorKind::ConnectionReset));
    assert_eq!(forward.counters().counts().refused, 1);
}

#[tokio::test]
async fn strangers_that_say_nothing_do_not_keep_out_nodes_for_long() {
    let certificates = Certificates::new();
    let limits = Options { handshakes_max: 1, handshake_max: Duration::from_millis(500), ..options() };
    let server = Server::start(certificates.node("node-1"), limits).await;
    let (target, _echo) = echo("one").await;
    server.services.offer(SERVICE, target).expect("it is a loopback address");
    let _silent = TcpStream::connect(server.address).await.expect("it listens");
    until("it is taken", || server.counters.counts().accepted == 1).await;
    let client = client(certificates.node("node-2"));
    let error = client.connect(&server.peer(), SERVICE).await.expect_err("the only place is taken");
    assert!(error.is_retryable(), "{error}");
    until("both are counted", || server.counters.counts().refused == 2).await;
    let problem = server.counters.last_problem().expect("there is a reason");
    assert!(problem.ends_with("did not finish the handshake within 0.5 s; is this the link port of a node?"), "{problem}");
    client.connect(&server.peer(), SERVICE).await.expect("there is room again");
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let peer = silent.local_addr().expect("an address").to_string();
    let hasty = LinkClient::new(Security::Plain, Options { handshake_max: Duration::from_millis(50), ..options() });
    let error = soon(hasty.connect(&peer, SERVICE)).await.expect_err("it says nothing");
    assert_eq!(
        error.to_string().replace(&peer, "PEER"),
        "PEER did not finish the handshake within 0.05 s; is this the link port of a node?"
    );
}
