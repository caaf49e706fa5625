use crate::parse::is_ip;

/// What a template found, by the names in it.
pub(crate) type Captures<'t, 'm> = Vec<(&'t str, &'m str)>;

/// Matches a message with a template such as `Failed {method} for {user} from {ip} port {port}*`.
///
/// A name in braces takes any text that leaves the rest of the template a match: the shortest, but the longest for `user`, since a user
/// who is asked for a name can write ` from 10.0.0.1 port 22` into it, and only what sshd writes afterwards is true. `ip` is an address
/// or a name of a host, `src` and `dst` ends of a connection, `port`, `uid`, `gid` and `pid` are digits. A `*` at the end takes whatever is left.
pub(crate) fn matches<'t, 'm>(template: &'t str, message: &'m str) -> Option<Captures<'t, 'm>> {
    let mut captures = Captures::new();
    step(template, message, &mut captures).then_some(captures)
}

fn step<'t, 'm>(template: &'t str, message: &'m str, captures: &mut Captures<'t, 'm>) -> bool {
    if template == "*" {
        return true;
    }
    let Some((literal, rest)) = template.split_once('{') else {
        return match template.strip_suffix('*') {
            Some(start) => message.starts_with(start),
            None => message == template,
        };
    };
    let (Some(message), Some((name, after))) = (message.strip_prefix(literal), rest.split_once('}')) else { return false };
    let next = &after[..after.find(['{', '*']).unwrap_or(after.len())];
    let mut try_at = |end: usize| {
        if !fits(name, &message[..end]) {
            return false;
        }
        let before = captures.len();
        captures.push((name, &message[..end]));
        let is_match = step(after, &message[end..], captures);
        if !is_match {
            captures.truncate(before);
        }
        is_match
    };
    if next.is_empty() {
        // Nothing follows that would say where it ends.
        let end = if after == "*" { word_end(message) } else { message.len() };
        return try_at(end);
    }
    match name {
        "user" => message.rmatch_indices(next).any(|(end, _)| try_at(end)),
        _ => message.match_indices(next).any(|(end, _)| try_at(end)),
    }
}

fn word_end(text: &str) -> usize {
    text.find(|letter: char| letter.is_whitespace() || letter == ':').unwrap_or(text.len())
}

fn fits(name: &str, text: &str) -> bool {
    match name {
        "port" | "uid" | "gid" | "pid" | "byuid" => !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()),
        "ip" => is_ip(text) || !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._:%".contains(&byte)),
        "bytes" | "bytesin" | "bytesout" | "count" => !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()),
        "src" | "dst" => !text.is_empty() && !text.split('(').next().unwrap_or(text).contains(' '),
        "l4" | "interface" | "acl" | "id" => !text.is_empty() && !text.contains(' '),
        "word" | "by" | "method" | "key" | "group" => !text.contains(' '),
        _ => true,
    }
}
