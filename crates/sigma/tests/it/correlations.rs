//! What correlations put together. Minutes are written as they are; a match is `(minute, rule, group, value)`.

use coldtrail_sigma::{Correlated, Correlation, CorrelationOptions, CorrelationSet, Document, Occurrence, RuleMatch, correlate, parse};

const MINUTE: i64 = 60_000;

fn correlation(body: &str) -> Correlation {
    let body: String = body.trim_matches('\n').lines().map(|line| format!("    {line}\n")).collect();
    let parsed = parse("c.yml", &format!("title: C\ncorrelation:\n{body}"));
    assert!(parsed.problems.is_empty(), "{}", parsed.problems[0]);
    let Some(Document::Correlation(correlation)) = parsed.documents.into_iter().next() else { panic!("{body}") };
    *correlation
}

type Seen<'s> = (i64, usize, &'s str, &'s str);

fn run(correlation: &Correlation, seen: &[Seen<'_>]) -> Correlated {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let occurrences = seen.iter().enumerate().map(|(number, (minute, rule, group, value))| Occurrence {
        time_ms: minute * MINUTE,
        rule: *rule,
        group: vec![some(group)],
        values: vec![some(value)],
        event: number.to_string(),
    });
    correlate(correlation, occurrences, &CorrelationOptions::default()).unwrap()
}

/// Hits as `group first-last peak events`, in minutes.
fn hits(body: &str, seen: &[Seen<'_>]) -> Vec<String> {
    let found = run(&correlation(body), seen).hits;
    found
        .iter()
        .map(|hit| format!("{} {}-{} {} {}", hit.group[0], hit.first_ms / MINUTE, hit.last_ms / MINUTE, hit.peak, hit.events.join(",")))
        .collect()
}

const COUNT_3_IN_10: &str = "type: event_count\nrules: [a]\ngroup-by: [User]\ntimespan: 10m\ncondition: {gte: 3}";

#[test]
fn event_count_counts_in_windows_that_slide() {
    // Three within ten minutes, but not within one stretch of the clock.
    assert_eq!(hits(COUNT_3_IN_10, &[(5, 0, "u", ""), (9, 0, "u", ""), (12, 0, "u", "")]), ["u 5-12 3 0,1,2"]);
    assert!(hits(COUNT_3_IN_10, &[(5, 0, "u", ""), (9, 0, "u", ""), (16, 0, "u", "")]).is_empty());
    // Exactly ten minutes apart is within.
    assert_eq!(hits(COUNT_3_IN_10, &[(5, 0, "u", ""), (9, 0, "u", ""), (15, 0, "u", "")]), ["u 5-15 3 0,1,2"]);
}

#[test]
fn a_burst_is_one_hit_and_two_bursts_are_two() {
    let minutes = [0, 4, 8, 12, 60, 61, 62];
    let seen: Vec<Seen<'_>> = minutes.iter().map(|minute| (*minute, 0, "u", "")).collect();
    assert_eq!(hits(COUNT_3_IN_10, &seen), ["u 0-12 3 0,1,2,3", "u 60-62 3 4,5,6"]);
    let steady: Vec<Seen<'_>> = (0..500).map(|minute| (minute, 0, "u", "")).collect();
    let found = run(&correlation(COUNT_3_IN_10), &steady).hits;
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].events_total, found[0].peak), (500, 11.0));
}

#[test]
fn groups_are_counted_apart_in_any_case_and_no_value_is_no_group() {
    let seen = [(1, 0, "u", ""), (2, 0, "v", ""), (3, 0, "u", ""), (4, 0, "v", ""), (5, 0, "", ""), (6, 0, "", ""), (7, 0, "", "")];
    assert!(hits(COUNT_3_IN_10, &seen).is_empty());
    assert_eq!(run(&correlation(COUNT_3_IN_10), &seen).events_without_group, 3);
    assert_eq!(hits(COUNT_3_IN_10, &[(1, 0, "Mara", ""), (2, 0, "mara", ""), (3, 0, "MARA", "")]), ["Mara 1-3 3 0,1,2"]);
    let all = correlation("type: event_count\nrules: [a]\ntimespan: 10m\ncondition: {gte: 2}");
    let at = |time_ms: i64| Occurrence { time_ms, rule: 0, group: vec![], values: vec![], event: time_ms.to_string() };
    assert_eq!(correlate(&all, [at(1), at(2)], &CorrelationOptions::default()).unwrap().hits.len(), 1);
}

