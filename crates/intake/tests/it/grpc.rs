//! What senders over gRPC are told, and when; with tonic's client over loopback.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use coldtrail_intake::{Error, GrpcServer, Push, PushConfig, PushServer, Tokens};
use coldtrail_model::{SegmentIndex, Table};
use coldtrail_proto::ingest::v1::ingest_service_client::IngestServiceClient;
use coldtrail_proto::ingest::v1::push_response::Answer;
use coldtrail_proto::ingest::v1::{Compression, PushRequest, PushResponse, Reason, Refused, Taken};
use futures::StreamExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_rustls::rustls;
use tokio_util::sync::CancellationToken;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status, Streaming};

use crate::support::{House, records};

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
        let (server, stopping) = (GrpcServer::new(push.clone(), Tokens::new([TOKEN])), stop.clone());
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

    async fn call(&self) -> Call {
        Call::begin(channel(self.address).await, TOKEN).await.expect("a call")
    }

    async fn flush(&self) {
        self.push.flush(&CancellationToken::new()).await.expect("it is committed");
    }

    /// Waits until so many bytes are safe in the spool.
    async fn kept(&self, bytes: usize) {
        until(|| self.push.waiting_bytes() >= bytes as u64).await;
    }

    async fn close(self) {
        self.stop.cancel();
        self.serving.await.expect("it ends").expect("a clean end");
    }
}

async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        // Not spinning: the other tests need the cores too.
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

async fn open(house: &House, config: PushConfig) -> Push {
    Push::open(house.folder.path().join("spool"), house.taker.clone(), config).await.expect("a spool")
}

async fn channel(address: SocketAddr) -> Channel {
    Endpoint::from_shared(format!("http://{address}")).expect("an address").connect().await.expect("a connection")
}

/// An open call.
struct Call {
    sender: mpsc::Sender<PushRequest>,
    answers: Streaming<PushResponse>,
}

impl Call {
    async fn begin(channel: Channel, token: &str) -> Result<Self, Status> {
        let (sender, requests) = mpsc::channel(1);
        let requests = futures::stream::unfold(requests, |mut requests| async move { Some((requests.recv().await?, requests)) });
        let mut request = Request::new(requests.boxed());
        request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().expect("ASCII"));
        let answers = IngestServiceClient::new(channel).push(request).await?.into_inner();
        Ok(Self { sender, answers })
    }

    async fn send(&self, request: PushRequest) {
        self.sender.send(request).await.expect("the call is open");
    }

    async fn answer(&mut self) -> (String, Answer) {
        let answer = self.answers.message().await.expect("the call goes on").expect("an answer");
        (answer.id, answer.answer.expect("one of them"))
    }

    async fn taken(&mut self) -> Taken {
        match self.answer().await {
            (_, Answer::Taken(taken)) => taken,
            (id, Answer::Refused(refused)) => panic!("{id}: {refused:?}"),
        }
    }

    async fn refused(&mut self) -> Refused {
        match self.answer().await {
            (_, Answer::Refused(refused)) => refused,
            (id, Answer::Taken(taken)) => panic!("{id}: {taken:?}"),
        }
    }
}

fn batch(id: &str, records: impl Into<Vec<u8>>) -> PushRequest {
    PushRequest { id: id.to_owned(), source: "aws_cloudtrail".to_owned(), records: records.into(), ..PushRequest::default() }
}

