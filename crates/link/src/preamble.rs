//! What the two sides of a link say before it carries anything. The layout is frozen, so that every release can tell another that they
//! do not fit together; numbers are big-endian.
//!
//! ```text
//! client:  "CTLINK"  version u16             length u8   name of the service
//! server:  "CTLINK"  version u16   code u8   length u16  text (why not; empty if it agrees)
//! ```

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

const MAGIC: &[u8; 6] = b"CTLINK";
/// The first byte of TLS records of a handshake and of an alert.
const TLS: [u8; 2] = [0x16, 0x15];
const TEXT_BYTES_MAX: usize = 1024;

/// What a client wants.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Hello {
    pub(crate) version: u16,
    pub(crate) service: String,
}

/// What a server says to it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) version: u16,
    pub(crate) code: Code,
    pub(crate) text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    Ok,
    Version,
    ServiceUnknown,
    NotHere,
    ServiceDown,
    Busy,
    NotANode,
    /// A code of a later release.
    Other(u8),
}

/// What goes wrong while one side listens to the other.
#[derive(Debug)]
pub(crate) enum Unheard {
    Io(io::Error),
    /// It speaks TLS, and it was read without.
    Tls,
    /// It speaks something else.
    Other,
}

impl From<io::Error> for Unheard {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Code {
    fn to_byte(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Version => 1,
            Self::ServiceUnknown => 2,
            Self::NotHere => 3,
            Self::ServiceDown => 4,
            Self::Busy => 5,
            Self::NotANode => 6,
            Self::Other(byte) => byte,
        }
    }

    fn from_byte(byte: u8) -> Self {
        match byte {
            0 => Self::Ok,
            1 => Self::Version,
            2 => Self::ServiceUnknown,
            3 => Self::NotHere,
            4 => Self::ServiceDown,
            5 => Self::Busy,
            6 => Self::NotANode,
            other => Self::Other(other),
        }
    }
}

impl Hello {
    /// The name must have at most 255 bytes.
    pub(crate) async fn write(&self, to: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
        let length = u8::try_from(self.service.len())
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "the name of the service is too long"))?;
        let mut bytes = head(self.version);
        bytes.push(length);
        bytes.extend_from_slice(self.service.as_bytes());
        to.write_all(&bytes).await?;
        to.flush().await
    }

    pub(crate) async fn read(from: &mut (impl AsyncRead + Unpin)) -> Result<Self, Unheard> {
        let version = read_head(from).await?;
        let length = usize::from(from.read_u8().await?);
        let service = read_text(from, length).await?;
        Ok(Self { version, service })
    }
}

impl Answer {
    pub(crate) async fn write(&self, to: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
        let text = &self.text.as_bytes()[..self.text.floor_char_boundary(TEXT_BYTES_MAX)];
        let mut bytes = head(self.version);
        bytes.push(self.code.to_byte());
        bytes.extend_from_slice(&u16::try_from(text.len()).expect("it was cut to less").to_be_bytes());
        bytes.extend_from_slice(text);
        to.write_all(&bytes).await?;
        to.flush().await
    }

    pub(crate) async fn read(from: &mut (impl AsyncRead + Unpin)) -> Result<Self, Unheard> {
        let version = read_head(from).await?;
        let code = Code::from_byte(from.read_u8().await?);
        let length = usize::from(from.read_u16().await?);
        let text = read_text(from, length).await?;
        Ok(Self { version, code, text })
    }
}

fn head(version: u16) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&version.to_be_bytes());
    bytes
}

/// Reads the magic and gives the version. The first byte is looked at alone: whoever speaks something else may wait for an answer.
async fn read_head(from: &mut (impl AsyncRead + Unpin)) -> Result<u16, Unheard> {
    let first = from.read_u8().await?;
    if TLS.contains(&first) {
        return Err(Unheard::Tls);
    }
    if first != MAGIC[0] {
        return Err(Unheard::Other);
    }
    let mut rest = [0; MAGIC.len() - 1];
    from.read_exact(&mut rest).await?;
    if rest != MAGIC[1..] {
        return Err(Unheard::Other);
    }
    Ok(from.read_u16().await?)
}

async fn read_text(from: &mut (impl AsyncRead + Unpin), length: usize) -> Result<String, Unheard> {
    let mut bytes = vec![0; length];
    from.read_exact(&mut bytes).await?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_hello_has_the_frozen_layout() {
        let hello = Hello { version: 0x0102, service: "raft".to_owned() };
        let mut bytes = Vec::new();
        hello.write(&mut bytes).await.expect("memory takes it");
        assert_eq!(bytes, b"CTLINK\x01\x02\x04raft");
        assert_eq!(Hello::read(&mut bytes.as_slice()).await.expect("it reads back"), hello);
    }

    #[tokio::test]
    async fn an_answer_has_the_frozen_layout() {
        let answer = Answer { version: 1, code: Code::NotHere, text: "node-2 leads".to_owned() };
        let mut bytes = Vec::new();
        answer.write(&mut bytes).await.expect("memory takes it");
        assert_eq!(bytes, b"CTLINK\x00\x01\x03\x00\x0cnode-2 leads");
        assert_eq!(Answer::read(&mut bytes.as_slice()).await.expect("it reads back"), answer);
    }

    #[tokio::test]
    async fn codes_of_later_releases_are_kept() {
        for byte in 0..=u8::MAX {
            assert_eq!(Code::from_byte(byte).to_byte(), byte);
        }
    }

    #[tokio::test]
    async fn an_endless_text_is_cut_at_a_character() {
        let answer = Answer { version: 1, code: Code::Busy, text: "é".repeat(TEXT_BYTES_MAX) };
        let mut bytes = Vec::new();
        answer.write(&mut bytes).await.expect("memory takes it");
        assert_eq!(Answer::read(&mut bytes.as_slice()).await.expect("it reads back").text, "é".repeat(TEXT_BYTES_MAX / 2));
    }

    #[tokio::test]
    async fn something_else_is_told_from_tls_and_from_an_early_end() {
        assert!(matches!(Hello::read(&mut b"GET / HTTP/1.1".as_slice()).await, Err(Unheard::Other)));
        assert!(matches!(Hello::read(&mut b"CTxx".as_slice()).await, Err(Unheard::Io(_))));
        assert!(matches!(Hello::read(&mut b"CTxxxxxxxx".as_slice()).await, Err(Unheard::Other)));
        assert!(matches!(Hello::read(&mut b"\x16\x03\x01".as_slice()).await, Err(Unheard::Tls)));
        assert!(matches!(Hello::read(&mut b"CTLINK\x00\x01\x09raft".as_slice()).await, Err(Unheard::Io(_))));
    }
}
