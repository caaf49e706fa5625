use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};

/// Says whether a sender may push. Asked for every request; the time it takes must not depend on how much of a token is right.
pub trait TokenCheck: Send + Sync + 'static {
    /// True if this is the token of a sender.
    fn is_valid(&self, token: &[u8]) -> bool;
}

impl<F: Fn(&[u8]) -> bool + Send + Sync + 'static> TokenCheck for F {
    fn is_valid(&self, token: &[u8]) -> bool {
        self(token)
    }
}

/// The token in an `Authorization` header: `Bearer …`, `Splunk …`, or `Basic …` with the token as the password; nothing if it is none
/// of them.
pub(crate) fn token_of(authorization: &str) -> Option<Vec<u8>> {
    let (scheme, token) = authorization.trim().split_once(' ')?;
    match scheme.to_ascii_lowercase().as_str() {
        "splunk" | "bearer" => Some(token.trim().as_bytes().to_vec()),
        "basic" => {
            let pair = BASE64_STANDARD.decode(token.trim()).ok()?;
            let colon = pair.iter().position(|byte| *byte == b':')?;
            Some(pair[colon + 1..].to_vec())
        }
        _ => None,
    }
}

/// A list of tokens, of which only the SHA-256 is kept: they are compared whole and all of them, whatever is right.
#[derive(Clone)]
pub struct Tokens {
    digests: Vec<[u8; 32]>,
}

impl Tokens {
    /// The tokens that are valid.
    pub fn new<T: AsRef<[u8]>>(tokens: impl IntoIterator<Item = T>) -> Self {
        Self { digests: tokens.into_iter().map(|token| Sha256::digest(token.as_ref()).into()).collect() }
    }

    /// The same, of tokens of which only the SHA-256 is known.
    pub fn from_digests(digests: Vec<[u8; 32]>) -> Self {
        Self { digests }
    }
}

impl TokenCheck for Tokens {
    fn is_valid(&self, token: &[u8]) -> bool {
        let asked: [u8; 32] = Sha256::digest(token).into();
        let differs = |known: &[u8; 32]| known.iter().zip(&asked).fold(0_u8, |sum, (one, other)| sum | (one ^ other));
        self.digests.iter().fold(false, |found, known| found | (differs(known) == 0))
    }
}
