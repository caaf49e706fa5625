use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::common::Result;

use crate::catalog::CatalogParts;
use crate::events::{EVENTS, events_schema};

/// The name of the view in which an event that was delivered twice stands once.
pub(crate) const DISTINCT_EVENTS: &str = "distinct_events";

/// What events that are the same agree in, beside their vendor's id: as compaction sees it, which removes such events for good.
const SAME: &[&str] = &[
    "event_day",
    "source",
    "metadata_uid",
    "time",
    "type_uid",
    "status_id",
    "message",
    "cloud_account_uid",
    "metadata_tenant_uid",
    "metadata_event_code",
    "metadata_log_name",
    "device_hostname",
    "device_uid",
];

/// The view `events` without events that a vendor's id shows to have come twice: the first of each by object and offset. An event
/// without such an id is shown whenever it came. Filters on time, day, source and account reach the files.
pub(crate) async fn distinct_events(parts: &CatalogParts) -> Result<Arc<dyn TableProvider>> {
    let schema = events_schema();
    let columns: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    let statement = format!(
        "SELECT {}, event_day FROM (SELECT *, row_number() OVER (PARTITION BY {} ORDER BY source_object, source_offset) AS nth_of_same \
         FROM {EVENTS}) WHERE metadata_uid IS NULL OR nth_of_same = 1",
        columns.join(", "),
        SAME.join(", ")
    );
    super::of_statement(parts, statement).await
}
