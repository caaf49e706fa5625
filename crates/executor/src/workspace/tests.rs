use super::*;

fn folders(work_dir: &Path) -> usize {
    fs::read_dir(work_dir).unwrap().count()
}

#[test]
fn the_folder_goes_with_the_workspace() {
    let work_dir = tempfile::tempdir().unwrap();
    let workspace = Workspace::open(ExecutorConfig::new(work_dir.path())).unwrap();
    assert!(workspace.shuffle_dir().is_dir());
    drop(workspace);
    assert_eq!(folders(work_dir.path()), 0);
}

#[test]
fn what_a_crashed_process_left_is_removed_and_what_a_living_one_uses_is_kept() {
    let work_dir = tempfile::tempdir().unwrap();
    let abandoned = work_dir.path().join(format!("{PREFIX}abandoned"));
    fs::create_dir_all(abandoned.join("shuffle")).unwrap();
    fs::write(abandoned.join(LOCK), b"").unwrap();
    fs::write(work_dir.path().join("not-ours"), b"").unwrap();

    let living = Workspace::open(ExecutorConfig::new(work_dir.path())).unwrap();
    let other = Workspace::open(ExecutorConfig::new(work_dir.path())).unwrap();

    assert!(!abandoned.exists());
    assert!(living.shuffle_dir().is_dir() && other.shuffle_dir().is_dir());
    assert!(work_dir.path().join("not-ours").exists());
}

#[test]
fn a_setting_that_cannot_work_is_named() {
    let config = ExecutorConfig { vcores: 0, ..ExecutorConfig::new("anywhere") };
    assert_eq!(Workspace::open(config).unwrap_err().to_string(), "executor setting vcores must be at least 1");
}

#[test]
fn footers_have_room_and_listings_are_not_cached() {
    let work_dir = tempfile::tempdir().unwrap();
    let workspace = Workspace::open(ExecutorConfig { metadata_cache_bytes: 1 << 30, ..ExecutorConfig::new(work_dir.path()) }).unwrap();
    let caches = &workspace.runtime().cache_manager;
    assert_eq!(caches.get_metadata_cache_limit(), 1 << 30);
    assert!(caches.get_list_files_cache().is_none());
}
