//! Phases 3, 4 and 8: into the console, a look around, a key for later, and the trail switched off.

use super::{BACKDOOR_USER, Condition, KEY_IP, KEY_USER, PHISHING_IP, SIGN_IN_AGENT, STOLEN_KEY, Scene, Story, TOOL_AGENT, VICTIM};
use crate::SourceKind;
use crate::estate::ACCOUNTS;
use crate::moment::Moment;
use crate::sources::cloudtrail::{self, Call, Caller};
use crate::stream::{TRAIL_PROD_EU, TRAIL_PROD_US};

/// The key of the console session.
const CONSOLE_KEY: &str = "ASIA5MERIDIANCONSOLE";

pub(super) fn tell(story: &mut Story) {
    console_login(story);
    reconnoitre(story);
    create_key(story);
    create_administrator(story);
    use_key(story);
    stop_logging(story);
}

/// A call as the phished analyst, in the console's session.
fn as_victim(when: Moment, service: &'static str, name: &'static str) -> Call<'static> {
    Call {
        when,
        account: &ACCOUNTS[0],
        region: if matches!(service, "ec2" | "rds" | "secretsmanager") { "eu-west-1" } else { "us-east-1" },
        caller: Caller::User { name: VICTIM, key: Some(CONSOLE_KEY), console_since: Some(when.earlier(600_000)) },
        service,
        name,
        ip: PHISHING_IP,
        agent: SIGN_IN_AGENT,
        error: None,
        params: "null",
        response: "null",
        resources: "",
        extra: "",
        read_only: true,
        data: false,
    }
}

/// A call with the stolen key.
pub(super) fn with_key(when: Moment, service: &'static str, name: &'static str) -> Call<'static> {
    let caller = Caller::User { name: KEY_USER, key: Some(STOLEN_KEY), console_since: None };
    Call { caller, ip: KEY_IP, agent: TOOL_AGENT, ..as_victim(when, service, name) }
}

fn console_login(story: &mut Story) {
    story.step(Scene {
        id: "console-login-without-mfa",
        phase: 3,
        title: "The analyst's IAM user signs in to the AWS console without MFA, from the same address",
        technique: "T1078.004",
        source: SourceKind::AwsCloudtrail,
        matches: &[("eventName", Condition::is("ConsoleLogin")), ("sourceIPAddress", Condition::is(PHISHING_IP))],
        indicators: &[("ips", PHISHING_IP), ("users", VICTIM), ("user_agents", SIGN_IN_AGENT)],
    });
    story.plant(TRAIL_PROD_US, story.timeline.at(22, 13, 5), |out, dice, when| {
        let call = Call {
            caller: Caller::User { name: VICTIM, key: None, console_since: None },
            response: r#"{"ConsoleLogin":"Success"}"#,
            extra: r#"{"LoginTo":"https://console.aws.amazon.com/console/home","MobileVersion":"No","MFAUsed":"No"}"#,
            read_only: false,
            ..as_victim(when, "signin", "ConsoleLogin")
        };
        cloudtrail::write(out, dice, &call);
    });
}

