//! What a message of a queue tells of: S3's event notifications, as they are, in SNS's envelope, or as EventBridge sends them.
//!
//! S3: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>, EventBridge:
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html>, SNS:
//! <https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html>.

use serde::Deserialize;

/// How deep envelopes may lie in each other: EventBridge through SNS.
const ENVELOPES_MAX: usize = 3;

/// A new object that a message tells of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct NewObject {
    pub(super) bucket: String,
    /// Its key, not encoded.
    pub(super) key: String,
}

/// Whatever of the three a message is.
#[derive(Deserialize)]
struct Body {
    /// Of S3.
    #[serde(rename = "Records")]
    records: Option<Vec<Record>>,
    /// Of S3's test message, which says nothing of objects.
    #[serde(rename = "Event")]
    event: Option<String>,
    /// Of SNS.
    #[serde(rename = "Message")]
    message: Option<String>,
    /// Of EventBridge.
    #[serde(rename = "detail-type")]
    detail_type: Option<String>,
    source: Option<String>,
    detail: Option<Place>,
}

#[derive(Deserialize)]
struct Record {
    #[serde(rename = "eventName")]
    event_name: String,
    s3: Option<Place>,
}

#[derive(Deserialize)]
struct Place {
    bucket: Bucket,
    object: Object,
}

#[derive(Deserialize)]
struct Bucket {
    name: String,
}

#[derive(Deserialize)]
struct Object {
    key: String,
}

/// The objects that a message says are new; none if it tells of something else that happened in a bucket. Or why it cannot be read.
pub(super) fn read_message(body: &str) -> Result<Vec<NewObject>, String> {
    let mut body = body.to_owned();
    for _ in 0..ENVELOPES_MAX {
        let read: Body = serde_json::from_str(&body).map_err(|error| format!("it is not an event notification: {error}"))?;
        if let Some(records) = read.records {
            return records.into_iter().filter(|record| is_creation(&record.event_name)).map(new_object).collect();
        }
        if read.event.as_deref() == Some("s3:TestEvent") {
            return Ok(Vec::new());
        }
        if let Some(detail_type) = read.detail_type {
            return of_event_bridge(&detail_type, read.source.as_deref(), read.detail);
        }
        body = read.message.ok_or("it has neither Records of S3, nor a Message of SNS, nor a detail-type of EventBridge")?;
    }
    Err("its envelopes lie too deep in each other".to_owned())
}

/// AWS names it without `s3:`, others (MinIO, SeaweedFS, Ceph) with it.
fn is_creation(event_name: &str) -> bool {
    event_name.strip_prefix("s3:").unwrap_or(event_name).starts_with("ObjectCreated:")
}

/// S3 encodes a key like a form: a space is `+`.
fn new_object(record: Record) -> Result<NewObject, String> {
    let place = record.s3.ok_or("a record of an ObjectCreated has no s3")?;
    let encoded = format!("key={}", place.object.key.replace('&', "%26"));
    let key = url::form_urlencoded::parse(encoded.as_bytes()).next().map(|(_, key)| key.into_owned()).unwrap_or_default();
    named(place.bucket.name, key)
}

/// EventBridge does not encode keys.
fn of_event_bridge(detail_type: &str, source: Option<&str>, detail: Option<Place>) -> Result<Vec<NewObject>, String> {
    if source != Some("aws.s3") {
        return Err(format!("it is an event of {}, not of aws.s3", source.unwrap_or("nobody")));
    }
    if detail_type != "Object Created" {
        return Ok(Vec::new());
    }
    let place = detail.ok_or("an Object Created has no detail")?;
    Ok(vec![named(place.bucket.name, place.object.key)?])
}

