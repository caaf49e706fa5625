use std::collections::HashMap;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder};

use crate::need::{Clause, worth};

/// Tells from the text of a record which rules cannot match it, for all rules at once.
#[derive(Debug, Clone, Default)]
pub(crate) struct WordFilter {
    finder: Option<AhoCorasick>,
    /// For each word, the units whose best clause has it.
    units_of_word: Vec<Vec<u32>>,
    /// For each unit, its clauses as words; empty if nothing is known of it.
    clauses_of_unit: Vec<Vec<Vec<u32>>>,
}

/// What is remembered while one batch is gone through.
#[derive(Debug, Default)]
pub(crate) struct WordMarks {
    /// For each word, the number of the row in which it was last seen.
    word_seen: Vec<u64>,
    unit_seen: Vec<u64>,
    row: u64,
}

impl WordFilter {
    /// Builds the filter from the clauses of each unit.
    pub(crate) fn new(clauses_of_unit: &[Vec<Clause>]) -> Self {
        let mut words: HashMap<&str, u32> = HashMap::new();
        let mut numbered = Vec::new();
        for clauses in clauses_of_unit {
            let mut best_first: Vec<&Clause> = clauses.iter().collect();
            best_first.sort_by_key(|clause| std::cmp::Reverse(worth(clause)));
            let mut unit_clauses = Vec::new();
            for clause in best_first {
                let next = |words: &HashMap<&str, u32>| words.len() as u32;
                let numbers = clause.iter().map(|word| {
                    let next = next(&words);
                    *words.entry(word.as_str()).or_insert(next)
                });
                unit_clauses.push(numbers.collect::<Vec<u32>>());
            }
            numbered.push(unit_clauses);
        }
        let mut units_of_word = vec![Vec::new(); words.len()];
        for (unit, clauses) in (0..).zip(&numbered) {
            clauses.iter().take(1).flatten().for_each(|word| units_of_word[*word as usize].push(unit));
        }
        let mut ordered: Vec<(&str, u32)> = words.into_iter().collect();
        ordered.sort_by_key(|(_, number)| *number);
        let finder = AhoCorasickBuilder::new().ascii_case_insensitive(true).build(ordered.iter().map(|(word, _)| word)).ok();
        match finder {
            Some(finder) => Self { finder: Some(finder), units_of_word, clauses_of_unit: numbered },
            None => Self { finder: None, units_of_word, clauses_of_unit: vec![Vec::new(); clauses_of_unit.len()] },
        }
    }

    /// Fresh marks for a batch.
    pub(crate) fn marks(&self) -> WordMarks {
        WordMarks { word_seen: vec![0; self.units_of_word.len()], unit_seen: vec![0; self.clauses_of_unit.len()], row: 0 }
    }

    /// True if something is known of the unit, so that [`Self::units_in`] finds it where it may match.
    pub(crate) fn knows(&self, unit: u32) -> bool {
        !self.clauses_of_unit[unit as usize].is_empty()
    }

    /// The units, of those that something is known of, that may match a record.
    pub(crate) fn units_in(&self, record: &str, marks: &mut WordMarks) -> Vec<u32> {
        let Some(finder) = &self.finder else { return Vec::new() };
        marks.row += 1;
        let mut met: Vec<u32> = Vec::new();
        for found in finder.find_overlapping_iter(record) {
            let word = found.pattern().as_usize();
            if marks.word_seen[word] == marks.row {
                continue;
            }
            marks.word_seen[word] = marks.row;
            for unit in &self.units_of_word[word] {
                if marks.unit_seen[*unit as usize] != marks.row {
                    marks.unit_seen[*unit as usize] = marks.row;
                    met.push(*unit);
                }
            }
        }
        let is_seen = |clause: &Vec<u32>| clause.iter().any(|word| marks.word_seen[*word as usize] == marks.row);
        met.retain(|unit| self.clauses_of_unit[*unit as usize].iter().all(is_seen));
        met
    }
}

/// True if the record writes some characters as numbers, or has one that is an English letter in small letters only: then its text does
/// not tell what it holds.
pub(crate) fn is_veiled(record: &str) -> bool {
    let bytes = record.as_bytes();
    // Records of auditd write what users chose in hexadecimal.
    if !matches!(bytes.first(), Some(b'{' | b'[' | b'<')) && memchr::memmem::find(bytes, b"audit(").is_some() {
        return true;
    }
    if !record.is_ascii() && (record.contains('\u{212a}') || record.contains('\u{130}')) {
        return true;
    }
    let after_ampersand = |at: usize| bytes.get(at + 1) == Some(&b'#');
    memchr::memchr2_iter(b'\\', b'&', bytes).any(|at| match bytes[at] {
        b'&' => after_ampersand(at),
        _ => bytes.get(at + 1) == Some(&b'u') && is_veiling(bytes, at + 2),
    })
}

/// True if the four digits behind `\u` are those of a character that words are made of.
fn is_veiling(bytes: &[u8], at: usize) -> bool {
    let code =
        bytes.get(at..at + 4).and_then(|digits| std::str::from_utf8(digits).ok()).and_then(|digits| u32::from_str_radix(digits, 16).ok());
    match code {
        Some(0x212a | 0x130) => true,
        Some(0x26) => bytes.get(at + 4) == Some(&b'#'),
        Some(0x22 | 0x27 | 0x3c | 0x3e) | None => false,
        Some(code) => (0x20..0x7f).contains(&code),
    }
}
