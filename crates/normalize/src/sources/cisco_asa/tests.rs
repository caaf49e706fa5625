use expect_test::{Expect, expect};

use super::ends::End;
use crate::sources::testing::shown;
use crate::{Normalizer, Options, Source, detect};

/// Messages are told to be of this source, and become this.
fn check(input: &str, expected: Expect) {
    assert_eq!(detect(input.as_bytes(), ""), Some(Source::CiscoAsa));
    expected.assert_eq(&shown(Source::CiscoAsa, input.as_bytes()));
}

#[test]
fn a_connection_is_opened_by_whom_the_direction_says() {
    check(
        "Mar 01 2026 12:00:00: %ASA-6-302013: Built inbound TCP connection 7 for outside:203.0.113.9/49926 (203.0.113.9/49926)(LOCAL\\mara, 12) to dmz:10.1.0.7/80 (192.0.2.1/80) (mara)\n\
         Mar 01 2026 12:00:01 EDT: %ASA-6-302013: Built outbound TCP connection 8 for outside:203.0.113.9/443 (203.0.113.9/443) to inside:10.1.0.7/1025 (192.0.2.1/1025)\n\
         Mar 01 2026 12:00:02 fw1 : %ASA-6-302014: Teardown TCP connection 7 for outside:203.0.113.9/49926 to dmz:10.1.0.7/80 duration 0:01:08 bytes 134781 TCP FINs from outside (mara)\n",
        expect![[r#"
            network_activity: Open at 2026-03-01T12:00:00.000Z
              status = Success
              action_id = 1
              action = Allowed
              disposition_id = 1
              disposition = Allowed
              connection_info_direction_id = 1
              connection_info_direction = Inbound
              connection_info_protocol_num = 6
              connection_info_protocol_name = tcp
              connection_info_uid = 7
              src_endpoint_ip = 203.0.113.9
              src_endpoint_port = 49926
              src_endpoint_interface_name = outside
              actor_user_name = mara
              actor_user_domain = LOCAL
              dst_endpoint_ip = 10.1.0.7
              dst_endpoint_port = 80
              dst_endpoint_interface_name = dmz
              metadata_event_code = 302013
              message = Built inbound TCP connection 7 for outside:203.0.113.9/49926 (203.0.113.9/49926)(LOCAL\mara, 12) to dmz:10.1.0.7/80 (192.0.2.1/80) (mara)
              metadata_log_level = info
              unmapped = {"mapped_src":"203.0.113.9/49926","mapped_dst":"192.0.2.1/80"}
            network_activity: Open at 2026-03-01T16:00:01.000Z
              status = Success
              action_id = 1
              action = Allowed
              disposition_id = 1
              disposition = Allowed
              connection_info_direction_id = 2
              connection_info_direction = Outbound
              connection_info_protocol_num = 6
              connection_info_protocol_name = tcp
              connection_info_uid = 8
              dst_endpoint_ip = 203.0.113.9
              dst_endpoint_port = 443
              dst_endpoint_interface_name = outside
              src_endpoint_ip = 10.1.0.7
              src_endpoint_port = 1025
              src_endpoint_interface_name = inside
              metadata_event_code = 302013
              message = Built outbound TCP connection 8 for outside:203.0.113.9/443 (203.0.113.9/443) to inside:10.1.0.7/1025 (192.0.2.1/1025)
              metadata_log_level = info
              unmapped = {"mapped_dst":"203.0.113.9/443","mapped_src":"192.0.2.1/1025"}
            network_activity: Close at 2026-03-01T12:00:02.000Z
              status = Success
              action_id = 1
              action = Allowed
              disposition_id = 1
              disposition = Allowed
              connection_info_protocol_num = 6
              connection_info_protocol_name = tcp
              connection_info_uid = 7
              src_endpoint_ip = 203.0.113.9
              src_endpoint_port = 49926
              src_endpoint_interface_name = outside
              dst_endpoint_ip = 10.1.0.7
              dst_endpoint_port = 80
              dst_endpoint_interface_name = dmz
              duration = 68000
              traffic_bytes = 134781
              status_detail = TCP FINs from outside
              actor_user_name = mara
              metadata_event_code = 302014
              message = Teardown TCP connection 7 for outside:203.0.113.9/49926 to dmz:10.1.0.7/80 duration 0:01:08 bytes 134781 TCP FINs from outside (mara)
              device_hostname = fw1
              metadata_log_level = info
        "#]],
    );
}

#[test]
fn what_was_refused_and_by_which_list() {
    check(
        "<164>Mar 01 2026 12:00:00 fw1 CiscoASA[999]: %ASA-4-106023: Deny udp src dmz:10.1.0.7/5555 dst outside:203.0.113.9/53 by access-group \"dmz_in\" [0x1, 0x0]\n\
         Mar 01 2026 12:00:01: %ASA-6-106100: access-list in denied udp inside/10.1.0.7(1039) -> outside/203.0.113.9(53) hit-cnt 3 300-second interval [0x1, 0x0]\n\
         Mar 01 2026 12:00:02: %ASA-2-106016: Deny IP spoof from (0.0.0.0) to 10.1.0.7 on interface guest\n",
        expect![[r#"
            network_activity: Refuse at 2026-03-01T12:00:00.000Z
              severity = Medium
              status = Failure
              action_id = 2
              action = Denied
              disposition_id = 2
              disposition = Blocked
              connection_info_protocol_num = 17
              connection_info_protocol_name = udp
              src_endpoint_ip = 10.1.0.7
              src_endpoint_port = 5555
              src_endpoint_interface_name = dmz
              dst_endpoint_ip = 203.0.113.9
              dst_endpoint_port = 53
              dst_endpoint_interface_name = outside
              policy_name = dmz_in
              metadata_event_code = 106023
              message = Deny udp src dmz:10.1.0.7/5555 dst outside:203.0.113.9/53 by access-group "dmz_in" [0x1, 0x0]
              device_hostname = fw1
              metadata_log_name = local4
              metadata_log_level = warning
            network_activity: Refuse at 2026-03-01T12:00:01.000Z
              status = Failure
              action_id = 2
              action = Denied
              disposition_id = 2
              disposition = Blocked
              policy_name = in
              connection_info_protocol_num = 17
              connection_info_protocol_name = udp
              src_endpoint_ip = 10.1.0.7
              src_endpoint_port = 1039
              src_endpoint_interface_name = inside
              dst_endpoint_ip = 203.0.113.9
              dst_endpoint_port = 53
              dst_endpoint_interface_name = outside
              count = 3
              metadata_event_code = 106100
              message = access-list in denied udp inside/10.1.0.7(1039) -> outside/203.0.113.9(53) hit-cnt 3 300-second interval [0x1, 0x0]
              metadata_log_level = info
            network_activity: Refuse at 2026-03-01T12:00:02.000Z
              severity = Critical
              status = Failure
              action_id = 2
              action = Denied
              disposition_id = 2
              disposition = Blocked
              src_endpoint_ip = 0.0.0.0
              dst_endpoint_ip = 10.1.0.7
              src_endpoint_interface_name = guest
              metadata_event_code = 106016
              message = Deny IP spoof from (0.0.0.0) to 10.1.0.7 on interface guest
              metadata_log_level = crit
        "#]],
    );
}

#[test]
fn sign_ins_and_commands() {
    check(
        "Mar 01 2026 12:00:00: %ASA-6-113005: AAA user authentication Rejected : reason = AAA failure : server = 10.1.0.5 : user = mara : user IP = 203.0.113.9\n\
         Mar 01 2026 12:00:01: %ASA-4-113019: Group = VPN, Username = CORP\\mara, IP = 203.0.113.9, Session disconnected. Session Type: SSL, Duration: 2h:27m:34s, Bytes xmt: 45, Bytes rcv: 43, Reason: Idle Timeout\n\
         Mar 01 2026 12:00:02: %ASA-5-111010: User 'mara', running 'CLI' from IP 192.0.2.7, executed 'no logging on'\n",
        expect![[r#"
            authentication: Logon at 2026-03-01T12:00:00.000Z
              status = Failure
              status_detail = AAA failure
              dst_endpoint_ip = 10.1.0.5
              user_name = mara
              src_endpoint_ip = 203.0.113.9
              metadata_event_code = 113005
              message = AAA user authentication Rejected : reason = AAA failure : server = 10.1.0.5 : user = mara : user IP = 203.0.113.9
              metadata_log_level = info
            authentication: Logoff at 2026-03-01T12:00:01.000Z
              severity = Medium
              status = Success
              user_groups_name = VPN
              user_name = mara
              user_domain = CORP
              src_endpoint_ip = 203.0.113.9
              duration = 8854000
              status_detail = Idle Timeout
              metadata_event_code = 113019
              message = Group = VPN, Username = CORP\mara, IP = 203.0.113.9, Session disconnected. Session Type: SSL, Duration: 2h:27m:34s, Bytes xmt: 45, Bytes rcv: 43, Reason: Idle Timeout
              metadata_log_level = warning
              unmapped = {"bytesout":"45","bytesin":"43"}
            api_activity: Execute at 2026-03-01T12:00:02.000Z
              status = Success
              actor_user_name = mara
              actor_app_name = CLI
              src_endpoint_ip = 192.0.2.7
              api_operation = no logging on
              metadata_event_code = 111010
              message = User 'mara', running 'CLI' from IP 192.0.2.7, executed 'no logging on'
              metadata_log_level = notice
        "#]],
    );
}

#[test]
fn urls_and_listed_hosts() {
    check(
        "Mar 01 2026 12:00:00: %ASA-5-304001: 10.1.0.7 Accessed URL 203.0.113.9:/app?x=1\n\
         Mar 01 2026 12:00:01: %ASA-4-338008: Dynamic Filter dropped blacklisted TCP traffic from inside:10.1.0.7/3334 (192.0.2.1/3334) to outside:203.0.113.9/80 (203.0.113.9/80), destination 203.0.113.9 resolved from dynamic list: bad.example\n",
        expect![[r#"
            http_activity: Unknown at 2026-03-01T12:00:00.000Z
              status = Success
              action_id = 1
              action = Allowed
              disposition_id = 1
              disposition = Allowed
              src_endpoint_ip = 10.1.0.7
              dst_endpoint_ip = 203.0.113.9
              http_request_url_scheme = http
              http_request_url_hostname = 203.0.113.9
              http_request_url_path = /app
              http_request_url_query_string = x=1
              http_request_url_url_string = http://203.0.113.9/app?x=1
              metadata_event_code = 304001
              message = 10.1.0.7 Accessed URL 203.0.113.9:/app?x=1
              metadata_log_level = notice
            detection_finding: Create at 2026-03-01T12:00:01.000Z
              severity = Medium
              is_alert = true
              finding_info_analytic_type_id = 1
              finding_info_title = Traffic with a listed host
              action_id = 2
              action = Denied
              disposition_id = 2
              disposition = Blocked
              finding_info_types = blacklisted
              evidences_src_endpoint_ip = 10.1.0.7
              evidences_src_endpoint_port = 3334
              evidences_dst_endpoint_ip = 203.0.113.9
              evidences_dst_endpoint_port = 80
              status_detail = destination 203.0.113.9 resolved from dynamic list: bad.example
              metadata_event_code = 338008
              message = Dynamic Filter dropped blacklisted TCP traffic from inside:10.1.0.7/3334 (192.0.2.1/3334) to outside:203.0.113.9/80 (203.0.113.9/80), destination 203.0.113.9 resolved from dynamic list: bad.example
              metadata_log_level = warning
              unmapped = {"l4":"TCP","mapped_src":"192.0.2.1/3334","mapped_dst":"203.0.113.9/80"}
        "#]],
    );
}

#[test]
fn malware_and_connections_of_ftd() {
    check(
        "<161>Mar  1 12:00:00 ftd %FTD-1-430005: SrcIP: 203.0.113.9, DstIP: 10.1.0.7, SrcPort: 46004, DstPort: 80, Protocol: tcp, FileAction: Malware Block, FileSHA256: 01ba4719c80b6fe911b091a7c05124b64eeece964e09c058ef8f9805daca546b, ThreatName: Win.Eicar, FileName: a, b.zip, User: Unknown, FirstPacketSecond: 2026-03-01T12:00:00Z\n\
         %FTD-1-430003: AccessControlRuleAction: Allow, SrcIP: 10.1.0.7, DstIP: 203.0.113.9, SrcPort: 50158, DstPort: 443, Protocol: tcp, User: mara, ConnectionDuration: 2, InitiatorBytes: 967, ResponderBytes: 5018, FirstPacketSecond: 2026-03-01T12:00:00Z\n",
        expect![[r#"
            detection_finding: Create at 2026-03-01T12:00:00.000Z
              severity = Critical
              action_id = 2
              action = Denied
              disposition_id = 2
              disposition = Blocked
              finding_info_title = Win.Eicar
              finding_info_analytic_name = Win.Eicar
              finding_info_analytic_type_id = 1
              is_alert = true
              evidences_src_endpoint_ip = 203.0.113.9
              evidences_dst_endpoint_ip = 10.1.0.7
              evidences_src_endpoint_port = 46004
              evidences_dst_endpoint_port = 80
              evidences_file_name = a, b.zip
              evidences_file_hashes_sha256_value = 01ba4719c80b6fe911b091a7c05124b64eeece964e09c058ef8f9805daca546b
              status_code = Malware Block
              metadata_event_code = 430005
              message = SrcIP: 203.0.113.9, DstIP: 10.1.0.7, SrcPort: 46004, DstPort: 80, Protocol: tcp, FileAction: Malware Block, FileSHA256: 01ba4719c80b6fe911b091a7c05124b64eeece964e09c058ef8f9805daca546b, ThreatName: Win.Eicar, FileName: a, b.zip, User: Unknown, FirstPacketSecond: 2026-03-01T12:00:00Z
              device_hostname = ftd
              metadata_log_name = local4
              metadata_log_level = alert
              unmapped = {"Protocol":"tcp","ThreatName":"Win.Eicar","FirstPacketSecond":"2026-03-01T12:00:00Z"}
            network_activity: Close at 2026-03-01T12:00:00.000Z
              severity = Critical
              action_id = 1
              action = Allowed
              disposition_id = 1
              disposition = Allowed
              status = Success
              start_time = 1772366400000
              duration = 2000
              src_endpoint_ip = 10.1.0.7
              dst_endpoint_ip = 203.0.113.9
              src_endpoint_port = 50158
              dst_endpoint_port = 443
              actor_user_name = mara
              connection_info_protocol_name = tcp
              traffic_bytes_out = 967
              traffic_bytes_in = 5018
              status_code = Allow
              metadata_event_code = 430003
              message = AccessControlRuleAction: Allow, SrcIP: 10.1.0.7, DstIP: 203.0.113.9, SrcPort: 50158, DstPort: 443, Protocol: tcp, User: mara, ConnectionDuration: 2, InitiatorBytes: 967, ResponderBytes: 5018, FirstPacketSecond: 2026-03-01T12:00:00Z
              metadata_log_level = alert
              unmapped = {"FirstPacketSecond":"2026-03-01T12:00:00Z"}
        "#]],
    );
}

#[test]
fn ends_are_written_in_many_ways() {
    let end = |interface, host, port, user| End { interface, host, port, user };
    for (text, expected) in [
        ("outside:192.0.2.7/443", end(Some("outside"), "192.0.2.7", Some(443), None)),
        ("out:2001:db8::7/443", end(Some("out"), "2001:db8::7", Some(443), None)),
        ("2001:db8::7/443", end(None, "2001:db8::7", Some(443), None)),
        ("inside/10.1.0.7(2006)", end(Some("inside"), "10.1.0.7", Some(2006), None)),
        ("inside/some-host(2006)", end(Some("inside"), "some-host", Some(2006), None)),
        ("10.1.0.7/80(LOCAL\\ann, 12)", end(None, "10.1.0.7", Some(80), Some("LOCAL\\ann, 12"))),
        ("ann@10.1.0.7", end(None, "10.1.0.7", None, Some("ann"))),
        ("(0.0.0.0)", end(None, "0.0.0.0", None, None)),
        ("dmz:server/53", end(Some("dmz"), "server", Some(53), None)),
    ] {
        assert_eq!(End::read(text), expected, "{text}");
    }
}

#[test]
fn a_message_without_a_header_is_of_the_time_of_its_object_and_says_so() {
    let read = |line: &str, written_ms| {
        let mut normalizer = Normalizer::new(Source::CiscoAsa, Options { written_ms, ..Options::default() });
        normalizer.push(line.as_bytes());
        normalizer.finish()
    };
    let batch = read("%ASA-6-611101: User authentication succeeded: IP address: 192.0.2.7, Uname: mara", Some(1_772_366_400_000));
    let (_, event) = &batch.events[0];
    assert_eq!(event.time_ms(), 1_772_366_400_000);
    assert!(
        matches!(event.get(coldtrail_model::Col::MetadataLabels), Some(coldtrail_model::Value::TextList(labels)) if labels[0] == "time: when the object was written")
    );
    assert_eq!(read("%ASA-6-611101: User authentication succeeded: IP address: 192.0.2.7, Uname: mara", None).rejects.len(), 1);
    assert_eq!(read("Mar 01 2026 12:00:00 fw: what is this", Some(0)).rejects.len(), 1);
}

/// Cut anywhere, a message is an event or a reject.
#[test]
fn a_finding_about_a_host_by_name_keeps_the_name() {
    check(
        "Mar 01 2026 12:00:01: %ASA-4-338204: Dynamic filter dropped greylisted TCP traffic from client.example/1234 (client.example/11234) to wan:203.0.113.9/80 (bad.example/80), destination malicious address resolved from dynamic list: bad.example\n",
        expect![[r#"
            detection_finding: Create at 2026-03-01T12:00:01.000Z
              severity = Medium
              is_alert = true
              finding_info_analytic_type_id = 1
              finding_info_title = Traffic with a listed host
              action_id = 2
              action = Denied
              disposition_id = 2
              disposition = Blocked
              finding_info_types = greylisted
              evidences_dst_endpoint_ip = 203.0.113.9
              evidences_dst_endpoint_port = 80
              status_detail = destination malicious address resolved from dynamic list: bad.example
              metadata_event_code = 338204
              message = Dynamic filter dropped greylisted TCP traffic from client.example/1234 (client.example/11234) to wan:203.0.113.9/80 (bad.example/80), destination malicious address resolved from dynamic list: bad.example
              metadata_log_level = warning
              unmapped = {"l4":"TCP","src":"client.example/1234","mapped_src":"client.example/11234","mapped_dst":"bad.example/80"}
        "#]],
    );
}

#[test]
fn a_message_that_is_cut_off_is_one_record() {
    for line in [
        "Mar 01 2026 12:00:00: %ASA-6-302013: Built inbound TCP connection 7 for ö:203.0.113.9/4 (203.0.113.9/4)(LOCAL\\mä, 12) to dmz:10.1.0.7/80 (192.0.2.1/80) (mä)",
        "Mar 01 2026 12:00:00: %FTD-1-430003: AccessControlRuleAction: Allow, SrcIP: ö, User: mä, ConnectionDuration: x",
    ] {
        for (end, _) in line.char_indices().skip(1) {
            let mut normalizer = Normalizer::new(Source::CiscoAsa, Options::default());
            let count = normalizer.push(&line.as_bytes()[..end]).records() + normalizer.finish().records();
            assert_eq!(count, 1, "{}", &line[..end]);
        }
    }
}
