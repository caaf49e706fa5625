//! How long a store may keep us waiting, and how much is asked of it at once.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use coldtrail_lake::{Error, Lake, StoreOptions};
use futures::future::join_all;
use futures::{StreamExt, TryStreamExt};
use object_store::{ObjectStore, ObjectStoreExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Barrier;
use tokio::time::sleep;

use crate::support::with_environment;

const HEAD: &str = "HTTP/1.1 200 OK\r\netag: \"1\"\r\nlast-modified: Sun, 01 Mar 2026 00:00:00 GMT\r\nconnection: close\r\n";

/// A time limit short enough to be waited for.
const SECONDS_MAX: u64 = 1;

/// Runs a test with credentials for S3.
fn with_credentials<F: Future<Output = ()>>(name: &str, test: impl FnOnce() -> F) {
    with_environment(&format!("slow_stores::{name}"), &[("AWS_ACCESS_KEY_ID", "key"), ("AWS_SECRET_ACCESS_KEY", "secret")], test);
}

/// A store that does with each request what it is told, and closes the connection when that is done.
async fn store_that<F: Future<Output = ()> + Send + 'static>(act: impl Fn(TcpStream) -> F + Send + 'static) -> StoreOptions {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") && stream.read_buf(&mut request).await.unwrap() > 0 {}
            tokio::spawn(act(stream));
        }
    });
    StoreOptions {
        s3_endpoint: Some(endpoint),
        allow_http: true,
        retries_max: 1,
        request_seconds_max: SECONDS_MAX,
        ..StoreOptions::default()
    }
}

fn open(options: &StoreOptions) -> Arc<dyn ObjectStore> {
    Lake::open("s3://bucket/lake", options).unwrap().store()
}

async fn silence(stream: TcpStream) {
    std::future::pending::<()>().await;
    drop(stream);
}

async fn say(stream: &mut TcpStream, text: &str) {
    // Whoever asked may be gone.
    drop(stream.write_all(text.as_bytes()).await);
}

#[test]
fn a_store_that_does_not_answer_is_given_up_in_time_and_the_setting_is_named() {
    with_credentials("a_store_that_does_not_answer_is_given_up_in_time_and_the_setting_is_named", || async {
        let lake = Lake::open("s3://bucket/lake", &store_that(silence).await).unwrap();
        let start = Instant::now();
        let error = lake.list_segment_files().try_next().await.unwrap_err();
        let took = start.elapsed();
        assert!(matches!(error, Error::StoreUnavailable { .. }) && error.is_retryable(), "{error:?}");
        let text = error.to_string();
        assert!(text.contains("the store did not answer within 1 s (store.request_seconds_max)"), "{text}");
        assert!(text.contains("after 1 retries"), "{text}");
        assert!(took >= Duration::from_secs(2 * SECONDS_MAX) && took < Duration::from_secs(10), "{took:?}");
    });
}

#[test]
fn an_answer_that_stops_in_the_middle_is_given_up_in_time() {
    with_credentials("an_answer_that_stops_in_the_middle_is_given_up_in_time", || async {
        let half = |mut stream: TcpStream| async move {
            say(&mut stream, &format!("{HEAD}content-length: 10\r\n\r\nfirst")).await;
            silence(stream).await;
        };
        let store = open(&store_that(half).await);
        let answer = store.get(&"x".into()).await.unwrap();
        let error = answer.bytes().await.unwrap_err().to_string();
        assert!(error.contains("the store did not answer within 1 s (store.request_seconds_max)"), "{error}");
    });
}

#[test]
fn a_reader_that_takes_its_time_does_not_make_the_store_slow() {
    with_credentials("a_reader_that_takes_its_time_does_not_make_the_store_slow", || async {
        const BYTES: usize = 32 << 20;
        let requests = Arc::new(AtomicUsize::new(0));
        let seen = Arc::clone(&requests);
        let whole = move |mut stream: TcpStream| {
            seen.fetch_add(1, Ordering::Relaxed);
            async move {
                say(&mut stream, &format!("{HEAD}content-length: {BYTES}\r\n\r\n")).await;
                drop(stream.write_all(&vec![0; BYTES]).await);
            }
        };
        let store = open(&StoreOptions { retries_max: 0, ..store_that(whole).await });
        let mut stream = store.get(&"x".into()).await.unwrap().into_stream();
        let mut bytes = stream.next().await.unwrap().unwrap().len();
        // Longer than the store may take for an answer: this is what is tested.
        sleep(Duration::from_millis(1000 * SECONDS_MAX + 500)).await;
        while let Some(piece) = stream.try_next().await.unwrap() {
            bytes += piece.len();
        }
        assert_eq!((bytes, requests.load(Ordering::Relaxed)), (BYTES, 1));
    });
}

