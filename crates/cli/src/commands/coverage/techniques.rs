//! Which ATT&CK techniques can be hunted with what is there: as far as somebody wrote a hunt or a rule for them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use coldtrail_huntfile::Hunt;
use coldtrail_sigma::{Mappings, Placeholders, RuleSet, parse};
use serde_json::json;

use super::hour::Hour;
use crate::commands::sigma::{read, rule_files};
use crate::exit;

/// What a technique needs, and what is there of it.
#[derive(Debug, Default)]
struct Technique {
    /// Hunts and rules whose sources are all there, or some of them.
    able: BTreeSet<String>,
    /// Hunts and rules for which nothing is there.
    unable: BTreeSet<String>,
    /// Sources that some of them ask for and that have no event.
    missing: BTreeSet<String>,
    /// Sources that are there with gaps.
    gaps: BTreeSet<String>,
}

impl Technique {
    fn verdict(&self) -> &'static str {
        match (self.able.is_empty(), self.gaps.is_empty() && self.unable.is_empty()) {
            (true, _) => "CANNOT",
            (false, true) => "CAN",
            (false, false) => "PARTLY",
        }
    }
}

/// A hunt or a rule: what it is called, what it is about, and the sources that it reads.
struct Question {
    title: String,
    techniques: Vec<String>,
    sources: BTreeSet<String>,
    /// True if it needs every one of its sources, as a hunt does; a rule can match in each.
    needs_all: bool,
}

/// One line a technique: `CAN`, `PARTLY` or `CANNOT` be hunted, by how many hunts and rules, and what is missing.
#[allow(clippy::print_stdout, clippy::print_stderr)]
pub(super) fn show(paths: &[PathBuf], hours: &[Hour], as_json: bool) -> anyhow::Result<u8> {
    let there: BTreeSet<&str> = hours.iter().filter(|hour| hour.events > 0).map(|hour| hour.source.as_str()).collect();
    let gaps: BTreeSet<&str> = hours.iter().filter(|hour| hour.is_gap).map(|hour| hour.source.as_str()).collect();
    let techniques = techniques(questions(paths)?, &there, &gaps);
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for (id, technique) in &techniques {
        let verdict = technique.verdict();
        *counts.entry(verdict).or_default() += 1;
        if as_json {
            let (missing, gaps) = (&technique.missing, &technique.gaps);
            println!(
                "{}",
                json!({"technique": id, "verdict": verdict, "able": technique.able, "unable": technique.unable, "missing": missing, "gaps": gaps})
            );
        } else {
            println!("{}", line_of(id, technique));
        }
    }
    let summary: Vec<String> =
        ["CAN", "PARTLY", "CANNOT"].iter().map(|name| format!("{} {name}", counts.get(name).unwrap_or(&0))).collect();
    eprintln!("{} of {} techniques with a hunt or rule", summary.join(", "), techniques.len());
    let all_can = counts.keys().all(|verdict| *verdict == "CAN");
    Ok(if all_can { exit::DONE } else { exit::INCOMPLETE })
}

fn line_of(id: &str, technique: &Technique) -> String {
    let named = |what: &str, sources: &BTreeSet<String>| match sources.is_empty() {
        true => String::new(),
        false => format!("  {what}: {}", sources.iter().cloned().collect::<Vec<_>>().join(", ")),
    };
    let all = technique.able.len() + technique.unable.len();
    format!(
        "{id:10} {:7} {:>3} of {all} hunts and rules{}{}",
        technique.verdict(),
        technique.able.len(),
        named("without", &technique.missing),
        named("gaps in", &technique.gaps)
    )
}

fn techniques(questions: Vec<Question>, there: &BTreeSet<&str>, gaps: &BTreeSet<&str>) -> BTreeMap<String, Technique> {
    let mut techniques: BTreeMap<String, Technique> = BTreeMap::new();
    for question in questions {
        let is_there = |source: &String| there.contains(source.as_str());
        let able = match question.needs_all {
            true => question.sources.iter().all(is_there),
            false => question.sources.iter().any(is_there),
        };
        for id in &question.techniques {
            let technique = techniques.entry(id.clone()).or_default();
            if able { &mut technique.able } else { &mut technique.unable }.insert(question.title.clone());
            if question.needs_all || !able {
                technique.missing.extend(question.sources.iter().filter(|source| !is_there(source)).cloned());
            }
            technique.gaps.extend(question.sources.iter().filter(|source| gaps.contains(source.as_str())).cloned());
        }
    }
    techniques
}

