use std::fmt::Write;
use std::path::{Path, PathBuf};

use coldtrail_model::{Col, Event, Value};
use expect_test::{Expect, expect};
use serde_json::{Map, Value as Json};

use super::tsv::Header;
use crate::{Batch, Compression, Inflater, Normalizer, Options, Source, detect};

/// What the tests do not show: it follows from the class, or is the same in every event.
const NOT_SHOWN: &[&str] = &[
    "class_uid",
    "category_uid",
    "activity_id",
    "type_uid",
    "severity_id",
    "severity",
    "status_id",
    "metadata_version",
    "metadata_product_name",
    "metadata_product_vendor_name",
    "metadata_event_code",
    "metadata_correlation_uid",
    "raw_data",
];

fn read(input: &[u8]) -> Batch {
    let mut normalizer = Normalizer::new(Source::Zeek, Options::default());
    let mut batch = Batch::default();
    let pieces = input.chunks(41).map(|piece| normalizer.push(piece)).collect::<Vec<_>>();
    for next in pieces.into_iter().chain([normalizer.finish()]) {
        batch.events.extend(next.events);
        batch.rejects.extend(next.rejects);
    }
    batch
}

fn check(input: &str, expected: Expect) {
    let batch = read(input.as_bytes());
    let mut shown: String = batch.events.iter().map(|(_, event)| show(event)).collect();
    for reject in &batch.rejects {
        let _ = writeln!(shown, "reject at {}: {}", reject.place.offset, reject.reason);
    }
    expected.assert_eq(&shown);
}

fn show(event: &Event) -> String {
    let mut lines = format!("{}\n", event.class());
    for (col, value) in event.fields().iter().filter(|(col, _)| !NOT_SHOWN.contains(&col.column().name)) {
        let name = col.column().name;
        let _ = match value {
            Value::Text(text) => writeln!(lines, "  {name} = {text}"),
            Value::TextList(texts) => writeln!(lines, "  {name} = {}", texts.join(" | ")),
            Value::Long(number) => writeln!(lines, "  {name} = {number}"),
            Value::Double(number) => writeln!(lines, "  {name} = {number}"),
            Value::Boolean(flag) => writeln!(lines, "  {name} = {flag}"),
        };
    }
    lines
}

const CONN: &str = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n#open\t2026-03-01-12-00-00\n#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\torig_bytes\tresp_bytes\tconn_state\tlocal_orig\tlocal_resp\tmissed_bytes\thistory\torig_pkts\tresp_pkts\ttunnel_parents\n#types\ttime\tstring\taddr\tport\taddr\tport\tenum\tstring\tinterval\tcount\tcount\tstring\tbool\tbool\tcount\tstring\tcount\tcount\tset[string]\n";

