//! Events of which there is only the text that Windows shows to people.

use expect_test::expect;

use super::check;
use crate::{Source, detect};

const CLASSIC: &str = "03/12/2026 10:48:14 AM\nLogName=Security\nSourceName=Microsoft Windows security auditing.\nEventCode=4625\nEventType=0\nType=Information\nComputerName=dc1.example.test\nTaskCategory=Logon\nRecordNumber=7\nKeywords=Audit Failure\nMessage=An account failed to log on.\n\nSubject:\n\tSecurity ID:\t\tNULL SID\n\tAccount Name:\t\t-\n\nLogon Type:\t\t\t3\n\nAccount For Which Logon Failed:\n\tSecurity ID:\t\tNULL SID\n\tAccount Name:\t\tada\n\tAccount Domain:\t\tEXAMPLE\n\nFailure Information:\n\tFailure Reason:\t\tUnknown user name or bad password.\n\tStatus:\t\t\t0xC000006D\n\tSub Status:\t\t0xC000006A\n\nNetwork Information:\n\tWorkstation Name:\tWS1\n\tSource Network Address:\t192.0.2.7\n\tSource Port:\t\t41974\n";

#[test]
fn classic_text_of_splunk_is_read_like_any_other_form() {
    check(
        CLASSIC,
        expect![[r#"
        authentication
          time = 1773312494000
          activity_name = Logon
          severity = Low
          metadata_event_code = 4625
          device_hostname = dc1.example.test
          message = An account failed to log on.

        Subject:
        	Security ID:		NULL SID
        	Account Name:		-

        Logon Type:			3

        Account For Which Logon Failed:
        	Security ID:		NULL SID
        	Account Name:		ada
        	Account Domain:		EXAMPLE

        Failure Information:
        	Failure Reason:		Unknown user name or bad password.
        	Status:			0xC000006D
        	Sub Status:		0xC000006A

        Network Information:
        	Workstation Name:	WS1
        	Source Network Address:	192.0.2.7
        	Source Port:		41974
          device_domain = example.test
          status = Failure
          user_name = ada
          user_domain = EXAMPLE
          logon_type_id = 3
          logon_type = Network
          is_remote = true
          src_endpoint_ip = 192.0.2.7
          src_endpoint_port = 41974
          src_endpoint_hostname = WS1
          status_detail = User logon with misspelled or bad password
          status_code = 0xc000006d
          unmapped = {"EventType":"0","EventLevelName":"Information","ComputerName":"dc1.example.test","TaskCategory":"Logon","RecordNumber":"7","Keywords":"Audit Failure","Message":"An account failed to log on.\n\nSubject:\n\tSecurity ID:\t\tNULL SID\n\tAccount Name:\t\t-\n\nLogon Type:\t\t\t3\n\nAccount For Which Logon Failed:\n\tSecurity ID:\t\tNULL SID\n\tAccount Name:\t\tada\n\tAccount Domain:\t\tEXAMPLE\n\nFailure Information:\n\tFailure Reason:\t\tUnknown user name or bad password.\n\tStatus:\t\t\t0xC000006D\n\tSub Status:\t\t0xC000006A\n\nNetwork Information:\n\tWorkstation Name:\tWS1\n\tSource Network Address:\t192.0.2.7\n\tSource Port:\t\t41974","LogonType":"3","TargetUserName":"ada","TargetDomainName":"EXAMPLE","FailureReason":"Unknown user name or bad password.","Status":"0xC000006D","SubStatus":"0xC000006A","WorkstationName":"WS1","IpAddress":"192.0.2.7","IpPort":"41974"}
    "#]],
    );
}

#[test]
fn classic_text_is_recognised_by_its_first_two_lines() {
    assert_eq!(detect(CLASSIC.as_bytes(), "x.log"), Some(Source::WindowsEvent));
    assert_eq!(detect(b"03/12/2026 10:48:14 AM\nhello", "x.log"), None);
}

#[test]
fn an_event_of_nxlog_without_data_is_filled_from_its_message() {
    check(
        r#"{"EventTime":"2026-03-01 12:00:00","Hostname":"fs1.example.test","EventID":551,"SourceName":"Microsoft-Windows-SMBServer","Channel":"Microsoft-Windows-SMBServer/Security","Message":"SMB Session Authentication Failure\r\n\r\nClient Name: \\\\192.0.2.7\r\nClient Address: 192.0.2.7:41760\r\nUser Name: \r\n"}"#,
        expect![[r#"
            event_log_activity
              time = 1772366400000
              activity_name = Unknown
              severity = Informational
              metadata_event_code = 551
              device_hostname = fs1.example.test
              message = SMB Session Authentication Failure\r
            \r
            Client Name: \\192.0.2.7\r
            Client Address: 192.0.2.7:41760\r
            User Name: \r

              device_domain = example.test
              src_endpoint_ip = 192.0.2.7
              src_endpoint_port = 41760
              log_name = Microsoft-Windows-SMBServer/Security
              log_provider = Microsoft-Windows-SMBServer
        "#]],
    );
}

#[test]
fn a_policy_server_authenticates_whom_it_lets_in() {
    check(
        r#"{"EventTime":"2026-03-01 12:00:00","EventType":"AUDIT_FAILURE","EventID":6273,"SourceName":"Microsoft-Windows-Security-Auditing","Channel":"Security","SubjectUserSid":"S-1-5-21-1-2-3-1105","SubjectUserName":"ada","SubjectDomainName":"EXAMPLE","CallingStationID":"192.0.2.7","NASIPv4Address":"10.0.0.1","NASIdentifier":"-","AuthenticationType":"EAP","ReasonCode":"16","Reason":"Authentication failed."}"#,
        expect![[r#"
            authentication
              time = 1772366400000
              activity_name = Logon
              severity = Low
              metadata_event_code = 6273
              status = Failure
              user_type_id = 1
              user_type = User
              user_name = ada
              user_domain = EXAMPLE
              user_uid = S-1-5-21-1-2-3-1105
              src_endpoint_ip = 192.0.2.7
              dst_endpoint_ip = 10.0.0.1
              status_code = 16
              status_detail = Authentication failed.
              auth_protocol_id = 99
              auth_protocol = EAP
              is_remote = true
              unmapped = {"EventType":"AUDIT_FAILURE"}
        "#]],
    );
}

#[test]
fn a_logon_of_a_special_group_is_user_access() {
    check(
        r#"{"winlog":{"channel":"Security","provider_name":"Microsoft-Windows-Security-Auditing","event_id":4964,"time_created":"2026-03-01T12:00:00Z","event_data":{"SubjectUserSid":"S-1-5-18","SubjectUserName":"DC1$","TargetUserName":"root","TargetUserSid":"S-1-5-21-1-2-3-500","SidList":"\n\t\t%{S-1-5-21-1-2-3-519}\n\t\t%{S-1-5-21-1-2-3-512}"}}}"#,
        expect![[r#"
            user_access
              time = 1772366400000
              activity_name = Assign Privileges
              severity = Informational
              metadata_event_code = 4964
              actor_user_type_id = 3
              actor_user_type = System
              actor_user_name = DC1$
              actor_user_uid = S-1-5-18
              user_type_id = 2
              user_type = Admin
              user_name = root
              user_uid = S-1-5-21-1-2-3-500
              privileges = S-1-5-21-1-2-3-519 | S-1-5-21-1-2-3-512
              status = Success
        "#]],
    );
}

#[test]
fn who_asks_for_a_certificate_has_acted() {
    check(
        r#"{"EventTime":"2026-03-01 12:00:00","EventID":4886,"SourceName":"Microsoft-Windows-Security-Auditing","Channel":"Security","RequestId":"9","Requester":"EXAMPLE\\ada"}"#,
        expect![[r#"
            event_log_activity
              time = 1772366400000
              activity_name = Unknown
              severity = Informational
              metadata_event_code = 4886
              actor_user_name = ada
              actor_user_domain = EXAMPLE
              log_name = Security
              log_provider = Microsoft-Windows-Security-Auditing
              unmapped = {"RequestId":"9"}
        "#]],
    );
}
