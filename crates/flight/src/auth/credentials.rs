use std::fmt;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use tonic::metadata::MetadataMap;

use super::Refusal;

/// Go clients (ADBC, Grafana) leave the padding out, the others write it.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent).with_decode_allow_trailing_bits(true),
);

/// What a caller sends to say who it is. Never shows its secrets.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Credentials {
    Basic { name: String, password: String },
    Bearer { token: String },
}

impl Credentials {
    /// From `authorization`, or from `auth-token-bin`, where Arrow's C++ and Python clients put the token of their own handshake.
    pub(crate) fn read(headers: &MetadataMap) -> Result<Option<Self>, Refusal> {
        if let Some(header) = headers.get("authorization") {
            let header = header.to_str().map_err(|_| Refusal::Malformed("it is not text"))?;
            return Self::parse(header).map(Some);
        }
        let Some(token) = headers.get_bin("auth-token-bin") else { return Ok(None) };
        let token = token.to_bytes().map_err(|_| Refusal::Malformed("auth-token-bin is not base64"))?;
        let token = String::from_utf8(token.to_vec()).map_err(|_| Refusal::WrongToken)?;
        Ok(Some(Self::Bearer { token }))
    }

    fn parse(header: &str) -> Result<Self, Refusal> {
        let (scheme, value) = header.trim().split_once(' ').ok_or(Refusal::Malformed("expected Basic or Bearer and a value"))?;
        match scheme.to_ascii_lowercase().as_str() {
            "basic" => Self::parse_basic(value.trim()),
            "bearer" => Ok(Self::Bearer { token: value.trim().to_owned() }),
            _ => Err(Refusal::Malformed("only Basic and Bearer are known")),
        }
    }

    fn parse_basic(value: &str) -> Result<Self, Refusal> {
        let decoded = BASE64.decode(value).map_err(|_| Refusal::Malformed("Basic is not followed by base64"))?;
        let text = String::from_utf8(decoded).map_err(|_| Refusal::Malformed("name and password are not UTF-8"))?;
        // Only the name must do without a colon.
        let (name, password) = text.split_once(':').ok_or(Refusal::Malformed("expected name:password"))?;
        Ok(Self::Basic { name: name.to_owned(), password: password.to_owned() })
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Basic { name, .. } => write!(f, "Basic({name:?}, secret)"),
            Self::Bearer { .. } => f.write_str("Bearer(secret)"),
        }
    }
}

#[cfg(test)]
mod tests;
