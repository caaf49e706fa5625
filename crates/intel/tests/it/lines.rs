//! Feeds of one indicator a line.

use coldtrail_intel::{FeedFormat, Options};
use expect_test::expect;

use crate::support::{check, check_with};

#[test]
fn every_kind_is_told_by_its_form() {
    check(
        "198.51.100.7
198.51.100.8:8443
2001:DB8::A
[2001:db8::b]:443
198.51.100.128/25
198.51.101.0-198.51.101.2
Evil.Example.COM.
*.evil.example
bücher.example
http://Evil.example/a/../b?c#d
evil.example.com/path
D41D8CD98F00B204E9800998ECF8427F
da39a3ee5e6b4b0d3255bfef95601890afd80700
e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b800
Mallory@Evil.Example
00-1A-2B-3C-4D-5E
HKEY_CURRENT_USER\\Software\\Evil\\
C:\\Windows\\Temp\\Evil.exe
%APPDATA%\\Evil\\a.exe
/tmp/.x/evil
\"evil.exe\"
invoice.zip
AKIAIOSFODNN7EXAMPLE
arn:aws:iam::123456789012:user/mallory
S-1-5-21-1-2-3-1001
Mozilla/5.0 (Evil)
",
        expect![[r#"
            text
            line 1: ip 198.51.100.7
            line 2: ip 198.51.100.8 confirm=port=8443 original=198.51.100.8:8443
            line 3: ip 2001:db8::a original=2001:DB8::A
            line 4: ip 2001:db8::b confirm=port=443 original=[2001:db8::b]:443
            line 5: network 198.51.100.128/25
            line 6: network 198.51.101.0/31 original=198.51.101.0-198.51.101.2
            line 6: ip 198.51.101.2 original=198.51.101.0-198.51.101.2
            line 7: domain evil.example.com original=Evil.Example.COM.
            line 8: domain *.evil.example pattern=yes
            line 9: domain xn--bcher-kva.example original=bücher.example
            line 10: url_path http://evil.example/b?c original=http://Evil.example/a/../b?c#d
            line 11: url_path evil.example.com/path
            line 12: md5 d41d8cd98f00b204e9800998ecf8427f original=D41D8CD98F00B204E9800998ECF8427F
            line 13: sha1 da39a3ee5e6b4b0d3255bfef95601890afd80700
            line 14: sha256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b800
            line 15: email_address mallory@evil.example original=Mallory@Evil.Example
            line 16: mac 00:1a:2b:3c:4d:5e original=00-1A-2B-3C-4D-5E
            line 17: registry_key hkcu\software\evil original=HKEY_CURRENT_USER\Software\Evil\
            line 18: file_path c:\windows\temp\evil.exe original=C:\Windows\Temp\Evil.exe
            line 19: file_path appdata\roaming\evil\a.exe original=%APPDATA%\Evil\a.exe
            line 20: file_path /tmp/.x/evil
            line 21: file_name evil.exe original="evil.exe"
            line 22: domain invoice.zip
            line 22: file_name invoice.zip
            line 23: credential_uid AKIAIOSFODNN7EXAMPLE
            line 24: resource_uid arn:aws:iam::123456789012:user/mallory
            line 25: user_uid S-1-5-21-1-2-3-1001
            line 26: user_agent Mozilla/5.0 (Evil)
        "#]],
    );
}

#[test]
fn defanged_values_are_what_they_stand_for_and_keep_how_they_were_written() {
    check(
        "hxxps[:]//evil[.]example[.]com/x
198[.]51[.]100[.]7
evil(.)example(.)com
evil[dot]example{.}com
mallory[@]evil[.]example
mallory[at]evil[dot]example
hXXp://198.51.100[.]7:8080/a
e\u{200b}vil.example.com
*[.]evil[.]example
",
        expect![[r#"
            text
            line 1: url_path https://evil.example.com/x original=hxxps[:]//evil[.]example[.]com/x
            line 2: ip 198.51.100.7 original=198[.]51[.]100[.]7
            line 3: domain evil.example.com original=evil(.)example(.)com
            line 4: domain evil.example.com original=evil[dot]example{.}com
            line 5: email_address mallory@evil.example original=mallory[@]evil[.]example
            line 6: email_address mallory@evil.example original=mallory[at]evil[dot]example
            line 7: url_path http://198.51.100.7:8080/a original=hXXp://198.51.100[.]7:8080/a
            line 8: domain evil.example.com original=e<U+200B>vil.example.com
            line 9: domain *.evil.example pattern=yes original=*[.]evil[.]example
        "#]],
    );
}

#[test]
fn comments_blank_lines_a_byte_order_mark_and_crlf_are_no_entries() {
    check_with(
        FeedFormat::Guess,
        b"\xef\xbb\xbf# a comment\r\n\r\n; another\r\n// a third\r\n198.51.100.7 # c2\r\n198.51.100.0/24 ; SBL1\r\nhttp://evil.example/#a\r\n0.0.0.0 ads.example.com\r\n||evil.example^\r\n",
        &Options::default(),
        expect![[r#"
            text
            line 5: ip 198.51.100.7 description="c2"
            line 6: network 198.51.100.0/24 description="SBL1"
            line 7: url_host http://evil.example/ original=http://evil.example/#a
            line 8: domain ads.example.com
            line 9: domain evil.example
        "#]],
    );
}

#[test]
fn a_header_says_what_every_line_is() {
    check(
        "sha1\nda39a3ee5e6b4b0d3255bfef95601890afd80700\nevil.example\n",
        expect![[r#"
        text
        line 2: sha1 da39a3ee5e6b4b0d3255bfef95601890afd80700
        line 3: REJECTED evil.example ("evil.example" is not a hash in hexadecimal digits)
        passed over: header ×1
    "#]],
    );
}

#[test]
fn an_empty_feed_has_no_entries() {
    check(
        "",
        expect![[r#"
        text
    "#]],
    );
    check(
        "\n \r\n",
        expect![[r#"
        text
    "#]],
    );
}

#[test]
fn utf_16_is_read_and_other_bytes_lose_only_their_line() {
    let text = "198.51.100.7\r\nevil.example\r\n";
    let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    check_with(
        FeedFormat::Guess,
        &utf16,
        &Options::default(),
        expect![[r#"
        text
        line 1: ip 198.51.100.7
        line 2: domain evil.example
    "#]],
    );
    check_with(
        FeedFormat::Guess,
        b"evil\xff.example\n198.51.100.7\n",
        &Options::default(),
        expect![[r#"
        text
        line 1: REJECTED evil�.example (it is not UTF-8)
        line 2: ip 198.51.100.7
    "#]],
    );
}

#[test]
fn what_is_no_indicator_is_rejected_with_its_line() {
    check(
        "hello world\n999.1.1.1\n1.2.3.4/33\n1.2.3.4:99999\nevil..example\nabc123\nhttp://\n",
        expect![[r#"
        text
        line 1: REJECTED hello world ("hello world" does not look like any kind of indicator)
        line 2: REJECTED 999.1.1.1 ("999.1.1.1" is not an IP address)
        line 3: REJECTED 1.2.3.4/33 ("1.2.3.4/33" is not a network: "33" is not the length of a prefix)
        line 4: REJECTED 1.2.3.4:99999 ("1.2.3.4:99999" is not an IP address)
        line 5: REJECTED evil..example ("evil..example" does not look like any kind of indicator)
        line 6: REJECTED abc123 ("abc123" does not look like any kind of indicator)
        line 7: REJECTED http:// ("http://" is not a URL with a host)
    "#]],
    );
}
