//! What a call touched: the record's `resources`, or what its parameters name.

use coldtrail_model::{Col, Event};
use serde_json::json;
use serde_json_borrow::Value;

use crate::fields::Fields;

/// One resource.
#[derive(Default)]
struct Resource {
    uid: Option<String>,
    name: Option<String>,
    kind: Option<String>,
    account: Option<String>,
}

/// Parameters that name a resource, with the type that AWS Config gives it, in the order in which they are looked for.
const PARAMETERS: &[(&str, &str)] = &[
    ("instanceId", "AWS::EC2::Instance"),
    ("userName", "AWS::IAM::User"),
    ("roleName", "AWS::IAM::Role"),
    ("roleArn", "AWS::IAM::Role"),
    ("policyArn", "AWS::IAM::ManagedPolicy"),
    ("functionName", "AWS::Lambda::Function"),
    ("secretId", "AWS::SecretsManager::Secret"),
    ("keyId", "AWS::KMS::Key"),
    ("snapshotId", "AWS::EC2::Snapshot"),
    ("volumeId", "AWS::EC2::Volume"),
    ("imageId", "AWS::EC2::Image"),
    ("groupId", "AWS::EC2::SecurityGroup"),
    ("networkInterfaceId", "AWS::EC2::NetworkInterface"),
    ("vpcId", "AWS::EC2::VPC"),
    ("subnetId", "AWS::EC2::Subnet"),
    ("dBInstanceIdentifier", "AWS::RDS::DBInstance"),
    ("dBSnapshotIdentifier", "AWS::RDS::DBSnapshot"),
    ("tableName", "AWS::DynamoDB::Table"),
    ("queueUrl", "AWS::SQS::Queue"),
    ("topicArn", "AWS::SNS::Topic"),
    ("trailARN", "AWS::CloudTrail::Trail"),
    ("logGroupName", "AWS::Logs::LogGroup"),
    ("detectorId", "AWS::GuardDuty::Detector"),
    ("stackName", "AWS::CloudFormation::Stack"),
    ("clusterName", "AWS::EKS::Cluster"),
    ("loadBalancerArn", "AWS::ElasticLoadBalancingV2::LoadBalancer"),
    ("targetGroupArn", "AWS::ElasticLoadBalancingV2::TargetGroup"),
    ("instanceProfileName", "AWS::IAM::InstanceProfile"),
    ("resourceArn", ""),
    ("resourceId", ""),
];

/// Places what was touched, where the class has a place for it.
pub(super) fn map_resources(event: &mut Event, record: &mut Fields<'_>) {
    if !event.class().has(Col::ResourcesUid) {
        return;
    }
    let mut resources = listed(record);
    if resources.is_empty() {
        resources = named(record);
    } else {
        record.take("resources");
    }
    if resources.len() > 1 {
        event.owned_text(Col::Resources, serde_json::Value::Array(resources.iter().map(Resource::to_ocsf).collect()).to_string());
    }
    let Some(first) = resources.into_iter().next() else { return };
    event.text_opt(Col::ResourcesUid, first.uid);
    event.text_opt(Col::ResourcesName, first.name);
    event.text_opt(Col::ResourcesType, first.kind);
    event.text_opt(Col::ResourcesOwnerAccountUid, first.account);
}

/// The record's own list, those that are one resource before those that are a prefix of many. Nothing if it says what has no place.
fn listed(record: &Fields<'_>) -> Vec<Resource> {
    const KEYS: &[&str] = &["ARN", "arn", "ARNPrefix", "type", "accountId", "name"];
    let Some(Value::Array(elements)) = record.peek("resources") else { return Vec::new() };
    let mut resources = Vec::with_capacity(elements.len());
    for element in elements {
        let Value::Object(members) = element else { return Vec::new() };
        if !members.iter().all(|(key, value)| KEYS.contains(&key) && matches!(value, Value::Str(_) | Value::Null)) {
            return Vec::new();
        }
        let text = |key: &str| members.get(key).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
        let uid = text("ARN").or_else(|| text("arn")).or_else(|| text("ARNPrefix"));
        let name = text("name").or_else(|| uid.as_deref().and_then(name_in_arn).map(str::to_owned));
        resources.push(Resource { uid, name, kind: text("type"), account: text("accountId") });
    }
    let is_prefix = |resource: &Resource| resource.uid.as_deref().is_none_or(|uid| uid.ends_with('/'));
    resources.sort_by_key(is_prefix);
    resources
}

/// What the parameters of the request name.
fn named(record: &Fields<'_>) -> Vec<Resource> {
    let Some(Value::Object(parameters)) = record.peek("requestParameters") else { return Vec::new() };
    let text = |key: &str| parameters.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    if let Some(bucket) = text("bucketName") {
        return vec![bucket_or_object(bucket, text("key"), record)];
    }
    let mut instance_sets = ["responseElements.instancesSet.items", "requestParameters.instancesSet.items"].iter();
    if let Some(instances) = instance_sets.find_map(|path| instances(record, path)) {
        return instances;
    }
    let named = PARAMETERS.iter().find_map(|(parameter, kind)| text(parameter).map(|id| (id, *kind)));
    named.map(|(id, kind)| vec![from_parameter(id, kind)]).unwrap_or_default()
}

/// EC2 names instances in `instancesSet.items[].instanceId`.
fn instances(record: &Fields<'_>, path: &str) -> Option<Vec<Resource>> {
    let Value::Array(items) = record.peek(path)? else { return None };
    let ids = items.iter().filter_map(|item| item.as_object()?.get("instanceId")?.as_str());
    let instances: Vec<_> = ids.map(|id| from_parameter(id, "AWS::EC2::Instance")).collect();
    (!instances.is_empty()).then_some(instances)
}

fn bucket_or_object(bucket: &str, key: Option<&str>, record: &Fields<'_>) -> Resource {
    let partition = match record.peek_text("awsRegion") {
        Some(region) if region.starts_with("cn-") => "aws-cn",
        Some(region) if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    };
    let name = key.map_or_else(|| bucket.to_owned(), |key| format!("{bucket}/{key}"));
    let kind = if key.is_some() { "AWS::S3::Object" } else { "AWS::S3::Bucket" };
    Resource { uid: Some(format!("arn:{partition}:s3:::{name}")), name: Some(name), kind: Some(kind.to_owned()), account: None }
}

fn from_parameter(id: &str, kind: &str) -> Resource {
    let name = name_in_arn(id).unwrap_or(id).to_owned();
    Resource { uid: Some(id.to_owned()), name: Some(name), kind: (!kind.is_empty()).then(|| kind.to_owned()), account: None }
}

/// The name at the end of an ARN: `alice` of `arn:aws:iam::123456789012:user/alice`; of S3 the bucket and key.
pub(super) fn name_in_arn(arn: &str) -> Option<&str> {
    if !arn.starts_with("arn:") {
        return None;
    }
    let mut parts = arn.splitn(6, ':').skip(2);
    let (service, resource) = (parts.next()?, parts.nth(2)?);
    if service == "s3" { Some(resource) } else { resource.rsplit(['/', ':']).next() }
}

impl Resource {
    fn to_ocsf(&self) -> serde_json::Value {
        let mut object = serde_json::Map::new();
        for (key, value) in [("uid", &self.uid), ("name", &self.name), ("type", &self.kind)] {
            if let Some(value) = value {
                object.insert(key.to_owned(), json!(value));
            }
        }
        if let Some(account) = &self.account {
            object.insert("owner".to_owned(), json!({"account": {"uid": account}}));
        }
        serde_json::Value::Object(object)
    }
}
