use std::net::SocketAddr;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// The link from one node to another. While it is cut, connections stay and nothing passes, as on a network that drops packets.
#[derive(Debug)]
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    /// Where the other node listens now, if it runs.
    target: Arc<Mutex<Option<SocketAddr>>>,
    is_cut: watch::Sender<bool>,
    /// How often a connection was asked for.
    asked: watch::Sender<u32>,
}

impl Proxy {
    pub(crate) async fn start() -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let proxy = Self { address, target: Arc::default(), is_cut: watch::Sender::new(false), asked: watch::Sender::new(0) };
        let proxy = Arc::new(proxy);
        tokio::spawn(accept(listener, Arc::clone(&proxy)));
        proxy
    }

    pub(crate) fn lead_to(&self, target: Option<SocketAddr>) {
        *self.target.lock() = target;
    }

    pub(crate) fn cut(&self, is_cut: bool) {
        self.is_cut.send_replace(is_cut);
    }

    /// Returns once a connection was asked for this often since now.
    pub(crate) async fn asked(&self, times: u32) {
        let mut asked = self.asked.subscribe();
        let before = *asked.borrow();
        asked.wait_for(|asked| *asked >= before + times).await.expect("the proxy lives as long as this");
    }
}

async fn accept(listener: TcpListener, proxy: Arc<Proxy>) {
    while let Ok((stream, _)) = listener.accept().await {
        proxy.asked.send_modify(|asked| *asked += 1);
        tokio::spawn(carry(stream, Arc::clone(&proxy)));
    }
}

async fn carry(from: TcpStream, proxy: Arc<Proxy>) {
    let mut cut = proxy.is_cut.subscribe();
    if cut.wait_for(|is_cut| !is_cut).await.is_err() {
        return;
    }
    let target = *proxy.target.lock();
    let Some(target) = target else { return };
    let Ok(to) = TcpStream::connect(target).await else { return };
    from.set_nodelay(true).and_then(|()| to.set_nodelay(true)).expect("a socket");
    let (from_read, from_write) = from.into_split();
    let (to_read, to_write) = to.into_split();
    // A node that is gone takes both ways with it.
    tokio::select! {
        () = pump(from_read, to_write, cut.clone()) => {}
        () = pump(to_read, from_write, cut) => {}
    }
}

async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut cut: watch::Receiver<bool>) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(bytes @ 1..) = from.read(&mut buffer).await {
        if cut.wait_for(|is_cut| !is_cut).await.is_err() || to.write_all(&buffer[..bytes]).await.is_err() {
            return;
        }
    }
}
