//! Source objects through normalize into the lake, committed to the catalog exactly once.
