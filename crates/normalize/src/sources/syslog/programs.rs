//! What well-known programs write: a row is a program, a template of its message, and what such a message says.

use coldtrail_model::{Class, Outcome};

use Class::{
    AccountChange, Authentication, EventLogActivity, GroupManagement, ModuleActivity, NetworkActivity, ProcessActivity,
    ScheduledJobActivity,
};
use Outcome::{Failure, Success, Unknown};

use super::template::{Captures, matches};

/// What a message says.
#[derive(Debug)]
pub(super) struct Rule {
    program: &'static str,
    template: &'static str,
    pub(super) class: Class,
    pub(super) activity: i32,
    pub(super) outcome: Outcome,
    /// The activity in words, where OCSF has no number for it.
    pub(super) words: &'static str,
}

const fn rule(program: &'static str, template: &'static str, class: Class, activity: i32, outcome: Outcome) -> Rule {
    Rule { program, template, class, activity, outcome, words: "" }
}

const fn other(program: &'static str, template: &'static str, class: Class, words: &'static str, outcome: Outcome) -> Rule {
    Rule { program, template, class, activity: 99, outcome, words }
}

/// True for OpenSSH's server, which since 9.8 is several programs.
pub(super) fn is_sshd(program: &str) -> bool {
    matches!(program, "sshd" | "sshd-session" | "sshd-auth")
}

/// The first rule whose template the message matches.
pub(super) fn find<'m>(program: &str, message: &'m str) -> Option<(&'static Rule, Captures<'static, 'm>)> {
    let name = program.rsplit('/').next().unwrap_or(program);
    let message = message.trim();
    let is_of = |rule: &Rule| match rule.program {
        "" => true,
        "sshd" => is_sshd(name),
        "cron" => name.eq_ignore_ascii_case("cron") || name.eq_ignore_ascii_case("crond"),
        known => known.eq_ignore_ascii_case(name),
    };
    RULES.iter().filter(|rule| is_of(rule)).find_map(|rule| matches(rule.template, message).map(|captures| (rule, captures)))
}

