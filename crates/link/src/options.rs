use std::time::Duration;

/// Limits and times of links.
#[derive(Debug, Clone)]
pub struct Options {
    /// What the nodes of a cluster must agree on; a peer with another version is refused.
    pub version: u16,
    /// The longest that a handshake (TLS, then the choice of a service) may take.
    pub handshake_max: Duration,
    /// The longest that reaching a peer or a service may take.
    pub connect_max: Duration,
    /// The longest that a forwarder holds a new connection while there is no peer, or while it cannot be reached.
    pub hold_max: Duration,
    /// How long open connections may go on after the stop; zero cuts them at once.
    pub drain_max: Duration,
    /// A peer that was silent for this long is asked for a sign of life. It counts as gone after three times as long.
    pub keepalive: Duration,
    /// Connections that may be open at once; more are refused.
    pub connections_max: usize,
    /// Handshakes that may be under way at once; more are refused. A limit of its own, so that strangers cannot use up the other.
    pub handshakes_max: usize,
}

impl Options {
    /// The version of links that this release speaks.
    pub const VERSION: u16 = 1;
}

impl Default for Options {
    fn default() -> Self {
        Self {
            version: Self::VERSION,
            handshake_max: Duration::from_secs(10),
            connect_max: Duration::from_secs(5),
            hold_max: Duration::from_secs(10),
            drain_max: Duration::from_secs(10),
            keepalive: Duration::from_secs(10),
            connections_max: 4096,
            handshakes_max: 256,
        }
    }
}
