//! The calls that a company's machines and people make all day, with what they carry.
//!
//! Placeholders: `%a` account, `%R` region, `%e` caller, `%b` bucket, `%k` object key, `%i` instance, `%v` volume, `%s` snapshot,
//! `%g` security group, `%f` function, `%r` role, `%u` IAM user, `%q` queue, `%t` table, `%K` KMS key, `%d` bytes, `%h` hex, `%I` id.

/// Who makes a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    Person,
    /// A platform engineer with the administrator's permission set.
    Admin,
    /// A platform engineer as the IAM user for emergencies, in the console.
    ConsoleUser,
    Machine,
    /// The IAM user of a reporting tool, with a long-lived key.
    KeyUser,
    Service,
    Root,
}

/// One call.
#[derive(Debug)]
pub(super) struct Api {
    pub(super) service: &'static str,
    pub(super) name: &'static str,
    pub(super) by: By,
    pub(super) weight: u64,
    pub(super) read_only: bool,
    pub(super) data: bool,
    /// How many in a thousand are refused.
    pub(super) denied: u64,
    pub(super) params: &'static str,
    pub(super) response: &'static str,
    pub(super) resources: &'static str,
    pub(super) extra: &'static str,
    pub(super) invoked_by: &'static str,
}

impl Api {
    /// True unless the service is global and the region is another than its own.
    pub(super) fn is_in(&self, region: &str) -> bool {
        region == "us-east-1" || !matches!(self.service, "iam" | "signin")
    }

    const fn new(service: &'static str, name: &'static str, by: By, weight: u64, params: &'static str) -> Self {
        Self {
            service,
            name,
            by,
            weight,
            read_only: false,
            data: false,
            denied: 6,
            params,
            response: "null",
            resources: "",
            extra: "",
            invoked_by: "",
        }
    }

    const fn read(service: &'static str, name: &'static str, by: By, weight: u64, params: &'static str) -> Self {
        Self { read_only: true, denied: 22, ..Self::new(service, name, by, weight, params) }
    }

    const fn object(name: &'static str, by: By, weight: u64, read_only: bool) -> Self {
        let params = r#"{"bucketName":"%b","Host":"%b.s3.%R.amazonaws.com","key":"%k"}"#;
        Self { read_only, data: true, resources: OBJECT, extra: TRANSFER, ..Self::new("s3", name, by, weight, params) }
    }

    const fn assume(by: By, weight: u64, invoked_by: &'static str) -> Self {
        let params = r#"{"roleArn":"arn:aws:iam::%a:role/%r","roleSessionName":"%r-%I","durationSeconds":3600}"#;
        Self { denied: 0, invoked_by, response: ASSUMED, resources: ROLE, ..Self::read("sts", "AssumeRole", by, weight, params) }
    }

