//! For each logsource of the sources that came later, a record that a rule finds by the fields of that logsource, and does not find by
//! another value of each.

use std::collections::BTreeSet;

use coldtrail_normalize::Source;
use coldtrail_sigma::{Mappings, Placeholders, Verdict, check, parse, sources_left_out};

use crate::support::{batches_and_rejects, count, rule_set};

/// A record, a logsource, a search that finds it and searches that do not.
struct Case {
    source: &'static str,
    logsource: &'static str,
    record: &'static str,
    finds: &'static str,
    not: &'static [&'static str],
}

const NGINX: &str =
    "192.0.2.7 - ann [07/Dec/2026:11:05:07 +0100] \"GET /shop/a.php?cmd=id HTTP/1.1\" 404 571 \"http://x.example/\" \"sqlmap/1.7\"\n";
const ELB: &str = "https 2026-03-01T10:20:30.186641Z app/web/50dc6c495c0c9188 192.0.2.7:2817 10.0.0.1:80 0.000 0.001 0.002 404 - 34 366 \"GET https://www.example.com:443/shop/a.php?cmd=id HTTP/2.0\" \"sqlmap/1.7\" ECDHE TLSv1.2 arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/t/73 \"Root=1-58\" \"www.example.com\" \"-\" 0 2026-03-01T10:20:30.180000Z \"forward\" \"-\" \"-\" \"10.0.0.1:80\" \"-\" \"-\" \"-\" TID_1\n";
const CLOUDFRONT: &str = "#Version: 1.0\n#Fields: date time c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) cs-uri-query x-edge-result-type\n2026-03-01\t10:20:30\t192.0.2.7\tGET\td1.cloudfront.net\t/shop/a.php\t404\thttp://x.example/\tsqlmap/1.7\tcmd=id\tError\n";
const ENVOY: &str = "[2026-03-01T10:20:30.955Z] \"GET /shop/a.php?cmd=id HTTP/1.1\" 404 - via_upstream - \"-\" 0 178 2 1 \"192.0.2.7\" \"sqlmap/1.7\" \"r1\" \"details:9080\" \"10.68.2.10:9080\" inbound|9080|| 127.0.0.6:47889 10.68.2.10:9080 10.68.1.7:39696 - default\n";
const WAF: &str = r#"{"timestamp":1772360430000,"formatVersion":1,"webaclId":"arn:aws:wafv2:us-east-1:123456789012:global/webacl/acl1/41f0","terminatingRuleId":"XSS","action":"BLOCK","httpSourceName":"CF","httpSourceId":"E2","httpRequest":{"clientIp":"192.0.2.7","country":"DE","headers":[{"name":"Host","value":"www.example.com"},{"name":"user-agent","value":"sqlmap/1.7"}],"uri":"/shop/a.php","args":"cmd=id","httpVersion":"HTTP/1.1","httpMethod":"GET","requestId":"r1"}}"#;
const APPGW: &str = r#"{"timeStamp":"2026-03-01T12:00:00+00:00","resourceId":"/SUBSCRIPTIONS/SUB-1/RESOURCEGROUPS/WEB/PROVIDERS/MICROSOFT.NETWORK/APPLICATIONGATEWAYS/FRONT","operationName":"ApplicationGatewayAccess","category":"ApplicationGatewayAccessLog","properties":{"instanceId":"appgw_2","clientIP":"192.0.2.7","clientPort":45057,"httpMethod":"GET","originalRequestUriWithArgs":"/shop/a.php?cmd=id","requestUri":"/shop/a.php","requestQuery":"cmd=id","userAgent":"sqlmap/1.7","httpStatus":404,"httpVersion":"HTTP/1.1","host":"shop.example"}}"#;
const FRONTDOOR: &str = r#"{"time":"2026-03-01T12:00:00Z","resourceId":"/SUBSCRIPTIONS/SUB-1/RESOURCEGROUPS/WEB/PROVIDERS/MICROSOFT.NETWORK/FRONTDOORS/OLD","category":"FrontdoorAccessLog","properties":{"trackingReference":"r2","httpMethod":"GET","httpVersion":"2.0.0.0","requestUri":"https://shop.example:443/shop/a.php?cmd=id","userAgent":"sqlmap/1.7","clientIp":"192.0.2.7","clientPort":"61000","socketIp":"192.0.2.7","httpStatusCode":"404"}}"#;
const GCP_LB: &str = r#"{"insertId":"i1","jsonPayload":{"@type":"type.googleapis.com/google.cloud.loadbalancing.type.LoadBalancerLogEntry","statusDetails":"denied_by_security_policy"},"httpRequest":{"requestMethod":"GET","requestUrl":"https://shop.example:8443/shop/a.php?cmd=id","status":404,"userAgent":"sqlmap/1.7","remoteIp":"192.0.2.7"},"resource":{"type":"http_load_balancer","labels":{"project_id":"pay-1"}},"timestamp":"2026-03-01T12:00:00.5Z","severity":"WARNING","logName":"projects/pay-1/logs/requests"}"#;
const EVE_HTTP: &str = r#"{"timestamp":"2026-03-01T10:20:30.25Z","flow_id":77,"src_ip":"192.0.2.7","src_port":50096,"dest_ip":"198.51.100.7","dest_port":80,"proto":"TCP","event_type":"http","http":{"hostname":"example.com","url":"/shop/a.php?cmd=id","http_user_agent":"sqlmap/1.7","http_method":"GET","protocol":"HTTP/1.1","status":404,"length":3}}"#;
const EVE_DNS: &str = r#"{"timestamp":"2026-03-01T10:20:30.25Z","flow_id":77,"src_ip":"192.0.2.7","src_port":50096,"dest_ip":"198.51.100.7","dest_port":53,"proto":"UDP","event_type":"dns","dns":{"version":2,"type":"answer","id":7,"rrname":"pool.example.com","rrtype":"TXT","rcode":"NOERROR","answers":[{"rrname":"pool.example.com","rrtype":"TXT","ttl":60,"rdata":"hello"}]}}"#;
const EVE_ALERT: &str = r#"{"timestamp":"2026-03-01T11:20:30.250+0100","flow_id":77,"event_type":"alert","src_ip":"192.0.2.7","src_port":50096,"dest_ip":"198.51.100.7","dest_port":80,"proto":"TCP","alert":{"action":"blocked","gid":1,"signature_id":2100498,"rev":7,"signature":"ET SCAN Nmap","category":"Attempted Information Leak","severity":2}}"#;
const ROUTE53: &str = r#"{"version":"1.100000","account_id":"123456789012","region":"us-east-1","vpc_id":"vpc-1","query_timestamp":"2026-03-01T10:20:30Z","query_name":"pool.example.com.","query_type":"TXT","query_class":"IN","rcode":"NOERROR","answers":[{"Rdata":"hello","Type":"TXT","Class":"IN"}],"srcaddr":"10.0.1.104","srcport":"54500","transport":"UDP","srcids":{"instance":"i-1"}}"#;
const GCP_FLOW: &str = r#"{"insertId":"i1","jsonPayload":{"connection":{"src_ip":"192.0.2.7","src_port":50096,"dest_ip":"198.51.100.7","dest_port":22,"protocol":6},"bytes_sent":"100","packets_sent":"1","start_time":"2026-03-01T12:00:00Z","end_time":"2026-03-01T12:00:01Z","reporter":"SRC"},"resource":{"type":"gce_subnetwork","labels":{"project_id":"p"}},"timestamp":"2026-03-01T12:00:05Z","logName":"projects/p/logs/compute.googleapis.com%2Fvpc_flows"}"#;
const NSG: &str = r#"{"time":"2026-03-01T12:01:00Z","macAddress":"000D3AF87856","rule":"DefaultRule_AllowInternetOutBound","operationName":"NetworkSecurityGroupFlowEvents","flow.0":"1772366405,192.0.2.7,198.51.100.7,50096,22,T,O,A"}"#;
const ASA: &str = "Mar 01 2026 12:00:00: %ASA-6-302013: Built inbound TCP connection 7 for outside:192.0.2.7/50096 (192.0.2.7/50096)(LOCAL\\mara, 12) to dmz:198.51.100.7/22 (198.51.100.7/22) (mara)\n";
const PAN_TRAFFIC: &str = r#"{"LogType":"TRAFFIC","Subtype":"end","TimeGenerated":"2026-03-01T12:00:00.000000Z","TimeReceived":"2026-03-01T12:00:01.000000Z","DeviceSN":"1","DeviceName":"fw1","VendorName":"Palo Alto Networks","SourceAddress":"192.0.2.7","SourcePort":50096,"DestinationAddress":"198.51.100.7","DestinationPort":22,"Action":"allow","Protocol":"tcp","SourceUser":"corp\\mara","SessionID":7,"Bytes":74}"#;
const FORTI_TRAFFIC: &str = "date=2026-03-01 time=12:00:00 devname=\"fw1\" devid=\"FG1\" eventtime=1772366400000000000 tz=\"+0000\" logid=\"0000000013\" type=\"traffic\" subtype=\"forward\" level=\"notice\" vd=\"root\" srcip=192.0.2.7 srcport=50096 dstip=198.51.100.7 dstport=22 proto=6 action=\"accept\" user=\"mara\" policyid=1 service=\"SSH\" sentbyte=100 rcvdbyte=100\n";
const FORTI_EVENT: &str = "date=2026-03-01 time=12:00:00 devname=\"fw1\" devid=\"FG1\" eventtime=1772366400000000000 tz=\"+0000\" logid=\"0100044547\" type=\"event\" subtype=\"system\" level=\"information\" vd=\"root\" logdesc=\"Object attribute configured\" user=\"admin\" ui=\"GUI(192.0.2.7)\" action=\"Add\" cfgtid=7 cfgpath=\"system.admin\" cfgobj=\"eve\" msg=\"Add system.admin \\\"eve\\\"\"\n";
const ZSCALER: &str = r#"{"sourcetype":"zscalernss-web","event":{"datetime":"2026-03-01 12:00:00","reason":"Allowed","event_id":"7","protocol":"HTTP","action":"Allowed","transactionsize":"65","responsesize":"65","requestsize":"65","urlcategory":"Other","serverip":"198.51.100.7","requestmethod":"GET","refererURL":"None","useragent":"sqlmap/1.7","product":"NSS","location":"Road Warrior","ClientIP":"192.0.2.7","status":"404","user":"mara@example.org","url":"example.com/shop/a.php?cmd=id","vendor":"Zscaler","hostname":"example.com"}}"#;
const MDE_PROCESS: &str = r#"{"time":"2026-03-01T12:00:00Z","tenantId":"t","operationName":"Publish","category":"AdvancedHunting-DeviceProcessEvents","properties":{"Timestamp":"2026-03-01T12:00:00Z","DeviceId":"d","DeviceName":"pc1","ActionType":"ProcessCreated","FileName":"tool.exe","FolderPath":"C:\\Temp\\tool.exe","ProcessId":4242,"ProcessCommandLine":"tool.exe -x","ProcessVersionInfoOriginalFileName":"evil.exe","ProcessIntegrityLevel":"High","SHA256":"aa","AccountName":"mara","AccountDomain":"corp","InitiatingProcessFileName":"cmd.exe","InitiatingProcessFolderPath":"C:\\Windows\\System32","InitiatingProcessCommandLine":"cmd /c","InitiatingProcessId":7}}"#;
const MDE_FILE: &str = r#"{"time":"2026-03-01T12:00:00Z","tenantId":"t","operationName":"Publish","category":"AdvancedHunting-DeviceFileEvents","properties":{"Timestamp":"2026-03-01T12:00:00Z","DeviceId":"d","DeviceName":"pc1","ActionType":"FileCreated","FileName":"tool.exe","FolderPath":"C:\\Temp","InitiatingProcessFileName":"cmd.exe","InitiatingProcessFolderPath":"C:\\Windows\\System32\\cmd.exe"}}"#;
const MDE_NETWORK: &str = r#"{"time":"2026-03-01T12:00:00Z","tenantId":"t","operationName":"Publish","category":"AdvancedHunting-DeviceNetworkEvents","properties":{"Timestamp":"2026-03-01T12:00:00Z","DeviceId":"d","DeviceName":"pc1","ActionType":"ConnectionSuccess","RemoteIP":"198.51.100.7","RemotePort":22,"LocalIP":"192.0.2.7","LocalPort":50096,"Protocol":"Tcp","InitiatingProcessFileName":"tool.exe","InitiatingProcessFolderPath":"C:\\Temp\\tool.exe"}}"#;
const MDE_IMAGE: &str = r#"{"time":"2026-03-01T12:00:00Z","tenantId":"t","operationName":"Publish","category":"AdvancedHunting-DeviceImageLoadEvents","properties":{"Timestamp":"2026-03-01T12:00:00Z","DeviceId":"d","DeviceName":"pc1","ActionType":"ImageLoaded","FileName":"evil.dll","FolderPath":"C:\\Temp\\evil.dll","InitiatingProcessFileName":"tool.exe","InitiatingProcessFolderPath":"C:\\Temp\\tool.exe"}}"#;
const MDE_DELETE: &str = r#"{"time":"2026-03-01T12:00:00Z","tenantId":"t","operationName":"Publish","category":"AdvancedHunting-DeviceFileEvents","properties":{"Timestamp":"2026-03-01T12:00:00Z","DeviceId":"d","DeviceName":"pc1","ActionType":"FileDeleted","FileName":"tool.exe","FolderPath":"C:\\Temp\\tool.exe","InitiatingProcessFileName":"cmd.exe","InitiatingProcessFolderPath":"C:\\Windows\\System32\\cmd.exe"}}"#;
const FDR_WINDOWS: &str = r#"{"event_simpleName":"ProcessRollup2","aid":"a","cid":"c","event_platform":"Win","timestamp":"1772366400000","id":"1","ImageFileName":"\\Device\\HarddiskVolume2\\Temp\\tool.exe","CommandLine":"tool.exe -x","ParentBaseFileName":"cmd.exe","RawProcessId":"4242","SHA256HashData":"aa","OriginalFilename":"evil.exe"}"#;
const FDR_LINUX: &str = r#"{"event_simpleName":"ProcessRollup2","aid":"a","cid":"c","event_platform":"Lin","timestamp":"1772366400000","id":"1","ImageFileName":"/usr/bin/curl","CommandLine":"curl x.example","ParentBaseFileName":"bash"}"#;
const FDR_MAC: &str = r#"{"event_simpleName":"ProcessRollup2","aid":"a","cid":"c","event_platform":"Mac","timestamp":"1772366400000","id":"1","ImageFileName":"/usr/bin/osascript","CommandLine":"osascript x","ParentBaseFileName":"zsh"}"#;
const FDR_DNS: &str = r#"{"event_simpleName":"DnsRequest","aid":"a","cid":"c","event_platform":"Win","timestamp":"1772366400000","id":"1","DomainName":"pool.example.com","RequestType":"16","ContextBaseFileName":"tool.exe"}"#;
const FDR_NETWORK: &str = r#"{"event_simpleName":"NetworkConnectIP4","aid":"a","cid":"c","event_platform":"Win","timestamp":"1772366400000","id":"1","RemoteAddressIP4":"198.51.100.7","RemotePort":"22","LocalAddressIP4":"192.0.2.7","LocalPort":"50096","ConnectionDirection":"0","ContextBaseFileName":"tool.exe","Protocol":"6"}"#;
const TETRAGON: &str = r#"{"process_exec":{"process":{"exec_id":"e","pid":4242,"uid":0,"cwd":"/tmp","binary":"/usr/bin/curl","arguments":"x.example","start_time":"2026-03-01T12:00:00Z"},"parent":{"exec_id":"p","pid":7,"uid":0,"cwd":"/","binary":"/bin/bash","arguments":"-c x"}},"node_name":"n1","time":"2026-03-01T12:00:00Z"}"#;
const TETRAGON_CONNECT: &str = r#"{"process_connect":{"process":{"exec_id":"e","pid":4242,"uid":0,"cwd":"/tmp","binary":"/usr/bin/curl","arguments":"x.example"},"parent":{"exec_id":"p","pid":7,"binary":"/bin/bash"},"source_ip":"192.0.2.7","source_port":50096,"destination_ip":"198.51.100.7","destination_port":22,"protocol":"TCP"},"node_name":"n1","time":"2026-03-01T12:00:00Z"}"#;
const OSQUERY: &str = r#"{"name":"bpf_process_events","hostIdentifier":"h1","calendarTime":"Sun Mar  1 12:00:00 2026 UTC","unixTime":1772366400,"action":"added","columns":{"pid":"4242","parent":"7","path":"/usr/bin/curl","cmdline":"curl x.example","time":"1772366400"}}"#;
const OSQUERY_MAC: &str = r#"{"name":"es_process_events","hostIdentifier":"h1","calendarTime":"Sun Mar  1 12:00:00 2026 UTC","unixTime":1772366400,"action":"added","decorations":{"platform":"darwin"},"columns":{"pid":"4242","parent":"7","path":"/usr/bin/osascript","cmdline":"osascript x","time":"1772366400"}}"#;
const OSQUERY_SOCKET: &str = r#"{"name":"bpf_socket_events","hostIdentifier":"h1","calendarTime":"Sun Mar  1 12:00:00 2026 UTC","unixTime":1772366400,"action":"added","columns":{"pid":"4242","path":"/usr/bin/curl","action":"connect","syscall":"connect","remote_address":"198.51.100.7","remote_port":"22","local_address":"192.0.2.7","local_port":"50096","time":"1772366400"}}"#;
const FALCO: &str = r#"{"uuid":"u1","output":"shell in a container","priority":"Critical","rule":"Terminal shell in container","time":"2026-03-01T10:20:30.558068644Z","output_fields":{"proc.name":"bash","proc.exepath":"/bin/bash","user.name":"root"},"source":"syscall","tags":["container"],"hostname":"h1"}"#;
const SSHD: &str = "2026-03-01T10:20:30+00:00 host1 sshd[4242]: Failed password for invalid user admin from 192.0.2.7 port 50096 ssh2\n";
const SLACK: &str = r#"{"id":"1","date_create":1772366400,"action":"intune_disabled","actor":{"type":"user","user":{"id":"U1","name":"mara","email":"mara@example.com"}},"entity":{"type":"workspace","workspace":{"id":"T1","name":"w"}},"context":{"ip_address":"192.0.2.7","ua":"x"}}"#;
const SIGN_IN: &str = r#"{"uuid":"u","session_uuid":"s","timestamp":"2026-03-01T12:00:00Z","category":"success","type":"credentials_ok","country":"US","target_user":{"uuid":"t","name":"Mara","email":"mara@example.com"},"client":{"app_name":"Bartco","ip_address":"192.0.2.7"}}"#;
const ITEM: &str = r#"{"uuid":"u","timestamp":"2026-03-01T12:00:00Z","used_version":2,"vault_uuid":"v","item_uuid":"i1","user":{"uuid":"t","name":"Mara","email":"mara@example.com"},"client":{"app_name":"1Password","ip_address":"192.0.2.7"}}"#;
const WORKSPACE: &str = r#"{"kind":"admin#reports#activity","id":{"time":"2026-03-01T12:00:00.000Z","uniqueQualifier":"7","applicationName":"admin","customerId":"C1"},"actor":{"email":"mara@example.com","profileId":"1"},"ipAddress":"192.0.2.7","events":[{"type":"APPLICATION_SETTINGS","name":"CHANGE_APPLICATION_SETTING","parameters":[{"name":"SETTING_NAME","value":"Strong Password"},{"name":"NEW_VALUE","value":"false"},{"name":"OLD_VALUE","value":"true"}]}]}"#;
const WORKSPACE_LOGIN: &str = r#"{"kind":"admin#reports#activity","id":{"time":"2026-03-01T12:00:00.000Z","uniqueQualifier":"7","applicationName":"login","customerId":"C1"},"actor":{"email":"mara@example.com","profileId":"1"},"ipAddress":"192.0.2.7","events":[{"type":"login","name":"login_failure","parameters":[{"name":"login_type","value":"saml"}]}]}"#;
const GUARDDUTY: &str = r#"{"schemaVersion":"2.0","accountId":"123456789012","region":"us-east-1","partition":"aws","id":"f1","arn":"arn:aws:guardduty:us-east-1:123456789012:detector/d/finding/f1","type":"Recon:EC2/PortProbe","resource":{"resourceType":"Instance"},"service":{"serviceName":"guardduty","count":1},"severity":2,"createdAt":"2026-03-01T12:00:00Z","updatedAt":"2026-03-01T12:00:00Z","title":"t","description":"d"}"#;
const SECURITY_HUB: &str = r#"{"SchemaVersion":"2018-10-08","Id":"f1","ProductArn":"arn:aws:securityhub:us-east-1:123456789012:product/123456789012/default","GeneratorId":"g","AwsAccountId":"123456789012","Types":["TTPs/Discovery"],"CreatedAt":"2026-03-01T12:00:00Z","UpdatedAt":"2026-03-01T12:00:00Z","Severity":{"Label":"HIGH"},"Title":"Decoy opened","Description":"d","Resources":[{"Type":"AwsS3Bucket","Id":"b"}]}"#;
const FALCON: &str = r#"{"metadata":{"customerIDString":"c","offset":1,"eventType":"AuthActivityAuditEvent","eventCreationTime":1772366400000,"version":"1.0"},"event":{"UserId":"mara@example.com","UserIp":"192.0.2.7","OperationName":"grantUserRoles","ServiceName":"CrowdStrike Authentication","Success":true,"UTCTimestamp":1772366400,"AuditKeyValues":[{"Key":"target_name","ValueString":"eve"},{"Key":"roles","ValueString":"admin"}]}}"#;

