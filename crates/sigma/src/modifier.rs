use crate::fault::Fault;

/// What stands behind a field's name and a `|`:
/// <https://github.com/SigmaHQ/sigma-specification/blob/main/specification/sigma-appendix-modifiers.md>, version 2.1.0, and the second
/// names that pySigma gives some.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Modifier {
    All,
    Neq,
    StartsWith,
    EndsWith,
    Contains,
    Exists,
    Cased,
    WinDash,
    Re,
    IgnoreCase,
    Multiline,
    DotAll,
    Base64,
    Base64Offset,
    Utf16Le,
    Utf16Be,
    Utf16,
    Compare(Comparison),
    Time(TimePart),
    Cidr,
    Expand,
    FieldRef,
}

/// How numbers are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// A part of an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TimePart {
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Year,
}

use Modifier as M;

impl Modifier {
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "all" => M::All,
            "neq" => M::Neq,
            "startswith" => M::StartsWith,
            "endswith" => M::EndsWith,
            "contains" => M::Contains,
            "exists" => M::Exists,
            "cased" => M::Cased,
            "windash" => M::WinDash,
            "re" => M::Re,
            "i" | "ignorecase" => M::IgnoreCase,
            "m" | "multiline" => M::Multiline,
            "s" | "dotall" => M::DotAll,
            "base64" => M::Base64,
            "base64offset" => M::Base64Offset,
            "utf16le" | "wide" => M::Utf16Le,
            "utf16be" => M::Utf16Be,
            "utf16" => M::Utf16,
            "lt" => M::Compare(Comparison::Less),
            "lte" => M::Compare(Comparison::LessOrEqual),
            "gt" => M::Compare(Comparison::Greater),
            "gte" => M::Compare(Comparison::GreaterOrEqual),
            "minute" => M::Time(TimePart::Minute),
            "hour" => M::Time(TimePart::Hour),
            "day" => M::Time(TimePart::Day),
            "week" => M::Time(TimePart::Week),
            "month" => M::Time(TimePart::Month),
            "year" => M::Time(TimePart::Year),
            "cidr" => M::Cidr,
            "expand" => M::Expand,
            "fieldref" => M::FieldRef,
            _ => return None,
        })
    }

    fn is_anchor(self) -> bool {
        matches!(self, M::StartsWith | M::EndsWith | M::Contains)
    }

    fn is_regex_flag(self) -> bool {
        matches!(self, M::IgnoreCase | M::Multiline | M::DotAll)
    }

    fn is_encoding(self) -> bool {
        matches!(self, M::Base64 | M::Base64Offset | M::Utf16Le | M::Utf16Be | M::Utf16)
    }
}

/// Reads a key such as `CommandLine|contains|all`: the field, unless it is empty, and the modifiers.
pub(crate) fn read_key(key: &str) -> Result<(Option<String>, Vec<Modifier>), Fault> {
    let mut parts = key.split('|');
    let field = parts.next().map(str::trim).filter(|field| !field.is_empty()).map(str::to_owned);
    let mut modifiers: Vec<Modifier> = Vec::new();
    for name in parts {
        let modifier = Modifier::from_name(name).ok_or_else(|| Fault::new(format!("there is no modifier {name:?}")))?;
        if modifiers.contains(&modifier) {
            return Err(Fault::new(format!("the modifier {name:?} stands twice")));
        }
        modifiers.push(modifier);
    }
    contradiction(field.is_some(), &modifiers).map_or(Ok((field, modifiers)), |why| Err(Fault::new(why)))
}

/// Says what keeps modifiers from standing together.
fn contradiction(has_field: bool, modifiers: &[Modifier]) -> Option<&'static str> {
    let has = |modifier: Modifier| modifiers.contains(&modifier);
    let count = |is: fn(Modifier) -> bool| modifiers.iter().filter(|modifier| is(**modifier)).count();
    let others = |allowed: fn(Modifier) -> bool| modifiers.iter().any(|modifier| !allowed(*modifier));
    if count(Modifier::is_anchor) > 1 {
        return Some("only one of startswith, endswith and contains can stand behind a field");
    }
    if count(Modifier::is_regex_flag) > 0 && !has(M::Re) {
        return Some("i, m and s need re before them");
    }
    if has(M::Re) && others(|m| matches!(m, M::Re | M::All | M::Neq) || m.is_regex_flag() || m.is_anchor()) {
        return Some("re stands only with i, m, s, all, neq, startswith, endswith or contains");
    }
    if has(M::Cidr) && others(|m| matches!(m, M::Cidr | M::All | M::Neq)) {
        return Some("cidr stands only with all or neq");
    }
    if has(M::Exists) && modifiers.len() > 1 {
        return Some("exists stands alone");
    }
    if has(M::FieldRef) && others(|m| matches!(m, M::FieldRef | M::All | M::Neq | M::Cased) || m.is_anchor()) {
        return Some("fieldref stands only with all, neq, cased, startswith, endswith or contains");
    }
    if count(|m| matches!(m, M::Compare(_))) > 1 || count(|m| matches!(m, M::Time(_))) > 1 {
        return Some("one comparison and one part of a time at most can stand behind a field");
    }
    if count(|m| matches!(m, M::Compare(_) | M::Time(_))) > 0 && others(|m| matches!(m, M::Compare(_) | M::Time(_) | M::All | M::Neq)) {
        return Some("comparisons and parts of a time stand only with each other, all or neq");
    }
    if !has_field && modifiers.iter().any(|m| matches!(m, M::Exists | M::FieldRef | M::Cidr | M::Compare(_) | M::Time(_))) {
        return Some("this modifier needs a field");
    }
    if !has_field && (has(M::StartsWith) || has(M::EndsWith)) {
        return Some("keywords are looked for anywhere; startswith and endswith need a field");
    }
    anchor_first(modifiers)
}

/// An encoding of a value to which wildcards were added has no meaning.
fn anchor_first(modifiers: &[Modifier]) -> Option<&'static str> {
    let anchor = modifiers.iter().position(|modifier| modifier.is_anchor())?;
    let changes = |modifier: &Modifier| modifier.is_encoding();
    modifiers[anchor..].iter().any(changes).then_some("startswith, endswith and contains stand behind encodings")
}
