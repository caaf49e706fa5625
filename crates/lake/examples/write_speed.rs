//! How fast events become segments: `cargo run --release -p coldtrail-lake --example write_speed -- [EVENTS] [DAYS] [FOLDER]`.
//!
//! Events look like CloudTrail's: skewed users, addresses and operations, a raw record of about a kilobyte. Times are processor
//! time, so that other work on the machine does not matter much; making the events is not counted.

#![allow(clippy::print_stdout, reason = "a program that reports to its user")]

use std::error::Error;
use std::fs;
use std::sync::Arc;

use coldtrail_lake::{Lake, SegmentWriter, StoreOptions, WriterConfig};
use coldtrail_model::{Class, Col, Event, Outcome, Table};

const BATCH: u64 = 5_000;
const MARCH_1: i64 = 1_772_323_200_000;
const DAY_MS: i64 = 86_400_000;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let events: u64 = arguments.next().map_or(Ok(400_000), |text| text.parse())?;
    let days: u64 = arguments.next().map_or(Ok(1), |text| text.parse())?;
    let lake = Lake::open(&arguments.next().unwrap_or_else(|| "memory:///".to_owned()), &StoreOptions::default())?;
    let config = WriterConfig { encodings_max: 1, ..WriterConfig::default() };
    let mut writer = SegmentWriter::new(lake, config);
    let (mut made, mut appended, mut raw_bytes) = (0.0, 0.0, 0_usize);
    for start in (0..events).step_by(usize::try_from(BATCH)?) {
        let clock = thread_seconds()?;
        let object: Arc<str> = format!("s3://audit/AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/01/{start}.json.gz").into();
        let batch: Vec<Event> = (start..events.min(start + BATCH)).map(|number| api_call(number, days, events)).collect();
        raw_bytes += batch.iter().filter_map(|event| event.get_text(Col::RawData)).map(str::len).sum::<usize>();
        made += thread_seconds()? - clock;
        let clock = thread_seconds()?;
        writer.append_batch("aws_cloudtrail", &object, batch.into_iter().zip(0..))?;
        appended += thread_seconds()? - clock;
        writer.roll_full().await?;
    }
    let metas = writer.finish().await?;
    let total = process_seconds()? - made;
    let bytes = |is_wanted: &dyn Fn(Table) -> bool| metas.iter().filter(|meta| is_wanted(meta.table)).map(|meta| meta.bytes).sum::<u64>();
    let rows = |is_wanted: &dyn Fn(Table) -> bool| metas.iter().filter(|meta| is_wanted(meta.table)).map(|meta| meta.rows).sum::<u64>();
    let (of_events, of_observables) = (|table| matches!(table, Table::Events(_)), |table| table == Table::Observables);
    let count = events as f64;
    println!("{events} events of {days} days, {:.0} bytes of raw record each, {} segments", raw_bytes as f64 / count, metas.len());
    println!("total     {total:6.2} s  {:9.0} events/s per core", count / total);
    println!("append    {appended:6.2} s  {:9.0} events/s per core", count / appended);
    println!("events      {} rows, {} bytes, {:.1} bytes a row", rows(&of_events), bytes(&of_events), bytes(&of_events) as f64 / count);
    let share = bytes(&of_observables) as f64 / bytes(&of_events) as f64 * 100.0;
    println!("observables {} rows, {} bytes, {share:.1} % of the events", rows(&of_observables), bytes(&of_observables));
    println!("peak memory {}", peak_memory()?);
    Ok(())
}