fn counts(taken: &Taken) -> (u64, u64, u64) {
    (taken.events, taken.rejects, taken.duplicates)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_is_acknowledged_after_its_commit_and_not_before() {
    let house = House::new().await;
    let door = Door::open(&house, PushConfig::default()).await;
    let mut call = door.call().await;
    let content = records(0..10) + "not a record\n";
    call.send(batch("one", content.as_bytes())).await;
    door.kept(content.len()).await;
    assert!(futures::poll!(Box::pin(call.answers.message())).is_pending(), "it is on disk, and not committed");
    assert_eq!(house.visible().await, (0, 0));

    door.flush().await;
    let (id, Answer::Taken(taken)) = call.answer().await else { panic!("it is refused") };
    assert_eq!((id.as_str(), counts(&taken)), ("one", (10, 1, 0)));
    let snapshot = house.catalog.snapshot().await.expect("a snapshot");
    assert_eq!((taken.snapshot_id, house.visible().await), (snapshot.id, (10, 1)));
    assert!(house.objects().await.iter().any(|object| object.url == taken.object && object.records == 11), "{taken:?}");
    door.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_that_is_sent_again_is_acknowledged_as_taken_already() {
    let house = House::new().await;
    let door = Door::open(&house, PushConfig::default()).await;
    let mut call = door.call().await;
    call.send(batch("one", records(0..10))).await;
    call.send(batch("one", records(0..10))).await;
    door.kept(records(0..10).len()).await;
    call.send(batch("other", records(10..15))).await;
    door.kept(records(0..15).len()).await;
    door.flush().await;
    let mut all = [call.taken().await, call.taken().await, call.taken().await];
    all.sort_by_key(counts);
    assert_eq!(all.each_ref().map(counts), [(0, 0, 10), (5, 0, 0), (10, 0, 0)], "once while the first still waits");

    // The acknowledgement was lost, and the sender is another one by now.
    let mut call = door.call().await;
    call.send(batch("one", records(0..10))).await;
    let taken = call.taken().await;
    assert_eq!((counts(&taken), taken.snapshot_id, &taken.object), ((0, 0, 10), 1, &all[2].object));
    call.send(batch("another", records(0..10))).await;
    door.kept(records(0..10).len()).await;
    door.flush().await;
    assert_eq!(counts(&call.taken().await), (10, 0, 0), "whoever gives ids says what is the same");
    call.send(batch("one", records(20..21))).await;
    door.kept(records(20..21).len()).await;
    door.flush().await;
    assert_eq!(counts(&call.taken().await), (1, 0, 0), "nothing is lost to an id that was used twice");
    assert_eq!(house.visible().await, (26, 0));
    door.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_that_came_over_http_is_known_over_grpc() {
    let house = House::new().await;
    let door = Door::open_running(&house).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let (address, stop) = (listener.local_addr().expect("an address"), door.stop.clone());
    let server = PushServer::new(door.push.clone(), Tokens::new([TOKEN]));
    let serving = tokio::spawn(async move { server.serve(listener, None, stop).await });
    let head = format!("POST /v1/events?source=aws_cloudtrail HTTP/1.1\r\nauthorization: Bearer {TOKEN}\r\nidempotency-key: seven\r\n");
    let said = crate::push::ask(TcpStream::connect(address).await.expect("a connection"), &head, records(0..10).as_bytes()).await;
    assert_eq!(said.status, 200);
    let mut call = door.call().await;
    call.send(batch("seven", records(0..10))).await;
    assert_eq!(counts(&call.taken().await), (0, 0, 10));
    assert_eq!(house.visible().await, (10, 0));
    drop(call);
    door.close().await;
    serving.await.expect("it ends").expect("a clean end");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_sender_says_of_a_batch_is_on_every_event_also_after_a_crash() {
    let house = House::new().await;
    let door = Door::open(&house, PushConfig::default()).await;
    let call = door.call().await;
    let said =
        PushRequest { account: "111122223333".to_owned(), labels: vec!["edge".to_owned(), "eu".to_owned()], ..batch("one", records(0..3)) };
    call.send(said.clone()).await;
    door.kept(records(0..3).len()).await;
    drop(call);
    door.close().await;

    let door = Door::open(&house, PushConfig::default()).await;
    door.flush().await;
    let snapshot = house.catalog.snapshot().await.expect("a snapshot");
    let segments = snapshot.segments.iter().filter(|(table, _)| matches!(table, Table::Events(_))).flat_map(|(_, segments)| segments);
    let mut rows = 0;
    for segment in segments {
        for read in house.lake.read_segment(segment).await.expect("rows") {
            let text = |column: &str| format!("{:?}", read.column_by_name(column).expect("a column"));
            assert!(text("cloud_account_uid").contains("111122223333"), "{}", text("cloud_account_uid"));
            assert!(text("metadata_labels").contains("edge") && text("metadata_labels").contains("eu"), "{}", text("metadata_labels"));
            rows += read.num_rows();
        }
    }
    assert_eq!((rows, std::fs::read_dir(house.folder.path().join("spool")).expect("the spool").count()), (3, 0));
    let mut call = door.call().await;
    call.send(said).await;
    assert_eq!(counts(&call.taken().await), (0, 0, 3));
    door.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sender_that_is_faster_than_commits_waits() {
    const BATCHES: usize = 40;
    let house = House::new().await;
    let size = 256 << 10;
    let door = Door::open(&house, PushConfig { inflight_bytes_max: 2 * size as u64, ..PushConfig::default() }).await;
    let Call { sender, mut answers } = door.call().await;
    let sending = tokio::spawn(async move {
        for number in 0..BATCHES {
            let mut content = records(number..number + 1);
            content.push_str(&" ".repeat(size - content.len()));
            sender.send(batch(&format!("{number}"), content)).await.expect("the call is open");
        }
    });
    let mut answered = 0;
    while answered < BATCHES {
        let waiting = 2.min(BATCHES - answered);
        door.kept(waiting * size).await;
        assert_eq!(door.push.fill().0, (waiting * size) as u64, "no more is read than may be under way");
        // What was sent and not read is in the windows of HTTP/2; all of it cannot be.
        assert!(answered > BATCHES / 2 || !sending.is_finished(), "the sender has to wait");
        door.flush().await;
        for _ in 0..waiting {
            let answer = answers.message().await.expect("the call goes on").expect("an answer").answer;
            assert!(matches!(answer, Some(Answer::Taken(Taken { events: 1, .. }))), "{answer:?}");
            answered += 1;
        }
    }
    sending.await.expect("everything is sent");
    assert!(answers.message().await.expect("a clean end").is_none());
    assert_eq!(house.visible().await, (BATCHES as u64, 0));
    door.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_that_is_not_taken_is_told_why_and_the_call_goes_on() {
    let house = House::new().await;
    let config = PushConfig { body_bytes_max: 2000, plain_bytes_max: 4000, spool_bytes_max: 4000, ..PushConfig::default() };
    let door = Door::open(&house, config).await;
    let mut call = door.call().await;
    let packed = |compression: Compression, bytes: Vec<u8>| PushRequest { compression: compression.into(), ..batch("x", bytes) };
    let bomb = zstd::encode_all(&vec![b'x'; 100_000][..], 1).expect("writing to memory");
    let cases = [
        (PushRequest { source: "cloudtrial".to_owned(), ..batch("x", "x") }, Reason::UnknownSource, "there is no source \"cloudtrial\""),
        (batch("x", vec![b'x'; 2001]), Reason::TooLarge, "push.limits.body_bytes_max (2000 bytes); send smaller batches"),
        (packed(Compression::Zstd, bomb), Reason::TooLarge, "push.limits.plain_bytes_max (4000 bytes)"),
        (packed(Compression::Gzip, b"not gzip".to_vec()), Reason::Unreadable, "cannot be decompressed"),
        (PushRequest { compression: 9, ..batch("x", "x") }, Reason::Unreadable, "gzip, zstd or none"),
        (batch("x", " \n"), Reason::Empty, "no records"),
        (batch("", "x"), Reason::Invalid, "give each batch an id"),
        (batch(&"i".repeat(257), "x"), Reason::Invalid, "257 bytes"),
        (PushRequest { account: "a".repeat(257), ..batch("x", "x") }, Reason::Invalid, "its account has 257 bytes"),
        (PushRequest { labels: vec![String::new()], ..batch("x", "x") }, Reason::Invalid, "one of its labels"),
        (PushRequest { labels: vec!["l".to_owned(); 17], ..batch("x", "x") }, Reason::Invalid, "17 labels"),
    ];
    for (request, reason, text) in cases {
        let id = request.id.clone();
        call.send(request).await;
        let (answered, Answer::Refused(refused)) = call.answer().await else { panic!("{text}: it was taken") };
        assert_eq!((answered, refused.reason()), (id, reason), "{refused:?}");
        assert!(refused.message.contains(text) && refused.retry_after_seconds == 0, "{refused:?}");
    }
    assert_eq!(door.push.fill().0, 0, "nothing of it was kept");
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(records(0..5).as_bytes()).expect("writing to memory");
    let packed = packed.finish().expect("writing to memory");
    call.send(PushRequest { compression: Compression::Gzip.into(), ..batch("good", packed) }).await;
    door.kept(records(0..5).len()).await;
    door.flush().await;
    assert_eq!(counts(&call.taken().await), (5, 0, 0));
    door.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_spool_and_a_message_that_cannot_be_read_are_said() {
    let house = House::new().await;
    // One batch fits, and not a second one.
    let room = records(0..5).len() + 10;
    let config = PushConfig { body_bytes_max: room, plain_bytes_max: room, spool_bytes_max: room as u64, ..PushConfig::default() };
    let door = Door::open(&house, config).await;
    let mut call = door.call().await;
    call.send(batch("one", records(0..5))).await;
    door.kept(records(0..5).len()).await;
    call.send(batch("two", records(5..10))).await;
    let refused = call.refused().await;
    assert_eq!((refused.reason(), refused.retry_after_seconds), (Reason::Busy, 5));
    assert!(refused.message.contains("spool is full"), "{refused:?}");

    call.send(batch("huge", vec![b'x'; 1 << 20])).await;
    door.flush().await;
    assert_eq!(counts(&call.taken().await), (5, 0, 0), "what came before is answered");
    let ended = call.answers.message().await.expect_err("nothing behind it can be read");
    assert!(ended.code() == Code::OutOfRange && ended.message().contains("push.limits.body_bytes_max"), "{ended:?}");
    let mut call = door.call().await;
    call.send(batch("two", records(5..10))).await;
    door.kept(records(5..10).len()).await;
    door.flush().await;
    assert_eq!(counts(&call.taken().await), (5, 0, 0));
    door.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_no_token_or_finds_no_place_is_told_so() {
    let house = House::new().await;
    let door = Door::open(&house, PushConfig { calls_max: 1, ..PushConfig::default() }).await;
    let wrong = Call::begin(channel(door.address).await, "wrong").await.err().expect("it is refused");
    assert!(wrong.code() == Code::Unauthenticated && wrong.message().contains("push.tokens_file"), "{wrong:?}");
    let nobody = IngestServiceClient::new(channel(door.address).await).push(futures::stream::empty()).await.expect_err("no token");
    assert_eq!(nobody.code(), Code::Unauthenticated);
    let first = door.call().await;
    let second = Call::begin(channel(door.address).await, TOKEN).await.err().expect("it is refused");
    assert!(second.code() == Code::ResourceExhausted && second.message().contains("push.limits.calls_max"), "{second:?}");
    drop(first);
    door.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stops_says_what_to_do_with_what_it_has_not_answered() {
    let house = House::new().await;
    let door = Door::open(&house, PushConfig::default()).await;
    let mut call = door.call().await;
    call.send(batch("one", records(0..10))).await;
    door.kept(records(0..10).len()).await;
    door.stop.cancel();
    door.flush().await;
    assert_eq!(counts(&call.taken().await), (10, 0, 0), "its last commit is still answered");
    let ended = call.answers.message().await.expect_err("the end");
    assert!(ended.code() == Code::Unavailable && ended.message().contains("send again"), "{ended:?}");
    door.close().await;
}

/// The server has a runtime of its own that goes on only while the test lets it: it ends after the commit, before it can say so.
#[test]
fn a_server_that_dies_between_commit_and_acknowledgement_takes_the_batch_once() {
    let outside = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let inside = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let house = outside.block_on(House::new());
    let door = inside.block_on(Door::open(&house, PushConfig::default()));
    let address = door.address;
    let calling = std::thread::spawn(move || {
        let sender = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        sender.block_on(async move {
            let mut call = Call::begin(channel(address).await, TOKEN).await.expect("a call");
            call.send(batch("one", records(0..10))).await;
            call.answers.message().await
        })
    });
    inside.block_on(door.kept(records(0..10).len()));
    outside.block_on(door.flush());
    assert_eq!(outside.block_on(house.visible()), (10, 0), "it is committed");
    drop(door);
    drop(inside);
    let lost = calling.join().expect("no panic");
    assert!(lost.is_err(), "nobody said that it is taken: {lost:?}");

    outside.block_on(async {
        let door = Door::open_running(&house).await;
        let mut call = door.call().await;
        call.send(batch("one", records(0..10))).await;
        assert_eq!(counts(&call.taken().await), (0, 0, 10));
        call.send(batch("two", records(10..12))).await;
        assert_eq!(counts(&call.taken().await), (2, 0, 0));
        assert_eq!(house.visible().await, (12, 0));
        door.close().await;
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_and_logs_are_received_in_the_clear_on_loopback_only() {
    let house = House::new().await;
    let push = open(&house, PushConfig { flush_bytes: 1, ..PushConfig::default() }).await;
    let server = GrpcServer::new(push.clone(), Tokens::new([TOKEN]));
    let everywhere = TcpListener::bind("0.0.0.0:0").await.expect("a port");
    let refused = server.serve(everywhere, None, CancellationToken::new()).await;
    assert!(matches!(&refused, Err(Error::Listen { reason, .. }) if reason.contains("loopback")), "{refused:?}");

    let pair = rcgen::generate_simple_self_signed(["lake".to_owned()]).expect("a certificate");
    let (certificate, key) = (house.folder.path().join("lake.pem"), house.folder.path().join("lake-key.pem"));
    std::fs::write(&certificate, pair.cert.pem()).expect("a file");
    std::fs::write(&key, pair.signing_key.serialize_pem()).expect("a file");
    let tls = coldtrail_intake::server_tls(&certificate, &key).expect("a configuration");
    let everywhere = TcpListener::bind("0.0.0.0:0").await.expect("a port");
    let (port, stop) = (everywhere.local_addr().expect("an address").port(), CancellationToken::new());
    let stopping = stop.clone();
    let serving = tokio::spawn(async move { server.serve(everywhere, Some(tls), stopping).await });
    let stopping = stop.clone();
    tokio::spawn(async move { push.run(stopping).await });

    let mut roots = rustls::RootCertStore::empty();
    roots.add(pair.cert.der().clone()).expect("a root");
    let client = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
    let client = client.with_safe_default_protocol_versions().expect("versions").with_root_certificates(roots);
    let mut client = client.with_no_client_auth();
    client.alpn_protocols = vec![b"h2".to_vec()];
    let client = tokio_rustls::TlsConnector::from(Arc::new(client));
    let connect = tower::service_fn(move |_| {
        let client = client.clone();
        async move {
            let stream = TcpStream::connect(("127.0.0.1", port)).await?;
            let stream = client.connect("lake".try_into().expect("a name"), stream).await?;
            Ok::<_, std::io::Error>(hyper_util::rt::TokioIo::new(stream))
        }
    });
    let channel = Endpoint::from_static("http://lake").connect_with_connector(connect).await.expect("a handshake");
    let mut call = Call::begin(channel, TOKEN).await.expect("a call");
    call.send(batch("one", records(0..4))).await;
    assert_eq!((counts(&call.taken().await), house.visible().await), ((4, 0, 0), (4, 0)));
    let clear = Endpoint::from_shared(format!("http://127.0.0.1:{port}")).expect("an address").timeout(Duration::from_secs(20));
    let refused = match clear.connect().await {
        Ok(channel) => Call::begin(channel, TOKEN).await.is_err(),
        Err(_) => true,
    };
    assert!(refused, "nothing is taken in the clear");
    stop.cancel();
    drop(call);
    serving.await.expect("it ends").expect("a clean end");
}