#[test]
fn an_event_that_two_rules_match_counts_once() {
    let two = correlation("type: event_count\nrules: [a, b]\ngroup-by: [User]\ntimespan: 10m\ncondition: {gte: 2}");
    let at = |time_ms, rule, event: &str| Occurrence {
        time_ms,
        rule,
        group: vec![Some(String::new())],
        values: vec![],
        event: event.to_owned(),
    };
    let once = correlate(&two, [at(0, 0, "x"), at(0, 1, "x")], &CorrelationOptions::default()).unwrap();
    assert!(once.hits.is_empty());
    let twice = correlate(&two, [at(0, 0, "x"), at(0, 1, "y")], &CorrelationOptions::default()).unwrap();
    assert_eq!(twice.hits.len(), 1);
}

#[test]
fn bounds_are_all_asked_for() {
    let with = |condition: &str| format!("type: event_count\nrules: [a]\ngroup-by: [User]\ntimespan: 10m\ncondition: {{{condition}}}");
    let seen = [(1, 0, "u", ""), (2, 0, "u", ""), (3, 0, "u", "")];
    for (condition, expected) in [
        ("gt: 2", 1),
        ("gt: 3", 0),
        ("gte: 3", 1),
        ("gte: 4", 0),
        ("eq: 3", 1),
        ("eq: 4", 0),
        ("gt: 1, lt: 3", 1),
        ("gt: 3, lte: 5", 0),
        ("gte: 2, neq: 2", 1),
        ("lt: 1", 0),
        ("lte: 1", 1),
    ] {
        assert_eq!(hits(&with(condition), &seen).len(), expected, "{condition}");
    }
}

#[test]
fn value_count_counts_different_values() {
    let body = "type: value_count\nrules: [a]\ngroup-by: [Host]\ntimespan: 10m\ncondition: {field: User, gte: 3}";
    assert_eq!(hits(body, &[(1, 0, "h", "a"), (2, 0, "h", "b"), (3, 0, "h", "c")]), ["h 1-3 3 0,1,2"]);
    assert!(hits(body, &[(1, 0, "h", "a"), (2, 0, "h", "A"), (3, 0, "h", "b"), (4, 0, "h", "")]).is_empty());
    // What left the window no longer counts.
    assert!(hits(body, &[(1, 0, "h", "a"), (11, 0, "h", "b"), (12, 0, "h", "c"), (23, 0, "h", "d")]).is_empty());
}

#[test]
fn numbers_are_summed_up_averaged_and_ranked() {
    let with = |kind: &str, condition: &str| {
        format!("type: {kind}\nrules: [a]\ngroup-by: [H]\ntimespan: 10m\ncondition: {{field: n, {condition}}}")
    };
    let seen = [(1, 0, "h", "1"), (2, 0, "h", "2"), (3, 0, "h", "3"), (4, 0, "h", "100"), (5, 0, "h", "many"), (6, 0, "h", "")];
    let peak = |kind: &str, condition: &str| run(&correlation(&with(kind, condition)), &seen).hits.first().map(|hit| hit.peak);
    assert_eq!(peak("value_sum", "gte: 106"), Some(106.0));
    assert_eq!(peak("value_sum", "gt: 106"), None);
    assert_eq!(peak("value_avg", "gte: 26.5"), Some(26.5));
    assert_eq!(peak("value_avg", "gt: 26.5"), None);
    assert_eq!(peak("value_median", "gte: 2.5"), Some(2.5));
    assert_eq!(peak("value_median", "gt: 2.5"), None);
    assert_eq!(peak("value_percentile", "percentile: 50, gte: 2.5"), Some(2.5));
    assert_eq!(peak("value_percentile", "percentile: 75, gte: 27.25"), Some(27.25));
    assert_eq!(peak("value_percentile", "percentile: 75, gt: 27.25"), None);
    assert_eq!(peak("value_percentile", "percentile: 100, gte: 100"), Some(100.0));
    assert_eq!(run(&correlation(&with("value_sum", "gt: 0")), &seen).values_not_numbers, 1);
    // Going out of the window takes a number out of the sum.
    assert!(hits(&with("value_sum", "gte: 10"), &[(0, 0, "h", "5.5"), (11, 0, "h", "5.5")]).is_empty());
}

