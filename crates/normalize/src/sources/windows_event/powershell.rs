//! PowerShell: <https://learn.microsoft.com/en-us/powershell/module/microsoft.powershell.core/about/about_logging_windows>.

use coldtrail_model::{Class, Col, Event, Outcome};

use super::place::{ACTOR_USER, file, guid, place, split_user, user};
use super::record::Record;
use super::route::{Route, to};

/// Script blocks (4104), pipelines (4103, 800), and the beginning and end of the engine and its blocks.
pub(super) fn route(id: i64) -> Option<Route> {
    Some(match id {
        4104 => to(Class::ScriptActivity, 1, block),
        4103 => to(Class::ScriptActivity, 1, pipeline),
        4100 => to(Class::ScriptActivity, 1, failure),
        4105 | 4106 => to(Class::ScriptActivity, 1, block),
        400 | 403 | 600 | 800 => to(Class::ScriptActivity, 1, classic),
        _ => return None,
    })
}

fn language(event: &mut Event) {
    event.long(Col::ScriptTypeId, 2);
    event.text(Col::ScriptType, "PowerShell");
}

fn block(event: &mut Event, record: &mut Record<'_>) {
    language(event);
    place(event, record, &[(Col::ScriptScriptContentValue, "ScriptBlockText")]);
    event.text_opt(Col::ScriptUid, record.text("ScriptBlockId").map(guid));
    event.text_opt(Col::ActorSessionUid, record.text("RunspaceId").map(guid));
    let path = record.text("Path");
    file(event, Col::ScriptFilePath, Col::ScriptFileName, path);
}

/// 4103: `Payload` says what was called, `ContextInfo` where, as lines of `Name = value`.
fn pipeline(event: &mut Event, record: &mut Record<'_>) {
    language(event);
    place(event, record, &[(Col::ScriptScriptContentValue, "Payload")]);
    if let Some(context) = record.peek("ContextInfo").map(str::to_owned) {
        from_context(event, &context);
    }
}

fn failure(event: &mut Event, record: &mut Record<'_>) {
    language(event);
    let (name, domain) = split_user(record.text("User"));
    user(event, &ACTOR_USER, name, domain, None);
    place(event, record, &[(Col::ActorProcessCmdLine, "HostApplication"), (Col::ScriptName, "CommandInvocation")]);
    place(event, record, &[(Col::StatusCode, "ErrorCode"), (Col::StatusDetail, "Message")]);
    place(event, record, &[(Col::ScriptScriptContentValue, "CommandLine")]);
    if let Some(context) = record.peek("ContextInfo").map(str::to_owned) {
        from_context(event, &context);
    }
    event.outcome(Outcome::Failure);
}

/// The classic log has its fields unnamed, in one text of `Name=value` lines; the text stays.
fn classic(event: &mut Event, record: &mut Record<'_>) {
    language(event);
    let mut texts = Vec::new();
    collect_texts(record.data.root(), &mut texts);
    for text in &texts {
        from_context(event, text);
    }
    if record.event_id == 800
        && let Some(first) = texts.first()
    {
        event.text(Col::ScriptScriptContentValue, first);
    }
}

fn collect_texts(value: &serde_json_borrow::Value<'_>, texts: &mut Vec<String>) {
    use serde_json_borrow::Value;
    match value {
        Value::Str(text) => texts.push(text.trim().to_owned()),
        Value::Array(elements) => elements.iter().for_each(|element| collect_texts(element, texts)),
        Value::Object(members) => members.values().for_each(|member| collect_texts(member, texts)),
        _ => {}
    }
}

/// Lines such as `Host Application = powershell.exe -nop` and `HostApplication=powershell.exe -nop`, in English.
fn from_context(event: &mut Event, context: &str) {
    for (name, value) in context.lines().filter_map(|line| line.split_once('=')) {
        let (name, value) = (name.trim().replace(' ', ""), value.trim());
        match name.as_str() {
            _ if value.is_empty() => {}
            "HostApplication" => event.text(Col::ActorProcessCmdLine, value),
            "ScriptName" => file(event, Col::ScriptFilePath, Col::ScriptFileName, Some(value.into())),
            "CommandName" => event.text(Col::ScriptName, value),
            "RunspaceID" | "RunspaceId" => event.text(Col::ActorSessionUid, guid(value.into())),
            "User" | "UserId" => {
                let (name, domain) = split_user(Some(value.into()));
                user(event, &ACTOR_USER, name, domain, None);
            }
            _ => {}
        }
    }
}
