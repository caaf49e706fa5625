//! What a finding is about: the parts of `resource` as OCSF resources.

use coldtrail_model::{Col, Event};
use serde_json::{Map, Value as Json, json};

use crate::fields::Fields;

/// One kind of resource: GuardDuty's `resourceType`, the part that describes it, where its id and name stand, and AWS Config's type.
type Kind = (&'static str, &'static str, &'static str, &'static str, &'static str);

const KINDS: &[Kind] = &[
    ("AccessKey", "accessKeyDetails", "accessKeyId", "userName", "AWS::IAM::AccessKey"),
    ("Instance", "instanceDetails", "instanceId", "instanceId", "AWS::EC2::Instance"),
    ("S3Bucket", "s3BucketDetails", "arn", "name", "AWS::S3::Bucket"),
    ("EKSCluster", "eksClusterDetails", "arn", "name", "AWS::EKS::Cluster"),
    ("ECSCluster", "ecsClusterDetails", "arn", "name", "AWS::ECS::Cluster"),
    ("Container", "containerDetails", "id", "name", "Container"),
    ("Lambda", "lambdaDetails", "functionArn", "functionName", "AWS::Lambda::Function"),
    ("RDSDBInstance", "rdsDbInstanceDetails", "dbInstanceArn", "dbInstanceIdentifier", "AWS::RDS::DBInstance"),
];

/// The host that the finding is about.
pub(super) fn map_device(event: &mut Event, finding: &Fields<'_>) {
    const COLUMNS: &[(&str, Col)] = &[
        ("resource.instanceDetails.instanceId", Col::DeviceInstanceUid),
        ("resource.instanceDetails.imageId", Col::DeviceImageUid),
        ("resource.instanceDetails.networkInterfaces.0.privateIpAddress", Col::DeviceIp),
        ("resource.instanceDetails.networkInterfaces.0.networkInterfaceId", Col::DeviceInterfaceUid),
        ("resource.instanceDetails.networkInterfaces.0.vpcId", Col::DeviceVpcUid),
        ("resource.instanceDetails.networkInterfaces.0.subnetId", Col::DeviceSubnetUid),
    ];
    COLUMNS.iter().for_each(|(path, col)| event.text_opt(*col, finding.peek_text(path)));
}

/// Places every resource, the one that the finding names first; each with its details as GuardDuty wrote them.
pub(super) fn map_resources(event: &mut Event, finding: &mut Fields<'_>) {
    let main = finding.text("resource.resourceType").unwrap_or_default();
    let mut kinds: Vec<&Kind> = KINDS.iter().collect();
    kinds.sort_by_key(|(name, ..)| *name != main);
    let mut resources = Vec::new();
    for kind in kinds {
        take_resources(finding, kind, &mut resources);
    }
    let Some(first) = resources.first() else {
        event.text(Col::ResourcesType, main);
        return;
    };
    for (key, col) in [("uid", Col::ResourcesUid), ("name", Col::ResourcesName), ("type", Col::ResourcesType)] {
        event.text_opt(col, first.get(key).and_then(Json::as_str));
    }
    event.owned_text(Col::Resources, Json::Array(resources.into_iter().map(Json::Object).collect()).to_string());
}

fn take_resources(finding: &mut Fields<'_>, (_, part, uid, name, kind): &Kind, resources: &mut Vec<Map<String, Json>>) {
    let details = finding.json(&format!("resource.{part}")).and_then(|details| serde_json::from_str::<Json>(&details).ok());
    let several = match details {
        Some(Json::Array(several)) => several,
        Some(one) => vec![one],
        None => return,
    };
    for details in several {
        let mut resource = Map::from_iter([("type".to_owned(), json!(kind))]);
        for (key, from) in [("uid", uid), ("name", name)] {
            if let Some(text) = details.get(from).and_then(Json::as_str).filter(|text| !text.is_empty()) {
                resource.insert(key.to_owned(), json!(text));
            }
        }
        resource.insert("data".to_owned(), details);
        resources.push(resource);
    }
}