/// What is allowed to the analyst: service, call, parameters.
const SEEN: [(&str, &str, &str); 7] = [
    ("sts", "GetCallerIdentity", "null"),
    ("iam", "ListUsers", "null"),
    ("iam", "ListRoles", "null"),
    ("iam", "ListAttachedUserPolicies", r#"{"userName":"nora.lindqvist"}"#),
    ("s3", "ListBuckets", r#"{"Host":"s3.us-east-1.amazonaws.com"}"#),
    ("ec2", "DescribeInstances", r#"{"instancesSet":{},"filterSet":{}}"#),
    ("ec2", "DescribeSnapshots", r#"{"maxResults":1000,"snapshotSet":{},"ownersSet":{"items":[{"owner":"self"}]},"filterSet":{}}"#),
];

/// What is refused to her.
const REFUSED: [(&str, &str, &str); 6] = [
    ("iam", "GetAccountAuthorizationDetails", "null"),
    ("iam", "ListAccessKeys", r#"{"userName":"svc-mailer"}"#),
    ("iam", "GetLoginProfile", r#"{"userName":"svc-archive"}"#),
    ("secretsmanager", "ListSecrets", "null"),
    ("rds", "DescribeDBSnapshots", "null"),
    ("organizations", "ListAccounts", "null"),
];

fn reconnoitre(story: &mut Story) {
    let names = |calls: &[(&str, &str, &str)]| Condition::AnyOf(calls.iter().map(|call| call.1.to_owned()).collect());
    story.step(Scene {
        id: "cloud-reconnaissance",
        phase: 3,
        title: "Users, roles, buckets and machines are listed in a few minutes",
        technique: "T1580",
        source: SourceKind::AwsCloudtrail,
        matches: &[("sourceIPAddress", Condition::is(PHISHING_IP)), ("eventName", names(&SEEN))],
        indicators: &[("ips", PHISHING_IP), ("users", VICTIM)],
    });
    for (index, at_ms) in story.burst(story.timeline.at(22, 13, 9), 14, 25_000).into_iter().enumerate() {
        let (service, name, params) = SEEN[index % SEEN.len()];
        let trail = if service == "ec2" { TRAIL_PROD_EU } else { TRAIL_PROD_US };
        story.plant(trail, at_ms, |out, dice, when| cloudtrail::write(out, dice, &Call { params, ..as_victim(when, service, name) }));
    }
    story.step(Scene {
        id: "access-denied-burst",
        phase: 3,
        title: "What the analyst may not do is tried all the same",
        technique: "T1087.004",
        source: SourceKind::AwsCloudtrail,
        matches: &[("sourceIPAddress", Condition::is(PHISHING_IP)), ("errorCode", Condition::is("AccessDenied"))],
        indicators: &[("ips", PHISHING_IP), ("users", VICTIM)],
    });
    for (index, at_ms) in story.burst(story.timeline.at(22, 13, 20), 36, 9000).into_iter().enumerate() {
        let (service, name, params) = REFUSED[index % REFUSED.len()];
        let trail = if matches!(service, "rds" | "secretsmanager") { TRAIL_PROD_EU } else { TRAIL_PROD_US };
        story.plant(trail, at_ms, |out, dice, when| {
            let message = format!(
                "User: arn:aws:iam::{}:user/{VICTIM} is not authorized to perform: {service}:{name} because no identity-based policy allows the {service}:{name} action",
                ACCOUNTS[0].id
            );
            let error = Some(("AccessDenied", message.as_str()));
            cloudtrail::write(out, dice, &Call { params, error, ..as_victim(when, service, name) });
        });
    }
}

fn create_key(story: &mut Story) {
    story.step(Scene {
        id: "access-key-for-another-user",
        phase: 4,
        title: "An access key is made for a user of a reporting tool",
        technique: "T1098.001",
        source: SourceKind::AwsCloudtrail,
        matches: &[("eventName", Condition::is("CreateAccessKey")), ("sourceIPAddress", Condition::is(PHISHING_IP))],
        indicators: &[("ips", PHISHING_IP), ("users", KEY_USER), ("keys", STOLEN_KEY)],
    });
    story.plant(TRAIL_PROD_US, story.timeline.at(26, 16, 30), |out, dice, when| {
        let response = format!(r#"{{"accessKey":{{"userName":"{KEY_USER}","accessKeyId":"{STOLEN_KEY}","status":"Active"}}}}"#);
        let call = Call {
            params: r#"{"userName":"svc-reporting"}"#,
            response: &response,
            read_only: false,
            ..as_victim(when, "iam", "CreateAccessKey")
        };
        cloudtrail::write(out, dice, &call);
    });
}

fn create_administrator(story: &mut Story) {
    let calls = [
        (
            "CreateUser",
            r#"{"userName":"support-helpdesk"}"#,
            r#"{"user":{"path":"/","userName":"support-helpdesk","userId":"AIDA5MERIDIANBACKDOR","arn":"arn:aws:iam::111122223333:user/support-helpdesk"}}"#,
        ),
        (
            "CreateLoginProfile",
            r#"{"userName":"support-helpdesk","passwordResetRequired":false}"#,
            r#"{"loginProfile":{"userName":"support-helpdesk"}}"#,
        ),
        ("AttachUserPolicy", r#"{"userName":"support-helpdesk","policyArn":"arn:aws:iam::aws:policy/AdministratorAccess"}"#, "null"),
    ];
    story.step(Scene {
        id: "administrator-created",
        phase: 4,
        title: "A new user is made, with a password and AdministratorAccess",
        technique: "T1136.003",
        source: SourceKind::AwsCloudtrail,
        matches: &[("sourceIPAddress", Condition::is(PHISHING_IP)), ("requestParameters.userName", Condition::is(BACKDOOR_USER))],
        indicators: &[("ips", PHISHING_IP), ("users", BACKDOOR_USER)],
    });
    for (at_ms, (name, params, response)) in story.burst(story.timeline.at(26, 16, 42), calls.len(), 40_000).into_iter().zip(calls) {
        story.plant(TRAIL_PROD_US, at_ms, |out, dice, when| {
            cloudtrail::write(out, dice, &Call { params, response, read_only: false, ..as_victim(when, "iam", name) });
        });
    }
}

fn use_key(story: &mut Story) {
    let calls = [
        ("sts", "GetCallerIdentity", "null"),
        ("s3", "ListBuckets", r#"{"Host":"s3.us-east-1.amazonaws.com"}"#),
        (
            "s3",
            "GetBucketAcl",
            r#"{"bucketName":"meridian-customer-exports","Host":"meridian-customer-exports.s3.amazonaws.com","acl":""}"#,
        ),
        ("ec2", "DescribeVolumes", r#"{"volumeSet":{},"filterSet":{}}"#),
        ("ec2", "DescribeSnapshots", r#"{"snapshotSet":{},"ownersSet":{"items":[{"owner":"self"}]},"filterSet":{}}"#),
    ];
    let names = Condition::AnyOf(calls.iter().map(|call| call.1.to_owned()).collect());
    story.step(Scene {
        id: "stolen-key-used",
        phase: 4,
        title: "Weeks later the key is used, from another address and with a tool's user agent",
        technique: "T1078.004",
        source: SourceKind::AwsCloudtrail,
        matches: &[("userIdentity.accessKeyId", Condition::is(STOLEN_KEY)), ("eventName", names)],
        indicators: &[("ips", KEY_IP), ("keys", STOLEN_KEY), ("users", KEY_USER), ("user_agents", TOOL_AGENT)],
    });
    for (index, at_ms) in story.burst(story.timeline.at(47, 3, 14), 25, 70_000).into_iter().enumerate() {
        let (service, name, params) = calls[index % calls.len()];
        let trail = if service == "ec2" { TRAIL_PROD_EU } else { TRAIL_PROD_US };
        story.plant(trail, at_ms, |out, dice, when| cloudtrail::write(out, dice, &Call { params, ..with_key(when, service, name) }));
    }
}

fn stop_logging(story: &mut Story) {
    story.step(Scene {
        id: "trail-stopped",
        phase: 8,
        title: "A trail is switched off; the organisation's own trail goes on",
        technique: "T1562.008",
        source: SourceKind::AwsCloudtrail,
        matches: &[("eventName", Condition::is("StopLogging"))],
        indicators: &[("ips", KEY_IP), ("keys", STOLEN_KEY), ("users", KEY_USER)],
    });
    story.plant(TRAIL_PROD_US, story.timeline.at(50, 4, 2), |out, dice, when| {
        let call = Call {
            params: r#"{"name":"arn:aws:cloudtrail:us-east-1:111122223333:trail/meridian-prod"}"#,
            read_only: false,
            ..with_key(when, "cloudtrail", "StopLogging")
        };
        cloudtrail::write(out, dice, &call);
    });
}
