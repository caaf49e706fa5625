use std::collections::BTreeMap;

use ipnet::IpNet;

use crate::condition::Condition;
use crate::detection::{Detection, Item, Search};
use crate::encode::{Draft, encode};
use crate::expr::{Expr, FieldRef, KeywordTest, Test};
use crate::modifier::Modifier;
use crate::pattern::{Pattern, Piece};
use crate::regex_test::RegexTest;
use crate::rule::Rule;
use crate::scalar::Scalar;
use crate::text_set::TextSet;

/// The values of placeholders such as `%Servers%`, by name; each may have wildcards.
pub type Placeholders = BTreeMap<String, Vec<String>>;

/// A rule's condition, and the fields that it speaks of.
#[derive(Debug, Clone)]
pub(crate) struct Compiled {
    pub(crate) expr: Expr,
    pub(crate) fields: Vec<String>,
}

/// Puts a rule and its filters into one condition. What cannot be kept as it is meant is an error in words.
pub(crate) fn compile(rule: &Rule, placeholders: &Placeholders) -> Result<Compiled, String> {
    let mut compiler = Compiler { placeholders, fields: Vec::new() };
    let mut parts = vec![compiler.detection(&rule.detection)?];
    for filter in &rule.filters {
        let condition = compiler.detection(&filter.detection)?;
        parts.push(if filter.is_kept { condition } else { Expr::Not(Box::new(condition)) });
    }
    let expr = if parts.len() == 1 { parts.remove(0) } else { Expr::All(parts) };
    Ok(Compiled { expr, fields: compiler.fields })
}

struct Compiler<'c> {
    placeholders: &'c Placeholders,
    fields: Vec<String>,
}

