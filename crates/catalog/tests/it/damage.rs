//! A damaged file is opened whole or not at all, and never panics.

use std::path::Path;

use coldtrail_catalog::Error;

use crate::support::{commit_all, open, try_open, whole_commits};

const COMMITS: u32 = 25;

/// What the file of a catalog looks like after it was closed, and after a crash.
struct Files {
    closed: Vec<u8>,
    crashed: Vec<u8>,
}

async fn files() -> Files {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("catalog.redb");
    let catalog = open(folder.path()).await;
    commit_all(&catalog, 0..COMMITS).await;
    catalog.write_image().await.expect("an image");
    commit_all(&catalog, COMMITS..COMMITS + 3).await;
    let crashed = std::fs::read(&file).expect("the file as a crash now would leave it");
    catalog.shutdown().await.expect("it stops");
    Files { closed: std::fs::read(&file).expect("the file"), crashed }
}

/// True if damage was found, false if all is there nevertheless.
async fn is_found(bytes: &[u8], what: &str) -> bool {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("catalog.redb");
    std::fs::write(&file, bytes).expect("a damaged file");
    match try_open(folder.path()).await {
        Ok(catalog) => {
            assert_eq!(whole_commits(&catalog).await, (0..COMMITS + 3).collect::<Vec<_>>(), "{what}: something was lost in silence");
            catalog.shutdown().await.expect("it stops");
            false
        }
        Err(error) => {
            check_error(&error, &file, what);
            true
        }
    }
}

fn check_error(error: &Error, file: &Path, what: &str) {
    assert!(matches!(error, Error::Corrupt { .. } | Error::UnknownFormat { .. }), "{what}: {error}");
    let text = error.to_string();
    assert!(text.contains(&file.display().to_string()), "{what}: {text}");
    assert!(!text.contains('\n') && text.len() < 600, "{what}: {text}");
}

#[tokio::test]
async fn an_undamaged_file_is_opened_as_it_is() {
    let files = files().await;
    assert!(!is_found(&files.closed, "closed").await);
    assert!(!is_found(&files.crashed, "crashed").await);
}

#[tokio::test]
async fn a_file_that_is_no_catalog_is_refused() {
    let closed = files().await.closed;
    let cases: [(&str, Vec<u8>); 8] = [
        ("empty", Vec::new()),
        ("one byte", vec![7]),
        ("text", b"this is not the file you are looking for\n".repeat(1000)),
        ("zeros", vec![0; closed.len()]),
        ("no header", [vec![0; 512], closed[512..].to_vec()].concat()),
        ("the header only", closed[..512].to_vec()),
        ("half of it", closed[..closed.len() / 2].to_vec()),
        ("all but a page", closed[..closed.len() - 4096].to_vec()),
    ];
    for (what, bytes) in cases {
        assert!(is_found(&bytes, what).await, "{what} was opened");
    }
}

#[tokio::test]
async fn the_error_says_which_file_is_damaged_and_the_way_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("catalog.redb");
    std::fs::write(&file, "").expect("an empty file");
    let error = try_open(folder.path()).await.expect_err("it is empty");
    let expected = "is damaged (it is empty); restore it from a backup, or move it away and rebuild the catalog from the lake";
    assert_eq!(error.to_string(), format!("catalog file {} {expected}", file.display()));
}

#[tokio::test]
async fn a_flipped_byte_anywhere_is_found_or_does_no_harm() {
    let files = files().await;
    for (state, bytes) in [("closed", &files.closed), ("crashed", &files.crashed)] {
        let pages_in_use = (0..bytes.len()).step_by(4096).filter(|page| bytes[*page..*page + 4096].iter().any(|byte| *byte != 0));
        let positions: Vec<usize> = (0..320).step_by(16).chain(pages_in_use.map(|page| page + 37)).collect();
        let mut found = 0;
        for position in &positions {
            let mut damaged = bytes.clone();
            damaged[*position] ^= 0xff;
            found += usize::from(is_found(&damaged, &format!("{state}, byte {position}")).await);
        }
        assert!(found >= 3, "{state}: only {found} of {} flipped bytes were found", positions.len());
    }
}
