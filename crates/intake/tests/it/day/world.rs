//! What is outside of Coldtrail on that day, and the process that lives in it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use coldtrail_catalog::{Catalog, Config};
use coldtrail_ingest::{Marks, SourceChoice};
use coldtrail_intake::{Batch, Push, PushConfig, WatchConfig, Watcher};
use coldtrail_lake::Lake;
use coldtrail_model::{SegmentIndex, SourceObject, Table};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tokio_util::sync::CancellationToken;

use super::flaky::Flaky;
use super::killed::run_until_killed;
use crate::support::{NOON, taker, write_at};

const SECOND: i64 = 1000;
const HOUR: i64 = 3600 * SECOND;

/// How many of a thousand writes of the store fail.
const REFUSED_PER_MILLE: u64 = 150;

/// Some log: what is in it, and what of it can be read.
#[derive(Debug, Clone)]
struct Content {
    text: String,
    ids: Vec<String>,
    broken: u64,
}

/// What happened on the day, for people who ask why a test failed.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Told {
    pub(crate) kills: u64,
    pub(crate) restarts: u64,
    pub(crate) resent: u64,
    pub(crate) late_files: u64,
    pub(crate) refused_writes: u64,
}

/// What must be in the lake.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Delivered {
    pub(crate) records: u64,
    pub(crate) events: u64,
    pub(crate) rejects: u64,
    pub(crate) duplicates: u64,
}

pub(crate) struct World {
    seed: u64,
    dice: ChaCha8Rng,
    folder: tempfile::TempDir,
    pub(crate) lake: Lake,
    flaky: Arc<Flaky>,
    catalog: Option<Catalog>,
    watcher: Watcher,
    push: Push,
    now_ms: i64,
    contents: Vec<Content>,
    /// Which content lies under which name.
    files: BTreeMap<String, usize>,
    /// Files that arrive later than they were written: when, name, content, time of writing.
    on_the_way: Vec<(i64, String, usize, i64)>,
    /// Files of which only a part is written.
    torn: Vec<(String, usize)>,
    pushed: BTreeSet<usize>,
    /// What was sent and is not confirmed: it is sent again.
    unconfirmed: Vec<usize>,
    told: Told,
}

