//! Which events are the same one, delivered twice.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use arrow::error::ArrowError;
use coldtrail_model::Col;
use hashbrown::{HashMap, HashSet};

use crate::Duplicates;
use crate::digest::hash_rows;

/// With the vendor's id, these must agree: an id can be that of a request with several stages, of a finding that is updated, or of
/// a machine's own counting.
const VENDOR: &[Col] = &[
    Col::MetadataUid,
    Col::Time,
    Col::TypeUid,
    Col::StatusId,
    Col::Message,
    Col::CloudAccountUid,
    Col::MetadataTenantUid,
    Col::MetadataEventCode,
    Col::MetadataLogName,
    Col::DeviceHostname,
    Col::DeviceUid,
];

/// Without one, the record as it was written.
const RECORD: &[Col] = &[Col::Time, Col::TypeUid, Col::RawData];

/// Where a record was is no part of what it says.
const LINEAGE: &[Col] = &[Col::Source, Col::SourceObject, Col::SourceOffset];

/// What makes an event the same as another one of its table, day and source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Identity {
    /// The vendor says so.
    Vendor(u128),
    /// Its record, or all of its columns where the record was not kept.
    Content(u128),
}

/// The identities of a batch's events, and where their records were.
#[derive(Debug)]
pub(crate) struct Identities {
    of_rows: Vec<Identity>,
    objects: Vec<u128>,
    offsets: Vec<i64>,
}

impl Identities {
    /// The identities of these events.
    pub(crate) fn of(batch: &RecordBatch) -> Result<Self, ArrowError> {
        let has = |col: Col| batch.column_by_name(col.column().name).filter(|array| array.null_count() < array.len());
        let is_in = |cols: &'static [Col]| move |name: &str| cols.iter().any(|col| col.column().name == name);
        let (uids, raws) = (has(Col::MetadataUid), has(Col::RawData));
        let vendor = if uids.is_some() { hash_rows(batch, is_in(VENDOR))? } else { Vec::new() };
        let record = if raws.is_some() { hash_rows(batch, is_in(RECORD))? } else { Vec::new() };
        let is_told = |array: Option<&arrow::array::ArrayRef>, row| array.is_some_and(|array| array.is_valid(row));
        let needs_content = (0..batch.num_rows()).any(|row| !is_told(uids, row) && !is_told(raws, row));
        let content = if needs_content { hash_rows(batch, |name| !is_in(LINEAGE)(name))? } else { Vec::new() };
        let of_row = |row: usize| match () {
            () if is_told(uids, row) => Identity::Vendor(vendor[row]),
            () if is_told(raws, row) => Identity::Content(record[row]),
            () => Identity::Content(content[row]),
        };
        let offset_column = batch.column_by_name(Col::SourceOffset.column().name);
        let offsets = offset_column.and_then(|array| array.as_primitive_opt::<Int64Type>());
        Ok(Self {
            of_rows: (0..batch.num_rows()).map(of_row).collect(),
            objects: hash_rows(batch, is_in(&[Col::SourceObject]))?,
            offsets: (0..batch.num_rows()).map(|row| offsets.map_or(0, |array| array.value(row))).collect(),
        })
    }
}

/// The events of one moment so far: those that are the same have the same time.
///
/// Two events of the same vendor's id are one. Without an id, the same record can be written twice by right: two requests in the
/// same second. What is in one object twice, in two places, therefore stays twice; what is in two objects once each stays once:
/// an object that was delivered again. So each record stays as often as the object has it that has it most often.
#[derive(Debug)]
pub(crate) struct Moment {
    which: Duplicates,
    time_ms: Option<i64>,
    vendor: HashSet<u128>,
    content: HashMap<u128, Sames>,
}

/// The events of the same content at one moment.
#[derive(Debug, Default)]
struct Sames {
    kept: usize,
    places: HashMap<u128, HashSet<i64>>,
}

impl Moment {
    pub(crate) fn new(which: Duplicates) -> Self {
        Self { which, time_ms: None, vendor: HashSet::new(), content: HashMap::new() }
    }

    /// True if the event came before, at this moment. Events come in order of time.
    pub(crate) fn is_duplicate(&mut self, time_ms: i64, identities: &Identities, row: usize) -> bool {
        if self.time_ms != Some(time_ms) {
            self.time_ms = Some(time_ms);
            self.vendor.clear();
            self.content.clear();
        }
        match (self.which, identities.of_rows[row]) {
            (Duplicates::VendorId | Duplicates::All, Identity::Vendor(hash)) => !self.vendor.insert(hash),
            (Duplicates::All, Identity::Content(hash)) => {
                let sames = self.content.entry(hash).or_default();
                let places = sames.places.entry(identities.objects[row]).or_default();
                let is_kept = places.insert(identities.offsets[row]) && places.len() > sames.kept;
                sames.kept += usize::from(is_kept);
                !is_kept
            }
            (Duplicates::Keep, _) | (Duplicates::VendorId, Identity::Content(_)) => false,
        }
    }
}
