/// A text of a rule with its wildcards.
///
/// Backslashes as in <https://github.com/SigmaHQ/sigma-specification/blob/main/specification/sigma-rules-specification.md#escaping>:
/// `\*`, `\?` and `\\` are the plain characters, any other backslash is itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Pattern {
    pub(crate) pieces: Vec<Piece>,
}

/// A part of a [`Pattern`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    /// These characters.
    Text(String),
    /// `*`: any characters, also none.
    AnyText,
    /// `?`: one character.
    AnyCharacter,
    /// A dash of a parameter after `windash`: one of [`DASHES`].
    Dash,
}

/// What Windows programs take for the dash before a parameter, in the order of the specification.
pub(crate) const DASHES: [char; 5] = ['-', '/', '\u{2013}', '\u{2014}', '\u{2015}'];

impl Pattern {
    /// Reads a value with wildcards.
    pub(crate) fn read(value: &str) -> Self {
        let mut pattern = Self::default();
        let mut characters = value.chars().peekable();
        while let Some(character) = characters.next() {
            match (character, characters.peek()) {
                ('\\', Some('*' | '?' | '\\')) => pattern.push_character(characters.next().unwrap_or('\\')),
                ('*', _) => pattern.push_any_text(),
                ('?', _) => pattern.pieces.push(Piece::AnyCharacter),
                (character, _) => pattern.push_character(character),
            }
        }
        pattern
    }

    /// A text without wildcards.
    pub(crate) fn plain(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { pieces: if text.is_empty() { vec![] } else { vec![Piece::Text(text)] } }
    }

    /// The text, if there is no wildcard.
    pub(crate) fn as_plain(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [] => Some(""),
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Any text before and after, where asked.
    pub(crate) fn open(&mut self, before: bool, after: bool) {
        if before && self.pieces.first() != Some(&Piece::AnyText) {
            self.pieces.insert(0, Piece::AnyText);
        }
        if after {
            self.push_any_text();
        }
    }

    /// Lets the dashes before parameters be any of [`DASHES`]: those that stand before a word and not behind one.
    pub(crate) fn open_dashes(&mut self) {
        let pieces = std::mem::take(&mut self.pieces);
        for piece in pieces {
            match piece {
                Piece::Text(text) => self.push_with_dashes(&text),
                other => self.pieces.push(other),
            }
        }
    }

    /// Appends another pattern.
    pub(crate) fn append(&mut self, other: &Self) {
        for piece in &other.pieces {
            match piece {
                Piece::Text(text) => text.chars().for_each(|character| self.push_character(character)),
                Piece::AnyText => self.push_any_text(),
                other => self.pieces.push(other.clone()),
            }
        }
    }

    /// The same with each text changed.
    pub(crate) fn map_texts(&self, change: impl Fn(&str) -> String) -> Self {
        let change = |piece: &Piece| match piece {
            Piece::Text(text) => Piece::Text(change(text)),
            other => other.clone(),
        };
        Self { pieces: self.pieces.iter().map(change).collect() }
    }

    fn push_with_dashes(&mut self, text: &str) {
        let is_word = |character: Option<char>| character.is_some_and(|c| c.is_alphanumeric() || c == '_');
        let characters: Vec<char> = text.chars().collect();
        for (position, character) in characters.iter().copied().enumerate() {
            let before = position.checked_sub(1).and_then(|before| characters.get(before)).copied();
            let after = characters.get(position + 1).copied();
            if matches!(character, '-' | '/') && !is_word(before) && is_word(after) {
                self.pieces.push(Piece::Dash);
            } else {
                self.push_character(character);
            }
        }
    }

    fn push_character(&mut self, character: char) {
        match self.pieces.last_mut() {
            Some(Piece::Text(text)) => text.push(character),
            _ => self.pieces.push(Piece::Text(character.to_string())),
        }
    }

    fn push_any_text(&mut self) {
        if self.pieces.last() != Some(&Piece::AnyText) {
            self.pieces.push(Piece::AnyText);
        }
    }
}

/// A text in small letters, character by character by Unicode's simple mapping: what is compared when case does not count.
pub(crate) fn fold(text: &str) -> String {
    if text.is_ascii() { text.to_ascii_lowercase() } else { text.chars().map(small).collect() }
}

/// U+0130 is the only character that stands for more than one in small letters; by the simple mapping it is an i.
fn small(character: char) -> char {
    if character == '\u{130}' { 'i' } else { character.to_lowercase().next().unwrap_or(character) }
}
