use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::modifier::Modifier;
use crate::pattern::Pattern;

/// A value on its way through the modifiers.
#[derive(Debug, Clone)]
pub(crate) enum Draft {
    /// Text with wildcards.
    Pattern(Pattern),
    /// Bytes that need not be UTF-8, before they are encoded.
    Bytes(Vec<u8>),
}

/// Encodes a value as a modifier says; `base64offset` gives three.
pub(crate) fn encode(draft: Draft, modifier: Modifier) -> Result<Vec<Draft>, &'static str> {
    let bytes = match draft {
        Draft::Bytes(bytes) => bytes,
        Draft::Pattern(pattern) => pattern.as_plain().ok_or("a value with wildcards cannot be encoded")?.as_bytes().to_vec(),
    };
    Ok(match modifier {
        Modifier::Utf16Le => vec![Draft::Bytes(utf16(&bytes, u16::to_le_bytes)?)],
        Modifier::Utf16Be => vec![Draft::Bytes(utf16(&bytes, u16::to_be_bytes)?)],
        Modifier::Utf16 => vec![Draft::Bytes([vec![0xff, 0xfe], utf16(&bytes, u16::to_le_bytes)?].concat())],
        Modifier::Base64 => vec![Draft::Pattern(Pattern::plain(STANDARD.encode(bytes)))],
        _ => (0..3).map(|offset| Draft::Pattern(Pattern::plain(base64_at(&bytes, offset)))).collect(),
    })
}

impl Draft {
    /// The pattern; bytes must be a text for that.
    pub(crate) fn into_pattern(self) -> Result<Pattern, &'static str> {
        match self {
            Self::Pattern(pattern) => Ok(pattern),
            Self::Bytes(bytes) => String::from_utf8(bytes)
                .map(Pattern::plain)
                .map_err(|_| "these encoded bytes are no text; base64 or base64offset must follow"),
        }
    }
}

fn utf16(bytes: &[u8], to_bytes: fn(u16) -> [u8; 2]) -> Result<Vec<u8>, &'static str> {
    let text = std::str::from_utf8(bytes).map_err(|_| "a value that is UTF-16 already cannot be encoded again")?;
    Ok(text.encode_utf16().flat_map(to_bytes).collect())
}

/// The characters of the Base64 text that do not depend on what stands around the value, when it begins `offset` bytes after a group of
/// three. Characters that also hold bits of a neighbour are left out.
fn base64_at(bytes: &[u8], offset: usize) -> String {
    let encoded = STANDARD.encode([vec![b' '; offset], bytes.to_vec()].concat());
    let start = [0, 2, 3][offset];
    let cut = [0, 3, 2][(bytes.len() + offset) % 3];
    encoded.get(start..encoded.len().saturating_sub(cut)).unwrap_or_default().to_owned()
}
