//! Which places a lake can be in, and what is said when it cannot.

use std::fmt::Write as _;

use coldtrail_lake::{Error, Lake, SegmentWriter, StoreOptions, WriterConfig};
use coldtrail_model::Col;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::*;

fn refusal(url: &str) -> String {
    let error = Lake::open(url, &StoreOptions::default()).unwrap_err();
    assert!(!error.is_retryable());
    error.to_string()
}

#[tokio::test]
async fn a_folder_is_made_and_its_url_opens_the_same_lake() {
    let folder = tempfile::TempDir::new().unwrap();
    let lake = open(folder.path().join("new/ä %20 lake/").to_str().unwrap());
    let metas = write(&lake, WriterConfig::default(), api_calls(5, 1)).await;
    let again = open(lake.url().as_str());
    assert_eq!(again.url(), lake.url());
    for meta in &metas {
        again.verify_segment(meta).await.unwrap();
        assert!(folder.path().join("new/ä %20 lake").join(&meta.path).is_file());
    }
}

#[test]
fn the_path_in_a_bucket_begins_with_the_lakes_own() {
    let lake = open("memory:///security/lake/");
    assert_eq!(lake.url().as_str(), "memory:///security/lake");
    assert_eq!(lake.path("ocsf/a/event_day=2026-03-01/x.parquet").as_ref(), "security/lake/ocsf/a/event_day=2026-03-01/x.parquet");
}

#[test]
fn what_is_no_place_for_a_lake_is_refused_with_the_reason() {
    assert!(refusal("").contains("write /folder, file:///folder, s3://bucket/prefix"));
    assert!(refusal("ftp://host/lake").contains("write /folder, file:///folder, s3://bucket/prefix"));
    assert!(refusal("s3:///prefix").contains("it names no bucket"));
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, b"").unwrap();
    assert!(refusal(file.to_str().unwrap()).starts_with(&format!("cannot use the folder {}", file.display())));
    let options = StoreOptions { s3_endpoint: Some("http://127.0.0.1:9000".to_owned()), ..StoreOptions::default() };
    assert!(Lake::open("s3://bucket/lake", &options).unwrap_err().to_string().contains("set allow_http = true"));
}

#[test]
fn secrets_are_refused_and_never_repeated() {
    for url in [
        "s3://key:hunter2@bucket/lake",
        "az://container/lake?sig=hunter2",
        "abfss://c:hunter2@a.dfs.core.windows.net/x",
        "s3://b/x#hunter2",
    ] {
        let error = refusal(url);
        assert!(error.contains("put credentials in the environment") && !error.contains("hunter2"), "{error}");
    }
    let options = StoreOptions { s3_endpoint: Some("https://key:hunter2@127.0.0.1:9000".to_owned()), ..StoreOptions::default() };
    let error = Lake::open("s3://bucket/lake", &options).unwrap_err().to_string();
    assert!(error.contains("put credentials in the environment") && !error.contains("hunter2"), "{error}");
    assert!(!format!("{options:?}").contains("hunter2"));
    assert_eq!(format!("{:?}", open("memory:///lake")), r#"Lake { url: "memory:///lake", .. }"#);
}

#[tokio::test]
async fn a_large_segment_is_stored_in_parts() {
    let options = StoreOptions { upload_part_bytes: 0, ..StoreOptions::default() };
    let lake = Lake::open("memory:///", &options).unwrap();
    let mut event = api_call(0, MARCH_1);
    let (mut noise, mut state) = (String::new(), 1_u64);
    while noise.len() < 14 << 20 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        write!(noise, "{:08x}", state >> 32).unwrap();
    }
    event.owned_text(Col::RawData, noise.clone());
    let metas = write(&lake, WriterConfig::default(), vec![event]).await;
    let meta = &segments_of(&metas, API)[0];
    assert!(meta.bytes > 6 << 20, "{} bytes are one part", meta.bytes);
    lake.verify_segment(meta).await.unwrap();
    assert!(rows(&lake, meta).await[0]["raw_data"] == noise);
}

#[test]
fn a_setting_out_of_its_range_is_named() {
    WriterConfig::default().validate().unwrap();
    let error = WriterConfig { zstd_level: 23, ..WriterConfig::default() }.validate().unwrap_err();
    assert_eq!(error.to_string(), "the setting zstd_level cannot be 23: it must be 1 to 22");
    let error = WriterConfig { segment_buffer_bytes_max: 2 << 30, ..WriterConfig::default() }.validate().unwrap_err();
    assert_eq!(error.to_string(), "the setting segment_buffer_bytes_max cannot be 2147483648: it must be 1 B to 1 GiB");
    assert!(WriterConfig { encodings_max: 0, ..WriterConfig::default() }.validate().is_err());
}

