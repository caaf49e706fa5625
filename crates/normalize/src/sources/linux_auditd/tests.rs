use expect_test::{Expect, expect};

use super::join::{OPEN_BYTES_MAX, OPEN_EVENTS_MAX};
use crate::sources::testing::shown;
use crate::{Normalizer, Options, Source};

fn check(input: &str, expected: Expect) {
    expected.assert_eq(&shown(Source::LinuxAuditd, input.as_bytes()));
}

#[test]
fn records_of_two_events_that_mix_become_two_events() {
    check(
        "type=SYSCALL msg=audit(1772360430.100:7): arch=c000003e syscall=59 success=yes exit=0 items=1 ppid=10 pid=11 auid=1000 uid=1000 euid=0 tty=pts0 ses=3 comm=\"cat\" exe=\"/usr/bin/cat\" key=\"execs\"\n\
         type=SYSCALL msg=audit(1772360430.100:8): arch=c000003e syscall=42 success=no exit=-115 ppid=1 pid=12 auid=4294967295 uid=33 euid=33 tty=(none) ses=4294967295 comm=\"sh\" exe=2F746D702F6120622F7368 key=(null)\n\
         type=EXECVE msg=audit(1772360430.100:7): argc=3 a0=\"cat\" a1_len=9 a1[0]=\"/etc/\" a1[1]=\"shad\" a2=6120B362\n\
         type=SOCKADDR msg=audit(1772360430.100:8): saddr=020001BBC63364070000000000000000\n\
         type=CWD msg=audit(1772360430.100:7): cwd=\"/root\"\n\
         type=EOE msg=audit(1772360430.100:8):\n\
         type=PROCTITLE msg=audit(1772360430.100:7): proctitle=636174002F6574632F73686164\n",
        expect![[r#"
            network_activity: Open at 2026-03-01T10:20:30.100Z
              message = connect
              metadata_event_code = SYSCALL
              status = Failure
              status_code = -115
              actor_process_pid = 12
              actor_process_parent_process_pid = 1
              actor_process_file_path = /tmp/a b/sh
              actor_process_name = sh
              actor_process_user_uid = 33
              dst_endpoint_ip = 198.51.100.7
              dst_endpoint_port = 443
              connection_info_direction_id = 2
              connection_info_direction = Outbound
              metadata_uid = 8
              device_os_name = Linux
              device_os_type_id = 200
              actor_user_uid = 33
              unmapped = {"records":[{"type":"SYSCALL","arch":"c000003e","syscall":"42","success":"no","exit":"-115","ppid":"1","pid":"12","auid":"4294967295","uid":"33","euid":"33","tty":"(none)","ses":"4294967295","comm":"sh","exe":"/tmp/a b/sh","key":"(null)"},{"type":"SOCKADDR","saddr":"020001BBC63364070000000000000000"}]}
            process_activity: Launch at 2026-03-01T10:20:30.100Z
              message = execve
              metadata_event_code = SYSCALL
              status = Success
              status_code = 0
              process_pid = 11
              process_parent_process_pid = 10
              process_file_path = /usr/bin/cat
              process_name = cat
              process_cmd_line = cat /etc/shad a �b
              process_working_directory = /root
              process_user_uid = 0
              actor_process_pid = 10
              metadata_uid = 7
              device_os_name = Linux
              device_os_type_id = 200
              actor_user_uid = 1000
              actor_session_uid = 3
              actor_session_terminal = pts0
              metadata_labels = execs
              unmapped = {"records":[{"type":"SYSCALL","arch":"c000003e","syscall":"59","success":"yes","exit":"0","items":"1","ppid":"10","pid":"11","auid":"1000","uid":"1000","euid":"0","tty":"pts0","ses":"3","comm":"cat","exe":"/usr/bin/cat","key":"execs"},{"type":"EXECVE","argc":"3","a0":"cat","a1_len":"9","a1":"/etc/shad","a2":"a �b"},{"type":"CWD","cwd":"/root"},{"type":"PROCTITLE","proctitle":"cat /etc/shad"}]}
        "#]],
    );
}

#[test]
fn a_renamed_file_has_both_of_its_paths() {
    check(
        "node=web1 type=SYSCALL msg=audit(1772360430.100:9): arch=c000003e syscall=82 success=yes exit=0 ppid=1 pid=12 auid=0 uid=0 euid=0 comm=\"mv\" exe=\"/usr/bin/mv\" key=6B657931016B657932\x1dARCH=x86_64 SYSCALL=rename AUID=\"root\" UID=\"root\" EUID=\"root\"\n\
         node=web1 type=CWD msg=audit(1772360430.100:9): cwd=\"/etc\"\n\
         node=web1 type=PATH msg=audit(1772360430.100:9): item=0 name=\"/etc/\" nametype=PARENT\n\
         node=web1 type=PATH msg=audit(1772360430.100:9): item=1 name=\"passwd\" nametype=DELETE\n\
         node=web1 type=PATH msg=audit(1772360430.100:9): item=2 name=\"/tmp/p\" nametype=CREATE\n",
        expect![[r#"
            file_activity: Rename at 2026-03-01T10:20:30.100Z
              message = rename
              metadata_event_code = SYSCALL
              status = Success
              status_code = 0
              actor_process_pid = 12
              actor_process_parent_process_pid = 1
              actor_process_file_path = /usr/bin/mv
              actor_process_name = mv
              actor_process_working_directory = /etc
              actor_process_user_uid = 0
              actor_process_user_name = root
              file_result_name = p
              file_result_path = /tmp/p
              file_name = passwd
              file_path = /etc/passwd
              metadata_uid = 9
              device_os_name = Linux
              device_os_type_id = 200
              device_hostname = web1
              actor_user_uid = 0
              actor_user_name = root
              metadata_labels = key1 | key2
              unmapped = {"records":[{"type":"SYSCALL","arch":"c000003e","syscall":"82","success":"yes","exit":"0","ppid":"1","pid":"12","auid":"0","uid":"0","euid":"0","comm":"mv","exe":"/usr/bin/mv","key":"key1\u0001key2","ARCH":"x86_64","SYSCALL":"rename","AUID":"root","UID":"root","EUID":"root"},{"type":"CWD","cwd":"/etc"},{"type":"PATH","item":"0","name":"/etc/","nametype":"PARENT"},{"type":"PATH","item":"1","name":"passwd","nametype":"DELETE"},{"type":"PATH","item":"2","name":"/tmp/p","nametype":"CREATE"}]}
        "#]],
    );
}

#[test]
fn what_users_do_is_of_the_class_of_its_type() {
    check(
        "type=USER_LOGIN msg=audit(1772360430.1:1): pid=1 uid=0 auid=4294967295 ses=4294967295 msg='op=login acct=28696E76616C6964207573657229 exe=\"/usr/sbin/sshd\" hostname=? addr=198.51.100.7 terminal=sshd res=failed'\n\
         type=USER_START msg=audit(1170021601.344:297): user pid=13015 uid=0 auid=0 msg='PAM: session open acct=root : exe=\"/usr/sbin/crond\" (hostname=web1, addr=?, terminal=cron res=success)'\n\
         type=ADD_USER msg=audit(1772360430.1:3): pid=1 uid=0 auid=0 ses=1 msg='op=adding user acct=\"eve\" exe=\"/usr/sbin/useradd\" hostname=web1 addr=? terminal=pts/0 res=success'\n\
         type=USER_CMD msg=audit(1772360430.1:4): pid=1 uid=1000 auid=1000 ses=1 msg='cwd=\"/\" cmd=2F62696E2F6C73202D6C terminal=pts/0 res=success'\n\
         type=LOGIN msg=audit(1772360430.1:5): login pid=13015 uid=0 old auid=4294967295 new auid=1000\n",
        expect![[r#"
            authentication: Logon at 2026-03-01T10:20:30.100Z
              metadata_event_code = USER_LOGIN
              message = login
              status = Failure
              actor_process_pid = 1
              actor_process_file_path = /usr/sbin/sshd
              actor_process_name = sshd
              actor_process_user_uid = 0
              user_name = (invalid user)
              src_endpoint_ip = 198.51.100.7
              service_name = sshd
              is_remote = true
              metadata_uid = 1
              device_os_name = Linux
              device_os_type_id = 200
              actor_user_uid = 0
              actor_session_terminal = sshd
              unmapped = {"records":[{"type":"USER_LOGIN","pid":"1","uid":"0","auid":"4294967295","ses":"4294967295","op":"login","acct":"(invalid user)","exe":"/usr/sbin/sshd","hostname":"?","addr":"198.51.100.7","terminal":"sshd","res":"failed"}]}
            authentication: Logon at 2007-01-28T22:00:01.344Z
              metadata_event_code = USER_START
              status = Success
              actor_process_pid = 13015
              actor_process_file_path = /usr/sbin/crond
              actor_process_name = crond
              actor_process_user_uid = 0
              user_name = root
              src_endpoint_hostname = web1
              service_name = crond
              is_new_logon = true
              metadata_uid = 297
              device_os_name = Linux
              device_os_type_id = 200
              actor_user_uid = 0
              actor_session_terminal = cron
              unmapped = {"records":[{"type":"USER_START","pid":"13015","uid":"0","auid":"0","acct":"root","exe":"/usr/sbin/crond","hostname":"web1","addr":"?","terminal":"cron","res":"success"}]}
            account_change: Create at 2026-03-01T10:20:30.100Z
              metadata_event_code = ADD_USER
              message = adding user
              status = Success
              actor_process_pid = 1
              actor_process_file_path = /usr/sbin/useradd
              actor_process_name = useradd
              actor_process_user_uid = 0
              user_name = eve
              src_endpoint_hostname = web1
              metadata_uid = 3
              device_os_name = Linux
              device_os_type_id = 200
              actor_user_uid = 0
              actor_session_uid = 1
              actor_session_terminal = pts/0
              unmapped = {"records":[{"type":"ADD_USER","pid":"1","uid":"0","auid":"0","ses":"1","op":"adding user","acct":"eve","exe":"/usr/sbin/useradd","hostname":"web1","addr":"?","terminal":"pts/0","res":"success"}]}
            process_activity: Launch at 2026-03-01T10:20:30.100Z
              metadata_event_code = USER_CMD
              status = Success
              actor_process_pid = 1
              actor_process_working_directory = /
              actor_process_user_uid = 1000
              process_cmd_line = /bin/ls -l
              process_working_directory = /
              process_name = ls
              metadata_uid = 4
              device_os_name = Linux
              device_os_type_id = 200
              actor_user_uid = 1000
              actor_session_uid = 1
              actor_session_terminal = pts/0
              unmapped = {"records":[{"type":"USER_CMD","pid":"1","uid":"1000","auid":"1000","ses":"1","cwd":"/","cmd":"/bin/ls -l","terminal":"pts/0","res":"success"}]}
            authentication: Logon at 2026-03-01T10:20:30.100Z
              metadata_event_code = LOGIN
              actor_process_pid = 13015
              actor_process_user_uid = 0
              user_uid = 1000
              metadata_uid = 5
              device_os_name = Linux
              device_os_type_id = 200
              actor_user_uid = 1000
              unmapped = {"records":[{"type":"LOGIN","pid":"13015","uid":"0","old-auid":"4294967295","auid":"1000"}]}
        "#]],
    );
}

#[test]
fn a_line_that_is_no_audit_record_is_a_reject() {
    check(
        "type=SYSCALL msg=audit(1772360430:1): syscall=59\nnot one\ntype=SYSCALL msg=audit(x:1): pid=1\n",
        expect![[r#"
        process_activity: syscall 59 at 2026-03-01T10:20:30.000Z
          message = syscall 59
          metadata_event_code = SYSCALL
          status = Unknown
          metadata_uid = 1
          device_os_name = Linux
          device_os_type_id = 200
          unmapped = {"records":[{"type":"SYSCALL","syscall":"59"}]}
        reject: not an audit record: it does not say type=… msg=audit(time:serial)
        reject: not an audit record: it does not say type=… msg=audit(time:serial)
    "#]],
    );
}

#[test]
fn sentinels_tables_hold_records_too() {
    check(
        "TenantId,TimeGenerated,Computer,mssg_id,AuditdMessage\n\
         t1,2026-03-01 10:20:30,web1,1772360430.1:5,\"[{'USER_END': ['pid=1', 'uid=0', \"\"msg='op=PAM:session_close\"\", 'acct=\"\"root\"\"', 'exe=\"\"/usr/bin/sudo\"\"', \"\"res=success'\"\"]}]\"\n",
        expect![[r#"
            authentication: Logoff at 2026-03-01T10:20:30.100Z
              metadata_event_code = USER_END
              message = PAM:session_close
              status = Success
              actor_process_pid = 1
              actor_process_file_path = /usr/bin/sudo
              actor_process_name = sudo
              actor_process_user_uid = 0
              user_name = root
              service_name = sudo
              metadata_uid = 5
              device_os_name = Linux
              device_os_type_id = 200
              actor_user_uid = 0
              unmapped = {"records":[{"type":"USER_END","pid":"1","uid":"0","op":"PAM:session_close","acct":"root","exe":"/usr/bin/sudo","res":"success"}]}
              device_hostname = web1
              metadata_tenant_uid = t1
        "#]],
    );
    check(
        r#"{"Computer":"web1","SyslogMessage":"type=AUOMS_EXECVE audit(1772360430.1:6): syscall=execve success=no exit=-2 pid=7 uid=1001 user=tomcat comm=\"java\" exe=\"/usr/bin/java\" key=a,b proctitle=/usr/bin/java -Dx=y"}"#,
        expect![[r#"
            process_activity: Launch at 2026-03-01T10:20:30.100Z
              message = execve
              metadata_event_code = SYSCALL
              status = Failure
              status_code = -2
              process_pid = 7
              process_file_path = /usr/bin/java
              process_name = java
              process_cmd_line = /usr/bin/java -Dx=y
              process_user_uid = 1001
              process_user_name = tomcat
              metadata_uid = 6
              device_os_name = Linux
              device_os_type_id = 200
              actor_user_uid = 1001
              actor_user_name = tomcat
              metadata_labels = a | b
              unmapped = {"records":[{"type":"AUOMS_EXECVE","syscall":"execve","success":"no","exit":"-2","pid":"7","uid":"1001","user":"tomcat","comm":"java","exe":"/usr/bin/java","key":"a,b","proctitle":"/usr/bin/java -Dx=y"}]}
              device_hostname = web1
        "#]],
    );
}

#[test]
fn the_oldest_open_events_are_ended_at_the_limits_and_none_is_lost() {
    let count = OPEN_EVENTS_MAX + 10;
    let line = |serial: usize| format!("type=SYSCALL msg=audit(1772360430.1:{serial}): syscall=59 pid=1\n");
    let mut normalizer = Normalizer::new(Source::LinuxAuditd, Options::default());
    let input: String = (0..count).map(line).collect();
    assert_eq!(normalizer.push(input.as_bytes()).records(), 10);
    // A partner that comes too late is an event of its own.
    assert_eq!(normalizer.push(line(0).as_bytes()).records(), 1);
    assert_eq!(normalizer.finish().records(), OPEN_EVENTS_MAX as u64);

    let mut normalizer = Normalizer::new(Source::LinuxAuditd, Options::default());
    let long = format!("type=SYSCALL msg=audit(1772360430.1:1): comm=\"{}\"\n", "x".repeat(1 << 20));
    let pieces = OPEN_BYTES_MAX / long.len() + 1;
    let early: u64 = (0..pieces).map(|_| normalizer.push(long.as_bytes()).records()).sum();
    assert_eq!((early, normalizer.finish().records()), (1, 0));
}
