use aho_corasick::{AhoCorasick, MatchKind};

/// Patterns with wildcards that are compared with the same values.
#[derive(Debug)]
pub(super) struct Globs {
    globs: Vec<(u32, Vec<Token>)>,
    /// Finds the longest text of each pattern that has one.
    finder: Option<AhoCorasick>,
    /// The pattern of each text that is looked for.
    owners: Vec<usize>,
    /// Patterns without a text.
    always: Vec<usize>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    /// Any text.
    Any,
    /// Any letter.
    One,
    Letter(char),
}

impl Globs {
    /// Patterns in the form that values are compared in, each with its indicator.
    pub(super) fn new(patterns: Vec<(u32, String)>) -> Self {
        let globs: Vec<(u32, Vec<Token>)> = patterns.iter().map(|(indicator, pattern)| (*indicator, tokens(pattern))).collect();
        let literals: Vec<String> = globs.iter().map(|(_, tokens)| longest_text(tokens)).collect();
        let (owners, always): (Vec<usize>, Vec<usize>) = (0..globs.len()).partition(|index| !literals[*index].is_empty());
        let texts = owners.iter().map(|index| literals[*index].as_str());
        let finder = AhoCorasick::builder().match_kind(MatchKind::Standard).build(texts).ok();
        match finder {
            Some(finder) => Self { globs, finder: Some(finder), owners, always },
            // Too many texts for an automaton: every pattern is compared.
            None => Self { always: (0..globs.len()).collect(), globs, finder: None, owners: Vec::new() },
        }
    }

    /// Adds the indicators whose patterns a value matches, each once.
    pub(super) fn matches(&self, value: &str, found: &mut Vec<u32>) {
        let found_by_text = self.finder.iter().flat_map(|finder| finder.find_overlapping_iter(value));
        let mut candidates: Vec<usize> = found_by_text.map(|hit| self.owners[hit.pattern().as_usize()]).collect();
        candidates.extend(&self.always);
        if candidates.is_empty() {
            return;
        }
        candidates.sort_unstable();
        candidates.dedup();
        let letters: Vec<char> = value.chars().collect();
        let hits = candidates.into_iter().map(|index| &self.globs[index]).filter(|(_, tokens)| is_match(tokens, &letters));
        found.extend(hits.map(|(indicator, _)| *indicator));
    }

    pub(super) fn bytes(&self) -> usize {
        let tokens: usize = self.globs.iter().map(|(_, tokens)| tokens.capacity() * size_of::<Token>()).sum();
        tokens + self.finder.as_ref().map_or(0, AhoCorasick::memory_usage)
    }
}

fn tokens(pattern: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = pattern;
    while let Some(letter) = rest.chars().next() {
        let escaped = ["[*]", "[?]", "[[]"].into_iter().find(|escaped| rest.starts_with(escaped));
        let (token, length) = match (letter, escaped) {
            (_, Some(escaped)) => (Token::Letter(escaped.chars().nth(1).unwrap_or('[')), escaped.len()),
            ('*', None) => (Token::Any, 1),
            ('?', None) => (Token::One, 1),
            (letter, None) => (Token::Letter(letter), letter.len_utf8()),
        };
        if token != Token::Any || tokens.last() != Some(&Token::Any) {
            tokens.push(token);
        }
        rest = &rest[length..];
    }
    tokens
}

fn longest_text(tokens: &[Token]) -> String {
    let texts = tokens.split(|token| !matches!(token, Token::Letter(_)));
    let longest = texts.max_by_key(|letters| letters.len()).unwrap_or_default();
    longest.iter().filter_map(|token| if let Token::Letter(letter) = token { Some(*letter) } else { None }).collect()
}

/// True if all of a value is as the pattern says. After a `*` the first place that fits is taken, and another only if that fails.
fn is_match(tokens: &[Token], value: &[char]) -> bool {
    let (mut token, mut at) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while at < value.len() {
        match tokens.get(token) {
            Some(Token::Any) => {
                retry = Some((token + 1, at));
                token += 1;
            }
            Some(Token::One) => (token, at) = (token + 1, at + 1),
            Some(Token::Letter(letter)) if *letter == value[at] => (token, at) = (token + 1, at + 1),
            _ => match retry {
                Some((after, from)) => {
                    retry = Some((after, from + 1));
                    (token, at) = (after, from + 1);
                }
                None => return false,
            },
        }
    }
    tokens[token..].iter().all(|token| *token == Token::Any)
}
