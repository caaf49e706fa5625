//! What senders say, what they are told, and what is in the lake then.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;

use coldtrail_ingest::{Marks, SourceChoice};
use coldtrail_intake::{Batch, Error, Push, PushConfig, PushServer, Tokens};
use coldtrail_model::{SegmentIndex, Table};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::rustls;
use tokio_util::sync::CancellationToken;

use crate::support::{House, record, records};

const TOKEN: &str = "00000000-1111-2222-3333-444444444444";

/// A listener whose batches are committed when the test says so.
struct Door {
    push: Push,
    address: SocketAddr,
    stop: CancellationToken,
    serving: JoinHandle<Result<(), Error>>,
}

impl Door {
    async fn open(house: &House, config: PushConfig) -> Self {
        let push = open(house, config).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let (address, stop) = (listener.local_addr().expect("an address"), CancellationToken::new());
        let (server, stopping) = (PushServer::new(push.clone(), Tokens::new([TOKEN])), stop.clone());
        let serving = tokio::spawn(async move { server.serve(listener, None, stopping).await });
        Self { push, address, stop, serving }
    }

    /// The same, committed after a moment.
    async fn open_running(house: &House) -> Self {
        let door = Self::open(house, PushConfig { flush_bytes: 1, ..PushConfig::default() }).await;
        let (push, stop) = (door.push.clone(), door.stop.clone());
        tokio::spawn(async move { push.run(stop).await });
        door
    }

    async fn ask(&self, head: &str, body: &[u8]) -> Said {
        let stream = TcpStream::connect(self.address).await.expect("a connection");
        ask(stream, head, body).await
    }

    async fn post(&self, path: &str, headers: &str, body: impl AsRef<[u8]>) -> Said {
        self.ask(&format!("POST {path} HTTP/1.1\r\nauthorization: Splunk {TOKEN}\r\n{headers}"), body.as_ref()).await
    }

    async fn flush(&self) {
        self.push.flush(&CancellationToken::new()).await.expect("it is committed");
    }

    async fn close(self) {
        self.stop.cancel();
        self.serving.await.expect("it ends").expect("a clean end");
    }
}

async fn open(house: &House, config: PushConfig) -> Push {
    Push::open(house.folder.path().join("spool"), house.taker.clone(), config).await.expect("a spool")
}

/// What the listener answered.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) status: u16,
    head: String,
    body: Value,
}

pub(crate) async fn ask(mut stream: impl AsyncRead + AsyncWrite + Unpin, head: &str, body: &[u8]) -> Said {
    let head = format!("{head}host: lake\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
    let mut request = head.into_bytes();
    request.extend_from_slice(body);
    // Whoever refuses a body need not read it to its end.
    drop(stream.write_all(&request).await);
    let mut answer = Vec::new();
    drop(stream.read_to_end(&mut answer).await);
    let answer = String::from_utf8(answer).expect("UTF-8");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    Said { status, head: head.to_ascii_lowercase(), body: serde_json::from_str(body).unwrap_or(Value::Null) }
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).expect("writing to memory");
    encoder.finish().expect("writing to memory")
}

