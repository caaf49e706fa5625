//! Routes each query to local or distributed execution, watches it, cancels it.
