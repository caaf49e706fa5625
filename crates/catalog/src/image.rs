//! The whole state as bytes: what Raft calls a snapshot.

use std::io::{self, Read, Write};
use std::sync::Arc;

use coldtrail_model::SegmentMeta;
use coldtrail_proto::catalog::{digest_from_bytes, v1};
use prost::Message;
use v1::image_record::Kind;

use crate::contents::{Contents, RecentCommit, RemovedSegment};
use crate::raft::{self, LogId, RecordError, StoredMembership};

/// Level 3 packs a million segments in about a second; more gains little, as half of a segment's bytes are random.
const ZSTD_LEVEL: i32 = 3;

/// No record comes near this; a longer one is a sign of damage and is not allocated.
const RECORD_BYTES_MAX: u64 = 1 << 30;

/// The contents with their place in the Raft log.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    pub(crate) last_applied: Option<LogId>,
    pub(crate) membership: StoredMembership,
    /// The first entry of the leader that wrote the last one, in the life of its process: names it, and no other.
    pub(crate) leader_since: Option<LogId>,
    pub(crate) contents: Contents,
}

/// Why bytes are not an image.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ImageError {
    #[error("the snapshot image cannot be unpacked: {0}")]
    Packing(#[from] io::Error),
    #[error("the snapshot image holds a bad record: {0}")]
    Record(#[from] RecordError),
    #[error("the snapshot image is not whole: {0}")]
    Torn(&'static str),
}

/// The image of a state, compressed and with a checksum.
pub(crate) fn encode(state: &State) -> io::Result<Vec<u8>> {
    let mut image = RecordWriter::new()?;
    image.write(Kind::Header(v1::ImageHeader {
        snapshot_id: state.contents.snapshot_id(),
        last_applied: state.last_applied.as_ref().map(raft::log_id_to_proto),
        membership: Some(raft::stored_membership_to_proto(&state.membership)),
        last_removal_id: Some(state.contents.last_removal_id()),
        leader_since: state.leader_since.as_ref().map(raft::log_id_to_proto),
        deleted_version_max: state.contents.deleted_version_max(),
    }))?;
    let mut end = v1::ImageEnd::default();
    for part in Part::ALL {
        for record in part.records(&state.contents) {
            image.write(record)?;
            *part.count_in(&mut end) += 1;
        }
    }
    image.write(Kind::End(end))?;
    image.finish()
}

/// What the contents consist of, each part a list of records. Later parts may refer to earlier ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Segments,
    SourceObjects,
    RecentCommits,
    Runs,
    Slices,
    RemovedSegments,
    Documents,
}

impl Part {
    pub(crate) const ALL: [Self; 7] =
        [Self::Segments, Self::SourceObjects, Self::RecentCommits, Self::Runs, Self::Slices, Self::RemovedSegments, Self::Documents];

    /// Its name within backups.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Segments => "segments",
            Self::SourceObjects => "source_objects",
            Self::RecentCommits => "recent_commits",
            Self::Runs => "runs",
            Self::Slices => "slices",
            Self::RemovedSegments => "removed_segments",
            Self::Documents => "documents",
        }
    }

    /// Everything of this part.
    pub(crate) fn records(self, contents: &Contents) -> Box<dyn Iterator<Item = Kind> + '_> {
        match self {
            Self::Segments => Box::new(contents.stored_segments().map(|(segment, added_in)| Kind::Segment(placed(segment, added_in)))),
            Self::SourceObjects => Box::new(contents.source_objects().map(|object| Kind::SourceObject(object.as_ref().into()))),
            Self::RecentCommits => Box::new(contents.recent_commits().map(|RecentCommit { id, digest, snapshot_id }| {
                let (id, digest, snapshot_id) = (id.as_bytes().to_vec(), digest.to_vec(), *snapshot_id);
                Kind::RecentCommit(v1::RecentCommit { id, digest, snapshot_id })
            })),
            Self::Runs => Box::new(contents.runs().map(|run| Kind::Run(run.as_ref().into()))),
            Self::Slices => Box::new(contents.all_slices().map(|slice| Kind::Slice(slice.as_ref().into()))),
            Self::RemovedSegments => Box::new(contents.removed_segments().map(|RemovedSegment { segment, added_in, removed_in }| {
                Kind::RemovedSegment(v1::RemovedSegment { segment: Some(placed(segment, *added_in)), removed_in: *removed_in })
            })),
            Self::Documents => Box::new(contents.all_documents().map(|document| Kind::Document(document.as_ref().into()))),
        }
    }

    /// The count of this part.
    pub(crate) fn count_in(self, counts: &mut v1::ImageEnd) -> &mut u64 {
        match self {
            Self::Segments => &mut counts.segments,
            Self::SourceObjects => &mut counts.source_objects,
            Self::RecentCommits => &mut counts.recent_commits,
            Self::Runs => &mut counts.runs,
            Self::Slices => &mut counts.slices,
            Self::RemovedSegments => &mut counts.removed_segments,
            Self::Documents => &mut counts.documents,
        }
    }
}

