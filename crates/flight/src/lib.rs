//! Arrow Flight SQL: sign-in, statements, metadata, result streams.
