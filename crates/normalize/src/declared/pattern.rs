/// A text, or its beginning (`policy.*`), end (`*.delete`) or a part of it (`*token*`), in any case of ASCII letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Pattern {
    /// The whole text.
    Exact(String),
    /// What the text begins with.
    Prefix(String),
    /// What the text ends with.
    Suffix(String),
    /// What is in the text.
    Within(String),
    /// Every text.
    Any,
}

impl Pattern {
    /// Reads a pattern.
    pub(super) fn parse(text: &str) -> Self {
        let text = text.trim().to_ascii_lowercase();
        match (text.strip_prefix('*'), text.strip_suffix('*')) {
            (Some(""), _) => Self::Any,
            (Some(rest), Some(_)) => Self::Within(rest.trim_end_matches('*').to_owned()),
            (Some(end), None) => Self::Suffix(end.to_owned()),
            (None, Some(begin)) => Self::Prefix(begin.to_owned()),
            (None, None) => Self::Exact(text),
        }
    }

    /// Reads patterns with `|` between them.
    pub(super) fn parse_list(text: &str) -> Vec<Self> {
        text.split('|').map(Self::parse).collect()
    }

    /// True if the text is so.
    pub(super) fn matches(&self, text: &str) -> bool {
        let bytes = text.as_bytes();
        let same = |part: &[u8], wanted: &str| part.eq_ignore_ascii_case(wanted.as_bytes());
        match self {
            Self::Exact(wanted) => same(bytes, wanted),
            Self::Prefix(wanted) => bytes.get(..wanted.len()).is_some_and(|part| same(part, wanted)),
            Self::Suffix(wanted) => bytes.len().checked_sub(wanted.len()).is_some_and(|start| same(&bytes[start..], wanted)),
            Self::Within(wanted) => !wanted.is_empty() && bytes.windows(wanted.len()).any(|part| same(part, wanted)),
            Self::Any => true,
        }
    }
}
