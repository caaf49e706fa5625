use coldtrail_catalog::{Catalog, CatalogClient, Config};
use coldtrail_maintain::{RejectsConfig, check_rejects};
use coldtrail_model::{ALARM_KIND, Alarm, Commit, SourceObject};

use crate::support::*;

/// An object that was taken in so many minutes after the start of March.
fn object(number: u8, account: &str, minute: i64, (records, rejects): (u64, u64)) -> SourceObject {
    SourceObject {
        url: format!("s3://trail/AWSLogs/{account}/{number}.json"),
        source: "aws_cloudtrail".to_owned(),
        bytes: 1,
        modified_ms: MARCH_1,
        etag: None,
        sha256: [number; 32],
        records,
        events: records - rejects,
        rejects,
        ingested_ms: MARCH_1 + minute * 60_000,
    }
}

async fn take(catalog: &Catalog, objects: Vec<SourceObject>) {
    catalog.commit(Commit { source_objects: objects, ..Commit::default() }).await.unwrap();
}

async fn check(catalog: &Catalog, minute: i64) -> (Vec<String>, Vec<String>) {
    let report = check_rejects(catalog, &RejectsConfig::default(), MARCH_1 + minute * 60_000).await.unwrap();
    let keys = |alarms: Vec<Alarm>| alarms.into_iter().map(|alarm| alarm.key).collect();
    (keys(report.raised), keys(report.cleared))
}

const A: &str = "111122223333";
const B: &str = "444455556666";

#[tokio::test]
async fn a_jump_is_told_once_and_its_end_once_also_after_a_change_of_the_leader() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = Catalog::open(Config::in_folder(folder.path())).await.unwrap();
    take(&catalog, vec![object(1, A, 0, (100_000, 1_000)), object(2, B, 0, (100_000, 1_000))]).await;
    assert_eq!(check(&catalog, 10).await.0, [""; 0], "one in a hundred is below every limit");
    take(&catalog, vec![object(3, A, 120, (2_000, 400)), object(4, B, 120, (2_000, 30))]).await;
    let key = format!("rejects/aws_cloudtrail/{A}");
    assert_eq!(check(&catalog, 125).await, (vec![key.clone()], vec![]), "one account has a fifth of rejects");
    assert_eq!(check(&catalog, 130).await, (vec![], vec![]));
    catalog.shutdown().await.unwrap();
    let catalog = Catalog::open(Config::in_folder(folder.path())).await.unwrap();
    assert_eq!(check(&catalog, 135).await, (vec![], vec![]), "who leads now knows that it was told");

    let document = catalog.document(ALARM_KIND, &key).await.unwrap().expect("it stands");
    let alarm: Alarm = serde_json::from_slice(&document.body).unwrap();
    assert_eq!(alarm.title, format!("20.0 % of the records of aws_cloudtrail of account {A} cannot be read; it was 1.0 %"));
    assert_eq!((alarm.records, alarm.rejects, alarm.cleared_ms), (2_000, 400, None));

    assert_eq!(check(&catalog, 300).await, (vec![], vec![]), "that nothing comes is no end");
    take(&catalog, vec![object(5, A, 310, (2_000, 70))]).await;
    assert_eq!(check(&catalog, 311).await, (vec![], vec![]), "a little below the limit may be chance");
    take(&catalog, vec![object(6, A, 400, (2_000, 20))]).await;
    assert_eq!(check(&catalog, 401).await, (vec![], vec![key.clone()]));
    assert_eq!(check(&catalog, 402).await, (vec![], vec![]));
    take(&catalog, vec![object(7, A, 500, (2_000, 1_000))]).await;
    assert_eq!(check(&catalog, 501).await, (vec![key], vec![]), "it is raised again when it comes again");
}

#[tokio::test]
async fn of_several_that_look_at_once_one_raises_it() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = Catalog::open(Config::in_folder(folder.path())).await.unwrap();
    take(&catalog, vec![object(1, A, 0, (2_000, 2_000))]).await;
    let looks = futures::future::join_all((0..6).map(|_| check(&catalog, 1))).await;
    assert_eq!(looks.iter().map(|(raised, _)| raised.len()).sum::<usize>(), 1);
}

#[tokio::test]
async fn few_records_and_a_share_that_is_usual_are_no_alarm() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = Catalog::open(Config::in_folder(folder.path())).await.unwrap();
    take(&catalog, vec![object(1, A, 0, (999, 999))]).await;
    assert_eq!(check(&catalog, 1).await.0, [""; 0], "999 records are too few");
    take(&catalog, vec![object(2, B, 0, (10_000, 2_000)), object(3, B, 120, (10_000, 5_000))]).await;
    assert_eq!(check(&catalog, 121).await.0, [""; 0], "a half is less than three times a fifth");
    let again = SourceObject { url: "rejects://0195".to_owned(), ..object(4, B, 120, (90_000, 0)) };
    take(&catalog, vec![again, object(5, B, 120, (20_000, 14_000))]).await;
    assert_eq!(check(&catalog, 121).await.0.len(), 1, "what was read again does not make it look better");
}
