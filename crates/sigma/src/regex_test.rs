use regex::{Regex, RegexBuilder};

use crate::modifier::Modifier;
use crate::value::Text;

/// A regular expression in the dialect of the specification, found anywhere in a text.
#[derive(Debug, Clone)]
pub(crate) struct RegexTest {
    regex: Regex,
    /// In PCRE, `$` is also true before a line break that ends the text.
    has_end: bool,
}

/// What is wrong with an expression in every dialect; anything else may only be more than this crate's dialect has.
const BROKEN: [&str; 7] = [
    "unclosed group",
    "unopened group",
    "unclosed character class",
    "invalid character class range",
    "repetition operator missing expression",
    "incomplete escape sequence",
    "invalid repetition count range",
];

impl RegexTest {
    /// Says why a text is no regular expression at all.
    pub(crate) fn broken(expression: &str, modifiers: &[Modifier]) -> Option<String> {
        Self::new(expression, modifiers).err().filter(|why| BROKEN.iter().any(|broken| why.contains(broken)))
    }

    /// Compiles an expression. What cannot be kept (looking around, references back) is an error.
    pub(crate) fn new(expression: &str, modifiers: &[Modifier]) -> Result<Self, String> {
        let has = |modifier: Modifier| modifiers.contains(&modifier);
        let mut translated = translate(expression);
        if has(Modifier::StartsWith) {
            translated = format!(r"\A(?:{translated})");
        }
        if has(Modifier::EndsWith) {
            translated = format!(r"(?:{translated})\z");
        }
        let built = RegexBuilder::new(&translated)
            .case_insensitive(has(Modifier::IgnoreCase))
            .multi_line(has(Modifier::Multiline))
            .dot_matches_new_line(has(Modifier::DotAll))
            .build();
        let regex = built.map_err(|error| format!("the regular expression {expression:?} cannot be used: {}", one_line(&error)))?;
        Ok(Self { regex, has_end: expression.contains('$') })
    }

    pub(crate) fn matches(&self, text: &Text<'_>) -> bool {
        let text = text.as_str();
        self.regex.is_match(text) || (self.has_end && text.strip_suffix('\n').is_some_and(|text| self.regex.is_match(text)))
    }
}

fn one_line(error: &regex::Error) -> String {
    let text = error.to_string();
    text.lines().last().unwrap_or_default().trim().trim_start_matches("error: ").to_owned()
}

/// Writes what PCRE takes literally, and this crate's dialect does not, with a backslash: brackets and doubled operators inside of
/// classes, braces that count nothing, `\<` and `\>`.
fn translate(expression: &str) -> String {
    let characters: Vec<char> = expression.chars().collect();
    let mut translated = String::with_capacity(expression.len());
    let (mut position, mut class_start) = (0, None);
    while let Some(character) = characters.get(position).copied() {
        let next = characters.get(position + 1).copied();
        position += 1;
        match (character, class_start) {
            ('\\', _) => {
                position += 1;
                if !matches!(next, Some('<' | '>')) {
                    translated.push('\\');
                }
                translated.extend(next);
            }
            ('[', None) => {
                class_start = Some(position + usize::from(next == Some('^')));
                translated.push('[');
            }
            ('[', Some(_)) if next != Some(':') => translated.push_str(r"\["),
            (']', Some(start)) if position - 1 > start => {
                class_start = None;
                translated.push(']');
            }
            ('[', Some(_)) => match characters[position..].iter().position(|character| *character == ']') {
                Some(end) => {
                    translated.extend(&characters[position - 1..=position + end]);
                    position += end + 1;
                }
                None => translated.push_str(r"\["),
            },
            ('&' | '~', Some(_)) => translated.extend(['\\', character]),
            ('-', Some(_)) if next == Some('-') => translated.push_str(r"\-"),
            ('{', None) if !counts(&characters[position..]) => translated.push_str(r"\{"),
            _ => translated.push(character),
        }
    }
    translated
}

/// True if what follows a brace is `2}`, `2,}` or `2,3}`.
fn counts(rest: &[char]) -> bool {
    let Some(end) = rest.iter().position(|character| *character == '}') else { return false };
    let inside: String = rest[..end].iter().collect();
    let (least, most) = inside.split_once(',').unwrap_or((&inside, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    !least.is_empty() && is_number(least) && is_number(most)
}
