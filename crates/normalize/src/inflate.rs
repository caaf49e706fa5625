use std::io::Write;

use flate2::write::MultiGzDecoder;
use zstd::stream::raw::{Decoder as RawDecoder, Operation};

/// A call of [`Inflater::push_some`] stops taking compressed bytes once it gave so many plain ones.
const PLAIN_BYTES_ENOUGH: usize = 4 << 20;

/// How many bytes of gzip are taken at once: DEFLATE gives at most 1,032 bytes for one, so 4 MiB for these.
const GZIP_BYTES: usize = 4 << 10;

/// How an object is compressed, told by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// gzip (RFC 1952), also several members one after the other.
    Gzip,
    /// Zstandard (RFC 8878).
    Zstd,
}

impl Compression {
    /// Looks at the first bytes of an object.
    pub fn detect(head: &[u8]) -> Self {
        match head {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstd,
            _ => Self::None,
        }
    }
}

/// Takes compressed bytes piece by piece and gives the plain ones.
pub struct Inflater {
    inner: Inner,
}

enum Inner {
    Plain,
    Gzip(Box<MultiGzDecoder<Vec<u8>>>),
    Zstd { decoder: Box<RawDecoder<'static>>, frame_is_open: bool },
}

/// The compressed bytes are damaged or cut off. What came out before is good.
#[derive(Debug, thiserror::Error)]
#[error("the {compression:?} data is damaged or cut off: {detail}")]
pub struct InflateError {
    /// How it is compressed.
    pub compression: Compression,
    /// What the decompressor said.
    pub detail: String,
}

impl Inflater {
    /// A decompressor for one object.
    pub fn new(compression: Compression) -> Result<Self, InflateError> {
        let inner = match compression {
            Compression::None => Inner::Plain,
            Compression::Gzip => Inner::Gzip(Box::new(MultiGzDecoder::new(Vec::new()))),
            Compression::Zstd => {
                let decoder = RawDecoder::new().map_err(|source| error(compression, &source))?;
                Inner::Zstd { decoder: Box::new(decoder), frame_is_open: false }
            }
        };
        Ok(Self { inner })
    }

    /// Takes the next compressed bytes and returns the plain bytes they give, however many. On an error, `out` holds what was good
    /// before it.
    pub fn push(&mut self, mut bytes: &[u8], out: &mut Vec<u8>) -> Result<(), InflateError> {
        while !bytes.is_empty() {
            bytes = &bytes[self.push_some(bytes, out)?..];
        }
        Ok(())
    }

    /// Takes some of the next compressed bytes and says how many, at least one if there are any: so many that at most about 8 MiB are
    /// added to `out`, whatever somebody packed. On an error, `out` holds what was good before it.
    pub fn push_some(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<usize, InflateError> {
        match &mut self.inner {
            Inner::Plain => {
                out.extend_from_slice(bytes);
                Ok(bytes.len())
            }
            Inner::Gzip(decoder) => inflate_gzip(decoder, bytes, out),
            Inner::Zstd { decoder, frame_is_open } => inflate_zstd(decoder, frame_is_open, bytes, out),
        }
    }

    /// Ends the object; an error says that it was cut off.
    pub fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), InflateError> {
        match &mut self.inner {
            Inner::Plain => {}
            Inner::Gzip(decoder) => {
                let result = decoder.try_finish();
                out.append(decoder.get_mut());
                result.map_err(|source| error(Compression::Gzip, &source))?;
            }
            Inner::Zstd { frame_is_open: false, .. } => {}
            Inner::Zstd { frame_is_open: true, .. } => {
                return Err(InflateError { compression: Compression::Zstd, detail: "the last frame is not complete".to_owned() });
            }
        }
        Ok(())
    }
}

fn inflate_gzip(decoder: &mut MultiGzDecoder<Vec<u8>>, bytes: &[u8], out: &mut Vec<u8>) -> Result<usize, InflateError> {
    let (mut taken, before) = (0, out.len());
    while taken < bytes.len() && out.len() - before < PLAIN_BYTES_ENOUGH {
        let piece = &bytes[taken..bytes.len().min(taken + GZIP_BYTES)];
        let result = decoder.write_all(piece);
        out.append(decoder.get_mut());
        result.map_err(|source| error(Compression::Gzip, &source))?;
        taken += piece.len();
    }
    Ok(taken)
}

/// The frame's end is known only from the decoder's hint: zero when a frame is complete. What the decoder still holds once all bytes are
/// taken is no more than a block (128 KiB).
fn inflate_zstd(
    decoder: &mut RawDecoder<'_>,
    frame_is_open: &mut bool,
    mut bytes: &[u8],
    out: &mut Vec<u8>,
) -> Result<usize, InflateError> {
    let (all, before) = (bytes.len(), out.len());
    let mut piece = vec![0_u8; 128 * 1024];
    loop {
        let status = decoder.run_on_buffers(bytes, &mut piece).map_err(|source| error(Compression::Zstd, &source))?;
        out.extend_from_slice(&piece[..status.bytes_written]);
        bytes = &bytes[status.bytes_read..];
        if status.bytes_read > 0 || status.bytes_written > 0 {
            *frame_is_open = status.remaining != 0;
        }
        if bytes.is_empty() && status.bytes_written < piece.len() {
            return Ok(all);
        }
        if status.remaining == 0 {
            decoder.reinit().map_err(|source| error(Compression::Zstd, &source))?;
        }
        if out.len() - before >= PLAIN_BYTES_ENOUGH && !bytes.is_empty() && bytes.len() < all {
            return Ok(all - bytes.len());
        }
    }
}

fn error(compression: Compression, source: &std::io::Error) -> InflateError {
    InflateError { compression, detail: source.to_string() }
}

impl std::fmt::Debug for Inflater {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let compression = match self.inner {
            Inner::Plain => Compression::None,
            Inner::Gzip(_) => Compression::Gzip,
            Inner::Zstd { .. } => Compression::Zstd,
        };
        f.debug_struct("Inflater").field("compression", &compression).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::{Compression, Inflater};

