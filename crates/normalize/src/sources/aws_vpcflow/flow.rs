use std::borrow::Cow;

use serde_json::Map;

use crate::Reason;
use crate::fields::Fields;
use crate::parse::{is_ip, parse_long};

/// A field of a flow log record, in the order of the documentation, which is that of the format with every field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub(super) enum Field {
    Version,
    AccountId,
    InterfaceId,
    Srcaddr,
    Dstaddr,
    Srcport,
    Dstport,
    Protocol,
    Packets,
    Bytes,
    Start,
    End,
    Action,
    LogStatus,
    VpcId,
    SubnetId,
    InstanceId,
    TcpFlags,
    Type,
    PktSrcaddr,
    PktDstaddr,
    Region,
    AzId,
    SublocationType,
    SublocationId,
    PktSrcAwsService,
    PktDstAwsService,
    FlowDirection,
    TrafficPath,
    EcsClusterName,
    EcsClusterArn,
    EcsContainerInstanceId,
    EcsContainerInstanceArn,
    EcsServiceName,
    EcsTaskDefinitionArn,
    EcsTaskId,
    EcsTaskArn,
    EcsContainerId,
    EcsSecondContainerId,
    RejectReason,
}

use Field as F;

/// Every field with its name.
const FIELDS: [(Field, &str); 40] = [
    (F::Version, "version"),
    (F::AccountId, "account_id"),
    (F::InterfaceId, "interface_id"),
    (F::Srcaddr, "srcaddr"),
    (F::Dstaddr, "dstaddr"),
    (F::Srcport, "srcport"),
    (F::Dstport, "dstport"),
    (F::Protocol, "protocol"),
    (F::Packets, "packets"),
    (F::Bytes, "bytes"),
    (F::Start, "start"),
    (F::End, "end"),
    (F::Action, "action"),
    (F::LogStatus, "log_status"),
    (F::VpcId, "vpc_id"),
    (F::SubnetId, "subnet_id"),
    (F::InstanceId, "instance_id"),
    (F::TcpFlags, "tcp_flags"),
    (F::Type, "type"),
    (F::PktSrcaddr, "pkt_srcaddr"),
    (F::PktDstaddr, "pkt_dstaddr"),
    (F::Region, "region"),
    (F::AzId, "az_id"),
    (F::SublocationType, "sublocation_type"),
    (F::SublocationId, "sublocation_id"),
    (F::PktSrcAwsService, "pkt_src_aws_service"),
    (F::PktDstAwsService, "pkt_dst_aws_service"),
    (F::FlowDirection, "flow_direction"),
    (F::TrafficPath, "traffic_path"),
    (F::EcsClusterName, "ecs_cluster_name"),
    (F::EcsClusterArn, "ecs_cluster_arn"),
    (F::EcsContainerInstanceId, "ecs_container_instance_id"),
    (F::EcsContainerInstanceArn, "ecs_container_instance_arn"),
    (F::EcsServiceName, "ecs_service_name"),
    (F::EcsTaskDefinitionArn, "ecs_task_definition_arn"),
    (F::EcsTaskId, "ecs_task_id"),
    (F::EcsTaskArn, "ecs_task_arn"),
    (F::EcsContainerId, "ecs_container_id"),
    (F::EcsSecondContainerId, "ecs_second_container_id"),
    (F::RejectReason, "reject_reason"),
];

/// How many fields the default format has, and how many the formats with those of versions 3, 4 and 5 besides.
const DEFAULT_FIELDS: usize = 14;
const PREFIXES: [usize; 4] = [DEFAULT_FIELDS, 21, 25, 29];
const ECS_FIELDS: std::ops::Range<usize> = 29..39;

/// Which field stands in which place of a line.
#[derive(Debug)]
pub(super) struct Layout {
    columns: Vec<Column>,
    separator: Option<char>,
}

#[derive(Debug)]
enum Column {
    Known(Field),
    Other(String),
}

impl Layout {
    /// The layout that a header line names; nothing if the line is no header.
    pub(super) fn of_header(line: &str) -> Option<Self> {
        if line.starts_with(|first: char| first.is_ascii_digit()) {
            return None;
        }
        let separator = line.contains(',').then_some(',');
        let names = line.split(|letter: char| separator.map_or(letter.is_ascii_whitespace(), |separator| letter == separator));
        let columns: Vec<Column> = names
            .map(|name| name.trim().trim_matches('"'))
            .filter(|name| separator.is_some() || !name.is_empty())
            .map(|name| field_named(name).map_or_else(|| Column::Other(name.replace('-', "_")), Column::Known))
            .collect();
        let known = columns.iter().filter(|column| matches!(column, Column::Known(_))).count();
        (known >= 2 && known * 2 > columns.len()).then_some(Self { columns, separator })
    }

    /// The layout of a line in a file without a header, told by how many fields it has; the last guess if it fits again.
    pub(super) fn guess<'g>(last: &'g mut Option<Self>, line: &str) -> Result<&'g Self, Reason> {
        let count = line.split_ascii_whitespace().count();
        if !begins_by_default(line) {
            let detail = format!("{count} fields, no header that names them, and it is not the default format");
            return Err(Reason::NotThisFormat { format: "a flow log record", detail });
        }
        match last {
            Some(layout) if layout.columns.len() == count => {}
            _ => *last = Some(Self { columns: default_columns(count), separator: None }),
        }
        Ok(last.as_ref().expect("it was set above"))
    }

    /// Reads a line.
    pub(super) fn read<'a>(&'a self, line: &'a str) -> Result<Flow<'a>, Reason> {
        match self.separator {
            None => self.fill(line.split_ascii_whitespace()),
            Some(separator) => self.fill(line.split(separator).map(|word| word.trim().trim_matches('"'))),
        }
    }

    fn fill<'a>(&'a self, words: impl Iterator<Item = &'a str>) -> Result<Flow<'a>, Reason> {
        let mut flow = Flow::default();
        let mut count = 0;
        for word in words {
            match self.columns.get(count) {
                Some(Column::Known(field)) => flow.set(*field, word),
                Some(Column::Other(name)) => flow.extra.push((name, word)),
                None => {}
            }
            count += 1;
        }
        if count != self.columns.len() {
            let detail = format!("{count} fields, but the header names {}", self.columns.len());
            return Err(Reason::NotThisFormat { format: "a flow log record", detail });
        }
        Ok(flow)
    }
}

