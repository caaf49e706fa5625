//! Two pages for whatever watches the process: is it alive, and is it ready for work.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

/// How long a caller may take to ask.
const ASK_MAX: Duration = Duration::from_secs(5);
/// A request line and its headers are not longer than this.
const REQUEST_BYTES_MAX: usize = 4096;

/// Says why the process is not ready, if it is not.
pub(crate) type Readiness = Arc<dyn Fn() -> Option<String> + Send + Sync>;

/// Answers `GET /healthz` and `GET /readyz` until `stop`, if there is an address to do so.
pub(crate) async fn serve(bind: Option<SocketAddr>, ready: Readiness, stop: CancellationToken) -> anyhow::Result<()> {
    let Some(bind) = bind else { return Ok(()) };
    let listener = TcpListener::bind(bind).await.with_context(|| format!("cannot listen on {bind}; set health.bind to another address"))?;
    tokio::spawn(async move {
        loop {
            let accepted = tokio::select! {
                () = stop.cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, _)) => drop(tokio::spawn(answer(stream, Arc::clone(&ready)))),
                Err(error) => {
                    tracing::warn!(%error, "a look at the health of this process was not accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    });
    Ok(())
}

async fn answer(mut stream: TcpStream, ready: Readiness) {
    let mut request = vec![0; REQUEST_BYTES_MAX];
    let Ok(Ok(read)) = tokio::time::timeout(ASK_MAX, stream.read(&mut request)).await else { return };
    let line = String::from_utf8_lossy(&request[..read]);
    let path = line.split_whitespace().nth(1).unwrap_or_default().to_owned();
    let (status, text) = match path.as_str() {
        "/healthz" => ("200 OK", "alive".to_owned()),
        "/readyz" => match ready() {
            None => ("200 OK", "ready".to_owned()),
            Some(why) => ("503 Service Unavailable", why),
        },
        _ => ("404 Not Found", "there are /healthz and /readyz".to_owned()),
    };
    let length = text.len() + 1;
    let reply = format!("HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{text}\n");
    let _ = stream.write_all(reply.as_bytes()).await;
    let _ = stream.shutdown().await;
}
