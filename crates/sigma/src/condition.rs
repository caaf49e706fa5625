use crate::fault::Fault;

/// A condition over the searches of a rule, by their positions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Condition {
    Search(usize),
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
}

/// Deeper brackets are refused.
const DEPTH_MAX: usize = 100;

/// Reads a condition such as `selection and not 1 of filter_*`.
pub(crate) fn read_condition(text: &str, searches: &[&str]) -> Result<Condition, Fault> {
    let mut reader = Reader { tokens: tokens_of(text)?, next: 0, searches, depth: 0 };
    let condition = reader.any()?;
    match reader.peek() {
        None => Ok(condition),
        Some(token) => Err(Fault::new(format!("in the condition, {} stands where it should end", quoted(token)))),
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Open,
    Close,
    Word(String),
}

fn tokens_of(text: &str) -> Result<Vec<Token>, Fault> {
    let mut tokens = Vec::new();
    let mut word = String::new();
    for character in text.chars() {
        let is_part = character.is_alphanumeric() || matches!(character, '_' | '-' | '*' | '.' | '?');
        if is_part {
            word.push(character);
            continue;
        }
        if !word.is_empty() {
            tokens.push(Token::Word(std::mem::take(&mut word)));
        }
        match character {
            '(' => tokens.push(Token::Open),
            ')' => tokens.push(Token::Close),
            '|' => return Err(Fault::new("aggregations behind | are no longer part of Sigma; write a correlation")),
            blank if blank.is_whitespace() => {}
            other => return Err(Fault::new(format!("{other:?} has no meaning in a condition"))),
        }
    }
    if !word.is_empty() {
        tokens.push(Token::Word(word));
    }
    Ok(tokens)
}

struct Reader<'s> {
    tokens: Vec<Token>,
    next: usize,
    searches: &'s [&'s str],
    depth: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next)
    }

    fn take_word(&mut self, wanted: &str) -> bool {
        let is_it = matches!(self.peek(), Some(Token::Word(word)) if word.eq_ignore_ascii_case(wanted));
        self.next += usize::from(is_it);
        is_it
    }

    fn any(&mut self) -> Result<Condition, Fault> {
        let mut parts = vec![self.all()?];
        while self.take_word("or") {
            parts.push(self.all()?);
        }
        Ok(joined(parts, Condition::Any))
    }

    fn all(&mut self) -> Result<Condition, Fault> {
        let mut parts = vec![self.one()?];
        while self.take_word("and") {
            parts.push(self.one()?);
        }
        Ok(joined(parts, Condition::All))
    }

    fn one(&mut self) -> Result<Condition, Fault> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(Fault::new("the condition is nested too deep"));
        }
        let read = self.one_of_depth();
        self.depth -= 1;
        read
    }

    fn one_of_depth(&mut self) -> Result<Condition, Fault> {
        if self.take_word("not") {
            return Ok(Condition::Not(Box::new(self.one()?)));
        }
        match self.peek().cloned() {
            Some(Token::Open) => {
                self.next += 1;
                let inner = self.any()?;
                match self.peek() {
                    Some(Token::Close) => {
                        self.next += 1;
                        Ok(inner)
                    }
                    _ => Err(Fault::new("in the condition, a bracket is not closed")),
                }
            }
            Some(Token::Word(word)) => {
                self.next += 1;
                if self.take_word("of") { self.quantified(&word) } else { self.search(&word) }
            }
            Some(Token::Close) => Err(Fault::new("in the condition, a bracket closes that was not opened")),
            None => Err(Fault::new("the condition ends where a search should stand")),
        }
    }

    fn search(&self, name: &str) -> Result<Condition, Fault> {
        if ["and", "or", "of"].iter().any(|word| name.eq_ignore_ascii_case(word)) {
            return Err(Fault::new(format!("in the condition, {name:?} stands where a search should")));
        }
        let found = self.searches.iter().position(|search| *search == name);
        found.map(Condition::Search).ok_or_else(|| Fault::new(format!("the condition names {name:?}, which is not defined")))
    }

    /// `1 of them`, `any of selection_*`, `all of filter*`. Names that begin with an underscore are only meant by patterns that do.
    fn quantified(&mut self, quantifier: &str) -> Result<Condition, Fault> {
        let join = match quantifier.to_ascii_lowercase().as_str() {
            "1" | "any" => Condition::Any as fn(Vec<Condition>) -> Condition,
            "all" => Condition::All,
            other => return Err(Fault::new(format!("the condition says {other:?} of; Sigma has 1, any and all"))),
        };
        let Some(Token::Word(pattern)) = self.peek().cloned() else {
            return Err(Fault::new("in the condition, of is not followed by a pattern or them"));
        };
        self.next += 1;
        let pattern = if pattern.eq_ignore_ascii_case("them") { "*" } else { pattern.as_str() };
        let is_meant = |name: &str| (pattern.starts_with('_') || !name.starts_with('_')) && is_like(name, pattern);
        let found: Vec<Condition> =
            self.searches.iter().enumerate().filter(|(_, name)| is_meant(name)).map(|(index, _)| Condition::Search(index)).collect();
        match found.is_empty() {
            true => Err(Fault::new(format!("the condition says {quantifier} of {pattern}, which no search fits"))),
            false => Ok(joined(found, join)),
        }
    }
}

/// True if a name fits a pattern in which `*` is any text.
fn is_like(name: &str, pattern: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part) {
            Some(found) => rest = &rest[found + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

fn joined(mut parts: Vec<Condition>, join: impl Fn(Vec<Condition>) -> Condition) -> Condition {
    match parts.len() {
        1 => parts.remove(0),
        _ => join(parts),
    }
}

fn quoted(token: &Token) -> String {
    match token {
        Token::Open => "\"(\"".to_owned(),
        Token::Close => "\")\"".to_owned(),
        Token::Word(word) => format!("{word:?}"),
    }
}