impl World {
    pub(crate) async fn new(seed: u64) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir_all(folder.path().join("logs")).expect("a folder");
        fs::create_dir_all(folder.path().join("lake")).expect("a folder");
        let store = LocalFileSystem::new_with_prefix(folder.path().join("lake")).expect("a store");
        let flaky = Arc::new(Flaky::new(Arc::new(store), seed, REFUSED_PER_MILLE));
        let url = url::Url::from_directory_path(folder.path().join("lake")).expect("a URL");
        let lake = Lake::in_store(url, Arc::clone(&flaky) as Arc<_>, Path::default());
        let catalog = Catalog::open(Config::in_folder(folder.path().join("catalog"))).await.expect("a catalog");
        let (watcher, push) = start(&lake, &catalog, folder.path()).await;
        Self {
            seed,
            dice: ChaCha8Rng::seed_from_u64(seed),
            folder,
            lake,
            flaky,
            catalog: Some(catalog),
            watcher,
            push,
            now_ms: NOON - 12 * HOUR,
            contents: Vec::new(),
            files: BTreeMap::new(),
            on_the_way: Vec::new(),
            torn: Vec::new(),
            pushed: BTreeSet::new(),
            unconfirmed: Vec::new(),
            told: Told::default(),
        }
    }

    pub(crate) fn catalog(&self) -> &Catalog {
        self.catalog.as_ref().expect("there is one between restarts")
    }

    pub(crate) async fn objects(&self) -> Vec<SourceObject> {
        self.catalog().source_objects().await.expect("the objects")
    }

    /// Puts new logs into the world, and some of those that are there once more.
    pub(crate) fn deliver(&mut self) {
        self.arrive();
        if self.dice.random_bool(0.25) {
            self.new_file();
        }
        if self.dice.random_bool(0.07) && !self.files.is_empty() {
            self.same_content_under_another_name();
        }
        if self.dice.random_bool(0.07) && !self.files.is_empty() {
            self.same_file_once_more();
        }
        if self.dice.random_bool(0.15) {
            let content = self.new_content();
            self.pushed.insert(content);
            self.unconfirmed.push(content);
        }
        if self.dice.random_bool(0.05) && !self.pushed.is_empty() {
            let again = self.dice.random_range(0..self.pushed.len());
            self.unconfirmed.extend(self.pushed.iter().nth(again).copied());
            self.told.resent += 1;
        }
    }

    fn new_content(&mut self) -> usize {
        let (mut text, mut ids, number) = (String::new(), Vec::new(), self.contents.len());
        let broken = if self.dice.random_bool(0.3) { self.dice.random_range(1..4) } else { 0 };
        for record in 0..self.dice.random_range(1..25) {
            let id = format!("{}-{number}-{record}", self.seed);
            text += &format!(
                r#"{{"eventVersion":"1.08","eventID":"{id}","eventTime":"2026-03-01T12:00:00Z","eventName":"ListUsers","eventSource":"iam.amazonaws.com","awsRegion":"eu-west-1"}}"#
            );
            text.push('\n');
            ids.push(id);
        }
        (0..broken).for_each(|line| text += &format!("broken {number} {line}\n"));
        self.contents.push(Content { text, ids, broken });
        number
    }

    fn new_file(&mut self) {
        let (content, name) = (self.new_content(), format!("{:04}.json", self.files.len() + self.on_the_way.len()));
        let written_ms = self.now_ms - self.dice.random_range(0..600) * SECOND;
        match self.dice.random_range(0..10) {
            // Late: written now, there in some hours, behind others that are written later.
            0..=2 => {
                let due_ms = self.now_ms + self.dice.random_range(1..6) * HOUR;
                self.told.late_files += 1;
                self.on_the_way.push((due_ms, format!("late-{name}"), content, written_ms));
            }
            // Still being written when it is seen first.
            3..=4 => {
                let text = &self.contents[content].text;
                self.write(&name, &text[..text.len() / 2], self.now_ms - SECOND);
                self.torn.push((name, content));
            }
            _ => self.put(name, content, written_ms),
        }
    }

    fn write(&self, name: &str, text: &str, written_ms: i64) {
        write_at(&self.folder.path().join("logs").join(name), text.as_bytes(), written_ms);
    }

    fn put(&mut self, name: String, content: usize, written_ms: i64) {
        self.write(&name, &self.contents[content].text, written_ms);
        self.files.insert(name, content);
    }

    fn arrive(&mut self) {
        let now_ms = self.now_ms;
        let (here, later) = std::mem::take(&mut self.on_the_way).into_iter().partition(|(due_ms, ..)| *due_ms <= now_ms);
        self.on_the_way = later;
        let here: Vec<(i64, String, usize, i64)> = here;
        here.into_iter().for_each(|(_, name, content, written_ms)| self.put(name, content, written_ms));
    }

    fn any_file(&mut self) -> (String, usize) {
        let number = self.dice.random_range(0..self.files.len());
        let (name, content) = self.files.iter().nth(number).expect("it is one of them");
        (name.clone(), *content)
    }

    fn same_content_under_another_name(&mut self) {
        let (name, content) = self.any_file();
        let (again, written_ms) = (format!("again-{}-{name}", self.files.len()), self.now_ms - 60 * SECOND);
        self.put(again, content, written_ms);
    }

    fn same_file_once_more(&mut self) {
        let ((name, content), written_ms) = (self.any_file(), self.now_ms - 60 * SECOND);
        self.put(name, content, written_ms);
        self.told.resent += 1;
    }

    /// Three looks and one flush; the process may die in any of them.
    pub(crate) async fn live_twenty_minutes(&mut self) {
        for _ in 0..3 {
            self.look().await;
            self.now_ms += 10 * SECOND;
            for (name, content) in std::mem::take(&mut self.torn) {
                self.put(name, content, self.now_ms - SECOND);
            }
        }
        self.send().await;
        self.now_ms += 1170 * SECOND;
    }

    /// After how many waits the process dies, if it does.
    fn waits(&mut self) -> u32 {
        if self.dice.random_bool(0.5) { self.dice.random_range(0..25) } else { u32::MAX }
    }

    async fn look(&mut self) {
        let (waits, stop) = (self.waits(), CancellationToken::new());
        if run_until_killed(self.watcher.step(self.now_ms, &stop), waits).await.is_none() {
            self.restart().await;
        }
    }

    async fn send(&mut self) {
        let (waits, stop) = (self.waits(), CancellationToken::new());
        let unconfirmed = self.unconfirmed.clone();
        let (push, contents) = (&self.push, &self.contents);
        let sending = async {
            let mut receipts = Vec::new();
            for content in &unconfirmed {
                let text = contents[*content].text.clone();
                let batch = Batch { content: text.into(), choice: SourceChoice::Auto, time_ms: None, marks: Marks::default() };
                receipts.push((*content, push.receive(vec![batch], None).await));
            }
            // The store may refuse it: then it waits for the next time.
            drop(push.flush(&stop).await);
            receipts
                .into_iter()
                .filter(|(_, receipt)| receipt.as_ref().is_ok_and(|receipt| receipt.is_committed()))
                .map(|(content, _)| content)
        };
        match run_until_killed(sending, waits).await {
            Some(confirmed) => {
                let confirmed: BTreeSet<usize> = confirmed.collect();
                self.unconfirmed.retain(|content| !confirmed.contains(content));
            }
            None => {
                self.told.resent += unconfirmed.len() as u64;
                self.restart().await;
            }
        }
    }

    async fn restart(&mut self) {
        self.told.kills += 1;
        if self.told.kills.is_multiple_of(4) {
            let catalog = self.catalog.take().expect("there is one between restarts");
            catalog.shutdown().await.expect("a clean end");
            let again = Catalog::open(Config::in_folder(self.folder.path().join("catalog"))).await;
            self.catalog = Some(again.expect("what was acknowledged is there"));
            self.told.restarts += 1;
        }
        (self.watcher, self.push) = start(&self.lake, self.catalog(), self.folder.path()).await;
    }

    /// Lets the rest arrive, and the process live until there is nothing left to do.
    pub(crate) async fn settle(&mut self) {
        self.now_ms += 24 * HOUR;
        self.arrive();
        self.flaky.heal();
        (self.watcher, self.push) = start(&self.lake, self.catalog(), self.folder.path()).await;
        for _ in 0..50 {
            self.watcher.step(self.now_ms, &CancellationToken::new()).await;
            self.send().await;
            self.now_ms += HOUR;
            let [status] = &self.watcher.status().entries()[..] else { panic!("one location is watched") };
            let is_quiet = status.error.is_none() && status.objects_done == self.files.len() as u64;
            if is_quiet && self.unconfirmed.is_empty() && self.push.fill().0 == 0 {
                return;
            }
        }
        panic!("seed {}: it does not come to rest: {:?}, {:?}", self.seed, self.watcher.status().entries(), self.unconfirmed);
    }

    /// What lies under all names, and what was pushed: a push that was sent twice is one.
    pub(crate) fn delivered(&self) -> Delivered {
        let (mut sum, mut seen) = (Delivered::default(), BTreeSet::new());
        for number in self.files.values().chain(&self.pushed) {
            let content = &self.contents[*number];
            let (events, rejects) = (content.ids.len() as u64, content.broken);
            sum.records += events + rejects;
            if seen.insert(number) {
                sum.events += events;
                sum.rejects += rejects;
            } else {
                sum.duplicates += events + rejects;
            }
        }
        sum
    }

    pub(crate) fn told(&self) -> Told {
        Told { refused_writes: self.flaky.refused.load(Ordering::Relaxed), ..self.told }
    }

    /// Reads the ids of all events back: each must be there, and no other, and none twice.
    pub(crate) async fn check_every_record_is_there_once(&self) {
        let mut found: Vec<String> = Vec::new();
        let snapshot = self.catalog().snapshot().await.expect("a snapshot");
        for (table, segments) in &snapshot.segments {
            for segment in segments.iter().filter(|_| matches!(table, Table::Events(_))) {
                for batch in self.lake.read_segment(segment).await.expect("rows") {
                    let ids = batch.column_by_name("metadata_uid").expect("a column").clone();
                    let ids = ids.as_any().downcast_ref::<arrow::array::StringArray>().expect("texts").clone();
                    found.extend(ids.iter().flatten().map(str::to_owned));
                }
            }
        }
        found.sort();
        let mut expected: Vec<String> = self.contents.iter().flat_map(|content| content.ids.clone()).collect();
        expected.sort();
        assert_eq!(found, expected, "seed {}", self.seed);
    }
}

async fn start(lake: &Lake, catalog: &Catalog, folder: &std::path::Path) -> (Watcher, Push) {
    let taker = taker(lake, catalog);
    let config = WatchConfig::new(folder.join("logs").to_str().expect("UTF-8"));
    let watcher = Watcher::new(taker.clone(), &[config]).expect("a watcher");
    (watcher, Push::open(folder.join("spool"), taker, PushConfig::default()).await.expect("a spool"))
}