const RULES: &[Rule] = &[
    // OpenSSH: auth.c, auth2.c, packet.c and session.c of https://github.com/openssh/openssh-portable.
    rule("sshd", "Accepted key {key} {fingerprint} found at {path}", Authentication, 1, Success),
    rule("sshd", "Accepted {method} for {user} from {ip} port {port} {word}: {key} {fingerprint}", Authentication, 1, Success),
    rule("sshd", "Accepted {method} for {user} from {ip} port {port}*", Authentication, 1, Success),
    rule("sshd", "Accepted {method} for {user}", Authentication, 1, Success),
    rule("sshd", "Failed {method} for invalid user {user} from {ip} port {port}*", Authentication, 1, Failure),
    rule("sshd", "Failed {method} for {user} from {ip} port {port}*", Authentication, 1, Failure),
    rule("sshd", "Invalid user {user} from {ip} port {port}*", Authentication, 1, Failure),
    rule("sshd", "Invalid user {user} from {ip}", Authentication, 1, Failure),
    rule("sshd", "Illegal user {user} from {ip}", Authentication, 1, Failure),
    rule("sshd", "input_userauth_request: invalid user {user} [preauth]", Authentication, 1, Failure),
    rule("sshd", "User {user} from {ip} not allowed because {reason}", Authentication, 1, Failure),
    rule(
        "sshd",
        "{word}: maximum authentication attempts exceeded for invalid user {user} from {ip} port {port}*",
        Authentication,
        1,
        Failure,
    ),
    rule("sshd", "{word}: maximum authentication attempts exceeded for {user} from {ip} port {port}*", Authentication, 1, Failure),
    rule("sshd", "Disconnecting invalid user {user} {ip} port {port}: {reason}", NetworkActivity, 2, Failure),
    rule("sshd", "Disconnecting authenticating user {user} {ip} port {port}: {reason}", NetworkActivity, 2, Failure),
    rule("sshd", "Connection closed by invalid user {user} {ip} port {port}*", NetworkActivity, 2, Success),
    rule("sshd", "Connection closed by invalid user {ip} port {port}*", NetworkActivity, 2, Success),
    rule("sshd", "Connection closed by authenticating user {user} {ip} port {port}*", NetworkActivity, 2, Success),
    rule("sshd", "Connection closed by {ip} port {port}*", NetworkActivity, 2, Success),
    rule("sshd", "Connection closed by {ip}", NetworkActivity, 2, Success),
    rule("sshd", "Connection reset by {word} user {user} {ip} port {port}*", NetworkActivity, 3, Success),
    rule("sshd", "Connection reset by invalid user {user} {ip} port {port}*", NetworkActivity, 3, Success),
    rule("sshd", "Connection reset by {ip} port {port}*", NetworkActivity, 3, Success),
    rule("sshd", "Connection from {ip} port {port} on {dstip} port {dstport}*", NetworkActivity, 1, Success),
    rule("sshd", "Connection from {ip} port {port}*", NetworkActivity, 1, Success),
    rule("sshd", "Disconnected from invalid user {user} {ip} port {port}*", NetworkActivity, 2, Success),
    rule("sshd", "Disconnected from authenticating user {user} {ip} port {port}*", NetworkActivity, 2, Success),
    rule("sshd", "Disconnected from user {user} {ip} port {port}*", NetworkActivity, 2, Success),
    rule("sshd", "Disconnected from {ip} port {port}*", NetworkActivity, 2, Success),
    rule("sshd", "Received disconnect from {ip} port {port}:{code}: {reason}", NetworkActivity, 2, Success),
    rule("sshd", "Received disconnect from {ip}: {code}: {reason}", NetworkActivity, 2, Success),
    rule("sshd", "Did not receive identification string from {ip} port {port}*", NetworkActivity, 4, Failure),
    rule("sshd", "Did not receive identification string from {ip}", NetworkActivity, 4, Failure),
    rule("sshd", "Bad protocol version identification {version} from {ip} port {port}*", NetworkActivity, 4, Failure),
    rule("sshd", "Unable to negotiate with {ip} port {port}: {reason}", NetworkActivity, 4, Failure),
    rule("sshd", "{word}: Connection from {ip} port {port}: {reason}", NetworkActivity, 4, Failure),
    rule("sshd", "{word}: kex_exchange_identification: {reason}", NetworkActivity, 4, Failure),
    rule("sshd", "banner exchange: Connection from {ip} port {port}: {reason}", NetworkActivity, 4, Failure),
    rule("sshd", "Server listening on {dstip} port {dstport}.", NetworkActivity, 7, Success),
    other("sshd", "Starting session: {command} for {user} from {ip} port {port}*", Authentication, "Session", Success),
    other("sshd", "User {user} is on pid {pid}", Authentication, "Session", Success),
    rule("sshd", "{text} {ip} port {port}*", EventLogActivity, 0, Unknown),
    rule("sshd", "PAM unable to dlopen({module}): {path}: {reason}", ModuleActivity, 1, Failure),
    rule("sshd", "PAM adding faulty module: {module}", ModuleActivity, 1, Failure),
    // PAM: modules/pam_unix of https://github.com/linux-pam/linux-pam. The stage is `sshd:session`.
    rule("", "{pam}({stage}): session opened for user {user}(uid={uid}) by {by}(uid={byuid})*", Authentication, 1, Success),
    rule("", "{pam}({stage}): session opened for user {user}(uid={uid}) by (uid={byuid})*", Authentication, 1, Success),
    rule("", "{pam}({stage}): session opened for user {user} by {by}(uid={byuid})*", Authentication, 1, Success),
    rule("", "{pam}({stage}): session closed for user {user}", Authentication, 2, Success),
    rule("", "{pam}({stage}): authentication failure; {pairs}", Authentication, 1, Failure),
    rule("", "{pam}({stage}): check pass; user unknown", Authentication, 1, Failure),
    rule("", "{pam}({stage}): User unknown", Authentication, 1, Failure),
    rule("", "{pam}({stage}): Consecutive login failures for user {user} account temporarily locked", AccountChange, 9, Success),
    rule("", "{pam}({stage}): password changed for {user}", AccountChange, 3, Success),
    rule("", "{pam}({stage}): account {user} has expired*", Authentication, 1, Failure),
    rule("", "PAM {count} more authentication failure; {pairs}", Authentication, 1, Failure),
    rule("", "PAM {count} more authentication failures; {pairs}", Authentication, 1, Failure),
    // sudo: https://www.sudo.ws/docs/man/sudoers.man/#EVENT-LOGGING.
    rule("sudo", "{by} : TTY={tty} ; PWD={cwd} ; USER={target} ; COMMAND={command}", ProcessActivity, 1, Success),
    rule("sudo", "{by} : PWD={cwd} ; USER={target} ; COMMAND={command}", ProcessActivity, 1, Success),
    rule("sudo", "{by} : TTY={tty} ; PWD={cwd} ; USER={target} ; GROUP={group} ; COMMAND={command}", ProcessActivity, 1, Success),
    rule("sudo", "{by} : {reason} ; TTY={tty} ; PWD={cwd} ; USER={target} ; COMMAND={command}", ProcessActivity, 1, Failure),
    // su of util-linux and of shadow.
    rule("su", "(to {user}) {by} on {tty}", Authentication, 7, Success),
    rule("su", "FAILED SU (to {user}) {by} on {tty}", Authentication, 7, Failure),
    rule("su", "Successful su for {user} by {by}", Authentication, 7, Success),
    rule("su", "FAILED su for {user} by {by}", Authentication, 7, Failure),
    // cron, cronie.
    rule("cron", "({by}) CMD ({command})", ScheduledJobActivity, 6, Success),
    rule("cron", "({by}) RELOAD ({path})", ScheduledJobActivity, 2, Success),
    rule("crontab", "({by}) REPLACE ({user})", ScheduledJobActivity, 2, Success),
    rule("crontab", "({by}) DELETE ({user})", ScheduledJobActivity, 3, Success),
    // https://github.com/shadow-maint/shadow.
    rule("useradd", "new user: name={user}, UID={uid}, GID={gid}, home={home}, shell={shell}", AccountChange, 1, Success),
    rule("useradd", "failed adding user '{user}'*", AccountChange, 1, Failure),
    rule("", "new group: name={group}, GID={gid}", GroupManagement, 6, Success),
    rule("groupadd", "group added to {path}: name={group}, GID={gid}", GroupManagement, 6, Success),
    rule("groupdel", "group '{group}' removed*", GroupManagement, 5, Success),
    rule("userdel", "removed group '{group}' owned by '{word}'", GroupManagement, 5, Success),
    rule("userdel", "delete user '{user}'", AccountChange, 6, Success),
    rule("", "add '{user}' to group '{group}'", GroupManagement, 3, Success),
    rule("", "add '{user}' to shadow group '{group}'", GroupManagement, 3, Success),
    rule("", "delete '{user}' from group '{group}'", GroupManagement, 4, Success),
    rule("", "delete '{user}' from shadow group '{group}'", GroupManagement, 4, Success),
    rule("gpasswd", "user {user} added by {by} to group {group}", GroupManagement, 3, Success),
    rule("gpasswd", "user {user} removed by {by} from group {group}", GroupManagement, 4, Success),
    rule("usermod", "change user '{user}' password", AccountChange, 3, Success),
    rule("usermod", "lock user '{user}' password", AccountChange, 9, Success),
    rule("usermod", "unlock user '{user}' password", AccountChange, 12, Success),
    rule("passwd", "password for '{user}' changed by '{by}'", AccountChange, 3, Success),
    rule("chpasswd", "password for '{user}' changed by '{by}'", AccountChange, 3, Success),
    // systemd: src/login/logind-session.c of https://github.com/systemd/systemd.
    rule("systemd-logind", "New session {session} of user {user}.", Authentication, 1, Success),
    rule("systemd-logind", "Removed session {session}.", Authentication, 2, Success),
    rule("systemd-logind", "Session {session} logged out*", Authentication, 2, Unknown),
    rule("", "user {user} logged out.", Authentication, 2, Success),
];
