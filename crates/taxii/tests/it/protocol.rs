use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use coldtrail_intel::{FeedFormat, Options, read_feed};
use coldtrail_taxii::{Client, Error, Filter, Limits, Login, Server, fetch};
use serde_json::{Value, json};

use crate::server::{Question, Reply, TestServer};

const ID: &str = "91a7b528-80eb-42ed-a74d-c6fbd5a26116";

fn indicator(number: u32) -> Value {
    json!({
        "type": "indicator", "spec_version": "2.1", "id": format!("indicator--00000000-0000-4000-8000-{number:012}"),
        "created": "2026-03-01T00:00:00Z", "modified": "2026-03-01T00:00:00Z", "valid_from": "2026-03-01T00:00:00Z", "pattern_type": "stix",
        "pattern": format!("[domain-name:value = 'bad{number}.example.com']"),
    })
}

/// Answers all but objects.
fn entrance(question: &Question) -> Option<Reply> {
    Some(match question.path.as_str() {
        "/taxii2/" => Reply::taxii(json!({"title": "Test", "default": "/api2/", "api_roots": ["/api1/", "/api2"]})),
        "/api1/collections/" => Reply::taxii(json!({})),
        "/api2/collections/" => Reply::taxii(json!({"collections": [
            {"id": ID, "title": "High value", "alias": "high", "can_read": true, "can_write": false, "media_types": ["application/stix+json;version=2.1"]},
            {"id": "00000000-0000-4000-8000-000000000001", "title": "Inbox", "can_read": false, "can_write": true},
        ]})),
        _ => return None,
    })
}

/// A server whose objects are answered by `objects`; everything else asked for is not there.
async fn start(objects: impl Fn(&Question) -> Reply + Send + Sync + 'static) -> TestServer {
    let path = format!("/api2/collections/{ID}/objects/");
    TestServer::start(move |question| match entrance(question) {
        Some(reply) => reply,
        None if question.path == path => objects(question),
        None => Reply::status(404),
    })
    .await
}

fn server(test: &TestServer) -> Server {
    Server { url: test.url.clone(), ..Server::default() }
}

fn domains(bundle: &[u8]) -> Vec<String> {
    let feed = read_feed(FeedFormat::Guess, "taxii.json", bundle, &Options::default()).unwrap();
    assert_eq!(feed.format, FeedFormat::Stix);
    feed.entries.iter().map(|entry| entry.original.to_string()).collect()
}

/// Three pages of two, two and one.
fn by_next(question: &Question) -> Reply {
    let page = |objects: Value, next: &str, date: &str| {
        let mut body = json!({"objects": objects});
        if !next.is_empty() {
            body["more"] = true.into();
            body["next"] = next.into();
        }
        Reply::taxii(body).with("X-TAXII-Date-Added-Last", date)
    };
    match question.query("next") {
        None => page(json!([indicator(1), indicator(2)]), "a=b&c", "2026-03-01T00:00:01.000001Z"),
        Some("a=b&c") => page(json!([indicator(3), indicator(4)]), "3", "2026-03-01T00:00:03Z"),
        Some("3") => page(json!([indicator(5)]), "", "2026-03-01T00:00:05Z"),
        Some(_) => Reply::status(400),
    }
}

#[tokio::test]
async fn a_collection_of_several_pages_becomes_one_bundle_that_the_reader_of_stix_takes() {
    let test = start(by_next).await;
    for name in [ID, "high", "High value"] {
        let objects = fetch(&server(&test), name, &Filter::default()).await.unwrap();
        assert_eq!((objects.count, objects.pages), (5, 3));
        assert_eq!(objects.added_last.unwrap().to_rfc3339(), "2026-03-01T00:00:05+00:00");
        let found = domains(&objects.bundle);
        assert!((1..=5).all(|number| found[number - 1].contains(&format!("bad{number}.example.com"))), "{found:?}");
        assert_eq!(found.len(), 5);
    }
    let asked = test.asked();
    assert!(asked.iter().all(|question| question.headers["accept"] == "application/taxii+json;version=2.1"));
    assert!(asked.iter().all(|question| !question.headers.contains_key("authorization")));
}

#[tokio::test]
async fn every_page_is_asked_for_with_the_same_filter() {
    let test = start(by_next).await;
    let after = "2026-02-01T00:00:00.5Z".parse().unwrap();
    let filter = Filter { added_after: Some(after), types: vec!["indicator".to_owned(), "malware".to_owned()], page_objects: Some(2) };
    fetch(&server(&test), ID, &filter).await.unwrap();
    let pages: Vec<Question> = test.asked().into_iter().filter(|question| question.path.ends_with("/objects/")).collect();
    assert_eq!(pages.len(), 3);
    for page in &pages {
        assert_eq!(page.query("added_after"), Some("2026-02-01T00:00:00.500000Z"));
        assert_eq!((page.query("match[type]"), page.query("limit")), (Some("indicator,malware"), Some("2")));
    }
}

