//! What is kept out, and how to force it in.

use coldtrail_intel::{FeedFormat, Options, UrlLevel, WarningList};
use expect_test::expect;

use crate::support::{check, check_with};

const HARMFUL: &str = "10.1.2.3
192.168.0.0/24
0.0.0.0/0
1.2.0.0/7
192.0.0.0/9
127.0.0.1
224.0.0.5
255.255.255.255
::1
fe80::1
2000::/3
::/0
64:ff9b::c633:6407
com
co.uk
github.io
*.com
*.*
d41d8cd98f00b204e9800998ecf8427e
E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855
44d88612fea8a8f36de82e1278abb02f
275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f
http://192.168.1.1/x
http://localhost/x
";

#[test]
fn what_would_match_no_threat_is_rejected_with_the_reason() {
    check(
        HARMFUL,
        expect![[r#"
        text
        line 1: REJECTED 10.1.2.3 (10.1.2.3 is in 10.0.0.0/8: private addresses (RFC 1918))
        line 2: REJECTED 192.168.0.0/24 (192.168.0.0/24 overlaps 192.168.0.0/16: private addresses (RFC 1918))
        line 3: REJECTED 0.0.0.0/0 (0.0.0.0/0 is too wide: at least /8 is expected)
        line 4: REJECTED 1.2.0.0/7 (0.0.0.0/7 is too wide: at least /8 is expected)
        line 5: REJECTED 192.0.0.0/9 (192.0.0.0/9 overlaps 192.0.0.0/24: addresses of IETF protocols)
        line 6: REJECTED 127.0.0.1 (127.0.0.1 is in 127.0.0.0/8: loopback)
        line 7: REJECTED 224.0.0.5 (224.0.0.5 is in 224.0.0.0/4: multicast)
        line 8: REJECTED 255.255.255.255 (255.255.255.255 is in 240.0.0.0/4: reserved addresses and broadcast)
        line 9: REJECTED ::1 (::1 is in ::/127: the unspecified address and loopback)
        line 10: REJECTED fe80::1 (fe80::1 is in fe80::/10: link-local addresses)
        line 11: REJECTED 2000::/3 (2000::/3 is too wide: at least /20 is expected)
        line 12: REJECTED ::/0 (::/0 is too wide: at least /20 is expected)
        line 13: REJECTED 64:ff9b::c633:6407 (64:ff9b::c633:6407 is in 64:ff9b::/96: IPv4 through translation (RFC 6052))
        line 14: REJECTED com (com is a public suffix: names below it belong to whoever asks)
        line 15: REJECTED co.uk (co.uk is a public suffix: names below it belong to whoever asks)
        line 16: REJECTED github.io (github.io is a public suffix: names below it belong to whoever asks)
        line 17: REJECTED *.com (*.com covers a whole public suffix)
        line 18: REJECTED *.* (*.* is too wide: a pattern needs 4 characters that are no wildcards)
        line 19: REJECTED d41d8cd98f00b204e9800998ecf8427e (it is the hash of the empty file)
        line 20: REJECTED E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855 (it is the hash of the empty file)
        line 21: REJECTED 44d88612fea8a8f36de82e1278abb02f (it is the hash of the EICAR test file)
        line 22: REJECTED 275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f (it is the hash of the EICAR test file)
        line 23: REJECTED http://192.168.1.1/x (192.168.1.1 is in 192.168.0.0/16: private addresses (RFC 1918))
        line 24: REJECTED http://localhost/x (localhost is every machine itself)
    "#]],
    );
}

#[test]
fn forced_indicators_are_taken() {
    let options = Options { force: true, ..Options::default() };
    check_with(
        FeedFormat::Text,
        HARMFUL.as_bytes(),
        &options,
        expect![[r#"
        text
        line 1: ip 10.1.2.3
        line 2: network 192.168.0.0/24
        line 3: network 0.0.0.0/0
        line 4: network 0.0.0.0/7 original=1.2.0.0/7
        line 5: network 192.0.0.0/9
        line 6: ip 127.0.0.1
        line 7: ip 224.0.0.5
        line 8: ip 255.255.255.255
        line 9: ip ::1
        line 10: ip fe80::1
        line 11: network 2000::/3
        line 12: network ::/0
        line 13: ip 64:ff9b::c633:6407
        line 14: domain com
        line 15: domain co.uk
        line 16: domain github.io
        line 17: domain *.com pattern=yes
        line 18: domain *.* pattern=yes
        line 19: md5 d41d8cd98f00b204e9800998ecf8427e
        line 20: sha256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 original=E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855
        line 21: md5 44d88612fea8a8f36de82e1278abb02f
        line 22: sha256 275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f
        line 23: url_path http://192.168.1.1/x
        line 24: url_path http://localhost/x
    "#]],
    );
}

#[test]
fn addresses_for_documentation_are_taken_for_nothing_real_shows_them() {
    check(
        "192.0.2.1\n198.51.100.1\n203.0.113.1\n2001:db8::1\n",
        expect![[r#"
        text
        line 1: ip 192.0.2.1
        line 2: ip 198.51.100.1
        line 3: ip 203.0.113.1
        line 4: ip 2001:db8::1
    "#]],
    );
}

#[test]
fn values_on_a_warning_list_are_rejected() {
    let misp = r#"{"name": "Top sites", "type": "hostname", "version": 1, "list": ["top.example", "Other.example."], "matching_attributes": ["hostname"]}"#;
    let networks = r#"{"name": "Resolvers", "type": "cidr", "list": ["198.51.100.0/24"]}"#;
    let lines = "# ours\nmine.example\n.below.example\n203.0.113.0/24\ne3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b800\n";
    let regex = r#"{"name": "Ads", "type": "regex", "list": ["/^ads\\d+\\./i"]}"#;
    let lists = [("a", misp), ("b", networks), ("ours.txt", lines), ("c", regex)];
    let warning_lists = lists.iter().map(|(name, text)| WarningList::read(name, text.as_bytes()).unwrap()).collect();
    let options = Options { warning_lists, ..Options::default() };
    let feed = "top.example\nwww.top.example\nnottop.example\nhttp://top.example/evil\nhttps://other.example/\n198.51.100.7\n198.51.100.0/25\n198.51.101.1\nmine.example\nwww.mine.example\na.below.example\n203.0.113.9\nE3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B800\nads7.example.net\n";
    check_with(
        FeedFormat::Text,
        feed.as_bytes(),
        &options,
        expect![[r#"
        text
        line 1: REJECTED top.example (it is on the warning list "Top sites")
        line 2: REJECTED www.top.example (it is on the warning list "Top sites")
        line 3: domain nottop.example
        line 4: url_path http://top.example/evil
        line 5: REJECTED https://other.example/ (it is on the warning list "Top sites")
        line 6: REJECTED 198.51.100.7 (it is on the warning list "Resolvers")
        line 7: REJECTED 198.51.100.0/25 (it is on the warning list "Resolvers")
        line 8: ip 198.51.101.1
        line 9: REJECTED mine.example (it is on the warning list "ours.txt")
        line 10: domain www.mine.example
        line 11: REJECTED a.below.example (it is on the warning list "ours.txt")
        line 12: REJECTED 203.0.113.9 (it is on the warning list "ours.txt")
        line 13: REJECTED E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B800 (it is on the warning list "ours.txt")
        line 14: REJECTED ads7.example.net (it is on the warning list "Ads")
    "#]],
    );
}

#[test]
fn a_warning_list_that_cannot_be_read_is_named() {
    let error = |text: &str| WarningList::read("list.json", text.as_bytes()).unwrap_err().to_string();
    expect!["warning list list.json cannot be read: EOF while parsing a list at line 1 column 10"].assert_eq(&error("{\"list\": ["));
    expect![[r#"
        warning list list.json cannot be read: regex parse error:
            (
            ^
        error: unclosed group"#]]
    .assert_eq(&error(r#"{"type": "regex", "list": ["/(/"]}"#));
}

#[test]
fn indicators_that_expired_long_ago_can_be_left_out() {
    let feed = "domain,valid_until\nold.example,2025-12-31\nnew.example,2026-01-01\n";
    let options = Options { expired_before_ms: Some(1_767_139_200_000), ..Options::default() };
    check_with(
        FeedFormat::Guess,
        feed.as_bytes(),
        &options,
        expect![[r#"
        CSV
        line 2: REJECTED old.example (it expired at 2025-12-31T00:00:00.000Z)
        line 3: domain new.example until=2026-01-01T00:00:00.000Z
    "#]],
    );
    check_with(
        FeedFormat::Guess,
        feed.as_bytes(),
        &Options::default(),
        expect![[r#"
        CSV
        line 2: domain old.example until=2025-12-31T00:00:00.000Z
        line 3: domain new.example until=2026-01-01T00:00:00.000Z
    "#]],
    );
}

#[test]
fn the_level_of_urls_can_be_chosen() {
    for (url_level, expected) in [
        (
            UrlLevel::Exact,
            expect![[r#"
        text
        line 1: url_exact http://evil.example/a?b
        line 2: url_host http://evil.example/
    "#]],
        ),
        (
            UrlLevel::Host,
            expect![[r#"
        text
        line 1: url_host http://evil.example/a?b
        line 2: url_host http://evil.example/
    "#]],
        ),
    ] {
        let options = Options { url_level, ..Options::default() };
        check_with(FeedFormat::Text, b"http://evil.example/a?b\nhttp://evil.example/\n", &options, expected);
    }
}
