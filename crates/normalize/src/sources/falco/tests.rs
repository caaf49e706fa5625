use expect_test::{Expect, expect};

use crate::Source;
use crate::sources::testing::shown;

fn check(input: &str, expected: Expect) {
    expected.assert_eq(&shown(Source::Falco, input.as_bytes()));
}

#[test]
fn an_alert_is_a_finding_with_the_process_as_evidence() {
    check(
        r#"{"uuid":"u1","output":"shell in a container","priority":"Critical","rule":"Terminal shell in container","time":"2026-03-01T10:20:30.558068644Z","output_fields":{"proc.name":"bash","proc.exepath":"/bin/bash","user.name":"root","fd.sip":"192.0.2.7","fd.sport":443,"container.id":"c1"},"source":"syscall","tags":["T1059","container"],"hostname":"web1"}"#,
        expect![[r#"
            detection_finding: Create at 2026-03-01T10:20:30.558Z
              severity = Critical
              metadata_event_code = Terminal shell in container
              finding_info_title = Terminal shell in container
              finding_info_analytic_name = Terminal shell in container
              finding_info_analytic_type_id = 1
              is_alert = true
              finding_info_uid = u1
              metadata_uid = u1
              message = shell in a container
              finding_info_desc = shell in a container
              metadata_log_level = Critical
              metadata_log_name = syscall
              device_hostname = web1
              metadata_labels = T1059 | container
              attacks_technique_uid = T1059
              evidences_process_name = bash
              evidences_process_file_path = /bin/bash
              evidences_actor_user_name = root
              evidences_dst_endpoint_ip = 192.0.2.7
              evidences_dst_endpoint_port = 443
              unmapped = {"output_fields":{"container.id":"c1"}}
        "#]],
    );
}
