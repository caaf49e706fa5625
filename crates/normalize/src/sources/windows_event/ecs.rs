//! What Elastic's pipelines moved out of the event's data into ECS fields: <https://www.elastic.co/docs/reference/ecs/ecs-field-reference>.

use coldtrail_model::{Class, Col, Event, Kind};

use super::place::guid;
use crate::fields::Fields;

/// Columns and ECS fields.
type Fill = &'static [(Col, &'static str)];

const ANY: Fill = &[
    (Col::SrcEndpointIp, "source.ip"),
    (Col::SrcEndpointPort, "source.port"),
    (Col::SrcEndpointHostname, "source.domain"),
    (Col::DstEndpointIp, "destination.ip"),
    (Col::DstEndpointPort, "destination.port"),
    (Col::DstEndpointHostname, "destination.domain"),
    (Col::ConnectionInfoProtocolName, "network.transport"),
    (Col::ConnectionInfoCommunityUid, "network.community_id"),
    (Col::FilePath, "file.path"),
    (Col::FileName, "file.name"),
    (Col::FileHashesSha256Value, "file.hash.sha256"),
    (Col::FileHashesSha1Value, "file.hash.sha1"),
    (Col::FileHashesMd5Value, "file.hash.md5"),
    (Col::ModuleFilePath, "dll.path"),
    (Col::ModuleFileName, "dll.name"),
    (Col::QueryHostname, "dns.question.name"),
    (Col::Rcode, "dns.response_code"),
    (Col::RegKeyPath, "registry.path"),
    (Col::RegValueName, "registry.value"),
    (Col::ScriptScriptContentValue, "powershell.file.script_block_text"),
    (Col::ScriptUid, "powershell.file.script_block_id"),
    (Col::ScriptFilePath, "file.path"),
    (Col::ScriptFileName, "file.name"),
    (Col::ScriptName, "powershell.command.name"),
    (Col::ActorSessionUid, "powershell.runspace_id"),
];
/// In these classes the process of the record is the one that was acted on.
const OF_PROCESS: Fill = &[
    (Col::ProcessFilePath, "process.executable"),
    (Col::ProcessName, "process.name"),
    (Col::ProcessPid, "process.pid"),
    (Col::ProcessUid, "process.entity_id"),
    (Col::ProcessCmdLine, "process.command_line"),
    (Col::ProcessWorkingDirectory, "process.working_directory"),
    (Col::ProcessFileHashesSha256Value, "process.hash.sha256"),
    (Col::ProcessFileHashesSha1Value, "process.hash.sha1"),
    (Col::ProcessFileHashesMd5Value, "process.hash.md5"),
    (Col::ProcessParentProcessFilePath, "process.parent.executable"),
    (Col::ProcessParentProcessName, "process.parent.name"),
    (Col::ProcessParentProcessPid, "process.parent.pid"),
    (Col::ProcessParentProcessUid, "process.parent.entity_id"),
    (Col::ProcessParentProcessCmdLine, "process.parent.command_line"),
];
const OF_ACTOR: Fill = &[
    (Col::ActorProcessFilePath, "process.executable"),
    (Col::ActorProcessName, "process.name"),
    (Col::ActorProcessPid, "process.pid"),
    (Col::ActorProcessUid, "process.entity_id"),
    (Col::ActorProcessCmdLine, "process.command_line"),
];
const USER: Fill = &[(Col::UserName, "user.name"), (Col::UserDomain, "user.domain"), (Col::UserUid, "user.id")];
const ACTOR_USER: Fill = &[(Col::ActorUserName, "user.name"), (Col::ActorUserDomain, "user.domain"), (Col::ActorUserUid, "user.id")];

/// Fills the columns that the class has and the event's data did not set.
pub(super) fn fill(event: &mut Event, fields: &mut Fields<'_>) {
    if !fields.has("winlog") {
        return;
    }
    let process = if event.class() == Class::ProcessActivity { OF_PROCESS } else { OF_ACTOR };
    let user = if event.class() == Class::Authentication { USER } else { ACTOR_USER };
    for (col, path) in ANY.iter().chain(process).chain(user) {
        if event.class().has(*col) && event.get(*col).is_none() {
            fill_one(event, fields, *col, path);
        }
    }
    if event.class().has(Col::RegValuePath) && event.get(Col::RegValuePath).is_none() {
        let path = fields.text("registry.path");
        event.text_opt(Col::RegValuePath, path);
    }
    answers(event, fields);
}

fn fill_one(event: &mut Event, fields: &mut Fields<'_>, col: Col, path: &str) {
    match (col, col.column().kind) {
        (Col::ProcessUid | Col::ActorProcessUid | Col::ProcessParentProcessUid | Col::ScriptUid, _) => {
            event.text_opt(col, fields.text(path).map(guid));
        }
        (_, Kind::Integer | Kind::Long) => event.long_opt(col, fields.long(path)),
        _ => event.text_opt(col, fields.text(path)),
    }
}

fn answers(event: &mut Event, fields: &Fields<'_>) {
    if event.class() != Class::DnsActivity || event.get(Col::AnswersRdata).is_some() {
        return;
    }
    let data = (0..64).map_while(|index| fields.peek_text(&format!("dns.answers.{index}.data")).map(str::to_owned));
    let data: Vec<String> = data.collect();
    event.list(Col::AnswersRdata, data);
}
