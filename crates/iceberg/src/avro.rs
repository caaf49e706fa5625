//! As much of Avro 1.11 as manifests need: values, and files of them (<https://avro.apache.org/docs/1.11.1/specification/>).

use std::io::{self, Read, Write};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use serde_json::{Value, json};

const MAGIC: &[u8; 4] = b"Obj\x01";
const SYNC_BYTES: usize = 16;
/// A block is closed once it has so many bytes before compression.
const BLOCK_BYTES_TARGET: usize = 256 << 10;

/// Values in Avro's binary form, one after the other.
#[derive(Debug, Default)]
pub(crate) struct Encoder(Vec<u8>);

impl Encoder {
    /// A whole number of either size: zigzag, seven bits a byte.
    pub(crate) fn long(&mut self, value: i64) {
        let mut rest = ((value << 1) ^ (value >> 63)).cast_unsigned();
        while rest >= 0x80 {
            self.0.push((rest & 0x7f) as u8 | 0x80);
            rest >>= 7;
        }
        self.0.push(rest as u8);
    }

    pub(crate) fn boolean(&mut self, value: bool) {
        self.0.push(u8::from(value));
    }

    pub(crate) fn bytes(&mut self, value: &[u8]) {
        self.length(value.len());
        self.0.extend_from_slice(value);
    }

    pub(crate) fn text(&mut self, value: &str) {
        self.bytes(value.as_bytes());
    }

    /// The value of a union of `null` and something; what follows is the something.
    pub(crate) fn some(&mut self) {
        self.long(1);
    }

    /// The `null` of a union of `null` and something.
    pub(crate) fn none(&mut self) {
        self.long(0);
    }

    /// An array.
    pub(crate) fn list<T>(&mut self, items: impl ExactSizeIterator<Item = T>, mut item: impl FnMut(&mut Self, T)) {
        if items.len() > 0 {
            self.length(items.len());
            items.for_each(|one| item(self, one));
        }
        self.long(0);
    }

    fn length(&mut self, length: usize) {
        self.long(i64::try_from(length).expect("what is in memory has a length below 2^63"));
    }
}

/// Reads values in Avro's binary form; the error says what is wrong.
#[derive(Debug)]
pub(crate) struct Decoder<'a>(&'a [u8]);

impl<'a> Decoder<'a> {
    pub(crate) fn long(&mut self) -> Result<i64, String> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.take(1)?[0];
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed());
            }
        }
        Err("a number has too many bytes".to_owned())
    }

    pub(crate) fn int(&mut self) -> Result<i32, String> {
        i32::try_from(self.long()?).map_err(|_| "a number is too large".to_owned())
    }

    pub(crate) fn boolean(&mut self) -> Result<bool, String> {
        Ok(self.take(1)?[0] != 0)
    }

    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], String> {
        let length = usize::try_from(self.long()?).map_err(|_| "a length is negative".to_owned())?;
        self.take(length)
    }

    pub(crate) fn text(&mut self) -> Result<String, String> {
        String::from_utf8(self.bytes()?.to_vec()).map_err(|_| "a text is not UTF-8".to_owned())
    }

    /// A value of a union of `null` and something.
    pub(crate) fn option<T>(&mut self, some: impl FnOnce(&mut Self) -> Result<T, String>) -> Result<Option<T>, String> {
        match self.long()? {
            0 => Ok(None),
            _ => some(self).map(Some),
        }
    }

    /// An array; one of several parts too.
    pub(crate) fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Result<T, String>) -> Result<Vec<T>, String> {
        let mut items = Vec::new();
        loop {
            let count = self.long()?;
            if count < 0 {
                // The bytes of the part, for those who skip it.
                self.long()?;
            }
            if count == 0 {
                return Ok(items);
            }
            for _ in 0..count.unsigned_abs() {
                items.push(item(self)?);
            }
        }
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], String> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or("it ends too early")?;
        self.0 = rest;
        Ok(taken)
    }

    fn is_at_end(&self) -> bool {
        self.0.is_empty()
    }
}

/// Writes a file of values of one schema, compressed.
///
/// `sync` stands between the blocks; given the same bytes it makes the same file.
pub(crate) fn write_file<T>(
    schema: &Value,
    metadata: &[(&str, String)],
    sync: [u8; SYNC_BYTES],
    items: &[T],
    item: impl Fn(&mut Encoder, &T),
) -> io::Result<Vec<u8>> {
    let mut file = Encoder(MAGIC.to_vec());
    let own = [("avro.codec", "deflate".to_owned()), ("avro.schema", schema.to_string())];
    file.list(own.iter().chain(metadata).collect::<Vec<_>>().into_iter(), |file, (key, value)| {
        file.text(key);
        file.text(value);
    });
    file.0.extend_from_slice(&sync);
    let (mut block, mut count) = (Encoder::default(), 0);
    for (index, one) in items.iter().enumerate() {
        item(&mut block, one);
        count += 1;
        if block.0.len() >= BLOCK_BYTES_TARGET || index + 1 == items.len() {
            let mut compressed = DeflateEncoder::new(Vec::new(), Compression::default());
            compressed.write_all(&block.0)?;
            file.long(count);
            file.bytes(&compressed.finish()?);
            file.0.extend_from_slice(&sync);
            (block, count) = (Encoder::default(), 0);
        }
    }
    Ok(file.0)
}