    const fn console_login(by: By, weight: u64, extra: &'static str) -> Self {
        Self { denied: 0, response: r#"{"ConsoleLogin":"Success"}"#, extra, ..Self::new("signin", "ConsoleLogin", by, weight, "null") }
    }

    const fn returns(self, response: &'static str) -> Self {
        Self { response, ..self }
    }

    const fn on(self, resources: &'static str) -> Self {
        Self { resources, ..self }
    }
}

const OBJECT: &str =
    r#"[{"type":"AWS::S3::Object","ARN":"arn:aws:s3:::%b/%k"},{"accountId":"%a","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::%b"}]"#;
const TRANSFER: &str = r#"{"SignatureVersion":"SigV4","CipherSuite":"TLS_AES_128_GCM_SHA256","bytesTransferredIn":0,"AuthenticationMethod":"AuthHeader","x-amz-id-2":"%h%h","bytesTransferredOut":%d}"#;
const BUCKET: &str = r#"[{"accountId":"%a","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::%b"}]"#;
const ROLE: &str = r#"[{"accountId":"%a","type":"AWS::IAM::Role","ARN":"arn:aws:iam::%a:role/%r"}]"#;
const KEY: &str = r#"[{"accountId":"%a","type":"AWS::KMS::Key","ARN":"arn:aws:kms:%R:%a:key/%K"}]"#;
const ASSUMED: &str = r#"{"credentials":{"accessKeyId":"ASIA%I","sessionToken":"%h%h%h"},"assumedRoleUser":{"assumedRoleId":"AROA%I:%r","arn":"arn:aws:sts::%a:assumed-role/%r/%r-%I"}}"#;
const DONE: &str = r#"{"requestId":"%h","_return":true}"#;
const SSO_LOGIN: &str = r#"{"LoginTo":"https://console.aws.amazon.com/console/home","MobileVersion":"No","MFAUsed":"No","SamlProviderArn":"arn:aws:iam::%a:saml-provider/AWSSSO_meridian_DO_NOT_DELETE"}"#;
const MFA_LOGIN: &str = r#"{"LoginTo":"https://console.aws.amazon.com/console/home","MobileVersion":"No","MFAIdentifier":"arn:aws:iam::%a:mfa/%e","MFAUsed":"Yes"}"#;

/// Every ordinary call.
pub(super) static APIS: &[Api] = &[
    Api::object("GetObject", By::Machine, 240, true),
    Api::object("PutObject", By::Machine, 150, false),
    Api::object("GetObject", By::Person, 40, true),
    Api::object("GetObject", By::KeyUser, 40, true),
    Api::object("DeleteObject", By::Machine, 12, false),
    Api::assume(By::Service, 130, "ec2.amazonaws.com"),
    Api::assume(By::Service, 90, "lambda.amazonaws.com"),
    Api::assume(By::Service, 40, "eks.amazonaws.com"),
    Api::assume(By::Person, 40, ""),
    Api::new("kms", "GenerateDataKey", By::Machine, 80, r#"{"keyId":"arn:aws:kms:%R:%a:key/%K","keySpec":"AES_256"}"#).on(KEY),
    Api::read("kms", "Decrypt", By::Machine, 110, r#"{"encryptionAlgorithm":"SYMMETRIC_DEFAULT","encryptionContext":{"aws:s3:arn":"arn:aws:s3:::%b"}}"#).on(KEY),
    Api::read("sts", "GetCallerIdentity", By::Machine, 40, "null"),
    Api::read("sts", "GetCallerIdentity", By::Person, 30, "null"),
    Api::read("sts", "GetCallerIdentity", By::KeyUser, 6, "null"),
    Api::read("ec2", "DescribeInstances", By::Person, 120, r#"{"instancesSet":{"items":[{"instanceId":"%i"}]},"filterSet":{}}"#),
    Api::read(
        "ec2",
        "DescribeInstances",
        By::Machine,
        90,
        r#"{"instancesSet":{},"filterSet":{"items":[{"name":"tag:env","valueSet":{"items":[{"value":"prod"}]}}]}}"#,
    ),
    Api::read(
        "ec2",
        "DescribeSecurityGroups",
        By::Person,
        50,
        r#"{"securityGroupSet":{},"securityGroupIdSet":{"items":[{"groupId":"%g"}]},"filterSet":{}}"#,
    ),
    Api::read("ec2", "DescribeVolumes", By::Person, 30, r#"{"volumeSet":{"items":[{"volumeId":"%v"}]},"filterSet":{}}"#),
    Api::read(
        "ec2",
        "DescribeSnapshots",
        By::Person,
        14,
        r#"{"maxResults":100,"snapshotSet":{},"ownersSet":{"items":[{"owner":"self"}]},"filterSet":{}}"#,
    ),
    Api::new("ec2", "CreateSnapshot", By::Machine, 26, r#"{"volumeId":"%v","description":"nightly"}"#)
        .returns(r#"{"requestId":"%h","snapshotId":"%s","volumeId":"%v","status":"pending","ownerId":"%a","volumeSize":"100","encrypted":true}"#),
    Api::new(
        "ec2",
        "ModifySnapshotAttribute",
        By::Admin,
        1,
        r#"{"snapshotId":"%s","createVolumePermission":{"add":{"items":[{"userId":"444455556666"}]}},"attributeType":"CREATE_VOLUME_PERMISSION"}"#,
    )
    .returns(DONE),
    Api::new(
        "ec2",
        "RunInstances",
        By::Machine,
        8,
        r#"{"instancesSet":{"items":[{"imageId":"ami-0%h","minCount":1,"maxCount":1}]},"instanceType":"m6i.large","monitoring":{"enabled":true}}"#,
    )
    .returns(
        r#"{"requestId":"%h","reservationId":"r-0%h","ownerId":"%a","instancesSet":{"items":[{"instanceId":"%i","imageId":"ami-0%h","instanceState":{"code":0,"name":"pending"},"privateIpAddress":"10.0.12.77"}]}}"#,
    ),
    Api::new("ec2", "TerminateInstances", By::Machine, 7, r#"{"instancesSet":{"items":[{"instanceId":"%i"}]}}"#).returns(
        r#"{"requestId":"%h","instancesSet":{"items":[{"instanceId":"%i","currentState":{"code":32,"name":"shutting-down"},"previousState":{"code":16,"name":"running"}}]}}"#,
    ),
    Api::new(
        "ec2",
        "AuthorizeSecurityGroupIngress",
        By::Admin,
        4,
        r#"{"groupId":"%g","ipPermissions":{"items":[{"ipProtocol":"tcp","fromPort":443,"toPort":443,"ipRanges":{"items":[{"cidrIp":"198.51.100.0/24"}]}}]}}"#,
    )
    .returns(DONE),
    Api::read("s3", "ListBuckets", By::Person, 26, r#"{"Host":"s3.%R.amazonaws.com"}"#),
    Api::read("s3", "GetBucketAcl", By::Person, 18, r#"{"bucketName":"%b","Host":"%b.s3.%R.amazonaws.com","acl":""}"#).on(BUCKET),
    Api::read("s3", "GetBucketVersioning", By::Machine, 24, r#"{"bucketName":"%b","Host":"%b.s3.%R.amazonaws.com","versioning":""}"#).on(BUCKET),
    Api::read("monitoring", "DescribeAlarms", By::Person, 30, r#"{"maxRecords":100}"#),
    Api::read(
        "logs",
        "DescribeLogStreams",
        By::Person,
        34,
        r#"{"logGroupName":"/aws/lambda/%f","orderBy":"LastEventTime","descending":true,"limit":50}"#,
    ),
    Api::new("logs", "CreateLogStream", By::Machine, 60, r#"{"logGroupName":"/aws/lambda/%f","logStreamName":"%h"}"#),
    Api::read("dynamodb", "DescribeTable", By::Machine, 44, r#"{"tableName":"%t"}"#),
    Api::read("lambda", "GetFunction20150331v2", By::Person, 22, r#"{"functionName":"%f"}"#),
    Api::new(
        "lambda",
        "UpdateFunctionCode20150331v2",
        By::Machine,
        10,
        r#"{"functionName":"%f","dryRun":false,"publish":true,"s3Bucket":"meridian-ci-artifacts"}"#,
    )
    .returns(r#"{"functionName":"%f","functionArn":"arn:aws:lambda:%R:%a:function:%f","runtime":"nodejs20.x","codeSize":%d,"state":"Active"}"#),
    Api::read("secretsmanager", "GetSecretValue", By::Machine, 36, r#"{"secretId":"arn:aws:secretsmanager:%R:%a:secret:prod/%q"}"#),
    Api::new(
        "ssm",
        "UpdateInstanceInformation",
        By::Machine,
        90,
        r#"{"instanceId":"%i","agentVersion":"3.3.1345.0","agentStatus":"Active","platformType":"Linux","platformName":"Amazon Linux","iPAddress":"10.0.12.41"}"#,
    ),
    Api::read("ecr", "BatchGetImage", By::Machine, 40, r#"{"registryId":"%a","repositoryName":"meridian/%f","imageIds":[{"imageTag":"v1"}]}"#),
    Api::read("rds", "DescribeDBInstances", By::Person, 20, r#"{"dBInstanceIdentifier":"orders"}"#),
    Api::read("iam", "ListUsers", By::Admin, 10, "null"),
    Api::read("iam", "GetRole", By::Person, 40, r#"{"roleName":"%r"}"#),
    Api::read("iam", "ListRoles", By::Admin, 12, "null"),
    Api::new("iam", "CreateAccessKey", By::Admin, 2, r#"{"userName":"%u"}"#)
        .returns(r#"{"accessKey":{"userName":"%u","accessKeyId":"AKIA%I","status":"Active"}}"#),
    Api::new(
        "iam",
        "AttachRolePolicy",
        By::Admin,
        4,
        r#"{"roleName":"%r","policyArn":"arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"}"#,
    ),
    Api::read("iam", "GetAccountSummary", By::Root, 1, "null"),
    Api::console_login(By::Person, 60, SSO_LOGIN),
    Api::console_login(By::ConsoleUser, 8, MFA_LOGIN),
    Api::read(
        "cloudtrail",
        "LookupEvents",
        By::Admin,
        8,
        r#"{"maxResults":50,"lookupAttributes":[{"attributeKey":"EventName","attributeValue":"RunInstances"}]}"#,
    ),
];
