//! One question to a server and its answer, within limits.

use std::error::Error as _;
use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Response, StatusCode, Url};

use crate::error::Error;
use crate::options::{Limits, Login, Server};
use crate::resources::ErrorMessage;

/// What is asked for and answered ("Content Negotiation" in section 1.6).
pub(crate) const MEDIA_TYPE: &str = "application/taxii+json;version=2.1";
/// The instant at which the last object of a page was added (section 3.2).
const DATE_ADDED_LAST: &str = "x-taxii-date-added-last";
/// Of a server's words about an error, no more is shown.
const REASON_CHARS_MAX: usize = 300;
/// How large an answer that says what went wrong may be.
const REASON_BYTES_MAX: u64 = 64 << 10;
/// More redirections on one server are a circle.
const REDIRECTS_MAX: usize = 5;

/// A server that is asked over HTTP.
#[derive(Debug)]
pub(crate) struct Http {
    client: reqwest::Client,
    pub(crate) url: Url,
    /// The server in messages: its address without query.
    pub(crate) name: String,
    authorization: Option<HeaderValue>,
    login: Option<Login>,
    pub(crate) limits: Limits,
}

/// A good answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) bytes: Vec<u8>,
    pub(crate) date_added_last: Option<String>,
}

impl Http {
    pub(crate) fn new(server: &Server) -> Result<Self, Error> {
        let url = address(&server.url, server.login.is_some())?;
        let name = url.to_string();
        let unusable = |reason: String| Error::Address { address: name.clone(), reason };
        let limits = server.limits.clone();
        let mut builder = reqwest::Client::builder()
            .no_proxy()
            .connect_timeout(limits.connect_timeout)
            .timeout(limits.request_timeout)
            .redirect(same_server(url.clone()))
            .user_agent(concat!("coldtrail/", env!("CARGO_PKG_VERSION")));
        if let Some(proxy) = &server.proxy {
            let proxy = reqwest::Proxy::all(proxy).map_err(|_| unusable("the proxy's address cannot be read".to_owned()))?;
            builder = builder.proxy(proxy);
        }
        let client = builder.build().map_err(|error| unusable(words(error)))?;
        let header = |login: &Login| {
            let mut value = HeaderValue::from_str(&login.header()).map_err(|_| Error::LoginText { server: name.clone() })?;
            value.set_sensitive(true);
            Ok::<_, Error>(value)
        };
        let authorization = server.login.as_ref().map(header).transpose()?;
        Ok(Self { client, url, name, authorization, login: server.login.clone(), limits })
    }

    /// Asks, and asks again while the server says that it is busy.
    pub(crate) async fn get(&self, what: &str, url: &Url) -> Result<Answer, Error> {
        if url.origin() != self.url.origin() {
            return Err(Error::OtherServer { server: self.name.clone(), other: url.origin().ascii_serialization() });
        }
        let mut retries = 0;
        loop {
            let response = self.send(what, url).await?;
            let status = response.status();
            if !matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
                return self.answer(what, response).await;
            }
            let wait = wait_of(response.headers());
            let patience = wait.unwrap_or(Duration::from_secs(1 << retries.min(5)));
            if retries >= self.limits.retries_max || patience > self.limits.retry_wait_max {
                return Err(Error::Busy { server: self.name.clone(), what: what.to_owned(), status: status.as_u16(), wait });
            }
            retries += 1;
            tokio::time::sleep(patience).await;
        }
    }

    async fn send(&self, what: &str, url: &Url) -> Result<Response, Error> {
        let mut request = self.client.get(url.clone()).header(ACCEPT, MEDIA_TYPE);
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization.clone());
        }
        request.send().await.map_err(|error| self.unreachable(what, error))
    }

    fn unreachable(&self, what: &str, error: reqwest::Error) -> Error {
        Error::Unreachable { server: self.name.clone(), what: what.to_owned(), reason: words(error) }
    }

    async fn answer(&self, what: &str, response: Response) -> Result<Answer, Error> {
        let status = response.status();
        if !status.is_success() {
            return Err(self.refusal(what, response).await);
        }
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let found = header(CONTENT_TYPE.as_str()).unwrap_or_default();
        if !is_taxii(&found) {
            return Err(Error::ContentType { server: self.name.clone(), what: what.to_owned(), found: shortened(&found) });
        }
        let date_added_last = header(DATE_ADDED_LAST);
        let bytes = self.read(what, response, self.limits.page_bytes_max).await?;
        Ok(Answer { bytes, date_added_last })
    }

    /// Reads no more than the limit, whatever length the server announces.
    async fn read(&self, what: &str, mut response: Response, bytes_max: u64) -> Result<Vec<u8>, Error> {
        let too_large = || Error::TooLarge { server: self.name.clone(), what: what.to_owned(), limit: "page_bytes_max", value: bytes_max };
        if response.content_length().is_some_and(|length| length > bytes_max) {
            return Err(too_large());
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.unreachable(what, error))? {
            if (bytes.len() + chunk.len()) as u64 > bytes_max {
                return Err(too_large());
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }

    async fn refusal(&self, what: &str, response: Response) -> Error {
        let (server, what, status) = (self.name.clone(), what.to_owned(), response.status());
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Error::Login { server, what, status: status.as_u16() },
            StatusCode::NOT_FOUND => Error::NotFound { server, what },
            status if status.is_redirection() => {
                let target = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
                let other = target.and_then(|target| response.url().join(target).ok());
                Error::OtherServer { server, other: other.map_or_else(|| "nowhere".to_owned(), |url| url.origin().ascii_serialization()) }
            }
            status => {
                let bytes = self.read(&what, response, REASON_BYTES_MAX).await.unwrap_or_default();
                Error::Refused { server, what, status: status.as_u16(), reason: self.reason_in(&bytes) }
            }
        }
    }

    /// The server's own words, without a login that they may repeat.
    fn reason_in(&self, bytes: &[u8]) -> String {
        let message: ErrorMessage = serde_json::from_slice(bytes).unwrap_or_default();
        let parts = [message.title, message.description];
        let said = parts.iter().filter(|part| !part.is_empty()).map(String::as_str).collect::<Vec<_>>().join(": ");
        let said = if said.is_empty() { "it does not say why".to_owned() } else { said };
        shortened(&self.login.as_ref().map_or(said.clone(), |login| login.hide_in(&said)))
    }
}

