//! The indicator index: which observable was seen where and when.

use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use coldtrail_model::{Kind, arrow_type};

pub(crate) use daily::{DailyObservables, observables_of_day};
pub(crate) use tally::{SegmentObservables, observe};

mod daily;
mod normal;
mod tally;

/// What [`coldtrail_model::SegmentMeta::source`] says of a segment of observables: it holds rows of several sources, which its
/// column `source` tells apart, so it must not be pruned by source. Its accounts are not listed either.
pub const ANY_SOURCE: &str = "*";

/// Which column of the schema holds the value.
pub(crate) const VALUE_COLUMN: usize = 2;

/// The schema of the table `observables`, sorted by `type_id` and `value`: one row for each type, value, class, source, account
/// and segment of events.
///
/// Values are in the form that indicators are compared in: addresses as the standard library writes them, IPv4 inside IPv6 as
/// IPv4; names of hosts, e-mail and hardware addresses and hashes in lower case, hosts without the dot at the end. A user name
/// that is an e-mail address is also one of type e-mail address, the host of a URL also a host name, and a host name that is an
/// address is an address. `count` is how many events show the value, wherever in the event and however often.
pub fn observables_schema() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
        Arc::new(Schema::new(vec![
            Field::new("type_id", DataType::Int32, false),
            Field::new("type", DataType::Utf8, false),
            Field::new("value", DataType::Utf8, false),
            Field::new("class_uid", DataType::Int32, false),
            Field::new("class", DataType::Utf8, false),
            Field::new("source", DataType::Utf8, false),
            Field::new("account", DataType::Utf8, true),
            Field::new("count", DataType::Int64, false),
            Field::new("first_time", arrow_type(Kind::Time), false),
            Field::new("last_time", arrow_type(Kind::Time), false),
            Field::new("segment", DataType::Utf8, false),
        ]))
    });
    Arc::clone(&SCHEMA)
}
