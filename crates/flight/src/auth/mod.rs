//! Who may call: users and their passwords, tokens, and the limit on wrong guesses.

mod credentials;
mod failures;
mod password;
mod users;
mod verified;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use coldtrail_query::Principal;
use parking_lot::RwLock;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;
use tonic::metadata::MetadataMap;

pub(crate) use credentials::Credentials;
pub use password::{generate_password, hash_password, verify};
pub use users::{User, Users};

use crate::seal::SigningKey;
use crate::token::{self, Claims};
use crate::{Config, Error};
use failures::Failures;
use verified::Verified;

/// Each argon2 run takes 19 MiB and tens of milliseconds of one core.
const HASHES_AT_ONCE: usize = 2;

/// Checks passwords and tokens. One per server; cheap to ask.
pub struct Auth {
    key: SigningKey,
    users: RwLock<Users>,
    token_lifetime: Duration,
    verified: Verified,
    failures: Failures,
    hashing: Semaphore,
    decoy_hash: String,
}

/// Why a call was not let in. The text never tells an unknown name from a wrong password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("sign in first: send the header authorization with Basic or Bearer credentials")]
    NoCredentials,
    #[error("the authorization header cannot be read: {0}")]
    Malformed(&'static str),
    #[error("wrong user name or password")]
    WrongPassword,
    #[error("the token is not valid here; sign in again")]
    WrongToken,
    #[error("the token has expired; sign in again")]
    Expired,
    #[error("too many failed sign-ins from this address; try again in {0} s")]
    TooManyFailures(u64),
}

impl Auth {
    /// Users who may sign in, and the key that their tokens are signed with.
    pub fn new(users: Users, key: SigningKey, config: &Config) -> Result<Self, Error> {
        users.validate()?;
        Ok(Self {
            key,
            users: RwLock::new(users),
            token_lifetime: config.token_lifetime,
            verified: Verified::new(),
            failures: Failures::new(config.failed_sign_ins_max, config.failed_sign_in_window),
            hashing: Semaphore::new(HASHES_AT_ONCE),
            decoy_hash: hash_password(&generate_password())?,
        })
    }

    /// Replaces the users, for example after their file changed. Tokens of users who are gone stop working.
    pub fn set_users(&self, users: Users) -> Result<(), Error> {
        users.validate()?;
        *self.users.write() = users;
        Ok(())
    }

    pub(crate) fn key(&self) -> &SigningKey {
        &self.key
    }

    /// The caller that the headers of a call name.
    pub(crate) async fn admit(&self, headers: &MetadataMap, peer: Option<IpAddr>) -> Result<Principal, Refusal> {
        match Credentials::read(headers)?.ok_or(Refusal::NoCredentials)? {
            Credentials::Basic { name, password } => self.sign_in(name, password, peer).await,
            Credentials::Bearer { token } => self.check_token(&token),
        }
    }

    /// A token for somebody who was just admitted.
    pub(crate) fn issue_token(&self, principal: &Principal) -> String {
        let expires_at = token::expiry(self.token_lifetime);
        let password_mark = self.password_mark(&principal.name).unwrap_or_default();
        Claims { name: principal.name.clone(), expires_at, password_mark }.sign(&self.key)
    }

    pub(crate) fn check_token(&self, token: &str) -> Result<Principal, Refusal> {
        let claims = Claims::read(token, &self.key).ok_or(Refusal::WrongToken)?;
        if claims.expires_at <= token::unix_seconds() {
            return Err(Refusal::Expired);
        }
        match self.password_mark(&claims.name) {
            Some(mark) if mark == claims.password_mark => Ok(Principal { name: claims.name }),
            _ => Err(Refusal::WrongToken),
        }
    }

    /// Verifies a password. An unknown name takes as long as a known one.
    pub(crate) async fn sign_in(&self, name: String, password: String, peer: Option<IpAddr>) -> Result<Principal, Refusal> {
        self.check_failures(peer)?;
        let hash = self.users.read().find(&name).map(|user| user.password_hash.clone());
        if hash.as_ref().is_some_and(|hash| self.verified.contains(&name, &password, hash)) {
            return Ok(Principal { name });
        }
        let _permit = self.hashing.acquire().await.expect("the semaphore is never closed");
        // Whoever waited for the permit may find that the answer is known by now, or that the limit is reached.
        self.check_failures(peer)?;
        if hash.as_ref().is_some_and(|hash| self.verified.contains(&name, &password, hash)) {
            return Ok(Principal { name });
        }
        let checked: Arc<str> = Arc::from(password);
        if !self.verify_off_reactor(hash.as_ref(), &checked).await {
            self.failures.record(peer, Instant::now());
            tracing::warn!(peer = ?peer, "failed sign-in");
            return Err(Refusal::WrongPassword);
        }
        if let Some(hash) = hash {
            self.verified.insert(&name, &checked, &hash);
        }
        Ok(Principal { name })
    }

    async fn verify_off_reactor(&self, hash: Option<&String>, password: &Arc<str>) -> bool {
        let known = hash.is_some();
        let hash = hash.unwrap_or(&self.decoy_hash).clone();
        let password = Arc::clone(password);
        let matches = tokio::task::spawn_blocking(move || verify(&hash, &password)).await;
        matches.unwrap_or(false) && known
    }

    fn check_failures(&self, peer: Option<IpAddr>) -> Result<(), Refusal> {
        let blocked = |wait: Duration| Refusal::TooManyFailures(wait.as_secs().max(1));
        self.failures.check(peer, Instant::now()).map_err(blocked)
    }

    fn password_mark(&self, name: &str) -> Option<Vec<u8>> {
        let users = self.users.read();
        let user = users.find(name)?;
        Some(Sha256::digest(&user.password_hash)[..8].to_vec())
    }
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auth").field("users", &self.users.read().users.len()).finish_non_exhaustive()
    }
}

impl From<Refusal> for tonic::Status {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::TooManyFailures(_) => Self::resource_exhausted(refusal.to_string()),
            _ => Self::unauthenticated(refusal.to_string()),
        }
    }
}

#[cfg(test)]
mod tests;
