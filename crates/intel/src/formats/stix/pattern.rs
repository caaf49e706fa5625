use super::lexer::{Token, tokens};

/// A parsed pattern (STIX 2.1, chapter 9).
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expression {
    /// One comparison.
    Test(Test),
    /// All must hold.
    And(Vec<Expression>),
    /// One must hold.
    Or(Vec<Expression>),
    /// What only a correlation of several events could tell, as written.
    Complex(String, &'static str),
}

/// A comparison of one property.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Test {
    /// The type of the object: `ipv4-addr`.
    pub(super) object: String,
    /// The path to the property, in lower case, with `[*]` for any index: `hashes.sha-256`, `values[*].name`.
    pub(super) path: String,
    pub(super) operator: Operator,
    pub(super) negated: bool,
    /// The literals that it is compared with; several only for `IN`.
    pub(super) values: Vec<String>,
    /// The comparison as written.
    pub(super) written: String,
}

/// How a property is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    In,
    Like,
    Matches,
    IsSubset,
    /// Any that no indicator stands for: `<`, `ISSUPERSET`, `EXISTS`.
    Other,
}

/// Parses a pattern, or says what is wrong with it.
pub(super) fn parse(pattern: &str, depth_max: usize) -> Result<Expression, String> {
    let mut parser = Parser { pattern, tokens: tokens(pattern)?, at: 0, depth: 0, depth_max };
    let expression = parser.observations()?;
    match parser.peek() {
        None => Ok(expression),
        Some(_) => Err(parser.unexpected("the end")),
    }
}

struct Parser<'p> {
    pattern: &'p str,
    tokens: Vec<(usize, Token)>,
    at: usize,
    depth: usize,
    depth_max: usize,
}

