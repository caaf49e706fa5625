//! What indicators match.

use coldtrail_intel::{FeedFormat, IndicatorSet, Options, UrlLevel, read_feed};
use expect_test::{Expect, expect};

use crate::support::matches;

/// Checks what each observable matches of a feed.
fn check(feed: &str, observables: &[(i32, &str)], expected: Expect) {
    let feed = read_feed(FeedFormat::Guess, "feed", feed.as_bytes(), &Options::default()).unwrap();
    let set = IndicatorSet::new(&feed.indicators);
    let shown: String = observables
        .iter()
        .map(|(type_id, value)| format!("{type_id} {value}: {}\n", matches(&set, &feed.indicators, *type_id, value).join("; ")))
        .collect();
    expected.assert_eq(&shown);
}

#[test]
fn a_domain_matches_itself_and_what_is_below_it_at_the_border_of_a_label() {
    check(
        "evil.example\nbücher.example\n",
        &[
            (1, "evil.example"),
            (1, "www.evil.example"),
            (1, "notevil.example"),
            (1, "evil.example.org"),
            (1, "example"),
            (1, "xn--bcher-kva.example"),
            (1, "www.bücher.example"),
            (1, "EVIL.example."),
            (2, "evil.example"),
            (7, "evil.example"),
        ],
        expect![[r#"
            1 evil.example: evil.example
            1 www.evil.example: evil.example
            1 notevil.example: 
            1 evil.example.org: 
            1 example: 
            1 xn--bcher-kva.example: xn--bcher-kva.example
            1 www.bücher.example: xn--bcher-kva.example
            1 EVIL.example.: evil.example
            2 evil.example: evil.example
            7 evil.example: 
        "#]],
    );
}

#[test]
fn a_wildcard_matches_only_what_is_below() {
    check(
        "*.evil.example\nupdate*.evil.net\n",
        &[(1, "evil.example"), (1, "a.b.evil.example"), (1, "update7.evil.net"), (1, "x.update.evil.net"), (1, "evil.net")],
        expect![[r#"
        1 evil.example: 
        1 a.b.evil.example: *.evil.example
        1 update7.evil.net: update*.evil.net
        1 x.update.evil.net: 
        1 evil.net: 
    "#]],
    );
}

#[test]
fn networks_match_up_to_their_borders_and_all_that_hold_an_address_are_found() {
    check(
        "198.51.100.0/24\n198.51.100.128/25\n198.51.100.255\n198.51.96.0/20\n2001:db8:5::/48\n2001:db8:5::a\n::ffff:203.0.113.0/120\n",
        &[
            (2, "198.51.99.255"),
            (2, "198.51.100.0"),
            (2, "198.51.100.127"),
            (2, "198.51.100.128"),
            (2, "198.51.100.255"),
            (2, "198.51.101.0"),
            (2, "198.51.112.0"),
            (2, "2001:db8:4:ffff:ffff:ffff:ffff:ffff"),
            (2, "2001:db8:5::"),
            (2, "2001:db8:5::a"),
            (2, "2001:db8:5:ffff:ffff:ffff:ffff:ffff"),
            (2, "2001:db8:6::"),
            (2, "203.0.113.9"),
            (2, "::ffff:203.0.113.9"),
            (1, "198.51.100.0"),
        ],
        expect![[r#"
            2 198.51.99.255: 198.51.96.0/20
            2 198.51.100.0: 198.51.100.0/24; 198.51.96.0/20
            2 198.51.100.127: 198.51.100.0/24; 198.51.96.0/20
            2 198.51.100.128: 198.51.100.0/24; 198.51.100.128/25; 198.51.96.0/20
            2 198.51.100.255: 198.51.100.0/24; 198.51.100.128/25; 198.51.100.255; 198.51.96.0/20
            2 198.51.101.0: 198.51.96.0/20
            2 198.51.112.0: 
            2 2001:db8:4:ffff:ffff:ffff:ffff:ffff: 
            2 2001:db8:5::: 2001:db8:5::/48
            2 2001:db8:5::a: 2001:db8:5::/48; 2001:db8:5::a
            2 2001:db8:5:ffff:ffff:ffff:ffff:ffff: 2001:db8:5::/48
            2 2001:db8:6::: 
            2 203.0.113.9: 203.0.113.0/24
            2 ::ffff:203.0.113.9: 203.0.113.0/24
            1 198.51.100.0: 
        "#]],
    );
}

#[test]
fn an_address_with_a_port_is_to_be_confirmed() {
    check(
        "198.51.100.7:443\n198.51.100.7:8443\nevil.example:53\n",
        &[(2, "198.51.100.7"), (1, "www.evil.example")],
        expect![[r#"
        2 198.51.100.7: 198.51.100.7 if port=443; 198.51.100.7 if port=8443
        1 www.evil.example: evil.example if port=53
    "#]],
    );
}

#[test]
fn urls_match_by_host_and_path_or_by_host_if_there_is_no_more() {
    check(
        "http://evil.example/a.exe\nhttp://198.51.100.7:8080/bin.sh\nhttp://host.example/\nhttps://q.example/gate.php?id=1\n",
        &[
            (6, "http://evil.example/a.exe"),
            (6, "HTTPS://user:pw@Evil.Example:8443/x/../a%2Eexe?b=c#d"),
            (6, "evil.example/a.exe"),
            (6, "http://evil.example/A.exe"),
            (6, "http://evil.example/a.exe.txt"),
            (6, "http://notevil.example/a.exe"),
            (6, "http://www.evil.example/a.exe"),
            (6, "http://198.51.100.7:8080/bin.sh"),
            (6, "http://3325256711/bin.sh"),
            (6, "http://host.example/any"),
            (1, "host.example"),
            (1, "www.host.example"),
            (6, "https://q.example/gate.php"),
            (6, "/a.exe"),
            (6, "not a url"),
            (6, ""),
        ],
        expect![[r#"
            6 http://evil.example/a.exe: http://evil.example/a.exe
            6 HTTPS://user:pw@Evil.Example:8443/x/../a%2Eexe?b=c#d: http://evil.example/a.exe
            6 evil.example/a.exe: http://evil.example/a.exe
            6 http://evil.example/A.exe: 
            6 http://evil.example/a.exe.txt: 
            6 http://notevil.example/a.exe: 
            6 http://www.evil.example/a.exe: 
            6 http://198.51.100.7:8080/bin.sh: http://198.51.100.7:8080/bin.sh
            6 http://3325256711/bin.sh: http://198.51.100.7:8080/bin.sh
            6 http://host.example/any: http://host.example/
            1 host.example: http://host.example/
            1 www.host.example: 
            6 https://q.example/gate.php: https://q.example/gate.php?id=1
            6 /a.exe: 
            6 not a url: 
            6 : 
        "#]],
    );
}

#[test]
fn hashes_names_and_keys_match_in_any_case() {
    check(
        "D41D8CD98F00B204E9800998ECF8427F\nEvil.EXE\nC:\\Temp\\Evil.dll\n%APPDATA%\\Evil\\a.exe\n/tmp/evil\n\\\\server\\share\\x.dll\nHKCU\\Software\\Evil\nHKLM\\SYSTEM\\CurrentControlSet\\Services\\Evil\nAKIAIOSFODNN7EXAMPLE\nMallory@Evil.Example\n00-1a-2b-3c-4d-5e\n",
        &[
            (8, "d41d8cd98f00b204e9800998ecf8427f"),
            (8, "D41D8CD98F00B204E9800998ECF8427F"),
            (7, "evil.exe"),
            (9, "EVIL.exe"),
            (45, r"D:\x\evil.exe"),
            (45, r"D:\x\notevil.exe"),
            (45, r"c:\TEMP\evil.dll"),
            (45, r"\Device\HarddiskVolume3\Temp\evil.dll"),
            (45, r"\??\C:\Temp\evil.dll"),
            (45, r"D:\Temp\evil.dll"),
            (45, r"C:\MyTemp\evil.dll"),
            (45, r"C:\Users\ann\AppData\Roaming\Evil\a.exe"),
            (45, "/tmp/evil"),
            (45, "/var/tmp/evil"),
            (45, r"\\SERVER\share\x.dll"),
            (46, r"HKU\S-1-5-21-1-2-3-1001\Software\Evil\Config"),
            (46, r"HKU\S-1-5-21-1-2-3-1001\Software"),
            (46, r"HKCU\Software\EvilNot"),
            (46, r"HKLM\System\ControlSet001\Services\Evil\Parameters"),
            (46, r"\REGISTRY\MACHINE\SYSTEM\CurrentControlSet\Services\Evil"),
            (19, "AKIAIOSFODNN7EXAMPLE"),
            (5, "mallory@evil.example"),
            (3, "00:1a:2b:3c:4d:5e"),
            (3, "001a.2b3c.4d5e"),
        ],
        expect![[r#"
            8 d41d8cd98f00b204e9800998ecf8427f: d41d8cd98f00b204e9800998ecf8427f
            8 D41D8CD98F00B204E9800998ECF8427F: d41d8cd98f00b204e9800998ecf8427f
            7 evil.exe: evil.exe
            9 EVIL.exe: evil.exe
            45 D:\x\evil.exe: evil.exe
            45 D:\x\notevil.exe: 
            45 c:\TEMP\evil.dll: c:\temp\evil.dll
            45 \Device\HarddiskVolume3\Temp\evil.dll: c:\temp\evil.dll
            45 \??\C:\Temp\evil.dll: c:\temp\evil.dll
            45 D:\Temp\evil.dll: 
            45 C:\MyTemp\evil.dll: 
            45 C:\Users\ann\AppData\Roaming\Evil\a.exe: appdata\roaming\evil\a.exe
            45 /tmp/evil: /tmp/evil
            45 /var/tmp/evil: 
            45 \\SERVER\share\x.dll: \\server\share\x.dll
            46 HKU\S-1-5-21-1-2-3-1001\Software\Evil\Config: hkcu\software\evil
            46 HKU\S-1-5-21-1-2-3-1001\Software: hkcu\software\evil if registry_value=evil
            46 HKCU\Software\EvilNot: 
            46 HKLM\System\ControlSet001\Services\Evil\Parameters: hklm\system\currentcontrolset\services\evil
            46 \REGISTRY\MACHINE\SYSTEM\CurrentControlSet\Services\Evil: hklm\system\currentcontrolset\services\evil
            19 AKIAIOSFODNN7EXAMPLE: AKIAIOSFODNN7EXAMPLE
            5 mallory@evil.example: mallory@evil.example
            3 00:1a:2b:3c:4d:5e: 00:1a:2b:3c:4d:5e
            3 001a.2b3c.4d5e: 00:1a:2b:3c:4d:5e
        "#]],
    );
}

#[test]
fn users_match_with_and_without_their_domain() {
    check(
        "type,value\nuser_name,CORP\\Ann\nuser_name,bob\n",
        &[(4, r"corp\ann"), (4, "ann"), (4, r"OTHER\ann"), (4, r"CORP\bob"), (4, "BOB"), (31, "bob")],
        expect![[r#"
        4 corp\ann: CORP\Ann
        4 ann: CORP\Ann if user_domain=corp
        4 OTHER\ann: 
        4 CORP\bob: bob
        4 BOB: bob
        31 bob: bob
    "#]],
    );
}

#[test]
fn an_index_is_found_once_and_nothing_is_found_in_an_empty_set() {
    check(
        "hkcu\\software\\evil\nevil.exe\n*vil.example\nevil.example\nevil.example\n",
        &[(46, r"HKU\S-1-5-21-1\Software\Evil\Evil"), (45, r"C:\evil.exe\evil.exe"), (1, "evil.example.evil.example")],
        expect![[r#"
            46 HKU\S-1-5-21-1\Software\Evil\Evil: hkcu\software\evil
            45 C:\evil.exe\evil.exe: evil.exe
            1 evil.example.evil.example: *vil.example; evil.example; evil.example
        "#]],
    );
    check(
        "# nothing\n",
        &[(1, "evil.example"), (2, "198.51.100.7"), (6, "http://evil.example/"), (45, "/a"), (46, "HKLM"), (99, "")],
        expect![[r#"
            1 evil.example: 
            2 198.51.100.7: 
            6 http://evil.example/: 
            45 /a: 
            46 HKLM: 
            99 : 
        "#]],
    );
}

#[test]
fn the_level_of_a_url_says_how_much_must_be_the_same() {
    for (url_level, expected) in [
        (
            UrlLevel::Exact,
            expect![[r#"
        http://evil.example/a?b=1: http://evil.example/a?b=1
        evil.example/a?b=1: http://evil.example/a?b=1
        https://evil.example/a?b=1: 
        http://evil.example/a: 
        http://evil.example/x: 
    "#]],
        ),
        (
            UrlLevel::Path,
            expect![[r#"
        http://evil.example/a?b=1: http://evil.example/a?b=1
        evil.example/a?b=1: http://evil.example/a?b=1
        https://evil.example/a?b=1: http://evil.example/a?b=1
        http://evil.example/a: http://evil.example/a?b=1
        http://evil.example/x: 
    "#]],
        ),
        (
            UrlLevel::Host,
            expect![[r#"
        http://evil.example/a?b=1: http://evil.example/a?b=1
        evil.example/a?b=1: http://evil.example/a?b=1
        https://evil.example/a?b=1: http://evil.example/a?b=1
        http://evil.example/a: http://evil.example/a?b=1
        http://evil.example/x: http://evil.example/a?b=1
    "#]],
        ),
    ] {
        let options = Options { url_level, ..Options::default() };
        let feed = read_feed(FeedFormat::Text, "feed", b"http://evil.example/a?b=1\n", &options).unwrap();
        let set = IndicatorSet::new(&feed.indicators);
        let urls = [
            "http://evil.example/a?b=1",
            "evil.example/a?b=1",
            "https://evil.example/a?b=1",
            "http://evil.example/a",
            "http://evil.example/x",
        ];
        let shown: String = urls.iter().map(|url| format!("{url}: {}\n", matches(&set, &feed.indicators, 6, url).join("; "))).collect();
        expected.assert_eq(&shown);
    }
}

#[test]
fn paths_are_the_same_in_every_way_that_windows_writes_them() {
    check(
        "C:\\Temp\\a.exe\n\\\\server\\share\\b.exe\n%SystemRoot%\\c.exe\n",
        &[
            (45, r"c:/temp/A.EXE"),
            (45, r"C:\\Temp\\\a.exe"),
            (45, "\"C:\\Temp\\a.exe\""),
            (45, r"\\?\C:\Temp\a.exe"),
            (45, r"\Temp\a.exe"),
            (45, r"\\?\UNC\Server\share\b.exe"),
            (45, r"\??\unc\server\share\b.exe"),
            (45, r"C:\Temp\a.exe\"),
            (45, r"\SystemRoot\c.exe"),
            (45, r"D:\Windows\c.exe"),
            (45, r"\\other\share\b.exe"),
        ],
        expect![[r#"
            45 c:/temp/A.EXE: c:\temp\a.exe
            45 C:\\Temp\\\a.exe: c:\temp\a.exe
            45 "C:\Temp\a.exe": c:\temp\a.exe
            45 \\?\C:\Temp\a.exe: c:\temp\a.exe
            45 \Temp\a.exe: c:\temp\a.exe
            45 \\?\UNC\Server\share\b.exe: \\server\share\b.exe
            45 \??\unc\server\share\b.exe: \\server\share\b.exe
            45 C:\Temp\a.exe\: c:\temp\a.exe
            45 \SystemRoot\c.exe: windows\c.exe
            45 D:\Windows\c.exe: windows\c.exe
            45 \\other\share\b.exe: 
        "#]],
    );
}
