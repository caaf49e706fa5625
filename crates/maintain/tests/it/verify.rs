//! What is wrong with the files is told, file by file.

use coldtrail_maintain::{FileFault, VerifyProgress, verify, verify_watched};
use parking_lot::Mutex;

use crate::support::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_missing_damaged_or_unknown_is_named_with_the_reason() {
    let house = House::new(config()).await;
    let mut all = Vec::new();
    for day in 0..3 {
        all.extend(house.ingest(&format!("c{day}"), "aws_cloudtrail", calls(0..50, MARCH_1 + day * DAY_MS)).await);
    }
    let whole = verify(&house.lake, house.snapshot().await.as_ref(), 0).await.unwrap();
    let bytes = all.iter().map(|segment| segment.bytes).sum::<u64>();
    assert_eq!((whole.segments, whole.bytes_verified, whole.problems.len(), whole.unknown.len()), (6, bytes, 0, 0));

    let api: Vec<_> = all.iter().filter(|segment| segment.table == API).collect();
    let path = |index: usize| house.folder.path().join("lake").join(&api[index].path);
    std::fs::copy(path(0), path(0).with_file_name("notes.parquet")).unwrap();
    std::fs::remove_file(path(0)).unwrap();
    let mut damaged = std::fs::read(path(1)).unwrap();
    damaged[100] ^= 1;
    std::fs::write(path(1), damaged).unwrap();
    let cut = std::fs::read(path(2)).unwrap();
    std::fs::write(path(2), &cut[..cut.len() - 1]).unwrap();
    let seen = Mutex::new(Vec::new());
    let watch = |progress: VerifyProgress| seen.lock().push(progress);
    let report = verify_watched(&house.lake, house.snapshot().await.as_ref(), 0, &watch).await.unwrap();
    assert_eq!(seen.lock().last(), Some(&VerifyProgress { segments: 6, bytes, problems: 3 }), "whoever waits is told how far it is");
    let told: Vec<_> = report.problems.iter().map(|problem| (problem.segment, problem.fault)).collect();
    assert_eq!(told, [(api[0].id, FileFault::Missing), (api[1].id, FileFault::Damaged), (api[2].id, FileFault::Damaged)]);
    let reasons: Vec<_> = report.problems.iter().map(|problem| problem.reason.as_str()).collect();
    assert!(reasons[1].starts_with("its SHA-256 is ") && reasons[2].contains("bytes and was written with"), "{reasons:?}");
    assert_eq!((report.unknown.len(), report.unknown[0].segment), (1, None));
    assert_eq!(report.rows_verified, whole.rows_verified - 150);
}