/// The columns of the formats that are known without a header; what follows the default format in another is numbered.
fn default_columns(count: usize) -> Vec<Column> {
    let known = |range: std::ops::Range<usize>| FIELDS[range].iter().map(|(field, _)| Column::Known(*field));
    match count {
        count if PREFIXES.contains(&count) || count == 39 || count == 40 => known(0..count).collect(),
        24 => known(0..DEFAULT_FIELDS).chain(known(ECS_FIELDS)).collect(),
        30 => known(0..29).chain(known(39..40)).collect(),
        count => {
            let others = (DEFAULT_FIELDS..count).map(|number| Column::Other(format!("field_{}", number + 1)));
            known(0..DEFAULT_FIELDS).chain(others).collect()
        }
    }
}

/// True if the places where the default format has its action and log status hold such.
fn begins_by_default(line: &str) -> bool {
    let mut words = line.split_ascii_whitespace().skip(Field::Action as usize);
    let (action, status) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    matches!(action, "ACCEPT" | "REJECT" | "-") && matches!(status, "OK" | "NODATA" | "SKIPDATA" | "-")
}

/// The field with this name, spelt with hyphens, underscores or neither, in any case.
pub(super) fn field_named(name: &str) -> Option<Field> {
    let is_same = |ours: &str| {
        let letters = |name: &str| name.bytes().filter(u8::is_ascii_alphanumeric).map(|byte| byte.to_ascii_lowercase()).collect::<Vec<_>>();
        letters(ours) == letters(name)
    };
    FIELDS.iter().find(|(_, ours)| is_same(ours)).map(|(field, _)| *field)
}

/// The values of one record. Taking leaves nothing behind; what is left is the rest.
#[derive(Debug)]
pub(super) struct Flow<'a> {
    values: [&'a str; FIELDS.len()],
    extra: Vec<(&'a str, &'a str)>,
}

impl Default for Flow<'_> {
    fn default() -> Self {
        Self { values: [""; FIELDS.len()], extra: Vec::new() }
    }
}

impl<'a> Flow<'a> {
    /// The flow of values that stand elsewhere.
    pub(super) fn from_values(values: &'a [(Field, Cow<'_, str>)]) -> Self {
        let mut flow = Self::default();
        values.iter().for_each(|(field, value)| flow.set(*field, value));
        flow
    }

    /// Adds the value of a column that is not known.
    pub(super) fn add_extra(&mut self, name: &'a str, value: &'a str) {
        self.extra.push((name, value));
    }

    /// Sets a field; a dash is nothing.
    pub(super) fn set(&mut self, field: Field, value: &'a str) {
        self.values[field as usize] = if value == "-" { "" } else { value };
    }

    /// Looks at a field; empty if there is nothing.
    pub(super) fn peek(&self, field: Field) -> &'a str {
        self.values[field as usize]
    }

    /// Takes a field; empty if there is nothing.
    pub(super) fn take(&mut self, field: Field) -> &'a str {
        std::mem::take(&mut self.values[field as usize])
    }

    /// Takes a field that is a whole number; anything else is left.
    pub(super) fn take_long(&mut self, field: Field) -> Option<i64> {
        let number = parse_long(self.peek(field))?;
        self.take(field);
        Some(number)
    }

    /// Takes a field that is an address; anything else is left.
    pub(super) fn take_ip(&mut self, field: Field) -> Option<&'a str> {
        is_ip(self.peek(field)).then(|| self.take(field))
    }

    /// What was not taken, as the text of a JSON object.
    pub(super) fn rest(&self) -> Option<String> {
        if self.extra.is_empty() && self.values.iter().all(|value| value.is_empty()) {
            return None;
        }
        let known = FIELDS.iter().map(|(field, name)| (*name, self.peek(*field)));
        let all = known.chain(self.extra.iter().copied());
        let mut left = all.filter(|(_, value)| !value.is_empty() && *value != "-").peekable();
        left.peek()?;
        let members: Map<_, _> = left.map(|(name, value)| (name.to_owned(), value.into())).collect();
        Some(serde_json::Value::Object(members).to_string())
    }
}

/// Takes the fields of a row of JSON, however its keys are spelt.
pub(super) fn take_from_json<'a>(record: &mut Fields<'a>) -> Vec<(Field, Cow<'a, str>)> {
    let serde_json_borrow::Value::Object(members) = record.root() else { return Vec::new() };
    let names: Vec<(Field, String)> = members.keys().filter_map(|key| Some((field_named(key)?, key.to_owned()))).collect();
    names.into_iter().filter_map(|(field, key)| Some((field, record.text(&key)?))).collect()
}

/// True if a row of JSON has what every flow has.
pub(super) fn is_flow_row(record: &Fields<'_>) -> bool {
    let serde_json_borrow::Value::Object(members) = record.root() else { return false };
    let fields: Vec<Field> = members.keys().filter_map(field_named).collect();
    [Field::Srcaddr, Field::Dstaddr, Field::InterfaceId].iter().all(|field| fields.contains(field))
}