const WEB: &str = "{cs-method: GET, cs-uri-stem: /shop/a.php, cs-uri-query|contains: cmd=, cs-user-agent|startswith: sqlmap, sc-status: 404, c-ip|cidr: 192.0.2.0/24, cs-uri: '/shop/a.php\\?cmd=id'}";
const NOT_WEB: &[&str] =
    &["{cs-method: POST}", "{cs-uri-stem: /shop}", "{cs-uri-query: cmd}", "{cs-user-agent: curl}", "{sc-status: 200}", "{c-ip: 192.0.2.8}"];
const FLOW: &str = "{src_ip: 192.0.2.7, src_port: 50096, dst_ip|cidr: 198.51.100.0/24, dst_port: 22}";
const NOT_FLOW: &[&str] = &["{src_ip: 198.51.100.7}", "{dst_ip: 192.0.2.7}", "{dst_port: 50096}", "{src_port: 22}"];
const DNS: &str = "{query|endswith: .example.com, record_type: TXT, answer|contains: hello}";
const NOT_DNS: &[&str] = &["{query: example.com}", "{record_type: A}", "{answer: x}"];

const CASES: &[Case] = &[
    Case { source: "nginx", logsource: "{category: webserver}", record: NGINX, finds: WEB, not: NOT_WEB },
    Case {
        source: "nginx",
        logsource: "{category: webserver}",
        record: NGINX,
        finds: "{cs-referer|contains: x.example, cs-username: ann, cs-version: HTTP/1.1}",
        not: &["{cs-referer: y}", "{cs-username: eve}"],
    },
    Case {
        source: "nginx",
        logsource: "{product: nginx, service: nginx}",
        record: NGINX,
        finds: "['sqlmap', 'nothing']",
        not: &["['nothing']"],
    },
    Case { source: "aws_elb", logsource: "{category: webserver}", record: ELB, finds: WEB, not: NOT_WEB },
    Case { source: "aws_cloudfront", logsource: "{category: webserver}", record: CLOUDFRONT, finds: WEB, not: NOT_WEB },
    Case {
        source: "envoy_istio_access",
        logsource: "{category: webserver}",
        record: ENVOY,
        finds: "{cs-method: GET, cs-uri-stem: /shop/a.php, cs-user-agent: sqlmap/1.7, sc-status: 404}",
        not: &["{sc-status: 200}"],
    },
    Case {
        source: "aws_waf",
        logsource: "{category: webserver}",
        record: WAF,
        finds: "{cs-method: GET, cs-uri-stem: /shop/a.php, cs-uri-query: cmd=id, cs-host: www.example.com, c-ip: 192.0.2.7}",
        not: &["{cs-host: example.com}"],
    },
    Case {
        source: "aws_waf",
        logsource: "{product: aws, service: waf}",
        record: WAF,
        finds: "{action: BLOCK, httpRequest.headers.value|contains: sqlmap}",
        not: &["{action: ALLOW}"],
    },
    Case { source: "azure_appgw", logsource: "{category: webserver}", record: APPGW, finds: WEB, not: NOT_WEB },
    Case { source: "azure_frontdoor", logsource: "{category: webserver}", record: FRONTDOOR, finds: WEB, not: NOT_WEB },
    Case { source: "gcp_lb", logsource: "{category: webserver}", record: GCP_LB, finds: WEB, not: NOT_WEB },
    Case {
        source: "gcp_lb",
        logsource: "{product: gcp, service: gcp.http_load_balancer}",
        record: GCP_LB,
        finds: "{jsonPayload.statusDetails: denied_by_security_policy, httpRequest.status: 404}",
        not: &["{httpRequest.status: 403}"],
    },
    Case { source: "suricata_eve", logsource: "{category: webserver}", record: EVE_HTTP, finds: WEB, not: NOT_WEB },
    Case {
        source: "suricata_eve",
        logsource: "{category: proxy}",
        record: EVE_HTTP,
        finds: "{c-uri|contains: /shop/a.php?cmd=id, c-useragent: sqlmap/1.7, cs-host: example.com, src_ip: 192.0.2.7, dst_ip: 198.51.100.7}",
        not: &["{c-useragent: curl}", "{dst_ip: 192.0.2.7}"],
    },
    Case { source: "suricata_eve", logsource: "{category: dns}", record: EVE_DNS, finds: DNS, not: NOT_DNS },
    Case {
        source: "suricata_eve",
        logsource: "{product: suricata, service: dns}",
        record: EVE_DNS,
        finds: "{dns.rrname: pool.example.com}",
        not: &["{dns.rrname: x}"],
    },
    Case {
        source: "suricata_eve",
        logsource: "{product: suricata, service: alert}",
        record: EVE_ALERT,
        finds: "{alert.signature|contains: Nmap, alert.severity|lte: 2}",
        not: &["{alert.severity: 1}"],
    },
    Case {
        source: "suricata_eve",
        logsource: "{product: suricata, service: http}",
        record: EVE_HTTP,
        finds: "{http.http_method: GET}",
        not: &["{http.http_method: POST}"],
    },
    Case {
        source: "suricata_eve",
        logsource: "{product: suricata}",
        record: EVE_ALERT,
        finds: "{event_type: alert}",
        not: &["{event_type: dns}"],
    },
    Case { source: "aws_route53", logsource: "{category: dns}", record: ROUTE53, finds: DNS, not: NOT_DNS },
    Case {
        source: "aws_route53",
        logsource: "{product: aws, service: route53}",
        record: ROUTE53,
        finds: "{query_name: pool.example.com., rcode: NOERROR}",
        not: &["{rcode: NXDOMAIN}"],
    },
    Case { source: "gcp_vpcflow", logsource: "{category: firewall}", record: GCP_FLOW, finds: FLOW, not: NOT_FLOW },
    Case { source: "azure_nsgflow", logsource: "{category: firewall}", record: NSG, finds: FLOW, not: NOT_FLOW },
    Case { source: "cisco_asa", logsource: "{category: firewall}", record: ASA, finds: FLOW, not: NOT_FLOW },
    Case {
        source: "cisco_asa",
        logsource: "{product: cisco, service: asa}",
        record: ASA,
        finds: "['%ASA-6-302013', 'x']",
        not: &["['%ASA-6-302014']"],
    },
    Case { source: "paloalto", logsource: "{category: firewall}", record: PAN_TRAFFIC, finds: FLOW, not: NOT_FLOW },
    Case {
        source: "paloalto",
        logsource: "{product: paloalto, category: firewall}",
        record: PAN_TRAFFIC,
        finds: "{username: mara, action: allow}",
        not: &["{username: eve}", "{action: deny}"],
    },
    Case { source: "fortinet", logsource: "{category: firewall}", record: FORTI_TRAFFIC, finds: FLOW, not: NOT_FLOW },
    Case {
        source: "fortinet",
        logsource: "{category: firewall}",
        record: FORTI_TRAFFIC,
        finds: "{action: accept, username: mara}",
        not: &["{action: deny}"],
    },
    Case {
        source: "fortinet",
        logsource: "{product: fortigate, service: event}",
        record: FORTI_EVENT,
        finds: "{action: Add, cfgpath: system.admin, msg|contains: '\"eve\"'}",
        not: &["{action: Edit}", "{cfgpath: system}"],
    },
    Case {
        source: "fortinet",
        logsource: "{product: fortigate, service: traffic}",
        record: FORTI_TRAFFIC,
        finds: "{service: SSH, dstport: 22}",
        not: &["{service: HTTP}"],
    },
    Case {
        source: "zscaler",
        logsource: "{category: proxy}",
        record: ZSCALER,
        finds: "{c-uri|contains: /shop/a.php?cmd=id, c-useragent: sqlmap/1.7, cs-method: GET, r-dns: example.com, src_ip: 192.0.2.7, dst_ip: 198.51.100.7, sc-status: 404, action: Allowed}",
        not: &["{cs-method: POST}", "{action: Blocked}", "{c-useragent: curl}"],
    },
    Case {
        source: "ms_defender_xdr",
        logsource: "{product: windows, category: process_creation}",
        record: MDE_PROCESS,
        finds: r"{Image: 'C:\Temp\tool.exe', CommandLine|contains: '-x', ParentImage|endswith: '\System32\cmd.exe', ParentCommandLine: cmd /c, OriginalFileName: evil.exe, IntegrityLevel: High, ProcessId: 4242, sha256: AA}",
        not: &[r"{Image|endswith: '\cmd.exe'}", r"{ParentImage|endswith: '\tool.exe'}", "{ProcessId: 7}"],
    },
    Case {
        source: "ms_defender_xdr",
        logsource: "{product: windows, category: file_event}",
        record: MDE_FILE,
        finds: r"{TargetFilename: 'C:\Temp\tool.exe', Image|endswith: '\cmd.exe'}",
        not: &[r"{TargetFilename: 'C:\Temp'}"],
    },
    Case {
        source: "ms_defender_xdr",
        logsource: "{product: windows, category: file_delete}",
        record: MDE_DELETE,
        finds: r"{TargetFilename|endswith: '\tool.exe'}",
        not: &[r"{TargetFilename|endswith: '\cmd.exe'}"],
    },
    Case {
        source: "ms_defender_xdr",
        logsource: "{product: windows, category: network_connection}",
        record: MDE_NETWORK,
        finds: r"{Image|endswith: '\tool.exe', DestinationIp: 198.51.100.7, DestinationPort: 22, SourceIp: 192.0.2.7}",
        not: &["{DestinationPort: 23}", "{SourceIp: 198.51.100.7}"],
    },
    Case {
        source: "ms_defender_xdr",
        logsource: "{product: windows, category: image_load}",
        record: MDE_IMAGE,
        finds: r"{ImageLoaded|endswith: '\evil.dll', Image|endswith: '\tool.exe'}",
        not: &[r"{ImageLoaded|endswith: '\tool.exe'}"],
    },
    Case {
        source: "crowdstrike_fdr",
        logsource: "{product: windows, category: process_creation}",
        record: FDR_WINDOWS,
        finds: r"{Image|endswith: '\tool.exe', CommandLine|contains: '-x', ParentImage|endswith: '\cmd.exe', OriginalFileName: evil.exe, ProcessId: 4242}",
        not: &[r"{Image|endswith: '\cmd.exe'}", r"{ParentImage|endswith: '\d.exe'}"],
    },
    Case {
        source: "crowdstrike_fdr",
        logsource: "{product: linux, category: process_creation}",
        record: FDR_LINUX,
        finds: "{Image: /usr/bin/curl, ParentImage|endswith: /bash}",
        not: &["{Image: /bin/curl}", "{ParentImage|endswith: /sh}"],
    },
    Case {
        source: "crowdstrike_fdr",
        logsource: "{product: macos, category: process_creation}",
        record: FDR_MAC,
        finds: "{Image|endswith: /osascript, ParentImage|endswith: /zsh}",
        not: &["{Image|endswith: /zsh}"],
    },
    Case {
        source: "crowdstrike_fdr",
        logsource: "{product: windows, category: dns_query}",
        record: FDR_DNS,
        finds: r"{QueryName|endswith: .example.com, Image|endswith: '\tool.exe'}",
        not: &["{QueryName: example.com}"],
    },
    Case {
        source: "crowdstrike_fdr",
        logsource: "{category: dns}",
        record: FDR_DNS,
        finds: "{query: pool.example.com, record_type: TXT}",
        not: &["{record_type: A}"],
    },
    Case {
        source: "crowdstrike_fdr",
        logsource: "{product: windows, category: network_connection}",
        record: FDR_NETWORK,
        finds: r"{Image|endswith: '\tool.exe', DestinationIp: 198.51.100.7, DestinationPort: 22}",
        not: &["{DestinationPort: 50096}"],
    },
    Case {
        source: "crowdstrike_fdr",
        logsource: "{product: crowdstrike, service: fdr}",
        record: FDR_WINDOWS,
        finds: "{event_simpleName: ProcessRollup2}",
        not: &["{event_simpleName: DnsRequest}"],
    },
    Case {
        source: "tetragon",
        logsource: "{product: linux, category: process_creation}",
        record: TETRAGON,
        finds: "{Image: /usr/bin/curl, CommandLine|contains: x.example, ParentImage|endswith: /bash, CurrentDirectory: /tmp, ProcessId: 4242}",
        not: &["{Image: /bin/bash}", "{ParentImage: /usr/bin/curl}"],
    },
    Case {
        source: "tetragon",
        logsource: "{product: linux, category: network_connection}",
        record: TETRAGON_CONNECT,
        finds: "{Image: /usr/bin/curl, DestinationIp: 198.51.100.7, DestinationPort: 22}",
        not: &["{DestinationPort: 23}"],
    },
    Case {
        source: "osquery",
        logsource: "{product: linux, category: process_creation}",
        record: OSQUERY,
        finds: "{Image|endswith: /curl, CommandLine|contains: x.example}",
        not: &["{Image|endswith: /wget}"],
    },
    Case {
        source: "osquery",
        logsource: "{product: macos, category: process_creation}",
        record: OSQUERY_MAC,
        finds: "{Image|endswith: /osascript}",
        not: &["{Image|endswith: /curl}"],
    },
    Case {
        source: "osquery",
        logsource: "{product: linux, category: network_connection}",
        record: OSQUERY_SOCKET,
        finds: "{DestinationIp: 198.51.100.7, DestinationPort: 22}",
        not: &["{DestinationPort: 50096}"],
    },
    Case {
        source: "osquery",
        logsource: "{product: osquery}",
        record: OSQUERY,
        finds: "{name: bpf_process_events, columns.pid: '4242', path: /usr/bin/curl}",
        not: &["{columns.pid: '7'}"],
    },
    Case {
        source: "falco",
        logsource: "{product: falco}",
        record: FALCO,
        finds: "{rule: Terminal shell in container, proc.exepath: /bin/bash, priority: Critical}",
        not: &["{proc.exepath: /bin/sh}"],
    },
    Case {
        source: "linux_sshd",
        logsource: "{product: linux, service: sshd}",
        record: SSHD,
        finds: "['Failed password for invalid user', 'x']",
        not: &["['Accepted password']"],
    },
    Case {
        source: "slack",
        logsource: "{product: slack, service: audit}",
        record: SLACK,
        finds: "{action: intune_disabled, actor.user.name: mara}",
        not: &["{action: user_logout}"],
    },
    Case {
        source: "onepassword",
        logsource: "{product: onepassword, service: signinattempts}",
        record: SIGN_IN,
        finds: "{client.app_name: Bartco}",
        not: &["{client.app_name: 1Password}"],
    },
    Case {
        source: "onepassword",
        logsource: "{product: onepassword, service: itemusages}",
        record: ITEM,
        finds: "{item_uuid: i1}",
        not: &["{item_uuid: i2}"],
    },
    Case {
        source: "google_workspace",
        logsource: "{product: gcp, service: google_workspace.admin}",
        record: WORKSPACE,
        finds: "{eventService: admin.googleapis.com, eventName: CHANGE_APPLICATION_SETTING, new_value: 'false', setting_name|contains: Password}",
        not: &["{new_value: 'true'}", "{eventService: login.googleapis.com}", "{setting_name: 'false'}"],
    },
    Case {
        source: "google_workspace",
        logsource: "{product: google_workspace}",
        record: WORKSPACE_LOGIN,
        finds: "{eventName: login_failure, applicationName: login}",
        not: &["{eventName: login_success}"],
    },
    Case {
        source: "google_workspace",
        logsource: "{product: gcp, service: google_workspace.login}",
        record: WORKSPACE_LOGIN,
        finds: "{eventService: login.googleapis.com, eventName: login_failure}",
        not: &["{eventService: admin.googleapis.com}"],
    },
    Case {
        source: "aws_guardduty",
        logsource: "{product: aws, service: guardduty}",
        record: GUARDDUTY,
        finds: "{type|startswith: 'Recon:', severity|lt: 4}",
        not: &["{severity|gte: 4}"],
    },
    Case {
        source: "aws_securityhub",
        logsource: "{product: aws, service: securityhub}",
        record: SECURITY_HUB,
        finds: "{Title: Decoy opened, Severity.Label: HIGH}",
        not: &["{Severity.Label: LOW}"],
    },
    Case {
        source: "crowdstrike_falcon",
        logsource: "{product: crowdstrike, service: eventstreams}",
        record: FALCON,
        finds: "{OperationName: grantUserRoles, Success: true, 'AuditKeyValues.[Key=roles].ValueString': admin, eventType: AuthActivityAuditEvent}",
        not: &["{'AuditKeyValues.[Key=roles].ValueString': eve}", "{Success: false}"],
    },
];