impl Parser<'_> {
    /// Observations joined by `OR`, `AND` or `FOLLOWEDBY`.
    fn observations(&mut self) -> Result<Expression, String> {
        let start = self.offset();
        let mut all = vec![self.observation()?];
        let mut is_complex = false;
        while let Some(word) = self.word_in(&["OR", "AND", "FOLLOWEDBY"]) {
            is_complex |= word != "OR";
            all.push(self.observation()?);
        }
        match is_complex {
            true => Ok(Expression::Complex(self.written(start), "it joins several observations")),
            false => Ok(joined(all, Expression::Or)),
        }
    }

    fn observation(&mut self) -> Result<Expression, String> {
        self.deeper()?;
        let start = self.offset();
        let inner = if self.take_sign("(") {
            let inner = self.observations()?;
            self.need(")")?;
            inner
        } else {
            self.need("[")?;
            let inner = self.alternatives()?;
            self.need("]")?;
            inner
        };
        self.depth -= 1;
        let mut is_qualified = false;
        while self.word_in(&["WITHIN", "REPEATS", "START", "STOP"]).is_some() {
            is_qualified = true;
            while matches!(self.peek(), Some(Token::Other(_) | Token::Text(_))) || self.word_in(&["SECONDS", "TIMES"]).is_some() {
                if matches!(self.peek(), Some(Token::Other(_) | Token::Text(_))) {
                    self.at += 1;
                }
            }
        }
        match is_qualified {
            true => Ok(Expression::Complex(self.written(start), "it counts or times observations")),
            false => Ok(inner),
        }
    }

    fn alternatives(&mut self) -> Result<Expression, String> {
        let mut all = vec![self.conjunction()?];
        while self.word_in(&["OR"]).is_some() {
            all.push(self.conjunction()?);
        }
        Ok(joined(all, Expression::Or))
    }

    fn conjunction(&mut self) -> Result<Expression, String> {
        let mut all = vec![self.comparison()?];
        while self.word_in(&["AND"]).is_some() {
            all.push(self.comparison()?);
        }
        Ok(joined(all, Expression::And))
    }

    fn comparison(&mut self) -> Result<Expression, String> {
        if self.take_sign("(") {
            self.deeper()?;
            let inner = self.alternatives()?;
            self.need(")")?;
            self.depth -= 1;
            return Ok(inner);
        }
        let start = self.offset();
        let is_exists = self.word_in(&["EXISTS"]).is_some();
        let (object, path) = self.path()?;
        if is_exists {
            let written = self.written(start);
            return Ok(Expression::Test(Test { object, path, operator: Operator::Other, negated: false, values: Vec::new(), written }));
        }
        let mut negated = self.word_in(&["NOT"]).is_some();
        let operator = self.operator(&mut negated)?;
        let values = if operator == Operator::In { self.set()? } else { vec![self.literal()?] };
        Ok(Expression::Test(Test { object, path, operator, negated, values, written: self.written(start) }))
    }

    fn path(&mut self) -> Result<(String, String), String> {
        let Some(Token::Word(object)) = self.peek().cloned() else { return Err(self.unexpected("the path of a property")) };
        self.at += 1;
        self.need(":")?;
        let mut path = self.step()?;
        loop {
            if self.take_sign(".") {
                path.push('.');
                path.push_str(&self.step()?);
            } else if self.take_sign("[") {
                if !self.take_sign("*") {
                    self.literal()?;
                }
                self.need("]")?;
                path.push_str("[*]");
            } else {
                return Ok((object, path));
            }
        }
    }

    fn step(&mut self) -> Result<String, String> {
        match self.peek().cloned() {
            Some(Token::Word(step) | Token::Text(step) | Token::Other(step)) => {
                self.at += 1;
                Ok(step.to_ascii_lowercase())
            }
            _ => Err(self.unexpected("a step of a path")),
        }
    }

    fn operator(&mut self, negated: &mut bool) -> Result<Operator, String> {
        for (sign, operator) in
            [("=", Operator::Equal), ("<", Operator::Other), (">", Operator::Other), ("<=", Operator::Other), (">=", Operator::Other)]
        {
            if self.take_sign(sign) {
                return Ok(operator);
            }
        }
        if self.take_sign("!=") || self.take_sign("<>") {
            *negated = !*negated;
            return Ok(Operator::Equal);
        }
        match self.word_in(&["IN", "LIKE", "MATCHES", "ISSUBSET", "ISSUPERSET"]) {
            Some("IN") => Ok(Operator::In),
            Some("LIKE") => Ok(Operator::Like),
            Some("MATCHES") => Ok(Operator::Matches),
            Some("ISSUBSET") => Ok(Operator::IsSubset),
            Some(_) => Ok(Operator::Other),
            None => Err(self.unexpected("a comparison")),
        }
    }

    fn set(&mut self) -> Result<Vec<String>, String> {
        self.need("(")?;
        let mut values = Vec::new();
        while !self.take_sign(")") {
            values.push(self.literal()?);
            if !self.take_sign(",") {
                self.need(")")?;
                break;
            }
        }
        Ok(values)
    }

    fn literal(&mut self) -> Result<String, String> {
        match self.peek().cloned() {
            Some(Token::Text(text) | Token::Other(text)) => {
                self.at += 1;
                Ok(text)
            }
            Some(Token::Word(word)) if matches!(word.as_str(), "true" | "false") => {
                self.at += 1;
                Ok(word)
            }
            _ => Err(self.unexpected("a value")),
        }
    }

    fn deeper(&mut self) -> Result<(), String> {
        self.depth += 1;
        if self.depth > self.depth_max { Err(format!("it is nested deeper than {} levels (depth_max)", self.depth_max)) } else { Ok(()) }
    }

    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(_, token)| token)
    }

    fn take_sign(&mut self, wanted: &str) -> bool {
        let is_next = matches!(self.peek(), Some(Token::Sign(sign)) if *sign == wanted);
        self.at += usize::from(is_next);
        is_next
    }

    fn word_in(&mut self, words: &[&'static str]) -> Option<&'static str> {
        let Some(Token::Word(found)) = self.peek() else { return None };
        let word = words.iter().copied().find(|word| found.eq_ignore_ascii_case(word))?;
        self.at += 1;
        Some(word)
    }

    fn need(&mut self, sign: &'static str) -> Result<(), String> {
        if self.take_sign(sign) { Ok(()) } else { Err(self.unexpected(&format!("{sign:?}"))) }
    }

    fn offset(&self) -> usize {
        self.tokens.get(self.at).map_or(self.pattern.len(), |(offset, _)| *offset)
    }

    fn written(&self, start: usize) -> String {
        self.pattern[start..self.offset()].trim().to_owned()
    }

    fn unexpected(&self, wanted: &str) -> String {
        let at = self.pattern[..self.offset()].chars().count() + 1;
        format!("character {at}: expected {wanted}")
    }
}

fn joined(mut all: Vec<Expression>, join: fn(Vec<Expression>) -> Expression) -> Expression {
    if all.len() == 1 { all.remove(0) } else { join(all) }
}
