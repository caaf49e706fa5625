use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use prost::Message;

use crate::seal::{Purpose, SigningKey};

/// What a bearer token says. Signed, so that any node with the key can read it.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Claims {
    #[prost(string, tag = "1")]
    pub(crate) name: String,
    #[prost(int64, tag = "2")]
    pub(crate) expires_at: i64,
    /// Marks the password that was used: another password ends the token.
    #[prost(bytes = "vec", tag = "3")]
    pub(crate) password_mark: Vec<u8>,
}

/// Seconds since 1970.
pub(crate) fn unix_seconds() -> i64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(elapsed.as_secs()).unwrap_or(i64::MAX)
}

/// The moment that is `lifetime` from now.
pub(crate) fn expiry(lifetime: Duration) -> i64 {
    unix_seconds().saturating_add(i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX))
}

impl Claims {
    /// The token as it stands behind `Bearer`.
    pub(crate) fn sign(&self, key: &SigningKey) -> String {
        URL_SAFE_NO_PAD.encode(key.seal(Purpose::Token, &self.encode_to_vec()))
    }

    /// What a genuine token says, expired or not.
    pub(crate) fn read(token: &str, key: &SigningKey) -> Option<Self> {
        let sealed = URL_SAFE_NO_PAD.decode(token).ok()?;
        Self::decode(key.open(Purpose::Token, &sealed)?).ok()
    }
}
