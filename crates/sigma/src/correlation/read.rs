use std::collections::BTreeMap;

use yaml_serde::{Mapping, Value};

use super::{Bound, Correlation, CorrelationCondition, CorrelationKind, Relation, RuleCondition};
use crate::condition::{Condition, read_condition};
use crate::fault::{Fault, kind_of};
use crate::rule::{About, text, texts};

/// A length of time as correlations write it: `90m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timespan {
    /// In milliseconds.
    pub milliseconds: i64,
}

impl Timespan {
    /// Reads a number and a unit: s, m, h, d, and, as pySigma has them, w, M (a twelfth of a year) and y (365.2425 days).
    pub fn read(text: &str) -> Option<Self> {
        let unit = text.chars().last()?;
        let number: i64 = text[..text.len() - unit.len_utf8()].parse().ok().filter(|number| *number > 0)?;
        let seconds = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            'w' => 604_800,
            'M' => 2_629_746,
            'y' => 31_556_952,
            _ => return None,
        };
        number.checked_mul(seconds * 1_000).map(|milliseconds| Self { milliseconds })
    }
}

const MEMBERS: [&str; 7] = ["type", "rules", "group-by", "timespan", "condition", "aliases", "generate"];

impl Correlation {
    pub(crate) fn read(document: &Value) -> Result<Self, Fault> {
        let members = document.as_mapping().ok_or_else(|| Fault::new(format!("a correlation is {}, not a map", kind_of(document))))?;
        let about = About::read(members)?;
        let outer_generate = flag(members, "generate")?;
        let Some(Value::Mapping(correlation)) = members.get("correlation") else {
            return Err(Fault::new("the correlation is not a map").member("correlation"));
        };
        let mut read = Self::read_body(correlation).map_err(|fault| fault.member("correlation"))?;
        read.about = about;
        read.generates |= outer_generate;
        read.document = document.clone();
        Ok(read)
    }

    fn read_body(members: &Mapping) -> Result<Self, Fault> {
        if let Some(unknown) = members.keys().filter_map(Value::as_str).find(|key| !MEMBERS.contains(key)) {
            return Err(Fault::new(format!("a correlation has no member {unknown:?}")).member(unknown));
        }
        let timespan = text(members, "timespan")?.ok_or_else(|| Fault::new("there is no timespan"))?;
        let timespan = Timespan::read(&timespan).ok_or_else(|| {
            Fault::new(format!("the timespan {timespan:?} is not a number and one of s, m, h, d, w, M, y")).member("timespan")
        })?;
        let mut rules = texts(members, "rules")?;
        let kind_name = text(members, "type")?.ok_or_else(|| Fault::new("there is no type"))?;
        let (condition, kind) = condition(members.get("condition"), &kind_name, &mut rules).map_err(|fault| fault.member("condition"))?;
        let kind = kind.ok_or_else(|| Fault::new(format!("there is no type of correlation {kind_name:?}")).member("type"))?;
        if rules.is_empty() {
            return Err(Fault::new("the correlation names no rules").member("rules"));
        }
        Ok(Self {
            about: About::default(),
            kind,
            rules,
            group_by: texts(members, "group-by")?,
            timespan_ms: timespan.milliseconds,
            condition,
            aliases: aliases(members.get("aliases")).map_err(|fault| fault.member("aliases"))?,
            generates: flag(members, "generate")?,
            document: Value::Null,
        })
    }
}

fn flag(members: &Mapping, key: &str) -> Result<bool, Fault> {
    match members.get(key) {
        None => Ok(false),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(other) => Err(Fault::new(format!("{key} is {}, not true or false", kind_of(other))).member(key)),
    }
}

/// Reads the condition, with the kind, which has a part in it. Temporal correlations may leave it out, and then want all rules.
fn condition(value: Option<&Value>, kind: &str, rules: &mut Vec<String>) -> Result<(CorrelationCondition, Option<CorrelationKind>), Fault> {
    let is_temporal = matches!(kind, "temporal" | "temporal_ordered");
    let members = match value {
        None if is_temporal => {
            let bound = Bound { relation: Relation::GreaterOrEqual, number: rules.len() as f64 };
            return Ok((CorrelationCondition::Bounds(vec![bound]), kind_of_correlation(kind, None, None)?));
        }
        None => return Err(Fault::new("there is no condition")),
        Some(Value::String(_)) if kind == "temporal_ordered" => {
            return Err(Fault::new("what the order of rules means in a condition over them is not defined; write gte"));
        }
        Some(Value::String(text)) if is_temporal => {
            let condition = CorrelationCondition::Rules(over_rules(text, rules)?);
            return Ok((condition, kind_of_correlation(kind, None, None)?));
        }
        Some(Value::String(_)) => return Err(Fault::new("only temporal correlations have a condition over rules")),
        Some(Value::Mapping(members)) => members,
        Some(other) => return Err(Fault::new(format!("the condition is {}, not a map", kind_of(other)))),
    };
    let (mut bounds, mut fields, mut percentile) = (Vec::new(), None, None);
    for (key, value) in members {
        match key.as_str().unwrap_or_default() {
            "field" => fields = Some(texts(members, "field")?),
            "percentile" => percentile = Some(value),
            name => bounds.push(bound(name, value).map_err(|fault| fault.member(name))?),
        }
    }
    if bounds.is_empty() {
        return Err(Fault::new("the condition has none of gt, gte, lt, lte, eq and neq"));
    }
    Ok((CorrelationCondition::Bounds(bounds), kind_of_correlation(kind, fields, percentile)?))
}

