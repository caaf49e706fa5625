/// Turns what a byte order mark announces into UTF-8; anything else passes through as it is.
///
/// Windows tools write UTF-16 with a byte order mark. Broken UTF-16 becomes U+FFFD, as the Unicode standard advises.
#[derive(Debug, Default)]
pub(crate) struct ToUtf8 {
    encoding: Encoding,
    held: Vec<u8>,
    high_surrogate: Option<u16>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    #[default]
    Unknown,
    Utf8,
    Utf16Le,
    Utf16Be,
}

impl ToUtf8 {
    /// Appends the next bytes of the input, as UTF-8, to `out`.
    pub(crate) fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        if self.encoding == Encoding::Utf8 && self.held.is_empty() {
            out.extend_from_slice(bytes);
            return;
        }
        self.held.extend_from_slice(bytes);
        if self.encoding == Encoding::Unknown && self.held.len() >= 3 {
            self.decide();
        }
        self.drain(out);
    }

    /// Appends what is left at the end of the input.
    pub(crate) fn finish(&mut self, out: &mut Vec<u8>) {
        if self.encoding == Encoding::Unknown {
            self.decide();
        }
        self.drain(out);
        if self.high_surrogate.take().is_some() || !self.held.is_empty() {
            self.held.clear();
            out.extend_from_slice("\u{fffd}".as_bytes());
        }
    }

    fn decide(&mut self) {
        let (encoding, mark) = match self.held.as_slice() {
            [0xef, 0xbb, 0xbf, ..] => (Encoding::Utf8, 3),
            [0xff, 0xfe, ..] => (Encoding::Utf16Le, 2),
            [0xfe, 0xff, ..] => (Encoding::Utf16Be, 2),
            _ => (Encoding::Utf8, 0),
        };
        self.encoding = encoding;
        self.held.drain(..mark);
    }

    fn drain(&mut self, out: &mut Vec<u8>) {
        match self.encoding {
            Encoding::Unknown => {}
            Encoding::Utf8 => out.append(&mut self.held),
            Encoding::Utf16Le => self.drain_utf16(u16::from_le_bytes, out),
            Encoding::Utf16Be => self.drain_utf16(u16::from_be_bytes, out),
        }
    }

    fn drain_utf16(&mut self, unit_of: fn([u8; 2]) -> u16, out: &mut Vec<u8>) {
        let even = self.held.len() & !1;
        let held = std::mem::take(&mut self.held);
        let units = self.high_surrogate.take().into_iter().chain(held[..even].chunks_exact(2).map(|pair| unit_of([pair[0], pair[1]])));
        let mut units: Vec<u16> = units.collect();
        if let Some(0xd800..=0xdbff) = units.last() {
            self.high_surrogate = units.pop();
        }
        let text = char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER));
        out.extend_from_slice(text.collect::<String>().as_bytes());
        self.held = held[even..].to_vec();
    }
}

#[cfg(test)]
mod tests {
    use super::ToUtf8;

    #[test]
    fn utf16_and_byte_order_marks_become_plain_utf8_however_the_input_is_cut() {
        let text = "{\"név\":\"𝄞\"}\n";
        let le: Vec<u8> = [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
        let be: Vec<u8> = [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_be_bytes).collect();
        let utf8 = [&[0xef, 0xbb, 0xbf], text.as_bytes()].concat();
        for input in [le, be, utf8, text.as_bytes().to_vec()] {
            for size in 1..9 {
                let mut decoder = ToUtf8::default();
                let mut out = Vec::new();
                input.chunks(size).for_each(|chunk| decoder.push(chunk, &mut out));
                decoder.finish(&mut out);
                assert_eq!(String::from_utf8(out).as_deref(), Ok(text), "in pieces of {size}");
            }
        }
    }
}
