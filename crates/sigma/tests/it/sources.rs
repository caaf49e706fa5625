//! Where the mappings find the events of a logsource and their fields, in the forms in which they are collected.

use std::collections::BTreeSet;

use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema};
use coldtrail_model::Class;
use coldtrail_normalize::Source;
use coldtrail_sigma::{Mappings, Placeholders, RuleSet, Verdict, check, parse};

use crate::support::{batches, count, process, rule_set};

/// True if a rule of a logsource with this search matches one of the records.
fn finds(source: Source, logsource: &str, search: &str, records: &str) -> bool {
    let yaml = format!("title: A\nlogsource: {logsource}\ndetection:\n    selection: {search}\n    condition: selection\n");
    !count(&rule_set(&yaml), &batches(source, records.as_bytes())).is_empty()
}

#[test]
fn every_source_that_is_collected_is_one_that_can_be_read() {
    let known: BTreeSet<&str> = Source::all().into_iter().map(Source::name).collect();
    for (source, is_collected) in Mappings::builtin().sources() {
        assert_eq!(is_collected, known.contains(source), "{source}");
    }
}

const SYSMON_1: &str = "{product: windows, category: process_creation}";

#[test]
fn a_windows_event_is_found_in_every_form() {
    let xml = r#"<Event xmlns="http://schemas.microsoft.com/win/2004/08/events/event"><System><Provider Name="Microsoft-Windows-Sysmon"/><EventID>1</EventID><TimeCreated SystemTime="2026-03-01T10:20:30Z"/><Channel>Microsoft-Windows-Sysmon/Operational</Channel><Computer>pc1</Computer></System><EventData><Data Name="Image">C:\x\a&amp;b.exe</Data><Data Name="CommandLine">a&#38;b &lt;1&gt;</Data></EventData></Event>"#;
    assert!(finds(Source::WindowsEvent, SYSMON_1, r"{Image|endswith: '\a&b.exe', CommandLine: 'a&b <1>'}", xml));
    assert!(!finds(Source::WindowsEvent, SYSMON_1, r"{Image|endswith: '\b.exe'}", xml));
    let winlogbeat = r#"{"@timestamp":"2026-03-01T10:20:30Z","winlog":{"provider_name":"Microsoft-Windows-Sysmon","event_id":"1","channel":"Microsoft-Windows-Sysmon/Operational","event_data":{"Image":"C:\\x\\tool.exe","CommandLine":"tool -x"}}}"#;
    assert!(finds(Source::WindowsEvent, SYSMON_1, r"{Image|endswith: '\tool.exe'}", winlogbeat));
    let elastic = r#"{"@timestamp":"2026-03-01T10:20:30Z","winlog":{"provider_name":"Microsoft-Windows-Sysmon","event_id":"1","channel":"Microsoft-Windows-Sysmon/Operational","event_data":{"Company":"x"}},"process":{"executable":"C:\\x\\tool.exe","command_line":"tool -x"}}"#;
    assert!(finds(Source::WindowsEvent, SYSMON_1, r"{Image|endswith: '\tool.exe', CommandLine: 'tool -x'}", elastic));
    let flat = r#"{"EventID":1,"SourceName":"Microsoft-Windows-Sysmon","Channel":"Microsoft-Windows-Sysmon/Operational","EventTime":"2026-03-01 10:20:30","Image":"C:\\x\\tool.exe","CommandLine":"tool -x"}"#;
    assert!(finds(Source::WindowsEvent, SYSMON_1, r"{Image|endswith: '\tool.exe'}", flat));
    let sentinel = r#"{"EventID":1,"Source":"Microsoft-Windows-Sysmon","EventLog":"Microsoft-Windows-Sysmon/Operational","Computer":"pc1","TimeGenerated":"2026-03-01T10:20:30Z","EventData":"<EventData><Data Name=\"Image\">C:\\x\\tool.exe</Data></EventData>"}"#;
    assert!(finds(Source::WindowsEvent, SYSMON_1, r"{Image|endswith: '\tool.exe'}", sentinel));
}

