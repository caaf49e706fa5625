use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use coldtrail_link::authority::{Node, create_authority, issue};
use coldtrail_link::{Counters, Forward, Identity, LinkClient, LinkServer, Options, Peers, Security, Services, TlsFiles};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};

pub(crate) const DAY: Duration = Duration::from_secs(24 * 3600);
pub(crate) const SERVICE: &str = "ballista-scheduler";

/// A folder with an authority and certificates of nodes.
pub(crate) struct Certificates {
    folder: TempDir,
}

impl Certificates {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        create_authority(folder.path(), false).expect("an authority");
        Self { folder }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn files(&self, name: &str) -> TlsFiles {
        let node = Node::new(name, &[]);
        issue(self.path(), &node).expect("a certificate");
        node.files(self.path())
    }

    /// What a node shows; its files are looked at on every use.
    pub(crate) fn node(&self, name: &str) -> Security {
        secure(self.files(name))
    }
}

pub(crate) fn secure(files: TlsFiles) -> Security {
    Security::Mutual(Identity::load_checked_every(files, Duration::ZERO).expect("the files are good"))
}

/// A certificate that was valid until yesterday.
pub(crate) fn expired(name: &str) -> Node {
    let now = SystemTime::now();
    Node { from: now - 10 * DAY, until: now - DAY, force: true, ..Node::new(name, &[]) }
}

/// Short times, so that a test that fails does so soon.
pub(crate) fn options() -> Options {
    Options { hold_max: Duration::from_secs(2), drain_max: Duration::ZERO, ..Options::default() }
}

pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(20), future).await.expect("it happens soon")
}

/// Waits until something holds.
pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let reached = timeout(Duration::from_secs(20), async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    });
    assert!(reached.await.is_ok(), "not reached: {what}");
}

/// A running server with a service behind it.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) services: Services,
    pub(crate) counters: Arc<Counters>,
    pub(crate) peers: Peers,
    pub(crate) stop: CancellationToken,
    pub(crate) run: JoinHandle<()>,
}

impl Server {
    pub(crate) async fn start(security: Security, options: Options) -> Self {
        let services = Services::default();
        let server = LinkServer::bind("127.0.0.1:0".parse().expect("an address"), security, services.clone(), options).await;
        let server = server.expect("it listens");
        let (address, counters, peers) = (server.local_address(), server.counters(), server.peers());
        let stop = CancellationToken::new();
        let run = tokio::spawn(server.run(stop.clone()));
        Self { address, services, counters, peers, stop, run }
    }

    /// One that offers a service which sends back what it gets, after its name.
    pub(crate) async fn echo(security: Security, name: &'static str) -> (Self, DropGuard) {
        let server = Self::start(security, options()).await;
        let (address, guard) = echo(name).await;
        server.services.offer(SERVICE, address).expect("it is a loopback address");
        (server, guard)
    }

    pub(crate) fn peer(&self) -> String {
        self.address.to_string()
    }
}

/// A service that greets with its name and a newline, and then sends back what it gets.
pub(crate) async fn echo(name: &'static str) -> (SocketAddr, DropGuard) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("it has an address");
    let stop = CancellationToken::new();
    let ended = stop.clone();
    tokio::spawn(async move {
        while let Some(Ok((mut stream, _))) = ended.run_until_cancelled(listener.accept()).await {
            tokio::spawn(async move {
                let (mut from, mut to) = stream.split();
                to.write_all(format!("{name}\n").as_bytes()).await?;
                tokio::io::copy(&mut from, &mut to).await?;
                to.shutdown().await
            });
        }
    });
    (address, stop.drop_guard())
}

pub(crate) fn client(security: Security) -> LinkClient {
    LinkClient::new(security, options())
}

/// A forwarder to one peer, with the end that names another one.
pub(crate) async fn forward(client: &LinkClient, peer: Option<String>) -> (Forward, watch::Sender<Option<String>>) {
    let (name, target) = watch::channel(peer);
    let forward = client.forward(SERVICE, target).await.expect("it listens");
    (forward, name)
}

pub(crate) async fn read_line(stream: &mut TcpStream) -> std::io::Result<String> {
    let mut line = Vec::new();
    loop {
        match soon(stream.read_u8()).await? {
            b'\n' => return Ok(String::from_utf8_lossy(&line).into_owned()),
            byte => line.push(byte),
        }
    }
}

/// Sends a line to a service that sends it back.
pub(crate) async fn say(stream: &mut TcpStream, line: &str) -> std::io::Result<String> {
    stream.write_all(format!("{line}\n").as_bytes()).await?;
    read_line(stream).await
}

/// The kind of end that a connection comes to.
pub(crate) async fn end(stream: &mut TcpStream) -> Result<usize, std::io::ErrorKind> {
    soon(stream.read_to_end(&mut Vec::new())).await.map_err(|error| error.kind())
}