fn yaml(logsource: &str, search: &str) -> String {
    format!("title: A\nlogsource: {logsource}\ndetection:\n    selection: {search}\n    condition: selection\n")
}

fn source(name: &str) -> Source {
    Source::all().into_iter().find(|source| source.name() == name).unwrap()
}

#[test]
fn a_rule_finds_a_record_by_the_fields_of_its_logsource_and_no_other() {
    let mut wrong = Vec::new();
    for case in CASES {
        let (rows, rejects) = batches_and_rejects(source(case.source), case.record.as_bytes());
        let finds = |search: &str| !count(&rule_set(&yaml(case.logsource, search)), &rows).is_empty();
        let of = format!("{} {}", case.source, case.logsource);
        if !finds(case.finds) {
            let tables: Vec<&str> = rows.iter().map(|(table, _)| table.name()).collect();
            wrong.push(format!("{of}: {} is not found in {tables:?} {rejects:?}", case.finds));
        }
        wrong.extend(case.not.iter().filter(|search| finds(search)).map(|search| format!("{of}: {search} is found")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// One source's events are no other's: a record is found by rules of its logsources only.
#[test]
fn every_source_with_a_mapping_is_tried() {
    let tried: BTreeSet<&str> = CASES.iter().map(|case| case.source).collect();
    let before = ["aws_cloudtrail", "aws_vpcflow", "azure_activity", "azure_entra", "duo", "gcp_audit", "github_audit", "k8s_audit"];
    let before: BTreeSet<&str> =
        before.into_iter().chain(["linux_auditd", "linux_syslog", "o365_audit", "okta", "windows_event", "zeek"]).collect();
    let mapped: BTreeSet<&str> = Mappings::builtin().sources().map(|(source, _)| source).collect();
    let untried: Vec<&&str> = mapped.iter().filter(|source| !tried.contains(**source) && !before.contains(**source)).collect();
    assert!(untried.is_empty(), "{untried:?}");
    for source in Source::all() {
        let is_mapped = mapped.contains(source.name());
        // Their records are those of other sources or findings, and Sigma has no logsource for them.
        let has_none = ["aws_s3_access", "azure_keyvault", "gcp_scc", "ms_defender_mde", "ms_sentinel", "ocsf"].contains(&source.name());
        assert!(is_mapped != has_none, "{}", source.name());
    }
}

fn verdict(logsource: &str, search: &str) -> Verdict {
    let rules = parse("test.yml", &yaml(logsource, search));
    check(rules.rules().next().unwrap(), Mappings::builtin(), &Placeholders::new())
}

/// What cannot be kept is refused with its reason, and never read another way.
#[test]
fn what_a_source_cannot_say_is_refused() {
    for (logsource, search, why) in [
        ("{category: webserver}", "{cs-cookie|contains: x}", "have no field cs-cookie"),
        ("{category: webserver}", "{cs-user-agent: '-'}", "cs-user-agent cannot be compared so: no column keeps a dash or an empty text"),
        ("{category: webserver}", "{cs-user-agent: ''}", "no column keeps a dash or an empty text"),
        ("{category: proxy}", "{c-uri-query: x}", "have no field c-uri-query"),
        ("{product: paloalto, category: firewall}", "{session: 7}", "the records of paloalto have no field session"),
        ("{product: macos, category: process_creation}", "{User: root}", "have no field User"),
        ("{product: macos, category: process_creation}", "{ParentImage: /bin/zsh, Image|endswith: /x}", "ParentImage"),
    ] {
        match verdict(logsource, search) {
            Verdict::Unmapped(said) => assert!(said.contains(why), "{search}: {said}"),
            other => panic!("{search}: {other:?}"),
        }
    }
}

fn left_out(logsource: &str, search: &str) -> Vec<String> {
    let rules = parse("test.yml", &yaml(logsource, search));
    sources_left_out(rules.rules().next().unwrap(), Mappings::builtin(), &Placeholders::new())
}

/// A rule that one of several sources cannot answer is evaluated over the others, and says so.
#[test]
fn a_source_that_cannot_answer_is_named() {
    let windows = "{product: windows, category: process_creation}";
    assert!(left_out(windows, r"{Image|endswith: '\a.exe', ParentImage|endswith: '\b.exe'}").is_empty());
    let drive = left_out(windows, r"{Image|startswith: 'C:\Temp\'}");
    assert_eq!(
        drive,
        ["of the records of crowdstrike_fdr, Image cannot be compared so: its paths begin with a device and not with a drive"]
    );
    assert_eq!(left_out(windows, r"{Image|contains: '\Temp\'}"), Vec::<String>::new());
    for search in [
        r"{Image: 'C:\a.exe'}",
        r"{Image|contains: ':\Temp'}",
        r"{Image|re: 'a$'}",
        r"{Image|fieldref: CommandLine}",
        r"{CommandLine|fieldref: Image}",
    ] {
        assert_eq!(left_out(windows, search).len(), 1, "{search}");
    }
    let folder = left_out(windows, r"{ParentImage|endswith: '\Temp\a.exe'}");
    assert_eq!(
        folder,
        ["of the records of crowdstrike_fdr, ParentImage cannot be compared so: its records have the name of that file without its folder"]
    );
    for search in [r"{ParentImage|contains: '\a.exe'}", r"{ParentImage|endswith: 'a.exe'}", r"{ParentImage: '\a.exe'}"] {
        assert_eq!(left_out(windows, search).len(), 1, "{search}");
    }
    let user = left_out(windows, "{User: mara}");
    assert_eq!(user, ["the records of crowdstrike_fdr have no field User", "the records of ms_defender_xdr have no field User"]);
    assert_eq!(verdict(windows, "{User: mara}"), Verdict::Pass);
}
