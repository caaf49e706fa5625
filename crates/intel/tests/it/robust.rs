//! Whatever the bytes are, nothing panics, and no entry is lost.

use coldtrail_intel::{FeedFormat, IndicatorSet, Options, read_feed};

const FORMATS: [FeedFormat; 7] =
    [FeedFormat::Guess, FeedFormat::Stix, FeedFormat::Misp, FeedFormat::OpenIoc, FeedFormat::Csv, FeedFormat::Json, FeedFormat::Text];

const FEEDS: [&str; 6] = [
    r#"{"type":"bundle","objects":[{"type":"indicator","pattern":"[ipv4-addr:value = '198.51.100.7' OR (file:name LIKE 'é%.exe' AND file:hashes.'MD5' IN ('a', 'b'))] WITHIN 3 SECONDS","valid_from":"2026-01-01T00:00:00Z","labels":["tlp:red"]},{"type":"marking-definition","id":"x","definition":{"tlp":"red"}}]}"#,
    r#"{"Event":{"info":"ä","Tag":[{"name":"tlp:amber"}],"Attribute":[{"type":"ip-dst|port","value":"198.51.100.7|443","to_ids":true},{"type":"filename|md5","value":"é.exe|d41d8cd98f00b204e9800998ecf84200","to_ids":true}]}}"#,
    r#"<ioc><definition><Indicator operator="OR"><IndicatorItem condition="is"><Context search="FileItem/FileName"/><Content>é&amp;.exe</Content></IndicatorItem></Indicator></definition></ioc>"#,
    "# \"first_seen_utc\",\"ioc_value\",\"ioc_type\"\n\"2026-01-01\", \"é.example:80\", \"domain\"\n\"x\", \"http://é.example/%41?b=*\", \"url\"\n",
    "[{\"ioc\": \"198.51.100.7\", \"ioc_type\": \"ip:port\", \"tags\": [\"é\", null, {}]}, [], 7, \"HKLM\\\\x\"]",
    "198.51.100.0/24\nhxxp://é[.]example/%4\u{200b}1\nHKU\\S-1-5-21-1\\Software\\é\nC:\\é\\a.exe\n\\\\?\\UNC\\a\\b\n%TEMP%\\é\n*é*.exe\n[2001:db8::1]:80\n1-2\n::/0\n00-1A-2B-3C-4D-5E\n",
];

fn read(format: FeedFormat, bytes: &[u8]) {
    for force in [false, true] {
        let options = Options { force, ..Options::default() };
        let Ok(feed) = read_feed(format, "feed", bytes, &options) else { continue };
        let counts = feed.counts();
        assert_eq!(counts.accepted + counts.rejected + counts.unsupported, feed.entries.len());
        let set = IndicatorSet::new(&feed.indicators);
        let _ = set.lookup_plan(100);
        for one in &feed.indicators {
            for type_id in one.kind.type_ids() {
                let mut found = Vec::new();
                set.matches(*type_id, &one.original, &mut found);
                set.matches(*type_id, &one.value, &mut found);
            }
        }
    }
}

#[test]
fn a_feed_that_is_cut_anywhere_does_not_panic() {
    for feed in FEEDS {
        for end in 0..feed.len() {
            read(FeedFormat::Guess, &feed.as_bytes()[..end]);
        }
    }
}

#[test]
fn a_feed_of_changed_bytes_does_not_panic_in_any_format() {
    let mut state = 7_u64;
    let mut random = |end: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((state >> 33) % end as u64).unwrap()
    };
    for round in 0..3000 {
        let mut bytes = FEEDS[round % FEEDS.len()].as_bytes().to_vec();
        for _ in 0..=random(4) {
            let at = random(bytes.len());
            match random(3) {
                0 => bytes[at] = b"\"\\[]{}(),.:;%*?/'\n\r\t\0\xff<>&| #-"[random(29)],
                1 => drop(bytes.remove(at)),
                _ => bytes.insert(at, bytes[random(bytes.len())]),
            }
        }
        read(FORMATS[random(FORMATS.len())], &bytes);
    }
}

#[test]
fn odd_values_of_any_type_do_not_panic() {
    let feed = read_feed(FeedFormat::Text, "feed", FEEDS[5].as_bytes(), &Options { force: true, ..Options::default() }).unwrap();
    let set = IndicatorSet::new(&feed.indicators);
    let odd = [
        "", "\\", "\\\\", "/", ".", "..", "é", "%", "%é", "http://", "http:///", "://", "[", "[]", "@", "hklm", "hku\\", "c:", "c:\\",
        "\u{0}", "::", "1.", "a\\",
    ];
    for type_id in -1..60 {
        for one in odd {
            for other in odd {
                let mut found = Vec::new();
                let value = format!("{one}{other}");
                set.matches(type_id, &value, &mut found);
                found.into_iter().for_each(|index| drop(set.needs_confirmation(index, type_id, &value)));
            }
        }
    }
}
