//! The reference page of the sources, `docs/reference/sources.md`: all but its scores, which the test over the samples makes
//! (`tests/e2e/test_samples.py`).

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use coldtrail_model::Class;
use expect_test::expect_file;

use super::MAPPINGS;
use crate::Source;

/// The page as it is now.
fn committed() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/sources.md");
    std::fs::read_to_string(path).expect("the reference page of the sources")
}

/// What parts the page that is made here from the scores.
const SCORES: &str = "## Scores\n";

const HEAD: &str = "# Sources\n\nMade from `crates/normalize` and, the scores, by the test over samples of real logs; do not edit. What a source does not place \
    in a column stays in `unmapped`, the record itself in `raw_data`. *Columns* counts those that the mapping names, without the ones that \
    every event has.\n\n| source | classes | columns |\n|---|---|---|\n";

/// Where others decide otherwise, and why it stays.
const CHOICES: &str = r"
## Choices

Where class and activity are not what others expect, the sample is listed with its reason; the table below counts them as *listed*. The choices
behind most of them, and some others:

- `okta` (4), `github_audit` (1): the samples have Entity Management (3004), which has no table here. A change by way of the API is API Activity, an
  application that is given to a user is User Access: who did what to what can be asked of one table.
- `suricata_eve` (16): SSH, SMTP and the like are Network Activity with the name of the protocol, a file over HTTP is HTTP Activity: their
  classes have no tables, and a hunt for a connection finds them where all connections are.
- `aws_route53` (2): the samples are of OCSF 1.0.0-rc.2. A record is a query with its answer, which is Traffic; the other six say so too.
- `falco` (1): the sample has Security Finding (2001), deprecated since OCSF 1.1.0; Detection Finding takes its place.
- `fortinet` (10): Tunnel, SSH and Email Activity have no tables; events of the device that are nothing else are Event Log Activity.
- What a firewall refused has failed. Others write `success`, meaning that the rule worked.
- A message of sshd, syslog or ASA without a time is an event of the time at which its object was written, as RFC 3164 (4.3.3) has a relay do, and
  says so: `metadata_labels` has `time: when the object was written`. A reject would hide the sign-in from every hunt. Without the time of
  the object it is a reject.
- Of DNS answers, addresses are observables of addresses, and names (CNAME, NS, MX, PTR, SRV) of hosts; texts (TXT) are none.
";

/// What a mapping names.
struct Named {
    classes: Vec<&'static str>,
    columns: usize,
}

/// Sources that Coldtrail brings, by name: others may have been added by other tests.
fn sources() -> Vec<Source> {
    let mut sources: Vec<Source> = Source::BUILT_IN.to_vec();
    sources.extend(MAPPINGS.iter().filter_map(|(file, _)| Source::named(file.trim_end_matches(".yml"))));
    sources.sort_unstable_by_key(|source| source.name());
    sources
}

fn named(source: Source) -> Named {
    let text = match source {
        Source::Declared(declared) => {
            let (classes, columns) = declared.mapping().classes_and_columns();
            return Named { classes: classes.iter().map(|class| class.name()).collect(), columns };
        }
        built_in => code_of(built_in.name()),
    };
    let words = |text: &str| text.split(|letter: char| !letter.is_alphanumeric()).map(str::to_owned).collect::<BTreeSet<_>>();
    let code: String = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let found = words(&code);
    let classes = Class::ALL.iter().filter(|class| found.contains(&format!("{class:?}"))).map(|class| class.name()).collect();
    let columns: BTreeSet<&str> =
        code.split("Col::").skip(1).map(|rest| rest.split(|letter: char| !letter.is_alphanumeric()).next().unwrap_or_default()).collect();
    Named { classes, columns: columns.iter().filter(|name| !name.is_empty()).count() }
}

/// The text of the modules of a source, and of those that it shares with others.
fn code_of(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sources");
    let mut code = module(&folder, name);
    for (of, shared) in [("linux_s", "syslog"), ("azure_", "azure"), ("azure_appgw", "azure_gateway"), ("azure_frontdoor", "azure_gateway")]
    {
        if name.starts_with(of) {
            code += &module(&folder, shared);
        }
    }
    if code.contains("http_words") {
        code += &module(&folder, "http_words");
    }
    code
}

fn module(folder: &Path, name: &str) -> String {
    let mut files: Vec<PathBuf> = vec![folder.join(format!("{name}.rs"))];
    if let Ok(inner) = std::fs::read_dir(folder.join(name)) {
        files.extend(
            inner
                .filter_map(|entry| entry.ok().map(|entry| entry.path()))
                .filter(|path| path.extension().is_some_and(|end| end == "rs") && !path.ends_with("tests.rs")),
        );
    }
    files.iter().map(|file| std::fs::read_to_string(file).unwrap_or_default()).collect()
}

fn page() -> String {
    let mut page = String::from(HEAD);
    let mut details = String::new();
    for source in sources() {
        let named = named(source);
        let _ = writeln!(page, "| [`{0}`](#{0}) | {1} | {2} |", source.name(), named.classes.join(", "), named.columns);
        let about = source.about().unwrap_or_else(|| panic!("src/source/about.rs has no row for {source}"));
        let _ =
            writeln!(details, "\n### {source}\n\n- Read as: {}\n- Told by: {}\n- Collect: {}", about.formats, about.told_by, about.collect);
    }
    page + "\n## How each is collected\n" + &details + CHOICES + "\n"
}

#[test]
fn the_reference_page_follows_the_sources() {
    let scores = committed().split_once(SCORES).map_or_else(String::new, |(_, scores)| format!("{SCORES}{scores}"));
    expect_file!["../../../../docs/reference/sources.md"].assert_eq(&(page() + &scores));
}

/// The figures themselves need the samples; that each source has some, or a word that there are none, does not.
#[test]
fn the_reference_page_has_a_score_of_every_source() {
    let page = committed();
    let scores = page.split_once(SCORES).map_or("", |(_, scores)| scores);
    for source in sources() {
        let rows = scores.lines().filter(|line| line.starts_with(&format!("| `{source}` |"))).count();
        assert_eq!(rows, 1, "docs/reference/sources.md has no score of {source}: run tests/samples/score.py --reference with the samples");
    }
}
