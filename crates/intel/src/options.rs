use crate::WarningList;

/// How feeds are read.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Takes indicators that a guardrail would reject: private addresses, wide networks, public suffixes, empty files, values on a
    /// warning list. What is no value of its kind at all stays rejected.
    pub force: bool,
    /// How closely a URL of an event must be like the URL of a feed.
    pub url_level: UrlLevel,
    /// Lists of values that are known to be harmless.
    pub warning_lists: Vec<WarningList>,
    /// Rejects indicators whose validity ended before this instant (milliseconds since 1970). By default none: for a hunt in the past an
    /// expired indicator is as good as another.
    pub expired_before_ms: Option<i64>,
    /// What a feed may hold.
    pub limits: Limits,
}

/// How closely a URL of an event must be like the URL of a feed. A URL of a feed that names only a host (`http://example.com/`) is
/// always compared by host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UrlLevel {
    /// Scheme, host, port, path and query.
    Exact,
    /// Host and path, whatever scheme, port and query.
    #[default]
    Path,
    /// The host alone, also where only the host was seen (DNS, TLS).
    Host,
}

/// What a feed may hold, so that a broken or hostile one cannot take all memory.
#[derive(Debug, Clone)]
pub struct Limits {
    /// How many entries one feed may hold; more is an error.
    pub indicators_max: usize,
    /// How long one entry may be, in bytes; a longer one is rejected.
    pub entry_bytes_max: usize,
    /// How deep JSON, XML and STIX patterns may be nested; deeper is an error.
    pub depth_max: usize,
    /// How short the prefix of an IPv4 network may be: one under `/8` is rejected as too wide.
    pub ipv4_prefix_min: u8,
    /// How short the prefix of an IPv6 network may be: one under `/20` is rejected as too wide.
    pub ipv6_prefix_min: u8,
    /// How many characters of a pattern must not be `*` or `?`.
    pub pattern_literals_min: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            indicators_max: 10_000_000,
            entry_bytes_max: 64 * 1024,
            depth_max: 64,
            ipv4_prefix_min: 8,
            ipv6_prefix_min: 20,
            pattern_literals_min: 4,
        }
    }
}
