//! STIX bundles.

use expect_test::expect;

use crate::support::check;

fn check_pattern(pattern: &str, expected: expect_test::Expect) {
    let indicator = serde_json::json!({"type": "indicator", "id": "indicator--1", "pattern_type": "stix", "pattern": pattern});
    check(&indicator.to_string(), expected);
}

#[test]
fn a_bundle_gives_validity_confidence_marking_and_techniques() {
    check(
        r#"{"type":"bundle","id":"bundle--1","objects":[
{"type":"indicator","spec_version":"2.1","id":"indicator--1","name":"C2 of Snake","pattern":"[ipv4-addr:value = '198.51.100.7' OR domain-name:value = 'evil.example.com']",
 "pattern_type":"stix","valid_from":"2026-01-01T00:00:00Z","valid_until":"2026-02-01T00:00:00.5Z","confidence":80,"indicator_types":["malicious-activity"],
 "object_marking_refs":["marking-definition--f88d31f6-486f-44da-b317-01333bde0b82"],
 "kill_chain_phases":[{"kill_chain_name":"mitre-attack","phase_name":"command-and-control"},{"kill_chain_name":"lockheed-martin-cyber-kill-chain","phase_name":"actions"}]},
{"type":"attack-pattern","id":"attack-pattern--1","name":"Web Protocols","external_references":[{"source_name":"mitre-attack","external_id":"T1071.001"}]},
{"type":"malware","id":"malware--1","name":"Snake"},
{"type":"relationship","id":"relationship--1","relationship_type":"indicates","source_ref":"indicator--1","target_ref":"attack-pattern--1"},
{"type":"relationship","id":"relationship--2","relationship_type":"indicates","source_ref":"indicator--1","target_ref":"malware--1"},
{"type":"indicator","id":"indicator--2","pattern":"[ipv4-addr:value = '198.51.100.9']","pattern_type":"stix","revoked":true},
{"type":"indicator","id":"indicator--3","pattern":"rule a { condition: true }","pattern_type":"yara"},
{"type":"indicator","id":"indicator--4"},
{"type":"indicator","id":"indicator--5","pattern":"[ipv4-addr:value = ","pattern_type":"stix"}
]}"#,
        expect![[r#"
            STIX
            line 2, objects[0]: ip 198.51.100.7 from=2026-01-01T00:00:00.000Z until=2026-02-01T00:00:00.500Z confidence=80 tlp=amber attack=TA0011,T1071.001 labels=malicious-activity,lockheed-martin-cyber-kill-chain: actions,Snake description="C2 of Snake"
            line 2, objects[0]: domain evil.example.com from=2026-01-01T00:00:00.000Z until=2026-02-01T00:00:00.500Z confidence=80 tlp=amber attack=TA0011,T1071.001 labels=malicious-activity,lockheed-martin-cyber-kill-chain: actions,Snake description="C2 of Snake"
            line 10, objects[5]: REJECTED [ipv4-addr:value = '198.51.100.9'] (it is revoked)
            line 11, objects[6]: UNSUPPORTED rule a { condition: true } (its pattern is in the language "yara")
            line 12, objects[7]: REJECTED indicator--4 (it has no pattern)
            line 13, objects[8]: REJECTED [ipv4-addr:value =  (its pattern cannot be read: character 20: expected a value)
            passed over: attack-pattern ×1
            passed over: malware ×1
            passed over: relationship ×2
        "#]],
    );
}

#[test]
fn each_part_of_an_or_is_looked_for() {
    check_pattern(
        "[file:hashes.MD5 = 'D41D8CD98F00B204E9800998ECF8427F' OR file:hashes.'SHA-256' IN ('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b800', 'zz')] OR ([url:value = 'http://evil.example/it\\'s'])",
        expect![[r#"
            STIX
            line 1: md5 d41d8cd98f00b204e9800998ecf8427f original=D41D8CD98F00B204E9800998ECF8427F
            line 1: sha256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b800
            line 1: REJECTED zz ("zz" is not a hash in hexadecimal digits)
            line 1: url_path http://evil.example/it's
        "#]],
    );
    check_pattern(
        "[ipv4-addr:value ISSUBSET '198.51.100.0/24' OR domain-name:value LIKE '%.evil.example' OR file:name LIKE 'evil_%.exe']",
        expect![[r#"
        STIX
        line 1: network 198.51.100.0/24
        line 1: domain *.evil.example pattern=yes
        line 1: file_name evil?*.exe pattern=yes
    "#]],
    );
}

#[test]
fn of_an_and_only_what_tells_the_whole_is_looked_for() {
    check_pattern(
        "[file:name = 'a.exe' AND file:hashes.'SHA-1' = 'da39a3ee5e6b4b0d3255bfef95601890afd80700' AND file:size = 3]",
        expect![[r#"
            STIX
            line 1: UNSUPPORTED file:name = 'a.exe' (it is joined by AND with a hash, and the hash is looked for)
            line 1: sha1 da39a3ee5e6b4b0d3255bfef95601890afd80700
            line 1: UNSUPPORTED file:size = 3 (it is joined by AND with a hash, and the hash is looked for)
        "#]],
    );
    check_pattern(
        "[network-traffic:dst_ref.type = 'ipv4-addr' AND network-traffic:dst_ref.value = '198.51.100.7' AND network-traffic:dst_port = 8443]",
        expect![[r#"
            STIX
            line 1: ip 198.51.100.7 confirm=port=8443
        "#]],
    );
    check_pattern(
        r"[file:name = 'a.exe' AND file:parent_directory_ref.path = 'C:\\Temp']",
        expect![[r#"
        STIX
        line 1: file_path c:\temp\a.exe original=C:\Temp\a.exe
    "#]],
    );
    check_pattern(
        r"[windows-registry-key:key = 'HKEY_CURRENT_USER\\Software\\Evil' AND windows-registry-key:values[0].name = 'Run']",
        expect![[r#"
            STIX
            line 1: registry_key hkcu\software\evil\run original=HKEY_CURRENT_USER\Software\Evil\Run
        "#]],
    );
    check_pattern(
        "[ipv4-addr:value = '198.51.100.7' AND url:value = 'http://evil.example/']",
        expect![[r#"
        STIX
        line 1: UNSUPPORTED ipv4-addr:value = '198.51.100.7' AND url:value = 'http://evil.example/' (it joins comparisons by AND, which one observable cannot tell)
    "#]],
    );
}

#[test]
fn what_no_single_observable_can_tell_is_unsupported() {
    let patterns = [
        "[ipv4-addr:value = '198.51.100.7'] FOLLOWEDBY [domain-name:value = 'evil.example'] WITHIN 300 SECONDS",
        "[ipv4-addr:value = '198.51.100.7'] REPEATS 5 TIMES",
        "[ipv4-addr:value = '198.51.100.7'] START t'2026-01-01T00:00:00Z' STOP t'2026-02-01T00:00:00Z'",
        "[ipv4-addr:value != '198.51.100.7']",
        "[ipv4-addr:value NOT = '198.51.100.7']",
        "[url:value MATCHES '^http://evil']",
        "[process:command_line LIKE '%-enc%']",
        "[x-thing:value = 'a']",
    ];
    let objects: Vec<_> =
        patterns.iter().map(|pattern| serde_json::json!({"type": "indicator", "pattern_type": "stix", "pattern": pattern})).collect();
    check(
        &serde_json::json!({ "objects": objects }).to_string(),
        expect![[r#"
        STIX
        line 1, objects[0]: UNSUPPORTED [ipv4-addr:value = '198.51.100.7'] FOLLOWEDBY [domain-name:value = 'evil.example'] WITHIN 300 SECONDS (it joins several observations, which no single event can tell)
        line 1, objects[1]: UNSUPPORTED [ipv4-addr:value = '198.51.100.7'] REPEATS 5 TIMES (it counts or times observations, which no single event can tell)
        line 1, objects[2]: UNSUPPORTED [ipv4-addr:value = '198.51.100.7'] START t'2026-01-01T00:00:00Z' STOP t'2026-02-01T00:00:00Z' (it counts or times observations, which no single event can tell)
        line 1, objects[3]: UNSUPPORTED ipv4-addr:value != '198.51.100.7' (it says what must not be)
        line 1, objects[4]: UNSUPPORTED ipv4-addr:value NOT = '198.51.100.7' (it says what must not be)
        line 1, objects[5]: UNSUPPORTED url:value MATCHES '^http://evil' (it is a regular expression)
        line 1, objects[6]: UNSUPPORTED process:command_line LIKE '%-enc%' (no observable holds command lines (process:command_line))
        line 1, objects[7]: UNSUPPORTED x-thing:value = 'a' (no observable holds this property (x-thing:value))
    "#]],
    );
}
