//! What a set says to look for.

use coldtrail_intel::IndicatorSet;
use expect_test::{Expect, expect};

use crate::support::read;

fn check(feed: &str, values_max: usize, expected: Expect) {
    let plan = IndicatorSet::new(&read(feed).indicators).lookup_plan(values_max);
    let shown: String = plan
        .types
        .iter()
        .map(|one| {
            let lists = format!("values={:?} ranges={:?} suffixes={:?}", one.values, one.ranges, one.suffixes);
            format!(
                "{} {:?} {lists} bounds={:?} beyond_ascii={} scan={}\n",
                one.type_id, one.comparison, one.bounds, one.beyond_ascii, one.scan
            )
        })
        .collect();
    expected.assert_eq(&shown);
}

#[test]
fn exact_values_are_listed_by_type_with_their_bounds() {
    check(
        "198.51.100.7\n198.51.100.9\nd41d8cd98f00b204e9800998ecf84200\nAKIAIOSFODNN7EXAMPLE\nmallory@evil.example\n",
        100,
        expect![[r#"
            2 Exact values=["198.51.100.7", "198.51.100.9"] ranges=[] suffixes=[] bounds=Some(("198.51.100.7", "198.51.100.9")) beyond_ascii=false scan=false
            5 Exact values=["mallory@evil.example"] ranges=[] suffixes=[] bounds=Some(("mallory@evil.example", "mallory@evil.example")) beyond_ascii=false scan=false
            8 Exact values=["d41d8cd98f00b204e9800998ecf84200"] ranges=[] suffixes=[] bounds=Some(("d41d8cd98f00b204e9800998ecf84200", "d41d8cd98f00b204e9800998ecf84200")) beyond_ascii=false scan=false
            19 Folded values=["akiaiosfodnn7example"] ranges=[] suffixes=[] bounds=None beyond_ascii=true scan=false
        "#]],
    );
}

#[test]
fn networks_are_ranges_of_texts() {
    check(
        "198.51.100.0/24\n203.0.113.16/30\n198.51.96.0/22\n44.0.0.0/9\n2001:db8:5::/48\n2001:db8:0:1::/64\n",
        1000,
        expect![[r#"
            2 Exact values=["203.0.113.16", "203.0.113.17", "203.0.113.18", "203.0.113.19"] ranges=[("198.51.100.", "198.51.100/"), ("198.51.96.", "198.51.96/"), ("198.51.97.", "198.51.97/"), ("198.51.98.", "198.51.98/"), ("198.51.99.", "198.51.99/"), ("2001:db8:", "2001:db8;"), ("2001:db8:5:", "2001:db8:5;"), ("44.0.", "44.0/"), ("44.1.", "44.1/"), ("44.10.", "44.10/"), ("44.100.", "44.100/"), ("44.101.", "44.101/"), ("44.102.", "44.102/"), ("44.103.", "44.103/"), ("44.104.", "44.104/"), ("44.105.", "44.105/"), ("44.106.", "44.106/"), ("44.107.", "44.107/"), ("44.108.", "44.108/"), ("44.109.", "44.109/"), ("44.11.", "44.11/"), ("44.110.", "44.110/"), ("44.111.", "44.111/"), ("44.112.", "44.112/"), ("44.113.", "44.113/"), ("44.114.", "44.114/"), ("44.115.", "44.115/"), ("44.116.", "44.116/"), ("44.117.", "44.117/"), ("44.118.", "44.118/"), ("44.119.", "44.119/"), ("44.12.", "44.12/"), ("44.120.", "44.120/"), ("44.121.", "44.121/"), ("44.122.", "44.122/"), ("44.123.", "44.123/"), ("44.124.", "44.124/"), ("44.125.", "44.125/"), ("44.126.", "44.126/"), ("44.127.", "44.127/"), ("44.13.", "44.13/"), ("44.14.", "44.14/"), ("44.15.", "44.15/"), ("44.16.", "44.16/"), ("44.17.", "44.17/"), ("44.18.", "44.18/"), ("44.19.", "44.19/"), ("44.2.", "44.2/"), ("44.20.", "44.20/"), ("44.21.", "44.21/"), ("44.22.", "44.22/"), ("44.23.", "44.23/"), ("44.24.", "44.24/"), ("44.25.", "44.25/"), ("44.26.", "44.26/"), ("44.27.", "44.27/"), ("44.28.", "44.28/"), ("44.29.", "44.29/"), ("44.3.", "44.3/"), ("44.30.", "44.30/"), ("44.31.", "44.31/"), ("44.32.", "44.32/"), ("44.33.", "44.33/"), ("44.34.", "44.34/"), ("44.35.", "44.35/"), ("44.36.", "44.36/"), ("44.37.", "44.37/"), ("44.38.", "44.38/"), ("44.39.", "44.39/"), ("44.4.", "44.4/"), ("44.40.", "44.40/"), ("44.41.", "44.41/"), ("44.42.", "44.42/"), ("44.43.", "44.43/"), ("44.44.", "44.44/"), ("44.45.", "44.45/"), ("44.46.", "44.46/"), ("44.47.", "44.47/"), ("44.48.", "44.48/"), ("44.49.", "44.49/"), ("44.5.", "44.5/"), ("44.50.", "44.50/"), ("44.51.", "44.51/"), ("44.52.", "44.52/"), ("44.53.", "44.53/"), ("44.54.", "44.54/"), ("44.55.", "44.55/"), ("44.56.", "44.56/"), ("44.57.", "44.57/"), ("44.58.", "44.58/"), ("44.59.", "44.59/"), ("44.6.", "44.6/"), ("44.60.", "44.60/"), ("44.61.", "44.61/"), ("44.62.", "44.62/"), ("44.63.", "44.63/"), ("44.64.", "44.64/"), ("44.65.", "44.65/"), ("44.66.", "44.66/"), ("44.67.", "44.67/"), ("44.68.", "44.68/"), ("44.69.", "44.69/"), ("44.7.", "44.7/"), ("44.70.", "44.70/"), ("44.71.", "44.71/"), ("44.72.", "44.72/"), ("44.73.", "44.73/"), ("44.74.", "44.74/"), ("44.75.", "44.75/"), ("44.76.", "44.76/"), ("44.77.", "44.77/"), ("44.78.", "44.78/"), ("44.79.", "44.79/"), ("44.8.", "44.8/"), ("44.80.", "44.80/"), ("44.81.", "44.81/"), ("44.82.", "44.82/"), ("44.83.", "44.83/"), ("44.84.", "44.84/"), ("44.85.", "44.85/"), ("44.86.", "44.86/"), ("44.87.", "44.87/"), ("44.88.", "44.88/"), ("44.89.", "44.89/"), ("44.9.", "44.9/"), ("44.90.", "44.90/"), ("44.91.", "44.91/"), ("44.92.", "44.92/"), ("44.93.", "44.93/"), ("44.94.", "44.94/"), ("44.95.", "44.95/"), ("44.96.", "44.96/"), ("44.97.", "44.97/"), ("44.98.", "44.98/"), ("44.99.", "44.99/")] suffixes=[] bounds=Some(("198.51.100.", "44.99/")) beyond_ascii=false scan=false
        "#]],
    );
}

#[test]
fn domains_are_values_and_suffixes_in_both_writings() {
    check(
        "evil.example\nbücher.example\n*.below.example\nhttp://host.example/\n",
        100,
        expect![[r#"
            1 Exact values=["below.example", "bücher.example", "evil.example", "host.example", "xn--bcher-kva.example"] ranges=[] suffixes=[".below.example", ".bücher.example", ".evil.example", ".xn--bcher-kva.example"] bounds=None beyond_ascii=true scan=false
            2 Exact values=["below.example", "bücher.example", "evil.example", "host.example", "xn--bcher-kva.example"] ranges=[] suffixes=[".below.example", ".bücher.example", ".evil.example", ".xn--bcher-kva.example"] bounds=None beyond_ascii=true scan=false
            6 Exact values=[] ranges=[] suffixes=[] bounds=None beyond_ascii=false scan=true
        "#]],
    );
}

#[test]
fn what_is_written_in_many_ways_or_too_much_must_be_read_whole() {
    check(
        "evil.exe\nHKCU\\Software\\Evil\nhttp://evil.example/a\n198.51.100.7\n198.51.100.8\n198.51.100.9\n",
        2,
        expect![[r#"
            2 Exact values=[] ranges=[] suffixes=[] bounds=Some(("198.51.100.7", "198.51.100.9")) beyond_ascii=false scan=true
            6 Exact values=[] ranges=[] suffixes=[] bounds=None beyond_ascii=false scan=true
            7 Exact values=[] ranges=[] suffixes=[] bounds=None beyond_ascii=false scan=true
            9 Exact values=[] ranges=[] suffixes=[] bounds=None beyond_ascii=false scan=true
            45 Exact values=[] ranges=[] suffixes=[] bounds=None beyond_ascii=false scan=true
            46 Exact values=[] ranges=[] suffixes=[] bounds=None beyond_ascii=false scan=true
        "#]],
    );
}
