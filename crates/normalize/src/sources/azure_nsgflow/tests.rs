use expect_test::{Expect, expect};

use crate::sources::testing::shown;
use crate::{Normalizer, Options, Source, detect};

fn check(input: &str, expected: Expect) {
    assert_eq!(detect(input.as_bytes(), ""), Some(Source::AzureNsgflow));
    expected.assert_eq(&shown(Source::AzureNsgflow, input.as_bytes()));
}

const GROUP: &str = r#"{"records":[{"time":"2026-03-01T12:01:00.0000000Z","systemId":"s-1","category":"NetworkSecurityGroupFlowEvent","resourceId":"/SUBSCRIPTIONS/SUB-1/RESOURCEGROUPS/NET/PROVIDERS/MICROSOFT.NETWORK/NETWORKSECURITYGROUPS/WEB","operationName":"NetworkSecurityGroupFlowEvents","properties":{"Version":2,"flows":[{"rule":"DefaultRule_DenyAllInBound","flows":[{"mac":"000D3AF87856","flowTuples":["1772366405,203.0.113.9,10.0.0.4,51000,22,T,I,D,B,,,,"]}]},{"rule":"UserRule_https","flows":[{"mac":"000D3AF87856","flowTuples":["1772366406,10.0.0.4,198.51.100.7,44931,443,T,O,A,E,25,4023,18,9000","1772366407,10.0.0.4,nowhere,1,2,U,O,A"]}]}]}}]}"#;

