//! Hunt files to begin with.

use crate::hunt::Hunt;

/// What a skeleton is written from; what is empty becomes a reminder.
#[derive(Debug, Clone, Default)]
pub(crate) struct Skeleton {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) hypothesis: String,
    pub(crate) severity: Option<String>,
    pub(crate) owner: Option<String>,
    pub(crate) tactics: Vec<String>,
    pub(crate) techniques: Vec<String>,
    pub(crate) false_positive_notes: Option<String>,
    pub(crate) references: Vec<String>,
    pub(crate) tags: Vec<String>,
    /// What cannot be placed, as comments above the queries.
    pub(crate) remarks: Vec<String>,
}

impl Hunt {
    /// The text of a new hunt file: a draft that can be read, with a query as an example in comments.
    pub fn new_template(title: &str) -> String {
        let title = if title.trim().is_empty() { "A new hunt" } else { title };
        let skeleton = Skeleton {
            id: id_of(title),
            title: title.split_whitespace().collect::<Vec<_>>().join(" "),
            hypothesis: "TODO: what an adversary would have done, and why the queries below would show it.".to_owned(),
            ..Skeleton::default()
        };
        skeleton.yaml()
    }
}

impl Skeleton {
    pub(crate) fn yaml(&self) -> String {
        let mut lines = vec![
            "version: 1".to_owned(),
            format!("id: {}", self.id),
            format!("title: {}", text(&self.title)),
            format!("hypothesis: {}", text(&self.hypothesis)),
            "status: draft".to_owned(),
            format!("severity: {}", self.severity.as_deref().unwrap_or("medium")),
        ];
        lines.extend(self.owner.as_ref().map(|owner| format!("owner: {}", text(owner))));
        lines.push("attack:".to_owned());
        lines.push(format!("  tactics: {}", list(&self.tactics)));
        lines.push(format!("  techniques: {}", list(&self.techniques)));
        lines.extend(["data:", "  sources: []", "  tables: []", "window:", "  lookback: 90d"].map(str::to_owned));
        lines.extend(self.remarks.iter().flat_map(|remark| remark.lines()).map(|line| format!("# {line}").trim_end().to_owned()));
        lines.extend(EXAMPLE.lines().map(str::to_owned));
        lines.extend(self.false_positive_notes.as_ref().map(|notes| format!("false_positive_notes: {}", text(notes))));
        lines.extend((!self.references.is_empty()).then(|| format!("references: {}", list(&self.references))));
        lines.extend((!self.tags.is_empty()).then(|| format!("tags: {}", list(&self.tags))));
        lines.join("\n") + "\n"
    }
}

const EXAMPLE: &str = "\
# parameters:
#   failures_min:
#     type: integer
#     description: Wrong passwords of one address that are no longer chance.
#     default: 20
#     min: 1
queries: []
#   - id: failures
#     sql: |
#       SELECT src_endpoint.ip AS ip, min(time) AS first_seen, max(time) AS last_seen, count(*) AS failures
#       FROM authentication
#       WHERE status = 'Failure'
#       GROUP BY 1
#       HAVING count(*) >= ${failures_min}
#     expect: none
#     finding:
#       title: '{failures} wrong passwords from {ip}'
#       dedupe: [ip]
#       observables: [ip]";

/// A text as YAML in double quotes: JSON's strings are YAML's.
fn text(value: &str) -> String {
    serde_json::Value::from(value.trim()).to_string()
}

fn list(values: &[String]) -> String {
    let quoted: Vec<String> = values.iter().map(|value| text(value)).collect();
    format!("[{}]", quoted.join(", "))
}

/// A name for machines out of a title.
pub(crate) fn id_of(title: &str) -> String {
    let mut id = String::new();
    for letter in title.chars().flat_map(char::to_lowercase) {
        match letter {
            'a'..='z' | '0'..='9' => id.push(letter),
            _ if !id.is_empty() && !id.ends_with('-') => id.push('-'),
            _ => {}
        }
    }
    id.truncate(64);
    let id = id.trim_end_matches('-');
    if id.is_empty() { "new-hunt".to_owned() } else { id.to_owned() }
}
