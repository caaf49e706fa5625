use std::io::Read;

use bytes::Bytes;

/// How much is read at once, in bytes.
const PIECE_BYTES: usize = 256 << 10;

/// Gives what a reader holds, piece by piece, as the readers of logs take it.
pub(crate) fn pieces(mut input: impl Read) -> impl FnMut() -> Option<Result<Bytes, String>> {
    move || {
        let mut piece = Vec::with_capacity(PIECE_BYTES);
        match (&mut input).take(PIECE_BYTES as u64).read_to_end(&mut piece) {
            Ok(0) => None,
            Ok(_) => Some(Ok(Bytes::from(piece))),
            Err(error) => Some(Err(error.to_string())),
        }
    }
}
