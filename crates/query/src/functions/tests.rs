use super::geo_distance::{haversine_km, speed_kmh};
use super::network::{address, network};
use super::{domain, entropy, fang, network as net};

fn lies_in(ip: &str, within: &str) -> bool {
    let within = network(within).expect("the test's network can be read");
    address(ip).is_some_and(|ip| within.contains(&ip))
}

#[test]
fn a_network_holds_its_first_and_last_address_and_no_other() {
    assert!(lies_in("10.0.0.0", "10.0.0.0/8"));
    assert!(lies_in("10.255.255.255", "10.0.0.0/8"));
    assert!(!lies_in("11.0.0.0", "10.0.0.0/8"));
    assert!(lies_in("2001:db8:ffff::1", "2001:db8::/32"));
    assert!(!lies_in("2001:db9::1", "2001:db8::/32"));
    assert!(lies_in("203.0.113.9", "0.0.0.0/0"));
    assert!(!lies_in("2001:db8::1", "0.0.0.0/0"));
}

#[test]
fn a_network_may_be_one_address_or_have_bits_of_the_host() {
    assert!(lies_in("192.0.2.1", "192.0.2.1"));
    assert!(!lies_in("192.0.2.2", "192.0.2.1"));
    assert!(lies_in("10.9.9.9", "10.1.2.3/8"));
    assert!(lies_in("2001:db8::1", "2001:db8::1"));
}

#[test]
fn ipv4_inside_ipv6_is_that_ipv4_address_on_both_sides() {
    assert!(lies_in("::ffff:10.0.0.1", "10.0.0.0/8"));
    assert!(lies_in("10.0.0.1", "::ffff:10.0.0.0/104"));
    assert!(lies_in("10.0.0.1", "::ffff:10.0.0.1"));
    assert!(!lies_in("11.0.0.1", "::ffff:10.0.0.0/104"));
    assert!(net::is_private("::ffff:10.0.0.1"));
    assert!(!net::is_private("::ffff:8.8.8.8"));
}

#[test]
fn text_that_is_no_network_is_not_one() {
    for text in ["", "10.0.0.0/33", "10.0.0/8", "example.com", "10.0.0.0/-1", "2001:db8::/129", "10.0.0.0/8/8"] {
        assert!(network(text).is_none(), "{text}");
    }
}

#[test]
fn private_addresses_are_those_that_are_not_routed() {
    let private = [
        "10.0.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "127.0.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "100.127.255.255",
        "0.0.0.0",
        "::1",
        "::",
        "fc00::1",
        "fd12::1",
        "fe80::1",
    ];
    let routed = ["8.8.8.8", "172.32.0.1", "100.128.0.1", "100.63.255.255", "192.169.0.1", "2606:4700::1111", "224.0.0.1"];
    private.iter().for_each(|ip| assert!(net::is_private(ip), "{ip}"));
    routed.iter().for_each(|ip| assert!(!net::is_private(ip), "{ip}"));
    ["", "ec2.amazonaws.com", "10.0.0", "10.0.0.1/8"].iter().for_each(|text| assert!(!net::is_private(text), "{text}"));
}

#[test]
fn refanging_makes_indicators_whole() {
    for (defanged, whole) in [
        ("hxxps://evil[.]example/a[.]txt", "https://evil.example/a.txt"),
        ("HXXP://evil(.)example", "http://evil.example"),
        ("fxp://evil{.}example", "ftp://evil.example"),
        ("evil[dot]example", "evil.example"),
        ("evil[DOT]example", "evil.example"),
        ("evil[.example", "evil.example"),
        ("192[.]0[.]2[.]1", "192.0.2.1"),
        ("2001[:]db8[:][:]1", "2001:db8::1"),
        ("bob[@]evil[.]example", "bob@evil.example"),
        ("bob[at]evil.example", "bob@evil.example"),
        ("hxxps[://]evil[.]example", "https://evil.example"),
        ("https://whole.example/[1]", "https://whole.example/[1]"),
        ("http://[2001:db8::1]/", "http://[2001:db8::1]/"),
        ("", ""),
    ] {
        assert_eq!(fang::refang(defanged), whole, "{defanged}");
    }
}

