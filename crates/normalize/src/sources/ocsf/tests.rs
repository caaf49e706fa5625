use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, Int32Array, MapBuilder, RecordBatch, StringArray, StringBuilder, StructArray, TimestampMillisecondArray,
};
use arrow::datatypes::{DataType, Field, Schema};
use expect_test::{Expect, expect};
use parquet::arrow::ArrowWriter;

use crate::sources::testing::{check_odd_values, shown};
use crate::{Normalizer, Options, Source, detect};

/// Events are told to be of this source, and become this.
fn check(input: &str, expected: Expect) {
    assert_eq!(detect(input.as_bytes(), ""), Some(Source::Ocsf));
    expected.assert_eq(&shown(Source::Ocsf, input.as_bytes()));
}

#[test]
fn an_event_of_the_same_version_is_taken_over_as_it_is() {
    check(
        r#"{"class_uid":3002,"class_name":"Authentication","category_uid":3,"activity_id":1,"type_uid":300201,"time":1772366400123,"severity_id":1,"status_id":2,"status":"Failure","status_detail":"wrong password","metadata":{"version":"1.8.0","profiles":["host"],"product":{"name":"Gate","vendor_name":"Acme"},"uid":"e1"},"user":{"name":"mara","email_addr":"mara@corp.example","groups":[{"name":"admins","uid":"g1"}]},"src_endpoint":{"ip":"203.0.113.9","port":50123,"location":{"country":"NL"}},"dst_endpoint":{"hostname":"gate"},"is_mfa":false,"logon_type_id":10,"site":"north","raw_data":"<13>gate"}"#,
        expect![[r#"
            authentication: Logon at 2026-03-01T12:00:00.123Z
              status = Failure
              status_detail = wrong password
              metadata_uid = e1
              src_endpoint_ip = 203.0.113.9
              src_endpoint_port = 50123
              src_endpoint_location_country = NL
              dst_endpoint_hostname = gate
              user_name = mara
              user_email_addr = mara@corp.example
              user_groups_name = admins
              logon_type_id = 10
              is_mfa = false
              unmapped = {"user":{"groups":[{"uid":"g1"}]},"site":"north"}
        "#]],
    );
}

#[test]
fn a_candidate_of_the_first_version_has_other_names_and_numbers() {
    check(
        r#"[{"class_uid":3005,"class_name":"API Activity","activity_id":1,"activity_name":"Create","time":1772366400,"metadata":{"version":"1.0.0-rc.2","product":{"name":"CloudTrail"}},"cloud":{"account_uid":"123456789012","provider":"AWS"},"actor":{"user":{"uuid":"arn:aws:iam::123456789012:user/eve","uid":"AIDA1","account_uid":"123456789012"},"session":{"mfa":true}},"api":{"operation":"RunInstances"},"http_request":{"url":{"text":"https://ec2.example/"}},"src_endpoint":{"ip":"203.0.113.9"}},
{"class_uid":2001,"class_name":"Security Finding","activity_id":1,"activity_name":"Generate","time_dt":"2026-03-01T12:00:00Z","metadata":{"version":"1.0.0"},"finding":{"uid":"f1","title":"Beacon","desc":"It calls home.","remediation":{"desc":"Isolate it."}},"state":"New","state_id":1,"severity":"High","severity_id":4,"confidence":80}]"#,
        expect![[r#"
            api_activity: Create at 2026-03-01T12:00:00.000Z
              severity = Unknown
              cloud_account_uid = 123456789012
              actor_user_uid = arn:aws:iam::123456789012:user/eve
              actor_user_uid_alt = AIDA1
              actor_user_account_uid = 123456789012
              actor_session_is_mfa = true
              src_endpoint_ip = 203.0.113.9
              api_operation = RunInstances
              http_request_url_url_string = https://ec2.example/
              unmapped = {"class_uid":3005,"class_name":"API Activity","metadata":{"version":"1.0.0-rc.2"}}
            detection_finding: Create at 2026-03-01T12:00:00.000Z
              severity = High
              status = New
              finding_info_uid = f1
              finding_info_title = Beacon
              finding_info_desc = It calls home.
              confidence_score = 80
              remediation_desc = Isolate it.
              unmapped = {"class_uid":2001,"class_name":"Security Finding","metadata":{"version":"1.0.0"}}
        "#]],
    );
}

#[test]
fn a_class_without_a_table_goes_to_the_nearest_and_says_which_it_was() {
    check(
        r#"{"class_uid":4007,"activity_id":1,"activity_name":"Open","time":1772366400000,"metadata":{"version":"1.3.0"},"src_endpoint":{"ip":"10.0.0.1","port":40000},"dst_endpoint":{"ip":"10.0.0.2","port":22}}
{"class_uid":1002,"activity_id":1,"time":1772366400000,"metadata":{"version":"1.3.0"},"driver":{"file":{"hashes":[{"algorithm":"SHA-256","algorithm_id":3,"value":"AB"}],"path":"C:\\drv\\a.sys"}}}
{"class_uid":7002,"activity_id":2,"activity_name":"Evict","time":1772366400000,"metadata":{"version":"1.3.0"},"file":{"path":"/tmp/x"}}
{"class_uid":5001,"activity_id":2,"activity_name":"Collect","time":1772366400000,"metadata":{"version":"1.3.0"},"device":{"hostname":"ws1","type_id":77}}
{"class_uid":2002,"activity_id":1,"time":1772366400000,"metadata":{"version":"1.3.0"},"finding_info":{"title":"CVE","uid":"v1"}}"#,
        expect![[r#"
            network_activity: Open at 2026-03-01T12:00:00.000Z
              severity = Unknown
              src_endpoint_ip = 10.0.0.1
              src_endpoint_port = 40000
              dst_endpoint_ip = 10.0.0.2
              dst_endpoint_port = 22
              app_protocol_name = ssh
              unmapped = {"class_uid":4007,"metadata":{"version":"1.3.0"}}
            module_activity: Load at 2026-03-01T12:00:00.000Z
              severity = Unknown
              module_file_path = C:\drv\a.sys
              module_file_hashes_sha256_value = AB
              unmapped = {"class_uid":1002,"metadata":{"version":"1.3.0"}}
            file_activity: Evict at 2026-03-01T12:00:00.000Z
              severity = Unknown
              file_path = /tmp/x
              unmapped = {"class_uid":7002,"activity_id":2,"metadata":{"version":"1.3.0"}}
            event_log_activity: Collect at 2026-03-01T12:00:00.000Z
              severity = Unknown
              device_hostname = ws1
              device_type_id = 99
              unmapped = {"class_uid":5001,"activity_id":2,"metadata":{"version":"1.3.0"}}
            detection_finding: Create at 2026-03-01T12:00:00.000Z
              severity = Unknown
              finding_info_uid = v1
              finding_info_title = CVE
              unmapped = {"class_uid":2002,"metadata":{"version":"1.3.0"}}
        "#]],
    );
}

#[test]
fn what_the_columns_cannot_hold_is_left_where_it_was() {
    check(
        r#"{"class_uid":6003,"activity_id":42,"time":1772366400000,"severity_id":-1,"severity":"Strange","status_id":-1,"status":"Half done","metadata":{"version":"1.8.0"},"api":{"operation":"x","request":{"data":{"a":1}}},"resources":[{"name":"one","shape":"round"},{"name":"two"}],"src_endpoint":{"ip":"12.000.22.33","port":99999},"unmapped":{"old":true},"zone":"z"}"#,
        expect![[r#"
            api_activity: Other at 2026-03-01T12:00:00.000Z
              severity = Strange
              status = Half done
              api_operation = x
              api_request_data = {"a":1}
              resources_name = one
              resources = [{"name":"one"},{"name":"two"}]
              unmapped = {"old":true,"activity_id":42,"resources":[{"shape":"round"},{"name":"two"}],"src_endpoint":{"ip":"12.000.22.33","port":99999},"zone":"z"}
        "#]],
    );
}

#[test]
fn what_is_no_event_is_a_reject() {
    expect![[r#"
        reject: the field class_uid is missing
        reject: the field time is "soon", not a time
        reject: the field time is missing
    "#]]
    .assert_eq(&shown(Source::Ocsf, b"{\"time\":1772366400000}\n{\"class_uid\":3002,\"time\":\"soon\"}\n{\"class_uid\":3002}\n"));
}

#[test]
fn a_file_of_security_lake_is_read_row_by_row() {
    let text = |texts: &[&str]| -> ArrayRef { Arc::new(StringArray::from(texts.to_vec())) };
    let product = StructArray::from(vec![(Arc::new(Field::new("name", DataType::Utf8, true)), text(&["EKS", "EKS"]))]);
    let product_field = Field::new("product", product.data_type().clone(), true);
    let version = (Arc::new(Field::new("version", DataType::Utf8, true)), text(&["1.1.0", "1.1.0"]));
    let metadata = StructArray::from(vec![version, (Arc::new(product_field), Arc::new(product) as ArrayRef)]);
    let mut unmapped = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new());
    unmapped.keys().append_value("a_node");
    unmapped.values().append_value("n1");
    unmapped.append(true).expect("one pair");
    unmapped.append(false).expect("nothing");
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("activity_id", Arc::new(Int32Array::from(vec![1, 1]))),
        ("class_uid", Arc::new(Int32Array::from(vec![Some(6003), None]))),
        ("metadata", Arc::new(metadata)),
        ("time_dt", Arc::new(TimestampMillisecondArray::from(vec![1_772_366_400_000, 1]).with_timezone("UTC"))),
        ("unmapped", Arc::new(unmapped.finish())),
    ];
    let fields: Vec<Field> = columns.iter().map(|(name, array)| Field::new(*name, array.data_type().clone(), true)).collect();
    let rows = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns.into_iter().map(|(_, array)| array).collect()).expect("rows");
    let mut file = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut file, rows.schema(), None).expect("a writer");
    writer.write(&rows).expect("rows are written");
    writer.close().expect("a footer");
    assert_eq!(detect(&file, ""), Some(Source::Ocsf));
    assert_eq!(detect(&file[..64], "s3://lake/ext/eks/region=eu-west-1/accountId=1/eventDay=20260301/x.gz.parquet"), Some(Source::Ocsf));
    assert_eq!(detect(&file[..64], "s3://logs/vpc/x.parquet"), Some(Source::AwsVpcflow));
    expect![[r#"
        api_activity: Create at 2026-03-01T12:00:00.000Z
          severity = Unknown
          unmapped = {"a_node":"n1","metadata":{"version":"1.1.0"}}
        reject: the field class_uid is missing
    "#]]
    .assert_eq(&shown(Source::Ocsf, &file));
}

/// Found by fuzzing: an offset in the footer that became negative stopped the Parquet reader with a panic.
#[test]
fn a_parquet_file_that_is_damaged_anywhere_in_its_footer_is_events_or_rejects() {
    let columns: [(&str, ArrayRef); 2] = [
        ("class_uid", Arc::new(Int32Array::from(vec![6003]))),
        ("time_dt", Arc::new(TimestampMillisecondArray::from(vec![1_772_366_400_000]))),
    ];
    let rows = RecordBatch::try_from_iter(columns).expect("columns of one length");
    let mut file = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut file, rows.schema(), None).expect("a writer");
    writer.write(&rows).expect("rows are written");
    writer.close().expect("a footer");
    let mut given_up = 0;
    for at in 4..file.len() {
        for bits in [1, 0x80, 0xff] {
            let mut damaged = file.clone();
            damaged[at] ^= bits;
            let mut normalizer = Normalizer::new(Source::Ocsf, Options::default());
            let (begin, rest) = (normalizer.push(&damaged), normalizer.finish());
            given_up += rest.rejects.iter().filter(|reject| reject.reason.to_string().contains("gave up")).count();
            assert!(begin.records() + rest.records() <= 2, "byte {at} with {bits}");
        }
    }
    assert!(given_up > 0, "no damage stops the Parquet reader any more: it need not be guarded");
}

#[test]
fn rows_of_parquet_come_in_parts_and_have_an_end() {
    let (row_count, long) = (3000, "x".repeat(60_000));
    let columns: [(&str, ArrayRef); 3] = [
        ("class_uid", Arc::new(Int32Array::from(vec![6003; row_count]))),
        ("time_dt", Arc::new(TimestampMillisecondArray::from(vec![1_772_366_400_000; row_count]))),
        ("message", Arc::new(StringArray::from(vec![long.as_str(); row_count]))),
    ];
    let rows = RecordBatch::try_from_iter(columns).expect("columns of one length");
    let mut file = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut file, rows.schema(), None).expect("a writer");
    writer.write(&rows).expect("rows are written");
    writer.close().expect("a footer");
    assert!(file.len() < 1 << 20, "{} bytes", file.len());

    let mut normalizer = Normalizer::new(Source::Ocsf, Options::default());
    let mut parts = vec![normalizer.push(&file), normalizer.end()];
    parts.extend(std::iter::from_fn(|| normalizer.more()));
    assert!(parts.iter().all(|part| part.events.len() * long.len() < 40 << 20), "a part has the size of a part");
    let places: Vec<u64> = parts.iter().flat_map(|part| &part.events).map(|(place, _)| place.offset).collect();
    assert!((1000..2000).contains(&places.len()) && places.is_sorted(), "{} rows", places.len());
    let reasons: Vec<String> = parts.iter().flat_map(|part| &part.rejects).map(|reject| reject.reason.to_string()).collect();
    assert!(reasons.len() == 1 && reasons[0].contains("1000 times the file"), "{reasons:?}");
}

#[test]
fn a_damaged_file_is_one_reject() {
    let rejected = shown(Source::Ocsf, b"PAR1 and nothing behind it, but more than sixty-four bytes of nothing at all");
    assert!(rejected.starts_with("reject: not a Parquet file of OCSF events: "), "{rejected}");
}

#[test]
fn odd_values_never_lose_a_record() {
    check_odd_values(
        Source::Ocsf,
        r#"{"class_uid":4001,"activity_id":1,"activity_name":"Open","time":1772366400000,"severity_id":1,"status_id":1,"metadata":{"version":"1.0.0-rc.2","labels":["a"],"product":{"name":"p"}},"identity":{"user":{"uuid":"u","uid":"v","groups":["g"]}},"src_endpoint":{"ip":"10.0.0.1","port":1,"location":{"coordinates":[1.5,2.5]}},"connection_info":{"direction_id":1},"attacks":[{"tactics":[{"uid":"TA1"}],"technique":{"uid":"T1"}}],"unmapped":{"a":1}}"#,
    );
}