#[test]
fn every_tuple_of_a_security_group_is_an_event_of_its_own() {
    check(
        GROUP,
        expect![[r#"
        network_activity: Refuse at 2026-03-01T12:00:05.000Z
          metadata_product_feature_name = Flow logs
          metadata_log_version = 2
          metadata_event_code = NetworkSecurityGroupFlowEvents
          metadata_log_name = NetworkSecurityGroupFlowEvent
          metadata_logged_time = 1772366460000
          cloud_account_uid = SUB-1
          src_endpoint_ip = 203.0.113.9
          src_endpoint_port = 51000
          dst_endpoint_ip = 10.0.0.4
          dst_endpoint_port = 22
          connection_info_protocol_num = 6
          connection_info_protocol_name = tcp
          connection_info_direction_id = 1
          connection_info_direction = Inbound
          connection_info_protocol_ver_id = 4
          status = Failure
          action_id = 2
          action = Denied
          disposition_id = 2
          disposition = Blocked
          dst_endpoint_mac = 00:0D:3A:F8:78:56
          policy_name = DefaultRule_DenyAllInBound
          policy_uid = /SUBSCRIPTIONS/SUB-1/RESOURCEGROUPS/NET/PROVIDERS/MICROSOFT.NETWORK/NETWORKSECURITYGROUPS/WEB
          unmapped = {"systemId":"s-1"}
        network_activity: Close at 2026-03-01T12:00:06.000Z
          metadata_product_feature_name = Flow logs
          metadata_log_version = 2
          metadata_event_code = NetworkSecurityGroupFlowEvents
          metadata_log_name = NetworkSecurityGroupFlowEvent
          metadata_logged_time = 1772366460000
          cloud_account_uid = SUB-1
          src_endpoint_ip = 10.0.0.4
          src_endpoint_port = 44931
          dst_endpoint_ip = 198.51.100.7
          dst_endpoint_port = 443
          connection_info_protocol_num = 6
          connection_info_protocol_name = tcp
          connection_info_direction_id = 2
          connection_info_direction = Outbound
          connection_info_protocol_ver_id = 4
          status = Success
          action_id = 1
          action = Allowed
          disposition_id = 1
          disposition = Allowed
          traffic_packets_out = 25
          traffic_bytes_out = 4023
          traffic_packets_in = 18
          traffic_bytes_in = 9000
          traffic_packets = 43
          traffic_bytes = 13023
          src_endpoint_mac = 00:0D:3A:F8:78:56
          policy_name = UserRule_https
          policy_uid = /SUBSCRIPTIONS/SUB-1/RESOURCEGROUPS/NET/PROVIDERS/MICROSOFT.NETWORK/NETWORKSECURITYGROUPS/WEB
          unmapped = {"systemId":"s-1"}
        reject: the field flowTuples is "1772366407,10.0.0.4,nowhere,1,2,U,O,A", not a time, two addresses, two ports, protocol, direction and decision
    "#]],
    );
}

#[test]
fn a_virtual_network_says_how_far_a_flow_is_and_whether_it_is_encrypted() {
    check(
        r#"{"records":[{"time":"2026-03-01T12:01:00Z","flowLogVersion":4,"flowLogGUID":"g-1","macAddress":"112233445566","category":"FlowLogFlowEvent","flowLogResourceID":"/SUBSCRIPTIONS/SUB-1/FLOWLOGS/ALL","targetResourceID":"/subscriptions/sub-1/resourceGroups/net/providers/Microsoft.Network/virtualNetworks/prod/subnets/front","operationName":"FlowLogFlowEvent","flowRecords":{"flows":[{"aclID":"acl-1","flowGroups":[{"rule":"AllowInternetOutBound","flowTuples":["1772366405250,2001:db8::4,2001:db8::9,53001,53,17,O,B,NX,0,0,0,0","1772366406000,203.0.113.9,10.0.0.4,51000,22,6,I,D,NX,0,0,0,0","1772366407000,10.0.0.4,10.0.0.5,51000,22,6,O,C,X,1,60,2,120"]}]}]}}]}"#,
        expect![[r#"
            network_activity: Open at 2026-03-01T12:00:05.250Z
              metadata_product_feature_name = Flow logs
              metadata_log_version = 4
              metadata_event_code = FlowLogFlowEvent
              metadata_log_name = FlowLogFlowEvent
              metadata_logged_time = 1772366460000
              cloud_account_uid = sub-1
              src_endpoint_ip = 2001:db8::4
              src_endpoint_port = 53001
              dst_endpoint_ip = 2001:db8::9
              dst_endpoint_port = 53
              connection_info_protocol_num = 17
              connection_info_protocol_name = udp
              connection_info_direction_id = 2
              connection_info_direction = Outbound
              connection_info_protocol_ver_id = 6
              status = Success
              action_id = 1
              action = Allowed
              disposition_id = 1
              disposition = Allowed
              traffic_packets_out = 0
              traffic_bytes_out = 0
              traffic_packets_in = 0
              traffic_bytes_in = 0
              traffic_packets = 0
              traffic_bytes = 0
              src_endpoint_mac = 11:22:33:44:55:66
              src_endpoint_vpc_uid = prod
              src_endpoint_subnet_uid = front
              policy_name = AllowInternetOutBound
              policy_uid = acl-1
              unmapped = {"flowLogGUID":"g-1","flowLogResourceID":"/SUBSCRIPTIONS/SUB-1/FLOWLOGS/ALL","flowEncryption":"NX"}
            network_activity: Refuse at 2026-03-01T12:00:06.000Z
              metadata_product_feature_name = Flow logs
              metadata_log_version = 4
              metadata_event_code = FlowLogFlowEvent
              metadata_log_name = FlowLogFlowEvent
              metadata_logged_time = 1772366460000
              cloud_account_uid = sub-1
              src_endpoint_ip = 203.0.113.9
              src_endpoint_port = 51000
              dst_endpoint_ip = 10.0.0.4
              dst_endpoint_port = 22
              connection_info_protocol_num = 6
              connection_info_protocol_name = tcp
              connection_info_direction_id = 1
              connection_info_direction = Inbound
              connection_info_protocol_ver_id = 4
              status = Failure
              action_id = 2
              action = Denied
              disposition_id = 2
              disposition = Blocked
              traffic_packets_out = 0
              traffic_bytes_out = 0
              traffic_packets_in = 0
              traffic_bytes_in = 0
              traffic_packets = 0
              traffic_bytes = 0
              dst_endpoint_mac = 11:22:33:44:55:66
              dst_endpoint_vpc_uid = prod
              dst_endpoint_subnet_uid = front
              policy_name = AllowInternetOutBound
              policy_uid = acl-1
              unmapped = {"flowLogGUID":"g-1","flowLogResourceID":"/SUBSCRIPTIONS/SUB-1/FLOWLOGS/ALL","flowEncryption":"NX"}
            network_activity: Traffic at 2026-03-01T12:00:07.000Z
              metadata_product_feature_name = Flow logs
              metadata_log_version = 4
              metadata_event_code = FlowLogFlowEvent
              metadata_log_name = FlowLogFlowEvent
              metadata_logged_time = 1772366460000
              cloud_account_uid = sub-1
              src_endpoint_ip = 10.0.0.4
              src_endpoint_port = 51000
              dst_endpoint_ip = 10.0.0.5
              dst_endpoint_port = 22
              connection_info_protocol_num = 6
              connection_info_protocol_name = tcp
              connection_info_direction_id = 2
              connection_info_direction = Outbound
              connection_info_protocol_ver_id = 4
              status = Success
              action_id = 1
              action = Allowed
              disposition_id = 1
              disposition = Allowed
              traffic_packets_out = 1
              traffic_bytes_out = 60
              traffic_packets_in = 2
              traffic_bytes_in = 120
              traffic_packets = 3
              traffic_bytes = 180
              src_endpoint_mac = 11:22:33:44:55:66
              src_endpoint_vpc_uid = prod
              src_endpoint_subnet_uid = front
              policy_name = AllowInternetOutBound
              policy_uid = acl-1
              unmapped = {"flowLogGUID":"g-1","flowLogResourceID":"/SUBSCRIPTIONS/SUB-1/FLOWLOGS/ALL","flowEncryption":"X"}
        "#]],
    );
}

#[test]
fn version_one_has_no_state_and_a_collector_writes_one_flow_a_record() {
    check(
        r#"{"time":"2026-03-01T12:01:00Z","macAddress":"000D3AF87856","rule":"DefaultRule_AllowInternetOutBound","operationName":"NetworkSecurityGroupFlowEvents","flow.0":"1772366405,10.0.0.4,198.51.100.7,55486,443,T,O,A"}"#,
        expect![[r#"
            network_activity: Traffic at 2026-03-01T12:00:05.000Z
              metadata_product_feature_name = Flow logs
              metadata_event_code = NetworkSecurityGroupFlowEvents
              metadata_logged_time = 1772366460000
              src_endpoint_ip = 10.0.0.4
              src_endpoint_port = 55486
              dst_endpoint_ip = 198.51.100.7
              dst_endpoint_port = 443
              connection_info_protocol_num = 6
              connection_info_protocol_name = tcp
              connection_info_direction_id = 2
              connection_info_direction = Outbound
              connection_info_protocol_ver_id = 4
              status = Success
              action_id = 1
              action = Allowed
              disposition_id = 1
              disposition = Allowed
              src_endpoint_mac = 00:0D:3A:F8:78:56
              policy_name = DefaultRule_AllowInternetOutBound
        "#]],
    );
}

#[test]
fn rows_of_traffic_analytics_have_a_machine_and_an_address_outside() {
    check(
        ",TimeGenerated,FlowStartTime,FlowEndTime,VMName,VMIPAddress,PublicIPs,SrcIP,DestIP,L4Protocol,L7Protocol,DestPort,FlowDirection,AllowedOutFlows,AllowedInFlows,DeniedInFlows\n\
         1,2026-03-01 13:00:00.000,2026-03-01 12:00:00.000,2026-03-01 12:30:00.000,web,10.0.0.4,\"['203.0.113.9', '203.0.113.10']\",,,T,https,443.0,O,4.0,0.0,\n\
         2,2026-03-01 13:00:00.000,2026-03-01 12:00:00.000,,web,10.0.0.4,203.0.113.9,,,U,ntp,123.0,I,0.0,0.0,2.0\n",
        expect![[r#"
            network_activity: Traffic at 2026-03-01T12:00:00.000Z
              metadata_product_feature_name = Traffic analytics
              start_time = 1772366400000
              end_time = 1772368200000
              metadata_logged_time = 1772370000000
              count = 4
              status = Success
              action_id = 1
              action = Allowed
              disposition_id = 1
              disposition = Allowed
              connection_info_direction_id = 2
              connection_info_direction = Outbound
              connection_info_protocol_num = 6
              connection_info_protocol_name = tcp
              app_protocol_name = https
              src_endpoint_ip = 10.0.0.4
              dst_endpoint_ip = 203.0.113.9
              dst_endpoint_port = 443
              src_endpoint_name = web
              unmapped = {"":"1","PublicIPs":"['203.0.113.9', '203.0.113.10']"}
            network_activity: Refuse at 2026-03-01T12:00:00.000Z
              metadata_product_feature_name = Traffic analytics
              start_time = 1772366400000
              metadata_logged_time = 1772370000000
              count = 2
              status = Failure
              action_id = 2
              action = Denied
              disposition_id = 2
              disposition = Blocked
              connection_info_direction_id = 1
              connection_info_direction = Inbound
              connection_info_protocol_num = 17
              connection_info_protocol_name = udp
              app_protocol_name = ntp
              src_endpoint_ip = 203.0.113.9
              dst_endpoint_ip = 10.0.0.4
              dst_endpoint_port = 123
              dst_endpoint_name = web
              unmapped = {"":"2","PublicIPs":"203.0.113.9"}
        "#]],
    );
    check(
        r#"{"TimeGenerated":"2026-03-01T13:00:00Z","FlowStartTime_t":"2026-03-01T12:00:00Z","SrcIP_s":"10.0.0.4","DestIP_s":"10.0.0.5","DestPort_d":445,"L4Protocol_s":"T","FlowDirection_s":"I","FlowStatus_s":"D","NSGRule_s":"deny","VM_s":"net/web","Subscription_g":"sub-1"}"#,
        expect![[r#"
            network_activity: Refuse at 2026-03-01T12:00:00.000Z
              metadata_product_feature_name = Traffic analytics
              start_time = 1772366400000
              metadata_logged_time = 1772370000000
              status = Failure
              action_id = 2
              action = Denied
              disposition_id = 2
              disposition = Blocked
              connection_info_direction_id = 1
              connection_info_direction = Inbound
              connection_info_protocol_num = 6
              connection_info_protocol_name = tcp
              src_endpoint_ip = 10.0.0.4
              dst_endpoint_ip = 10.0.0.5
              dst_endpoint_port = 445
              dst_endpoint_name = net/web
              policy_name = deny
              cloud_account_uid = sub-1
        "#]],
    );
}

#[test]
fn the_place_of_an_event_is_that_of_its_tuple() {
    let mut normalizer = Normalizer::new(Source::AzureNsgflow, Options::default());
    let mut batch = normalizer.push(GROUP.as_bytes());
    let rest = normalizer.finish();
    batch.events.extend(rest.events);
    batch.rejects.extend(rest.rejects);
    for (place, event) in &batch.events {
        let raw = event.get_text(coldtrail_model::Col::RawData).expect("the tuple");
        assert_eq!(GROUP.find(raw), Some(usize::try_from(place.offset).expect("small")));
    }
    assert_eq!(GROUP.find("1772366407"), Some(usize::try_from(batch.rejects[0].place.offset).expect("small")));
    assert_eq!((batch.events.len(), batch.rejects.len()), (2, 1));
}

#[test]
fn a_record_that_is_damaged_anywhere_is_counted() {
    let flat = r#"{"operationName":"FlowLogFlowEvent","flow.0":"1772366405,10.0.0.4,198.51.100.7,55486,443,T,O,A"}"#;
    for odd in ["null", "7", "[]", "{}", "[[1]]", "\"x,y\"", "\"1,2,3,4,5,6,7,8\""] {
        for damaged in [
            format!(r#"{{"operationName":{odd},"flow.0":{odd}}}"#),
            format!(r#"{{"properties":{odd}}}"#),
            format!(r#"{{"properties":{{"flows":[{odd}]}}}}"#),
            format!(r#"{{"flowRecords":{{"flows":[{{"flowGroups":[{odd}]}}]}}}}"#),
            format!(r#"{{"flowRecords":{{"flows":[{{"aclID":{odd},"flowGroups":[{{"rule":{odd},"flowTuples":[{odd}]}}]}}]}}}}"#),
        ] {
            let mut normalizer = Normalizer::new(Source::AzureNsgflow, Options::default());
            let count = normalizer.push(format!("{damaged}\n{flat}\n").as_bytes()).records() + normalizer.finish().records();
            assert_eq!(count, 2, "{damaged}");
        }
    }
}