fn api_call(number: u64, days: u64, events: u64) -> Event {
    let mut dice = Dice(number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let span = DAY_MS * i64::try_from(days).unwrap_or(1);
    let time_ms = MARCH_1 + (i128::from(span) * i128::from(number) / i128::from(events.max(1))) as i64 + dice.below(900_000) as i64;
    let (user, host, operation) = (dice.skewed(400), dice.skewed(3_000), OPERATIONS[dice.skewed(OPERATIONS.len() as u64) as usize]);
    let (bucket, key, id) = (dice.skewed(60), dice.skewed(200_000), dice.next());
    let account = 111_122_223_333 + user % 5;
    let (arn, ip) = (format!("arn:aws:iam::{account}:user/user{user}"), format!("10.{}.{}.{}", host % 4, host / 250, host % 250));
    let (uid, agent) = (format!("{id:016x}-4222-8333-{number:012x}"), AGENTS[(user % AGENTS.len() as u64) as usize]);
    let resource = format!("arn:aws:s3:::bucket-{bucket}/data/part-{key:06}.parquet");
    let mut event = Event::new(Class::ApiActivity, 2, time_ms.min(MARCH_1 + span - 1));
    event.outcome(if dice.below(50) == 0 { Outcome::Failure } else { Outcome::Success });
    event.text(Col::ApiOperation, operation.1);
    event.text(Col::ApiServiceName, operation.0);
    event.text(Col::ApiRequestUid, format!("{:016X}", dice.next()));
    event.owned_text(Col::ApiRequestData, format!(r#"{{"bucketName":"bucket-{bucket}","key":"data/part-{key:06}.parquet"}}"#));
    event.text(Col::MetadataUid, &uid);
    event.text(Col::MetadataEventCode, operation.1);
    event.text(Col::MetadataProductName, "CloudTrail");
    event.text(Col::MetadataProductVendorName, "AWS");
    event.text(Col::CloudProvider, "AWS");
    event.text(Col::CloudAccountUid, account.to_string());
    event.text(Col::CloudRegion, REGIONS[(account % 3) as usize]);
    event.text(Col::ActorUserName, format!("user{user}"));
    event.text(Col::ActorUserUid, &arn);
    event.text(Col::ActorUserType, "IAMUser");
    event.text(Col::ActorUserCredentialUid, format!("AKIA{:016X}", user.wrapping_mul(0x9e37_79b9)));
    event.text(Col::SrcEndpointIp, &ip);
    event.text(Col::HttpRequestUserAgent, agent);
    event.text(Col::ResourcesUid, &resource);
    event.text(Col::ResourcesType, "AWS::S3::Object");
    event.owned_text(Col::Unmapped, format!(r#"{{"sharedEventID":"{:016x}","tlsDetails":{{"tlsVersion":"TLSv1.3"}}}}"#, dice.next()));
    event.owned_text(
        Col::RawData,
        format!(
            r#"{{"eventVersion":"1.09","userIdentity":{{"type":"IAMUser","principalId":"AIDA{user:012}","arn":"{arn}","accountId":"{account}","accessKeyId":"AKIA{user:016X}","userName":"user{user}"}},"eventTime":"2026-03-01T12:00:00Z","eventSource":"{}","eventName":"{}","awsRegion":"eu-west-1","sourceIPAddress":"{ip}","userAgent":"{agent}","requestParameters":{{"bucketName":"bucket-{bucket}","Host":"bucket-{bucket}.s3.eu-west-1.amazonaws.com","key":"data/part-{key:06}.parquet"}},"responseElements":null,"additionalEventData":{{"SignatureVersion":"SigV4","CipherSuite":"TLS_AES_128_GCM_SHA256","bytesTransferredIn":0,"AuthenticationMethod":"AuthHeader","x-amz-id-2":"{:016x}{:016x}{:016x}","bytesTransferredOut":{}}},"requestID":"{:016X}","eventID":"{uid}","readOnly":true,"resources":[{{"type":"AWS::S3::Object","ARN":"{resource}"}},{{"accountId":"{account}","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::bucket-{bucket}"}}],"eventType":"AwsApiCall","managementEvent":false,"recipientAccountId":"{account}","eventCategory":"Data","tlsDetails":{{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256","clientProvidedHostHeader":"bucket-{bucket}.s3.eu-west-1.amazonaws.com"}}}}"#,
            operation.0,
            operation.1,
            dice.next(),
            dice.next(),
            dice.next(),
            dice.below(1 << 20),
            dice.next(),
        ),
    );
    event
}

const OPERATIONS: &[(&str, &str)] = &[
    ("s3.amazonaws.com", "GetObject"),
    ("sts.amazonaws.com", "AssumeRole"),
    ("kms.amazonaws.com", "Decrypt"),
    ("ec2.amazonaws.com", "DescribeInstances"),
    ("s3.amazonaws.com", "PutObject"),
    ("iam.amazonaws.com", "GetUser"),
    ("logs.amazonaws.com", "CreateLogStream"),
    ("iam.amazonaws.com", "CreateAccessKey"),
];
const AGENTS: &[&str] = &[
    "aws-cli/2.15.30 Python/3.11.8 Linux/6.1.79 exe/x86_64 prompt/off command/s3.cp",
    "Boto3/1.34.69 md/Botocore#1.34.69 ua/2.0 os/linux#5.10 md/arch#x86_64 lang/python#3.11.6",
    "aws-sdk-go/1.50.36 (go1.21.8; linux; amd64)",
    "APN/1.0 HashiCorp/1.0 Terraform/1.7.5 (+https://www.terraform.io) terraform-provider-aws/5.42.0",
];
const REGIONS: &[&str] = &["eu-west-1", "us-east-1", "ap-southeast-2"];

/// A small deterministic source of chance (xorshift).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// Below `end`, small numbers far more often than large ones.
    fn skewed(&mut self, end: u64) -> u64 {
        let unit = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        (unit.powi(4) * end as f64) as u64
    }
}

/// Processor time of this thread.
fn thread_seconds() -> Result<f64, Box<dyn Error>> {
    let text = fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanoseconds: f64 = text.split_whitespace().next().ok_or("no schedstat")?.parse()?;
    Ok(nanoseconds / 1e9)
}

/// Processor time of all threads, in steps of 10 ms.
fn process_seconds() -> Result<f64, Box<dyn Error>> {
    let text = fs::read_to_string("/proc/self/stat")?;
    let after_name = text.rsplit_once(')').ok_or("no stat")?.1;
    let ticks: Vec<f64> = after_name.split_whitespace().skip(11).take(2).filter_map(|field| field.parse().ok()).collect();
    Ok(ticks.iter().sum::<f64>() / 100.0)
}

fn peak_memory() -> Result<String, Box<dyn Error>> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmHWM")).ok_or("no VmHWM")?;
    Ok(line.trim_start_matches("VmHWM:").trim().to_owned())
}
