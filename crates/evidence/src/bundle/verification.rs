use std::fmt;

use crate::{PublicKey, Sha256Digest};

/// What [`crate::verify`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// The bundle's id: SHA-256 of its manifest, if there is one.
    pub bundle_id: Option<Sha256Digest>,
    /// Who signed it.
    pub signer: Signer,
    /// Everything that is not as it was signed, by file.
    pub problems: Vec<Problem>,
    /// How many files were looked at.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Verification {
    /// True if somebody who is trusted signed the bundle, and nothing was changed since.
    pub fn is_sound(&self) -> bool {
        self.problems.is_empty() && matches!(self.signer, Signer::Trusted(_))
    }
}

/// Who signed a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signer {
    /// The owner of a key that is trusted.
    Trusted(PublicKey),
    /// The owner of this key, of whom nobody said that he is trusted: anybody can make a key.
    Unknown(PublicKey),
    /// Nobody: there is no signature that is valid.
    Nobody,
}

impl fmt::Display for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Trusted(key) => write!(f, "signed by the trusted key {}", key.fingerprint()),
            Self::Unknown(key) => write!(f, "signed by the key {}, which is not trusted here", key.fingerprint()),
            Self::Nobody => f.write_str("not signed"),
        }
    }
}

/// A file that is not as it was signed. Names are relative to the bundle, with `/` between the parts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Problem {
    /// Its bytes were changed.
    Altered {
        /// The file.
        file: String,
        /// How that shows.
        reason: String,
    },
    /// It is gone.
    Missing {
        /// The file.
        file: String,
    },
    /// Nobody signed it.
    Additional {
        /// The file or folder.
        file: String,
    },
    /// It cannot be read.
    Unreadable {
        /// The file.
        file: String,
        /// Why.
        reason: String,
    },
    /// It is as it was signed, and yet says something else than the rest: whoever signed it was wrong, or worse.
    Contradictory {
        /// The file.
        file: String,
        /// What it says, and what the rest says.
        reason: String,
    },
}

impl Problem {
    /// The file that it is about.
    pub fn file(&self) -> &str {
        match self {
            Self::Altered { file, .. }
            | Self::Missing { file }
            | Self::Additional { file }
            | Self::Unreadable { file, .. }
            | Self::Contradictory { file, .. } => file,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Altered { file, reason } => write!(f, "{file} was altered: {reason}"),
            Self::Missing { file } => write!(f, "{file} is missing"),
            Self::Additional { file } => write!(f, "{file} is additional: it is not in the manifest"),
            Self::Unreadable { file, reason } => write!(f, "{file} cannot be read: {reason}"),
            Self::Contradictory { file, reason } => write!(f, "{file} contradicts the rest of the bundle: {reason}"),
        }
    }
}