#[test]
fn defanging_can_be_undone_and_done_twice() {
    for (whole, defanged) in [
        ("https://evil.example/a.txt?b=c.d", "hxxps://evil[.]example/a.txt?b=c.d"),
        ("http://bob@evil.example:8080/", "hxxp://bob[@]evil[.]example:8080/"),
        ("evil.example", "evil[.]example"),
        ("192.0.2.1", "192[.]0[.]2[.]1"),
        ("2001:db8::1", "2001[:]db8[:][:]1"),
        ("bob@evil.example", "bob[@]evil[.]example"),
        ("ssh://evil.example", "ssh://evil[.]example"),
        ("grüße.example", "grüße[.]example"),
        ("", ""),
    ] {
        assert_eq!(fang::defang(whole), defanged);
        assert_eq!(fang::defang(defanged), defanged);
        assert_eq!(fang::refang(defanged), whole);
    }
}

#[test]
fn the_registered_domain_is_one_label_more_than_the_suffix() {
    for (host, registered) in [
        ("cdn.eu.example.co.uk", Some("example.co.uk")),
        ("Example.COM.", Some("example.com")),
        ("example.com:8443", Some("example.com")),
        ("https://a.b.example.com:443/x?y#z", Some("example.com")),
        ("https://user@www.example.org/", Some("example.org")),
        ("www.食狮.公司.cn", Some("食狮.公司.cn")),
        ("www.xn--85x722f.xn--55qx5d.cn", Some("xn--85x722f.xn--55qx5d.cn")),
        ("a.corp.internal", Some("corp.internal")),
        ("com", None),
        ("co.uk", None),
        ("localhost", None),
        ("192.0.2.1", None),
        ("http://[2001:db8::1]/", None),
        ("2001:db8::1", None),
        ("", None),
    ] {
        assert_eq!(domain::registered(host).as_deref(), registered, "{host}");
    }
}

#[test]
fn entropy_grows_with_the_number_of_different_characters() {
    assert_eq!(entropy::shannon(""), 0.0);
    assert_eq!(entropy::shannon("aaaa"), 0.0);
    assert_eq!(entropy::shannon("ab"), 1.0);
    assert_eq!(entropy::shannon("abcd"), 2.0);
    assert_eq!(entropy::shannon("äöüß"), 2.0);
    assert!(entropy::shannon("x3k9qz7vj1w8") > entropy::shannon("mailserver"));
    assert!(entropy::shannon("aaaa").is_sign_positive());
}

#[test]
fn distances_follow_the_great_circle() {
    // One degree of a great circle is 111.195 km, half of the earth's circumference 20015.1 km.
    for (from, to, expected) in [
        ((0.0, 0.0), (0.0, 1.0), 111.195),
        ((0.0, 0.0), (1.0, 0.0), 111.195),
        ((60.0, 0.0), (60.0, 1.0), 55.597),
        ((0.0, 179.5), (0.0, -179.5), 111.195),
        ((90.0, 0.0), (-90.0, 0.0), 20_015.1),
        ((12.5, 40.0), (-12.5, -140.0), 20_015.1),
        ((52.52, 13.405), (48.8566, 2.3522), 877.5),
        ((52.52, 13.405), (52.52, 13.405), 0.0),
        ((90.0, 10.0), (90.0, -170.0), 0.0),
    ] {
        let found = haversine_km(from.0, from.1, to.0, to.1);
        assert!((found - expected).abs() < 0.1, "{from:?} to {to:?}: {found}");
        assert!((found - haversine_km(to.0, to.1, from.0, from.1)).abs() < 1e-6, "{from:?} to {to:?}");
    }
}

#[test]
fn no_time_between_two_places_is_infinitely_fast() {
    assert_eq!(speed_kmh(900.0, 3_600_000_000_000), 900.0);
    assert_eq!(speed_kmh(900.0, 0), f64::INFINITY);
    assert_eq!(speed_kmh(0.0, 0), 0.0);
    assert!(speed_kmh(1.0, u128::from(u64::MAX)).is_finite());
}