/// Reads a file that [`write_file`] wrote with this schema; the error says what is wrong.
pub(crate) fn read_file<T>(bytes: &[u8], schema: &Value, item: impl Fn(&mut Decoder<'_>) -> Result<T, String>) -> Result<Vec<T>, String> {
    let mut file = Decoder(bytes);
    if file.take(MAGIC.len())? != MAGIC {
        return Err("it is not Avro".to_owned());
    }
    let metadata = file.list(|file| Ok((file.text()?, file.text()?)))?;
    let value_of = |name: &str| metadata.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    if value_of("avro.codec") != Some("deflate") || value_of("avro.schema") != Some(schema.to_string().as_str()) {
        return Err("it was written with another schema".to_owned());
    }
    let sync = file.take(SYNC_BYTES)?;
    let mut items = Vec::new();
    while !file.is_at_end() {
        let count = file.long()?;
        let mut values = Vec::new();
        DeflateDecoder::new(file.bytes()?).read_to_end(&mut values).map_err(|error| error.to_string())?;
        let mut values = Decoder(&values);
        for _ in 0..count {
            items.push(item(&mut values)?);
        }
        if file.take(SYNC_BYTES)? != sync || !values.is_at_end() {
            return Err("a block does not end where it should".to_owned());
        }
    }
    Ok(items)
}

/// The schema of a field that always has a value; `id` is Iceberg's.
pub(crate) fn field(id: i32, name: &str, value: impl Into<Value>) -> Value {
    json!({"name": name, "type": value.into(), "field-id": id})
}

/// The schema of a field that may have no value.
pub(crate) fn optional(id: i32, name: &str, value: impl Into<Value>) -> Value {
    json!({"name": name, "type": ["null", value.into()], "default": null, "field-id": id})
}

/// The schema of what Iceberg calls a map from numbers: a list of keys and values.
pub(crate) fn number_map(key_id: i32, value_id: i32, value: &str) -> Value {
    let record = json!({
        "type": "record", "name": format!("k{key_id}_v{value_id}"),
        "fields": [field(key_id, "key", "int"), field(value_id, "value", value)],
    });
    json!({"type": "array", "items": record, "logicalType": "map"})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_the_specification_shows_them() {
        for (value, bytes) in [(0_i64, vec![0x00_u8]), (-1, vec![0x01]), (1, vec![0x02]), (-64, vec![0x7f]), (64, vec![0x80, 0x01])] {
            let mut encoder = Encoder::default();
            encoder.long(value);
            assert_eq!(encoder.0, bytes, "{value}");
        }
        for value in [i64::MIN, i64::MAX, 1_772_323_200_000_000] {
            let mut encoder = Encoder::default();
            encoder.long(value);
            assert_eq!(Decoder(&encoder.0).long(), Ok(value));
        }
    }

    #[test]
    fn a_file_of_many_blocks_is_read_as_it_was_written_and_nothing_else_is() {
        let schema = json!({"type": "record", "name": "r", "fields": [field(1, "a", "string"), optional(2, "b", "long")]});
        let items: Vec<(String, Option<i64>)> = (0..40_000).map(|n| (format!("text {n}"), (n % 3 == 0).then_some(n))).collect();
        let encode = |encoder: &mut Encoder, (text, number): &(String, Option<i64>)| {
            encoder.text(text);
            match number {
                Some(number) => {
                    encoder.some();
                    encoder.long(*number);
                }
                None => encoder.none(),
            }
        };
        let file = write_file(&schema, &[("k", "v".to_owned())], [7; SYNC_BYTES], &items, encode).unwrap();
        let decode = |decoder: &mut Decoder<'_>| Ok((decoder.text()?, decoder.option(Decoder::long)?));
        assert_eq!(read_file(&file, &schema, decode), Ok(items));
        assert!(file.windows(SYNC_BYTES).filter(|bytes| *bytes == [7; SYNC_BYTES]).count() > 2, "there are several blocks");
        for cut in [0, 3, 100, file.len() / 2, file.len() - 1] {
            assert!(read_file(&file[..cut], &schema, decode).is_err(), "cut at {cut}");
        }
        assert!(read_file(&file, &json!("string"), decode).is_err());
    }
}
