//! Fast writing of text: everything lands in one buffer, without a formatter or a tree in between.

use crate::dice::Dice;
use crate::moment::Moment;

const HEX: &[u8; 16] = b"0123456789abcdef";
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const BASE62: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// Text under construction.
#[derive(Debug, Default)]
pub(crate) struct Out {
    /// What was written so far.
    pub(crate) bytes: Vec<u8>,
}

impl Out {
    /// Text as it is.
    pub(crate) fn s(&mut self, text: &str) -> &mut Self {
        self.bytes.extend_from_slice(text.as_bytes());
        self
    }

    /// A number in decimal.
    pub(crate) fn n(&mut self, number: u64) -> &mut Self {
        self.s(itoa::Buffer::new().format(number))
    }

    /// A number in decimal, filled with zeros to this width.
    pub(crate) fn padded(&mut self, number: u64, width: usize) -> &mut Self {
        let mut buffer = itoa::Buffer::new();
        let digits = buffer.format(number);
        for _ in digits.len()..width {
            self.bytes.push(b'0');
        }
        self.s(digits)
    }

    /// A quoted JSON string.
    pub(crate) fn json(&mut self, text: &str) -> &mut Self {
        self.bytes.push(b'"');
        for byte in text.bytes() {
            match byte {
                b'"' => self.bytes.extend_from_slice(b"\\\""),
                b'\\' => self.bytes.extend_from_slice(b"\\\\"),
                b'\n' => self.bytes.extend_from_slice(b"\\n"),
                b'\t' => self.bytes.extend_from_slice(b"\\t"),
                0..0x20 => {
                    self.bytes.extend_from_slice(b"\\u00");
                    self.hex_of(u64::from(byte), 2);
                }
                _ => self.bytes.push(byte),
            }
        }
        self.bytes.push(b'"');
        self
    }

    /// The last `digits` hexadecimal digits of a number.
    pub(crate) fn hex_of(&mut self, number: u64, digits: u32) -> &mut Self {
        for shift in (0..digits).rev() {
            self.bytes.push(HEX[((number >> (shift * 4)) & 15) as usize]);
        }
        self
    }

    /// Any hexadecimal digits.
    pub(crate) fn hex(&mut self, dice: &mut Dice, mut digits: u32) -> &mut Self {
        while digits > 0 {
            let part = digits.min(16);
            self.hex_of(dice.next(), part);
            digits -= part;
        }
        self
    }

    /// Any UUID of version 4.
    pub(crate) fn uuid(&mut self, dice: &mut Dice) -> &mut Self {
        let (high, low) = (dice.next(), dice.next());
        self.hex_of(high >> 32, 8).s("-").hex_of(high >> 16, 4).s("-4").hex_of(high, 3).s("-");
        self.hex_of(8 | (low >> 62), 1).hex_of(low >> 48, 3).s("-").hex_of(low, 12)
    }

    /// Any capitals and digits, as in AWS's ids of principals and keys.
    pub(crate) fn base32(&mut self, dice: &mut Dice, digits: usize) -> &mut Self {
        self.digits(dice, digits, BASE32)
    }

    /// Any letters and digits.
    pub(crate) fn base62(&mut self, dice: &mut Dice, digits: usize) -> &mut Self {
        self.digits(dice, digits, BASE62)
    }

    fn digits(&mut self, dice: &mut Dice, digits: usize, alphabet: &[u8]) -> &mut Self {
        for _ in 0..digits {
            self.bytes.push(*dice.pick(alphabet));
        }
        self
    }

    /// An id that always belongs to this name: a prefix and capitals.
    pub(crate) fn id_of(&mut self, prefix: &str, name: &str, digits: usize) -> &mut Self {
        self.s(prefix).base32(&mut Dice::named(name), digits)
    }

    /// `2026-03-01T12:34:56` and no zone.
    pub(crate) fn clock(&mut self, when: &Moment) -> &mut Self {
        let seconds = when.ms() / 1000;
        self.s(when.ymd()).s("T").two(seconds / 3600).s(":").two(seconds / 60 % 60).s(":").two(seconds % 60)
    }

    /// `2026-03-01T12:34:56Z`.
    pub(crate) fn iso_s(&mut self, when: &Moment) -> &mut Self {
        self.clock(when).s("Z")
    }

    /// `2026-03-01T12:34:56.789Z`.
    pub(crate) fn iso_ms(&mut self, when: &Moment) -> &mut Self {
        self.clock(when).s(".").padded(u64::from(when.ms() % 1000), 3).s("Z")
    }

    /// `2026-03-01T12:34:56.789012` and no zone; the last digits are the given ones.
    pub(crate) fn iso_fraction(&mut self, when: &Moment, rest: u64, digits: usize) -> &mut Self {
        self.clock(when).s(".").padded(u64::from(when.ms() % 1000), 3).padded(rest, digits)
    }

    fn two(&mut self, value: u32) -> &mut Self {
        self.bytes.push(b'0' + (value / 10) as u8);
        self.bytes.push(b'0' + (value % 10) as u8);
        self
    }

    /// A template in which `%x` stands for what `fill` writes for `x`, and `%%` for a percent sign.
    pub(crate) fn template(&mut self, template: &str, mut fill: impl FnMut(&mut Self, u8)) -> &mut Self {
        let mut rest = template.as_bytes();
        while let Some(at) = rest.iter().position(|byte| *byte == b'%') {
            self.bytes.extend_from_slice(&rest[..at]);
            match rest.get(at + 1) {
                Some(b'%') | None => self.bytes.push(b'%'),
                Some(code) => fill(self, *code),
            }
            rest = rest.get(at + 2..).unwrap_or_default();
        }
        self.bytes.extend_from_slice(rest);
        self
    }

    /// The text, taken away.
    pub(crate) fn take_string(&mut self) -> String {
        String::from_utf8(std::mem::take(&mut self.bytes)).expect("only text is ever written")
    }
}
