/// A text, or its beginning (`policy.*`), end (`*.delete`), both (`Account * changed`) or a part of it (`*token*`), in any case of ASCII
/// letters.
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
    /// What stands between stars: the text begins with the first, ends with the last, and has the others between, in their order.
    Parts(Vec<String>),
    /// Every text.
    Any,
}

impl Pattern {
    /// Reads a pattern.
    pub(super) fn parse(text: &str) -> Self {
        let text = text.trim().to_ascii_lowercase();
        if text.trim_matches('*').contains('*') {
            return Self::Parts(text.split('*').map(str::to_owned).collect());
        }
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
            Self::Parts(parts) => has_parts(&text.to_ascii_lowercase(), parts),
            Self::Any => true,
        }
    }
}

fn has_parts(text: &str, parts: &[String]) -> bool {
    let [first, between @ .., last] = parts else { return false };
    let rest = text.strip_prefix(first.as_str()).and_then(|rest| rest.strip_suffix(last.as_str()));
    let after = |rest: &str, part: &String| rest.split_once(part.as_str()).map(|(_, rest)| rest.to_owned());
    rest.is_some_and(|rest| between.iter().try_fold(rest.to_owned(), |rest, part| after(&rest, part)).is_some())
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn stars_stand_for_anything_wherever_they_are() {
        let cases: [(&str, &[&str], &[&str]); 10] = [
            ("Firewall*Matched", &["FirewallMatched", "firewallRuleMatched"], &["FirewallMatch", "XFirewallMatched"]),
            ("Account * changed", &["Account Name changed"], &["Account changed", "Account Name changed again"]),
            ("*IOA*StreamingEvent", &["CloudIOAStreamingEvent", "IOA x StreamingEvent"], &["StreamingEventIOA", "IOAStreamingEvents"]),
            ("a*b*c*d", &["abcd", "a-b-c-d"], &["acbd", "abd"]),
            ("ab*ba", &["abba", "ab-ba"], &["aba"]),
            ("*.*", &["1.5", "."], &["15"]),
            ("x*", &["X", "xy"], &["yx"]),
            ("*x", &["X", "yx"], &["xy"]),
            ("*", &["", "x"], &[]),
            ("x", &["X"], &["xx"]),
        ];
        for (pattern, fitting, others) in cases {
            let pattern = Pattern::parse(pattern);
            assert!(fitting.iter().all(|text| pattern.matches(text)), "{pattern:?}");
            assert!(!others.iter().any(|text| pattern.matches(text)), "{pattern:?}");
        }
    }
}
