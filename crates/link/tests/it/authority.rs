use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use coldtrail_link::Identity;
use coldtrail_link::authority::{Made, Node, create_authority, issue};
use tempfile::TempDir;

fn node(name: &str, also: &[&str]) -> Node {
    let also: Vec<String> = also.iter().map(|name| (*name).to_owned()).collect();
    Node::new(name, &also)
}

fn refused(folder: &Path, node: &Node) -> String {
    let error = issue(folder, node).expect_err("it is refused").to_string();
    error.replace(&format!("{}/", folder.display()), "")
}

#[test]
fn an_authority_and_its_nodes_are_made_once() {
    let folder = TempDir::new().expect("a folder");
    let folder = folder.path().join("certs");
    assert_eq!(create_authority(&folder, false).expect("an authority"), Made::Written);
    let node = node("node-1", &["node-1.cluster.example", "10.0.0.7"]);
    assert_eq!(issue(&folder, &node).expect("a certificate"), Made::Written);
    let names = ["ca.pem", "ca-key.pem", "node-1.pem", "node-1-key.pem"];
    let contents = || names.map(|name| fs::read(folder.join(name)).expect("it is there"));
    let before = contents();
    let modes = names.map(|name| fs::metadata(folder.join(name)).expect("it is there").permissions().mode() & 0o777);
    assert_eq!((modes[1], modes[3]), (0o600, 0o600));
    assert_eq!(fs::read_dir(&folder).expect("it is there").count(), 4, "nothing else is left behind");

    assert_eq!(create_authority(&folder, false).expect("it is there"), Made::Kept);
    assert_eq!(issue(&folder, &node).expect("it is there"), Made::Kept);
    assert!(contents() == before, "something changed");
    assert_eq!(issue(&folder, &Node { force: true, ..node.clone() }).expect("a certificate"), Made::Written);
    assert!(contents()[2..] != before[2..] && contents()[..2] == before[..2], "only the node's are new");
    Identity::load(node.files(&folder)).expect("they are good");
}

#[test]
fn a_certificate_that_is_not_what_was_asked_for_is_not_kept() {
    let folder = TempDir::new().expect("a folder");
    let folder = folder.path();
    create_authority(folder, false).expect("an authority");
    issue(folder, &node("node-1", &[])).expect("a certificate");
    assert_eq!(
        refused(folder, &node("node-1", &["10.0.0.7"])),
        "node-1.pem is there already, and does not carry the name 10.0.0.7; use --force to replace it"
    );
    create_authority(folder, true).expect("another authority");
    assert_eq!(
        refused(folder, &node("node-1", &[])),
        "node-1.pem is there already, and is not signed by ca.pem; use --force to replace it"
    );
    issue(folder, &crate::harness::expired("node-2")).expect("a certificate");
    let text = refused(folder, &node("node-2", &[]));
    assert!(text.starts_with("node-2.pem is there already, and expired on "), "{text}");
}

#[test]
fn half_of_a_pair_is_not_overwritten() {
    let folder = TempDir::new().expect("a folder");
    let folder = folder.path();
    create_authority(folder, false).expect("an authority");
    fs::write(folder.join("node-1.pem"), "").expect("it is written");
    assert_eq!(
        refused(folder, &node("node-1", &[])),
        "node-1.pem is there, but not node-1-key.pem; put that back, or use --force to make both anew"
    );
    fs::remove_file(folder.join("ca.pem")).expect("it is there");
    let error = create_authority(folder, false).expect_err("the key is there").to_string();
    assert!(error.ends_with("put that back, or use --force to make both anew"), "{error}");
}

#[test]
fn an_authority_whose_parts_do_not_belong_together_signs_nothing() {
    let (ours, theirs) = (TempDir::new().expect("a folder"), TempDir::new().expect("a folder"));
    create_authority(ours.path(), false).expect("an authority");
    create_authority(theirs.path(), false).expect("an authority");
    fs::copy(theirs.path().join("ca-key.pem"), ours.path().join("ca-key.pem")).expect("it is there");
    let text = refused(ours.path(), &node("node-1", &[]));
    assert_eq!(text, "ca.pem was not made together with ca-key.pem; put back its own key, or make a new authority in another folder");
    assert!(!ours.path().join("node-1.pem").exists());
    fs::set_permissions(ours.path().join("ca-key.pem"), fs::Permissions::from_mode(0o644)).expect("they can be set");
    let text = refused(ours.path(), &node("node-1", &[]));
    assert!(text.starts_with("key file ca-key.pem can be read by others (mode 644)"), "{text}");
    fs::remove_file(ours.path().join("ca-key.pem")).expect("it is there");
    let text = refused(ours.path(), &node("node-1", &[]));
    assert_eq!(text, "ca-key.pem is missing; make an authority first, or give the folder that has one");
}

#[test]
fn names_that_cannot_be_are_refused() {
    let folder = TempDir::new().expect("a folder");
    create_authority(folder.path(), false).expect("an authority");
    for name in ["", "../node-1", "node 1", "10.0.0.7", "node-1:7000"] {
        let expected =
            format!("{name:?} cannot be the name of a node: it must be a DNS name, such as node-1; addresses go among the other names");
        assert_eq!(refused(folder.path(), &node(name, &[])), expected);
    }
    for name in ["ca", "coldtrail-node", "node-1-key"] {
        let expected = format!("{name:?} cannot be the name of a node: the name is taken; choose another");
        assert_eq!(refused(folder.path(), &node(name, &[])), expected);
    }
    assert_eq!(
        refused(folder.path(), &node("node-1", &["host:7000"])),
        "\"host:7000\" cannot be the name of a node: it must be a DNS name or an address, without a port"
    );
    assert_eq!(fs::read_dir(folder.path()).expect("it is there").count(), 2);
}