#[test]
fn a_connection_goes_out_from_the_local_host() {
    let line =
        "1772366400.250001\tC1\t10.0.0.5\t49227\t192.0.2.8\t443\ttcp\tssl\t65.338152\t164\t213\tSF\tT\tF\t0\tShADadfF\t6\t5\tCa,Cb\n";
    check(
        &format!("{CONN}{line}#close\t2026-03-01-13-00-00\n"),
        expect![[r#"
        network_activity
          time = 1772366400250
          activity_name = Close
          metadata_log_name = conn
          connection_info_uid = C1
          src_endpoint_ip = 10.0.0.5
          dst_endpoint_ip = 192.0.2.8
          src_endpoint_port = 49227
          dst_endpoint_port = 443
          connection_info_protocol_num = 6
          connection_info_protocol_name = tcp
          connection_info_protocol_ver_id = 4
          connection_info_direction_id = 2
          connection_info_direction = Outbound
          status = Success
          status_code = SF
          start_time = 1772366400250
          duration = 65338
          end_time = 1772366465588
          traffic_bytes_out = 164
          traffic_bytes_in = 213
          traffic_bytes = 377
          traffic_packets_out = 6
          traffic_packets_in = 5
          traffic_packets = 11
          traffic_bytes_missed = 0
          app_protocol_name = ssl
          connection_info_flag_history = ShADadfF
          unmapped = {"ts":1772366400.250001,"duration":65.338152,"local_orig":true,"local_resp":false,"tunnel_parents":["Ca","Cb"]}
    "#]],
    );
}

#[test]
fn a_refused_connection_has_no_duration_and_no_bytes() {
    let line = "1772366400.000000\tC2\t2001:db8::1\t1\t2001:db8::2\t22\ttcp\t-\t-\t-\t-\tREJ\t-\t-\t0\tSr\t1\t1\t(empty)\n";
    check(
        &format!("{CONN}{line}"),
        expect![[r#"
        network_activity
          time = 1772366400000
          activity_name = Refuse
          metadata_log_name = conn
          connection_info_uid = C2
          src_endpoint_ip = 2001:db8::1
          dst_endpoint_ip = 2001:db8::2
          src_endpoint_port = 1
          dst_endpoint_port = 22
          connection_info_protocol_num = 6
          connection_info_protocol_name = tcp
          connection_info_protocol_ver_id = 6
          status = Failure
          status_code = REJ
          start_time = 1772366400000
          traffic_packets_out = 1
          traffic_packets_in = 1
          traffic_packets = 2
          traffic_bytes_missed = 0
          connection_info_flag_history = Sr
          unmapped = {"ts":1772366400.0,"tunnel_parents":[]}
    "#]],
    );
}

#[test]
fn logs_with_other_headers_may_follow_in_the_same_stream() {
    let conn = "1772366400.000000\tC2\t10.0.0.1\t1\t10.0.0.2\t22\tudp\t-\t-\t-\t-\tS0\tT\tT\t0\tD\t1\t0\t-\n";
    let weird = "#separator |\n#path|weird\n#fields|ts|name|addl\n#types|time|string|string\n1772366401.0|unknown_protocol|a\\x7cb\n";
    check(
        &format!("{CONN}{conn}{weird}"),
        expect![[r#"
        network_activity
          time = 1772366400000
          activity_name = Fail
          metadata_log_name = conn
          connection_info_uid = C2
          src_endpoint_ip = 10.0.0.1
          dst_endpoint_ip = 10.0.0.2
          src_endpoint_port = 1
          dst_endpoint_port = 22
          connection_info_protocol_num = 17
          connection_info_protocol_name = udp
          connection_info_protocol_ver_id = 4
          connection_info_direction_id = 3
          connection_info_direction = Lateral
          status = Failure
          status_code = S0
          start_time = 1772366400000
          traffic_packets_out = 1
          traffic_packets_in = 0
          traffic_packets = 1
          traffic_bytes_missed = 0
          connection_info_flag_history = D
          unmapped = {"ts":1772366400.0,"local_orig":true,"local_resp":true}
        network_activity
          time = 1772366401000
          activity_name = Traffic
          metadata_log_name = weird
          status_code = unknown_protocol
          status_detail = a|b
    "#]],
    );
}

#[test]
fn a_line_that_does_not_fit_its_header_is_a_reject_and_costs_only_itself() {
    check(
        "1772366401.0\tC1\n#fields\tts\tuid\n1772366401.0\nyesterday\tC1\n1772366401.0\tC1\textra\n1772366402.5\tC9\n",
        expect![[r#"
        event_log_activity
          time = 1772366402500
          activity_name = Unknown
          metadata_log_name = zeek
          log_name = zeek
          log_provider = Zeek
        reject at 0: the field #fields is missing
        reject at 31: not Zeek TSV: 1 fields where #fields names 2
        reject at 44: the field ts is "yesterday", not seconds since 1970 or RFC 3339
        reject at 57: not Zeek TSV: 3 fields where #fields names 2
    "#]],
    );
}

#[test]
fn json_is_told_apart_by_its_fields_when_it_does_not_name_its_log() {
    check(
        concat!(
            r#"{"ts":1772366400.5,"uid":"C3","id.orig_h":"10.0.0.5","id.orig_p":5353,"id.resp_h":"10.0.0.53","id.resp_p":53,"proto":"udp","trans_id":7,"rtt":0.25,"query":"example.test","qclass":1,"qclass_name":"C_INTERNET","qtype":1,"qtype_name":"A","rcode":3,"rcode_name":"NXDOMAIN","AA":false,"rejected":false}"#,
            "\n",
            r#"{"_path":"dns","ts":"2026-03-01T12:00:00.5Z","uid":"C4","id":{"orig_h":"10.0.0.5","orig_p":1,"resp_h":"10.0.0.53","resp_p":53},"query":"a.test","rcode":0,"answers":["192.0.2.1","b.test"],"TTLs":[300.0,60.0]}"#
        ),
        expect![[r#"
            dns_activity
              time = 1772366400500
              activity_name = Traffic
              metadata_log_name = dns
              connection_info_uid = C3
              src_endpoint_ip = 10.0.0.5
              dst_endpoint_ip = 10.0.0.53
              src_endpoint_port = 5353
              dst_endpoint_port = 53
              connection_info_protocol_num = 17
              connection_info_protocol_name = udp
              connection_info_protocol_ver_id = 4
              app_protocol_name = dns
              query_hostname = example.test
              query_type = A
              query_class = C_INTERNET
              query_packet_uid = 7
              query_time = 1772366400500
              response_time = 1772366400750
              status = Failure
              rcode_id = 3
              rcode = NXDomain
              unmapped = {"rtt":0.25,"qclass":1,"qtype":1,"AA":false,"rejected":false}
            dns_activity
              time = 1772366400500
              activity_name = Traffic
              metadata_log_name = dns
              connection_info_uid = C4
              src_endpoint_ip = 10.0.0.5
              dst_endpoint_ip = 10.0.0.53
              src_endpoint_port = 1
              dst_endpoint_port = 53
              connection_info_protocol_ver_id = 4
              app_protocol_name = dns
              query_hostname = a.test
              query_time = 1772366400500
              status = Success
              rcode_id = 0
              rcode = NoError
              answers = [{"rdata":"192.0.2.1","ttl":300},{"rdata":"b.test","ttl":60}]
              answers_rdata = 192.0.2.1 | b.test
        "#]],
    );
}

#[test]
fn an_http_request_is_put_together_to_its_url() {
    check(
        r#"{"_path":"http","ts":1772366400,"uid":"C5","id.orig_h":"10.0.0.5","id.orig_p":1,"id.resp_h":"192.0.2.8","id.resp_p":80,"trans_depth":1,"method":"POST","host":"example.test","uri":"/a/b?c=d","user_agent":"curl/8","version":"1.1","request_body_len":5,"response_body_len":279,"status_code":404,"status_msg":"Not Found","tags":[],"resp_mime_types":["text/html"],"resp_fuids":["F1"]}"#,
        expect![[r#"
            http_activity
              time = 1772366400000
              activity_name = Post
              metadata_log_name = http
              connection_info_uid = C5
              src_endpoint_ip = 10.0.0.5
              dst_endpoint_ip = 192.0.2.8
              src_endpoint_port = 1
              dst_endpoint_port = 80
              connection_info_protocol_ver_id = 4
              app_protocol_name = http
              connection_info_protocol_name = tcp
              connection_info_protocol_num = 6
              http_request_http_method = POST
              http_request_url_url_string = http://example.test/a/b?c=d
              http_request_url_path = /a/b
              http_request_url_query_string = c=d
              http_request_url_hostname = example.test
              http_request_version = 1.1
              http_request_user_agent = curl/8
              http_request_body_length = 5
              http_response_body_length = 279
              http_response_code = 404
              http_response_message = Not Found
              status = Failure
              http_response_content_type = text/html
              unmapped = {"trans_depth":1,"resp_fuids":["F1"]}
        "#]],
    );
}

#[test]
fn tls_files_notices_and_unknown_logs_keep_what_has_no_column() {
    check(
        concat!(
            r#"{"_path":"ssl","ts":1772366400,"uid":"C6","id.orig_h":"10.0.0.5","id.orig_p":1,"id.resp_h":"192.0.2.8","id.resp_p":443,"version":"TLSv12","cipher":"X","server_name":"example.test","ja3":"aa","ja3s":"bb","established":false,"last_alert":"certificate_unknown","validation_status":"certificate has expired","cert_chain_fps":["b0517ac6a5e27ca615398ccdb75dc376a8d7df3059f73c3f1d6b3bf6739513ed"]}"#,
            "\n",
            r#"{"_path":"smb_files","ts":1772366400,"uid":"C7","id.orig_h":"10.0.0.5","id.orig_p":1,"id.resp_h":"10.0.0.9","id.resp_p":445,"action":"SMB::FILE_WRITE","path":"\\\\srv\\ADMIN$","name":"tmp\\x.exe","size":9}"#,
            "\n",
            r#"{"_path":"notice","ts":1772366400,"uid":"C8","note":"SSH::Password_Guessing","msg":"guessing","src":"192.0.2.66"}"#,
            "\n",
            r#"{"_path":"capture_loss","ts":1772366400,"peer":"zeek","percent_lost":0.5}"#
        ),
        expect![[r#"
            network_activity
              time = 1772366400000
              activity_name = Traffic
              metadata_log_name = ssl
              connection_info_uid = C6
              src_endpoint_ip = 10.0.0.5
              dst_endpoint_ip = 192.0.2.8
              src_endpoint_port = 1
              dst_endpoint_port = 443
              connection_info_protocol_ver_id = 4
              app_protocol_name = tls
              status_detail = certificate has expired
              tls_version = TLSv12
              tls_cipher = X
              tls_sni = example.test
              tls_ja3_hash_value = aa
              tls_ja3s_hash_value = bb
              connection_info_protocol_name = tcp
              connection_info_protocol_num = 6
              status = Failure
              tls_certificate_fingerprints_sha256_value = b0517ac6a5e27ca615398ccdb75dc376a8d7df3059f73c3f1d6b3bf6739513ed
              unmapped = {"last_alert":"certificate_unknown","cert_chain_fps":["b0517ac6a5e27ca615398ccdb75dc376a8d7df3059f73c3f1d6b3bf6739513ed"]}
            file_activity
              time = 1772366400000
              activity_name = Update
              metadata_log_name = smb_files
              file_name = x.exe
              file_path = \\srv\ADMIN$\tmp\x.exe
              file_size = 9
              device_ip = 10.0.0.9
              unmapped = {"action":"SMB::FILE_WRITE","path":"\\\\srv\\ADMIN$","id":{"orig_h":"10.0.0.5","orig_p":1,"resp_p":445}}
            detection_finding
              time = 1772366400000
              activity_name = Create
              metadata_log_name = notice
              is_alert = true
              finding_info_title = SSH::Password_Guessing
              finding_info_desc = guessing
              evidences_src_endpoint_ip = 192.0.2.66
              finding_info_uid = SSH::Password_Guessing:C8
              finding_info_analytic_name = SSH::Password_Guessing
              finding_info_analytic_type_id = 1
            event_log_activity
              time = 1772366400000
              activity_name = Unknown
              metadata_log_name = capture_loss
              log_name = capture_loss
              log_provider = Zeek
              unmapped = {"peer":"zeek","percent_lost":0.5}
        "#]],
    );
}

#[test]
fn a_log_without_times_happened_when_it_was_opened() {
    check(
        "#path\tloaded_scripts\n#open\t2026-03-01-12-00-00\n#fields\tname\n#types\tstring\n  base/init.zeek\n",
        expect![[r#"
        event_log_activity
          time = 1772366400000
          activity_name = Unknown
          metadata_log_name = loaded_scripts
          log_name = loaded_scripts
          log_provider = Zeek
          unmapped = {"name":"  base/init.zeek"}
    "#]],
    );
    check(
        "{\"name\":\"base/init.zeek\"}\n",
        expect![[r#"
        reject at 0: the field ts is missing
    "#]],
    );
}

#[test]
fn both_forms_are_recognised_by_their_beginning() {
    assert_eq!(detect(CONN.as_bytes(), "x"), Some(Source::Zeek));
    assert_eq!(detect(br#"{"ts":1,"uid":"C1","id.orig_h":"10.0.0.1"}"#, "x"), Some(Source::Zeek));
    assert_eq!(detect(br#"{"_path":"conn","ts":1}"#, "x"), Some(Source::Zeek));
    assert_eq!(detect(br#"{"ts":1,"msg":"x"}"#, "x"), None);
}

/// Where the samples are, if they are.
fn samples() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2)?;
    let folder = std::env::var_os("COLDTRAIL_SAMPLES").map_or_else(|| root.join("../shared/samples"), PathBuf::from);
    folder.join("zeek/zed").is_dir().then(|| folder.join("zeek/zed"))
}

#[test]
#[allow(clippy::print_stderr)]
fn tab_separated_logs_of_real_sensors_read_as_the_json_of_the_same_events() {
    let Some(folder) = samples() else {
        eprintln!("skipped: there are no samples; COLDTRAIL_SAMPLES names their folder");
        return;
    };
    let files = std::fs::read_dir(folder).expect("the folder is there").map(|entry| entry.expect("an entry").path());
    let (mut logs, mut records) = (0, 0);
    for log in files.filter(|path| path.to_string_lossy().ends_with(".log.gz")) {
        let json = PathBuf::from(format!("{}.expected.zeekjson.ndjson.gz", log.display()));
        records += compare(&log, &json);
        logs += 1;
    }
    assert!(logs >= 20 && records > 1000, "only {records} records of {logs} logs were compared");
}

fn plain(path: &Path) -> String {
    let stored = std::fs::read(path).expect("the file is there");
    let mut inflater = Inflater::new(Compression::detect(&stored)).expect("gzip");
    let mut plain = Vec::new();
    inflater.push(&stored, &mut plain).expect("gzip");
    inflater.finish(&mut plain).expect("gzip");
    String::from_utf8(plain).expect("UTF-8")
}

fn compare(log: &Path, json: &Path) -> usize {
    let mut header = Header::default();
    let tsv = plain(log);
    let mut trees = Vec::new();
    for line in tsv.lines() {
        if line.starts_with('#') {
            header.read(line);
        } else {
            trees.push(Json::from(header.tree(line).expect("a line that fits its header")));
        }
    }
    let expected: Vec<Json> = plain(json).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(trees.len(), expected.len(), "{}", log.display());
    for (number, (tree, expected)) in trees.iter().zip(&expected).enumerate() {
        let (mut ours, mut theirs) = (Map::new(), Map::new());
        flatten("", tree, &mut ours);
        flatten("", expected, &mut theirs);
        theirs.retain(|key, _| key != "_path" && key != "_write_ts");
        assert_eq!(ours, theirs, "record {number} of {}", log.display());
    }
    trees.len()
}

/// Dotted keys; numbers and times as microseconds where the two forms write them differently.
fn flatten(path: &str, value: &Json, flat: &mut Map<String, Json>) {
    match value {
        Json::Object(members) => {
            for (key, value) in members {
                flatten(&if path.is_empty() { key.clone() } else { format!("{path}.{key}") }, value, flat);
            }
        }
        // The TSV writes a set of nothing and a set of one empty text alike.
        Json::Array(elements) if elements == &[Json::from("")] => drop(flat.insert(path.to_owned(), Json::Array(Vec::new()))),
        Json::Array(elements) => drop(flat.insert(path.to_owned(), elements.iter().map(comparable).collect())),
        scalar => drop(flat.insert(path.to_owned(), comparable(scalar))),
    }
}

/// The TSV writes a time as seconds and the JSON as RFC 3339.
fn comparable(value: &Json) -> Json {
    match value {
        Json::String(text) => match chrono::DateTime::parse_from_rfc3339(text) {
            Ok(time) => Json::from(time.timestamp_micros()),
            Err(_) => value.clone(),
        },
        Json::Number(number) if number.is_f64() => {
            let micros = number.as_f64().unwrap_or_default() * 1e6;
            Json::from(micros.round() as i64)
        }
        Json::Number(number) => number.as_f64().map_or(Json::Null, |number| Json::from((number * 1e6).round() as i64)),
        other => other.clone(),
    }
}

#[test]
fn raw_data_is_the_line_and_nothing_of_it_is_lost() {
    let line = "1772366400.0\tC1\tb\\x09c\n";
    let batch = read(format!("#path\tnew\n#fields\tts\tuid\tmore\n#types\ttime\tstring\tstring\n{line}").as_bytes());
    let (_, event) = &batch.events[0];
    assert_eq!(event.get_text(Col::RawData), Some(line.trim_end()));
    assert_eq!(event.get_text(Col::Unmapped), Some("{\"more\":\"b\\tc\"}"));
}