#[test]
fn temporal_wants_all_rules_in_any_order() {
    let body = "type: temporal\nrules: [a, b, c]\ngroup-by: [User]\ntimespan: 10m";
    assert_eq!(hits(body, &[(1, 2, "u", ""), (4, 0, "u", ""), (9, 1, "u", "")]), ["u 1-9 3 0,1,2"]);
    assert!(hits(body, &[(1, 2, "u", ""), (4, 0, "u", ""), (9, 0, "u", "")]).is_empty());
    assert!(hits(body, &[(1, 2, "u", ""), (4, 0, "v", ""), (9, 1, "u", "")]).is_empty());
    assert!(hits(body, &[(1, 2, "u", ""), (4, 0, "u", ""), (12, 1, "u", "")]).is_empty());
    let two = "type: temporal\nrules: [a, b, c]\ngroup-by: [User]\ntimespan: 10m\ncondition: {gte: 2}";
    assert_eq!(hits(two, &[(1, 2, "u", ""), (4, 0, "u", "")]), ["u 1-4 2 0,1"]);
}

#[test]
fn temporal_may_have_a_condition_over_rules() {
    let body = "type: temporal\nrules: [a, b, c]\ngroup-by: [User]\ntimespan: 10m\ncondition: a and (b or c)";
    assert_eq!(hits(body, &[(1, 2, "u", ""), (4, 0, "u", "")]).len(), 1);
    assert!(hits(body, &[(1, 2, "u", ""), (4, 1, "u", "")]).is_empty());
    let unlisted = correlation("type: temporal\ngroup-by: [User]\ntimespan: 10m\ncondition: x and y");
    assert_eq!(unlisted.rules, ["x", "y"]);
}

/// `a and not b` is an `a` that no `b` follows.
#[test]
fn an_absence_is_looked_for_ahead_as_far_as_was_observed() {
    let body = "type: temporal\nrules: [a, b]\ngroup-by: [User]\ntimespan: 10m\ncondition: a and not b";
    assert_eq!(hits(body, &[(1, 0, "u", ""), (20, 1, "u", "")]), ["u 1-1 1 0"]);
    assert!(hits(body, &[(1, 0, "u", ""), (11, 1, "u", ""), (30, 1, "u", "")]).is_empty());
    assert_eq!(hits(body, &[(1, 1, "u", ""), (5, 0, "u", ""), (30, 1, "v", "")]), ["u 5-5 1 1"]);
    assert_eq!(hits(body, &[(1, 0, "u", ""), (4, 0, "u", ""), (30, 1, "v", "")]), ["u 1-4 1 0,1"]);
    let open = run(&correlation(body), &[(1, 0, "u", ""), (5, 1, "v", "")]);
    assert_eq!((open.hits.len(), open.windows_undecided), (0, 1));
    let at = |minute: i64, rule| Occurrence {
        time_ms: minute * MINUTE,
        rule,
        group: vec![Some("u".to_owned())],
        values: vec![],
        event: minute.to_string(),
    };
    let options = CorrelationOptions { observed_until_ms: Some(60 * MINUTE), wants_moments: true, ..CorrelationOptions::default() };
    let decided = correlate(&correlation(body), [at(1, 0)], &options).unwrap();
    assert_eq!((decided.hits.len(), decided.moments[0].time_ms), (1, 11 * MINUTE));
}

#[test]
fn temporal_ordered_wants_the_rules_in_order() {
    let body = "type: temporal_ordered\nrules: [a, b, c]\ngroup-by: [User]\ntimespan: 10m";
    assert_eq!(hits(body, &[(1, 0, "u", ""), (4, 1, "u", ""), (9, 2, "u", "")]), ["u 1-9 3 0,1,2"]);
    assert!(hits(body, &[(1, 1, "u", ""), (4, 0, "u", ""), (9, 2, "u", "")]).is_empty());
    assert!(hits(body, &[(1, 0, "u", ""), (4, 1, "u", ""), (12, 2, "u", "")]).is_empty());
    // The latest beginning counts: the first is too long ago.
    assert_eq!(hits(body, &[(0, 0, "u", ""), (5, 0, "u", ""), (6, 1, "u", ""), (15, 2, "u", "")]), ["u 5-15 3 1,2,3"]);
    // Of one moment, any order.
    assert_eq!(hits(body, &[(1, 2, "u", ""), (1, 1, "u", ""), (1, 0, "u", "")]).len(), 1);
}

