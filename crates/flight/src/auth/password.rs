use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use rand::{Rng, RngCore};

use crate::Error;

/// Letters and digits that nobody confuses: no i, l, o, u, 0 or 1 (with 30 of them a letter carries 4.9 bits).
const ALPHABET: &[u8] = b"abcdefghjkmnpqrstvwxyz23456789";
const GROUPS: usize = 5;
const GROUP_LETTERS: usize = 5;

/// The argon2id hash of a password, with its salt and parameters, as one line of text. Takes tens of milliseconds.
pub fn hash_password(password: &str) -> Result<String, Error> {
    let mut salt = [0; 16];
    rand::rng().fill_bytes(&mut salt);
    let failed = |error: argon2::password_hash::Error| Error::Hash { reason: error.to_string() };
    let salt = SaltString::encode_b64(&salt).map_err(failed)?;
    Ok(Argon2::default().hash_password(password.as_bytes(), &salt).map_err(failed)?.to_string())
}

/// True when the hash was made of this password. Takes tens of milliseconds; a hash that cannot be read matches nothing.
pub fn verify(hash: &str, password: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

/// A random password of 122 bits that can be read aloud: `k7wqz-2m9tn-…`.
pub fn generate_password() -> String {
    let mut random = rand::rng();
    let mut group = || -> String { (0..GROUP_LETTERS).map(|_| char::from(ALPHABET[random.random_range(0..ALPHABET.len())])).collect() };
    (0..GROUPS).map(|_| group()).collect::<Vec<_>>().join("-")
}

/// Says why a hash from a file cannot be used.
pub(super) fn check_hash(hash: &str) -> Result<(), String> {
    let parsed = PasswordHash::new(hash).map_err(|error| format!("its password_hash is not a PHC string: {error}"))?;
    match parsed.algorithm.as_str() {
        "argon2id" => Ok(()),
        other => Err(format!("its password_hash uses {other}; only argon2id is accepted")),
    }
}
