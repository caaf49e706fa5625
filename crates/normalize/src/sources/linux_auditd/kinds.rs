//! What records say that stand alone, by their types.

use coldtrail_model::Class;

/// What the values of a record are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    /// A user who signs in, or whose account or group is changed: `acct`, `id`, `addr`, `res`.
    Account,
    /// A command of a user: `cmd`, `cwd`.
    Command,
    /// A service of systemd: `unit`.
    Unit,
    /// A process or the audit system itself.
    Process,
}

/// A type of record: class, activity and the word for it where OCSF has no number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kind {
    pub(super) class: Class,
    pub(super) activity: i32,
    pub(super) words: &'static str,
    pub(super) about: About,
}

/// What a record of this type says.
pub(super) fn kind_of(name: &str) -> Kind {
    use Class::{AccountChange, Authentication, EventLogActivity, GroupManagement, ProcessActivity};
    let (class, activity, words, about) = match name {
        "USER_LOGIN" | "USER_AUTH" | "USER_START" | "LOGIN" => (Authentication, 1, "", About::Account),
        "USER_LOGOUT" | "USER_END" => (Authentication, 2, "", About::Account),
        "USER_ACCT" => (Authentication, 99, "Account Check", About::Account),
        "USER_ERR" => (Authentication, 99, "Error", About::Account),
        "CRED_ACQ" => (Authentication, 99, "Credentials Acquired", About::Account),
        "CRED_REFR" => (Authentication, 99, "Credentials Refreshed", About::Account),
        "CRED_DISP" => (Authentication, 99, "Credentials Disposed", About::Account),
        "ANOM_LOGIN_FAILURES" | "ANOM_LOGIN_SESSIONS" | "ANOM_LOGIN_LOCATION" | "ANOM_LOGIN_TIME" | "GRP_AUTH" => {
            (Authentication, 99, "Anomaly", About::Account)
        }
        "ADD_USER" => (AccountChange, 1, "", About::Account),
        "DEL_USER" => (AccountChange, 6, "", About::Account),
        "USER_CHAUTHTOK" => (AccountChange, 3, "", About::Account),
        "ACCT_LOCK" | "RESP_ACCT_LOCK" | "RESP_ACCT_LOCK_TIMED" => (AccountChange, 9, "", About::Account),
        "ACCT_UNLOCK" | "RESP_ACCT_UNLOCK_TIMED" => (AccountChange, 12, "", About::Account),
        "USER_MGMT" => (AccountChange, 99, "Modify", About::Account),
        "ADD_GROUP" => (GroupManagement, 6, "", About::Account),
        "DEL_GROUP" => (GroupManagement, 5, "", About::Account),
        "GRP_MGMT" | "GRP_CHAUTHTOK" => (GroupManagement, 99, "Modify", About::Account),
        "USER_CMD" => (ProcessActivity, 1, "", About::Command),
        "SERVICE_START" => (ProcessActivity, 1, "", About::Unit),
        "SERVICE_STOP" => (ProcessActivity, 2, "", About::Unit),
        "ANOM_ABEND" | "SECCOMP" => (ProcessActivity, 2, "", About::Process),
        "DAEMON_START" | "SYSTEM_BOOT" => (EventLogActivity, 6, "", About::Process),
        "DAEMON_END" | "DAEMON_ABORT" | "SYSTEM_SHUTDOWN" => (EventLogActivity, 7, "", About::Process),
        "DAEMON_ROTATE" => (EventLogActivity, 5, "", About::Process),
        "DAEMON_RESUME" => (EventLogActivity, 9, "", About::Process),
        "CONFIG_CHANGE" | "DAEMON_CONFIG" | "FEATURE_CHANGE" | "DAEMON_RECONFIG" => (EventLogActivity, 99, "Configure", About::Process),
        "TTY" | "USER_TTY" | "AVC" | "USER_AVC" | "SELINUX_ERR" | "PROCTITLE" | "SYSCALL" | "EXECVE" => {
            (ProcessActivity, 99, "", About::Process)
        }
        _ => (EventLogActivity, 99, "", About::Process),
    };
    Kind { class, activity, words, about }
}
