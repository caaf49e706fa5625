//! Processes that die, that have the folder already, or that run out of disk.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use coldtrail_catalog::{CatalogClient, Error};

use crate::support::{commit, open, open_with_images_every, try_open, whole_commits};

const FOLDER: &str = "COLDTRAIL_TEST_CATALOG_FOLDER";
const FIRST: &str = "COLDTRAIL_TEST_FIRST_COMMIT";
const IMAGES_EVERY: &str = "COLDTRAIL_TEST_IMAGES_EVERY";

/// The other process of the tests below: commits one number after another and says so of each once it is acknowledged.
#[tokio::test]
#[ignore = "run by the other tests in a process of its own"]
async fn child_commits_until_it_cannot() {
    let folder = std::env::var_os(FOLDER).expect("the parent names the folder");
    let first: u32 = std::env::var(FIRST).expect("the parent names the first").parse().expect("a number");
    say("opening");
    let images_every = std::env::var(IMAGES_EVERY).map_or(7, |entries| entries.parse().expect("a number"));
    let catalog = open_with_images_every(images_every, Path::new(&folder)).await.expect("the catalog opens");
    say("open");
    for number in first.. {
        match catalog.commit(commit(number)).await {
            Ok(_) => say(&format!("acknowledged {number}")),
            Err(error) => return say(&format!("refused {error}")),
        }
    }
}

/// The test harness leaves its own line unfinished, so each of ours starts a new one.
fn say(line: &str) {
    let mut stdout = std::io::stdout().lock();
    write!(stdout, "\n{line}\n").and_then(|()| stdout.flush()).expect("the parent listens");
}

fn start_child(mut command: Command, folder: &Path, first: u32) -> (Child, impl Iterator<Item = String>) {
    command.args(["--exact", "crash::child_commits_until_it_cannot", "--ignored", "--nocapture"]);
    command.env(FOLDER, folder).env(FIRST, first.to_string()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().expect("the child starts");
    let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    (child, lines.map_while(Result::ok).filter(|line| !line.is_empty()))
}

fn this_binary() -> Command {
    Command::new(std::env::current_exe().expect("this binary"))
}

/// The number of an acknowledgement.
fn acknowledged(line: &str) -> Option<u32> {
    line.strip_prefix("acknowledged ")?.parse().ok()
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_kill_at_any_moment_and_nothing_is_half_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut first = 0;
    for acknowledgements in [0, 1, 2, 0, 5, 6, 7, 8, 0, 13, 14, 21, 3, 40] {
        let (mut child, mut lines) = start_child(this_binary(), folder.path(), first);
        lines.find(|line| line == "opening").expect("it starts");
        let mut last = None;
        for _ in 0..acknowledgements {
            last = lines.find_map(|line| acknowledged(&line));
        }
        child.kill().expect("it is killed");
        child.wait().expect("it is gone");
        let last = lines.filter_map(|line| acknowledged(&line)).last().or(last);

        let catalog = open(folder.path()).await;
        let committed = whole_commits(&catalog).await;
        let count = u32::try_from(committed.len()).expect("few");
        assert_eq!(committed, (0..count).collect::<Vec<_>>(), "there is a hole");
        let expected = last.map_or(first, |last| last + 1);
        assert!(count >= expected, "{expected} were acknowledged and {count} are there");
        catalog.shutdown().await.expect("it stops");
        first = count;
    }
    assert!(first >= 120, "only {first} commits were made");
}

#[tokio::test]
async fn a_folder_that_another_process_has_open_is_refused_until_that_one_is_gone() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut child, mut lines) = start_child(this_binary(), folder.path(), 0);
    lines.find(|line| line == "open").expect("it opens");
    let error = try_open(folder.path()).await.expect_err("the child has it");
    let expected = format!("catalog folder {} is in use by another process (is `coldtrail serve` running?)", folder.path().display());
    assert_eq!(error.to_string(), expected);
    child.kill().expect("it is killed");
    child.wait().expect("it is gone");
    open(folder.path()).await;
}

#[tokio::test]
async fn a_full_disk_is_one_clear_error_and_costs_nothing_that_was_acknowledged() {
    let folder = tempfile::tempdir().expect("a folder");
    // No file may grow beyond 350 or 700 KiB, and the attempt is an error rather than a signal: a disk that is full.
    let mut limited = Command::new("sh");
    limited.args(["-c", "trap '' XFSZ; ulimit -f 700; exec \"$0\" \"$@\""]).arg(std::env::current_exe().expect("this binary"));
    limited.env(IMAGES_EVERY, "1000000");
    let (mut child, lines) = start_child(limited, folder.path(), 0);
    let lines: Vec<String> = lines.collect();
    child.wait().expect("it ends");
    let last = lines.iter().filter_map(|line| acknowledged(line)).next_back().expect("some commits fit");
    let refused = lines.iter().find_map(|line| line.strip_prefix("refused ")).expect("one does not");
    let file = folder.path().join("catalog.redb");
    assert_eq!(
        refused,
        format!(
            "the catalog in {} has stopped: the disk refused: File too large (os error 27); \
             what was acknowledged is kept, start again once the cause is gone",
            file.display()
        )
    );

    let catalog = open(folder.path()).await;
    let committed = whole_commits(&catalog).await;
    assert!(committed.len() > last as usize, "{last} was acknowledged and {} are there", committed.len());
    let next = u32::try_from(committed.len()).expect("few");
    catalog.commit(commit(next)).await.expect("there is room again");
}

#[tokio::test]
async fn reading_goes_on_after_the_catalog_stopped() {
    let folder = tempfile::tempdir().expect("a folder");
    let catalog = open(folder.path()).await;
    catalog.commit(commit(0)).await.expect("it is taken");
    catalog.shutdown().await.expect("it stops");
    let error = catalog.commit(commit(1)).await.expect_err("it has stopped");
    assert!(matches!(error, Error::Stopped { .. }) && !error.is_retryable(), "{error}");
    assert!(catalog.status().await.expect("a status").stopped.is_some());
    assert_eq!(whole_commits(&catalog).await, [0]);
}
