use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use expect_test::{Expect, expect};
use parquet::arrow::ArrowWriter;

use crate::sources::testing::{check_odd_values, shown};
use crate::{Source, detect};

fn check(input: &str, expected: Expect) {
    expected.assert_eq(&shown(Source::AwsVpcflow, input.as_bytes()));
}

#[test]
fn a_line_of_the_default_format_needs_no_header_and_the_private_end_is_the_interface() {
    check(
        "2 210987654321 eni-0a1 10.0.0.5 203.0.113.9 49152 443 6 10 840 1772366400 1772366460 ACCEPT OK\n",
        expect![[r#"
        network_activity: Traffic at 2026-03-01T12:00:00.000Z
          metadata_product_feature_name = Flowlogs
          metadata_product_version = 2
          cloud_account_uid = 210987654321
          start_time = 1772366400000
          end_time = 1772366460000
          duration = 60000
          status_code = OK
          status = Success
          action_id = 1
          action = Allowed
          disposition_id = 1
          disposition = Allowed
          metadata_event_code = ACCEPT
          src_endpoint_ip = 10.0.0.5
          dst_endpoint_ip = 203.0.113.9
          src_endpoint_port = 49152
          dst_endpoint_port = 443
          connection_info_protocol_num = 6
          connection_info_protocol_name = tcp
          traffic_packets = 10
          traffic_bytes = 840
          device_interface_uid = eni-0a1
          src_endpoint_interface_uid = eni-0a1
    "#]],
    );
}

#[test]
fn a_refused_flow_of_version_5_has_the_addresses_of_the_packet_and_of_the_interface_on_its_way() {
    check(
        "5 210987654321 eni-0a1 203.0.113.9 10.0.0.9 41000 22 6 1 40 1772366400 1772366430 REJECT OK vpc-1 subnet-1 i-1 2 IPv4 203.0.113.9 10.0.1.7 eu-west-1 euw1-az1 - - - S3 ingress 8\n",
        expect![[r#"
            network_activity: Refuse at 2026-03-01T12:00:00.000Z
              metadata_product_feature_name = Flowlogs
              metadata_product_version = 5
              cloud_account_uid = 210987654321
              cloud_region = eu-west-1
              cloud_zone = euw1-az1
              start_time = 1772366400000
              end_time = 1772366430000
              duration = 30000
              status_code = OK
              status = Failure
              action_id = 2
              action = Denied
              disposition_id = 2
              disposition = Blocked
              metadata_event_code = REJECT
              src_endpoint_ip = 203.0.113.9
              dst_endpoint_ip = 10.0.1.7
              dst_endpoint_intermediate_ips = 10.0.0.9
              src_endpoint_port = 41000
              dst_endpoint_port = 22
              dst_endpoint_svc_name = S3
              connection_info_protocol_num = 6
              connection_info_protocol_name = tcp
              connection_info_protocol_ver_id = 4
              connection_info_tcp_flags = 2
              traffic_packets = 1
              traffic_bytes = 40
              connection_info_boundary_id = 11
              connection_info_boundary = Internet Gateway
              connection_info_direction_id = 1
              connection_info_direction = Inbound
              device_interface_uid = eni-0a1
              dst_endpoint_interface_uid = eni-0a1
              dst_endpoint_vpc_uid = vpc-1
              dst_endpoint_subnet_uid = subnet-1
              dst_endpoint_instance_uid = i-1
        "#]],
    );
}

#[test]
fn a_header_line_sets_the_order_and_unknown_fields_are_kept() {
    check(
        "start end srcaddr dstaddr log-status action novelty\n1772366400 1772366460 2001:db8::1 2001:db8::2 OK ACCEPT 7\n",
        expect![[r#"
            network_activity: Traffic at 2026-03-01T12:00:00.000Z
              metadata_product_feature_name = Flowlogs
              start_time = 1772366400000
              end_time = 1772366460000
              duration = 60000
              status_code = OK
              status = Success
              action_id = 1
              action = Allowed
              disposition_id = 1
              disposition = Allowed
              metadata_event_code = ACCEPT
              src_endpoint_ip = 2001:db8::1
              dst_endpoint_ip = 2001:db8::2
              unmapped = {"novelty":"7"}
        "#]],
    );
}

#[test]
fn a_table_with_commas_and_underscores_is_read_too() {
    check(
        "account_id,srcaddr,dstaddr,dstport,start,end,action,log_status\n210987654321,192.0.2.1,192.0.2.2,53,1772366400,1772366460,ACCEPT,OK",
        expect![[r#"
            network_activity: Traffic at 2026-03-01T12:00:00.000Z
              metadata_product_feature_name = Flowlogs
              cloud_account_uid = 210987654321
              start_time = 1772366400000
              end_time = 1772366460000
              duration = 60000
              status_code = OK
              status = Success
              action_id = 1
              action = Allowed
              disposition_id = 1
              disposition = Allowed
              metadata_event_code = ACCEPT
              src_endpoint_ip = 192.0.2.1
              dst_endpoint_ip = 192.0.2.2
              dst_endpoint_port = 53
        "#]],
    );
}

#[test]
fn a_line_that_cloudwatch_logs_exported_begins_with_when_it_was_logged() {
    check(
        "2026-03-01T12:02:00.000Z 2 210987654321 eni-0a1 10.0.0.5 10.0.0.6 1 2 1 1 84 1772366400 1772366460 ACCEPT OK\n",
        expect![[r#"
            network_activity: Traffic at 2026-03-01T12:00:00.000Z
              metadata_product_feature_name = Flowlogs
              metadata_product_version = 2
              cloud_account_uid = 210987654321
              start_time = 1772366400000
              end_time = 1772366460000
              duration = 60000
              status_code = OK
              status = Success
              action_id = 1
              action = Allowed
              disposition_id = 1
              disposition = Allowed
              metadata_event_code = ACCEPT
              src_endpoint_ip = 10.0.0.5
              dst_endpoint_ip = 10.0.0.6
              src_endpoint_port = 1
              dst_endpoint_port = 2
              connection_info_protocol_num = 1
              connection_info_protocol_name = icmp
              traffic_packets = 1
              traffic_bytes = 84
              device_interface_uid = eni-0a1
              metadata_logged_time = 1772366520000
        "#]],
    );
}

#[test]
fn no_data_and_skipped_data_are_events_that_say_so() {
    check(
        "2 210987654321 eni-0a1 - - - - - - - 1772366400 1772366460 - NODATA\n2 unknown eni-0a1 - - - - - - - 1772366400 1772366460 - SKIPDATA",
        expect![[r#"
            network_activity: NODATA at 2026-03-01T12:00:00.000Z
              metadata_product_feature_name = Flowlogs
              metadata_product_version = 2
              cloud_account_uid = 210987654321
              start_time = 1772366400000
              end_time = 1772366460000
              duration = 60000
              status_code = NODATA
              status_detail = NODATA
              device_interface_uid = eni-0a1
            network_activity: SKIPDATA at 2026-03-01T12:00:00.000Z
              metadata_product_feature_name = Flowlogs
              metadata_product_version = 2
              cloud_account_uid = unknown
              start_time = 1772366400000
              end_time = 1772366460000
              duration = 60000
              status_code = SKIPDATA
              status_detail = SKIPDATA
              device_interface_uid = eni-0a1
        "#]],
    );
}

#[test]
fn rows_of_json_and_lines_inside_messages_are_read() {
    check(
        r#"{"version":2,"account_id":"210987654321","interface-id":"eni-1","srcAddr":"192.0.2.1","dstaddr":"192.0.2.2","srcport":1,"dstport":2,"protocol":58,"packets":1,"bytes":9,"start":1772366400,"end":1772366401,"action":"ACCEPT","log_status":"OK","more":true}
           {"logEvents":[{"id":"77","timestamp":1,"message":"2 210987654321 eni-0a1 192.0.2.1 192.0.2.2 1 2 17 1 9 1772366400 1772366401 ACCEPT OK"}]}"#,
        expect![[r#"
            network_activity: Traffic at 2026-03-01T12:00:00.000Z
              metadata_product_feature_name = Flowlogs
              metadata_product_version = 2
              cloud_account_uid = 210987654321
              start_time = 1772366400000
              end_time = 1772366401000
              duration = 1000
              status_code = OK
              status = Success
              action_id = 1
              action = Allowed
              disposition_id = 1
              disposition = Allowed
              metadata_event_code = ACCEPT
              src_endpoint_ip = 192.0.2.1
              dst_endpoint_ip = 192.0.2.2
              src_endpoint_port = 1
              dst_endpoint_port = 2
              connection_info_protocol_num = 58
              connection_info_protocol_name = ipv6-icmp
              traffic_packets = 1
              traffic_bytes = 9
              device_interface_uid = eni-1
              unmapped = {"more":true}
            network_activity: Traffic at 2026-03-01T12:00:00.000Z
              metadata_product_feature_name = Flowlogs
              metadata_product_version = 2
              cloud_account_uid = 210987654321
              start_time = 1772366400000
              end_time = 1772366401000
              duration = 1000
              status_code = OK
              status = Success
              action_id = 1
              action = Allowed
              disposition_id = 1
              disposition = Allowed
              metadata_event_code = ACCEPT
              src_endpoint_ip = 192.0.2.1
              dst_endpoint_ip = 192.0.2.2
              src_endpoint_port = 1
              dst_endpoint_port = 2
              connection_info_protocol_num = 17
              connection_info_protocol_name = udp
              traffic_packets = 1
              traffic_bytes = 9
              device_interface_uid = eni-0a1
              metadata_uid = 77
              unmapped = {"timestamp":1}
        "#]],
    );
}

#[test]
fn lines_that_cannot_be_flows_are_rejects_with_their_reason() {
    check(
        "one two three\n2 210987654321 eni-0a1 192.0.2.1 192.0.2.2 1 2 17 1 9 soon 1772366401 ACCEPT OK\n2 1 2 3 4 5 6 7 8 9 10 11 12 13\n",
        expect![[r#"
            reject: not a flow log record: 3 fields, no header that names them, and it is not the default format
            reject: the field start is "soon", not seconds since 1970
            reject: not a flow log record: 14 fields, no header that names them, and it is not the default format
        "#]],
    );
    check(
        "srcaddr dstaddr start\n192.0.2.1 192.0.2.2\n",
        expect![[r#"
        reject: not a flow log record: 2 fields, but the header names 3
    "#]],
    );
}

#[test]
fn odd_values_stay_in_unmapped() {
    check(
        "2 210987654321 eni-0a1 nowhere 192.0.2.2 many 99999999999999999999 6 -1 840 1772366400 later ACCEPT OK\n",
        expect![[r#"
        network_activity: Traffic at 2026-03-01T12:00:00.000Z
          metadata_product_feature_name = Flowlogs
          metadata_product_version = 2
          cloud_account_uid = 210987654321
          start_time = 1772366400000
          status_code = OK
          status = Success
          action_id = 1
          action = Allowed
          disposition_id = 1
          disposition = Allowed
          metadata_event_code = ACCEPT
          dst_endpoint_ip = 192.0.2.2
          connection_info_protocol_num = 6
          connection_info_protocol_name = tcp
          traffic_packets = -1
          traffic_bytes = 840
          device_interface_uid = eni-0a1
          unmapped = {"srcaddr":"nowhere","srcport":"many","dstport":"99999999999999999999","end":"later"}
    "#]],
    );
}

#[test]
fn rows_of_parquet_are_events_with_the_row_as_raw_record() {
    let columns: [(&str, ArrayRef); 5] = [
        ("start", Arc::new(Int64Array::from(vec![Some(1_772_366_400), None]))),
        ("srcaddr", Arc::new(StringArray::from(vec![Some("192.0.2.1"), Some("192.0.2.2")]))),
        ("dst-port", Arc::new(Int64Array::from(vec![443, 80]))),
        ("action", Arc::new(StringArray::from(vec![Some("REJECT"), None]))),
        ("colour", Arc::new(StringArray::from(vec!["red", "-"]))),
    ];
    let rows = RecordBatch::try_from_iter(columns).expect("columns of one length");
    let mut file = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut file, rows.schema(), None).expect("a schema that Parquet knows");
    writer.write(&rows).expect("memory");
    writer.close().expect("memory");
    expect![[r#"
        network_activity: Refuse at 2026-03-01T12:00:00.000Z
          metadata_product_feature_name = Flowlogs
          start_time = 1772366400000
          status = Failure
          action_id = 2
          action = Denied
          disposition_id = 2
          disposition = Blocked
          metadata_event_code = REJECT
          src_endpoint_ip = 192.0.2.1
          dst_endpoint_port = 443
          unmapped = {"colour":"red"}
        reject: the field start is missing
    "#]]
    .assert_eq(&shown(Source::AwsVpcflow, &file));
    expect![[r#"
        reject: not a Parquet file of flow logs: Parquet error: Invalid Parquet file. Corrupt footer
    "#]]
    .assert_eq(&shown(Source::AwsVpcflow, &file[..file.len() - 9]));
    assert_eq!(detect(&file, "x.parquet"), Some(Source::AwsVpcflow));
}

#[test]
fn an_object_is_recognised_by_its_header_its_first_line_or_its_first_row() {
    for head in [
        "version account-id interface-id srcaddr dstaddr\n",
        "2 210987654321 eni-0a1 10.0.0.5 203.0.113.9 49152 443 6 10 840 1772366400 1772366460 ACCEPT OK",
        r#"{"message":"2 210987654321 eni-0a1 10.0.0.5"}"#,
        r#"{"srcaddr":"192.0.2.1","dstaddr":"192.0.2.2","interface_id":"eni-1"}"#,
    ] {
        assert_eq!(detect(head.as_bytes(), "flows"), Some(Source::AwsVpcflow), "{head}");
    }
    assert_eq!(detect(b"2 little pigs went home\n", "flows"), None);
}

#[test]
fn an_odd_value_in_any_place_costs_no_more_than_its_record() {
    check_odd_values(
        Source::AwsVpcflow,
        r#"{"version":5,"account_id":"1","interface_id":"eni-1","srcaddr":"192.0.2.1","dstaddr":"192.0.2.2","srcport":1,"dstport":2,"protocol":6,"packets":1,"bytes":9,"start":1772366400,"end":1772366401,"action":"REJECT","log_status":"OK","type":"IPv4","tcp_flags":2,"flow_direction":"ingress","traffic_path":1}"#,
    );
}