/// A line of a table does not name its fields; columns stand in, and the caller is told.
#[test]
fn a_line_of_a_table_is_compared_by_its_columns() {
    let table = "EventID,Channel,Computer,TimeCreated,Provider,Image,CommandLine\n1,Microsoft-Windows-Sysmon/Operational,pc1,2026-03-01T10:20:30Z,Microsoft-Windows-Sysmon,C:\\x\\tool.exe,tool -x\n";
    let yaml = format!(
        "title: A\nlogsource: {SYSMON_1}\ndetection:\n    selection: {{Image|endswith: '\\tool.exe', CommandLine|contains: '-x'}}\n    condition: selection\n"
    );
    let set = rule_set(&yaml);
    let rows = batches(Source::WindowsEvent, table.as_bytes());
    let matches = set.evaluate(rows[0].0, &rows[0].1).unwrap();
    assert_eq!((matches.len(), matches.rows_by_columns), (1, 1));
}

#[test]
fn a_new_process_is_found_in_the_security_log_too() {
    let event = r##"{"Event":{"System":{"Provider":{"#attributes":{"Name":"Microsoft-Windows-Security-Auditing"}},"EventID":4688,"Channel":"Security","Computer":"pc1","TimeCreated":{"#attributes":{"SystemTime":"2026-03-01T10:20:30Z"}}},"EventData":{"NewProcessName":"C:\\x\\tool.exe","ParentProcessName":"C:\\Windows\\explorer.exe","CommandLine":"tool -x","ProcessId":"0x1f","NewProcessId":"0x2f","MandatoryLabel":"S-1-16-12288"}}}"##;
    assert!(finds(Source::WindowsEvent, SYSMON_1, r"{Image|endswith: '\tool.exe', ParentImage|endswith: '\explorer.exe'}", event));
    assert!(finds(Source::WindowsEvent, SYSMON_1, "{IntegrityLevel: High}", event));
    assert!(!finds(Source::WindowsEvent, SYSMON_1, "{IntegrityLevel: System}", event));
    assert!(finds(Source::WindowsEvent, SYSMON_1, "{ProcessId: '0x2f', ParentProcessId: '0x1f'}", event));
    assert!(finds(Source::WindowsEvent, "{product: windows, service: security}", "{EventID: 4688, NewProcessName|contains: tool}", event));
    assert!(!finds(Source::WindowsEvent, "{product: windows, service: system}", "{EventID: 4688}", event));
    assert!(!finds(Source::WindowsEvent, "{product: windows, category: image_load}", "{CommandLine|contains: tool}", event));
}

#[test]
fn fields_of_the_system_part_have_names_with_an_underscore() {
    let event = String::from_utf8(process(serde_json::json!({"Hashes": "SHA256=AA,IMPHASH=00FF"}))).unwrap();
    assert!(finds(Source::WindowsEvent, SYSMON_1, "{Provider_Name: Microsoft-Windows-Sysmon, Computer|startswith: pc1}", &event));
    assert!(finds(Source::WindowsEvent, "{product: windows}", "{EventID: 1, Channel|contains: sysmon}", &event));
    assert!(finds(Source::WindowsEvent, SYSMON_1, "{Imphash: 00ff}", &event));
    assert!(!finds(Source::WindowsEvent, SYSMON_1, "{Imphash: aa}", &event));
}

/// Sigma's names leave out blanks, and the data of an event come before what every event has.
#[test]
fn data_of_windows_events_have_sigma_names() {
    let defender = r##"{"Event":{"System":{"Provider":{"#attributes":{"Name":"Microsoft-Windows-Windows Defender"}},"EventID":1116,"Channel":"Microsoft-Windows-Windows Defender/Operational","Computer":"pc1","TimeCreated":{"#attributes":{"SystemTime":"2026-03-01T10:20:30Z"}}},"EventData":{"Threat Name":"EICAR","Source Name":"Real-Time Protection"}}}"##;
    let hit = |search: &str| finds(Source::WindowsEvent, "{product: windows, service: windefend}", search, defender);
    assert!(hit("{EventID: 1116, ThreatName: eicar, SourceName: Real-Time Protection}"));
    assert!(!hit("{ThreatName: other}") && !hit("{Threat: eicar}"));
    let cleared = r##"{"Event":{"System":{"Provider":{"#attributes":{"Name":"Microsoft-Windows-Eventlog"}},"EventID":104,"Channel":"System","Computer":"pc1","TimeCreated":{"#attributes":{"SystemTime":"2026-03-01T10:20:30Z"}}},"UserData":{"LogFileCleared":{"#attributes":{"xmlns":"x"},"Channel":"Windows PowerShell"}}}}"##;
    let hit = |search: &str| finds(Source::WindowsEvent, "{product: windows, service: system}", search, cleared);
    assert!(hit("{EventID: 104, Channel: Windows PowerShell}"));
    assert!(!hit("{EventID: 104, Channel: System}"));
}

