use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use tokio::io::copy_bidirectional_with_sizes;
use tokio::net::{TcpSocket, TcpStream};

use crate::meter::{Counters, Metered};
use crate::wire::{Wire, abort};

const BUFFER_BYTES: usize = 64 * 1024;

/// Carries bytes both ways until both sides have ended, or one breaks, or `cut` ends. Only a regular end is passed on as one; after
/// anything else both sides see a reset, so that nobody takes half an answer for a whole one.
pub(crate) async fn carry(link: Wire, mut inside: TcpStream, counters: &Arc<Counters>, cut: impl Future<Output = ()>) {
    let mut link = Metered::new(link, counters);
    let whole = tokio::select! {
        biased;
        () = cut => false,
        carried = copy_bidirectional_with_sizes(&mut link, &mut inside, BUFFER_BYTES, BUFFER_BYTES) => carried.is_ok(),
    };
    if !whole {
        abort(&inside);
        abort(link.inner.tcp());
    }
}

/// A socket for a loopback target that has its own address before it connects.
pub(crate) fn loopback_socket(target: SocketAddr) -> io::Result<(TcpSocket, SocketAddr)> {
    let (socket, from) = match target {
        SocketAddr::V4(_) => (TcpSocket::new_v4()?, IpAddr::V4(Ipv4Addr::LOCALHOST)),
        SocketAddr::V6(_) => (TcpSocket::new_v6()?, IpAddr::V6(Ipv6Addr::LOCALHOST)),
    };
    socket.bind(SocketAddr::new(from, 0))?;
    let from = socket.local_addr()?;
    Ok((socket, from))
}
