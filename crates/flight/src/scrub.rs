use std::borrow::Cow;

/// Takes file system paths and host addresses out of a message that goes to a client.
///
/// Of a path its last component stays: it names the segment. `SQL` text and column paths stay as they are.
pub(crate) fn scrub(message: &str) -> String {
    let is_border =
        |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '(' | ')' | '[' | ']' | '{' | '}' | ',' | ';' | '<' | '>' | '=');
    let mut scrubbed = String::with_capacity(message.len());
    let mut rest = message;
    while let Some(start) = rest.find(|c| !is_border(c)) {
        let end = rest[start..].find(is_border).map_or(rest.len(), |length| start + length);
        scrubbed.push_str(&rest[..start]);
        scrubbed.push_str(&scrub_word(&rest[start..end]));
        rest = &rest[end..];
    }
    scrubbed + rest
}

fn scrub_word(word: &str) -> Cow<'_, str> {
    let bare = word.trim_end_matches([':', '.']);
    let tail = &word[bare.len()..];
    let location = bare.split_once("://").map(|(_, location)| location);
    if let Some(name) = location.or_else(|| looks_like_path(bare).then_some(bare)).and_then(last_component) {
        return format!("…/{name}{tail}").into();
    }
    match location.is_some() || looks_like_address(bare) {
        true => format!("<address>{tail}").into(),
        false => word.into(),
    }
}

fn looks_like_path(word: &str) -> bool {
    let drive = word.as_bytes().get(1..3).is_some_and(|bytes| bytes == b":\\");
    drive || (word.starts_with('/') && word.matches('/').count() > 1)
}

/// `host:port`, with an IP address, `localhost` or a dotted name as host.
fn looks_like_address(word: &str) -> bool {
    if word.parse::<std::net::SocketAddr>().is_ok() {
        return true;
    }
    let Some((host, port)) = word.rsplit_once(':') else { return false };
    let is_host = host == "localhost" || (host.contains('.') && host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-')));
    is_host && port.parse::<u16>().is_ok()
}

fn last_component(path: &str) -> Option<&str> {
    let (_, name) = path.rsplit_once(['/', '\\'])?;
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::scrub;

    #[test]
    fn paths_and_addresses_go_and_the_segment_name_stays() {
        for (message, expected) in [
            ("Object at location /var/lib/lake/ocsf/a.parquet not found", "Object at location …/a.parquet not found"),
            ("cannot open file:///srv/lake/seg-1.parquet: denied", "cannot open …/seg-1.parquet: denied"),
            ("GET s3://bucket/ocsf/seg-2.parquet failed", "GET …/seg-2.parquet failed"),
            (r"path 'C:\lake\seg.parquet' is gone", "path '…/seg.parquet' is gone"),
            ("connect to 10.1.2.3:50051: refused", "connect to <address>: refused"),
            ("connect to [::1]:50051 refused", "connect to [::1]:50051 refused"),
            ("http://executor-1.local:8080 timed out", "<address> timed out"),
            ("executor-1.pod.local:8080 timed out", "<address> timed out"),
        ] {
            assert_eq!(scrub(message), expected);
        }
    }

    #[test]
    fn what_the_writer_of_the_statement_needs_stays() {
        for message in [
            "column src_endpoint.ip is not known; did you mean dst_endpoint.ip?",
            "cannot divide 1/0 at Line: 1, Column: 8",
            "expected 'a/b', found 12:30:00",
            "",
            "größe, 大小 (x)",
        ] {
            assert_eq!(scrub(message), message);
        }
    }
}