#[test]
fn a_store_that_says_no_or_not_now_gives_one_clear_error() {
    let credentials = [("AWS_ACCESS_KEY_ID", "key"), ("AWS_SECRET_ACCESS_KEY", "hunter2")];
    with_environment("stores::a_store_that_says_no_or_not_now_gives_one_clear_error", &credentials, ask_stores_that_refuse);
}

#[test]
fn what_the_environment_does_not_say_of_a_store_is_named() {
    with_environment("stores::what_the_environment_does_not_say_of_a_store_is_named", &[], || async {
        let error = refusal("az://container/lake");
        assert!(error.starts_with("cannot open az://container/lake: ") && error.contains("AZURE_STORAGE_ACCOUNT_NAME"), "{error}");
    });
}

#[test]
fn an_endpoint_in_the_environment_needs_leave_to_do_without_tls() {
    let endpoint = "http://127.0.0.1:9000/account";
    let variables = [
        ("AWS_ENDPOINT_URL", endpoint),
        ("AZURE_STORAGE_ENDPOINT", endpoint),
        ("AZURE_STORAGE_ACCOUNT_NAME", "account"),
        ("AZURE_STORAGE_ACCOUNT_KEY", "a2V5"),
        ("GOOGLE_BASE_URL", endpoint),
    ];
    with_environment("stores::an_endpoint_in_the_environment_needs_leave_to_do_without_tls", &variables, || async {
        let places = [("s3://b/l", "AWS_ENDPOINT_URL"), ("az://b/l", "AZURE_STORAGE_ENDPOINT"), ("gs://b/l", "GOOGLE_BASE_URL")];
        for (url, variable) in places {
            let error = refusal(url);
            assert!(error.contains(&format!("its {variable} is http://, without TLS")) && error.contains("allow_http = true"), "{error}");
            let allowed = StoreOptions { allow_http: true, ..StoreOptions::default() };
            assert!(Lake::open(url, &allowed).is_ok(), "{url}");
        }
    });
}

async fn ask_stores_that_refuse() {
    let denied = write_to_store_that_answers("403 Forbidden").await;
    assert!(matches!(denied, Error::StoreDenied { .. }) && !denied.is_retryable(), "{denied:?}");
    let busy = write_to_store_that_answers("503 Slow Down").await;
    assert!(matches!(busy, Error::StoreUnavailable { .. }) && busy.is_retryable(), "{busy:?}");
    let full = write_to_store_that_answers("507 Insufficient Storage").await;
    assert!(matches!(full, Error::StoreFull { .. }) && !full.is_retryable(), "{full:?}");
    for error in [denied, busy, full] {
        let text = format!("{error} {error:?}");
        assert!(text.contains("s3://bucket/lake/ocsf/api_activity/event_day=2026-03-01/") && !text.contains("hunter2"), "{text}");
    }
}

async fn write_to_store_that_answers(status: &'static str) -> Error {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            answer(stream, status).await;
        }
    });
    let options = StoreOptions { s3_endpoint: Some(endpoint), allow_http: true, retries_max: 1, ..StoreOptions::default() };
    let lake = Lake::open("s3://bucket/lake", &options).unwrap();
    let mut writer = SegmentWriter::new(lake, WriterConfig { encodings_max: 1, ..WriterConfig::default() });
    writer.append(SOURCE, &object(), api_call(0, MARCH_1), 0).unwrap();
    let error = writer.finish().await.unwrap_err();
    server.abort();
    error
}

/// Reads one request to its end and answers it.
async fn answer(mut stream: TcpStream, status: &str) {
    let mut request = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&request).to_lowercase();
        let body = text.split_once("\r\n\r\n").map(|(_, body)| body.len());
        let length = text.split_once("content-length: ").and_then(|(_, rest)| rest.split("\r\n").next()?.parse::<usize>().ok());
        if body.is_some_and(|_| request.len() >= text.find("\r\n\r\n").unwrap() + 4 + length.unwrap_or(0)) {
            break;
        }
        if stream.read_buf(&mut request).await.unwrap() == 0 {
            break;
        }
    }
    let response = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    stream.write_all(response.as_bytes()).await.unwrap();
}
