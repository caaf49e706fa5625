//! AWS CloudTrail: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>.

mod apis;

use chrono::NaiveDate;

use crate::cast::{Cast, Person, Team};
use crate::dice::{Dice, Weighted, hash};
use crate::estate::{ACCOUNTS, Account, BUCKETS};
use crate::moment::{Moment, Tick};
use crate::out::Out;
use crate::sources::Records;
use crate::stream::TRAILS;
use apis::{Api, By};

/// Who called.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Caller<'a> {
    /// An employee, through single sign-on.
    Person { person: &'a Person, role: &'a str, since: Moment },
    /// A machine in a role: role and session.
    Role { role: &'a str, session: &'a str, since: Moment },
    /// An IAM user with a long-lived access key, or in the console.
    User { name: &'a str, key: Option<&'a str>, console_since: Option<Moment> },
    /// The account's owner.
    Root,
    /// A service of AWS, such as `ec2.amazonaws.com`.
    Service(&'a str),
}

/// One call of an API. The texts of parameters, response, resources and extra data are JSON.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call<'a> {
    pub(crate) when: Moment,
    pub(crate) account: &'a Account,
    pub(crate) region: &'a str,
    pub(crate) caller: Caller<'a>,
    /// Without `.amazonaws.com`.
    pub(crate) service: &'a str,
    pub(crate) name: &'a str,
    pub(crate) ip: &'a str,
    pub(crate) agent: &'a str,
    /// Error code and message.
    pub(crate) error: Option<(&'a str, &'a str)>,
    pub(crate) params: &'a str,
    pub(crate) response: &'a str,
    pub(crate) resources: &'a str,
    pub(crate) extra: &'a str,
    pub(crate) read_only: bool,
    /// True for data events, such as those of S3 objects.
    pub(crate) data: bool,
}

