/// Why a message does not stand for something of the model: it was damaged, or written by another version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A field that must be there is not.
    #[error("{message} lacks its {field}; it may be written by a newer version of Coldtrail")]
    Missing {
        /// The message.
        message: &'static str,
        /// The field.
        field: &'static str,
    },
    /// A field of bytes has the wrong length.
    #[error("{message}.{field} holds {found} bytes instead of {wanted}")]
    Length {
        /// The message.
        message: &'static str,
        /// The field.
        field: &'static str,
        /// How many bytes it should hold.
        wanted: usize,
        /// How many it holds.
        found: usize,
    },
    /// A field holds something that this version does not know.
    #[error("{message}.{field} is not understood; it may be written by a newer version of Coldtrail")]
    Value {
        /// The message.
        message: &'static str,
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        source: coldtrail_model::Error,
    },
    /// An enumeration has a number that this version does not know.
    #[error("{message}.{field} has the number {found}, which is not understood; it may be written by a newer version of Coldtrail")]
    Number {
        /// The message.
        message: &'static str,
        /// The field.
        field: &'static str,
        /// The number.
        found: i32,
    },
}