/// Reads the address of a server; a host alone is that of its discovery, `/taxii2/` ("Discovery" in section 1.6).
fn address(text: &str, has_login: bool) -> Result<Url, Error> {
    let wrong = |address: &str, reason: &str| Error::Address { address: address.to_owned(), reason: reason.to_owned() };
    let mut url = Url::parse(text.trim()).map_err(|_| wrong("…", "it cannot be read; give https://host/taxii2/"))?;
    let has_user = !url.username().is_empty() || url.password().is_some();
    let _ = (url.set_username(""), url.set_password(None));
    url.set_query(None);
    url.set_fragment(None);
    if has_user {
        return Err(wrong(url.as_str(), "it holds a login, which addresses must not; give the login by itself"));
    }
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(wrong(url.as_str(), "it is not of https://; give https://host/taxii2/"));
    }
    if has_login && url.scheme() == "http" && !is_this_machine(&url) {
        return Err(wrong(url.as_str(), "http:// would show the login to everyone on the way; use https://"));
    }
    if url.path() == "/" {
        url.set_path("/taxii2/");
    } else if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    Ok(url)
}

fn is_this_machine(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Follows a redirection within the server, and none to another.
fn same_server(url: Url) -> Policy {
    Policy::custom(move |attempt| {
        if attempt.url().origin() != url.origin() {
            attempt.stop()
        } else if attempt.previous().len() > REDIRECTS_MAX {
            attempt.error("too many redirections")
        } else {
            attempt.follow()
        }
    })
}

/// True for TAXII 2.1, also where the server leaves the version out or writes blanks.
fn is_taxii(content_type: &str) -> bool {
    let mut parts = content_type.split(';').map(|part| part.trim().to_ascii_lowercase());
    let is_media = parts.next().is_some_and(|media| media == "application/taxii+json");
    let versions = parts.filter_map(|part| part.strip_prefix("version=").map(|version| version.trim_matches('"').to_owned()));
    is_media && versions.into_iter().all(|version| version == "2.1")
}

/// Seconds, or an instant: <https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3>.
fn wait_of(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = DateTime::parse_from_rfc2822(text).ok()?;
    Some((until.with_timezone(&Utc) - Utc::now()).to_std().unwrap_or_default())
}

fn shortened(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).take(REASON_CHARS_MAX).collect()
}

/// What happened and why; without the address, whose query is no business of a message.
fn words(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        words = format!("{words}: {inner}");
        cause = inner.source();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_alone_is_the_address_of_its_discovery() {
        let of = |text: &str| address(text, true).map(|url| url.to_string());
        assert_eq!(of("https://taxii.example.com").unwrap(), "https://taxii.example.com/taxii2/");
        assert_eq!(of("https://taxii.example.com/api1").unwrap(), "https://taxii.example.com/api1/");
        assert_eq!(of("http://[::1]:5000/x/").unwrap(), "http://[::1]:5000/x/");
    }

    #[test]
    fn an_address_that_would_show_the_login_is_refused_without_showing_it() {
        for text in ["https://mara:hunter2@taxii.example.com/", "ftp://taxii.example.com/", "http://taxii.example.com/", "hunter2 is none"]
        {
            let said = address(text, true).unwrap_err().to_string();
            assert!(!said.contains("hunter2"), "{said}");
        }
        assert!(address("http://taxii.example.com/", false).is_ok());
    }

    #[test]
    fn only_taxii_2_1_is_taken() {
        for good in [MEDIA_TYPE, "application/taxii+json", "Application/TAXII+json; version=\"2.1\"; charset=utf-8"] {
            assert!(is_taxii(good), "{good}");
        }
        for bad in
            ["", "text/html", "application/json", "application/taxii+json;version=2.0", "application/vnd.oasis.taxii+json; version=2.0"]
        {
            assert!(!is_taxii(bad), "{bad}");
        }
    }
}
