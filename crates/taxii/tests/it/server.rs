use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use reqwest::Url;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub(crate) const TAXII: &str = "application/taxii+json;version=2.1";

/// What was asked.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    pub(crate) path: String,
    pub(crate) query: BTreeMap<String, String>,
    /// By names in small letters.
    pub(crate) headers: BTreeMap<String, String>,
}

impl Question {
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }
}

/// What is answered.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn taxii(body: impl ToString) -> Self {
        Self { status: 200, headers: vec![("content-type", TAXII.to_owned())], body: body.to_string() }
    }

    pub(crate) fn status(status: u16) -> Self {
        Self { status, headers: vec![("content-type", TAXII.to_owned())], body: "{\"title\":\"no\"}".to_owned() }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self.headers.push((name, value.to_string()));
        self
    }
}

/// A server that answers until the test ends.
pub(crate) struct TestServer {
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<Question>>>,
}

impl TestServer {
    pub(crate) async fn start(reply: impl Fn(&Question) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/taxii2/", listener.local_addr().unwrap());
        let (asked, reply) = (Arc::new(Mutex::new(Vec::new())), Arc::new(reply));
        let log = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (log, reply) = (Arc::clone(&log), Arc::clone(&reply));
                tokio::spawn(async move { answer(stream, &log, &*reply).await });
            }
        });
        Self { url, asked }
    }

    pub(crate) fn asked(&self) -> Vec<Question> {
        self.asked.lock().unwrap().clone()
    }
}

async fn answer(mut stream: TcpStream, log: &Mutex<Vec<Question>>, reply: &(dyn Fn(&Question) -> Reply + Send + Sync)) -> Option<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let question = question(&String::from_utf8(head).ok()?)?;
    log.lock().ok()?.push(question.clone());
    let reply = reply(&question);
    let mut text = format!("HTTP/1.1 {} X\r\nconnection: close\r\n", reply.status);
    let has_length = reply.headers.iter().any(|(name, _)| *name == "transfer-encoding");
    if !has_length {
        text += &format!("content-length: {}\r\n", reply.body.len());
    }
    reply.headers.iter().for_each(|(name, value)| text += &format!("{name}: {value}\r\n"));
    text += "\r\n";
    text += &if has_length { format!("{:x}\r\n{}\r\n0\r\n\r\n", reply.body.len(), reply.body) } else { reply.body };
    stream.write_all(text.as_bytes()).await.ok()?;
    stream.shutdown().await.ok()
}

fn question(head: &str) -> Option<Question> {
    let mut lines = head.lines();
    let target = lines.next()?.split(' ').nth(1)?;
    let url = Url::parse("http://x").ok()?.join(target).ok()?;
    let headers = lines.filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()));
    Some(Question { path: url.path().to_owned(), query: url.query_pairs().into_owned().collect(), headers: headers.collect() })
}
