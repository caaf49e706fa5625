use coldtrail_link::{LinkServer, Security, Services};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use crate::harness::{Certificates, SERVICE, Server, client, end, forward, options, read_line, say, soon, until};

#[tokio::test]
async fn a_forwarder_reaches_a_service_of_another_node() {
    let certificates = Certificates::new();
    let (server, _echo) = Server::echo(certificates.node("node-1"), "one").await;
    let (forward, _name) = forward(&client(certificates.node("node-2")), Some(server.peer())).await;
    let mut stream = TcpStream::connect(forward.address()).await.expect("the forwarder listens");
    assert_eq!(read_line(&mut stream).await.expect("the service greets"), "one");
    assert_eq!(say(&mut stream, "hello").await.expect("it answers"), "hello");
}

#[tokio::test]
async fn one_port_carries_several_services() {
    let certificates = Certificates::new();
    let (server, _echo) = Server::echo(certificates.node("node-1"), "one").await;
    let (raft, _raft) = crate::harness::echo("raft").await;
    server.services.offer("raft", raft).expect("it is a loopback address");
    let client = client(certificates.node("node-2"));
    for (service, greeting) in [(SERVICE, "one\n"), ("raft", "raft\n")] {
        let mut link = client.connect(&server.peer(), service).await.expect("it is offered");
        let mut found = vec![0; greeting.len()];
        soon(link.read_exact(&mut found)).await.expect("it greets");
        assert_eq!(String::from_utf8_lossy(&found), greeting);
        assert_eq!(link.peer().name(), Some("node-1"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_big_transfer_in_both_directions_at_once_arrives_whole() {
    const BYTES: usize = 32 << 20;
    let certificates = Certificates::new();
    let (server, _echo) = Server::echo(certificates.node("node-1"), "one").await;
    let (forward, _name) = forward(&client(certificates.node("node-2")), Some(server.peer())).await;
    let mut stream = TcpStream::connect(forward.address()).await.expect("the forwarder listens");
    assert_eq!(read_line(&mut stream).await.expect("the service greets"), "one");
    let sent: Vec<u8> = (0..BYTES).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let (mut from, mut to) = stream.split();
    let mut received = Vec::with_capacity(BYTES);
    let write = async {
        to.write_all(&sent).await?;
        to.shutdown().await
    };
    let (written, read) = soon(async { tokio::join!(write, from.read_to_end(&mut received)) }).await;
    written.expect("all is taken");
    read.expect("all comes back");
    assert!(sent == received, "the bytes differ");
    let counts = forward.counters().counts();
    assert_eq!((counts.sent_bytes, counts.received_bytes), (BYTES as u64, BYTES as u64 + 4));
    until("the server counts the same", || server.counters.counts().received_bytes == BYTES as u64).await;
    until("nothing is open", || forward.counters().counts().open + server.counters.counts().open == 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_connections_at_once_do_not_mix() {
    const CONNECTIONS: u64 = 200;
    let certificates = Certificates::new();
    let (server, _echo) = Server::echo(certificates.node("node-1"), "one").await;
    let (forward, _name) = forward(&client(certificates.node("node-2")), Some(server.peer())).await;
    let address = forward.address();
    let mut all = tokio::task::JoinSet::new();
    for number in 0..CONNECTIONS {
        all.spawn(async move {
            let mut stream = TcpStream::connect(address).await.expect("the forwarder listens");
            assert_eq!(read_line(&mut stream).await.expect("the service greets"), "one");
            for turn in 0..10 {
                let line = format!("{number} {turn}");
                assert_eq!(say(&mut stream, &line).await.expect("it answers"), line);
            }
        });
    }
    while let Some(ended) = all.join_next().await {
        ended.expect("it went well");
    }
    let counts = forward.counters().counts();
    assert_eq!((counts.accepted, counts.refused), (CONNECTIONS, 0));
    until("nothing is open", || server.counters.counts().open == 0).await;
    assert_eq!(server.counters.counts().accepted, CONNECTIONS);
}

#[tokio::test]
async fn the_end_of_one_direction_leaves_the_other_one_open() {
    let certificates = Certificates::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let server = Server::start(certificates.node("node-1"), options()).await;
    server.services.offer(SERVICE, listener.local_addr().expect("an address")).expect("it is a loopback address");
    let (forward, _name) = forward(&client(certificates.node("node-2")), Some(server.peer())).await;
    let mut stream = TcpStream::connect(forward.address()).await.expect("the forwarder listens");
    stream.write_all(b"question").await.expect("it is taken");
    stream.shutdown().await.expect("one direction ends");

    let (mut inside, _) = soon(listener.accept()).await.expect("the link comes");
    let mut question = Vec::new();
    soon(inside.read_to_end(&mut question)).await.expect("the end arrives");
    assert_eq!(question, b"question");
    inside.write_all(b"answer").await.expect("the other direction is open");
    drop(inside);
    let mut answer = Vec::new();
    soon(stream.read_to_end(&mut answer)).await.expect("a regular end");
    assert_eq!(answer, b"answer");
}

#[tokio::test]
async fn a_service_that_breaks_off_is_not_taken_for_one_that_ends() {
    let certificates = Certificates::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let server = Server::start(certificates.node("node-1"), options()).await;
    server.services.offer(SERVICE, listener.local_addr().expect("an address")).expect("it is a loopback address");
    let (forward, _name) = forward(&client(certificates.node("node-2")), Some(server.peer())).await;
    let mut stream = TcpStream::connect(forward.address()).await.expect("the forwarder listens");
    let (mut inside, _) = soon(listener.accept()).await.expect("the link comes");
    // Once something was carried, the forwarder does not try again.
    stream.write_all(b"?").await.expect("it is taken");
    soon(inside.read_u8()).await.expect("it is carried");
    inside.set_zero_linger().expect("the option is known");
    drop(inside);
    assert_eq!(end(&mut stream).await, Err(std::io::ErrorKind::ConnectionReset));
}

#[tokio::test]
async fn a_service_learns_who_its_peer_is() {
    let certificates = Certificates::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let server = Server::start(certificates.node("node-1"), options()).await;
    server.services.offer(SERVICE, listener.local_addr().expect("an address")).expect("it is a loopback address");
    let link = client(certificates.node("node-2")).connect(&server.peer(), SERVICE).await.expect("it is offered");
    let (inside, from) = soon(listener.accept()).await.expect("the link comes");
    let peer = server.peers.of(from).expect("the link is known");
    assert_eq!(peer.name(), Some("node-2"));
    assert_eq!(peer.names, ["node-2", "coldtrail-node", "localhost"]);
    assert_eq!(peer.fingerprint.as_deref().map(str::len), Some(64));
    drop((link, inside));
    until("it is forgotten", || server.peers.of(from).is_none()).await;
}

#[tokio::test]
async fn nothing_of_what_is_carried_can_be_read_on_the_way() {
    let certificates = Certificates::new();
    let secret = "the quick brown fox hunts at night";
    let (plain, _one) = Server::echo(Security::Plain, "one").await;
    let (mutual, _two) = Server::echo(certificates.node("node-1"), "one").await;
    for (server, security, visible) in [(plain, Security::Plain, true), (mutual, certificates.node("node-2"), false)] {
        let (tap, seen) = tap(server.address).await;
        let (forward, _name) = forward(&client(security), Some(tap)).await;
        let mut stream = TcpStream::connect(forward.address()).await.expect("the forwarder listens");
        assert_eq!(read_line(&mut stream).await.expect("the service greets"), "one");
        assert_eq!(say(&mut stream, secret).await.expect("it answers"), secret);
        drop(stream);
        let seen = soon(seen).await.expect("the tap ends");
        for part in [secret, SERVICE] {
            let found = seen.windows(part.len()).any(|window| window == part.as_bytes());
            assert_eq!(found, visible, "{part:?} in the {} bytes on the way", seen.len());
        }
    }
}

/// Passes one connection on, and gives all bytes that it saw in both directions.
async fn tap(to: std::net::SocketAddr) -> (String, tokio::task::JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let seen = tokio::spawn(async move {
        let (mut near, _) = listener.accept().await.expect("a connection");
        let mut far = TcpStream::connect(to).await.expect("the server listens");
        let ((mut near_from, mut near_to), (mut far_from, mut far_to)) = (near.split(), far.split());
        let (mut out, mut back) = (Vec::new(), Vec::new());
        let _ = tokio::join!(pass(&mut near_from, &mut far_to, &mut out), pass(&mut far_from, &mut near_to, &mut back));
        out.extend(back);
        out
    });
    (address, seen)
}

async fn pass(from: &mut (impl AsyncReadExt + Unpin), to: &mut (impl AsyncWriteExt + Unpin), seen: &mut Vec<u8>) -> std::io::Result<()> {
    let mut buffer = [0; 4096];
    loop {
        let count = from.read(&mut buffer).await?;
        if count == 0 {
            return to.shutdown().await;
        }
        seen.extend_from_slice(&buffer[..count]);
        to.write_all(&buffer[..count]).await?;
    }
}

#[tokio::test]
async fn without_certificates_nothing_beyond_loopback_is_used() {
    let everywhere = "0.0.0.0:0".parse().expect("an address");
    let error = LinkServer::bind(everywhere, Security::Plain, Services::default(), options()).await.expect_err("it is open to all");
    assert_eq!(
        error.to_string(),
        "0.0.0.0:0 is not a loopback address, and links without TLS go no further; configure certificates (`coldtrail cluster certs` makes some)"
    );
    let error = client(Security::Plain).connect("192.0.2.1:7000", SERVICE).await.expect_err("it is far away");
    assert!(error.to_string().starts_with("192.0.2.1:7000 is not a loopback address"), "{error}");
    let error = Services::default().offer(SERVICE, "192.0.2.1:7000".parse().expect("an address")).expect_err("it is far away");
    assert!(error.to_string().starts_with("192.0.2.1:7000 is not a loopback address; a service at either end"), "{error}");
}

#[tokio::test]
async fn a_server_that_stops_lets_open_links_go_on_for_a_while() {
    let certificates = Certificates::new();
    let options = coldtrail_link::Options { drain_max: std::time::Duration::from_secs(60), ..options() };
    let server = Server::start(certificates.node("node-1"), options).await;
    let (target, _echo) = crate::harness::echo("one").await;
    server.services.offer(SERVICE, target).expect("it is a loopback address");
    let (forward, _name) = forward(&client(certificates.node("node-2")), Some(server.peer())).await;
    let mut stream = TcpStream::connect(forward.address()).await.expect("the forwarder listens");
    assert_eq!(read_line(&mut stream).await.expect("the service greets"), "one");
    server.stop.cancel();
    until("it listens no longer", || std::net::TcpStream::connect(server.address).is_err()).await;
    assert_eq!(say(&mut stream, "still").await.expect("it is open"), "still");
    drop(stream);
    soon(server.run).await.expect("it ends once the last link has");
}

#[tokio::test]
async fn a_server_without_time_to_drain_cuts_open_links() {
    let certificates = Certificates::new();
    let (server, _echo) = Server::echo(certificates.node("node-1"), "one").await;
    let (forward, _name) = forward(&client(certificates.node("node-2")), Some(server.peer())).await;
    let mut stream = TcpStream::connect(forward.address()).await.expect("the forwarder listens");
    assert_eq!(read_line(&mut stream).await.expect("the service greets"), "one");
    server.stop.cancel();
    assert_eq!(end(&mut stream).await, Err(std::io::ErrorKind::ConnectionReset));
    soon(server.run).await.expect("it ends");
}

#[tokio::test]
async fn a_service_that_moves_or_goes_away_takes_its_links_along() {
    let (server, _echo) = Server::echo(Security::Plain, "one").await;
    let (other, _other) = crate::harness::echo("two").await;
    let (forward, _name) = forward(&client(Security::Plain), Some(server.peer())).await;
    let changes: [(&str, &dyn Fn()); 2] = [
        ("one", &|| server.services.offer(SERVICE, other).expect("it is a loopback address")),
        ("two", &|| server.services.withdraw(SERVICE)),
    ];
    for (greeting, change) in changes {
        let mut stream = TcpStream::connect(forward.address()).await.expect("the forwarder listens");
        assert_eq!(read_line(&mut stream).await.expect("the service greets"), greeting);
        change();
        assert_eq!(end(&mut stream).await, Err(std::io::ErrorKind::ConnectionReset));
    }
}

#[tokio::test]
async fn a_server_that_is_dropped_ends_its_links() {
    let services = Services::default();
    let (target, _echo) = crate::harness::echo("one").await;
    services.offer(SERVICE, target).expect("it is a loopback address");
    let server = LinkServer::bind("127.0.0.1:0".parse().expect("an address"), Security::Plain, services, options()).await;
    let server = server.expect("it listens");
    let peer = server.local_address().to_string();
    let run = tokio::spawn(server.run(CancellationToken::new()));
    let mut link = client(Security::Plain).connect(&peer, SERVICE).await.expect("it is offered");
    run.abort();
    let ended = soon(link.read_to_end(&mut Vec::new())).await;
    assert_eq!(ended.expect_err("it is no regular end").kind(), std::io::ErrorKind::ConnectionReset);
}
