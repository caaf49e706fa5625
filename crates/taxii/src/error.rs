use std::time::Duration;

/// Why a collection could not be read. No message holds a login.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address is none of a TAXII server.
    #[error("{address:?} is no address of a TAXII server: {reason}")]
    Address {
        /// The address, without a login that it may have held.
        address: String,
        /// What is wrong with it and what would be right.
        reason: String,
    },
    /// The login holds characters that HTTP cannot carry.
    #[error("the login for {server} cannot be sent: it holds characters that HTTP headers do not take")]
    LoginText {
        /// The server.
        server: String,
    },
    /// The server leads to another one, to which the login must not go.
    #[error("{server} leads to another server, {other}, which is not followed; name that server itself if it is trusted")]
    OtherServer {
        /// The server that was named.
        server: String,
        /// Where it leads.
        other: String,
    },
    /// No connection, or none that lasted.
    #[error("{server} could not be asked for {what}: {reason}; check the address, the network and the certificate")]
    Unreachable {
        /// The server.
        server: String,
        /// What was asked for.
        what: String,
        /// What happened.
        reason: String,
    },
    /// The server does not let this login read.
    #[error("{server} refuses {what} ({status}); check the login, and that it may read this")]
    Login {
        /// The server.
        server: String,
        /// What was asked for.
        what: String,
        /// 401 or 403.
        status: u16,
    },
    /// There is no such thing.
    #[error("{server} has no {what} (404); check the address: it is that of the discovery, …/taxii2/, or of an API root")]
    NotFound {
        /// The server.
        server: String,
        /// What was asked for.
        what: String,
    },
    /// The server asks for more patience than there is.
    #[error("{server} is asked too often for {what} ({status}) and {}; try again later", wait_words(.wait))]
    Busy {
        /// The server.
        server: String,
        /// What was asked for.
        what: String,
        /// 429 or 503.
        status: u16,
        /// How long it wants to be left alone, if it says.
        wait: Option<Duration>,
    },
    /// Another answer than the standard has.
    #[error("{server} answers {status} for {what}: {reason}")]
    Refused {
        /// The server.
        server: String,
        /// What was asked for.
        what: String,
        /// The status.
        status: u16,
        /// The server's own words, cut short.
        reason: String,
    },
    /// The answer is not TAXII 2.1.
    #[error("{server} answers with {found:?} for {what}, where application/taxii+json;version=2.1 is due; is this a TAXII 2.1 server?")]
    ContentType {
        /// The server.
        server: String,
        /// What was asked for.
        what: String,
        /// The type of the answer.
        found: String,
    },
    /// The answer is not what the standard says it is.
    #[error("the answer of {server} for {what} is malformed: {reason}")]
    Malformed {
        /// The server.
        server: String,
        /// What was asked for.
        what: String,
        /// What is wrong.
        reason: String,
    },
    /// The answers are larger than a limit.
    #[error("{server} sends more for {what} than {limit} = {value} allows; raise it, or ask for less: a type, a later added_after")]
    TooLarge {
        /// The server.
        server: String,
        /// What was asked for.
        what: String,
        /// The name of the limit.
        limit: &'static str,
        /// The limit.
        value: u64,
    },
    /// The server says that there is more, and does not say where, or gives the same page again.
    #[error("{server} says that {what} has more pages, but {reason}; nothing is taken, as it would not be whole")]
    Stuck {
        /// The server.
        server: String,
        /// What was asked for.
        what: String,
        /// What is missing.
        reason: String,
    },
    /// No API root has such a collection.
    #[error("{server} has no collection {collection:?}; there are {}", words_of(.known))]
    NoCollection {
        /// The server.
        server: String,
        /// What was looked for.
        collection: String,
        /// Those there are, by title and id.
        known: Vec<String>,
    },
    /// Several collections have this title.
    #[error("{server} has several collections {collection:?}; name one by its id: {}", words_of(.known))]
    Ambiguous {
        /// The server.
        server: String,
        /// What was looked for.
        collection: String,
        /// Those of this name, by title and id.
        known: Vec<String>,
    },
    /// The collection is there and this login may not read it.
    #[error("the collection {collection:?} of {server} cannot be read with this login (can_read is false); ask for the right to")]
    NotReadable {
        /// The server.
        server: String,
        /// The collection.
        collection: String,
    },
}

impl Error {
    /// True when trying again later may succeed.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Busy { .. } | Self::Unreachable { .. }) || matches!(self, Self::Refused { status, .. } if *status >= 500)
    }
}

fn wait_words(wait: &Option<Duration>) -> String {
    wait.map_or_else(|| "does not say for how long to wait".to_owned(), |wait| format!("wants {} seconds of peace", wait.as_secs()))
}

fn words_of(known: &[String]) -> String {
    if known.is_empty() { "none".to_owned() } else { known.join(", ") }
}
