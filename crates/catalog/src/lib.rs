//! What exists and what is under way, agreed by Raft: tables, segments, ingested source objects.
