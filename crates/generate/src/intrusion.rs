//! One intrusion of about sixty days, as every source sees it.
//!
//! A phished analyst, her console, a key that is not hers, the file server, the cluster, the project in another cloud, and at
//! the end the customers' data. Each step says in the vendor's own fields how to pick its records out of all others.

mod cloud;
mod cluster;
mod command;
mod exfiltration;
mod identity;
mod lateral;
mod timeline;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, SecondsFormat};

use crate::cast::{Cast, Person};
use crate::dice::Dice;
use crate::moment::Moment;
use crate::out::Out;
use crate::stream::Stream;
use crate::truth::{Condition, Indicators, Step, StepFile};
use crate::{Config, SourceKind};
use timeline::Timeline;

/// Hosts the phishing site, and signs in with what it caught.
const PHISHING_IP: &str = "192.0.2.66";
/// Uses the stolen key.
const KEY_IP: &str = "192.0.2.147";
/// Answers the beacons.
const COMMAND_IP: &str = "192.0.2.201";
/// Takes the data.
const DROP_IP: &str = "192.0.2.233";
const PHISHING_DOMAIN: &str = "meridian-sso-login.test";
const COMMAND_DOMAIN: &str = "cdn-telemetry-sync.test";
const TUNNEL_DOMAIN: &str = "metrics-relay.test";
const VICTIM: &str = "nora.lindqvist";
/// The access key that the intruder makes for another user.
const STOLEN_KEY: &str = "AKIA5MERIDIANEXAMPLE";
/// The user the key belongs to.
const KEY_USER: &str = "svc-reporting";
/// The administrator that the intruder makes.
const BACKDOOR_USER: &str = "support-helpdesk";
const SIGN_IN_AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/119.0.0.0 Safari/537.36";
const TOOL_AGENT: &str = "aws-cli/1.22.34 Python/3.10.6 Linux/6.6.9-kali1-amd64 botocore/1.23.34";

/// One record of the intrusion, ready to be written.
#[derive(Debug)]
pub(crate) struct Plant {
    /// Milliseconds since 1970.
    pub(crate) at_ms: i64,
    pub(crate) record: Vec<u8>,
}

/// Every record of the intrusion, and the truth about it.
#[derive(Debug, Default)]
pub(crate) struct Campaign {
    plants: BTreeMap<(Stream, NaiveDate), Vec<Plant>>,
    pub(crate) steps: Vec<Step>,
    pub(crate) indicators: Indicators,
}

impl Campaign {
    /// Lays out the intrusion in the window of a configuration, for its sources.
    pub(crate) fn plant(config: &Config) -> Self {
        let mut story = Story {
            timeline: Timeline::of(config),
            sources: config.sources_in_order().collect(),
            dice: Dice::of(config.seed, "intrusion", &[]),
            plants: BTreeMap::new(),
            steps: Vec::new(),
            current: None,
        };
        identity::tell(&mut story);
        cloud::tell(&mut story);
        lateral::tell(&mut story);
        command::tell(&mut story);
        cluster::tell(&mut story);
        exfiltration::tell(&mut story);
        story.finish()
    }

    /// The planted records of a file, in order of time.
    pub(crate) fn plants_of(&self, stream: Stream, date: NaiveDate) -> &[Plant] {
        self.plants.get(&(stream, date)).map_or(&[], Vec::as_slice)
    }
}

/// What a step is about, before it has records.
struct Scene<'a> {
    id: &'a str,
    phase: u8,
    title: &'a str,
    technique: &'a str,
    source: SourceKind,
    matches: &'a [(&'a str, Condition)],
    indicators: &'a [(&'a str, &'a str)],
}

/// The intrusion under construction.
struct Story {
    timeline: Timeline,
    sources: BTreeSet<SourceKind>,
    dice: Dice,
    plants: BTreeMap<(Stream, NaiveDate), Vec<Plant>>,
    steps: Vec<Draft>,
    /// The step that records belong to; none while its source is not asked for.
    current: Option<usize>,
}

struct Draft {
    step: Step,
    files: BTreeMap<(NaiveDate, Stream), u64>,
    first_ms: i64,
    last_ms: i64,
}

