use std::io::ErrorKind;

use coldtrail_link::Security;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use crate::harness::{Certificates, SERVICE, Server, client, echo, end, forward, options, read_line, say, until};

#[tokio::test]
async fn when_another_node_is_named_old_connections_are_cut_and_new_ones_go_there() {
    let certificates = Certificates::new();
    let (one, _one) = Server::echo(certificates.node("node-1"), "one").await;
    let (two, _two) = Server::echo(certificates.node("node-2"), "two").await;
    let (forward, name) = forward(&client(certificates.node("node-3")), Some(one.peer())).await;
    let mut first = TcpStream::connect(forward.address()).await.expect("the forwarder listens");
    assert_eq!(read_line(&mut first).await.expect("the service greets"), "one");

    name.send_replace(Some(two.peer()));
    assert_eq!(end(&mut first).await, Err(ErrorKind::ConnectionReset));
    let mut second = TcpStream::connect(forward.address()).await.expect("the forwarder listens");
    assert_eq!(read_line(&mut second).await.expect("the service greets"), "two");

    name.send_replace(Some(two.peer()));
    name.send_replace(None);
    assert_eq!(say(&mut second, "still here").await.expect("it stays while the leader is not known"), "still here");
    until("only the second is open", || forward.counters().counts().open == 1).await;
}

#[tokio::test]
async fn a_connection_is_held_until_a_node_is_named() {
    let certificates = Certificates::new();
    let (server, _echo) = Server::echo(certificates.node("node-1"), "one").await;
    let (forward, name) = forward(&client(certificates.node("node-2")), None).await;
    let mut stream = TcpStream::connect(forward.address()).await.expect("the forwarder listens");
    stream.write_all(b"early\n").await.expect("it is held, not refused");
    until("it was taken", || forward.counters().counts().accepted == 1).await;
    name.send_replace(Some(server.peer()));
    assert_eq!(read_line(&mut stream).await.expect("the service greets"), "one");
    assert_eq!(read_line(&mut stream).await.expect("what was said early is carried"), "early");
}

#[tokio::test]
async fn a_connection_is_held_while_the_node_starts() {
    let server = Server::start(Security::Plain, options()).await;
    let (forward, _name) = forward(&client(Security::Plain), Some(server.peer())).await;
    let mut stream = TcpStream::connect(forward.address()).await.expect("the forwarder listens");
    until("the node was asked", || server.counters.counts().refused > 0).await;
    let (target, _echo) = echo("one").await;
    server.services.offer(SERVICE, target).expect("it is a loopback address");
    assert_eq!(read_line(&mut stream).await.expect("the service greets"), "one");
    assert_eq!(forward.counters().counts().refused, 0);
}

#[tokio::test]
async fn an_attempt_on_a_node_that_hangs_is_given_up_when_another_is_named() {
    let hangs = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let peer = hangs.local_addr().expect("an address").to_string();
    let (server, _echo) = Server::echo(Security::Plain, "one").await;
    let (forward, name) = forward(&client(Security::Plain), Some(peer)).await;
    let mut stream = TcpStream::connect(forward.address()).await.expect("the forwarder listens");
    let (_taken, _) = hangs.accept().await.expect("the forwarder tries it");
    name.send_replace(Some(server.peer()));
    assert_eq!(read_line(&mut stream).await.expect("the service greets"), "one");
}

#[tokio::test]
async fn a_connection_for_which_nobody_is_named_ends_after_a_while_with_one_clear_error() {
    let options = coldtrail_link::Options { hold_max: std::time::Duration::from_millis(20), ..options() };
    let client = coldtrail_link::LinkClient::new(Security::Plain, options);
    let (forward, _name) = forward(&client, None).await;
    let mut stream = TcpStream::connect(forward.address()).await.expect("the forwarder listens");
    assert_eq!(end(&mut stream).await, Err(ErrorKind::ConnectionReset));
    until("it is counted", || forward.counters().counts().refused == 1).await;
    let problem = forward.counters().last_problem().expect("there is a reason");
    assert_eq!(problem, "no node is known to offer \"ballista-scheduler\", after 0.02 s; is there a leader?");
}

#[tokio::test]
async fn a_forwarder_that_is_dropped_closes_its_port_and_its_connections() {
    let (server, _echo) = Server::echo(Security::Plain, "one").await;
    let (forward, _name) = forward(&client(Security::Plain), Some(server.peer())).await;
    let address = forward.address();
    let mut stream = TcpStream::connect(address).await.expect("the forwarder listens");
    assert_eq!(read_line(&mut stream).await.expect("the service greets"), "one");
    drop(forward);
    assert_eq!(end(&mut stream).await, Err(ErrorKind::ConnectionReset));
    until("it listens no longer", || std::net::TcpStream::connect(address).is_err()).await;
}

#[tokio::test]
async fn a_forwarder_listens_on_loopback_only() {
    let (_name, target) = tokio::sync::watch::channel(None);
    let everywhere = "0.0.0.0:0".parse().expect("an address");
    let error = client(Security::Plain).forward_at(everywhere, SERVICE, target).await.expect_err("it is open to all");
    assert_eq!(
        error.to_string(),
        "0.0.0.0:0 is not a loopback address; a service at either end of a link stays on its machine, bind it to 127.0.0.1"
    );
}