#[test]
fn cloudtrail_is_found_inside_of_its_envelopes() {
    const TRAIL: &str = "{product: aws, service: cloudtrail}";
    let record = r#"{"eventVersion":"1.08","eventTime":"2026-03-01T10:20:30Z","eventSource":"iam.amazonaws.com","eventName":"CreateUser","awsRegion":"us-east-1","userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/mara"},"requestParameters":{"userName":"eve","tags":[{"key":"a"}]},"responseElements":null,"eventID":"1"}"#;
    let quoted = serde_json::Value::from(record).to_string();
    let forms = [
        record.to_owned(),
        format!(r#"{{"Records":[{record}]}}"#),
        format!(r#"{{"version":"0","detail-type":"AWS API Call via CloudTrail","detail":{record}}}"#),
        format!(r#"{{"logEvents":[{{"id":"1","timestamp":1772360430000,"message":{quoted}}}]}}"#),
        format!(r#"{{"Events":[{{"EventId":"1","CloudTrailEvent":{quoted}}}]}}"#),
    ];
    for form in forms {
        let hit = |search: &str| finds(Source::AwsCloudtrail, TRAIL, search, &form);
        assert!(hit("{eventSource: iam.amazonaws.com, eventName: createuser, userIdentity.type: IAMUser}"), "{form}");
        assert!(hit("{requestParameters.userName: eve, errorCode: null}"), "{form}");
        assert!(hit("{requestParameters|contains: '\"userName\":\"eve\"'}"), "{form}");
        assert!(hit("{responseElements: null}"), "{form}");
        assert!(!hit("{eventName: DeleteUser}"), "{form}");
        assert!(!hit("{eventName: CreateUser, errorCode: '*'}"), "{form}");
        assert!(hit("{userIdentity.arn|fieldref|contains: requestParameters.tags.key}"), "{form}");
    }
}

#[test]
fn entra_is_found_as_diagnostic_log_and_as_graph_resource() {
    let diagnostic = r#"{"time":"2026-03-01T10:20:30Z","resourceId":"/tenants/33333333-3333-3333-3333-333333333333/providers/Microsoft.aadiam","operationName":"Sign-in activity","category":"SignInLogs","resultType":"50126","resultDescription":"Invalid username or password","callerIpAddress":"198.51.100.7","properties":{"id":"1","createdDateTime":"2026-03-01T10:20:30Z","userPrincipalName":"mara@corp.example","appId":"x","authenticationRequirement":"singleFactorAuthentication","deviceDetail":{"trustType":""},"location":{"countryOrRegion":"SE"},"status":{"errorCode":50126}}}"#;
    let graph = r#"{"id":"1","createdDateTime":"2026-03-01T10:20:30Z","userPrincipalName":"mara@corp.example","appId":"x","ipAddress":"198.51.100.7","authenticationRequirement":"singleFactorAuthentication","deviceDetail":{"trustType":""},"location":{"countryOrRegion":"SE"},"status":{"errorCode":50126,"failureReason":"Invalid username or password"}}"#;
    for record in [diagnostic, graph] {
        let hit = |search: &str| finds(Source::AzureEntra, "{product: azure, service: signinlogs}", search, record);
        assert!(hit("{ResultType: 50126, AuthenticationRequirement: singleFactorAuthentication}"), "{record}");
        assert!(hit("{properties.authenticationRequirement: singleFactorAuthentication, DeviceDetail.trusttype: ''}"), "{record}");
        assert!(hit("{location: se, ResultDescription|contains: password, Status: Failure}"), "{record}");
        assert!(!hit("{ResultType: 0}"), "{record}");
    }
    let audit = r#"{"time":"2026-03-01T10:20:30Z","resourceId":"/tenants/3/providers/Microsoft.aadiam","operationName":"Add member to role","category":"AuditLogs","properties":{"id":"1","activityDateTime":"2026-03-01T10:20:30Z","activityDisplayName":"Add member to role","category":"RoleManagement","result":"success","loggedByService":"Core Directory","targetResources":[{"type":"User","modifiedProperties":[{"displayName":"Role.DisplayName","newValue":"\"Global Administrator\""}]}]}}"#;
    let hit = |search: &str| finds(Source::AzureEntra, "{product: azure, service: auditlogs}", search, audit);
    assert!(hit("{properties.message: Add member to role, Category: RoleManagement, LoggedByService: core directory}"));
    assert!(hit("{OperationName|startswith: 'Add member', TargetResources.ModifiedProperties.NewValue|contains: Global, Status: Success}"));
    assert!(!hit("{OperationName: Delete user}"));
}

/// The sources whose mapping is a table, by their names.
#[test]
fn okta_github_microsoft_365_and_duo_are_found() {
    let of = |name: &str| Source::named(name).unwrap();
    let okta = r#"{"actor":{"id":"1","type":"User","alternateId":"mara@corp.example"},"eventType":"system.api_token.create","outcome":{"result":"SUCCESS"},"published":"2026-03-01T10:20:30Z","severity":"INFO","uuid":"1","securityContext":{"isProxy":true},"target":[{"type":"Token","displayName":"ci"}]}"#;
    let bridged = format!(r#"{{"source":"aws.partner/okta.com/x","detail":{okta}}}"#);
    for record in [okta, &bridged] {
        let search = "{eventtype: system.api_token.create, actor.alternateid|contains: mara, securityContext.isProxy: 'true', outcome.result: success}";
        assert!(finds(of("okta"), "{product: okta, service: okta}", search, record), "{record}");
        assert!(!finds(of("okta"), "{product: okta, service: okta}", "{eventType: user.session.start}", record), "{record}");
    }
    let github =
        r#"{"@timestamp":1772366400000,"_document_id":"1","action":"org.disable_oauth_app_restrictions","actor":"mara","org":"acme"}"#;
    assert!(finds(of("github_audit"), "{product: github, service: audit}", "{action: org.disable_oauth_app_restrictions}", github));
    assert!(!finds(of("github_audit"), "{product: github, service: audit}", "{action: repo.create}", github));
    let alert = r#"{"CreationTime":"2026-03-01T10:20:30","Id":"1","Operation":"AlertTriggered","OrganizationId":"t","RecordType":40,"ResultStatus":"Success","Workload":"SecurityComplianceCenter","UserId":"x","Name":"Suspicious inbox forwarding"}"#;
    let exported = format!(r#"{{"RecordType":"x","AuditData":{}}}"#, serde_json::Value::from(alert));
    for record in [alert, &exported] {
        let search = "{eventSource: SecurityComplianceCenter, eventName: Suspicious inbox forwarding, status: success}";
        assert!(finds(of("o365_audit"), "{product: m365, service: threat_management}", search, record), "{record}");
        assert!(!finds(of("o365_audit"), "{product: m365, service: threat_management}", "{eventSource: Exchange}", record), "{record}");
    }
    let duo =
        r#"{"action":"bypass_create","description":"{\"user_id\":\"DU1\"}","isotimestamp":"2026-03-01T10:20:30+00:00","username":"mara"}"#;
    assert!(finds(of("duo"), "{product: cisco, service: duo}", "{action: bypass_create, user_id: DU1}", duo));
}

#[test]
fn azure_activity_google_cloud_and_kubernetes_are_found() {
    let activity = r#"{"time":"2026-03-01T10:20:30Z","resourceId":"/subscriptions/1/resourceGroups/g/providers/Microsoft.Network/azureFirewalls/f","operationName":"MICROSOFT.NETWORK/AZUREFIREWALLS/DELETE","category":"Administrative","resultType":"Success","identity":{"claims":{}},"properties":{}}"#;
    let rest = r#"{"eventTimestamp":"2026-03-01T10:20:30Z","resourceId":"/subscriptions/1/x","operationName":{"value":"Microsoft.Network/azureFirewalls/delete","localizedValue":"Delete"},"category":{"value":"Administrative"},"status":{"value":"Succeeded"},"subscriptionId":"1"}"#;
    for record in [activity, rest] {
        let search = "{operationName: MICROSOFT.NETWORK/AZUREFIREWALLS/DELETE, CategoryValue: Administrative}";
        assert!(finds(Source::AzureActivity, "{product: azure, service: activitylogs}", search, record), "{record}");
        assert!(!finds(Source::AzureActivity, "{product: azure, service: activitylogs}", "{operationName: x}", record), "{record}");
    }
    let google = r#"{"insertId":"1","logName":"projects/p/logs/cloudaudit.googleapis.com%2Factivity","timestamp":"2026-03-01T10:20:30Z","resource":{"type":"gce_firewall_rule","labels":{"project_id":"p"}},"protoPayload":{"@type":"type.googleapis.com/google.cloud.audit.AuditLog","methodName":"v1.compute.firewalls.delete","serviceName":"compute.googleapis.com","authorizationInfo":[{"granted":true,"permission":"compute.firewalls.delete"}]}}"#;
    let search = "{gcp.audit.method_name|startswith: v, data.protoPayload.serviceName: compute.googleapis.com, data.protoPayload.authorizationInfo.granted: 'true'}";
    assert!(finds(Source::GcpAudit, "{product: gcp, service: gcp.audit}", search, google));
    assert!(!finds(Source::GcpAudit, "{product: gcp, service: gcp.audit}", "{gcp.audit.method_name: x}", google));
    let audit = r#"{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Request","auditID":"1","stage":"ResponseComplete","requestURI":"/api/v1/namespaces/kube-system/secrets","verb":"list","user":{"username":"eve"},"sourceIPs":["198.51.100.7"],"objectRef":{"resource":"secrets","namespace":"kube-system","apiVersion":"v1"},"requestReceivedTimestamp":"2026-03-01T10:20:30Z","stageTimestamp":"2026-03-01T10:20:30Z"}"#;
    let wrapped = format!(r#"{{"logEvents":[{{"id":"1","timestamp":1772360430000,"message":{}}}]}}"#, serde_json::Value::from(audit));
    for record in [audit, &wrapped] {
        let search = "{verb: list, objectRef.resource: secrets, namespace: kube-system}";
        assert!(finds(Source::K8sAudit, "{product: kubernetes, service: audit}", search, record), "{record}");
        assert!(!finds(Source::K8sAudit, "{product: kubernetes, service: audit}", "{verb: create}", record), "{record}");
    }
}

#[test]
fn zeek_is_found_as_json_and_as_lines() {
    let json = r#"{"_path":"dns","ts":1772360430.0,"uid":"C1","id.orig_h":"192.0.2.5","id.orig_p":53124,"id.resp_h":"192.0.2.53","id.resp_p":53,"proto":"udp","query":"evil.example.com","qtype_name":"TXT","answers":["a","b"]}"#;
    let lines = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tdns\n#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\ttrans_id\tquery\tqtype_name\trejected\n#types\ttime\tstring\taddr\tport\taddr\tport\tenum\tcount\tstring\tstring\tbool\n1772360430.0\tC1\t192.0.2.5\t53124\t192.0.2.53\t53\tudp\t7\tevil.example.com\tTXT\tF\n";
    for record in [json, lines] {
        let hit = |logsource: &str, search: &str| finds(Source::Zeek, logsource, search, record);
        assert!(
            hit("{product: zeek, service: dns}", "{query|endswith: .example.com, id.resp_p: 53, id.orig_h|cidr: 192.0.2.0/24}"),
            "{record}"
        );
        assert!(hit("{category: dns}", "{query|contains: evil, record_type: TXT}"), "{record}");
        assert!(!hit("{product: zeek, service: dns}", "{query: x}"), "{record}");
        assert!(!hit("{product: zeek, service: http}", "{query|contains: evil}"), "{record}");
    }
}

#[test]
fn flows_are_what_a_firewall_let_through() {
    let flow = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status\n2 111122223333 eni-1 192.0.2.5 198.51.100.7 51000 8080 6 1 60 1772360430 1772360431 ACCEPT OK\n";
    assert!(finds(Source::AwsVpcflow, "{category: firewall}", "{dst_ip: 198.51.100.7, dst_port: 8080, action: accept}", flow));
    assert!(!finds(Source::AwsVpcflow, "{category: firewall}", "{dst_ip: 198.51.100.8}", flow));
}

#[test]
fn audit_records_are_found_decoded() {
    let records = "type=SYSCALL msg=audit(1772360430.1:7): arch=c000003e syscall=59 success=yes exit=0 ppid=1 pid=2 auid=1000 uid=0 euid=0 comm=\"sh\" exe=\"/bin/dash\" key=\"execs\"\ntype=EXECVE msg=audit(1772360430.1:7): argc=3 a0=\"sh\" a1=\"-c\" a2=6375726C20782E6578616D706C65\n";
    let hit = |logsource: &str, search: &str| finds(Source::LinuxAuditd, logsource, search, records);
    assert!(hit("{product: linux, service: auditd}", "{type: EXECVE, a2|contains: curl}"));
    assert!(!hit("{product: linux, service: auditd}", "{type: PATH}"));
    assert!(hit("{product: linux, category: process_creation}", "{Image|endswith: /dash, CommandLine|contains: curl}"));
    assert!(!hit("{product: linux, category: process_creation}", "{CommandLine|contains: wget}"));
}

/// A rule on what a flow does not have would find nothing and say nothing.
#[test]
fn a_rule_on_a_field_that_flows_do_not_have_is_refused() {
    let yaml = "title: A\nlogsource: {category: firewall}\ndetection: {s: {dst_port: 22, session: 7}, condition: s}\n";
    let rules = parse("test.yml", yaml).rules().cloned().collect::<Vec<_>>();
    let verdict = check(&rules[0], Mappings::builtin(), &Placeholders::new());
    assert_eq!(verdict, Verdict::Unmapped("the records of aws_vpcflow have no field session".to_owned()));
}

/// Tables and Splunk's lines do not name their fields in a record: each must be found all the same.
#[test]
fn every_field_of_windows_events_in_tables_and_lines_is_found() {
    let table = "TimeGenerated,EventID,Computer,SourceName,Channel,SubjectUserName,TargetUserName,LogonType,IpAddress,WorkstationName,AuthenticationPackageName,LogonProcessName,KeyLength,Status,SubStatus\n2026-03-01T10:20:30Z,4625,dc1,Microsoft-Windows-Security-Auditing,Security,DC1$,mara,3,192.0.2.7,WS1,NTLM,NtLmSsp,128,0xc000006d,0xc000006a\n";
    let of_table = [("KeyLength", "128"), ("Status", "'0xc000006d'")];
    let lines = "03/12/2026 10:48:14 AM\nLogName=Security\nEventCode=4625\nComputerName=dc1\nSourceName=Microsoft Windows security auditing.\nMessage=An account failed to log on.\n\nSubject:\n\tAccount Name:\t\tDC1$\n\nLogon Type:\t\t3\n\nAccount For Which Logon Failed:\n\tAccount Name:\t\tmara\n\nFailure Information:\n\tSub Status:\t\t0xc000006a\n\nNetwork Information:\n\tWorkstation Name:\tWS1\n\tSource Network Address:\t192.0.2.7\n\nDetailed Authentication Information:\n\tLogon Process:\t\tNtLmSsp\n\tAuthentication Package:\tNTLM\n";
    let of_both = [
        ("SubjectUserName", "DC1$"),
        ("TargetUserName", "mara"),
        ("LogonType", "3"),
        ("IpAddress", "192.0.2.7"),
        ("WorkstationName", "WS1"),
        ("AuthenticationPackageName", "NTLM"),
        ("LogonProcessName", "NtLmSsp"),
        ("SubStatus", "'0xC000006A'"),
        ("EventID", "4625"),
        ("Computer", "dc1"),
    ];
    for (record, own) in [(table, of_table.as_slice()), (lines, &[])] {
        for (field, value) in of_both.iter().chain(own) {
            let hit = finds(Source::WindowsEvent, "{product: windows, service: security}", &format!("{{{field}: {value}}}"), record);
            assert!(hit, "{field} of {record}");
        }
    }
}

fn trail_set() -> RuleSet {
    rule_set(
        "title: A\nlogsource: {product: aws, service: cloudtrail}\ndetection:\n    s: {eventSource: iam.amazonaws.com, eventName: [CreateUser, DeleteUser]}\n    condition: s\n---\ntitle: B\nlogsource: {product: aws, service: cloudtrail}\ndetection:\n    s: {eventName: StopLogging}\n    t: {eventName: UpdateTrail, userAgent|contains: x}\n    condition: 1 of *\n",
    )
}

#[test]
fn a_prefilter_says_what_rows_must_have() {
    let set = trail_set();
    let prefilter = set.prefilter(Class::ApiActivity, None);
    assert_eq!(prefilter.sources, BTreeSet::from(["aws_cloudtrail".to_owned()]));
    let names = ["createuser", "deleteuser", "stoplogging", "updatetrail"].map(str::to_owned);
    assert_eq!(prefilter.columns, [("api_operation", BTreeSet::from(names))]);
    let first = set.prefilter(Class::ApiActivity, Some(&BTreeSet::from([0])));
    assert_eq!(first.columns.iter().map(|(column, _)| *column).collect::<Vec<_>>(), ["api_operation", "api_service_name"]);
    assert!(set.prefilter(Class::DnsActivity, None).sources.is_empty());
    let open =
        rule_set("title: A\nlogsource: {product: aws, service: cloudtrail}\ndetection: {s: {eventName|contains: User}, condition: s}\n");
    assert!(open.prefilter(Class::ApiActivity, None).columns.is_empty());
}

/// Scans bring columns as views and dictionaries too.
#[test]
fn columns_are_read_in_every_encoding() {
    let set = rule_set(&format!(
        "title: A\nlogsource: {SYSMON_1}\ndetection:\n    s: {{CommandLine|contains: whoami, EventID: 1}}\n    condition: s\n"
    ));
    let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    for wanted in [DataType::Utf8, DataType::LargeUtf8, DataType::Utf8View, dictionary] {
        for (table, batch) in batches(Source::WindowsEvent, &process(serde_json::json!({}))) {
            let columns = set.columns_needed(table);
            let arrays: Vec<ArrayRef> = columns
                .iter()
                .map(|name| batch.column_by_name(name).unwrap())
                .map(
                    |array| {
                        if array.data_type() == &DataType::Utf8 { arrow::compute::cast(array, &wanted).unwrap() } else { array.clone() }
                    },
                )
                .collect();
            let fields: Vec<Field> =
                columns.iter().zip(&arrays).map(|(name, array)| Field::new(*name, array.data_type().clone(), true)).collect();
            let cast = RecordBatch::try_new(Schema::new(fields).into(), arrays).unwrap();
            assert_eq!(set.evaluate(table, &cast).unwrap().len(), 1, "{wanted}");
        }
    }
}

#[test]
fn a_column_that_is_missing_is_an_error_and_not_a_miss() {
    let rows = batches(Source::WindowsEvent, &process(serde_json::json!({})));
    let (table, batch) = &rows[0];
    let set = rule_set(&format!("title: A\nlogsource: {SYSMON_1}\ndetection: {{s: {{CommandLine: x}}, condition: s}}\n"));
    let without = batch.project(&(0..3).collect::<Vec<_>>()).unwrap();
    assert!(set.evaluate(*table, &without).unwrap_err().to_string().contains("have no column"));
}

#[test]
fn fields_are_carried_along_with_matches() {
    let mut set = rule_set(&format!("title: A\nlogsource: {SYSMON_1}\ndetection: {{s: {{CommandLine|contains: who}}, condition: s}}\n"));
    set.carry(0, ["Image", "EventID", "User", "Nothing"].map(str::to_owned).to_vec());
    let set = RuleSet::from_json(&set.to_json(), Mappings::builtin()).unwrap();
    assert_eq!(set.carried_fields(0), ["Image", "EventID", "User", "Nothing"]);
    let rows = batches(Source::WindowsEvent, &process(serde_json::json!({"User": "CORP\\mara"})));
    let matches = set.evaluate(rows[0].0, &rows[0].1).unwrap();
    let carried = set.carried(rows[0].0, &rows[0].1, &matches).unwrap();
    let expected = [Some(r"C:\Windows\System32\cmd.exe"), Some("1"), Some(r"CORP\mara"), None];
    assert_eq!(carried, [expected.map(|text| text.map(str::to_owned)).to_vec()]);
}

#[test]
fn filters_suppress_what_they_name() {
    let rule = format!("title: A\nid: r1\nlogsource: {SYSMON_1}\ndetection: {{s: {{CommandLine|contains: who}}, condition: s}}\n");
    for condition in ["known", "not known"] {
        let filter = format!(
            "title: F\nlogsource: {{product: windows}}\nfilter:\n    rules: [r1]\n    known: {{User|startswith: adm_}}\n    condition: {condition}\n"
        );
        let set = rule_set(&format!("{rule}---\n{filter}"));
        let set = RuleSet::from_json(&set.to_json(), Mappings::builtin()).unwrap();
        let of = |user: &str| !count(&set, &batches(Source::WindowsEvent, &process(serde_json::json!({"User": user})))).is_empty();
        assert!(of("mara") && !of("adm_eve"), "{condition}");
    }
}
