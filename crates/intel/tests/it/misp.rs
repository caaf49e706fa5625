//! MISP events.

use expect_test::expect;

use crate::support::check;

#[test]
fn an_event_gives_the_attributes_that_are_meant_to_be_looked_for() {
    check(
        r#"{"Event": {"uuid": "1", "info": "Snake campaign", "Tag": [{"name": "tlp:amber"}, {"name": "misp-galaxy:mitre-attack-pattern=\"PowerShell - T1059.001\""}],
"Attribute": [
 {"type": "ip-dst", "category": "Network activity", "value": "198.51.100.7", "to_ids": true, "comment": "c2", "first_seen": "2026-01-01T00:00:00+00:00", "last_seen": "2026-02-01T00:00:00+00:00"},
 {"type": "domain", "value": "context.example", "to_ids": false},
 {"type": "domain", "value": "gone.example", "to_ids": true, "deleted": true},
 {"type": "domain", "value": "odd.example"},
 {"type": "mutex", "value": "Global\\evil", "to_ids": true},
 {"type": "whatever", "value": "x", "to_ids": true},
 {"type": "ip-dst", "value": 7, "to_ids": true}
],
"Object": [{"name": "file", "Attribute": [
 {"type": "filename|sha256", "value": "a.exe|e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b800", "to_ids": "1", "Tag": [{"name": "misp:confidence-level=\"usually-confident\""}]}
]}]}}"#,
        expect![[r#"
            MISP
            line 3, Event.Attribute[0]: ip 198.51.100.7 from=2026-01-01T00:00:00.000Z until=2026-02-01T00:00:00.000Z tlp=amber attack=T1059.001 labels=misp-galaxy:mitre-attack-pattern="PowerShell - T1059.001",Network activity description="c2"
            line 4, Event.Attribute[1]: REJECTED context.example (its to_ids is false: it is context, not meant to be looked for)
            line 5, Event.Attribute[2]: REJECTED gone.example (it is deleted)
            line 6, Event.Attribute[3]: REJECTED odd.example (it has no to_ids, which says whether it is meant to be looked for)
            line 7, Event.Attribute[4]: UNSUPPORTED Global\evil (no observable holds mutexes)
            line 8, Event.Attribute[5]: UNSUPPORTED x (nothing can look for the MISP type "whatever")
            line 9, Event.Attribute[6]: REJECTED {"type": "ip-dst", "value": 7, "to_ids": true} (its type and value are not texts)
            line 12, Event.Object[0].Attribute[0]: file_name a.exe confirm=file_hash=sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b800 confidence=75 tlp=amber attack=T1059.001 labels=misp-galaxy:mitre-attack-pattern="PowerShell - T1059.001",file,misp:confidence-level="usually-confident" description="Snake campaign"
            line 12, Event.Object[0].Attribute[0]: sha256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b800 confidence=75 tlp=amber attack=T1059.001 labels=misp-galaxy:mitre-attack-pattern="PowerShell - T1059.001",file,misp:confidence-level="usually-confident" description="Snake campaign"
        "#]],
    );
}

#[test]
fn values_of_two_parts_are_split() {
    let attribute = |kind: &str, value: &str| serde_json::json!({"type": kind, "value": value, "to_ids": true});
    let attributes = [
        attribute("ip-dst|port", "198.51.100.7|443"),
        attribute("hostname|port", "evil.example|8443"),
        attribute("domain|ip", "evil.example|198.51.100.8"),
        attribute("filename|md5", "b|c.exe|d41d8cd98f00b204e9800998ecf84200"),
        attribute("filename|imphash", "d.exe|f34d5f2d4577ed6d9ceec516c1f5a744"),
        attribute("regkey|value", r"HKLM\Software\Evil\Run|C:\evil.exe"),
        attribute("ip-src|port", "198.51.100.7"),
        attribute("ip-src|port", "198.51.100.7|many"),
        attribute("ja3-fingerprint-md5", "D41D8CD98F00B204E9800998ECF84200"),
        attribute("x509-fingerprint-sha1", "DA:39:A3:EE:5E:6B:4B:0D:32:55:BF:EF:95:60:18:90:AF:D8:07:00"),
        attribute("email-src", "Mallory <mallory@evil.example>"),
        attribute("user-agent", "Evil/1.0"),
    ];
    check(
        &serde_json::json!({"response": {"Attribute": attributes}}).to_string(),
        expect![[r#"
        MISP
        line 1, response.Attribute[0]: ip 198.51.100.7 confirm=port=443
        line 1, response.Attribute[1]: domain evil.example confirm=port=8443
        line 1, response.Attribute[2]: domain evil.example
        line 1, response.Attribute[2]: ip 198.51.100.8
        line 1, response.Attribute[3]: file_name b|c.exe confirm=file_hash=md5:d41d8cd98f00b204e9800998ecf84200
        line 1, response.Attribute[3]: md5 d41d8cd98f00b204e9800998ecf84200
        line 1, response.Attribute[4]: file_name d.exe confirm=file_hash=imphash:f34d5f2d4577ed6d9ceec516c1f5a744
        line 1, response.Attribute[4]: UNSUPPORTED f34d5f2d4577ed6d9ceec516c1f5a744 (no observable holds hashes of this algorithm)
        line 1, response.Attribute[5]: registry_key hklm\software\evil\run confirm=registry_data=C:\evil.exe original=HKLM\Software\Evil\Run
        line 1, response.Attribute[6]: REJECTED 198.51.100.7 (its type is ip-src|port, but there is no | in its value)
        line 1, response.Attribute[7]: REJECTED 198.51.100.7|many ("many" is not a port)
        line 1, response.Attribute[8]: fingerprint d41d8cd98f00b204e9800998ecf84200 original=D41D8CD98F00B204E9800998ECF84200
        line 1, response.Attribute[9]: fingerprint da39a3ee5e6b4b0d3255bfef95601890afd80700 original=DA:39:A3:EE:5E:6B:4B:0D:32:55:BF:EF:95:60:18:90:AF:D8:07:00
        line 1, response.Attribute[10]: email_address mallory@evil.example original=Mallory <mallory@evil.example>
        line 1, response.Attribute[11]: user_agent Evil/1.0
    "#]],
    );
}

#[test]
fn a_manifest_says_what_to_read_instead() {
    check(
        r#"{"5a-1": {"Orgc": {"name": "X"}, "info": "An event", "timestamp": "1"}}"#,
        expect![[r#"
        error: feed feed is not a feed that can be read: it is the manifest of a MISP feed, which lists events; read the events that it names
    "#]],
    );
}
