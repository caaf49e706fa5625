use std::fmt;

use hmac::{Hmac, Mac};
use rand::RngCore;
use sha2::Sha256;

use crate::Error;

const VERSION: u8 = 1;
const TAG_BYTES: usize = 32;
const KEY_BYTES: usize = 32;

/// What a sealed message is for; one kind is never taken for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Token = 1,
    Ticket = 2,
    Handle = 3,
}

/// The secret that tokens, tickets and statement handles are signed with.
///
/// Nodes that share it accept each other's. It never shows in logs.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKey([u8; KEY_BYTES]);

impl SigningKey {
    /// A fresh random key.
    pub fn generate() -> Self {
        let mut bytes = [0; KEY_BYTES];
        rand::rng().fill_bytes(&mut bytes);
        Self(bytes)
    }

    /// A key that was kept; fails unless it has 32 bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let wrong_length = |_| Error::SigningKey { expected: KEY_BYTES, found: bytes.len() };
        bytes.try_into().map(Self).map_err(wrong_length)
    }

    /// The bytes to keep, in a place that only the server can read.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The payload in the clear, followed by a tag that nobody without the key can make.
    pub(crate) fn seal(&self, purpose: Purpose, payload: &[u8]) -> Vec<u8> {
        let mut sealed = Vec::with_capacity(2 + payload.len() + TAG_BYTES);
        sealed.extend([VERSION, purpose as u8]);
        sealed.extend(payload);
        let tag = self.mac(&sealed).finalize().into_bytes();
        sealed.extend(tag);
        sealed
    }

    /// The payload of a sealed message of that purpose, or nothing when it was made elsewhere or changed.
    pub(crate) fn open<'a>(&self, purpose: Purpose, sealed: &'a [u8]) -> Option<&'a [u8]> {
        let (signed, tag) = sealed.split_at_checked(sealed.len().checked_sub(TAG_BYTES)?)?;
        self.mac(signed).verify_slice(tag).ok()?;
        signed.strip_prefix(&[VERSION, purpose as u8])
    }

    pub(crate) fn mac(&self, message: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of every length");
        mac.update(message);
        mac
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(secret)")
    }
}

#[cfg(test)]
mod tests;
