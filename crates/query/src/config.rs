/// How statements are planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannerConfig {
    /// How much of a segment's end is read at first, in the hope that the footer is in it.
    pub metadata_bytes_hint: usize,
    /// The longest statement that is read, in bytes; a longer one is refused.
    pub statement_bytes_max: usize,
}

impl Default for PlannerConfig {
    fn default() -> Self {
        Self { metadata_bytes_hint: 512 << 10, statement_bytes_max: 16 << 20 }
    }
}
