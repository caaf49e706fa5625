/// Which rows of a batch which rules match.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Matches {
    pub(crate) pairs: Vec<Match>,
    /// For each match, the unit of the plan that found it.
    pub(crate) units: Vec<u32>,
    /// How many rows were compared by their columns, because the record is neither JSON nor XML and does not name its fields. What no
    /// column holds could not be seen in them.
    pub rows_by_columns: u64,
}

/// A row that a rule matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Match {
    /// The row of the batch, from 0.
    pub row: usize,
    /// The rule, as its position in [`crate::RuleSet::rules`].
    pub rule: usize,
}

impl Matches {
    /// The matches, by row and then by rule.
    pub fn iter(&self) -> impl Iterator<Item = Match> {
        self.pairs.iter().copied()
    }

    /// How many matches there are.
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// True if no rule matches any row.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// The rows that a rule matches, in order.
    pub fn rows_of(&self, rule: usize) -> impl Iterator<Item = usize> {
        self.pairs.iter().filter(move |found| found.rule == rule).map(|found| found.row)
    }

    /// The rules that match a row, in order.
    pub fn rules_of(&self, row: usize) -> impl Iterator<Item = usize> {
        let start = self.pairs.partition_point(|found| found.row < row);
        self.pairs[start..].iter().take_while(move |found| found.row == row).map(|found| found.rule)
    }
}