/// A segment with the snapshot that showed it first.
fn placed(segment: &SegmentMeta, added_in: u64) -> v1::SegmentMeta {
    v1::SegmentMeta { added_in, ..segment.into() }
}

/// The state of an image. Every record must be there, and nothing twice.
pub(crate) fn decode(image: &[u8]) -> Result<State, ImageError> {
    let mut records = RecordReader::new(image)?;
    let Kind::Header(header) = records.read()? else { return Err(ImageError::Torn("it does not start with a header")) };
    let mut contents = Contents::rebuild(header.snapshot_id, header.last_removal_id.unwrap_or(header.snapshot_id));
    contents.restore_deleted_version_max(header.deleted_version_max);
    let mut seen = v1::ImageEnd::default();
    loop {
        match records.read()? {
            Kind::Header(_) => return Err(ImageError::Torn("it has two headers")),
            Kind::End(end) if end == seen => break,
            Kind::End(_) => return Err(ImageError::Torn("its counts do not add up")),
            record => restore(&mut contents, record, &mut seen)?,
        }
    }
    records.end()?;
    Ok(State {
        last_applied: header.last_applied.map(raft::log_id_from_proto),
        membership: header.membership.map(raft::stored_membership_from_proto).unwrap_or_default(),
        leader_since: header.leader_since.map(raft::log_id_from_proto),
        contents,
    })
}

/// Puts one record into its place, and counts it.
pub(crate) fn restore(contents: &mut Contents, record: Kind, seen: &mut v1::ImageEnd) -> Result<(), ImageError> {
    match record {
        Kind::Segment(segment) => {
            let added_in = segment.added_in;
            let segment = segment.try_into().map_err(RecordError::Message)?;
            contents.add_segment(segment, added_in).map_err(|_| ImageError::Torn("it holds a segment twice"))?;
            seen.segments += 1;
        }
        Kind::SourceObject(object) => {
            let object = object.try_into().map_err(RecordError::Message)?;
            contents.add_source_object(object).map_err(|_| ImageError::Torn("it holds a source object twice"))?;
            seen.source_objects += 1;
        }
        Kind::RecentCommit(commit) => {
            contents.add_recent_commit(recent_commit(&commit).map_err(RecordError::Message)?);
            seen.recent_commits += 1;
        }
        Kind::Run(run) => {
            let is_new = contents.restore_run(run.try_into().map_err(RecordError::Message)?);
            seen.runs += 1;
            return is_new.then_some(()).ok_or(ImageError::Torn("it holds a run twice"));
        }
        Kind::Slice(slice) => {
            let is_new = contents.restore_slice(slice.try_into().map_err(RecordError::Message)?);
            seen.slices += 1;
            return is_new.then_some(()).ok_or(ImageError::Torn("it holds a slice twice or without its run"));
        }
        Kind::RemovedSegment(removed) => {
            let is_new = contents.restore_removed(removed_segment(removed).map_err(RecordError::Message)?);
            seen.removed_segments += 1;
            return is_new.then_some(()).ok_or(ImageError::Torn("it holds a removed segment twice"));
        }
        Kind::Document(document) => {
            let is_new = contents.restore_document(document.try_into().map_err(RecordError::Message)?);
            seen.documents += 1;
            return is_new.then_some(()).ok_or(ImageError::Torn("it holds a document twice"));
        }
        Kind::Header(_) | Kind::End(_) => return Err(ImageError::Torn("it has two headers or ends")),
    }
    Ok(())
}