#[test]
fn no_more_requests_are_open_than_there_are_connections() {
    with_credentials("no_more_requests_are_open_than_there_are_connections", || async {
        const CONNECTIONS: usize = 3;
        let open_now = Arc::new(AtomicUsize::new(0));
        let open_most = Arc::new(AtomicUsize::new(0));
        // Nobody is answered before all connections are in use: fewer would hang.
        let all_in_use = Arc::new(Barrier::new(CONNECTIONS));
        let counted = {
            let (open_now, open_most) = (Arc::clone(&open_now), Arc::clone(&open_most));
            move |mut stream: TcpStream| {
                let (open_now, open_most, all_in_use) = (Arc::clone(&open_now), Arc::clone(&open_most), Arc::clone(&all_in_use));
                async move {
                    open_most.fetch_max(open_now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    all_in_use.wait().await;
                    open_now.fetch_sub(1, Ordering::SeqCst);
                    say(&mut stream, &format!("{HEAD}content-length: 4\r\n\r\ndata")).await;
                }
            }
        };
        let store = open(&StoreOptions { connections_max: CONNECTIONS, ..store_that(counted).await });
        let reads = (0..5 * CONNECTIONS).map(|_| async { store.get(&"x".into()).await?.bytes().await });
        let read = join_all(reads).await;
        assert!(read.iter().all(|bytes| bytes.as_ref().is_ok_and(|bytes| &bytes[..] == b"data")), "{read:?}");
        assert_eq!(open_most.load(Ordering::SeqCst), CONNECTIONS);
    });
}

#[test]
fn an_answer_that_nobody_reads_keeps_its_connection_and_the_setting_is_named() {
    with_credentials("an_answer_that_nobody_reads_keeps_its_connection_and_the_setting_is_named", || async {
        let answer = |mut stream: TcpStream| async move { say(&mut stream, &format!("{HEAD}content-length: 4\r\n\r\ndata")).await };
        let store = open(&StoreOptions { connections_max: 1, retries_max: 0, ..store_that(answer).await });
        let unread = store.get(&"x".into()).await.unwrap();
        let error = store.head(&"x".into()).await.unwrap_err().to_string();
        assert!(error.contains("none of the 1 connections (store.connections_max) was free within 1 s"), "{error}");
        assert_eq!(&unread.bytes().await.unwrap()[..], b"data");
        store.get(&"x".into()).await.unwrap();
    });
}

#[test]
fn where_nobody_listens_the_reason_is_told() {
    with_credentials("where_nobody_listens_the_reason_is_told", || async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        let options = StoreOptions { s3_endpoint: Some(endpoint), allow_http: true, retries_max: 0, ..StoreOptions::default() };
        let error = Lake::open("s3://bucket/lake", &options).unwrap().list_segment_files().try_next().await.unwrap_err();
        assert!(matches!(error, Error::StoreUnavailable { .. }), "{error:?}");
        assert!(error.to_string().contains("Connection refused"), "{error}");
    });
}

#[test]
fn limits_that_would_stop_every_request_are_refused() {
    let refusal = |options| Lake::open("s3://bucket/lake", &options).unwrap_err().to_string();
    let none = StoreOptions { connections_max: 0, ..StoreOptions::default() };
    assert_eq!(refusal(none), "the setting store.connections_max cannot be 0: it must be at least 1");
    let no_time = StoreOptions { request_seconds_max: 0, ..StoreOptions::default() };
    assert_eq!(refusal(no_time), "the setting store.request_seconds_max cannot be 0: it must be at least 1");
}