fn named(bucket: String, key: String) -> Result<NewObject, String> {
    match bucket.is_empty() || key.is_empty() {
        true => Err("it names no bucket or no key".to_owned()),
        false => Ok(NewObject { bucket, key }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the documentation of S3 shows it, without what is not read.
    const PUT: &str = r#"{"Records":[{"eventVersion":"2.1","eventSource":"aws:s3","awsRegion":"us-west-2","eventTime":"1970-01-01T00:00:00.000Z",
        "eventName":"ObjectCreated:Put","userIdentity":{"principalId":"AIDAJDPLRKLG7UEXAMPLE"},"requestParameters":{"sourceIPAddress":"127.0.0.1"},
        "responseElements":{"x-amz-request-id":"C3D13FE58DE4C810","x-amz-id-2":"FMyUVURIY8/IgAtTv8xRjskZQpcIZ9KG4V5Wp6S7S/JRWeUWerMUE5JgHvANOjpD"},
        "s3":{"s3SchemaVersion":"1.0","configurationId":"testConfigRule","bucket":{"name":"trail","ownerIdentity":{"principalId":"A3NL1KOZZKExample"},
        "arn":"arn:aws:s3:::trail"},"object":{"key":"logs/a+b%2Bc%26d%2F%C3%A9.json.gz","size":1024,"eTag":"d41d8cd98f00b204e9800998ecf8427e",
        "versionId":"096fKKXTRTtl3on89fVO.nfljtsv6qko","sequencer":"0055AED6DCD90281E5"}}}]}"#;

    const TEST: &str = r#"{"Service":"Amazon S3","Event":"s3:TestEvent","Time":"2014-10-13T15:57:02.089Z","Bucket":"trail",
        "RequestId":"5582815E1AEA5ADF","HostId":"8cLeGAmw098X5cv4Zkwcmo8vvZa3eH3eKxsPzbB9wrR+YstdA6Knx4Ip8EXAMPLE"}"#;

    const EVENT_BRIDGE: &str = r#"{"version":"0","id":"17793124-05d4-b198-2fde-7ededc63b103","detail-type":"Object Created","source":"aws.s3",
        "account":"111122223333","time":"2021-11-12T00:00:00Z","region":"ca-central-1","resources":["arn:aws:s3:::trail"],
        "detail":{"version":"0","bucket":{"name":"trail"},"object":{"key":"logs/a+b 100%.json","size":5,"etag":"b1946ac92492d2347c6235b4d2611184",
        "version-id":"IYV3p45BT0ac8hjHg1houSdS1a.Mro8e","sequencer":"617f08299329d189"},"request-id":"N4N7GDK58NMKJ12R","requester":"123456789012",
        "source-ip-address":"1.2.3.4","reason":"PutObject"}}"#;

    /// As moto sends it.
    const MOTO: &str = r#"{"Records": [{"eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "us-east-1", "eventTime": "2026-11-25T01:33:30.854Z",
        "eventName": "ObjectCreated:Put", "s3": {"s3SchemaVersion": "1.0", "configurationId": "sW3lN475bvG1EsHO47QRw0nGpavwEJ6SAWP7LHHZ5gvehKnMk9",
        "bucket": {"name": "trail", "arn": "arn:aws:s3:::trail"},
        "object": {"key": "logs%2Fa+b%2Bc%26d.json", "size": 1, "eTag": "9dd4e461268c8034f5c8564e155c67a6"}}}]}"#;

    fn sns(message: &str) -> String {
        serde_json::json!({
            "Type": "Notification", "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324", "TopicArn": "arn:aws:sns:us-west-2:123456789012:Trail",
            "Subject": "Amazon S3 Notification", "Message": message, "Timestamp": "2012-05-02T00:54:06.655Z", "SignatureVersion": "1",
        })
        .to_string()
    }

    fn check(body: &str, expected: &[&str]) {
        let found = read_message(body).expect("a notification");
        let found: Vec<String> = found.into_iter().map(|object| format!("{}/{}", object.bucket, object.key)).collect();
        assert_eq!(found, expected, "{body}");
    }

    #[test]
    fn new_objects_are_read_in_every_shape_and_their_keys_are_decoded() {
        check(PUT, &["trail/logs/a b+c&d/é.json.gz"]);
        check(MOTO, &["trail/logs/a b+c&d.json"]);
        check(&sns(PUT), &["trail/logs/a b+c&d/é.json.gz"]);
        check(EVENT_BRIDGE, &["trail/logs/a+b 100%.json"]);
        check(&sns(EVENT_BRIDGE), &["trail/logs/a+b 100%.json"]);
        check(&PUT.replace("ObjectCreated:Put", "s3:ObjectCreated:CompleteMultipartUpload"), &["trail/logs/a b+c&d/é.json.gz"]);
    }

    #[test]
    fn what_else_happens_in_a_bucket_is_nothing_to_take() {
        check(TEST, &[]);
        check(&sns(TEST), &[]);
        check(&PUT.replace("ObjectCreated:Put", "ObjectRemoved:Delete"), &[]);
        check(&EVENT_BRIDGE.replace("Object Created", "Object Deleted"), &[]);
        check(r#"{"Records":[]}"#, &[]);
    }

    #[test]
    fn what_is_no_notification_is_said() {
        let cases = [
            ("hello", "it is not an event notification"),
            ("{}", "neither Records of S3"),
            (r#"{"Message":"hello"}"#, "it is not an event notification"),
            (&EVENT_BRIDGE.replace("aws.s3", "aws.ec2"), "an event of aws.ec2"),
            (&PUT.replace("\"name\":\"trail\"", "\"name\":\"\""), "no bucket"),
            (r#"{"Records":[{"eventName":"ObjectCreated:Put"}]}"#, "has no s3"),
            (&sns(&sns(&sns(PUT))), "too deep"),
        ];
        for (body, expected) in cases {
            let reason = read_message(body).expect_err(expected);
            assert!(reason.contains(expected), "{body}: {reason}");
        }
    }
}
