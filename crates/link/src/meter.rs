use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll, ready};

use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::log::Quiet;

/// What went through a listener or a forwarder. They only grow, but for the open connections.
#[derive(Debug, Default)]
pub struct Counters {
    accepted: AtomicU64,
    refused: AtomicU64,
    open: AtomicU64,
    sent_bytes: AtomicU64,
    received_bytes: AtomicU64,
    last_problem: Mutex<Option<String>>,
    quiet: Quiet,
}

/// The state of [`Counters`] at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Connections that were taken, whatever became of them.
    pub accepted: u64,
    /// Connections that came to nothing: refused, or the other side could not be had.
    pub refused: u64,
    /// Connections that carry something now.
    pub open: u64,
    /// Bytes sent to the other node, before encryption.
    pub sent_bytes: u64,
    /// Bytes received from the other node, after decryption.
    pub received_bytes: u64,
}

impl Counters {
    /// The counters now.
    pub fn counts(&self) -> Counts {
        Counts {
            accepted: self.accepted.load(Relaxed),
            refused: self.refused.load(Relaxed),
            open: self.open.load(Relaxed),
            sent_bytes: self.sent_bytes.load(Relaxed),
            received_bytes: self.received_bytes.load(Relaxed),
        }
    }

    /// Why the last connection that came to nothing did.
    pub fn last_problem(&self) -> Option<String> {
        self.last_problem.lock().clone()
    }

    pub(crate) fn accept(&self) {
        self.accepted.fetch_add(1, Relaxed);
    }

    /// Counts a connection that came to nothing and writes the reason to the log.
    pub(crate) fn refuse(&self, problem: String) {
        self.quiet.warn(&problem);
        *self.last_problem.lock() = Some(problem);
        self.refused.fetch_add(1, Relaxed);
    }

    /// Writes something to the log that is no connection's end.
    pub(crate) fn warn(&self, line: &str) {
        self.quiet.warn(line);
    }

    pub(crate) fn open(self: &Arc<Self>) -> Open {
        self.open.fetch_add(1, Relaxed);
        Open(Arc::clone(self))
    }
}

/// An open connection, for as long as it lives.
#[derive(Debug)]
pub(crate) struct Open(Arc<Counters>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Relaxed);
    }
}

/// Counts what is written to and read from a connection.
#[derive(Debug)]
pub(crate) struct Metered<S> {
    pub(crate) inner: S,
    open: Open,
}

impl<S> Metered<S> {
    pub(crate) fn new(inner: S, counters: &Arc<Counters>) -> Self {
        Self { inner, open: counters.open() }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(cx, buffer))?;
        self.open.0.received_bytes.fetch_add((buffer.filled().len() - before) as u64, Relaxed);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Metered<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.inner).poll_write(cx, bytes))?;
        self.open.0.sent_bytes.fetch_add(written as u64, Relaxed);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
