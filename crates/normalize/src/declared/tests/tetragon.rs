//! Events of Tetragon.

use expect_test::{Expect, expect};

use crate::sources::testing::{check_odd_values, shown};
use crate::{Source, detect};

fn source() -> Source {
    Source::named("tetragon").expect("a source that Coldtrail brings")
}

/// A record is told to be of this source, and becomes this.
fn check(input: &str, expected: Expect) {
    assert_eq!(detect(input.as_bytes(), ""), Some(source()));
    expected.assert_eq(&shown(source(), input.as_bytes()));
}

#[test]
fn a_process_starts_and_ends() {
    check(
        r#"{"process_exec":{"process":{"exec_id":"e2","pid":42,"uid":0,"cwd":"/root","binary":"/usr/bin/curl","arguments":"-s c2.example","start_time":"2026-03-01T12:00:00Z","pod":{"name":"shop"}},"parent":{"exec_id":"e1","pid":41,"uid":1000,"binary":"/bin/sh"}},"node_name":"n1","time":"2026-03-01T12:00:00.5Z"}
{"process_exit":{"process":{"exec_id":"e2","pid":42,"binary":"/usr/bin/curl"},"parent":{"pid":41,"binary":"/bin/sh"},"signal":"SIGKILL","status":9},"node_name":"n1","time":"2026-03-01T12:00:01Z"}"#,
        expect![[r#"
            process_activity: Launch at 2026-03-01T12:00:00.500Z
              status = Success
              metadata_event_code = process_exec
              process_name = curl
              process_pid = 42
              process_cmd_line = /usr/bin/curl -s c2.example
              process_file_path = /usr/bin/curl
              process_uid = e2
              process_created_time = 1772366400000
              process_working_directory = /root
              process_user_uid = 0
              actor_process_name = sh
              actor_process_pid = 41
              actor_process_cmd_line = /bin/sh
              actor_process_file_path = /bin/sh
              actor_process_uid = e1
              actor_process_user_uid = 1000
              actor_user_uid = 1000
              process_parent_process_name = sh
              process_parent_process_pid = 41
              process_parent_process_uid = e1
              process_parent_process_cmd_line = /bin/sh
              process_parent_process_file_path = /bin/sh
              device_hostname = n1
              device_os_name = Linux
              device_os_type_id = 200
              unmapped = {"process_exec":{"process":{"pod":{"name":"shop"}}}}
            process_activity: Terminate at 2026-03-01T12:00:01.000Z
              status = Success
              metadata_event_code = process_exit
              exit_code = 9
              status_detail = SIGKILL
              process_name = curl
              process_pid = 42
              process_cmd_line = /usr/bin/curl
              process_file_path = /usr/bin/curl
              process_uid = e2
              process_parent_process_name = sh
              process_parent_process_pid = 41
              process_parent_process_cmd_line = /bin/sh
              process_parent_process_file_path = /bin/sh
              actor_process_name = curl
              actor_process_pid = 42
              actor_process_cmd_line = /usr/bin/curl
              actor_process_file_path = /usr/bin/curl
              actor_process_uid = e2
              actor_process_parent_process_name = sh
              actor_process_parent_process_pid = 41
              actor_process_parent_process_cmd_line = /bin/sh
              actor_process_parent_process_file_path = /bin/sh
              device_hostname = n1
              device_os_name = Linux
              device_os_type_id = 200
        "#]],
    );
}

#[test]
fn the_function_that_was_called_tells_the_class() {
    check(
        r#"{"process_kprobe":{"process":{"pid":42,"binary":"/bin/cat"},"function_name":"__x64_sys_write","args":[{"file_arg":{"path":"/etc/passwd"}},{"size_arg":"6"}],"action":"KPROBE_ACTION_SIGKILL","policy_name":"files"},"time":"2026-03-01T12:00:00Z"}
{"process_kprobe":{"process":{"pid":42,"binary":"/bin/nc"},"function_name":"tcp_connect","args":[{"sock_arg":{"saddr":"10.0.0.1","sport":40000,"daddr":"203.0.113.9","dport":443}}],"action":"KPROBE_ACTION_POST"},"time":"2026-03-01T12:00:00Z"}"#,
        expect![[r#"
            file_activity: Update at 2026-03-01T12:00:00.000Z
              status = Failure
              file_path = /etc/passwd
              metadata_event_code = __x64_sys_write
              policy_name = files
              action = Denied
              action_id = 2
              actor_process_name = cat
              actor_process_pid = 42
              actor_process_cmd_line = /bin/cat
              actor_process_file_path = /bin/cat
              device_os_name = Linux
              device_os_type_id = 200
              unmapped = {"process_kprobe":{"args":[{"size_arg":"6"}]}}
            network_activity: Open at 2026-03-01T12:00:00.000Z
              status = Unknown
              src_endpoint_ip = 10.0.0.1
              src_endpoint_port = 40000
              dst_endpoint_ip = 203.0.113.9
              dst_endpoint_port = 443
              metadata_event_code = tcp_connect
              action = Observed
              action_id = 3
              actor_process_name = nc
              actor_process_pid = 42
              actor_process_cmd_line = /bin/nc
              actor_process_file_path = /bin/nc
              device_os_name = Linux
              device_os_type_id = 200
        "#]],
    );
}

#[test]
fn odd_values_never_lose_a_record() {
    check_odd_values(
        source(),
        r#"{"process_kprobe":{"process":{"pid":42,"uid":0,"binary":"/bin/cat"},"parent":{"pid":1},"function_name":"tcp_connect","args":[{"sock_arg":{"daddr":"10.0.0.1","dport":1}}]},"time":"2026-03-01T12:00:00Z"}"#,
    );
}