/// Section 3.5: more without next is gone on with by the date of the last object.
#[tokio::test]
async fn pages_without_next_are_followed_by_their_dates() {
    let test = start(|question| match question.query("added_after") {
        None => {
            Reply::taxii(json!({"more": true, "objects": [indicator(1)]})).with("X-TAXII-Date-Added-Last", "2026-03-01T00:00:01.123456Z")
        }
        Some("2026-03-01T00:00:01.123456Z") => Reply::taxii(json!({"more": false, "objects": [indicator(2)]})),
        Some(_) => Reply::status(400),
    })
    .await;
    let objects = fetch(&server(&test), ID, &Filter::default()).await.unwrap();
    assert_eq!((objects.count, objects.pages), (2, 2));
}

#[tokio::test]
async fn an_empty_collection_is_an_empty_bundle() {
    let test = start(|_| Reply::taxii("{}")).await;
    let objects = fetch(&server(&test), ID, &Filter::default()).await.unwrap();
    assert_eq!((objects.count, objects.pages, objects.added_last), (0, 1, None));
    let bundle: Value = serde_json::from_slice(&objects.bundle).unwrap();
    assert_eq!(bundle["type"], "bundle");
}

/// What fetching gives where it must fail, as text.
async fn failure(server: &Server, collection: &str) -> (Error, String) {
    let error = fetch(server, collection, &Filter::default()).await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains(&server.url), "{text}");
    (error, text)
}

#[tokio::test]
async fn a_server_that_goes_round_in_circles_is_left() {
    let replies: [fn(&Question) -> Reply; 3] = [
        |_| Reply::taxii(json!({"more": true, "next": "1", "objects": [indicator(1)]})),
        |_| Reply::taxii(json!({"more": true, "objects": [indicator(1)]})).with("X-TAXII-Date-Added-Last", "2026-03-01T00:00:01Z"),
        |_| Reply::taxii(json!({"more": true, "objects": [indicator(1)]})),
    ];
    for reply in replies {
        let (error, text) = failure(&server(&start(reply).await), ID).await;
        assert!(matches!(error, Error::Stuck { .. }) && text.contains("High value"), "{text}");
    }
    let endless = AtomicU32::new(0);
    let test = start(move |_| Reply::taxii(json!({"more": true, "next": endless.fetch_add(1, Ordering::SeqCst).to_string()}))).await;
    let limited = Server { limits: Limits { pages_max: 7, ..Limits::default() }, ..server(&test) };
    let (error, text) = failure(&limited, ID).await;
    assert!(matches!(error, Error::TooLarge { limit: "pages_max", value: 7, .. }), "{text}");
}

#[tokio::test]
async fn a_login_is_sent_to_the_server_and_told_to_nobody() {
    let logins = [
        (Login::Basic { user: "mara".to_owned(), password: "hunter2".to_owned() }, "Basic bWFyYTpodW50ZXIy"),
        (Login::Bearer("t0ken-hunter2".to_owned()), "Bearer t0ken-hunter2"),
    ];
    for (login, header) in logins {
        let test = TestServer::start(move |question| {
            let is_known = question.headers.get("authorization").is_some_and(|sent| sent == header);
            if is_known { entrance(question).unwrap_or_else(|| by_next(question)) } else { Reply::status(401) }
        })
        .await;
        let known = Server { login: Some(login.clone()), ..server(&test) };
        assert_eq!(fetch(&known, ID, &Filter::default()).await.unwrap().count, 5);
        let (error, text) = failure(&server(&test), ID).await;
        assert!(matches!(error, Error::Login { status: 401, .. }) && text.contains("check the login"), "{text}");

        let echo = start(move |question| {
            let mut reply = Reply::status(500);
            reply.body = json!({"title": "Trouble", "description": format!("of {}", question.headers["authorization"])}).to_string();
            reply
        })
        .await;
        let (error, text) = failure(&Server { login: Some(login.clone()), ..server(&echo) }, ID).await;
        assert!(text.contains("Trouble") && text.contains("High value") && error.is_retryable(), "{text}");
        for shown in [text, format!("{error:?}"), format!("{known:?}"), format!("{:?}", Client::new(&known).unwrap())] {
            assert!(!shown.contains("hunter2") && !shown.contains("bWFyYTpodW50ZXIy"), "{shown}");
        }
    }
}

#[tokio::test]
async fn a_login_does_not_follow_to_another_server() {
    let other = TestServer::start(|_| Reply::taxii("{}")).await;
    let target = other.url.clone();
    let moved = TestServer::start(move |_| Reply::status(302).with("location", &target)).await;
    let login = Some(Login::Bearer("t0ken".to_owned()));
    let (error, text) = failure(&Server { login: login.clone(), ..server(&moved) }, ID).await;
    assert!(matches!(error, Error::OtherServer { .. }) && text.contains("name that server itself"), "{text}");
    let target = other.url.clone();
    let leading = TestServer::start(move |_| Reply::taxii(json!({"title": "x", "api_roots": [target]}))).await;
    let (error, text) = failure(&Server { login, ..server(&leading) }, ID).await;
    assert!(matches!(error, Error::OtherServer { .. }), "{text}");
    assert!(other.asked().is_empty());
}

