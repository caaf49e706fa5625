use std::sync::{Arc, LazyLock};

use arrow::datatypes::{Field, Schema, SchemaRef};
use coldtrail_model::{Class, Col, Table, arrow_schema};

/// The name of the view over every class.
pub(crate) const EVENTS: &str = "events";

/// Columns that only some classes have and that a hunt over every class needs all the same.
const PIVOTS: &[Col] = &[
    Col::ActorUserName,
    Col::ActorUserUid,
    Col::ActorUserEmailAddr,
    Col::ActorUserCredentialUid,
    Col::ActorSessionUid,
    Col::ActorProcessName,
    Col::ActorProcessCmdLine,
    Col::ActorProcessFilePath,
    Col::ProcessName,
    Col::ProcessCmdLine,
    Col::ProcessFilePath,
    Col::ProcessFileHashesSha256Value,
    Col::UserName,
    Col::UserUid,
    Col::UserEmailAddr,
    Col::SrcEndpointIp,
    Col::SrcEndpointPort,
    Col::SrcEndpointHostname,
    Col::DstEndpointIp,
    Col::DstEndpointPort,
    Col::DstEndpointHostname,
    Col::DeviceHostname,
    Col::DeviceUid,
    Col::DeviceIp,
    Col::ApiOperation,
    Col::ApiServiceName,
    Col::ResourcesUid,
    Col::ResourcesName,
    Col::FilePath,
    Col::FileHashesSha256Value,
    Col::QueryHostname,
    Col::HttpRequestUserAgent,
    Col::FindingInfoTitle,
];

/// The columns of the view `events`, in the order of the tables: those that every class has, and those that hunts pivot on.
/// A class without one of them gives nulls.
pub(crate) fn events_schema() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
        let fields: Vec<Arc<Field>> = Col::ALL.iter().filter(|col| belongs(**col)).filter_map(|col| field(*col)).collect();
        Arc::new(Schema::new(fields))
    });
    Arc::clone(&SCHEMA)
}

fn belongs(col: Col) -> bool {
    PIVOTS.contains(&col) || Class::ALL.iter().all(|class| class.has(col))
}

fn field(col: Col) -> Option<Arc<Field>> {
    let class = Class::ALL.iter().find(|class| class.has(col))?;
    let schema = arrow_schema(*class);
    schema.fields().find(col.column().name).map(|(_, field)| Arc::clone(field))
}

/// Every table of events.
pub(crate) fn event_tables() -> impl Iterator<Item = Table> {
    Class::ALL.iter().copied().map(Table::Events)
}
