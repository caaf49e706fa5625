use std::collections::HashMap;
use std::time::{Duration, Instant};

use hmac::Mac;
use parking_lot::Mutex;

use crate::seal::SigningKey;

/// How long a verified password needs no new argon2 run.
const LIFETIME: Duration = Duration::from_secs(600);

/// Remembers which password was last verified for a user, so that credentials on every call cost microseconds.
///
/// Keeps only a MAC under a key that never leaves the process, at most one for each user.
pub(super) struct Verified {
    key: SigningKey,
    tags: Mutex<HashMap<String, (Vec<u8>, Instant)>>,
}

impl Verified {
    pub(super) fn new() -> Self {
        Self { key: SigningKey::generate(), tags: Mutex::default() }
    }

    pub(super) fn contains(&self, name: &str, password: &str, hash: &str) -> bool {
        let Some((tag, at)) = self.tags.lock().get(name).cloned() else { return false };
        at.elapsed() < LIFETIME && self.key.mac(&message(password, hash)).verify_slice(&tag).is_ok()
    }

    pub(super) fn insert(&self, name: &str, password: &str, hash: &str) {
        let tag = self.key.mac(&message(password, hash)).finalize().into_bytes().to_vec();
        self.tags.lock().insert(name.to_owned(), (tag, Instant::now()));
    }
}

/// Bound to the hash: a changed password forgets the old one.
fn message(password: &str, hash: &str) -> Vec<u8> {
    [hash.as_bytes(), &[0], password.as_bytes()].concat()
}
