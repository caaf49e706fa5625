//! What an event needs to have for a condition to be true, as far as it can be told without reading the record.

use std::collections::{BTreeMap, BTreeSet};

use coldtrail_model::Col;

use crate::compile::texts_of;
use crate::expr::{Expr, KeywordTest, Test};
use crate::pattern::{Pattern, fold};
use crate::scalar::Numeric;

/// Columns and the values, in small letters, of which each must have one.
pub(crate) type ColumnNeeds = BTreeMap<Col, BTreeSet<String>>;

/// Texts, in small letters, of which the record must hold one.
pub(crate) type Clause = BTreeSet<String>;

/// A list of texts that is longer does not spare enough work.
const CLAUSE_TEXTS_MAX: usize = 4096;
/// A shorter text is in too many records.
const TEXT_BYTES_MIN: usize = 3;

/// Which fields tell what.
pub(crate) struct Fields<'f> {
    /// The column whose value follows from that of a field.
    pub(crate) implied: &'f dyn Fn(usize) -> Option<Col>,
    /// True if the values of a field stand in the record as they are.
    pub(crate) is_verbatim: &'f dyn Fn(usize) -> bool,
}

/// The values that columns must have.
pub(crate) fn column_needs(expr: &Expr, fields: &Fields<'_>) -> ColumnNeeds {
    match expr {
        Expr::All(parts) => {
            let mut needs = ColumnNeeds::new();
            for (column, values) in parts.iter().flat_map(|part| column_needs(part, fields)) {
                match needs.get_mut(&column) {
                    Some(existing) if existing.len() <= values.len() => {}
                    _ => drop(needs.insert(column, values)),
                }
            }
            needs
        }
        Expr::Any(parts) => {
            let mut parts = parts.iter().map(|part| column_needs(part, fields));
            let Some(mut needs) = parts.next() else { return ColumnNeeds::new() };
            for part in parts {
                needs.retain(|column, _| part.contains_key(column));
                needs.iter_mut().for_each(|(column, values)| values.extend(part[column].iter().cloned()));
            }
            needs
        }
        Expr::Field(field, test) => match ((fields.implied)(*field), exact_values(test)) {
            (Some(column), Some(values)) => ColumnNeeds::from([(column, values)]),
            _ => ColumnNeeds::new(),
        },
        Expr::Not(_) | Expr::Keyword(_) => ColumnNeeds::new(),
    }
}

/// The only values that a test is true of. A dash and nothing are not kept in columns.
fn exact_values(test: &Test) -> Option<BTreeSet<String>> {
    match test {
        Test::Texts(_, patterns) => {
            let plain = |pattern: &Pattern| pattern.as_plain().map(fold).filter(|text| !text.is_empty() && text != "-");
            patterns.iter().map(plain).collect()
        }
        Test::Number(Numeric::Whole(number)) => Some(BTreeSet::from([number.to_string()])),
        _ => None,
    }
}

/// The texts of which the record must hold one, for each thing that must be true.
pub(crate) fn clauses(expr: &Expr, fields: &Fields<'_>) -> Vec<Clause> {
    match expr {
        Expr::All(parts) => parts.iter().flat_map(|part| clauses(part, fields)).collect(),
        Expr::Any(parts) => {
            let best = |part: &Expr| clauses(part, fields).into_iter().max_by_key(worth);
            let Some(best) = parts.iter().map(best).collect::<Option<Vec<Clause>>>() else { return Vec::new() };
            fitting(best.into_iter().flatten().collect())
        }
        Expr::Field(field, Test::Texts(_, patterns)) if (fields.is_verbatim)(*field) => of_patterns(patterns),
        Expr::Keyword(KeywordTest::Texts(_, patterns)) => of_patterns(patterns),
        Expr::Field(..) | Expr::Keyword(_) | Expr::Not(_) => Vec::new(),
    }
}

/// How much work a clause spares: long texts are rare, and few of them rarer.
pub(crate) fn worth(clause: &Clause) -> (usize, std::cmp::Reverse<usize>) {
    (clause.iter().map(String::len).min().unwrap_or_default().min(8), std::cmp::Reverse(clause.len()))
}

fn fitting(clause: Clause) -> Vec<Clause> {
    if clause.is_empty() || clause.len() > CLAUSE_TEXTS_MAX { Vec::new() } else { vec![clause] }
}

fn of_patterns(patterns: &[Pattern]) -> Vec<Clause> {
    let texts: Option<Clause> = patterns.iter().map(text_in_record).collect();
    texts.map(fitting).unwrap_or_default()
}

/// The longest piece of a pattern that stands in a record as it is, however the record is written. Tab-separated logs write `T` and
/// `F`, so that a piece of `true` or `false` may not stand there at all.
fn text_in_record(pattern: &Pattern) -> Option<String> {
    let pieces = texts_of(pattern).flat_map(|text| text.split(|character: char| !is_plain(character)));
    let is_word = |piece: &&str| piece.len() >= TEXT_BYTES_MIN && piece.bytes().any(|byte| byte.is_ascii_alphabetic());
    let longest = pieces.filter(is_word).max_by_key(|piece| piece.len()).map(str::to_ascii_lowercase);
    longest.filter(|word| !["true", "false"].iter().any(|flag| flag.contains(word.as_str())))
}

/// True for characters that neither JSON nor XML writes in another way, unless it uses numbers for them. Those between the parts of an
/// object are none: a record may be written with blanks there. Pieces without a letter are none either: a number may be written in
/// several ways.
fn is_plain(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '_' | '.' | '(' | ')' | '=' | ';' | ' ' | '-')
}
