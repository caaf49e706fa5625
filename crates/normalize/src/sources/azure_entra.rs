//! Not mapped yet.

use crate::detect::FirstLook;
use crate::sources::{Format, Mapping};

/// Not mapped yet.
#[derive(Debug, Default)]
pub(crate) struct Entra;

impl Mapping for Entra {
    fn format(&self, _head: &[u8]) -> Format {
        Format::Json { envelope_keys: &[] }
    }
}

/// True if an object that begins like this is of this source.
pub(crate) fn recognises(_look: &FirstLook<'_>) -> bool {
    false
}
