//! Indicators as tables and JSON.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::util::pretty::pretty_format_batches;
use coldtrail_intel::{Indicator, IndicatorKind, from_record_batch, to_record_batch};
use expect_test::expect;

use crate::support::read;

const FEED: &str = "type,value,valid_from,valid_until,confidence,tlp,tags,techniques,comment
ip:port,198.51.100.7:443,2026-01-01,2026-02-01,80,amber,\"c2,snake\",T1071.001,from a report
domain,*.evil.example,,,,,,,
";

#[test]
fn indicators_survive_a_batch_and_json() {
    let feed = read(FEED);
    let batch = to_record_batch(&feed.indicators).unwrap();
    expect![[r#"
        +----------------------------------+--------+----------------+---------+----------+------------------+------+------------+-------+-------------+-------------+---------------+
        | id                               | kind   | value          | pattern | confirm  | original         | feed | confidence | tlp   | attack      | labels      | description   |
        +----------------------------------+--------+----------------+---------+----------+------------------+------+------------+-------+-------------+-------------+---------------+
        | fc8c93293301264fe43ca7b09c1bcda5 | ip     | 198.51.100.7   | false   | port=443 | 198.51.100.7:443 | feed | 80         | amber | [T1071.001] | [c2, snake] | from a report |
        | 7b6e3f4516aa93a6c797fb0617218497 | domain | *.evil.example | true    |          | *.evil.example   | feed |            |       | []          | []          |               |
        +----------------------------------+--------+----------------+---------+----------+------------------+------+------------+-------+-------------+-------------+---------------+"#]].assert_eq(&pretty_format_batches(&[batch.project(&[0, 1, 2, 3, 4, 5, 6, 9, 10, 11, 12, 13]).unwrap()]).unwrap().to_string());
    assert_eq!(from_record_batch(&batch).unwrap(), feed.indicators);
    let json = serde_json::to_string(&feed.indicators).unwrap();
    expect![[r#"[{"id":"fc8c93293301264fe43ca7b09c1bcda5","kind":"ip","value":"198.51.100.7","pattern":false,"confirm":"port=443","original":"198.51.100.7:443","feed":"feed","valid_from":1767225600000,"valid_until":1769904000000,"confidence":80,"tlp":"amber","attack":["T1071.001"],"labels":["c2","snake"],"description":"from a report"},{"id":"7b6e3f4516aa93a6c797fb0617218497","kind":"domain","value":"*.evil.example","pattern":true,"original":"*.evil.example","feed":"feed"}]"#]].assert_eq(&json);
    assert_eq!(serde_json::from_str::<Vec<Indicator>>(&json).unwrap(), feed.indicators);
}

#[test]
fn a_batch_without_a_column_or_with_an_odd_value_is_refused_by_name() {
    let batch = to_record_batch(&read(FEED).indicators).unwrap();
    let without = batch.project(&[0, 1, 2]).unwrap();
    expect!["the column pattern is not what indicators have there; see the schema of intel.indicators"]
        .assert_eq(&from_record_batch(&without).unwrap_err().to_string());
    let mut columns = batch.columns().to_vec();
    columns[1] = Arc::new(StringArray::from(vec!["ip", "colour"])) as ArrayRef;
    let odd = RecordBatch::try_new(batch.schema(), columns).unwrap();
    expect![[r#"row 1: "colour" cannot be the kind of an indicator"#]].assert_eq(&from_record_batch(&odd).unwrap_err().to_string());
}

#[test]
fn the_same_value_has_the_same_id_in_every_feed() {
    let ids = |feed: &str| read(feed).indicators.iter().map(|one| one.id.to_string()).collect::<Vec<_>>();
    assert_eq!(ids("evil.example\n"), ids("domain,comment\nEVIL[.]example.,x\n"));
    assert_ne!(ids("198.51.100.7\n"), ids("198.51.100.7:443\n"));
    expect!["9bb1757dd9e405fb5ea91f91b6848932"].assert_eq(&ids("evil.example\n")[0]);
}

#[test]
fn every_kind_says_what_it_is_compared_with_and_which_classes_show_it() {
    let shown: String = IndicatorKind::ALL
        .iter()
        .map(|kind| {
            assert_eq!(IndicatorKind::from_name(kind.name()), Some(*kind));
            format!("{kind} {:?}: {} columns in {} classes\n", kind.type_ids(), kind.columns().len(), kind.classes().len())
        })
        .collect();
    expect![[r#"
        ip [2]: 20 columns in 18 classes
        network [2]: 20 columns in 18 classes
        domain [1, 2]: 20 columns in 18 classes
        url_exact [6]: 3 columns in 9 classes
        url_path [6]: 3 columns in 9 classes
        url_host [1, 2, 6]: 20 columns in 18 classes
        md5 [8]: 5 columns in 16 classes
        sha1 [8]: 5 columns in 16 classes
        sha256 [8]: 6 columns in 16 classes
        sha512 [8]: 0 columns in 0 classes
        fingerprint [30]: 4 columns in 3 classes
        email_address [5]: 13 columns in 18 classes
        user_name [4, 31]: 17 columns in 18 classes
        user_uid [4, 31]: 17 columns in 18 classes
        file_name [7, 9, 45]: 29 columns in 17 classes
        file_path [7, 9, 45]: 29 columns in 17 classes
        process_name [7, 9, 45]: 29 columns in 17 classes
        registry_key [46]: 3 columns in 2 classes
        registry_value_name [43]: 1 columns in 1 classes
        user_agent [16]: 1 columns in 7 classes
        mac [3]: 3 columns in 18 classes
        resource_uid [10, 31, 38]: 18 columns in 18 classes
        resource_name [10, 38]: 11 columns in 18 classes
        credential_uid [19]: 4 columns in 18 classes
        serial_number [37]: 2 columns in 4 classes
    "#]]
    .assert_eq(&shown);
}
