use expect_test::{Expect, expect};

use crate::sources::testing::shown;
use crate::{Normalizer, Options, Source};

fn check(input: &str, expected: Expect) {
    expected.assert_eq(&shown(Source::LinuxSshd, input.as_bytes()));
}

#[test]
fn a_sign_in_says_who_from_where_and_how() {
    check(
        "2026-03-01T10:20:30.5+01:00 web1 sshd[77]: Accepted publickey for ann@example.org from 192.0.2.7 port 51826 ssh2: RSA SHA256:AbpHGcgLb+k=\n\
         2026-03-01T10:20:30Z web1 sshd-session[77]: Failed password for invalid user  from 192.0.2.7 port 5 ssh2\n\
         2026-03-01T10:20:30Z web1 sshd[77]: PAM 2 more authentication failures; logname= uid=0 euid=0 tty=ssh ruser= rhost=192.0.2.7  user=root\n",
        expect![[r#"
            authentication: Logon at 2026-03-01T09:20:30.500Z
              message = Accepted publickey for ann@example.org from 192.0.2.7 port 51826 ssh2: RSA SHA256:AbpHGcgLb+k=
              metadata_log_provider = sshd
              device_hostname = web1
              actor_process_name = sshd
              actor_process_pid = 77
              status = Success
              auth_protocol_id = 99
              auth_protocol = publickey
              user_name = ann@example.org
              user_domain = example.org
              src_endpoint_ip = 192.0.2.7
              src_endpoint_port = 51826
              user_credential_uid = SHA256:AbpHGcgLb+k=
              service_name = sshd
              is_remote = true
            authentication: Logon at 2026-03-01T10:20:30.000Z
              message = Failed password for invalid user  from 192.0.2.7 port 5 ssh2
              metadata_log_provider = sshd-session
              device_hostname = web1
              actor_process_name = sshd-session
              actor_process_pid = 77
              status = Failure
              auth_protocol_id = 99
              auth_protocol = password
              src_endpoint_ip = 192.0.2.7
              src_endpoint_port = 5
              service_name = sshd-session
              is_remote = true
            authentication: Logon at 2026-03-01T10:20:30.000Z
              message = PAM 2 more authentication failures; logname= uid=0 euid=0 tty=ssh ruser= rhost=192.0.2.7  user=root
              metadata_log_provider = sshd
              device_hostname = web1
              actor_process_name = sshd
              actor_process_pid = 77
              status = Failure
              actor_user_uid = 0
              actor_session_terminal = ssh
              src_endpoint_ip = 192.0.2.7
              user_name = root
              service_name = sshd
              is_remote = true
        "#]],
    );
}

#[test]
fn a_name_that_looks_like_an_address_does_not_hide_the_true_one() {
    check(
        "2026-03-01T10:20:30Z web1 sshd[77]: Invalid user a from 10.0.0.1 port 22 from 192.0.2.7 port 5\n",
        expect![[r#"
        authentication: Logon at 2026-03-01T10:20:30.000Z
          message = Invalid user a from 10.0.0.1 port 22 from 192.0.2.7 port 5
          metadata_log_provider = sshd
          device_hostname = web1
          actor_process_name = sshd
          actor_process_pid = 77
          status = Failure
          user_name = a from 10.0.0.1 port 22
          src_endpoint_ip = 192.0.2.7
          src_endpoint_port = 5
          service_name = sshd
          is_remote = true
    "#]],
    );
}

#[test]
fn connections_are_network_activity_and_other_messages_keep_the_address() {
    check(
        "2026-03-01T10:20:30Z web1 sshd[77]: Connection closed by invalid user pi 192.0.2.7 port 42608 [preauth]\n\
         2026-03-01T10:20:30Z web1 sshd[77]: Unable to negotiate with 192.0.2.7 port 27824: no matching cipher found. Their offer: none [preauth]\n\
         2026-03-01T10:20:30Z web1 sshd[77]: Postponed keyboard-interactive for ann from 192.0.2.7 port 27824 ssh2\n",
        expect![[r#"
            network_activity: Close at 2026-03-01T10:20:30.000Z
              message = Connection closed by invalid user pi 192.0.2.7 port 42608 [preauth]
              metadata_log_provider = sshd
              device_hostname = web1
              actor_process_name = sshd
              actor_process_pid = 77
              status = Success
              actor_user_name = pi
              src_endpoint_ip = 192.0.2.7
              src_endpoint_port = 42608
              app_protocol_name = ssh
              connection_info_protocol_name = tcp
              connection_info_protocol_num = 6
            network_activity: Fail at 2026-03-01T10:20:30.000Z
              message = Unable to negotiate with 192.0.2.7 port 27824: no matching cipher found. Their offer: none [preauth]
              metadata_log_provider = sshd
              device_hostname = web1
              actor_process_name = sshd
              actor_process_pid = 77
              status = Failure
              src_endpoint_ip = 192.0.2.7
              src_endpoint_port = 27824
              status_detail = no matching cipher found. Their offer: none [preauth]
              app_protocol_name = ssh
              connection_info_protocol_name = tcp
              connection_info_protocol_num = 6
            event_log_activity: Unknown at 2026-03-01T10:20:30.000Z
              message = Postponed keyboard-interactive for ann from 192.0.2.7 port 27824 ssh2
              metadata_log_provider = sshd
              device_hostname = web1
              actor_process_name = sshd
              actor_process_pid = 77
              log_provider = sshd
              log_name = syslog
              status = Unknown
              src_endpoint_ip = 192.0.2.7
              src_endpoint_port = 27824
        "#]],
    );
}

#[test]
fn a_message_alone_is_of_the_time_at_which_the_object_was_written() {
    let count = |written_ms| {
        let mut normalizer = Normalizer::new(Source::LinuxSshd, Options { written_ms, ..Options::default() });
        normalizer.push(b" Connection closed by 192.0.2.7\n");
        normalizer.finish()
    };
    let batch = count(Some(1_772_360_430_000));
    assert_eq!((batch.events[0].1.time_ms(), batch.rejects.len()), (1_772_360_430_000, 0));
    assert_eq!(count(None).rejects[0].reason.to_string(), "the field time is missing");
}
