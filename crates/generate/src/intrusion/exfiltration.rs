//! Phase 10: the customers' data leaves, at night.

use super::cloud::with_key;
use super::{Condition, DROP_IP, KEY_IP, KEY_USER, STOLEN_KEY, Scene, Story};
use crate::SourceKind;
use crate::out::Out;
use crate::sources::cloudtrail::{self, Call};
use crate::sources::flowlog::{self, Flow};
use crate::stream::{Stream, TRAIL_PROD_EU};

const BUCKET: &str = "meridian-customer-exports";
/// The account that the snapshot is shared with: nobody's that the company knows.
const OUTSIDE_ACCOUNT: &str = "999900001111";
/// The machine that sends the data.
const HOST: usize = 7;
const GIGABYTE: u64 = 1_000_000_000;

pub(super) fn tell(story: &mut Story) {
    read_objects(story);
    share_snapshot(story);
    send(story);
}

fn read_objects(story: &mut Story) {
    story.step(Scene {
        id: "objects-read",
        phase: 10,
        title: "Hundreds of objects of the customers' bucket are read in a quarter of an hour",
        technique: "T1530",
        source: SourceKind::AwsCloudtrail,
        matches: &[("eventName", Condition::is("GetObject")), ("userIdentity.accessKeyId", Condition::is(STOLEN_KEY))],
        indicators: &[("ips", KEY_IP), ("keys", STOLEN_KEY), ("users", KEY_USER), ("buckets", BUCKET)],
    });
    for (index, at_ms) in story.burst(story.timeline.at_night(72, 2, 10), 260, 3200).into_iter().enumerate() {
        story.plant(TRAIL_PROD_EU, at_ms, |out, dice, when| {
            let key = format!("customers/2025/part-{index:05}.csv.gz");
            let params = format!(r#"{{"bucketName":"{BUCKET}","Host":"{BUCKET}.s3.eu-west-1.amazonaws.com","key":"{key}"}}"#);
            let resources = format!(
                r#"[{{"type":"AWS::S3::Object","ARN":"arn:aws:s3:::{BUCKET}/{key}"}},{{"accountId":"111122223333","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::{BUCKET}"}}]"#
            );
            let mut extra = Out::default();
            extra.s(r#"{"SignatureVersion":"SigV4","CipherSuite":"TLS_AES_128_GCM_SHA256","bytesTransferredIn":0,"#);
            extra.s(r#""AuthenticationMethod":"AuthHeader","bytesTransferredOut":"#).n(dice.between(40_000_000, 90_000_000)).s("}");
            let extra = extra.take_string();
            let call = Call {
                region: "eu-west-1",
                params: &params,
                resources: &resources,
                extra: &extra,
                data: true,
                ..with_key(when, "s3", "GetObject")
            };
            cloudtrail::write(out, dice, &call);
        });
    }
}

fn share_snapshot(story: &mut Story) {
    story.step(Scene {
        id: "snapshot-shared",
        phase: 10,
        title: "Snapshots of the database's disk are shared with an account outside",
        technique: "T1537",
        source: SourceKind::AwsCloudtrail,
        matches: &[("eventName", Condition::is("ModifySnapshotAttribute")), ("userIdentity.accessKeyId", Condition::is(STOLEN_KEY))],
        indicators: &[("ips", KEY_IP), ("keys", STOLEN_KEY), ("accounts", OUTSIDE_ACCOUNT)],
    });
    for at_ms in story.burst(story.timeline.at_night(73, 2, 48), 3, 40_000) {
        story.plant(TRAIL_PROD_EU, at_ms, |out, dice, when| {
            let mut params = Out::default();
            params.s(r#"{"snapshotId":"snap-0"#).hex(dice, 16).s(r#"","createVolumePermission":{"add":{"items":[{"userId":""#);
            params.s(OUTSIDE_ACCOUNT).s(r#""}]}},"attributeType":"CREATE_VOLUME_PERMISSION"}"#);
            let params = params.take_string();
            let call = Call {
                params: &params,
                response: r#"{"requestId":"5f0c7d1e-8a42-4f3b-9d6e-1b2c3d4e5f60","_return":true}"#,
                read_only: false,
                ..with_key(when, "ec2", "ModifySnapshotAttribute")
            };
            cloudtrail::write(out, dice, &call);
        });
    }
}

fn send(story: &mut Story) {
    story.step(Scene {
        id: "bytes-out-at-night",
        phase: 10,
        title: "Dozens of gigabytes go to one outside address at night",
        technique: "T1048.002",
        source: SourceKind::AwsVpcflow,
        matches: &[("dstaddr", Condition::is(DROP_IP)), ("bytes", Condition::AtLeast(GIGABYTE))],
        indicators: &[("ips", DROP_IP)],
    });
    let ip = flowlog::host_ip(0, HOST);
    for at_ms in story.burst(story.timeline.at_night(76, 3, 40), 14, 180_000) {
        story.plant(Stream::FlowLog(0), at_ms, |out, dice, start| {
            let bytes = dice.between(2 * GIGABYTE, 5 * GIGABYTE);
            let flow = Flow {
                start,
                seconds: dice.between(50, 60),
                host: HOST,
                from: (&ip, 41_822),
                to: (DROP_IP, 443),
                protocol: 6,
                packets: bytes / 1400,
                bytes,
                accepted: true,
                ingress: false,
            };
            flowlog::write(out, 0, &flow);
        });
    }
}