#[test]
fn correlations_that_mean_nothing_are_refused() {
    for (body, why) in [
        ("type: tea\nrules: [a]\ntimespan: 1m\ncondition: {gt: 1}", "no type of correlation \"tea\""),
        ("type: event_count\nrules: [a]\ntimespan: 1\ncondition: {gt: 1}", "the timespan \"1\" is not"),
        ("type: event_count\nrules: [a]\ncondition: {gt: 1}", "there is no timespan"),
        ("type: event_count\nrules: [a]\ntimespan: 1m", "there is no condition"),
        ("type: event_count\ntimespan: 1m\ncondition: {gt: 1}", "names no rules"),
        ("type: event_count\nrules: [a]\ntimespan: 1m\ncondition: {gt: 1, field: x}", "counts no field"),
        ("type: value_count\nrules: [a]\ntimespan: 1m\ncondition: {gt: 1}", "needs a field"),
        ("type: value_percentile\nrules: [a]\ntimespan: 1m\ncondition: {gt: 1, field: x}", "from 1 to 100"),
        ("type: event_count\nrules: [a]\ntimespan: 1m\ncondition: {near: 1}", "has no \"near\""),
        ("type: event_count\nrules: [a]\ntimespan: 1m\ncondition: {field: x}", "none of gt"),
        ("type: event_count\nrules: [a]\ntimespan: 1m\ncondition: a and b", "only temporal correlations"),
        ("type: temporal\nrules: [a, b]\ntimespan: 1m\ncondition: a", "does not name the rule \"b\""),
        ("type: temporal\nrules: [a, b]\ntimespan: 1m\ncondition: a or not b", "true where no rule matches"),
        ("type: temporal_ordered\nrules: [a, b]\ntimespan: 1m\ncondition: a and b", "is not defined"),
        ("type: event_count\nrules: [a]\ntimespan: 1m\ncondition: {gt: 1}\ntimeframe: 5m", "no member \"timeframe\""),
    ] {
        let body: String = body.lines().map(|line| format!("    {line}\n")).collect();
        let problems = parse("c.yml", &format!("title: C\ncorrelation:\n{body}")).problems;
        assert!(problems.len() == 1 && problems[0].message.contains(why), "{body}: {problems:?}");
    }
}

#[test]
fn what_would_take_too_much_memory_is_an_error() {
    let body = correlation(COUNT_3_IN_10);
    let limits = CorrelationOptions { open_events_max: 10, ..CorrelationOptions::default() };
    let at = |time_ms: i64| Occurrence { time_ms, rule: 0, group: vec![Some(String::new())], values: vec![], event: time_ms.to_string() };
    let many = correlate(&body, (0..100).map(at), &limits).unwrap_err();
    assert!(many.to_string().contains("open_events_max (10)"), "{many}");
    // Windows that are over take none.
    assert!(correlate(&body, (0..100).map(|number| at(number * 11 * MINUTE)), &limits).is_ok());
    let groups = (0..5_000).map(|number| Occurrence { group: vec![Some(number.to_string())], ..at(number * MINUTE) });
    let limits = CorrelationOptions { open_events_max: 3_000, ..limits };
    assert!(correlate(&body, groups, &limits).is_ok());
    assert!(correlate(&body, [at(5), at(4)], &limits).is_err());
}

const CHAIN: &str = r"
title: Failed
name: failed
logsource: {product: windows, service: security}
detection: {s: {EventID: 4625}, condition: s}
---
title: Worked
name: worked
logsource: {product: windows, service: security}
detection: {s: {EventID: 4624}, condition: s}
---
title: Broken in
id: broken_in
correlation:
    type: temporal_ordered
    rules: [many_failed, worked]
    group-by: [account]
    timespan: 1h
    aliases: {account: {many_failed: TargetUserName, worked: TargetUserName}}
---
title: Many failed
name: many_failed
correlation:
    type: event_count
    rules: [failed]
    group-by: [TargetUserName, Computer]
    timespan: 10m
    condition: {gte: 3}
    generate: true
