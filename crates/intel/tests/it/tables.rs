//! Tables: plain CSV and the feeds of abuse.ch, in CSV and JSON.

use expect_test::expect;

use crate::support::check;

#[test]
fn columns_are_told_by_their_names() {
    check(
        "type,value,valid_until,confidence,tlp,tags,comment
ip,198.51.100.7,2026-03-01,80,AMBER,\"c2,snake\",\"says \"\"hello\"\", twice\"
FileHash-SHA256,E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B800,,high,,,
domain,evil.example,tomorrow,,,,
mutex,Global\\evil,,,,,
colour,red,,,,,
md5,not a hash,,,,,
ip,,,,,,
domain,evil.example,,,,,,too,many
",
        expect![[r#"
            CSV
            line 2: ip 198.51.100.7 until=2026-03-01T00:00:00.000Z confidence=80 tlp=amber labels=c2,snake description="says \"hello\", twice"
            line 3: sha256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b800 original=E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B800 confidence=85
            line 4: domain evil.example labels=unread valid_until: tomorrow
            line 5: UNSUPPORTED Global\evil (no observable holds mutexes)
            line 6: UNSUPPORTED red (nothing can look for the kind "colour")
            line 7: REJECTED not a hash ("not a hash" is not a hash in hexadecimal digits)
            line 8: REJECTED ip,,,,,, (no column of it holds an indicator)
            line 9: REJECTED domain,evil.example,,,,,,too,many (it has 9 fields where the header has 7)
        "#]],
    );
}

#[test]
fn other_delimiters_and_unknown_headers_are_guessed() {
    check(
        "Indikator;Quelle\nevil[.]example;a\n198.51.100.7;b\nfoo;c\n",
        expect![[r#"
        CSV
        line 2: domain evil.example original=evil[.]example description="a"
        line 3: ip 198.51.100.7 description="b"
        line 4: REJECTED foo (foo is a public suffix: names below it belong to whoever asks)
        passed over: header ×1
    "#]],
    );
    check(
        "2026-01-01\t198.51.100.7\tC2 server\n2026-01-02\tevil.example\tdropper\n",
        expect![[r#"
        CSV
        line 1: ip 198.51.100.7 description="2026-01-01, C2 server"
        line 2: domain evil.example description="2026-01-02, dropper"
    "#]],
    );
    check(
        "http://evil.example/a,b\nhttp://evil.example/c\n",
        expect![[r#"
            text
            line 1: url_path http://evil.example/a,b
            line 2: url_path http://evil.example/c
        "#]],
    );
}

#[test]
fn a_quote_that_is_never_closed_loses_no_other_line() {
    check(
        "domain,comment\nevil.example,\"open\na.example,fine\nb.example,\"two\nlines\"\nc.example,\"\"\nd.example,\"\ne.example,x\nf.example,\"\n",
        expect![[r#"
            CSV
            line 2: domain evil.example description="open"
            line 3: domain a.example description="fine"
            line 4: domain b.example description="two\nlines"
            line 6: domain c.example
            line 7: domain d.example
            line 8: domain e.example description="x"
            line 9: domain f.example
        "#]],
    );
}

#[test]
fn feodo_tracker() {
    check(
        "################\r
# Feodo Tracker Botnet C2 IP Blocklist (CSV)\r
# Last updated: 2026-01-02 00:00:00 UTC\r
################\r
\"first_seen_utc\",\"dst_ip\",\"dst_port\",\"c2_status\",\"last_online\",\"malware\"\r
\"2025-12-30 01:02:03\",\"198.51.100.7\",\"443\",\"online\",\"2026-01-01\",\"QakBot\"\r
# END (1) entries",
        expect![[r#"
            CSV
            line 6: ip 198.51.100.7 confirm=port=443 from=2025-12-30T01:02:03.000Z labels=QakBot
            passed over: column c2_status ×1
            passed over: column last_online ×1
        "#]],
    );
    check(
        r#"[
  {"ip_address": "198.51.100.7", "port": 443, "status": "online", "hostname": "vps7.example.net", "as_number": 64500, "first_seen": "2025-12-30 01:02:03", "last_online": "2026-01-01", "malware": "QakBot"},
  {"ip_address": "10.0.0.1", "port": 80, "as_number": 64500, "hostname": null}
]"#,
        expect![[r#"
            JSON
            line 2, [0], column ip_address: ip 198.51.100.7 confirm=port=443 from=2025-12-30T01:02:03.000Z labels=QakBot
            line 3, [1]: REJECTED 10.0.0.1 (10.0.0.1 is in 10.0.0.0/8: private addresses (RFC 1918))
            passed over: column hostname ×1
        "#]],
    );
}

#[test]
fn sslbl_is_of_certificates_not_files() {
    check(
        "# abuse.ch SSLBL SSL Certificate Blacklist (SHA1 Fingerprints, in CSV format)
# Listingdate,SHA1,Listingreason
2025-12-30 01:02:03,DA39A3EE5E6B4B0D3255BFEF95601890AFD80700,Gozi C&C
",
        expect![[r#"
            CSV
            line 3: fingerprint da39a3ee5e6b4b0d3255bfef95601890afd80700 original=DA39A3EE5E6B4B0D3255BFEF95601890AFD80700 from=2025-12-30T01:02:03.000Z description="Gozi C&C"
        "#]],
    );
}

#[test]
fn urlhaus() {
    check(
        "# URLhaus Database Dump (CSV - recent URLs only)
#
# id,dateadded,url,url_status,last_online,threat,tags,urlhaus_link,reporter
\"1\",\"2025-12-30 01:02:03\",\"http://198.51.100.7:8080/bin.sh\",\"online\",\"2026-01-01\",\"malware_download\",\"elf,Mozi\",\"https://urlhaus.example/url/1/\",\"ann\"
",
        expect![[r#"
            CSV
            line 4: url_path http://198.51.100.7:8080/bin.sh from=2025-12-30T01:02:03.000Z labels=malware_download,elf,Mozi
            passed over: column id ×1
            passed over: column last_online ×1
            passed over: column reporter ×1
            passed over: column url_status ×1
            passed over: column urlhaus_link ×1
        "#]],
    );
    check(
        r#"{"1": [{"dateadded": "2025-12-30 01:02:03 UTC", "url": "http://evil.example/a", "threat": "malware_download", "tags": ["elf", "Mozi"], "urlhaus_link": "https://urlhaus.example/url/1/"}],
"2": [{"url": "http://evil.example/b", "tags": null}]}"#,
        expect![[r#"
            JSON
            line 1, 1[0]: url_path http://evil.example/a from=2025-12-30T01:02:03.000Z labels=elf,Mozi,malware_download
            line 2, 2[0]: url_path http://evil.example/b
        "#]],
    );
}

#[test]
fn threatfox() {
    check(
        "# \"first_seen_utc\",\"ioc_id\",\"ioc_value\",\"ioc_type\",\"threat_type\",\"fk_malware\",\"malware_alias\",\"malware_printable\",\"last_seen_utc\",\"confidence_level\",\"is_compromised\",\"reference\",\"tags\",\"anonymous\",\"reporter\"
\"2025-12-30 01:02:03\", \"9\", \"198.51.100.7:4443\", \"ip:port\", \"botnet_cc\", \"win.snake\", \"None\", \"Snake\", \"\", \"75\", \"False\", \"None\", \"c2\", \"0\", \"ann\"
\"2025-12-30 01:02:03\", \"10\", \"evil.example\", \"domain\", \"botnet_cc\", \"win.snake\", \"None\", \"Snake\", \"\", \"50\", \"False\", \"None\", \"\", \"0\", \"ann\"
",
        expect![[r#"
            CSV
            line 2: ip 198.51.100.7 confirm=port=4443 original=198.51.100.7:4443 from=2025-12-30T01:02:03.000Z confidence=75 labels=botnet_cc,Snake,c2
            line 3: domain evil.example from=2025-12-30T01:02:03.000Z confidence=50 labels=botnet_cc,Snake
            passed over: column anonymous ×1
            passed over: column fk_malware ×1
            passed over: column ioc_id ×1
            passed over: column is_compromised ×1
            passed over: column last_seen_utc ×1
            passed over: column malware_alias ×1
            passed over: column reference ×1
            passed over: column reporter ×1
        "#]],
    );
    check(
        r#"{"query_status": "ok", "data": [{"id": "9", "ioc": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b800", "ioc_type": "sha256_hash", "threat_type": "payload", "malware_printable": "Snake", "confidence_level": 100, "first_seen": "2025-12-30 01:02:03 UTC", "last_seen": null, "tags": ["x"]}]}"#,
        expect![[r#"
            JSON
            line 1, data[0]: sha256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b800 from=2025-12-30T01:02:03.000Z confidence=100 labels=Snake,x,payload
            passed over: key query_status ×1
        "#]],
    );
}

#[test]
fn malware_bazaar_has_three_hashes_a_row_and_names_that_are_none() {
    check(
        "# \"first_seen_utc\",\"sha256_hash\",\"md5_hash\",\"sha1_hash\",\"reporter\",\"file_name\",\"file_type_guess\",\"mime_type\",\"signature\",\"clamav\",\"vtpercent\",\"imphash\",\"ssdeep\",\"tlsh\"
\"2025-12-30 01:02:03\", \"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b800\", \"d41d8cd98f00b204e9800998ecf84200\", \"da39a3ee5e6b4b0d3255bfef95601890afd80700\", \"ann\", \"invoice.exe\", \"exe\", \"application/x-dosexec\", \"Snake\", \"n/a\", \"n/a\", \"f34d5f2d4577ed6d9ceec516c1f5a744\", \"3:a\", \"T1A\"
",
        expect![[r#"
            CSV
            line 2, column sha256_hash: sha256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b800 from=2025-12-30T01:02:03.000Z labels=Snake
            line 2, column md5_hash: md5 d41d8cd98f00b204e9800998ecf84200 from=2025-12-30T01:02:03.000Z labels=Snake
            line 2, column sha1_hash: sha1 da39a3ee5e6b4b0d3255bfef95601890afd80700 from=2025-12-30T01:02:03.000Z labels=Snake
            passed over: column clamav ×1
            passed over: column file_name ×1
            passed over: column file_type_guess ×1
            passed over: column imphash ×1
            passed over: column mime_type ×1
            passed over: column reporter ×1
            passed over: column ssdeep ×1
            passed over: column tlsh ×1
            passed over: column vtpercent ×1
        "#]],
    );
}

#[test]
fn a_list_of_texts_and_items_that_are_neither() {
    check(
        r#"["evil.example", 7, {"colour": "red"}, "10.1.2.3", {"indicator": "198.51.100.7", "type": "IPv4"}]"#,
        expect![[r#"
        JSON
        line 1, [0]: domain evil.example
        line 1, [1]: REJECTED 7 (it is neither an object nor a text)
        line 1, [2]: REJECTED red (no column of it holds an indicator)
        line 1, [3]: REJECTED 10.1.2.3 (10.1.2.3 is in 10.0.0.0/8: private addresses (RFC 1918))
        line 1, [4]: ip 198.51.100.7
    "#]],
    );
}
