use std::borrow::Cow;

use expect_test::{Expect, expect};
use serde_json_borrow::Value;

use super::fill;
use crate::fields::Fields;

fn check(event_id: i64, message: &str, expected: Expect) {
    let mut data = Fields::from_value(Value::Object(vec![("Message", Value::Str(Cow::Borrowed(message)))].into()));
    fill(&mut data, event_id);
    let Value::Object(members) = data.root() else { return };
    let lines: Vec<String> = members.iter().filter(|(key, _)| *key != "Message").map(|(key, value)| format!("{key} = {value}\n")).collect();
    expected.assert_eq(&lines.concat());
}

#[test]
fn subject_and_target_are_told_by_their_sections() {
    let message = "An account failed to log on.\r\n\r\nSubject:\r\n\tSecurity ID:\t\tNULL SID\r\n\tAccount Name:\t\tDC1$\r\n\r\nLogon Type:\t\t\t3\r\n\r\nAccount For Which Logon Failed:\r\n\tSecurity ID:\t\tS-1-5-21-1-2-3-1105\r\n\tAccount Name:\t\tada\r\n\tAccount Domain:\t\t-\r\n\r\nNetwork Information:\r\n\tWorkstation Name:\tWS1\r\n\tSource Network Address:\t192.0.2.7\r\n\tSource Port:\t\t41974\r\n";
    check(
        4625,
        message,
        expect![[r#"
            SubjectUserName = "DC1$"
            LogonType = "3"
            TargetUserSid = "S-1-5-21-1-2-3-1105"
            TargetUserName = "ada"
            WorkstationName = "WS1"
            IpAddress = "192.0.2.7"
            IpPort = "41974"
        "#]],
    );
}

#[test]
fn an_address_gives_up_its_port() {
    check(
        551,
        "SMB Session Authentication Failure\n\nClient Name: \\\\192.0.2.7\nClient Address: 192.0.2.7:41760\nUser Name: \n",
        expect![[r#"
            IpAddress = "192.0.2.7"
            IpPort = "41760"
        "#]],
    );
}

#[test]
fn a_value_may_stand_below_its_key() {
    check(
        2946,
        "A caller fetched a password. \r\nCaller SID: \r\nS-1-5-21-1-2-3-4 \r\nCaller IP: \r\n192.0.2.7:56914",
        expect![[r#"
            IpAddress = "192.0.2.7"
            IpPort = "56914"
        "#]],
    );
}

#[test]
fn colons_within_values_and_prose_make_no_members() {
    check(
        4663,
        "Object:\n\tObject Name:\tC:\\Temp\\a:b.txt\nNote: the following:\nC:\\Windows\n::\n",
        expect![[r#"
        ObjectName = "C:\\Temp\\a:b.txt"
    "#]],
    );
}

#[test]
fn what_the_data_says_is_not_written_over() {
    let mut data =
        Fields::from_value(Value::Object(vec![("Message", Value::from("Logon Type:\t3")), ("LogonType", Value::from("10"))].into()));
    fill(&mut data, 4624);
    assert_eq!(data.peek_text("LogonType"), Some("10"));
}
