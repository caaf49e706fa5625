use expect_test::{Expect, expect};

use crate::sources::testing::shown;
use crate::{Normalizer, Options, Source};

fn check(input: &str, expected: Expect) {
    expected.assert_eq(&shown(Source::LinuxSyslog, input.as_bytes()));
}

#[test]
fn both_forms_of_syslog_and_the_journal_are_read() {
    check(
        "<38>Mar 01 2026 10:20:30 web1 su[7]: FAILED su for root by ann\n\
         <86>1 2026-03-01T10:20:30.25Z web1.example.org sudo 99 ID47 [a@1 k=\"x]\\\"y\"] \u{feff}ann : TTY=pts/0 ; PWD=/home/ann ; USER=root ; COMMAND=/usr/bin/id -u\n\
         2026-03-01T10:20:30Z web1 CRON[5]: (root) CMD (run-parts /etc/cron.hourly)\n\
         2026-03-01T10:20:30Z web1 useradd[5]: new user: name=eve, UID=1001, GID=1001, home=/home/eve, shell=/bin/bash, from=none\n\
         2026-03-01T10:20:30Z web1 usermod[5]: add 'eve' to group 'sudo'\n\
         2026-03-01T10:20:30Z web1 systemd[1]: Stopped target Paths.\n\
         \tand more\n",
        expect![[r#"
            authentication: Account Switch at 2026-03-01T10:20:30.000Z
              message = FAILED su for root by ann
              metadata_log_provider = su
              device_hostname = web1
              actor_process_name = su
              actor_process_pid = 7
              metadata_log_name = auth
              metadata_log_level = info
              status = Failure
              user_name = root
              actor_user_name = ann
              service_name = su
            process_activity: Launch at 2026-03-01T10:20:30.250Z
              message = ann : TTY=pts/0 ; PWD=/home/ann ; USER=root ; COMMAND=/usr/bin/id -u
              metadata_log_provider = sudo
              metadata_event_code = ID47
              device_hostname = web1.example.org
              actor_process_name = sudo
              actor_process_pid = 99
              metadata_log_name = authpriv
              metadata_log_level = info
              unmapped = {"structured_data":"[a@1 k=\"x]\\\"y\"]"}
              status = Success
              actor_user_name = ann
              actor_session_terminal = pts/0
              process_working_directory = /home/ann
              process_user_name = root
              process_cmd_line = /usr/bin/id -u
              process_file_path = /usr/bin/id
              process_name = id
            scheduled_job_activity: Start at 2026-03-01T10:20:30.000Z
              message = (root) CMD (run-parts /etc/cron.hourly)
              metadata_log_provider = CRON
              device_hostname = web1
              actor_process_name = CRON
              actor_process_pid = 5
              status = Success
              actor_user_name = root
              job_user_name = root
              job_cmd_line = run-parts /etc/cron.hourly
              job_name = run-parts /etc/cron.hourly
            account_change: Create at 2026-03-01T10:20:30.000Z
              message = new user: name=eve, UID=1001, GID=1001, home=/home/eve, shell=/bin/bash, from=none
              metadata_log_provider = useradd
              device_hostname = web1
              actor_process_name = useradd
              actor_process_pid = 5
              status = Success
              user_name = eve
              user_uid = 1001
            group_management: Add User at 2026-03-01T10:20:30.000Z
              message = add 'eve' to group 'sudo'
              metadata_log_provider = usermod
              device_hostname = web1
              actor_process_name = usermod
              actor_process_pid = 5
              status = Success
              user_name = eve
              group_name = sudo
            event_log_activity: Unknown at 2026-03-01T10:20:30.000Z
              message = Stopped target Paths.
            	and more
              metadata_log_provider = systemd
              device_hostname = web1
              actor_process_name = systemd
              actor_process_pid = 1
              log_provider = systemd
              log_name = syslog
        "#]],
    );
    check(
        r#"{"__REALTIME_TIMESTAMP":"1772360430250000","_HOSTNAME":"web1","SYSLOG_IDENTIFIER":"sshd","_PID":"9","MESSAGE":"Failed password for root from 192.0.2.7 port 5 ssh2","_UID":"0"}"#,
        expect![[r#"
            authentication: Logon at 2026-03-01T10:20:30.250Z
              message = Failed password for root from 192.0.2.7 port 5 ssh2
              metadata_log_provider = sshd
              device_hostname = web1
              actor_process_name = sshd
              actor_process_pid = 9
              status = Failure
              auth_protocol_id = 99
              auth_protocol = password
              user_name = root
              src_endpoint_ip = 192.0.2.7
              src_endpoint_port = 5
              service_name = sshd
              is_remote = true
              unmapped = {"_UID":"0"}
        "#]],
    );
}

/// The time of a line, written into an object at the second time.
fn time_of(line: &str, written: &str) -> String {
    let written_ms = crate::parse::time_ms(written);
    let mut normalizer = Normalizer::new(Source::LinuxSyslog, Options { written_ms, ..Options::default() });
    normalizer.push(line.as_bytes());
    let batch = normalizer.finish();
    batch.events.first().map_or_else(|| batch.rejects[0].reason.to_string(), |(_, event)| coldtrail_model::format_ms(event.time_ms()))
}

#[test]
fn a_time_without_a_year_is_the_latest_before_the_object_was_written() {
    assert_eq!(time_of("Dec 31 23:59:59 web1 a: b", "2026-01-01T00:05:00Z"), "2025-12-31T23:59:59.000Z");
    assert_eq!(time_of("Jan  1 00:04:00 web1 a: b", "2026-01-01T00:05:00Z"), "2026-01-01T00:04:00.000Z");
    // A zone east of UTC is ahead of the clock.
    assert_eq!(time_of("Jan  1 09:04:00 web1 a: b", "2026-01-01T00:05:00Z"), "2026-01-01T09:04:00.000Z");
    assert_eq!(time_of("Feb 29 09:04:00 web1 a: b", "2026-01-01T00:05:00Z"), "2024-02-29T09:04:00.000Z");
    assert_eq!(
        time_of("Feb 30 09:04:00 web1 a: b", "2026-01-01T00:05:00Z"),
        "the field time is \"Feb 30 09:04:00 web1 a: b\", not a day of a year"
    );
    assert_eq!(time_of("Jan  1 09:04:00 web1 a: b", ""), "the field year is missing");
}