    fn compressed(text: &[u8]) -> [(Compression, Vec<u8>); 2] {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(text).expect("writing to memory");
        let zstd = zstd::encode_all(text, 1).expect("writing to memory");
        [(Compression::Gzip, gzip.finish().expect("writing to memory")), (Compression::Zstd, zstd)]
    }

    fn inflate(compression: Compression, bytes: &[u8], piece: usize) -> (Vec<u8>, bool) {
        let mut inflater = Inflater::new(compression).expect("a decoder");
        let mut out = Vec::new();
        let whole = bytes.chunks(piece).all(|piece| inflater.push(piece, &mut out).is_ok());
        let whole = whole && inflater.finish(&mut out).is_ok();
        (out, whole)
    }

    #[test]
    fn several_members_come_out_whole_however_they_are_cut() {
        let text: Vec<u8> = (0..200_000_u32).flat_map(|number| (number * 7919).to_string().into_bytes()).collect();
        for (compression, bytes) in compressed(&text) {
            assert_eq!(Compression::detect(&bytes), compression);
            let two = [bytes.clone(), bytes].concat();
            for piece in [1000, 65_536, usize::MAX >> 1] {
                let (out, whole) = inflate(compression, &two, piece);
                assert!(whole && out == [text.clone(), text.clone()].concat(), "{compression:?} in pieces of {piece}");
            }
        }
    }

    #[test]
    fn a_bomb_comes_out_in_pieces() {
        let plain = vec![0; 256 << 20];
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        gzip.write_all(&plain).expect("writing to memory");
        let bombs = [(Compression::Gzip, gzip.finish().expect("writing to memory")), compressed(&plain)[1].clone()];
        for (compression, bytes) in bombs {
            assert!(bytes.len() < 1 << 20, "{compression:?}: {} bytes", bytes.len());
            let mut inflater = Inflater::new(compression).expect("a decoder");
            let (mut left, mut plain_bytes) = (&bytes[..], 0);
            while !left.is_empty() {
                let mut out = Vec::new();
                let taken = inflater.push_some(left, &mut out).expect("whole");
                assert!(taken > 0 && out.len() <= 9 << 20, "{compression:?}: {} bytes at once", out.len());
                (left, plain_bytes) = (&left[taken..], plain_bytes + out.len());
            }
            let mut out = Vec::new();
            inflater.finish(&mut out).expect("whole");
            assert_eq!(plain_bytes + out.len(), 256 << 20, "{compression:?}");
        }
    }

    #[test]
    fn a_cut_off_object_is_an_error_and_what_came_before_is_kept() {
        let text: Vec<u8> = (0..200_000_u32).flat_map(|number| (number * 7919).to_string().into_bytes()).collect();
        for (compression, bytes) in compressed(&text) {
            let (out, whole) = inflate(compression, &bytes[..bytes.len() / 2], 4096);
            assert!(!whole, "{compression:?}");
            assert!(!out.is_empty() && text.starts_with(&out), "{compression:?}");
        }
    }
}
