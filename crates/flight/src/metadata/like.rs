/// A name pattern: `%` is any text, `_` is any character, `\` takes the next character as it is.
///
/// Takes at most the product of the two lengths in steps, whatever the pattern: clients send whole SQL texts as patterns.
pub(super) struct Like {
    parts: Vec<Part>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    AnyText,
    AnyChar,
    Char(char),
}

impl Like {
    pub(super) fn new(pattern: &str) -> Self {
        let mut chars = pattern.chars();
        let mut parts = Vec::with_capacity(pattern.len());
        while let Some(c) = chars.next() {
            parts.push(match c {
                '%' if parts.last() == Some(&Part::AnyText) => continue,
                '%' => Part::AnyText,
                '_' => Part::AnyChar,
                '\\' => Part::Char(chars.next().unwrap_or('\\')),
                c => Part::Char(c),
            });
        }
        Self { parts }
    }

    pub(super) fn matches(&self, name: &str) -> bool {
        let name: Vec<char> = name.chars().collect();
        let (mut at, mut part) = (0, 0);
        // Where to go on when what follows the last `%` does not match: the part behind it, and one more character taken by it.
        let mut retry: Option<(usize, usize)> = None;
        while at < name.len() {
            match self.parts.get(part) {
                Some(Part::AnyText) => {
                    part += 1;
                    retry = Some((part, at));
                    continue;
                }
                Some(Part::AnyChar) => {}
                Some(Part::Char(c)) if *c == name[at] => {}
                _ => {
                    let Some((behind, taken)) = retry else { return false };
                    (part, at) = (behind, taken + 1);
                    retry = Some((behind, at));
                    continue;
                }
            }
            (part, at) = (part + 1, at + 1);
        }
        self.parts[part..].iter().all(|part| *part == Part::AnyText)
    }
}

#[cfg(test)]
mod tests {
    use super::Like;

    #[test]
    fn patterns_match_as_in_sql() {
        for (pattern, name, expected) in [
            ("", "", true),
            ("", "a", false),
            ("%", "", true),
            ("%", "anything", true),
            ("dns_activity", "dns_activity", true),
            ("dns_activity", "dnsXactivity", true),
            (r"dns\_activity", "dnsXactivity", false),
            (r"dns\_activity", "dns_activity", true),
            (r"100\%", "100%", true),
            (r"100\%", "1000", false),
            ("%activity", "dns_activity", true),
            ("dns%", "dns_activity", true),
            ("%a%i%y", "dns_activity", true),
            ("%a%z%y", "dns_activity", false),
            ("_ö_", "xöy", true),
            ("__", "x", false),
            ("Dns%", "dns_activity", false),
            (r"a\", r"a\", true),
            ("%_", "", false),
        ] {
            assert_eq!(Like::new(pattern).matches(name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn a_hostile_pattern_takes_no_time() {
        let pattern = Like::new(&"%a".repeat(5_000));
        assert!(!pattern.matches(&"a".repeat(4_000)));
    }
}
