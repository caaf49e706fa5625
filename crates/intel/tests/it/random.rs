//! The set against a comparison of each indicator with each value, on values made at random.

use std::net::IpAddr;

use coldtrail_intel::{Indicator, IndicatorKind, IndicatorSet, LookupPlan};
use ipnet::IpNet;

use crate::support::read;

/// A small generator of numbers (xorshift), so that a failure can be repeated.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end as u64).unwrap()
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }

    /// A name of few labels out of few, so that names are often above or beside others.
    fn name(&mut self) -> String {
        let labels: Vec<&str> = (0..=self.below(3)).map(|_| self.pick(&["a", "b", "ab", "evil", "notevil"])).collect();
        format!("{}.example", labels.join("."))
    }

    fn address(&mut self) -> String {
        match self.below(4) {
            0 => format!("2001:db8:{:x}::{:x}", self.below(4), self.below(4)).parse::<IpAddr>().unwrap().to_string(),
            _ => format!("44.{}.{}.{}", self.below(3), self.below(4), self.below(8)),
        }
    }

    fn path(&mut self) -> String {
        let folders: Vec<&str> = (0..self.below(3)).map(|_| self.pick(&["Temp", "MyTemp", "x"])).collect();
        let head = self.pick(&["C:\\", "D:\\", "", "/", "\\\\server\\"]);
        let between = if head == "/" { "/" } else { "\\" };
        let tail: String = folders.iter().map(|folder| format!("{folder}{between}")).collect();
        format!("{head}{tail}{}", self.pick(&["a.exe", "b.dll", "A.EXE"]))
    }

    fn url(&mut self) -> String {
        let host = if self.below(3) == 0 { format!("44.0.0.{}", self.below(4)) } else { self.name() };
        let (scheme, port) = (self.pick(&["http://", "https://", ""]), self.pick(&["", "", ":8080"]));
        format!("{scheme}{host}{port}{}", self.pick(&["/", "/a", "/a/", "/b?q=1", "/a?q=1", "/%61", "/x/../a"]))
    }

    fn indicator(&mut self) -> String {
        match self.below(7) {
            0 => self.address(),
            1 => match self.address() {
                v6 if v6.contains(':') => format!("{v6}/{}", 33 + self.below(90)),
                v4 => format!("{v4}/{}", 9 + self.below(23)),
            },
            2 => format!("*.{}", self.name()),
            3 => self.name(),
            4 => self.url(),
            _ => self.path(),
        }
    }

    fn observable(&mut self) -> (i32, String) {
        match self.below(4) {
            0 => (2, if self.below(8) == 0 { self.name() } else { self.address() }),
            1 => (1, self.name()),
            2 => (6, self.url()),
            _ => (45, self.path()),
        }
    }
}

/// The same comparison, written as plainly as can be.
fn is_match(indicator: &Indicator, type_id: i32, value: &str) -> bool {
    let wanted = indicator.value.as_str();
    if !indicator.kind.type_ids().contains(&type_id) {
        return false;
    }
    match indicator.kind {
        IndicatorKind::Ip => value.parse::<IpAddr>().ok() == wanted.parse().ok() && value.parse::<IpAddr>().is_ok(),
        IndicatorKind::Network => value.parse::<IpAddr>().is_ok_and(|address| wanted.parse::<IpNet>().unwrap().contains(&address)),
        IndicatorKind::Domain if indicator.pattern => value.ends_with(&wanted[1..]),
        IndicatorKind::Domain => value == wanted || value.ends_with(&format!(".{wanted}")),
        IndicatorKind::UrlHost => host(wanted) == if type_id == 6 { host(value) } else { value.to_owned() },
        IndicatorKind::UrlPath => path(wanted) == path(value),
        IndicatorKind::FileName | IndicatorKind::FilePath => {
            let (value, wanted) = (value.to_lowercase(), wanted.to_lowercase());
            let is_whole = wanted.starts_with(['/', '\\']) || wanted.as_bytes().get(1) == Some(&b':');
            value == wanted || (!is_whole && (value.ends_with(&format!("\\{wanted}")) || value.ends_with(&format!("/{wanted}"))))
        }
        other => panic!("{other} is not made here"),
    }
}

fn host(url: &str) -> String {
    let rest = url.split("://").last().unwrap();
    rest.split(['/', ':']).next().unwrap().to_owned()
}

fn path(url: &str) -> String {
    let rest = url.split("://").last().unwrap();
    let path = rest.split_once('/').unwrap().1.split('?').next().unwrap().trim_end_matches('/');
    let path = if matches!(path, "%61" | "x/../a") { "a" } else { path };
    format!("{}/{path}", host(url))
}

/// True if the plan lets a value through.
fn lets_through(plan: &LookupPlan, type_id: i32, value: &str) -> bool {
    plan.types.iter().filter(|one| one.type_id == type_id).any(|one| {
        one.bounds.as_ref().is_none_or(|(low, high)| low.as_str() <= value && value <= high.as_str())
            && (one.scan
                || (one.beyond_ascii && !value.is_ascii())
                || one.values.iter().any(|wanted| wanted == value)
                || one.ranges.iter().any(|(low, high)| low.as_str() <= value && value < high.as_str())
                || one.suffixes.iter().any(|suffix| value.ends_with(suffix)))
    })
}

#[test]
fn the_set_finds_what_a_comparison_one_by_one_finds_and_its_plan_hides_none_of_it() {
    let mut random = Random(0x5eed_c01d);
    let mut hits = 0;
    for round in 0..60 {
        let feed: Vec<String> = (0..1 + random.below(60)).map(|_| random.indicator()).collect();
        let indicators = read(&format!("{}\n", feed.join("\n"))).indicators;
        let set = IndicatorSet::new(&indicators);
        let plan = set.lookup_plan(100_000);
        for _ in 0..300 {
            let (type_id, value) = random.observable();
            let mut found = Vec::new();
            set.matches(type_id, &value, &mut found);
            found.sort_unstable();
            let expected: Vec<u32> =
                (0..).zip(&indicators).filter(|(_, one)| is_match(one, type_id, &value)).map(|(index, _)| index).collect();
            let names = |found: &[u32]| found.iter().map(|index| indicators[*index as usize].value.to_string()).collect::<Vec<_>>();
            assert_eq!(names(&found), names(&expected), "round {round}: {type_id} {value}");
            assert!(found.is_empty() || lets_through(&plan, type_id, &value), "round {round}: the plan hides {type_id} {value}");
            hits += found.len();
        }
    }
    assert!(hits > 2000, "only {hits} matches were compared");
}