/// The hunts and rules in these files and folders; those that cannot be run are no help, and are left out.
#[allow(clippy::print_stderr)]
fn questions(paths: &[PathBuf]) -> anyhow::Result<Vec<Question>> {
    let (mut questions, mut left_out) = (Vec::new(), 0);
    for path in rule_files(paths)? {
        let text = read(&path)?;
        let found = match hunt(&path, &text) {
            Some(question) => vec![question],
            None => rules(&path, &text),
        };
        left_out += u64::from(found.is_empty());
        questions.extend(found);
    }
    if left_out > 0 {
        eprintln!("coldtrail: {left_out} files have no hunt or rule that can be run and names a technique; they are left out");
    }
    Ok(questions)
}

fn hunt(path: &Path, text: &str) -> Option<Question> {
    let hunt = Hunt::parse(&path.display().to_string(), text).ok().filter(|hunt| !hunt.techniques.is_empty())?;
    Some(Question { title: hunt.title, techniques: hunt.techniques, sources: hunt.sources.into_iter().collect(), needs_all: true })
}

fn rules(path: &Path, text: &str) -> Vec<Question> {
    let parsed = parse(&path.display().to_string(), text);
    let question = |rule: &coldtrail_sigma::Rule| {
        let techniques: Vec<String> = rule.about.tags.iter().filter_map(|tag| technique_of(tag)).collect();
        let set = RuleSet::compile([rule.clone()], Mappings::builtin(), &Placeholders::new()).set;
        let sources: BTreeSet<String> = set.tables().flat_map(|table| set.prefilter(table, None).sources).collect();
        (!techniques.is_empty() && !sources.is_empty()).then(|| Question {
            title: rule.about.title.clone(),
            techniques,
            sources,
            needs_all: false,
        })
    };
    parsed.rules().filter_map(question).collect()
}

/// `attack.t1078.004` is technique T1078.004; tactics, groups and software are other tags.
fn technique_of(tag: &str) -> Option<String> {
    let id = tag.strip_prefix("attack.t")?;
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    id.split('.').all(is_number).then(|| format!("T{id}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(title: &str, sources: &[&str], needs_all: bool) -> Question {
        let sources = sources.iter().map(|source| (*source).to_owned()).collect();
        Question { title: title.to_owned(), techniques: vec!["T1078".to_owned()], sources, needs_all }
    }

    fn verdict(questions: Vec<Question>, there: &[&str], gaps: &[&str]) -> (&'static str, Vec<String>) {
        let found = techniques(questions, &there.iter().copied().collect(), &gaps.iter().copied().collect());
        let technique = &found["T1078"];
        (technique.verdict(), technique.missing.iter().cloned().collect())
    }

    #[test]
    fn a_hunt_needs_all_its_sources_and_a_rule_one() {
        let hunt = || question("hunt", &["okta", "aws"], true);
        let rule = || question("rule", &["okta", "aws"], false);
        assert_eq!(verdict(vec![hunt()], &["okta"], &[]), ("CANNOT", vec!["aws".to_owned()]));
        assert_eq!(verdict(vec![rule()], &["okta"], &[]), ("CAN", vec![]));
        assert_eq!(verdict(vec![hunt(), rule()], &["okta"], &[]), ("PARTLY", vec!["aws".to_owned()]));
        assert_eq!(verdict(vec![rule()], &["zeek"], &[]), ("CANNOT", vec!["aws".to_owned(), "okta".to_owned()]));
    }

    #[test]
    fn a_source_with_gaps_is_not_enough() {
        assert_eq!(verdict(vec![question("rule", &["okta"], false)], &["okta"], &["okta"]), ("PARTLY", vec![]));
    }

    #[test]
    fn tags_name_techniques() {
        assert_eq!(technique_of("attack.t1078.004").as_deref(), Some("T1078.004"));
        assert_eq!([technique_of("attack.persistence"), technique_of("attack.g0016"), technique_of("attack.tool")], [None, None, None]);
    }
}