#[tokio::test]
async fn what_is_not_there_is_said_with_what_is() {
    let test = start(|_| Reply::status(404)).await;
    let (error, text) = failure(&server(&test), ID).await;
    assert!(matches!(error, Error::NotFound { .. }) && text.contains("High value"), "{text}");
    let (error, text) = failure(&server(&test), "Low value").await;
    assert!(matches!(error, Error::NoCollection { .. }) && text.contains(ID) && text.contains("Inbox"), "{text}");
    let (error, text) = failure(&server(&test), "Inbox").await;
    assert!(matches!(error, Error::NotReadable { .. }), "{text}");
    let nowhere = Server { url: test.url.replace("taxii2", "nowhere"), ..Server::default() };
    let (error, text) = failure(&nowhere, ID).await;
    assert!(matches!(error, Error::NotFound { .. }) && text.contains("/taxii2/"), "{text}");
}

#[tokio::test]
async fn a_busy_server_is_asked_again_when_it_says() {
    let times = AtomicU32::new(0);
    let test = start(move |question| match times.fetch_add(1, Ordering::SeqCst) {
        0 => Reply::status(429).with("retry-after", 0),
        1 => Reply::status(503).with("retry-after", "Sun, 01 Mar 2020 00:00:00 GMT"),
        _ => by_next(question),
    })
    .await;
    assert_eq!(fetch(&server(&test), ID, &Filter::default()).await.unwrap().count, 5);

    let test = start(|_| Reply::status(429).with("retry-after", 3600)).await;
    let (error, text) = failure(&server(&test), ID).await;
    assert!(matches!(error, Error::Busy { status: 429, wait: Some(wait), .. } if wait == Duration::from_secs(3600)), "{text}");
    assert!(text.contains("3600") && error.is_retryable());
    assert_eq!(test.asked().iter().filter(|question| question.path.ends_with("/objects/")).count(), 1);

    let test = start(|_| Reply::status(429).with("retry-after", 0)).await;
    let (error, _) = failure(&server(&test), ID).await;
    assert!(matches!(error, Error::Busy { .. }));
    let asked = test.asked().iter().filter(|question| question.path.ends_with("/objects/")).count();
    assert_eq!(asked, 1 + Limits::default().retries_max as usize);
}

#[tokio::test]
async fn more_bytes_than_a_limit_are_not_taken() {
    let large = |_: &Question| Reply::taxii(json!({"objects": [{"type": "note", "content": "x".repeat(5000)}]}));
    let chunked = move |question: &Question| large(question).with("transfer-encoding", "chunked");
    for test in [start(large).await, start(chunked).await] {
        let limits = Limits { page_bytes_max: 4096, ..Limits::default() };
        let (error, text) = failure(&Server { limits, ..server(&test) }, ID).await;
        assert!(matches!(error, Error::TooLarge { limit: "page_bytes_max", value: 4096, .. }) && text.contains("High value"), "{text}");
        let limits = Limits { collection_bytes_max: 4096, ..Limits::default() };
        let (error, text) = failure(&Server { limits, ..server(&test) }, ID).await;
        assert!(matches!(error, Error::TooLarge { limit: "collection_bytes_max", .. }), "{text}");
    }
}

#[tokio::test]
async fn what_is_not_taxii_2_1_is_refused() {
    for found in ["text/html", "application/json", "application/taxii+json;version=2.0"] {
        let test = start(move |_| Reply::taxii("{}").with("content-type", found)).await;
        let (error, text) = failure(&server(&test), ID).await;
        assert!(matches!(error, Error::ContentType { .. }) && text.contains(found), "{text}");
    }
    for body in ["<html>", "[]", "{\"objects\": {}}"] {
        let test = start(move |_| Reply::taxii(body)).await;
        let (error, text) = failure(&server(&test), ID).await;
        assert!(matches!(error, Error::Malformed { .. }), "{text}");
    }
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_given_up() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/taxii2/", listener.local_addr().unwrap());
    let limits = Limits { request_timeout: Duration::from_millis(50), ..Limits::default() };
    let (error, _) = failure(&Server { url, limits, ..Server::default() }, ID).await;
    assert!(matches!(error, Error::Unreachable { .. }) && error.is_retryable());
}

/// An address may be that of an API root.
#[tokio::test]
async fn an_api_root_is_entered_without_a_discovery() {
    let test = TestServer::start(|question| match question.path.as_str() {
        "/api2/" => Reply::taxii(json!({"title": "Root", "versions": ["application/taxii+json;version=2.1"], "max_content_length": 9})),
        _ => entrance(question).unwrap_or_else(|| by_next(question)),
    })
    .await;
    let root = Server { url: test.url.replace("taxii2", "api2"), ..Server::default() };
    assert_eq!(fetch(&root, "high", &Filter::default()).await.unwrap().count, 5);
    assert!(test.asked().iter().all(|question| question.path != "/taxii2/"));
}