impl Compiler<'_> {
    fn detection(&mut self, detection: &Detection) -> Result<Expr, String> {
        let searches = detection.searches.iter().map(|(_, search)| self.search(search)).collect::<Result<Vec<_>, _>>()?;
        Ok(condition(&detection.condition, &searches))
    }

    fn search(&mut self, search: &Search) -> Result<Expr, String> {
        match search {
            Search::All(parts) => parts.iter().map(|part| self.search(part)).collect::<Result<_, _>>().map(Expr::All),
            Search::Any(parts) => parts.iter().map(|part| self.search(part)).collect::<Result<_, _>>().map(Expr::Any),
            Search::Item(item) => self.item(item),
        }
    }

    fn field(&mut self, name: &str) -> usize {
        let known = self.fields.iter().position(|field| field == name);
        known.unwrap_or_else(|| {
            self.fields.push(name.to_owned());
            self.fields.len() - 1
        })
    }

    /// The values of an item are linked by or, after `all` by and. Texts linked by or are compared at once.
    fn item(&mut self, item: &Item) -> Result<Expr, String> {
        let mut values: Vec<Expr> = Vec::new();
        let mut texts: Vec<Pattern> = Vec::new();
        for value in &item.values {
            match (value, item.has(Modifier::All)) {
                (Scalar::Text(text), is_all) if is_text_item(item) => {
                    let patterns = self.patterns(text, item)?;
                    if is_all {
                        values.push(self.texts(item, patterns));
                    } else {
                        texts.extend(patterns);
                    }
                }
                (value, _) => values.push(self.value(item, value)?),
            }
        }
        if !texts.is_empty() {
            values.push(self.texts(item, texts));
        }
        let join = if item.has(Modifier::All) { Expr::All } else { Expr::Any };
        let joined = if values.len() == 1 { values.remove(0) } else { join(values) };
        Ok(if item.has(Modifier::Neq) { Expr::Not(Box::new(joined)) } else { joined })
    }

    fn texts(&mut self, item: &Item, mut patterns: Vec<Pattern>) -> Expr {
        let is_cased = item.has(Modifier::Cased);
        match &item.field {
            Some(field) => Expr::Field(self.field(field), Test::Texts(TextSet::new(&patterns, is_cased), patterns)),
            None => {
                patterns.iter_mut().for_each(|pattern| pattern.open(true, true));
                Expr::Keyword(KeywordTest::Texts(TextSet::new(&patterns, is_cased), patterns))
            }
        }
    }

    fn value(&mut self, item: &Item, value: &Scalar) -> Result<Expr, String> {
        let Some(name) = &item.field else { return self.keyword(item, value) };
        let comparison = item.modifiers.iter().find_map(|m| if let Modifier::Compare(it) = m { Some(*it) } else { None });
        let part = item.modifiers.iter().find_map(|m| if let Modifier::Time(it) = m { Some(*it) } else { None });
        let test = match value {
            Scalar::Flag(flag) if item.has(Modifier::Exists) => Test::Exists(*flag),
            Scalar::Flag(flag) => Test::Flag(*flag),
            Scalar::Null => Test::Null,
            Scalar::Number(number) => match (part, comparison) {
                (Some(part), comparison) => Test::Time(part, comparison, *number),
                (None, Some(comparison)) => Test::Compare(comparison, *number),
                (None, None) => Test::Number(*number),
            },
            Scalar::Text(text) if item.has(Modifier::Re) => Test::Regex(RegexTest::new(text, &item.modifiers)?),
            Scalar::Text(text) if item.has(Modifier::Cidr) => Test::Networks(vec![network(text)?]),
            Scalar::Text(text) => Test::SameAs(self.reference(item, text)?),
        };
        Ok(Expr::Field(self.field(name), test))
    }

    fn keyword(&mut self, item: &Item, value: &Scalar) -> Result<Expr, String> {
        match value {
            Scalar::Text(text) => Ok(Expr::Keyword(KeywordTest::Regex(RegexTest::new(text, &item.modifiers)?))),
            Scalar::Number(crate::scalar::Numeric::Whole(number)) => Ok(self.texts(item, vec![Pattern::plain(number.to_string())])),
            Scalar::Number(crate::scalar::Numeric::Real(number)) => Ok(self.texts(item, vec![Pattern::plain(number.to_string())])),
            Scalar::Flag(flag) => Ok(self.texts(item, vec![Pattern::plain(flag.to_string())])),
            Scalar::Null => Err("null needs a field".to_owned()),
        }
    }

    fn reference(&mut self, item: &Item, name: &str) -> Result<FieldRef, String> {
        let pattern = Pattern::read(name);
        let name = pattern.as_plain().ok_or_else(|| format!("the reference to the field {name:?} has wildcards"))?.to_owned();
        Ok(FieldRef {
            field: self.field(&name),
            opens_before: item.has(Modifier::EndsWith) || item.has(Modifier::Contains),
            opens_after: item.has(Modifier::StartsWith) || item.has(Modifier::Contains),
            is_cased: item.has(Modifier::Cased),
        })
    }

    /// What a text stands for once all modifiers are applied, in the order they stand.
    fn patterns(&self, text: &str, item: &Item) -> Result<Vec<Pattern>, String> {
        let mut drafts = match item.has(Modifier::Expand) {
            true => self.expand(text)?.into_iter().map(Draft::Pattern).collect(),
            false => vec![Draft::Pattern(Pattern::read(text))],
        };
        for modifier in &item.modifiers {
            let mut changed = Vec::new();
            for draft in drafts {
                changed.extend(apply(draft, *modifier).map_err(|why| format!("{text:?}: {why}"))?);
            }
            drafts = changed;
        }
        drafts.into_iter().map(Draft::into_pattern).collect::<Result<_, _>>().map_err(|why| format!("{text:?}: {why}"))
    }

    /// Puts the values of placeholders in; `\%` is a plain percent sign.
    fn expand(&self, text: &str) -> Result<Vec<Pattern>, String> {
        let mut patterns = vec![Pattern::default()];
        let mut rest = text;
        while let Some(found) = rest.find('%') {
            let (before, after) = (&rest[..found], &rest[found + 1..]);
            let plain = before.strip_suffix('\\');
            let name = after.split_once('%').filter(|(name, _)| plain.is_none() && !name.is_empty() && !name.contains('\\'));
            match (plain, name) {
                (None, Some((name, after))) => {
                    append(&mut patterns, &[Pattern::read(before)]);
                    let values = self.placeholder(name)?;
                    if patterns.len().saturating_mul(values.len()) > EXPANSIONS_MAX {
                        return Err(format!("the placeholders of {text:?} stand for more than {EXPANSIONS_MAX} values"));
                    }
                    append(&mut patterns, &values);
                    rest = after;
                }
                (plain, _) => {
                    append(&mut patterns, &[Pattern::read(plain.unwrap_or(before))]);
                    append(&mut patterns, &[Pattern::plain("%")]);
                    rest = after;
                }
            }
        }
        append(&mut patterns, &[Pattern::read(rest)]);
        Ok(patterns)
    }

    fn placeholder(&self, name: &str) -> Result<Vec<Pattern>, String> {
        match self.placeholders.get(name) {
            Some(values) if !values.is_empty() => Ok(values.iter().map(|value| Pattern::read(value)).collect()),
            _ => Err(format!("the placeholder %{name}% has no value")),
        }
    }
}

