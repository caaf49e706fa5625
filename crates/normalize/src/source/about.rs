use crate::Source;

/// What a reader wants to know of a source before it is collected.
#[derive(Debug, Clone, Copy)]
pub struct About {
    /// The forms in which it is read.
    pub formats: &'static str,
    /// What it is told by.
    pub told_by: &'static str,
    /// How to collect it.
    pub collect: &'static str,
}

impl Source {
    /// What is to be known of a source that Coldtrail brings; nothing of one that was added.
    pub fn about(self) -> Option<&'static About> {
        ABOUT.iter().find(|(name, _)| *name == self.name()).map(|(_, about)| about)
    }
}

/// A row for each source, by name.
#[rustfmt::skip]
const ABOUT: &[(&str, About)] = &[
    ("aws_cloudfront", About {
        formats: "standard logs, text and JSON",
        told_by: "`#Version` header, or the fields of the JSON form",
        collect: "Turn on standard logging (v2) of the distribution to an S3 bucket; ingest the bucket.",
    }),
    ("aws_cloudtrail", About {
        formats: "`Records` objects, arrays, lines",
        told_by: "`eventVersion`, `eventSource`, `eventName` in the first record; the folder `CloudTrail`",
        collect: "Create a trail of the organisation that writes to an S3 bucket; ingest the bucket. Data events must be chosen in the trail.",
    }),
    ("aws_elb", About {
        formats: "access logs of application, network and classic load balancers",
        told_by: "the type, time and balancer that a line begins with",
        collect: "Turn on access logs of each balancer to an S3 bucket; ingest the bucket.",
    }),
    ("aws_guardduty", About {
        formats: "findings of the API, EventBridge and S3",
        told_by: "`schemaVersion`, `type`, `service` of a finding; the folder `GuardDuty`",
        collect: "Export findings to an S3 bucket in the settings of GuardDuty.",
    }),
    ("aws_route53", About {
        formats: "Resolver query logs",
        told_by: "`query_name`, `query_timestamp`, `srcaddr`",
        collect: "Add a Resolver query logging configuration with an S3 bucket (or Firehose) as destination and associate the VPCs.",
    }),
    ("aws_s3_access", About {
        formats: "server access logs, text and JSON",
        told_by: "owner, bucket and `[time]` at the start of a line",
        collect: "Turn on server access logging of each bucket to another bucket; ingest that one.",
    }),
    ("aws_securityhub", About {
        formats: "findings in ASFF: API, EventBridge, lists for import",
        told_by: "`SchemaVersion`, `ProductArn`, `Types` of a finding",
        collect: "Send Security Hub findings by an EventBridge rule to Firehose and an S3 bucket; ingest the bucket.",
    }),
    ("aws_vpcflow", About {
        formats: "text of every version with and without header, Parquet",
        told_by: "the header of the fields, version and account of the default format; the folder `vpcflowlogs`",
        collect: "Create a flow log of the VPC to S3, with the fields that you want; the header of each object names them.",
    }),
    ("aws_waf", About {
        formats: "web ACL traffic logs",
        told_by: "`webaclId`, `httpRequest`",
        collect: "Turn on logging of the web ACL to an S3 bucket whose name begins with `aws-waf-logs-`.",
    }),
    ("azure_activity", About {
        formats: "diagnostic log, REST",
        told_by: "`operationName` and `category` of the activity log; the container `insights-activity-logs`",
        collect: "Add a diagnostic setting of the subscription that sends the activity log to a storage account; ingest its containers.",
    }),
    ("azure_appgw", About {
        formats: "Application Gateway: access and firewall logs",
        told_by: "the categories `ApplicationGatewayAccessLog` and `ApplicationGatewayFirewallLog`",
        collect: "Add a diagnostic setting of the gateway that sends both logs to a storage account; ingest its containers.",
    }),
    ("azure_entra", About {
        formats: "sign-ins of all four kinds, directory audit, risk; diagnostic log and Graph",
        told_by: "the categories and fields of sign-in, audit and risk logs; the containers `insights-logs-…`",
        collect: "Add a diagnostic setting in Entra ID that sends SignInLogs, NonInteractiveUserSignInLogs, AuditLogs and risk logs to a storage account.",
    }),
    ("azure_frontdoor", About {
        formats: "Front Door: access and firewall logs",
        told_by: "the categories `FrontDoorAccessLog` and `FrontDoorWebApplicationFirewallLog`",
        collect: "Add a diagnostic setting of the profile that sends both logs to a storage account; ingest its containers.",
    }),
    ("azure_keyvault", About {
        formats: "audit log of vaults and managed HSMs",
        told_by: "the category `AuditEvent` of a vault",
        collect: "Add a diagnostic setting of each vault that sends `AuditEvent` to a storage account; ingest its containers.",
    }),
    ("azure_nsgflow", About {
        formats: "flow logs of network security groups and virtual networks, rows of traffic analytics",
        told_by: "`flowRecords`, `flowTuples` or the columns of traffic analytics",
        collect: "Turn on VNet flow logs in Network Watcher to a storage account; ingest its container.",
    }),
    ("cisco_asa", About {
        formats: "ASA and FTD syslog: connections, access lists, AAA and VPN, FTD's security events",
        told_by: "`%ASA-n-nnnnnn` (also FTD, PIX, FWSM) in the first line",
        collect: "`logging host` to a syslog server, with `logging timestamp rfc5424` or with a year, and files or objects from there. FTD: a syslog alert of connection, file and intrusion events.",
    }),
    ("crowdstrike_falcon", About {
        formats: "Event Streams, also as the SIEM connector writes them: detections, audit of console and API, firewall matches",
        told_by: "`metadata.eventType` and `metadata.customerIDString`",
        collect: "Run the SIEM connector with JSON output, or a reader of the Event Streams API, and ingest its files.",
    }),
    ("crowdstrike_fdr", About {
        formats: "Falcon Data Replicator: events of the sensor, detections, and its lists of hosts, users and applications",
        told_by: "`event_simpleName` and `aid`; for detections, `ExternalApiType`; for lists, `cid` and their own fields",
        collect: "Let Falcon Data Replicator write to your own bucket, or copy CrowdStrike's with its script; ingest `data/` and `fdrv2/`.",
    }),
    ("duo", About {
        formats: "authentication, administrator and offline logs",
        told_by: "the fields of authentication, administrator and offline logs",
        collect: "Pages of the Admin API, or Duo Log Sync.",
    }),
    ("envoy_istio_access", About {
        formats: "the default formats of Envoy and Istio, text and JSON",
        told_by: "the default format of a line, or the names of its JSON",
        collect: "Turn on `accessLogFile: /dev/stdout` in the mesh and take the logs of the containers.",
    }),
    ("falco", About {
        formats: "alerts as JSON",
        told_by: "`rule`, `priority`, `output`, `output_fields`",
        collect: "`json_output: true` with `file_output`, or Falcosidekick to object storage.",
    }),
    ("fortinet", About {
        formats: "FortiGate syslog of every type, pairs or CEF",
        told_by: "`logid`, `subtype`, `level`, `vd` as pairs; `CEF:0|Fortinet|Forti…`",
        collect: "`config log syslogd setting` to a syslog server (format default, csv or cef), and files or objects from there. Keep `eventtime` and `tz`.",
    }),
    ("gcp_audit", About {
        formats: "`LogEntry` JSON",
        told_by: "`protoPayload` of an AuditLog; the folder `cloudaudit.googleapis.com`",
        collect: "Add a sink of the organisation for `cloudaudit.googleapis.com` to a Cloud Storage bucket. Data access logs must be turned on.",
    }),
    ("gcp_lb", About {
        formats: "HTTP requests of application load balancers, with Cloud Armor, as `LogEntry` JSON",
        told_by: "`httpRequest` and the log name `requests`",
        collect: "Turn on logging of the backend service and route `requests` by a log sink to a bucket; ingest the bucket.",
    }),
    ("gcp_scc", About {
        formats: "Security Command Center: notifications and lists of findings",
        told_by: "`finding` with `resource`, or `listFindingsResults`",
        collect: "Make a continuous export of findings to Pub/Sub and on to a bucket; ingest the bucket.",
    }),
    ("gcp_vpcflow", About {
        formats: "VPC flow logs as `LogEntry` JSON",
        told_by: "`jsonPayload.connection` and the log name `vpc_flows`",
        collect: "Turn on flow logs of each subnet and route them by a log sink to a bucket; ingest the bucket.",
    }),
    ("github_audit", About {
        formats: "audit log of the API, streaming and exports",
        told_by: "`action`, `@timestamp`, `actor` and an organisation or business",
        collect: "Stream the audit log of the enterprise to S3, Azure Blob Storage or Cloud Storage.",
    }),
    ("google_workspace", About {
        formats: "activities of the Reports API",
        told_by: "`id.applicationName` and `events` of an activity",
        collect: "Pages of the Reports API, or the export to BigQuery and from there to storage.",
    }),
    ("k8s_audit", About {
        formats: "audit.k8s.io events, also as EKS, GKE and AKS wrap them",
        told_by: "`apiVersion: audit.k8s.io/v1`, bare or as EKS, GKE and AKS wrap it",
        collect: "`--audit-policy-file` and `--audit-log-path` of the API server; in clouds, the control plane logs to storage.",
    }),
    ("linux_auditd", About {
        formats: "auditd's log, raw or enriched, also in syslog; Sentinel's tables",
        told_by: "`type=… msg=audit(`",
        collect: "Take `/var/log/audit/audit.log` of each host with a shipper; `log_format = ENRICHED` names users.",
    }),
    ("linux_sshd", About {
        formats: "sshd's messages with any header or none",
        told_by: "not told from its content: name it; in a syslog `linux_syslog` reads it alike",
        collect: "As a part of the syslog of the host. Messages without a header get the time of their object, and a label that says so.",
    }),
    ("linux_syslog", About {
        formats: "RFC 3164, RFC 5424, rsyslog's files, `journalctl -o json`",
        told_by: "a time and a program at the start of the first line, or the fields of the journal",
        collect: "Take `/var/log/auth.log`, `/var/log/secure` and `/var/log/messages`, or `journalctl -o json`, with a shipper. Write times with a year (`RSYSLOG_FileFormat`).",
    }),
    ("ms_defender_mde", About {
        formats: "Defender for Endpoint: advanced hunting tables of the streaming API and exported as CSV",
        told_by: "the tables `Device…` and their columns",
        collect: "Stream events of Defender for Endpoint to a storage account; ingest its containers.",
    }),
    ("ms_defender_xdr", About {
        formats: "Defender XDR: advanced hunting tables, alerts and incidents of Graph",
        told_by: "`category` `AdvancedHunting-…`, or the fields of an alert",
        collect: "Stream advanced hunting events of Defender XDR to a storage account; fetch alerts from Graph's security API.",
    }),
    ("ms_sentinel", About {
        formats: "tables of Log Analytics as JSON, CSV and answers of the query API; alerts and incidents of Sentinel",
        told_by: "`Type` or `TableName` with `TimeGenerated`, or the columns of SecurityAlert and SecurityIncident",
        collect: "Add a data export rule of the workspace that sends the tables to a storage account; ingest its containers `am-…`. Export query results as CSV with times in UTC, or keep what the query API answers.",
    }),
    ("nginx", About {
        formats: "access log, combined with what is often added, or JSON; error log",
        told_by: "`- user [time] \"request\"`, or the variables as JSON names",
        collect: "Take `access.log` and `error.log` with a shipper.",
    }),
    ("o365_audit", About {
        formats: "unified audit log: Management API, `AuditData` of exports",
        told_by: "`RecordType`, `Operation`, `Workload`, `CreationTime`",
        collect: "Content blobs of the Office 365 Management Activity API, or an export of the audit search.",
    }),
    ("ocsf", About {
        formats: "OCSF events of any 1.x version as JSON; Security Lake's Parquet",
        told_by: "`class_uid`, `metadata.version`; `/eventDay=` in the name of an object",
        collect: "Ingest the bucket of Security Lake, or what any product writes as OCSF.",
    }),
    ("okta", About {
        formats: "System Log of the API, EventBridge",
        told_by: "`eventType`, `published`, `actor`, `outcome`",
        collect: "Log streaming to EventBridge and from there to S3, or pages of the System Log API.",
    }),
    ("onepassword", About {
        formats: "sign-in attempts, item usages, audit events",
        told_by: "`uuid` and the fields of sign-ins, item usages and audit events",
        collect: "Pages of the Events API.",
    }),
    ("osquery", About {
        formats: "results log: differential rows, batches and snapshots row by row; status log",
        told_by: "`name`, `action` with `columns` or `snapshot`, `diffResults`",
        collect: "`--logger_plugin=filesystem` and a shipper of `osqueryd.results.log`, or the plugins of Firehose, Kinesis and Kafka. Leave `--logger_event_type` true: one row a record.",
    }),
    ("paloalto", About {
        formats: "PAN-OS syslog as CSV; Strata Logging Service as JSON or CEF",
        told_by: "the type in the fourth column, `LogType` in JSON, `CEF:0|Palo Alto Networks|`",
        collect: "A syslog server profile in a log forwarding profile and in the log settings, and files or objects from there; or log forwarding of the Strata Logging Service (JSON, or CEF).",
    }),
    ("slack", About {
        formats: "Audit Logs API",
        told_by: "`action`, `date_create`, `actor`, `entity`",
        collect: "Pages of the Audit Logs API (Enterprise Grid).",
    }),
    ("suricata_eve", About {
        formats: "EVE JSON of every event type",
        told_by: "`event_type` with `timestamp` and `flow_id` or `stats`",
        collect: "`eve-log` in `suricata.yaml`; take `eve.json` with a shipper.",
    }),
    ("tetragon", About {
        formats: "process and kprobe events of the JSON export",
        told_by: "`process_exec`, `process_exit`, `process_kprobe`, …",
        collect: "Turn on Tetragon's JSON export (`exportFilename`) and ship the file.",
    }),
    ("windows_event", About {
        formats: "EVTX, XML, winlogbeat, nxlog, Sentinel",
        told_by: "the signature of EVTX, `<Event`, or the fields of each shipper",
        collect: "EVTX of hosts, or a collector (WEF, Winlogbeat, nxlog, Azure Monitor) that writes to object storage.",
    }),
    ("zeek", About {
        formats: "TSV and JSON",
        told_by: "`#separator`, or `ts` with `uid` or `_path`",
        collect: "Take the rotated logs of the sensor, tab-separated or JSON (`LogAscii::use_json=T`).",
    }),
    ("zscaler", About {
        formats: "ZIA feeds of NSS and Cloud NSS (JSON, pairs, CSV of web logs, CEF), ZPA's LSS",
        told_by: "`sourcetype: zscalernss-…`; `datetime` with `vendor=Zscaler`; the default columns of web logs; `LogTimestamp` with `Customer`",
        collect: "Cloud NSS to S3 or an HTTP collector with the JSON feed, or NSS to a syslog server; for Private Access a log receiver (LSS) with the JSON template.",
    }),
];
