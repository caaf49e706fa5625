use chrono::NaiveDate;
use serde::Serialize;

use crate::intrusion::Campaign;
use crate::sources::{self, zeek};
use crate::stream::Stream;
use crate::{Config, SourceKind, rhythm};

/// One file to write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FilePlan {
    /// Where it lies, relative to the output folder, with `/` between the parts.
    pub path: String,
    /// The source that it is a log of.
    pub source: SourceKind,
    /// The day, UTC, that its records are of.
    pub day: NaiveDate,
    /// How many records it will hold, exactly.
    pub records: u64,
    /// How many of them belong to the intrusion.
    pub planted: u64,
    #[serde(skip)]
    pub(crate) stream: Stream,
    /// How often its stream draws: records, or sessions for Zeek.
    #[serde(skip)]
    pub(crate) draws: u64,
}

/// Every file that is not empty, in order of source, day and stream.
pub(crate) fn files(config: &Config, campaign: &Campaign) -> Vec<FilePlan> {
    let cells: Vec<(SourceKind, NaiveDate, Stream)> = config
        .sources_in_order()
        .flat_map(|source| config.dates().flat_map(move |date| Stream::of(source).into_iter().map(move |stream| (source, date, stream))))
        .collect();
    let weight = |(source, date, stream): (SourceKind, NaiveDate, Stream)| {
        u128::from(source.share() * stream.share() * rhythm::stream_day_weight(date, stream.people_percent()))
    };
    let total: u128 = cells.iter().map(|cell| weight(*cell)).sum();
    let mut cumulative = 0_u128;
    let mut sessions = 0;
    let mut plans = Vec::with_capacity(cells.len());
    for cell in cells {
        let before = u128::from(config.events) * cumulative / total;
        cumulative += weight(cell);
        let records = (u128::from(config.events) * cumulative / total - before) as u64;
        let (source, day, stream) = cell;
        // Each Zeek session makes lines in two logs, and conn.log comes first.
        let draws = match stream {
            Stream::ZeekConn => {
                sessions = records * 100 / zeek::LINES_PER_HUNDRED;
                sessions
            }
            Stream::ZeekDns | Stream::ZeekHttp | Stream::ZeekSsl => sessions,
            _ => records,
        };
        let planted = campaign.plants_of(stream, day).len() as u64;
        let records = sources::records_of(stream, draws) + planted;
        if records > 0 {
            plans.push(FilePlan { path: stream.path(day), source, day, records, planted, stream, draws });
        }
    }
    plans
}
