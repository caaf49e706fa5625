//! VPC flow logs of Google Cloud.

use expect_test::{Expect, expect};

use crate::sources::testing::{check_odd_values, shown};
use crate::{Source, detect};

fn source() -> Source {
    Source::named("gcp_vpcflow").expect("a source that Coldtrail brings")
}

/// A record is told to be of this source, and becomes this.
fn check(input: &str, expected: Expect) {
    assert_eq!(detect(input.as_bytes(), ""), Some(source()));
    expected.assert_eq(&shown(source(), input.as_bytes()));
}

const INBOUND: &str = r#"{"insertId":"i1","logName":"projects/pay-1/logs/compute.googleapis.com%2Fvpc_flows","timestamp":"2026-03-01T12:00:08.5Z","receiveTimestamp":"2026-03-01T12:00:09Z","resource":{"type":"gce_subnetwork","labels":{"project_id":"pay-1","subnetwork_name":"front","location":"europe-west1-b"}},"jsonPayload":{"start_time":"2026-03-01T12:00:00Z","end_time":"2026-03-01T12:00:05Z","reporter":"DEST","bytes_sent":"33792","packets_sent":"32","rtt_msec":"7","connection":{"protocol":6,"src_ip":"203.0.113.9","src_port":51000,"dest_ip":"10.0.0.3","dest_port":443},"src_location":{"asn":64500,"country":"deu","city":"Berlin"},"dest_instance":{"vm_name":"web-1","region":"europe-west1","zone":"europe-west1-b","project_id":"pay-1"},"dest_vpc":{"vpc_name":"prod","subnetwork_name":"front","project_id":"pay-1"}}}"#;

#[test]
fn a_flow_that_arrives_is_reported_by_its_destination() {
    check(
        INBOUND,
        expect![[r#"
        network_activity: Traffic at 2026-03-01T12:00:08.500Z
          status = Unknown
          metadata_uid = i1
          metadata_log_name = projects/pay-1/logs/compute.googleapis.com%2Fvpc_flows
          metadata_logged_time = 1772366409000
          cloud_project_uid = pay-1
          cloud_account_uid = pay-1
          cloud_region = europe-west1
          cloud_zone = europe-west1-b
          start_time = 1772366400000
          end_time = 1772366405000
          connection_info_direction = Inbound
          connection_info_direction_id = 1
          connection_info_protocol_num = 6
          connection_info_protocol_name = tcp
          connection_info_protocol_ver_id = 4
          traffic_bytes = 33792
          traffic_packets = 32
          src_endpoint_ip = 203.0.113.9
          src_endpoint_port = 51000
          src_endpoint_location_city = Berlin
          src_endpoint_autonomous_system_number = 64500
          dst_endpoint_ip = 10.0.0.3
          dst_endpoint_port = 443
          dst_endpoint_name = web-1
          dst_endpoint_instance_uid = web-1
          dst_endpoint_zone = europe-west1-b
          dst_endpoint_vpc_uid = prod
          dst_endpoint_subnet_uid = front
          unmapped = {"resource":{"type":"gce_subnetwork","labels":{"subnetwork_name":"front"}},"jsonPayload":{"rtt_msec":"7","src_location":{"country":"deu"},"dest_instance":{"project_id":"pay-1"},"dest_vpc":{"project_id":"pay-1"}}}
    "#]],
    );
}

#[test]
fn entries_of_the_api_and_of_panther_are_flows_too() {
    check(
        r#"{"entries":[{"logName":"projects/p/logs/networkmanagement.googleapis.com%2Fvpc_flows","timestamp":"2026-03-01T12:00:00Z","jsonPayload":{"reporter":"SRC","connection":{"protocol":17,"src_ip":"2001:db8::1","dest_ip":"2001:db8::2","src_port":53,"dest_port":5353},"src_instance":{"vm_name":"dns","region":"us-east1"}}}]}"#,
        expect![[r#"
            network_activity: Traffic at 2026-03-01T12:00:00.000Z
              status = Unknown
              metadata_log_name = projects/p/logs/networkmanagement.googleapis.com%2Fvpc_flows
              cloud_project_uid = p
              cloud_account_uid = p
              cloud_region = us-east1
              connection_info_direction = Outbound
              connection_info_direction_id = 2
              connection_info_protocol_num = 17
              connection_info_protocol_name = udp
              connection_info_protocol_ver_id = 6
              src_endpoint_ip = 2001:db8::1
              src_endpoint_port = 53
              src_endpoint_name = dns
              src_endpoint_instance_uid = dns
              dst_endpoint_ip = 2001:db8::2
              dst_endpoint_port = 5353
        "#]],
    );
    check(
        r#"{"logname":"projects/p/logs/compute.googleapis.com%2Fvpc_flows","p_event_time":"2026-03-01 12:00:00","jsonpayload":{"connection":{"src_ip":"10.0.0.1"}}}
{"logname":"projects/p/logs/compute.googleapis.com%2Fvpc_flows","jsonpayload":{"connection":{"src_ip":"10.0.0.1"}}}"#,
        expect![[r#"
            network_activity: Traffic at 2026-03-01T12:00:00.000Z
              status = Unknown
              metadata_log_name = projects/p/logs/compute.googleapis.com%2Fvpc_flows
              cloud_project_uid = p
              cloud_account_uid = p
              connection_info_protocol_ver_id = 4
              src_endpoint_ip = 10.0.0.1
            reject: the field timestamp is missing
        "#]],
    );
}

#[test]
fn odd_values_never_lose_a_record() {
    check_odd_values(source(), INBOUND);
}
