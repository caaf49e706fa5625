use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SystemRandom;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

use crate::{Error, Sha256Digest};

const PRIVATE: &str = "PRIVATE KEY";
const PUBLIC: &str = "PUBLIC KEY";
/// What stands before the 32 bytes of an Ed25519 key in a `SubjectPublicKeyInfo` (RFC 8410).
const SPKI_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
/// What stands before the 32 bytes of a seed in PKCS#8 of version 1, which every tool reads (RFC 8410).
const PKCS8_PREFIX: [u8; 16] = [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// The private key that signs bundles: Ed25519 (RFC 8032).
pub struct SigningKey {
    pair: Ed25519KeyPair,
    pkcs8: Vec<u8>,
}

impl SigningKey {
    /// A new key, from the operating system's random bytes.
    ///
    /// # Errors
    ///
    /// [`Error::NoRandomness`].
    pub fn generate() -> Result<Self, Error> {
        let mut seed = [0; 32];
        ring::rand::SecureRandom::fill(&SystemRandom::new(), &mut seed).map_err(|_| Error::NoRandomness)?;
        Self::from_pkcs8(&[PKCS8_PREFIX.as_slice(), &seed].concat())
    }

    /// Reads PKCS#8 as DER, of version 1 (as OpenSSL writes it) or 2.
    ///
    /// # Errors
    ///
    /// [`Error::Key`] if it is none, or not of Ed25519.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, Error> {
        let rejected = |reason: ring::error::KeyRejected| Error::Key { kind: "private", reason: reason.to_string() };
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).map_err(rejected)?;
        Ok(Self { pair, pkcs8: der.to_owned() })
    }

    /// Reads PKCS#8 as PEM, as [`SigningKey::to_pem`] and `openssl genpkey -algorithm ed25519` write it.
    ///
    /// # Errors
    ///
    /// As [`SigningKey::from_pkcs8`].
    pub fn from_pem(pem: &str) -> Result<Self, Error> {
        Self::from_pkcs8(&from_pem(PRIVATE, "private", pem)?)
    }

    /// The key as PEM. A secret: keep it where only the signer can read it.
    pub fn to_pem(&self) -> String {
        to_pem(PRIVATE, &self.pkcs8)
    }

    /// The key that verifies what this one signs.
    pub fn public_key(&self) -> PublicKey {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(self.pair.public_key().as_ref());
        PublicKey(bytes)
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.pair.sign(message).as_ref().to_vec()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.public_key().fingerprint())
    }
}

/// The public key that verifies what a [`SigningKey`] signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// Reads a `SubjectPublicKeyInfo` as PEM, as [`PublicKey::to_pem`] and `openssl pkey -pubout` write it.
    ///
    /// # Errors
    ///
    /// [`Error::Key`] if it is none, or not of Ed25519.
    pub fn from_pem(pem: &str) -> Result<Self, Error> {
        let der = from_pem(PUBLIC, "public", pem)?;
        let bytes = der.strip_prefix(&SPKI_PREFIX).and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        bytes.map(Self).ok_or_else(|| Error::Key { kind: "public", reason: "it is of another kind".to_owned() })
    }

    /// The key as PEM.
    pub fn to_pem(&self) -> String {
        to_pem(PUBLIC, &self.to_der())
    }

    /// The key as DER.
    fn to_der(self) -> Vec<u8> {
        [SPKI_PREFIX.as_slice(), &self.0].concat()
    }

    /// What people compare: SHA-256 of the key as DER, `openssl pkey -pubin -in key.pem -outform DER | sha256sum`.
    pub fn fingerprint(&self) -> Sha256Digest {
        Sha256Digest::of(&self.to_der())
    }

    /// True if the owner of this key signed this message.
    pub(crate) fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.0).verify(message, signature).is_ok()
    }
}

fn to_pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    // Base64 is ASCII, and every line but the last has 64 characters.
    let lines: Vec<&str> = (0..text.len()).step_by(64).map(|start| &text[start..text.len().min(start + 64)]).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

fn from_pem(label: &str, kind: &'static str, pem: &str) -> Result<Vec<u8>, Error> {
    let error = |reason: &str| Error::Key { kind, reason: reason.to_owned() };
    let body = pem.split_once(&format!("-----BEGIN {label}-----")).and_then(|(_, rest)| rest.split_once(&format!("-----END {label}-----")));
    let (body, _) = body.ok_or_else(|| error(&format!("it does not hold -----BEGIN {label}-----")))?;
    let text: String = body.chars().filter(|letter| !letter.is_ascii_whitespace()).collect();
    STANDARD.decode(text).map_err(|_| error("it is not base64"))
}
