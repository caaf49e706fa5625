//! files.log and smb_files.log. The ends of the connection are in `conn`, under the same id.

use coldtrail_model::{Col, Event};

use super::common::place;
use crate::fields::Fields;
use crate::parse::base_name;

/// files.log: a file went over the network.
pub(super) fn transfer(event: &mut Event, fields: &mut Fields<'_>) {
    event.activity_other("Transfer");
    if let Some(name) = fields.text("filename") {
        event.text(Col::FileName, base_name(&name));
        event.text(Col::FilePath, name);
    }
    place(
        event,
        fields,
        &[
            (Col::FileUid, "fuid"),
            (Col::FileMimeType, "mime_type"),
            (Col::FileHashesMd5Value, "md5"),
            (Col::FileHashesSha1Value, "sha1"),
            (Col::FileHashesSha256Value, "sha256"),
            (Col::FileSize, "total_bytes"),
            (Col::MetadataCorrelationUid, "conn_uids.0"),
        ],
    );
}

/// OCSF's activity of what was done to a file of a share.
pub(super) fn smb_activity(fields: &Fields<'_>) -> i32 {
    match fields.peek_text("action").unwrap_or_default() {
        "SMB::FILE_READ" => 2,
        "SMB::FILE_WRITE" => 3,
        "SMB::FILE_DELETE" => 4,
        "SMB::FILE_RENAME" => 5,
        "SMB::FILE_SET_ATTRIBUTE" => 6,
        "SMB::FILE_OPEN" => 14,
        _ => 99,
    }
}

/// smb_files.log: the file is on the host that answered.
pub(super) fn smb(event: &mut Event, fields: &mut Fields<'_>) {
    let (share, name) = (fields.peek_text("path").map(str::to_owned), fields.text("name"));
    let whole = match (share, name.as_deref()) {
        (Some(share), Some("<share_root>") | None) => Some(share),
        (Some(share), Some(name)) => Some(format!("{}\\{}", share.trim_end_matches('\\'), name.trim_start_matches('\\'))),
        (None, name) => name.map(str::to_owned),
    };
    if let Some(whole) = whole {
        event.text(Col::FileName, base_name(&whole));
        event.owned_text(Col::FilePath, whole);
    }
    place(
        event,
        fields,
        &[
            (Col::FileUid, "fuid"),
            (Col::FileSize, "size"),
            (Col::FileModifiedTime, "times.modified"),
            (Col::FileAccessedTime, "times.accessed"),
            (Col::FileCreatedTime, "times.created"),
            (Col::DeviceIp, "id.resp_h"),
        ],
    );
}