/// A text whose placeholders stand for more values than this is refused.
const EXPANSIONS_MAX: usize = 100_000;

fn append(patterns: &mut Vec<Pattern>, values: &[Pattern]) {
    let joined = |(pattern, value): (&Pattern, &Pattern)| {
        let mut pattern = pattern.clone();
        pattern.append(value);
        pattern
    };
    *patterns = patterns.iter().flat_map(|pattern| values.iter().map(move |value| joined((pattern, value)))).collect();
}

fn is_text_item(item: &Item) -> bool {
    !item.modifiers.iter().any(|modifier| matches!(modifier, Modifier::Re | Modifier::Cidr | Modifier::FieldRef))
}

fn apply(draft: Draft, modifier: Modifier) -> Result<Vec<Draft>, &'static str> {
    use Modifier as M;
    if matches!(modifier, M::Base64 | M::Base64Offset | M::Utf16Le | M::Utf16Be | M::Utf16) {
        return encode(draft, modifier);
    }
    if !matches!(modifier, M::StartsWith | M::EndsWith | M::Contains | M::WinDash) {
        return Ok(vec![draft]);
    }
    let mut pattern = draft.into_pattern()?;
    match modifier {
        M::WinDash => pattern.open_dashes(),
        M::StartsWith => pattern.open(false, true),
        M::EndsWith => pattern.open(true, false),
        _ => pattern.open(true, true),
    }
    Ok(vec![Draft::Pattern(pattern)])
}

/// Reads a network, or an address as one of its own.
pub(crate) fn network(text: &str) -> Result<IpNet, String> {
    let address = || text.parse::<std::net::IpAddr>().ok().map(IpNet::from);
    text.parse::<IpNet>().ok().or_else(address).ok_or_else(|| format!("{text:?} is not a network"))
}

fn condition(of: &Condition, searches: &[Expr]) -> Expr {
    match of {
        Condition::Search(index) => searches[*index].clone(),
        Condition::All(parts) => Expr::All(parts.iter().map(|part| condition(part, searches)).collect()),
        Condition::Any(parts) => Expr::Any(parts.iter().map(|part| condition(part, searches)).collect()),
        Condition::Not(inner) => Expr::Not(Box::new(condition(inner, searches))),
    }
}

/// The longest texts that an event must hold for a pattern to match, in no case's letters.
pub(crate) fn texts_of(pattern: &Pattern) -> impl Iterator<Item = &str> {
    pattern.pieces.iter().filter_map(|piece| if let Piece::Text(text) = piece { Some(text.as_str()) } else { None })
}