fn spooled(house: &House) -> usize {
    std::fs::read_dir(house.folder.path().join("spool")).expect("the spool").count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn success_is_answered_after_the_commit_and_the_same_batch_again_changes_nothing() {
    let house = House::new().await;
    let door = Door::open_running(&house).await;
    let said = door.post("/v1/events?source=aws_cloudtrail", "", records(0..10)).await;
    assert_eq!((said.status, &said.body), (200, &json!({"committed": true})));
    assert_eq!((house.visible().await, spooled(&house)), ((10, 0), 0));

    let packed = [("content-encoding: gzip\r\n", gzip(&records(10..20))), ("content-encoding: zstd\r\n", zstd_of(&records(20..30)))];
    for (header, body) in packed {
        assert_eq!(door.post("/v1/events", header, body).await.status, 200);
    }
    assert_eq!(house.visible().await, (30, 0));
    for (header, body) in [("", records(10..20).into_bytes()), ("content-encoding: gzip\r\n", gzip(&records(20..30)))] {
        assert_eq!(door.post("/v1/events", header, body).await.status, 200);
    }
    assert_eq!(house.visible().await, (30, 0), "the same however it is packed");
    assert_eq!(door.post("/v1/events", "idempotency-key: another\r\n", records(0..10)).await.status, 200);
    assert_eq!(house.visible().await, (40, 0), "whoever gives a key says what is the same");
    let urls: Vec<String> = house.objects().await.into_iter().map(|object| object.url).collect();
    assert!(urls.iter().all(|url| url.starts_with("push://listener/") && url.len() == 16 + 64), "{urls:?}");
    door.close().await;
}

fn zstd_of(text: &str) -> Vec<u8> {
    zstd::encode_all(text.as_bytes(), 1).expect("writing to memory")
}

/// As `src/sinks/splunk_hec` of Vector sends: the channel in a header, objects one after the other, acknowledgements asked for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn vector_is_answered_at_once_and_told_later_that_it_is_committed() {
    let house = House::new().await;
    let door = Door::open(&house, PushConfig::default()).await;
    let headers = "content-type: application/json\r\ncontent-encoding: gzip\r\n\
                   x-splunk-request-channel: 5d4b2b2a-0a52-4a8f-8e5c-6f7a2e0c1d3b\r\nuser-agent: Vector/0.45.0\r\n";
    let event = |number: usize| json!({"event": record(number), "fields": {}, "host": "web-1", "time": 1772366400.123}).to_string();
    let said = door.post("/services/collector/event", headers, gzip(&(event(0) + &event(1)))).await;
    assert_eq!((said.status, &said.body), (200, &json!({"text": "Success", "code": 0, "ackId": 0})));
    assert_eq!((house.visible().await, spooled(&house)), ((0, 0), 1), "it is on disk, and not committed");
    let ask = gzip(r#"{"acks":[0,7]}"#);
    let said = door.post("/services/collector/ack", headers, &ask).await;
    assert_eq!(said.body, json!({"acks": {"0": false, "7": false}}));
    door.flush().await;
    for _ in 0..2 {
        let said = door.post("/services/collector/ack", headers, &ask).await;
        assert_eq!(said.body, json!({"acks": {"0": true, "7": false}}));
    }
    assert_eq!((house.visible().await, spooled(&house)), ((2, 0), 0));
    let health = format!("GET /services/collector/health/1.0 HTTP/1.1\r\nauthorization: Splunk {TOKEN}\r\n");
    assert_eq!(door.ask(&health, b"").await.status, 200);
    assert_eq!(door.ask(&health.replace(TOKEN, "wrong"), b"").await.status, 400);
    let raw = format!("{headers}x: y\r\n").replace("content-encoding: gzip\r\n", "");
    let said = door.post("/services/collector/raw?sourcetype=aws_cloudtrail&host=web-1", &raw, records(5..7)).await;
    assert_eq!(said.body["ackId"], json!(1));
    door.flush().await;
    assert_eq!(house.visible().await, (4, 0));
    door.close().await;
}

/// As `plugins/out_splunk` of Fluent Bit sends: no channel, records under `event`, gzip where it is asked for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fluent_bit_is_answered_after_the_commit() {
    let house = House::new().await;
    let door = Door::open_running(&house).await;
    let headers = "user-agent: Fluent-Bit\r\ncontent-type: application/json\r\ncontent-encoding: gzip\r\n";
    let trail: Value = serde_json::from_str(&record(3)).expect("JSON");
    let line = "Mar  1 12:00:00 web sshd[7]: Accepted password for root from 192.0.2.1 port 22 ssh2";
    let body = [json!({"time": 1772366400.5, "event": trail}), json!({"time": 1772366400.5, "sourcetype": "linux_sshd", "event": line})];
    let said = door.post("/services/collector/event", headers, gzip(&body.map(|event| event.to_string()).concat())).await;
    assert_eq!((said.status, &said.body), (200, &json!({"text": "Success", "code": 0})));
    assert_eq!(house.visible().await, (2, 0));
    let mut sources: Vec<String> = house.objects().await.into_iter().map(|object| object.source).collect();
    sources.sort();
    assert_eq!(sources, ["aws_cloudtrail", "linux_sshd"]);
    door.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_no_source_recognises_is_kept_as_rejects() {
    let house = House::new().await;
    let door = Door::open_running(&house).await;
    assert_eq!(door.post("/services/collector/raw", "", "what is this\n\nand this\n").await.status, 200);
    assert_eq!(door.post("/v1/events?source=zeek", "", records(0..3)).await.status, 200);
    assert_eq!(house.visible().await, (0, 5));
    let mut objects: Vec<_> = house.objects().await.into_iter().map(|object| (object.source, object.records, object.rejects)).collect();
    objects.sort();
    assert_eq!(objects, [("unknown".to_owned(), 2, 2), ("zeek".to_owned(), 3, 3)]);
    let snapshot = house.catalog.snapshot().await.expect("a snapshot");
    let unknown = snapshot.segments[&Table::Rejects].iter().find(|segment| segment.source == "unknown").expect("a segment");
    assert_eq!(house.lake.read_segment(unknown).await.expect("rows")[0].num_rows(), 2);
    door.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_taken_is_told_why() {
    let house = House::new().await;
    let config = PushConfig { body_bytes_max: 1000, plain_bytes_max: 2000, spool_bytes_max: 3000, ..PushConfig::default() };
    let door = Door::open(&house, config).await;
    let event = "POST /services/collector/event HTTP/1.1\r\n";
    let basic = "authorization: Basic eDowMDAwMDAwMC0xMTExLTIyMjItMzMzMy00NDQ0NDQ0NDQ0NDQ=\r\n";
    let token = format!("authorization: Bearer {TOKEN}\r\n");
    let bomb = gzip(&" ".repeat(100_000));
    let many = "x".repeat(1001);
    let cases: [(String, &[u8], u16, i64); 14] = [
        (event.to_owned(), b"{}", 401, 2),
        (format!("{event}authorization: Splunk wrong\r\n"), b"{}", 403, 4),
        (format!("{event}authorization: Digest x\r\n"), b"{}", 401, 3),
        (format!("{event}{basic}"), b"", 400, 5),
        (format!("{event}{token}"), b" \n", 400, 5),
        (format!("{event}{token}"), b"not JSON", 400, 6),
        (format!("{event}{token}"), br#"{"time":1}"#, 400, 12),
        (format!("{event}{token}"), br#"{"event":""}"#, 400, 13),
        (format!("{event}{token}content-encoding: br\r\n"), b"{}", 415, 6),
        (format!("{event}{token}content-encoding: gzip\r\n"), b"not gzip", 400, 6),
        (format!("{event}{token}content-encoding: gzip\r\n"), &bomb, 413, 27),
        (format!("{event}{token}"), many.as_bytes(), 413, 27),
        (format!("POST /services/collector/ack HTTP/1.1\r\n{token}"), br#"{"acks":[0]}"#, 400, 10),
        (format!("POST /v1/events?source=cloudtrial HTTP/1.1\r\n{token}"), b"x", 400, 6),
    ];
    for (head, body, status, code) in cases {
        let said = door.ask(&head, body).await;
        assert_eq!((said.status, said.body["code"].as_i64()), (status, Some(code)), "{head}: {said:?}");
    }
    assert_eq!(door.ask(&format!("GET /v1/events HTTP/1.1\r\n{token}"), b"").await.status, 405);
    assert_eq!(door.ask(&format!("POST /v2/events HTTP/1.1\r\n{token}"), b"").await.status, 404);
    assert_eq!((house.visible().await, spooled(&house)), ((0, 0), 0));
    door.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_spool_tells_senders_to_come_again() {
    let house = House::new().await;
    let config = PushConfig { plain_bytes_max: 1500, spool_bytes_max: 1500, ..PushConfig::default() };
    let door = Door::open(&house, config).await;
    let channel = "x-splunk-request-channel: c\r\n";
    assert_eq!(door.post("/services/collector/raw", channel, records(0..5)).await.status, 200);
    let said = door.post("/services/collector/raw", channel, records(5..10)).await;
    assert_eq!((said.status, said.body["code"].as_i64()), (503, Some(9)));
    assert!(
        said.head.contains("retry-after: 5") && said.body["text"].as_str().is_some_and(|text| text.contains("spool is full")),
        "{said:?}"
    );
    assert_eq!(door.post("/services/collector/raw", channel, records(0..5)).await.status, 200, "it is there already");
    door.flush().await;
    assert_eq!(door.post("/services/collector/raw", channel, records(5..10)).await.status, 200);
    door.flush().await;
    assert_eq!(house.visible().await, (10, 0));
    door.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_crash_left_in_the_spool_is_committed_once() {
    let house = House::new().await;
    let spool = house.folder.path().join("spool");
    let batch = |range| vec![Batch { content: records(range).into(), choice: SourceChoice::Auto, time_ms: None, marks: Marks::default() }];
    let push = open(&house, PushConfig::default()).await;
    let receipt = push.receive(batch(0..10), None).await.expect("it is kept");
    let kept: Vec<_> = std::fs::read_dir(&spool).expect("the spool").map(|entry| entry.expect("a file").path()).collect();
    let copy = house.folder.path().join("copy");
    std::fs::copy(&kept[0], &copy).expect("a copy");
    push.flush(&CancellationToken::new()).await.expect("it is committed");
    assert!(receipt.is_committed());

    // The process died after the commit and before the file was deleted, and while it wrote another.
    std::fs::copy(&copy, &kept[0]).expect("the file again");
    std::fs::write(spool.join("ab.auto.7.0190.unfinished"), "half").expect("a file");
    let push = open(&house, PushConfig::default()).await;
    assert_eq!(push.fill().0, records(0..10).len() as u64);
    let waiting = push.receive(batch(20..25), None).await.expect("it is kept");
    drop(push);
    let push = open(&house, PushConfig::default()).await;
    let flushed = push.flush(&CancellationToken::new()).await.expect("it is committed");
    assert_eq!((flushed.known, flushed.committed, flushed.failed), (1, 1, 0));
    assert!(!waiting.is_committed(), "it was promised by a process that is gone");
    assert!(push.receive(batch(20..25), None).await.expect("it is known").is_committed());
    assert_eq!((house.visible().await, spooled(&house), push.fill().0), ((15, 0), 0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batches_of_many_senders_go_into_one_commit() {
    let house = House::new().await;
    let push = open(&house, PushConfig::default()).await;
    let sending = (0..40).map(|number: usize| {
        let push = push.clone();
        // Every batch comes from two senders.
        let content = records(number / 2 * 5..number / 2 * 5 + 5).into();
        tokio::spawn(async move {
            push.receive(vec![Batch { content, choice: SourceChoice::Auto, time_ms: None, marks: Marks::default() }], None).await
        })
    });
    let mut receipts = Vec::new();
    for sent in sending.collect::<Vec<_>>() {
        receipts.push(sent.await.expect("it does not panic").expect("it is kept"));
    }
    assert!(!receipts.iter().any(|receipt| receipt.is_committed()));
    let flushed = push.flush(&CancellationToken::new()).await.expect("it is committed");
    assert_eq!((flushed.committed, house.visible().await), (20, (100, 0)));
    assert_eq!(house.catalog.snapshot().await.expect("a snapshot").id, 1);
    for receipt in receipts {
        assert!(receipt.committed().await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logs_and_tokens_are_received_in_the_clear_on_loopback_only() {
    let house = House::new().await;
    let push = open(&house, PushConfig { flush_bytes: 1, ..PushConfig::default() }).await;
    let server = PushServer::new(push.clone(), Tokens::new([TOKEN]));
    let everywhere = TcpListener::bind("0.0.0.0:0").await.expect("a port");
    let refused = server.serve(everywhere, None, CancellationToken::new()).await;
    assert!(matches!(&refused, Err(Error::Listen { reason, .. }) if reason.contains("loopback")), "{refused:?}");

    let pair = rcgen::generate_simple_self_signed(["lake".to_owned()]).expect("a certificate");
    let key = rustls::pki_types::PrivateKeyDer::try_from(pair.signing_key.serialize_der()).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions().expect("versions");
    let tls = Arc::new(tls.with_no_client_auth().with_single_cert(vec![pair.cert.der().clone()], key).expect("a configuration"));
    let everywhere = TcpListener::bind("0.0.0.0:0").await.expect("a port");
    let (port, stop) = (everywhere.local_addr().expect("an address").port(), CancellationToken::new());
    let stopping = stop.clone();
    let serving = tokio::spawn(async move { server.serve(everywhere, Some(tls), stopping).await });
    let running = push.clone();
    let stopping = stop.clone();
    tokio::spawn(async move { running.run(stopping).await });

    let mut roots = rustls::RootCertStore::empty();
    roots.add(pair.cert.der().clone()).expect("a root");
    let client = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("versions");
    let client = tokio_rustls::TlsConnector::from(Arc::new(client.with_root_certificates(roots).with_no_client_auth()));
    let stream = TcpStream::connect(("127.0.0.1", port)).await.expect("a connection");
    let stream = client.connect("lake".try_into().expect("a name"), stream).await.expect("a handshake");
    let said = ask(stream, &format!("POST /v1/events HTTP/1.1\r\nauthorization: Bearer {TOKEN}\r\n"), records(0..4).as_bytes()).await;
    assert_eq!((said.status, house.visible().await), (200, (4, 0)));
    stop.cancel();
    serving.await.expect("it ends").expect("a clean end");
}

#[test]
fn a_listener_is_configured_like_this_and_what_is_wrong_with_it_is_named() {
    let read = |text: &str| serde_json::from_str::<PushConfig>(text);
    assert_eq!(read("{}").expect("the defaults"), PushConfig::default());
    PushConfig::default().validate().expect("the defaults are right");
    assert!(read(r#"{"flush_second":5}"#).expect_err("a typo").to_string().contains("flush_second"));
    let error = read(r#"{"spool_bytes_max":1000}"#).expect("well-formed").validate().expect_err("too small");
    assert!(error.to_string().starts_with("push.limits.spool_bytes_max cannot be 1000: it must be at least 67108864"), "{error}");
}
