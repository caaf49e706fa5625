//! What a hunt says of every entry.

use arrow::util::pretty::pretty_format_batches;
use coldtrail_intel::{Coverage, IndicatorSet, Sighting, Status, Verdicts, verdicts_to_record_batch};
use coldtrail_model::Class;
use expect_test::expect;

use crate::support::read;

const FEED: &str = "type,value,valid_from,valid_until
domain,evil.example,2026-01-10,2026-01-20
ip:port,198.51.100.7:443,,
domain,quiet.example,,
sha256,e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b800,,
sha512,cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da00,,
ip,10.0.0.1,,
mutex,x,,
";

const DAY_MS: i64 = 86_400_000;

/// The first instant of a day of January 2026.
fn january(day: i64) -> i64 {
    1_767_225_600_000 + (day - 1) * DAY_MS
}

fn dns(value: &str, first_day: i64, last_day: i64) -> (i32, &str, Class, u64, i64, i64) {
    (1, value, Class::DnsActivity, 10, january(first_day), january(last_day))
}

#[test]
fn every_entry_gets_one_verdict() {
    let feed = read(FEED);
    let set = IndicatorSet::new(&feed.indicators);
    let mut verdicts = Verdicts::new(&feed);
    let rows = [
        dns("www.evil.example", 11, 12),
        dns("evil.example", 1, 2),
        dns("evil.example", 9, 11),
        dns("evil.example", 1, 31),
        dns("notevil.example", 11, 12),
        (2, "198.51.100.7", Class::NetworkActivity, 3, january(5), january(6)),
    ];
    for (type_id, value, class, count, first_ms, last_ms) in rows {
        let mut found = Vec::new();
        set.matches(type_id, value, &mut found);
        for indicator in found {
            let confirmed = set.needs_confirmation(indicator, type_id, value).is_empty();
            let (class, source, account) = (class.name(), "zeek", Some("111122223333"));
            verdicts.add(&Sighting { indicator, type_id, value, class, source, account, count, first_ms, last_ms, confirmed });
        }
    }
    let mut coverage = Coverage::new();
    coverage.add(Class::DnsActivity, "zeek");
    coverage.add(Class::NetworkActivity, "zeek");
    let verdicts = verdicts.finish(&coverage);
    let shown: String = verdicts
        .iter()
        .map(|one| {
            let seen = &one.seen;
            let counts = format!("in={} out={} partly={}", seen.inside, seen.outside, seen.partly);
            format!("{} {} {counts} top={:?} {}\n", one.status, one.original, seen.top_values(1), one.reason.as_deref().unwrap_or(""))
        })
        .collect();
    expect![[r#"
        SEEN evil.example in=10 out=10 partly=20 top=[("evil.example", 30)] 
        UNCONFIRMED 198.51.100.7:443 in=0 out=0 partly=0 top=[] port=443 was not confirmed
        NOT_SEEN quiet.example in=0 out=0 partly=0 top=[] 
        NOT_SEEN e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b800 in=0 out=0 partly=0 top=[] 
        NO_COVERAGE cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da00 in=0 out=0 partly=0 top=[] no column holds a sha512
        REJECTED 10.0.0.1 in=0 out=0 partly=0 top=[] 10.0.0.1 is in 10.0.0.0/8: private addresses (RFC 1918)
        UNSUPPORTED x in=0 out=0 partly=0 top=[] no observable holds mutexes
    "#]].assert_eq(&shown);
    expect![[r#"
        {
          "status": "SEEN",
          "feed": "feed",
          "place": "line 2",
          "original": "evil.example",
          "kind": "domain",
          "value": "evil.example",
          "indicator_id": "9bb1757dd9e405fb5ea91f91b6848932",
          "seen": {
            "inside": 10,
            "outside": 10,
            "partly": 20,
            "first_ms": 1767225600000,
            "last_ms": 1769817600000,
            "classes": [
              "dns_activity"
            ],
            "sources": [
              "zeek"
            ],
            "accounts": [
              "111122223333"
            ],
            "values": {
              "evil.example": 30,
              "www.evil.example": 10
            },
            "values_unnamed": 0
          },
          "searched": [
            "dns_activity: zeek",
            "network_activity: zeek"
          ],
          "valid_from": 1768003200000,
          "valid_until": 1768867200000,
          "attack": [],
          "labels": []
        }"#]]
    .assert_eq(&serde_json::to_string_pretty(&verdicts[0]).unwrap());
    let batch = verdicts_to_record_batch(&verdicts).unwrap();
    let few = batch.project(&[0, 3, 8, 9, 10, 11, 14, 16, 17]).unwrap();
    expect![[r#"
        +-------------+----------------------------------------------------------------------------------------------------------------------------------+--------+---------+--------+-------------+--------------------+----------------+----------------------------------+
        | status      | original                                                                                                                         | inside | outside | partly | unconfirmed | classes            | accounts       | values                           |
        +-------------+----------------------------------------------------------------------------------------------------------------------------------+--------+---------+--------+-------------+--------------------+----------------+----------------------------------+
        | SEEN        | evil.example                                                                                                                     | 10     | 10      | 20     | 0           | [dns_activity]     | [111122223333] | [evil.example, www.evil.example] |
        | UNCONFIRMED | 198.51.100.7:443                                                                                                                 | 0      | 0       | 0      | 3           | [network_activity] | [111122223333] | [198.51.100.7]                   |
        | NOT_SEEN    | quiet.example                                                                                                                    | 0      | 0       | 0      | 0           | []                 | []             | []                               |
        | NOT_SEEN    | e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b800                                                                 | 0      | 0       | 0      | 0           | []                 | []             | []                               |
        | NO_COVERAGE | cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da00 | 0      | 0       | 0      | 0           | []                 | []             | []                               |
        | REJECTED    | 10.0.0.1                                                                                                                         | 0      | 0       | 0      | 0           | []                 | []             | []                               |
        | UNSUPPORTED | x                                                                                                                                | 0      | 0       | 0      | 0           | []                 | []             | []                               |
        +-------------+----------------------------------------------------------------------------------------------------------------------------------+--------+---------+--------+-------------+--------------------+----------------+----------------------------------+"#]].assert_eq(&pretty_format_batches(&[few]).unwrap().to_string());
}

#[test]
fn a_hash_is_not_covered_by_events_without_hashes() {
    let feed = read("sha256\ne3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b800\n");
    let mut coverage = Coverage::new();
    coverage.add(Class::ProcessActivity, "windows_event");
    assert_eq!(Verdicts::new(&feed).finish(&coverage)[0].status, Status::NotSeen);
    coverage.add_observed(9);
    let verdict = &Verdicts::new(&feed).finish(&coverage)[0];
    assert_eq!(verdict.status, Status::NoCoverage);
    expect!["the events in the window show no observable that a sha256 is compared with"]
        .assert_eq(verdict.reason.as_deref().unwrap_or(""));
}

#[test]
fn what_slices_found_is_put_together_as_if_it_were_one() {
    let feed = read("evil.example\n");
    let row = |value, count, first_ms, last_ms| Sighting {
        indicator: 0,
        type_id: 1,
        value,
        class: "dns_activity",
        source: "zeek",
        account: None,
        count,
        first_ms,
        last_ms,
        confirmed: true,
    };
    let (one, other) = (row("evil.example", 2, 10, 20), row("www.evil.example", 3, 5, 7));
    let mut whole = Verdicts::new(&feed);
    whole.add(&one);
    whole.add(&other);
    let (mut first, mut second) = (Verdicts::new(&feed), Verdicts::new(&feed));
    first.add(&one);
    second.add(&other);
    for (indicator, tally) in second.tallies() {
        let kept: coldtrail_intel::Tally = serde_json::from_str(&serde_json::to_string(tally).unwrap()).unwrap();
        first.merge(indicator, &kept);
    }
    assert_eq!(first.finish(&Coverage::new()), whole.finish(&Coverage::new()));
}
