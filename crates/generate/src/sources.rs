//! One module a source: a record type that the intrusion also uses, the writer of that record in the vendor's format, and
//! the ordinary records of a day.

pub(crate) mod cloudtrail;
pub(crate) mod entra;
pub(crate) mod flowlog;
pub(crate) mod gcp;
pub(crate) mod k8s;
pub(crate) mod windows;
pub(crate) mod zeek;

use chrono::NaiveDate;

use crate::moment::Tick;
use crate::out::Out;
use crate::rhythm;
use crate::stream::Stream;

/// What stands around the records of a file.
#[derive(Debug, Default)]
pub(crate) struct Framing {
    /// Before the first record.
    pub(crate) open: String,
    /// Between two records.
    pub(crate) between: &'static str,
    /// After each record.
    pub(crate) after: &'static str,
    /// After the last record.
    pub(crate) close: String,
}

impl Framing {
    /// A record a line.
    fn lines() -> Self {
        Self { after: "\n", ..Self::default() }
    }

    /// One JSON object with an array of records.
    fn envelope(open: &str) -> Self {
        Self { open: open.to_owned(), between: ",", close: "]}".to_owned(), ..Self::default() }
    }
}

/// Writes the ordinary records of one file.
pub(crate) trait Records {
    /// Appends the record of this tick.
    fn write(&mut self, out: &mut Out, tick: Tick);
}

/// The framing and the ordinary records of a file.
pub(crate) fn open(stream: Stream, seed: u64, date: NaiveDate) -> (Framing, Box<dyn Records>) {
    let dice = stream.dice(seed, date);
    match stream {
        Stream::Trail(trail) => (Framing::envelope(r#"{"Records":["#), Box::new(cloudtrail::Ordinary::new(trail, date, dice))),
        Stream::FlowLog(log) => {
            let framing = Framing { open: flowlog::header(log).to_owned(), ..Framing::lines() };
            (framing, Box::new(flowlog::Ordinary::new(log, date, dice)))
        }
        Stream::SignIns => (Framing::lines(), Box::new(entra::OrdinarySignIns::new(true, date, dice))),
        Stream::NonInteractiveSignIns => (Framing::lines(), Box::new(entra::OrdinarySignIns::new(false, date, dice))),
        Stream::DirectoryAudit => (Framing::envelope(r#"{"records":["#), Box::new(entra::OrdinaryAudit::new(date, dice))),
        Stream::GcpActivity | Stream::GcpDataAccess => (Framing::lines(), Box::new(gcp::Ordinary::new(stream, date, dice))),
        Stream::K8s => (Framing::lines(), Box::new(k8s::Ordinary::new(date, dice))),
        Stream::Windows => (Framing::lines(), Box::new(windows::Ordinary::new(date, dice))),
        Stream::ZeekConn | Stream::ZeekDns | Stream::ZeekHttp | Stream::ZeekSsl => {
            (zeek::framing(stream, date), Box::new(zeek::Ordinary::new(stream, seed, date)))
        }
    }
}

/// The instants of a file's ordinary records.
pub(crate) fn ticks(stream: Stream, seed: u64, date: NaiveDate, draws: u64) -> Vec<Tick> {
    let mut dice = stream.dice(seed ^ 0x7469_636b, date);
    let mut ticks = rhythm::ticks(date, draws, stream.people_percent(), &mut dice);
    ticks.retain(|tick| zeek::logs(stream, u64::from(tick.index)));
    ticks
}

/// How many ordinary records so many draws make.
pub(crate) fn records_of(stream: Stream, draws: u64) -> u64 {
    match stream {
        Stream::ZeekDns | Stream::ZeekHttp | Stream::ZeekSsl => (0..draws).filter(|index| zeek::logs(stream, *index)).count() as u64,
        _ => draws,
    }
}