impl Story {
    /// The analyst who is phished.
    fn victim(&self) -> &'static Person {
        Cast::get().by_login(VICTIM)
    }

    /// Begins a step: the records planted from now on are its own.
    fn step(&mut self, scene: Scene<'_>) {
        self.current = self.sources.contains(&scene.source).then_some(self.steps.len());
        if self.current.is_none() {
            return;
        }
        let mut indicators = BTreeMap::<String, Vec<String>>::new();
        for (kind, value) in scene.indicators {
            indicators.entry((*kind).to_owned()).or_default().push((*value).to_owned());
        }
        let step = Step {
            id: scene.id.to_owned(),
            phase: scene.phase,
            title: scene.title.to_owned(),
            attack_technique: scene.technique.to_owned(),
            source: scene.source,
            count: 0,
            time_first: String::new(),
            time_last: String::new(),
            files: Vec::new(),
            matches: scene.matches.iter().map(|(field, condition)| ((*field).to_owned(), condition.clone())).collect(),
            indicators,
        };
        self.steps.push(Draft { step, files: BTreeMap::new(), first_ms: i64::MAX, last_ms: i64::MIN });
    }

    /// Plants one record of the current step. Draws from the dice whether or not its source is asked for, so that every source
    /// sees the same intrusion whatever the others are.
    fn plant(&mut self, stream: Stream, at_ms: i64, write: impl FnOnce(&mut Out, &mut Dice, Moment)) {
        let mut out = Out::default();
        let when = Moment::of_epoch_ms(at_ms);
        write(&mut out, &mut self.dice, when);
        let Some(draft) = self.current.map(|current| &mut self.steps[current]) else { return };
        debug_assert_eq!(draft.step.source, stream.source(), "a step has records of one source");
        let date = DateTime::from_timestamp_millis(at_ms).unwrap_or_default().date_naive();
        *draft.files.entry((date, stream)).or_default() += 1;
        draft.step.count += 1;
        draft.first_ms = draft.first_ms.min(at_ms);
        draft.last_ms = draft.last_ms.max(at_ms);
        self.plants.entry((stream, date)).or_default().push(Plant { at_ms, record: out.bytes });
    }

    /// So many instants from one instant on, about `gap_ms` apart, in order.
    fn burst(&mut self, start_ms: i64, count: usize, gap_ms: u64) -> Vec<i64> {
        let mut at_ms = start_ms;
        let mut instants = Vec::with_capacity(count);
        for _ in 0..count {
            instants.push(at_ms);
            at_ms += (gap_ms / 2 + self.dice.below(gap_ms)) as i64;
        }
        instants
    }

    fn finish(mut self) -> Campaign {
        for plants in self.plants.values_mut() {
            plants.sort_by_key(|plant| plant.at_ms);
        }
        self.steps.sort_by_key(|draft| draft.first_ms);
        let steps = self.steps.into_iter().map(Draft::finish).collect();
        Campaign { plants: self.plants, steps, indicators: indicators() }
    }
}

impl Draft {
    fn finish(self) -> Step {
        let rfc3339 = |at_ms| DateTime::from_timestamp_millis(at_ms).unwrap_or_default().to_rfc3339_opts(SecondsFormat::Millis, true);
        let files = self.files.into_iter().map(|((day, stream), count)| StepFile { path: stream.path(day), day, count });
        Step { files: files.collect(), time_first: rfc3339(self.first_ms), time_last: rfc3339(self.last_ms), ..self.step }
    }
}

fn indicators() -> Indicators {
    let strings = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
    Indicators {
        ips: strings(&[PHISHING_IP, KEY_IP, COMMAND_IP, DROP_IP]),
        domains: strings(&[PHISHING_DOMAIN, COMMAND_DOMAIN, TUNNEL_DOMAIN]),
        users: strings(&["nora.lindqvist@example.com", KEY_USER, BACKDOOR_USER, lateral::ACCOUNT]),
        hashes: vec![lateral::dumper_sha256()],
        keys: strings(&[STOLEN_KEY]),
    }
}
