use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::SIGNATURE;
use crate::{Error, PublicKey, Sha256Digest, SigningKey, canonical_json};

const ALGORITHM: &str = "Ed25519";

/// `signature.json`: who signed the manifest. What is signed is the bytes of `manifest.json` as they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Signature {
    algorithm: String,
    /// SHA-256 of the public key as DER: so that it need not be counted.
    fingerprint: Sha256Digest,
    /// SHA-256 of the manifest: tells a changed manifest from a changed signature.
    manifest_sha256: Sha256Digest,
    /// As PEM.
    public_key: String,
    /// In base64.
    signature: String,
}

/// What a signature says of a manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Check {
    /// The owner of this key signed this manifest.
    Signed(PublicKey),
    /// The signature file was changed.
    SignatureAltered(&'static str),
    /// The manifest was changed.
    ManifestAltered,
}

impl Signature {
    pub(super) fn sign(manifest: &[u8], key: &SigningKey) -> Self {
        let public_key = key.public_key();
        Self {
            algorithm: ALGORITHM.to_owned(),
            fingerprint: public_key.fingerprint(),
            manifest_sha256: Sha256Digest::of(manifest),
            public_key: public_key.to_pem(),
            signature: STANDARD.encode(key.sign(manifest)),
        }
    }

    pub(super) fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        canonical_json(self)
    }

    /// Reads a signature file; every byte must be as it was written.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let unreadable = |reason: String| Error::Unreadable { file: SIGNATURE.to_owned(), reason };
        let signature: Self = serde_json::from_slice(bytes).map_err(|error| unreadable(error.to_string()))?;
        if signature.to_bytes()? != bytes {
            return Err(unreadable("it is not as it was written".to_owned()));
        }
        if signature.algorithm != ALGORITHM {
            return Err(unreadable(format!("the algorithm {:?} is not known; it must be {ALGORITHM}", signature.algorithm)));
        }
        Ok(signature)
    }

    pub(super) fn check(&self, manifest: &[u8]) -> Check {
        let is_for_this = self.manifest_sha256 == Sha256Digest::of(manifest);
        let Ok(key) = PublicKey::from_pem(&self.public_key) else { return Check::SignatureAltered("its public key is none") };
        if key.to_pem() != self.public_key || key.fingerprint() != self.fingerprint {
            return Check::SignatureAltered("its fingerprint is not that of its public key");
        }
        let has_signed = STANDARD.decode(&self.signature).is_ok_and(|signature| key.has_signed(manifest, &signature));
        match (has_signed, is_for_this) {
            (true, true) => Check::Signed(key),
            (true, false) => Check::SignatureAltered("it names another manifest than it signs"),
            (false, true) => Check::SignatureAltered("its signature is not by its public key"),
            (false, false) => Check::ManifestAltered,
        }
    }
}
