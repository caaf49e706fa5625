/// Why the server could not be set up or had to stop.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A setting that cannot work.
    #[error("flight.{key} {problem}")]
    Config {
        /// The setting.
        key: &'static str,
        /// What is wrong with it and what is allowed.
        problem: String,
    },
    /// The list of users cannot be used.
    #[error("user {name:?} {problem}")]
    User {
        /// The user.
        name: String,
        /// What is wrong and the way out. Never holds a secret.
        problem: String,
    },
    /// A password could not be hashed.
    #[error("could not hash the password: {reason}")]
    Hash {
        /// What the hash function said.
        reason: String,
    },
    /// A signing key of the wrong length.
    #[error("a signing key has {expected} bytes, this one has {found}")]
    SigningKey {
        /// The length that is needed.
        expected: usize,
        /// The length that was given.
        found: usize,
    },
    /// The list of Flight SQL facts could not be built.
    #[error("could not build the Flight SQL metadata")]
    Metadata {
        /// What Arrow said.
        source: arrow::error::ArrowError,
    },
    /// The listener stopped working.
    #[error("the Flight SQL server stopped")]
    Serve {
        /// What the transport said.
        source: tonic::transport::Error,
    },
}
