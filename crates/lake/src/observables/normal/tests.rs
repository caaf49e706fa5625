use expect_test::{Expect, expect};

use super::*;

fn check(kind: ObservableType, raw: &str, expected: Expect) {
    let shown: Vec<String> =
        shown_by(kind, raw).iter().map(|shown| format!("{} {}: {}", shown.type_id, shown.type_name, shown.value)).collect();
    expected.assert_eq(&shown.join("; "));
}

#[test]
fn addresses_have_one_form() {
    check(ObservableType::Ip, "198.51.100.7", expect!["2 IP Address: 198.51.100.7"]);
    check(ObservableType::Ip, "2001:0DB8:0:0::00A", expect!["2 IP Address: 2001:db8::a"]);
    check(ObservableType::Ip, "::ffff:198.51.100.7", expect!["2 IP Address: 198.51.100.7"]);
    check(ObservableType::Ip, "198.51.100.7:443", expect!["2 IP Address: 198.51.100.7"]);
    check(ObservableType::Ip, "[2001:db8::a]:443", expect!["2 IP Address: 2001:db8::a"]);
    check(ObservableType::Ip, "fe80::1%eth0", expect!["2 IP Address: fe80::1"]);
}

#[test]
fn what_should_be_an_address_and_is_none_stays_to_be_found() {
    check(ObservableType::Ip, "AWS Internal", expect!["2 IP Address: aws internal"]);
}

#[test]
fn names_of_hosts_are_in_lower_case_without_the_last_dot() {
    check(ObservableType::Hostname, "WWW.Example.COM.", expect!["1 Hostname: www.example.com"]);
    check(ObservableType::Hostname, "Bücher.Example", expect!["1 Hostname: bücher.example"]);
    check(ObservableType::Hostname, "198.51.100.7", expect!["2 IP Address: 198.51.100.7"]);
    check(ObservableType::DnsAnswer, "2001:DB8::A", expect!["2 IP Address: 2001:db8::a"]);
    check(ObservableType::DnsAnswer, "Mail.example.com.", expect!["1 Hostname: mail.example.com"]);
    check(ObservableType::DnsAnswer, "10 Mail.example.com.", expect!["1 Hostname: mail.example.com"]);
    check(ObservableType::DnsAnswer, "v=spf1 ~all", expect![""]);
    check(ObservableType::Hostname, ".", expect!["1 Hostname: ."]);
}

#[test]
fn a_url_also_shows_its_host() {
    check(
        ObservableType::Url,
        "https://user:pw@CDN.example.com:8443/A?b=C",
        expect!["6 URL String: https://user:pw@CDN.example.com:8443/A?b=C; 1 Hostname: cdn.example.com"],
    );
    check(ObservableType::Url, "http://[2001:db8::a]/x", expect!["6 URL String: http://[2001:db8::a]/x; 2 IP Address: 2001:db8::a"]);
    check(ObservableType::Url, "example.com/path", expect!["6 URL String: example.com/path; 1 Hostname: example.com"]);
    check(ObservableType::Url, "/path", expect!["6 URL String: /path"]);
}

#[test]
fn a_user_name_that_is_an_email_address_shows_both() {
    check(ObservableType::UserName, "Ann@Example.com", expect!["4 User Name: Ann@Example.com; 5 Email Address: ann@example.com"]);
    check(ObservableType::UserName, r"CORP\ann", expect![[r#"4 User Name: CORP\ann"#]]);
    check(ObservableType::UserName, "arn:aws:sts::1:assumed-role/a/b@c.d", expect!["4 User Name: arn:aws:sts::1:assumed-role/a/b@c.d"]);
    check(ObservableType::EmailAddress, "Ann@Example.com", expect!["5 Email Address: ann@example.com"]);
}

#[test]
fn hashes_and_hardware_addresses_are_in_lower_case() {
    check(ObservableType::Hash, "D41D8CD98F00B204E9800998ECF8427E", expect!["8 Hash: d41d8cd98f00b204e9800998ecf8427e"]);
    check(ObservableType::Mac, "00-1A-2B-3C-4D-5E", expect!["3 MAC Address: 00:1a:2b:3c:4d:5e"]);
}

#[test]
fn nothing_shows_nothing() {
    check(ObservableType::UserName, " ", expect![""]);
    check(ObservableType::UserName, "-", expect![""]);
}