---
title: Nobody
correlation: {type: event_count, rules: [missing], timespan: 1m, condition: {gt: 1}}
---
title: Round and round
name: round
correlation: {type: event_count, rules: [round], timespan: 1m, condition: {gt: 1}}
";

#[test]
fn correlations_build_on_correlations() {
    let parsed = parse("chain.yml", CHAIN);
    assert!(parsed.problems.is_empty(), "{:?}", parsed.problems);
    let rules: Vec<_> = parsed.rules().cloned().collect();
    let (set, problems) = CorrelationSet::link(parsed.correlations().cloned().collect(), &rules);
    let names: Vec<&str> = set.correlations().iter().map(|correlation| correlation.about.title.as_str()).collect();
    assert_eq!(names, ["Many failed", "Broken in"]);
    assert!(set.correlations()[0].generates);
    let said: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(said.len(), 2);
    assert!(said[0].contains("there is no rule \"missing\"") && said[1].contains("or names this one"), "{said:?}");
    assert_eq!(set.fields_needed(0), ["TargetUserName", "Computer"]);
    assert_eq!(set.fields_needed(1), ["TargetUserName"]);

    let failed = |minute: i64| RuleMatch {
        time_ms: minute * MINUTE,
        rule: 0,
        event: format!("f{minute}"),
        fields: vec![Some("mara".to_owned()), Some("pc1".to_owned())],
    };
    let worked = |minute: i64, user: &str| RuleMatch {
        time_ms: minute * MINUTE,
        rule: 1,
        event: format!("w{minute}"),
        fields: vec![Some(user.to_owned())],
    };
    // The guessing goes on after it worked: what was true before counts.
    let matches = [failed(0), failed(1), failed(2), worked(3, "mara"), failed(4), failed(5)];
    let results = set.run(&matches, &CorrelationOptions::default()).unwrap();
    assert_eq!(results[0].hits.len(), 1);
    assert_eq!(results[0].hits[0].events, ["f0", "f1", "f2", "f4", "f5"]);
    assert_eq!(results[1].hits.len(), 1);
    assert_eq!(results[1].hits[0].group, ["mara"]);
    let other = [failed(0), failed(1), failed(2), worked(3, "eve")];
    assert!(set.run(&other, &CorrelationOptions::default()).unwrap()[1].hits.is_empty());
    let before = [worked(0, "mara"), failed(1), failed(2), failed(3)];
    assert!(set.run(&before, &CorrelationOptions::default()).unwrap()[1].hits.is_empty());
}

/// The longest distance that is within a timespan, and one millisecond more.
#[test]
fn a_timespan_is_as_long_as_its_unit_says() {
    const SECOND: i64 = 1_000;
    for (timespan, milliseconds) in [
        ("30s", 30 * SECOND),
        ("2m", 120 * SECOND),
        ("3h", 3 * 3_600 * SECOND),
        ("4d", 4 * 86_400 * SECOND),
        ("1w", 604_800 * SECOND),
        ("1M", 2_629_746 * SECOND),
        ("1y", 31_556_952 * SECOND),
    ] {
        let body = format!("type: event_count\nrules: [a]\ngroup-by: [User]\ntimespan: {timespan}\ncondition: {{gte: 2}}");
        let at =
            |time_ms: i64| Occurrence { time_ms, rule: 0, group: vec![Some("u".to_owned())], values: vec![], event: time_ms.to_string() };
        let count = |apart: i64| {
            let found = correlate(&correlation(&body), [at(0), at(apart)], &CorrelationOptions::default()).unwrap();
            found.hits.len()
        };
        assert_eq!((count(milliseconds), count(milliseconds + 1)), (1, 0), "{timespan}");
    }
}

#[test]
fn generate_may_stand_inside_and_outside() {
    let read = |text: &str| {
        let parsed = parse("c.yml", text);
        assert!(parsed.problems.is_empty(), "{:?}", parsed.problems);
        parsed.correlations().next().unwrap().generates
    };
    let body = "rules: [a], timespan: 1m, condition: {gt: 1}, type: event_count";
    assert!(!read(&format!("title: C\ncorrelation: {{{body}}}\n")));
    assert!(read(&format!("title: C\ncorrelation: {{{body}, generate: true}}\n")));
    assert!(read(&format!("title: C\ngenerate: true\ncorrelation: {{{body}}}\n")));
}
