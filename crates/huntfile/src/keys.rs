//! Which keys a hunt file has: the one declaration that the reader, the JSON Schema and the reference page are made from.

/// A kind of mapping, and its keys in the order in which they are best written.
#[derive(Debug)]
pub(crate) struct Form {
    /// Its name in the schema and in headings.
    pub(crate) name: &'static str,
    /// What it is.
    pub(crate) doc: &'static str,
    pub(crate) keys: &'static [Key],
}

#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) is_required: bool,
    pub(crate) shape: Shape,
    pub(crate) doc: &'static str,
}

/// What a value must look like. What else is asked of it stands in `doc` and is checked where it is read.
#[derive(Debug)]
pub(crate) enum Shape {
    /// The number 1.
    Version,
    Text,
    /// Lower-case letters, digits and dashes.
    Id,
    Duration,
    Count,
    Choice(&'static [&'static str]),
    /// A value of the parameter's own type.
    Any,
    Texts,
    Anys,
    Mapping(&'static Form),
    Mappings(&'static Form),
    /// Names of one's own, each with a mapping.
    Named(&'static Form),
    /// A text, or a mapping.
    TextOr(&'static Form),
}

const fn must(name: &'static str, shape: Shape, doc: &'static str) -> Key {
    Key { name, is_required: true, shape, doc }
}

const fn may(name: &'static str, shape: Shape, doc: &'static str) -> Key {
    Key { name, is_required: false, shape, doc }
}

pub(crate) const SEVERITIES: &[&str] = &["informational", "low", "medium", "high", "critical"];
pub(crate) const STATUSES: &[&str] = &["draft", "experimental", "test", "stable", "deprecated"];
pub(crate) const EXPECTATIONS: &[&str] = &["none", "review", "count"];
pub(crate) const TYPES: &[&str] = &["string", "integer", "number", "boolean", "duration", "time", "ip", "cidr", "list"];
pub(crate) const ITEM_TYPES: &[&str] = &["string", "integer", "number", "boolean", "duration", "time", "ip", "cidr"];

pub(crate) static HUNT: Form = Form {
    name: "hunt",
    doc: "A hunt: a hypothesis, and the queries that test it.",
    keys: &[
        must("version", Shape::Version, "The version of the format: 1."),
        must("id", Shape::Id, "The name of the hunt for machines: lower-case letters, digits and dashes. It never changes."),
        must("title", Shape::Text, "The name of the hunt for people, in one line."),
        must("hypothesis", Shape::Text, "What an adversary would have done, and why these queries would show it."),
        may(
            "status",
            Shape::Choice(STATUSES),
            "How far it can be relied on; `experimental` unless said. Only a `draft` may have no queries.",
        ),
        may("severity", Shape::Choice(SEVERITIES), "How severe a finding is; `medium` unless said."),
        may("owner", Shape::Text, "Who answers for the hunt: a person or a team."),
        must("attack", Shape::Mapping(&ATTACK), "Where the behaviour stands in MITRE ATT&CK."),
        must("data", Shape::Mapping(&DATA), "What must be in the lake for the answer to mean something."),
        may("window", Shape::Mapping(&WINDOW), "How far back the hunt looks."),
        may(
            "parameters",
            Shape::Named(&PARAMETER),
            "What whoever runs the hunt can set, by name. In SQL a parameter is written `${name}`.",
        ),
        must("queries", Shape::Mappings(&QUERY), "The queries, in the order in which they are run."),
        may("false_positive_notes", Shape::Text, "What looks the same and is harmless, and how to tell."),
        may("schedule", Shape::Mapping(&SCHEDULE), "When the hunt runs by itself."),
        may("references", Shape::Texts, "Where one can read more: addresses, or titles of reports."),
        may("tags", Shape::Texts, "Words to find the hunt by: lower-case letters, digits, dashes, dots, underscores, `key:value`."),
    ],
};

static ATTACK: Form = Form {
    name: "attack",
    doc: "MITRE ATT&CK.",
    keys: &[
        may("tactics", Shape::Texts, "Tactics by short name or number: `initial-access`, `TA0001`."),
        must("techniques", Shape::Texts, "Techniques and sub-techniques: `T1110`, `T1110.003`."),
    ],
};

static DATA: Form = Form {
    name: "data",
    doc: "Required data.",
    keys: &[
        must("sources", Shape::Texts, "Log sources, as the column `source` names them: `aws_cloudtrail`."),
        must("tables", Shape::Texts, "Tables that the queries read: `authentication`."),
    ],
};

static WINDOW: Form = Form {
    name: "window",
    doc: "The range of time.",
    keys: &[may("lookback", Shape::Duration, "From how long ago until now, such as `90d`; `90d` unless said.")],
};

static PARAMETER: Form = Form {
    name: "parameter",
    doc: "A value that can be set for each run.",
    keys: &[
        must("type", Shape::Choice(TYPES), "What kind of value."),
        may("of", Shape::Choice(ITEM_TYPES), "What kind of values a `list` has; must be there for a list, and only there."),
        may("description", Shape::Text, "What it means, and what a good value is."),
        may("default", Shape::Any, "The value when none is given. Without it one must be given."),
        may("min", Shape::Any, "The least value of an integer, number, duration or time; for a list, of each item."),
        may("max", Shape::Any, "The greatest, likewise."),
        may("choices", Shape::Anys, "The only values that are allowed; for a list, for each item."),
        may("min_items", Shape::Count, "The least number of items of a list; 0 unless said."),
        may("max_items", Shape::Count, "The greatest number of items of a list; 10000 unless said."),
    ],
};

static QUERY: Form = Form {
    name: "query",
    doc: "One query: exactly one of `sql`, `sigma` and `sweep`.",
    keys: &[
        must("id", Shape::Id, "The name of the query for machines, once in a hunt."),
        may("title", Shape::Text, "The name for people; the hunt's title unless said."),
        may("sql", Shape::Text, "A statement, with parameters as `${name}` where a value may stand."),
        may("sigma", Shape::TextOr(&FILE), "A Sigma rule: its YAML as text (`sigma: |`), or a file."),
        may("sweep", Shape::Mapping(&SWEEP), "Every observable against indicators."),
        may("expect", Shape::Choice(EXPECTATIONS), "How rows are judged; `none` unless said."),
        may("severity", Shape::Choice(SEVERITIES), "How severe a finding of this query is; the hunt's severity unless said."),
        may("finding", Shape::Mapping(&FINDING), "What a finding says."),
    ],
};

static FILE: Form = Form {
    name: "file",
    doc: "A file beside the hunt file.",
    keys: &[must("file", Shape::Text, "Its path, relative to the hunt file and below its folder.")],
};

static SWEEP: Form = Form {
    name: "sweep",
    doc: "Indicators to look for: exactly one of `feed` and `file`.",
    keys: &[
        may("feed", Shape::Id, "The name of a feed that the server keeps."),
        may("file", Shape::Text, "A file of indicators, relative to the hunt file and below its folder."),
    ],
};

static FINDING: Form = Form {
    name: "finding",
    doc: "How rows become findings.",
    keys: &[
        may("title", Shape::Text, "The title of a finding, with values of the row's columns as `{column}`; the query's title unless said."),
        may("dedupe", Shape::Texts, "Columns: rows that agree in all of them are one finding; without it, each row is one."),
        may("entities", Shape::Texts, "Columns that name who or what it happened to: users, hosts, accounts."),
        may("observables", Shape::Texts, "Columns whose values can be looked for elsewhere: addresses, names, hashes."),
        may("threshold", Shape::Count, "How many rows make a finding; 1 unless said."),
    ],
};

static SCHEDULE: Form = Form {
    name: "schedule",
    doc: "When it runs.",
    keys: &[
        must("cron", Shape::Text, "Minute, hour, day of month, month, day of week: `0 6 * * MON-FRI`."),
        may("timezone", Shape::Text, "The IANA time zone that the fields are in, such as `Europe/Vienna`; `UTC` unless said."),
    ],
};

/// Every form, the hunt first, in the order of the file.
pub(crate) fn forms() -> Vec<&'static Form> {
    vec![&HUNT, &ATTACK, &DATA, &WINDOW, &PARAMETER, &QUERY, &FILE, &SWEEP, &FINDING, &SCHEDULE]
}
