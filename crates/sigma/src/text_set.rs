use std::collections::HashSet;

use aho_corasick::AhoCorasick;

use crate::pattern::{DASHES, Pattern, Piece, fold};
use crate::value::Text;

/// Several patterns of which one must match, compared all at once.
#[derive(Debug, Clone)]
pub(crate) struct TextSet {
    is_cased: bool,
    equal: HashSet<String>,
    starts: Vec<String>,
    ends: Vec<String>,
    contained: Vec<String>,
    /// Finds any of `contained`, where they are many.
    finder: Option<AhoCorasick>,
    globs: Vec<Pattern>,
    /// True if one of the patterns matches any text.
    is_any: bool,
}

/// From this many needles on, one automaton looks for all of them.
const FINDER_MIN: usize = 4;

impl TextSet {
    pub(crate) fn new(patterns: &[Pattern], is_cased: bool) -> Self {
        let mut set = Self {
            is_cased,
            equal: HashSet::new(),
            starts: Vec::new(),
            ends: Vec::new(),
            contained: Vec::new(),
            finder: None,
            globs: Vec::new(),
            is_any: false,
        };
        for pattern in patterns {
            let pattern = if is_cased { pattern.clone() } else { pattern.map_texts(fold) };
            set.add(pattern);
        }
        if set.contained.len() >= FINDER_MIN {
            set.finder = AhoCorasick::new(&set.contained).ok();
        }
        set
    }

    fn add(&mut self, pattern: Pattern) {
        match pattern.pieces.as_slice() {
            [] => drop(self.equal.insert(String::new())),
            [Piece::Text(text)] => drop(self.equal.insert(text.clone())),
            [Piece::AnyText] => self.is_any = true,
            [Piece::Text(text), Piece::AnyText] => self.starts.push(text.clone()),
            [Piece::AnyText, Piece::Text(text)] => self.ends.push(text.clone()),
            [Piece::AnyText, Piece::Text(text), Piece::AnyText] => self.contained.push(text.clone()),
            _ => self.globs.push(pattern),
        }
    }

    /// True if one of the patterns matches.
    pub(crate) fn matches(&self, text: &Text<'_>) -> bool {
        if self.is_any {
            return true;
        }
        let text = if self.is_cased { text.as_str() } else { text.folded() };
        self.equal.contains(text)
            || self.starts.iter().any(|start| text.starts_with(start.as_str()))
            || self.ends.iter().any(|end| text.ends_with(end.as_str()))
            || self.holds(text)
            || self.globs.iter().any(|glob| is_like(text, &glob.pieces))
    }

    fn holds(&self, text: &str) -> bool {
        match &self.finder {
            Some(finder) => finder.is_match(text),
            None => self.contained.iter().any(|needle| text.contains(needle.as_str())),
        }
    }
}

/// True if the whole text fits the pieces. What follows a `*` is looked for from there on; if the rest does not fit, the last `*` takes
/// one character more, which is all that ever needs to be tried again.
fn is_like(text: &str, pieces: &[Piece]) -> bool {
    let (mut rest, mut next) = (text, 0);
    let mut retry: Option<(usize, &str)> = None;
    loop {
        match pieces.get(next) {
            None if rest.is_empty() => return true,
            Some(Piece::AnyText) => {
                next += 1;
                retry = Some((next, rest));
                if next == pieces.len() {
                    return true;
                }
                continue;
            }
            Some(piece) => {
                if let Some(after) = after_piece(rest, piece) {
                    (rest, next) = (after, next + 1);
                    continue;
                }
            }
            None => {}
        }
        let Some((restart, from)) = retry else { return false };
        let Some(from) = skip_to(from, pieces.get(restart)) else { return false };
        retry = Some((restart, from));
        (rest, next) = (from, restart);
    }
}

/// The next place after the first character of `text` where the piece may fit.
fn skip_to<'t>(text: &'t str, piece: Option<&Piece>) -> Option<&'t str> {
    let mut characters = text.chars();
    characters.next()?;
    let text = characters.as_str();
    match piece {
        Some(Piece::Text(wanted)) => text.find(wanted.as_str()).map(|found| &text[found..]),
        _ => Some(text),
    }
}

fn after_piece<'t>(text: &'t str, piece: &Piece) -> Option<&'t str> {
    let mut characters = text.chars();
    match piece {
        Piece::Text(wanted) => text.strip_prefix(wanted.as_str()),
        Piece::AnyCharacter => characters.next().map(|_| characters.as_str()),
        Piece::Dash => characters.next().filter(|character| DASHES.contains(character)).map(|_| characters.as_str()),
        Piece::AnyText => Some(text),
    }
}
