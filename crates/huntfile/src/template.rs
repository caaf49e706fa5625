//! SQL with parameters: where `${name}` may stand, so that a value can only ever be a value.
//!
//! What a value holds must not decide how the rest is read. So a parameter is taken only where SQL expects a token of its own: not in a
//! string, a quoted name or a comment, and not stuck to a word or a quote (`E${x}` would make another kind of string of it).

use std::collections::BTreeSet;

/// SQL, cut where parameters stand.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Template {
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq)]
enum Piece {
    Sql(String),
    Parameter { name: String, offset: usize },
}

/// What is wrong at an offset of the text, in bytes.
pub(crate) type Fault = (usize, String);

impl Template {
    /// Cuts a statement, and says what is wrong with its parameters.
    pub(crate) fn read(sql: &str) -> (Self, Vec<Fault>) {
        let mut scanner = Scanner { sql, at: 0, from: 0, pieces: Vec::new(), faults: Vec::new(), odd: Vec::new() };
        scanner.run();
        if scanner.pieces.iter().any(|piece| matches!(piece, Piece::Parameter { .. })) {
            scanner.faults.append(&mut scanner.odd);
        }
        (Self { pieces: scanner.pieces }, scanner.faults)
    }

    /// The parameters, each with the offset of its use.
    pub(crate) fn parameters(&self) -> impl Iterator<Item = (&str, usize)> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Parameter { name, offset } => Some((name.as_str(), *offset)),
            Piece::Sql(_) => None,
        })
    }

    /// True if the parameter that is used at this offset stands alone in parentheses, as a list must: `IN (${users})`.
    pub(crate) fn stands_in_parentheses(sql: &str, offset: usize) -> bool {
        let (before, after) = sql.split_at(offset);
        let after = after.split_once('}').map_or("", |(_, after)| after);
        before.trim_end().ends_with('(') && after.trim_start().starts_with(')')
    }

    /// The statement with values in place of the parameters; the names that have no value if there are any.
    pub(crate) fn render(&self, value: impl Fn(&str) -> Option<String>) -> Result<String, BTreeSet<String>> {
        let mut sql = String::new();
        let mut missing = BTreeSet::new();
        for piece in &self.pieces {
            match piece {
                Piece::Sql(text) => sql.push_str(text),
                Piece::Parameter { name, .. } => match value(name) {
                    Some(literal) => sql.push_str(&literal),
                    None => {
                        missing.insert(name.clone());
                    }
                },
            }
        }
        if missing.is_empty() { Ok(sql) } else { Err(missing) }
    }
}

struct Scanner<'a> {
    sql: &'a str,
    at: usize,
    /// Where the text that is not yet in a piece begins.
    from: usize,
    pieces: Vec<Piece>,
    faults: Vec<Fault>,
    /// What is wrong only beside parameters.
    odd: Vec<Fault>,
}

impl Scanner<'_> {
    fn run(&mut self) {
        while let Some(next) = self.rest().chars().next() {
            match next {
                '\'' | '"' | '`' => self.quoted(next),
                '-' if self.rest().starts_with("--") => self.skip_to("\n"),
                '/' if self.rest().starts_with("/*") => self.block_comment(),
                '$' if self.rest().starts_with("${") => self.parameter(),
                '$' if dollar_quote(self.rest()) => {
                    self.odd.push((self.at, "strings between dollars ($$…$$) cannot stand beside parameters; use '…'".to_owned()));
                    self.at += 1;
                }
                _ => self.at += next.len_utf8(),
            }
        }
        self.cut(self.sql.len());
    }

    fn rest(&self) -> &str {
        &self.sql[self.at..]
    }

    fn skip_to(&mut self, end: &str) {
        self.at = self.rest().find(end).map_or(self.sql.len(), |offset| self.at + offset + end.len());
    }

    /// A string or a quoted name, with its quote doubled inside.
    fn quoted(&mut self, quote: char) {
        if let Some(prefix) = string_prefix(&self.sql[..self.at]) {
            self.odd.push((self.at, format!("strings like {prefix}{quote}…{quote} cannot stand beside parameters; use '…'")));
        }
        let start = self.at;
        self.at += 1;
        self.skip_to(quote.encode_utf8(&mut [0; 4]));
        let text = &self.sql[start..self.at];
        if let Some((offset, name)) = find_parameter(text) {
            let instead = format!("'…' || ${{{name}}} || '…'");
            let message = format!("${{{name}}} stands inside quotes, where it is not replaced; write {instead}");
            self.faults.push((start + offset, message));
        }
    }

    /// Block comments nest.
    fn block_comment(&mut self) {
        let mut depth = 0_usize;
        while self.at < self.sql.len() {
            let rest = self.rest();
            let step = match rest {
                _ if rest.starts_with("/*") => {
                    depth += 1;
                    2
                }
                _ if rest.starts_with("*/") => {
                    depth -= 1;
                    2
                }
                _ => rest.chars().next().map_or(1, char::len_utf8),
            };
            self.at += step;
            if depth == 0 {
                return;
            }
        }
    }

    fn parameter(&mut self) {
        let start = self.at;
        let Some(name) = name_of(self.rest()) else {
            self.faults.push((start, "${ must be followed by the name of a parameter and }".to_owned()));
            self.at += 2;
            return;
        };
        let name = name.to_owned();
        let end = start + name.len() + 3;
        if touches(self.sql[..start].chars().next_back()) || touches(self.sql[end..].chars().next()) {
            self.faults.push((start, format!("${{{name}}} must stand by itself, with a space before and after it")));
        }
        self.cut(start);
        self.pieces.push(Piece::Parameter { name, offset: start });
        self.from = end;
        self.at = end;
    }

    fn cut(&mut self, to: usize) {
        if self.from < to {
            self.pieces.push(Piece::Sql(self.sql[self.from..to].to_owned()));
        }
        self.from = to;
    }
}

/// The name in `${name}` at the beginning of a text.
fn name_of(text: &str) -> Option<&str> {
    let (name, _) = text.strip_prefix("${")?.split_once('}')?;
    (!name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')).then_some(name)
}

fn find_parameter(text: &str) -> Option<(usize, &str)> {
    text.match_indices("${").find_map(|(offset, _)| name_of(&text[offset..]).map(|name| (offset, name)))
}

/// Characters that would make one token of themselves and a value. `U&'…'` is a string of its own kind.
fn touches(neighbour: Option<char>) -> bool {
    neighbour.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '$' | '&' | '\'' | '"' | '`' | '@' | '#' | '.'))
}

/// The prefix of a string that is read by other rules, if the text before the quote ends in one.
fn string_prefix(before: &str) -> Option<&str> {
    let start = before
        .rfind(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '&')))
        .map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
    let word = &before[start..];
    ["e", "r", "q", "nq", "n", "b", "x", "u&"].iter().any(|prefix| word.eq_ignore_ascii_case(prefix)).then_some(word)
}

/// True for `$$` and `$tag$`.
fn dollar_quote(text: &str) -> bool {
    let tag = text[1..].trim_start_matches(|c: char| c.is_alphanumeric() || c == '_');
    tag.starts_with('$') && !tag.starts_with("${")
}
