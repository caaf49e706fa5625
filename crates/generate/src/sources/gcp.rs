//! Google Cloud audit logs: <https://cloud.google.com/logging/docs/audit/understanding-audit-logs>.

use chrono::NaiveDate;

use crate::cast::{Cast, Team};
use crate::dice::{Dice, Weighted};
use crate::moment::{Moment, Tick};
use crate::out::Out;
use crate::sources::Records;
use crate::stream::{GCP_PROJECT, Stream};

/// One audited call. `request`, `response`, `resource_labels` and `service_data` are JSON; empty means absent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call<'a> {
    pub(crate) when: Moment,
    pub(crate) activity: bool,
    pub(crate) principal: &'a str,
    pub(crate) ip: &'a str,
    pub(crate) agent: &'a str,
    pub(crate) service: &'a str,
    pub(crate) method: &'a str,
    pub(crate) permission: &'a str,
    pub(crate) resource: &'a str,
    pub(crate) resource_type: &'a str,
    pub(crate) resource_labels: &'a str,
    pub(crate) request: &'a str,
    pub(crate) response: &'a str,
    pub(crate) service_data: &'a str,
    pub(crate) granted: bool,
}

/// Writes one `LogEntry`.
pub(crate) fn write(out: &mut Out, dice: &mut Dice, call: &Call<'_>) {
    let log = if call.activity { "activity" } else { "data_access" };
    let fraction = dice.below(1000);
    out.s(r#"{"protoPayload":{"@type":"type.googleapis.com/google.cloud.audit.AuditLog","status":{"#);
    if !call.granted {
        out.s(r#""code":7,"message":"Permission '"#).s(call.permission).s(r#"' denied on resource (or it may not exist).""#);
    }
    out.s(r#"},"authenticationInfo":{"principalEmail":""#).s(call.principal).s(r#"","principalSubject":""#);
    out.s(if call.principal.ends_with("gserviceaccount.com") { "serviceAccount:" } else { "user:" }).s(call.principal);
    out.s(r#""},"requestMetadata":{"callerIp":""#).s(call.ip).s(r#"","callerSuppliedUserAgent":""#).s(call.agent);
    out.s(r#"","requestAttributes":{"time":""#).iso_fraction(&call.when, fraction, 3).s(r#"Z","auth":{}},"destinationAttributes":{}},"#);
    out.s(r#""serviceName":""#).s(call.service).s(r#"","methodName":""#).s(call.method).s(r#"","authorizationInfo":[{"resource":""#);
    out.s(call.resource).s(r#"","permission":""#).s(call.permission).s("\"");
    if call.granted {
        out.s(r#","granted":true"#);
    }
    out.s(r#","resourceAttributes":{}}],"resourceName":""#).s(call.resource).s("\"");
    for (key, json) in [(r#","serviceData":"#, call.service_data), (r#","request":"#, call.request), (r#","response":"#, call.response)] {
        if !json.is_empty() {
            out.s(key).s(json);
        }
    }
    out.s(r#"},"insertId":""#)
        .hex(dice, 12)
        .s(r#"","resource":{"type":""#)
        .s(call.resource_type)
        .s(r#"","labels":"#)
        .s(call.resource_labels);
    out.s(r#"},"timestamp":""#).iso_fraction(&call.when, fraction, 3).s(r#"Z","severity":""#);
    out.s(match (call.granted, call.activity) {
        (false, _) => "ERROR",
        (true, true) => "NOTICE",
        (true, false) => "INFO",
    });
    out.s(r#"","logName":"projects/"#).s(GCP_PROJECT).s("/logs/cloudaudit.googleapis.com%2F").s(log).s(r#"","receiveTimestamp":""#);
    out.iso_fraction(&call.when.later(700), dice.below(1_000_000), 6).s("Z\"}");
}

struct Method {
    activity: bool,
    /// True if a service account calls it.
    machine: bool,
    weight: u64,
    service: &'static str,
    method: &'static str,
    permission: &'static str,
    resource: &'static str,
    resource_type: &'static str,
    labels: &'static str,
    request: &'static str,
}

/// Which log, and whether a service account calls it.
type Caller = (bool, bool);
const PERSON_CHANGES: Caller = (true, false);
const MACHINE_CHANGES: Caller = (true, true);
const PERSON_READS: Caller = (false, false);
const MACHINE_READS: Caller = (false, true);

/// Service, method, permission.
type Names = (&'static str, &'static str, &'static str);
/// Resource, its type, its labels.
type Resource = (&'static str, &'static str, &'static str);

const fn method(caller: Caller, weight: u64, names: Names, resource: Resource, request: &'static str) -> Method {
    Method {
        activity: caller.0,
        machine: caller.1,
        weight,
        service: names.0,
        method: names.1,
        permission: names.2,
        resource: resource.0,
        resource_type: resource.1,
        labels: resource.2,
        request,
    }
}

const BUCKET: Resource = (
    "projects/_/buckets/meridian-analytics-raw/objects/daily/%h.parquet",
    "gcs_bucket",
    r#"{"bucket_name":"meridian-analytics-raw","location":"europe-west1","project_id":"meridian-analytics"}"#,
);
const TABLE: Resource = (
    "projects/meridian-analytics/datasets/sales/tables/orders",
    "bigquery_dataset",
    r#"{"dataset_id":"sales","project_id":"meridian-analytics"}"#,
);
const INSTANCE: Resource = (
    "projects/meridian-analytics/zones/europe-west1-b/instances/etl-%d",
    "gce_instance",
    r#"{"instance_id":"48%d","project_id":"meridian-analytics","zone":"europe-west1-b"}"#,
);
const PROJECT: Resource = ("projects/meridian-analytics", "project", r#"{"project_id":"meridian-analytics"}"#);
const ACCOUNT: Resource = (
    "projects/-/serviceAccounts/etl-runner@meridian-analytics.iam.gserviceaccount.com",
    "service_account",
    r#"{"email_id":"etl-runner@meridian-analytics.iam.gserviceaccount.com","project_id":"meridian-analytics","unique_id":"108294731050642918375"}"#,
);

static METHODS: [Method; 12] = [
    method(MACHINE_READS, 60, ("storage.googleapis.com", "storage.objects.get", "storage.objects.get"), BUCKET, ""),
    method(MACHINE_READS, 30, ("storage.googleapis.com", "storage.objects.create", "storage.objects.create"), BUCKET, ""),
    method(PERSON_READS, 12, ("storage.googleapis.com", "storage.objects.list", "storage.objects.list"), BUCKET, ""),
    method(
        PERSON_READS,
        40,
        ("bigquery.googleapis.com", "google.cloud.bigquery.v2.JobService.InsertJob", "bigquery.jobs.create"),
        TABLE,
        r#"{"@type":"type.googleapis.com/google.cloud.bigquery.v2.InsertJobRequest","projectId":"meridian-analytics"}"#,
    ),
    method(
        MACHINE_READS,
        40,
        ("bigquery.googleapis.com", "google.cloud.bigquery.v2.TableDataService.List", "bigquery.tables.getData"),
        TABLE,
        "",
    ),
    method(
        PERSON_CHANGES,
        14,
        ("compute.googleapis.com", "v1.compute.instances.start", "compute.instances.start"),
        INSTANCE,
        r#"{"@type":"type.googleapis.com/compute.instances.start"}"#,
    ),
    method(
        MACHINE_CHANGES,
        14,
        ("compute.googleapis.com", "v1.compute.instances.stop", "compute.instances.stop"),
        INSTANCE,
        r#"{"@type":"type.googleapis.com/compute.instances.stop"}"#,
    ),
    method(
        MACHINE_CHANGES,
        20,
        ("compute.googleapis.com", "v1.compute.instances.insert", "compute.instances.create"),
        INSTANCE,
        r#"{"machineType":"projects/meridian-analytics/zones/europe-west1-b/machineTypes/e2-standard-4","@type":"type.googleapis.com/compute.instances.insert"}"#,
    ),
    method(
        PERSON_CHANGES,
        8,
        ("bigquery.googleapis.com", "google.cloud.bigquery.v2.TableService.UpdateTable", "bigquery.tables.update"),
        TABLE,
        "",
    ),
    method(
        PERSON_CHANGES,
        3,
        ("serviceusage.googleapis.com", "google.api.serviceusage.v1.ServiceUsage.EnableService", "serviceusage.services.enable"),
        PROJECT,
        "",
    ),
    method(
        PERSON_CHANGES,
        1,
        ("iam.googleapis.com", "google.iam.admin.v1.SetIAMPolicy", "iam.serviceAccounts.setIamPolicy"),
        ACCOUNT,
        r#"{"@type":"type.googleapis.com/google.iam.v1.SetIamPolicyRequest","resource":"projects/-/serviceAccounts/etl-runner@meridian-analytics.iam.gserviceaccount.com","policy":{"bindings":[{"role":"roles/iam.serviceAccountUser","members":["group:data@example.com"]}]}}"#,
    ),
    method(
        PERSON_READS,
        4,
        ("iam.googleapis.com", "google.iam.admin.v1.ListServiceAccountKeys", "iam.serviceAccountKeys.list"),
        ACCOUNT,
        "",
    ),
];

/// The ordinary calls of a day.
pub(crate) struct Ordinary {
    activity: bool,
    date: NaiveDate,
    dice: Dice,
    people: Weighted,
    machines: Weighted,
    resource: Out,
    labels: Out,
}

impl Ordinary {
    pub(crate) fn new(stream: Stream, date: NaiveDate, dice: Dice) -> Self {
        let activity = stream == Stream::GcpActivity;
        let weights = |machine: bool| {
            Weighted::new(
                METHODS.iter().map(move |method| if method.activity == activity && method.machine == machine { method.weight } else { 0 }),
            )
        };
        Self { activity, date, dice, people: weights(false), machines: weights(true), resource: Out::default(), labels: Out::default() }
    }
}

impl Records for Ordinary {
    fn write(&mut self, out: &mut Out, tick: Tick) {
        let when = Moment::new(self.date, tick.ms);
        let dice = &mut self.dice;
        let method = &METHODS[if tick.clockwork { self.machines.draw(dice) } else { self.people.draw(dice) }];
        let number = dice.between(1, 12);
        for (text, template) in [(&mut self.resource, method.resource), (&mut self.labels, method.labels)] {
            text.bytes.clear();
            text.template(template, |out, code| {
                if code == b'd' {
                    out.n(number)
                } else {
                    out.hex(dice, 12)
                };
            });
        }
        let text = |out: &Out| String::from_utf8_lossy(&out.bytes).into_owned();
        let person = Cast::get().member_at(&[Team::Data, Team::Platform], when.hour(), dice);
        let (principal, ip, agent) = if tick.clockwork {
            let account = *dice.pick(&["etl-runner", "etl-runner", "scheduler", "dashboard"]);
            (format!("{account}@{GCP_PROJECT}.iam.gserviceaccount.com"), "private", "google-cloud-sdk gcloud/501.0.0 command/bq")
        } else {
            (person.email.clone(), person.public_ip(dice), person.user_agent())
        };
        let call = Call {
            when,
            activity: self.activity,
            principal: &principal,
            ip,
            agent,
            service: method.service,
            method: method.method,
            permission: method.permission,
            resource: &text(&self.resource),
            resource_type: method.resource_type,
            resource_labels: &text(&self.labels),
            request: method.request,
            response: "",
            service_data: "",
            granted: !dice.permille(14),
        };
        write(out, dice, &call);
    }
}