fn removed_segment(removed: v1::RemovedSegment) -> Result<RemovedSegment, coldtrail_proto::Error> {
    let missing = coldtrail_proto::Error::Missing { message: "RemovedSegment", field: "segment" };
    let segment = removed.segment.ok_or(missing)?;
    let added_in = segment.added_in;
    Ok(RemovedSegment { segment: Arc::new(segment.try_into()?), added_in, removed_in: removed.removed_in })
}

fn recent_commit(commit: &v1::RecentCommit) -> Result<RecentCommit, coldtrail_proto::Error> {
    Ok(RecentCommit {
        id: raft::commit_id_from_bytes(&commit.id)?,
        digest: digest_from_bytes(&commit.digest, "RecentCommit", "digest")?,
        snapshot_id: commit.snapshot_id,
    })
}

/// Packs records, one behind the other.
pub(crate) struct RecordWriter {
    packer: zstd::Encoder<'static, Vec<u8>>,
    buffer: Vec<u8>,
}

impl RecordWriter {
    pub(crate) fn new() -> io::Result<Self> {
        let mut packer = zstd::Encoder::new(Vec::new(), ZSTD_LEVEL)?;
        packer.include_checksum(true)?;
        Ok(Self { packer, buffer: Vec::new() })
    }

    pub(crate) fn write(&mut self, kind: Kind) -> io::Result<()> {
        self.buffer.clear();
        v1::ImageRecord { kind: Some(kind) }.encode_length_delimited(&mut self.buffer)?;
        self.packer.write_all(&self.buffer)
    }

    pub(crate) fn finish(self) -> io::Result<Vec<u8>> {
        self.packer.finish()
    }
}

/// Unpacks what [`RecordWriter`] packed.
pub(crate) struct RecordReader<'a> {
    unpacker: io::BufReader<zstd::Decoder<'static, io::BufReader<&'a [u8]>>>,
    buffer: Vec<u8>,
}

impl<'a> RecordReader<'a> {
    pub(crate) fn new(packed: &'a [u8]) -> io::Result<Self> {
        Ok(Self { unpacker: io::BufReader::new(zstd::Decoder::new(packed)?), buffer: Vec::new() })
    }

    pub(crate) fn read(&mut self) -> Result<Kind, ImageError> {
        let length = self.read_length()?;
        self.buffer.clear();
        let read = (&mut self.unpacker).take(length).read_to_end(&mut self.buffer)?;
        if read as u64 != length {
            return Err(ImageError::Torn("it ends within a record"));
        }
        let record = v1::ImageRecord::decode(self.buffer.as_slice()).map_err(RecordError::Garbled)?;
        record.kind.ok_or(ImageError::Torn("it holds a record of an unknown kind; it may be written by a newer version"))
    }

    /// Checks that nothing follows. The checksum stands behind the last record: only reading to the very end compares it.
    pub(crate) fn end(mut self) -> Result<(), ImageError> {
        let follows = self.unpacker.read(&mut [0])? != 0;
        if follows { Err(ImageError::Torn("it goes on behind its end")) } else { Ok(()) }
    }

    fn read_length(&mut self) -> Result<u64, ImageError> {
        let (mut length, mut shift) = (0_u64, 0);
        loop {
            let mut byte = [0];
            self.unpacker.read_exact(&mut byte)?;
            length |= u64::from(byte[0] & 0x7f) << shift;
            shift += 7;
            if byte[0] & 0x80 == 0 && length <= RECORD_BYTES_MAX {
                return Ok(length);
            }
            if shift > 35 || length > RECORD_BYTES_MAX {
                return Err(ImageError::Torn("it holds a record of an impossible length"));
            }
        }
    }
}

#[cfg(test)]
mod tests;