fn bound(name: &str, value: &Value) -> Result<Bound, Fault> {
    let relation = match name {
        "lt" => Relation::Less,
        "lte" => Relation::LessOrEqual,
        "gt" => Relation::Greater,
        "gte" => Relation::GreaterOrEqual,
        "eq" => Relation::Equal,
        "neq" => Relation::NotEqual,
        other => return Err(Fault::new(format!("the condition of a correlation has no {other:?}"))),
    };
    let number = value.as_f64().filter(|number| number.is_finite());
    number.map(|number| Bound { relation, number }).ok_or_else(|| Fault::new(format!("{name} is {}, not a number", kind_of(value))))
}

fn kind_of_correlation(name: &str, fields: Option<Vec<String>>, percentile: Option<&Value>) -> Result<Option<CorrelationKind>, Fault> {
    use CorrelationKind as K;
    if percentile.is_some() && name != "value_percentile" {
        return Err(Fault::new(format!("{name} has no percentile")).member("percentile"));
    }
    let has_fields = name.starts_with("value_");
    let fields = match fields {
        Some(fields) if has_fields && !fields.is_empty() => fields,
        None if !has_fields => Vec::new(),
        Some(_) if !has_fields => return Err(Fault::new(format!("{name} counts no field")).member("field")),
        _ => return Err(Fault::new(format!("{name} needs a field"))),
    };
    let one = |fields: &[String]| match fields {
        [field] => Ok(field.clone()),
        _ => Err(Fault::new(format!("{name} takes one field")).member("field")),
    };
    Ok(Some(match name {
        "event_count" => K::EventCount,
        "value_count" => K::ValueCount(fields),
        "value_sum" => K::ValueSum(one(&fields)?),
        "value_avg" => K::ValueAverage(one(&fields)?),
        "value_median" => K::ValueMedian(one(&fields)?),
        "value_percentile" => {
            let percent =
                percentile.and_then(Value::as_u64).and_then(|percent| u8::try_from(percent).ok()).filter(|it| (1..=100).contains(it));
            let percent = percent.ok_or_else(|| Fault::new("value_percentile needs a percentile from 1 to 100").member("percentile"))?;
            K::ValuePercentile(one(&fields)?, percent)
        }
        "temporal" => K::Temporal,
        "temporal_ordered" => K::TemporalOrdered,
        _ => return Ok(None),
    }))
}

/// `rule_a and rule_b and not rule_c`. Rules that are not listed are listed by being named; those that are listed must be named.
fn over_rules(text: &str, rules: &mut Vec<String>) -> Result<RuleCondition, Fault> {
    if rules.is_empty() {
        let words = text.split(|character: char| character.is_whitespace() || matches!(character, '(' | ')'));
        let is_name = |word: &&str| !word.is_empty() && !["and", "or", "not"].iter().any(|own| word.eq_ignore_ascii_case(own));
        for word in words.filter(is_name) {
            if !rules.iter().any(|rule| rule == word) {
                rules.push(word.to_owned());
            }
        }
    }
    let names: Vec<&str> = rules.iter().map(String::as_str).collect();
    let condition = over_positions(read_condition(text, &names)?);
    let unnamed = (0..names.len()).find(|rule| !names_rule(&condition, *rule));
    match unnamed {
        Some(rule) => Err(Fault::new(format!("the condition does not name the rule {:?}", names[rule]))),
        // An absence is only known once all is seen, and is true of almost every stretch of time.
        None if condition.holds(&|_| false) => Err(Fault::new("the condition is true where no rule matches")),
        None => Ok(condition),
    }
}

fn over_positions(condition: Condition) -> RuleCondition {
    match condition {
        Condition::Search(rule) => RuleCondition::Rule(rule),
        Condition::All(parts) => RuleCondition::All(parts.into_iter().map(over_positions).collect()),
        Condition::Any(parts) => RuleCondition::Any(parts.into_iter().map(over_positions).collect()),
        Condition::Not(inner) => RuleCondition::Not(Box::new(over_positions(*inner))),
    }
}

fn names_rule(condition: &RuleCondition, wanted: usize) -> bool {
    match condition {
        RuleCondition::Rule(rule) => *rule == wanted,
        RuleCondition::All(parts) | RuleCondition::Any(parts) => parts.iter().any(|part| names_rule(part, wanted)),
        RuleCondition::Not(inner) => names_rule(inner, wanted),
    }
}

fn aliases(value: Option<&Value>) -> Result<BTreeMap<String, BTreeMap<String, String>>, Fault> {
    let members = match value {
        None => return Ok(BTreeMap::new()),
        Some(Value::Mapping(members)) => members,
        Some(other) => return Err(Fault::new(format!("the aliases are {}, not a map", kind_of(other)))),
    };
    let wrong = |what: &Value| Fault::new(format!("an alias holds {}, where rules and fields should be", kind_of(what)));
    let mut aliases = BTreeMap::new();
    for (alias, fields) in members {
        let Value::Mapping(fields) = fields else { return Err(wrong(fields)) };
        let field = |(rule, field): (&Value, &Value)| match (rule.as_str(), field.as_str()) {
            (Some(rule), Some(field)) => Ok((rule.to_owned(), field.to_owned())),
            _ => Err(wrong(field)),
        };
        let name = alias.as_str().ok_or_else(|| wrong(alias))?;
        aliases.insert(name.to_owned(), fields.iter().map(field).collect::<Result<_, Fault>>().map_err(|fault| fault.member(name))?);
    }
    Ok(aliases)
}