/// Writes one record.
pub(crate) fn write(out: &mut Out, dice: &mut Dice, call: &Call<'_>) {
    let sign_in = call.name == "ConsoleLogin";
    out.s(r#"{"eventVersion":"1.09","userIdentity":"#);
    write_identity(out, call);
    out.s(r#","eventTime":""#).iso_s(&call.when).s(r#"","eventSource":""#).s(call.service).s(r#".amazonaws.com","eventName":""#);
    out.s(call.name).s(r#"","awsRegion":""#).s(call.region).s(r#"","sourceIPAddress":""#).s(call.ip).s(r#"","userAgent":""#);
    out.s(call.agent).s("\"");
    if let Some((code, message)) = call.error {
        out.s(r#","errorCode":""#).s(code).s(r#"","errorMessage":"#).json(message);
    }
    let response = if call.error.is_some() && !sign_in { "null" } else { call.response };
    out.s(r#","requestParameters":"#).s(call.params).s(r#","responseElements":"#).s(response);
    if !call.extra.is_empty() {
        out.s(r#","additionalEventData":"#).s(call.extra);
    }
    if !sign_in {
        out.s(r#","requestID":""#).uuid(dice).s("\"");
    }
    out.s(r#","eventID":""#).uuid(dice).s(r#"","readOnly":"#).s(if call.read_only { "true" } else { "false" });
    if !call.resources.is_empty() {
        out.s(r#","resources":"#).s(call.resources);
    }
    let kind = if sign_in { "AwsConsoleSignIn" } else { "AwsApiCall" };
    out.s(r#","eventType":""#).s(kind).s(r#"","managementEvent":"#).s(if call.data { "false" } else { "true" });
    out.s(r#","recipientAccountId":""#).s(call.account.id).s(r#"","eventCategory":""#);
    out.s(if call.data { "Data" } else { "Management" }).s("\"");
    if !matches!(call.caller, Caller::Service(_)) {
        out.s(r#","tlsDetails":{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256","clientProvidedHostHeader":""#);
        out.s(if sign_in { "signin.aws" } else { call.service }).s(".");
        if !matches!(call.service, "iam" | "sts" | "signin") {
            out.s(call.region).s(".");
        }
        out.s("amazonaws.com\"}");
    }
    out.s("}");
}

fn write_identity(out: &mut Out, call: &Call<'_>) {
    let account = call.account.id;
    match call.caller {
        Caller::Person { person, role, since } => {
            let suffix = hash(role) ^ hash(account);
            out.s(r#"{"type":"AssumedRole","principalId":""#).id_of("AROA", role, 17).s(":").s(&person.email);
            out.s(r#"","arn":"arn:aws:sts::"#).s(account).s(":assumed-role/AWSReservedSSO_").s(role).s("_").hex_of(suffix, 16).s("/");
            out.s(&person.email).s(r#"","accountId":""#).s(account).s(r#"","accessKeyId":""#);
            out.id_of("ASIA", &person.login, 10).hex_session(since);
            out.s(r#"","sessionContext":{"sessionIssuer":{"type":"Role","principalId":""#).id_of("AROA", role, 17);
            out.s(r#"","arn":"arn:aws:iam::"#).s(account).s(":role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_").s(role).s("_");
            out.hex_of(suffix, 16).s(r#"","accountId":""#).s(account).s(r#"","userName":"AWSReservedSSO_"#).s(role).s("_");
            out.hex_of(suffix, 16).s(r#""},"attributes":{"creationDate":""#).iso_s(&since).s(r#"","mfaAuthenticated":"false"}}}"#);
        }
        Caller::Role { role, session, since } => {
            out.s(r#"{"type":"AssumedRole","principalId":""#).id_of("AROA", role, 17).s(":").s(session);
            out.s(r#"","arn":"arn:aws:sts::"#).s(account).s(":assumed-role/").s(role).s("/").s(session);
            out.s(r#"","accountId":""#).s(account).s(r#"","accessKeyId":""#).id_of("ASIA", role, 10).hex_session(since);
            out.s(r#"","sessionContext":{"sessionIssuer":{"type":"Role","principalId":""#).id_of("AROA", role, 17);
            out.s(r#"","arn":"arn:aws:iam::"#).s(account).s(":role/").s(role).s(r#"","accountId":""#).s(account);
            out.s(r#"","userName":""#).s(role).s(r#""},"attributes":{"creationDate":""#).iso_s(&since);
            out.s(r#"","mfaAuthenticated":"false"}}}"#);
        }
        Caller::User { name, key, console_since } => {
            out.s(r#"{"type":"IAMUser","principalId":""#).id_of("AIDA", name, 17).s(r#"","arn":"arn:aws:iam::"#).s(account);
            out.s(":user/").s(name).s(r#"","accountId":""#).s(account);
            if let Some(key) = key {
                out.s(r#"","accessKeyId":""#).s(key);
            }
            out.s(r#"","userName":""#).s(name).s("\"");
            if let Some(since) = console_since {
                out.s(r#","sessionContext":{"attributes":{"creationDate":""#).iso_s(&since).s(r#"","mfaAuthenticated":"false"}}"#);
            }
            out.s("}");
        }
        Caller::Root => {
            out.s(r#"{"type":"Root","principalId":""#).s(account).s(r#"","arn":"arn:aws:iam::"#).s(account);
            out.s(r#":root","accountId":""#).s(account).s("\"}");
        }
        Caller::Service(service) => {
            out.s(r#"{"type":"AWSService","invokedBy":""#).s(service).s("\"}");
        }
    }
}

impl Out {
    /// The last six characters of a session's key, which stay for as long as the session does.
    fn hex_session(&mut self, since: Moment) -> &mut Self {
        self.base32(&mut Dice::of(0, "session", &[since.epoch_s()]), 6)
    }
}

/// The ordinary records of one trail and day.
pub(crate) struct Ordinary {
    account: &'static Account,
    region: &'static str,
    date: NaiveDate,
    dice: Dice,
    people: Weighted,
    machines: Weighted,
    texts: [Out; 4],
}

impl Ordinary {
    pub(crate) fn new(trail: usize, date: NaiveDate, dice: Dice) -> Self {
        let (account, region, _) = TRAILS[trail];
        let weights = |wanted: fn(By) -> bool| {
            Weighted::new(apis::APIS.iter().map(move |api| if wanted(api.by) && api.is_in(region) { api.weight } else { 0 }))
        };
        let people = weights(|by| matches!(by, By::Person | By::Admin | By::ConsoleUser));
        let machines = weights(|by| !matches!(by, By::Person | By::Admin | By::ConsoleUser));
        Self { account: &ACCOUNTS[account], region, date, dice, people, machines, texts: Default::default() }
    }

    /// Fills the four JSON texts of a call: parameters, response, resources, extra data.
    fn fill_texts(&mut self, api: &Api, who: &str) {
        // The same bucket, key, instance and so on stands in all four.
        let things = Things { picks: self.dice.next(), account: self.account, region: self.region, who };
        for (text, template) in self.texts.iter_mut().zip([api.params, api.response, api.resources, api.extra]) {
            text.bytes.clear();
            text.template(template, |out, code| things.fill(out, code));
        }
    }
}

/// What one call is about.
struct Things<'a> {
    picks: u64,
    account: &'a Account,
    region: &'a str,
    who: &'a str,
}

impl Things<'_> {
    /// What a placeholder of [`apis::APIS`] stands for.
    fn fill(&self, out: &mut Out, code: u8) {
        let same = &mut Dice::of(self.picks, "pick", &[u64::from(code)]);
        match code {
            b'a' => out.s(self.account.id),
            b'R' => out.s(self.region),
            b'e' => out.s(self.who),
            b'b' => out.s(BUCKETS[(same.below(BUCKETS.len() as u64)).min(same.below(BUCKETS.len() as u64)) as usize]),
            b'k' => out.s(same.pick::<&str>(&["reports/", "events/", "invoices/", "static/img/"])).hex(same, 12).s(".json"),
            b'i' => out.s("i-0").hex_of(hash("instance") ^ same.below(48), 16),
            b'v' => out.s("vol-0").hex_of(hash("volume") ^ same.below(96), 16),
            b's' => out.s("snap-0").hex_of(hash("snapshot") ^ same.next(), 16),
            b'g' => out.s("sg-0").hex_of(hash("group") ^ same.below(24), 16),
            b'f' => out.s(same.pick::<&str>(&["order-intake", "invoice-render", "thumbnailer", "webhook-relay", "nightly-rollup"])),
            b'r' => out.s(same.pick::<&str>(&["ci-deployer", "eks-node", "order-intake-exec", "backup-runner", "datalake-etl"])),
            b'u' => out.s(same.pick::<&str>(&["svc-reporting", "svc-mailer", "svc-archive", "legacy-ftp"])),
            b'q' => out.s(same.pick::<&str>(&["orders", "payments-events", "email-outbox", "audit-fanout"])),
            b't' => out.s(same.pick::<&str>(&["orders", "sessions", "invoices", "shipments", "rate-limits"])),
            b'K' => out.hex_of(hash("key") ^ same.below(6), 8).s("-5d1c-4b7e-9f3a-").hex_of(hash("key2"), 12),
            b'd' => out.n(same.skewed(120, 14)),
            b'I' => out.base32(same, 16),
            _ => out.hex(same, 17),
        };
    }
}

/// What a service answers to who may not.
fn denial_code(service: &str) -> &'static str {
    match service {
        "ec2" => "Client.UnauthorizedOperation",
        "dynamodb" | "ecr" | "kms" | "lambda" | "logs" | "secretsmanager" | "ssm" | "cloudtrail" => "AccessDeniedException",
        _ => "AccessDenied",
    }
}

/// The machine that makes such calls: an index into [`MACHINES`].
fn machine_of(api: &Api, dice: &mut Dice) -> usize {
    match (api.service, api.name) {
        ("ssm" | "ecr", _) => 0,
        ("lambda", _) | (_, "GetBucketVersioning" | "TerminateInstances") => 1,
        ("dynamodb" | "logs" | "secretsmanager", _) => 2,
        (_, "CreateSnapshot" | "DeleteObject") => 3,
        (_, "RunInstances") => 5,
        ("s3", _) => *dice.pick(&[1, 2, 2, 4, 4, 4]),
        _ => dice.below(5) as usize,
    }
}

impl Records for Ordinary {
    fn write(&mut self, out: &mut Out, tick: Tick) {
        let when = Moment::new(self.date, tick.ms);
        let table = if tick.clockwork { &self.machines } else { &self.people };
        let api = &apis::APIS[table.draw(&mut self.dice)];
        let actor = Actor::draw(api, &when, &mut self.dice);
        self.fill_texts(api, actor.name());
        let denied;
        let error = if api.by != By::Service && self.dice.permille(api.denied) {
            denied = format!(
                "User: {} is not authorized to perform: {}:{} because no identity-based policy allows the {}:{} action",
                actor.name(),
                api.service,
                api.name,
                api.service,
                api.name
            );
            Some((denial_code(api.service), denied.as_str()))
        } else {
            None
        };
        let text = |index: usize| std::str::from_utf8(&self.texts[index].bytes).expect("only text is ever written");
        let call = Call {
            when,
            account: self.account,
            region: self.region,
            caller: actor.caller(api),
            service: api.service,
            name: api.name,
            ip: actor.ip(),
            agent: actor.agent(),
            error,
            params: text(0),
            response: text(1),
            resources: text(2),
            extra: text(3),
            read_only: api.read_only,
            data: api.data,
        };
        write(out, &mut self.dice, &call);
    }
}

/// The role, session prefix, address and user agent of each machine.
static MACHINES: [(&str, &str, &str, &str); 6] = [
    ("eks-node", "i-0c3f9a7e51d2b8640", "10.0.12.41", "aws-sdk-go-v2/1.32.6 os/linux lang/go#1.23.4 md/GOOS#linux md/GOARCH#amd64"),
    ("ci-deployer", "GitHubActions", "198.51.100.77", "APN/1.0 HashiCorp/1.0 Terraform/1.9.8 aws-sdk-go-v2/1.32.4"),
    (
        "order-intake-exec",
        "order-intake",
        "10.0.20.17",
        "aws-sdk-nodejs/3.699.0 os/linux lang/js md/nodejs#20.18.0 exec-env/AWS_Lambda_nodejs20.x",
    ),
    ("backup-runner", "AWSBackup-AWSBackupDefault", "backup.amazonaws.com", "backup.amazonaws.com"),
    ("datalake-etl", "GlueJobRunnerSession", "10.0.31.90", "Boto3/1.35.71 md/Botocore#1.35.71 os/linux md/arch#x86_64 lang/python#3.11.9"),
    ("autoscaler", "AutoScaling", "autoscaling.amazonaws.com", "autoscaling.amazonaws.com"),
];

/// Who makes one ordinary call, and from where.
enum Actor {
    Person { person: &'static Person, ip: String, since: Moment },
    ConsoleUser { person: &'static Person, ip: String },
    Machine { machine: usize, since: Moment },
    KeyUser,
    Service(&'static str),
    Root,
}

impl Actor {
    fn draw(api: &Api, when: &Moment, dice: &mut Dice) -> Self {
        let hour = when.hour();
        match api.by {
            By::Person | By::Admin => {
                let teams: &[Team] =
                    if api.by == By::Admin { &[Team::Platform] } else { &[Team::Platform, Team::Engineering, Team::Data, Team::Finance] };
                let person = Cast::get().member_at(teams, hour, dice);
                // A session starts on a four-hour grid, so that its records share a key.
                let since = when.at(when.ms() / 14_400_000 * 14_400_000 + (hash(&person.login) % 600_000) as u32);
                let since = if since.ms() > when.ms() { when.at(when.ms() / 14_400_000 * 14_400_000) } else { since };
                Self::Person { person, ip: person.public_ip(dice).to_owned(), since }
            }
            By::ConsoleUser => {
                let person = Cast::get().member_at(&[Team::Platform], hour, dice);
                Self::ConsoleUser { person, ip: person.public_ip(dice).to_owned() }
            }
            By::Machine => Self::Machine { machine: machine_of(api, dice), since: when.at(when.ms() / 3_600_000 * 3_600_000) },
            By::KeyUser => Self::KeyUser,
            By::Service => Self::Service(api.invoked_by),
            By::Root => Self::Root,
        }
    }

    fn name(&self) -> &str {
        match self {
            Self::Person { person, .. } | Self::ConsoleUser { person, .. } => &person.email,
            Self::Machine { machine, .. } => MACHINES[*machine].0,
            Self::KeyUser => "svc-reporting",
            Self::Service(service) => service,
            Self::Root => "root",
        }
    }

    fn caller(&self, api: &Api) -> Caller<'_> {
        match self {
            Self::Person { person, since, .. } => {
                let role = if api.by == By::Admin { "AdministratorAccess" } else { person.team.permission_set() };
                Caller::Person { person, role, since: *since }
            }
            Self::ConsoleUser { person, .. } => Caller::User { name: &person.login, key: None, console_since: None },
            Self::Machine { machine, since } => Caller::Role { role: MACHINES[*machine].0, session: MACHINES[*machine].1, since: *since },
            Self::KeyUser => Caller::User { name: "svc-reporting", key: Some("AKIAIOSFODNN7REPORTS"), console_since: None },
            Self::Service(service) => Caller::Service(service),
            Self::Root => Caller::Root,
        }
    }

    fn ip(&self) -> &str {
        match self {
            Self::Person { ip, .. } | Self::ConsoleUser { ip, .. } => ip,
            Self::Machine { machine, .. } => MACHINES[*machine].2,
            Self::KeyUser => "10.0.31.15",
            Self::Service(service) => service,
            Self::Root => "198.51.100.10",
        }
    }

    fn agent(&self) -> &str {
        match self {
            Self::Person { person, .. } if person.team != Team::Finance && !hash(&person.login).is_multiple_of(3) => {
                "aws-cli/2.22.7 md/awscrt#0.23.1 ua/2.0 os/macos#24.1.0 md/arch#arm64 lang/python#3.12.6"
            }
            Self::Person { person, .. } | Self::ConsoleUser { person, .. } => person.user_agent(),
            Self::Machine { machine, .. } => MACHINES[*machine].3,
            Self::KeyUser => "Boto3/1.34.69 md/Botocore#1.34.69 os/linux md/arch#x86_64 lang/python#3.10.14",
            Self::Service(service) => service,
            Self::Root => {
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15"
            }
        }
    }
}
