use serde_json::{Map, Value as Json};

use super::record::{Header, Record};
use crate::Reason;

/// The records of one event.
#[derive(Debug)]
pub(super) struct Audit {
    pub(super) time_ms: i64,
    pub(super) serial: String,
    pub(super) node: Option<String>,
    pub(super) records: Vec<Record>,
}

/// Records that only say more of another one.
const AUXILIARY: &[&str] = &[
    "SYSCALL",
    "PATH",
    "CWD",
    "EXECVE",
    "PROCTITLE",
    "SOCKADDR",
    "SOCKETCALL",
    "EOE",
    "FD_PAIR",
    "OBJ_PID",
    "BPRM_FCAPS",
    "CAPSET",
    "MMAP",
    "IPC",
    "IPC_SET_PERM",
    "MQ_OPEN",
    "MQ_SENDRECV",
    "MQ_NOTIFY",
    "MQ_GETSETATTR",
    "KERN_MODULE",
    "AUOMS_SYSCALL",
    "AUOMS_EXECVE",
    "CONTAINER_ID",
    "OPENAT2",
    "URINGOP",
];

/// Records that hold those of a system call merged, as the Azure agent writes them.
const CALLS: &[&str] = &["SYSCALL", "AUOMS_SYSCALL", "AUOMS_EXECVE"];

impl Audit {
    /// Reads the records of one event.
    pub(super) fn read<'a>(lines: impl Iterator<Item = &'a str>) -> Result<Self, Reason> {
        let mut audit: Option<Self> = None;
        for line in lines {
            let Some(header) = Header::read(line) else { continue };
            let Some(time_ms) = header.time_ms() else { continue };
            let serial = header.serial().unwrap_or_default();
            let start = || Self { time_ms, serial: serial.to_owned(), node: header.node.map(str::to_owned), records: Vec::new() };
            audit.get_or_insert_with(start).records.push(Record::read(header.kind, header.body));
        }
        audit.ok_or(Reason::Missing { field: "msg=audit(time:serial)" })
    }

    /// The first record that says more than how a system call was made.
    pub(super) fn main(&self) -> Option<&Record> {
        self.records.iter().find(|record| !AUXILIARY.contains(&record.kind.as_str()))
    }

    /// The record of the system call.
    pub(super) fn call(&self) -> Option<&Record> {
        self.records.iter().find(|record| CALLS.contains(&record.kind.as_str()))
    }

    pub(super) fn of<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Record> {
        self.records.iter().filter(move |record| record.kind == kind)
    }

    /// The first value of this key in any record.
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.records.iter().find_map(|record| record.get(key))
    }

    /// The first value of any of these keys.
    pub(super) fn first(&self, keys: &[&str]) -> Option<&str> {
        keys.iter().find_map(|key| self.get(key))
    }

    /// The first value of this key that is a whole number.
    pub(super) fn long(&self, key: &str) -> Option<i64> {
        self.get(key)?.parse().ok()
    }

    /// The id of a user, group or session, unless it is the number that stands for none.
    pub(super) fn id(&self, key: &str) -> Option<&str> {
        self.get(key).filter(|id| !matches!(*id, "4294967295" | "-1"))
    }

    /// What was run: the arguments, or the start of them that the kernel keeps of every process.
    pub(super) fn command_line(&self) -> Option<String> {
        let values = self.of("EXECVE").flat_map(|execve| &execve.values);
        let arguments: Vec<&str> = values.filter(|(key, _)| is_argument(key)).map(|(_, value)| value.as_str()).collect();
        if !arguments.is_empty() {
            return Some(arguments.join(" "));
        }
        self.first(&["cmdline", "proctitle"]).map(str::to_owned)
    }

    /// The decoded records, as JSON.
    pub(super) fn to_json(&self) -> String {
        let records = self.records.iter().filter(|record| record.kind != "EOE").map(|record| {
            let values = record.values.iter().map(|(key, value)| (key.clone(), Json::String(value.clone())));
            Json::Object(std::iter::once(("type".to_owned(), Json::String(record.kind.clone()))).chain(values).collect())
        });
        Json::Object(Map::from_iter([("records".to_owned(), Json::Array(records.collect()))])).to_string()
    }
}

/// `a0`, `a12`, not `a1_len`.
fn is_argument(key: &str) -> bool {
    key.strip_prefix('a').is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}
