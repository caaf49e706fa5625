//! What is wrong with a node's own files is said when they are loaded.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::SystemTime;

use coldtrail_link::authority::{Node, issue};
use coldtrail_link::{Identity, ServerFiles, ServerIdentity, TlsFiles};

use crate::harness::{Certificates, DAY, expired};

fn check(files: TlsFiles, folder: &Path, expected: &str) {
    let error = Identity::load(files).expect_err("they cannot be used").to_string();
    assert_eq!(error.replace(&format!("{}/", folder.display()), ""), expected);
}

#[test]
fn good_files_say_when_they_expire() {
    let certificates = Certificates::new();
    let identity = Identity::load(certificates.files("node-1")).expect("they are good");
    let left = identity.expires().expect("it is known").duration_since(SystemTime::now()).expect("it is in the future");
    assert!(left > 364 * DAY && left <= 365 * DAY, "{left:?}");
}

#[test]
fn a_file_that_is_missing_is_named() {
    let certificates = Certificates::new();
    let files = certificates.files("node-1");
    let missing = TlsFiles { ca: "/nowhere/ca.pem".into(), ..files };
    check(missing, certificates.path(), "could not read or write /nowhere/ca.pem: No such file or directory (os error 2)");
}

#[test]
fn files_that_are_mixed_up_are_named() {
    let certificates = Certificates::new();
    let one = certificates.files("node-1");
    let two = certificates.files("node-2");
    check(
        TlsFiles { key: two.key, ..one.clone() },
        certificates.path(),
        "key node-2-key.pem does not belong to certificate node-1.pem; give the pair that was issued together",
    );
    check(
        TlsFiles { certificate: one.key.clone(), ..one.clone() },
        certificates.path(),
        "node-1-key.pem holds no usable certificate: there is no CERTIFICATE section; give a PEM file",
    );
    fs::set_permissions(&one.certificate, Permissions::from_mode(0o600)).expect("they can be set");
    check(
        TlsFiles { key: one.certificate.clone(), ..one.clone() },
        certificates.path(),
        "node-1.pem holds no usable private key: no items found; give a PEM file",
    );
    check(
        TlsFiles { ca: one.certificate.clone(), ..one.clone() },
        certificates.path(),
        "certificate node-1.pem is not signed by node-1.pem; give the authority that signed it, or issue it again",
    );
}

#[test]
fn a_key_that_others_can_read_is_refused() {
    let certificates = Certificates::new();
    let files = certificates.files("node-1");
    for mode in [0o600, 0o400, 0o640, 0o440] {
        fs::set_permissions(&files.key, Permissions::from_mode(mode)).expect("they can be set");
        Identity::load(files.clone()).expect("the owner and its group may read it");
    }
    fs::set_permissions(&files.key, Permissions::from_mode(0o644)).expect("they can be set");
    check(
        files,
        certificates.path(),
        "key file node-1-key.pem can be read by others (mode 644); run `chmod 600` on it, or give it to the group alone (640)",
    );
}

#[test]
fn a_certificate_of_another_authority_is_refused() {
    let (ours, theirs) = (Certificates::new(), Certificates::new());
    let ca = theirs.path().join("ca.pem");
    let expected =
        format!("certificate node-1.pem is not signed by {}; give the authority that signed it, or issue it again", ca.display());
    check(TlsFiles { ca, ..ours.files("node-1") }, ours.path(), &expected);
}

#[test]
fn a_certificate_outside_its_time_is_refused() {
    let certificates = Certificates::new();
    let node = expired("node-1");
    issue(certificates.path(), &node).expect("a certificate");
    let day = |time: SystemTime| {
        let seconds = time.duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_secs();
        chrono::DateTime::from_timestamp(seconds as i64, 0).expect("a date").format("%Y-%m-%d %H:%M UTC").to_string()
    };
    check(
        node.files(certificates.path()),
        certificates.path(),
        &format!(
            "certificate node-1.pem expired on {}; issue a new one (`coldtrail cluster certs` does, for clusters with its own authority)",
            day(node.until)
        ),
    );
    let server = ServerFiles {
        certificate: certificates.path().join("node-1.pem"),
        key: certificates.path().join("node-1-key.pem"),
        client_ca: None,
        client_certificate_required: false,
    };
    let error = ServerIdentity::load(server).expect_err("it has expired").to_string();
    assert!(error.contains(&format!("expired on {}", day(node.until))), "{error}");

    let early = Node { from: SystemTime::now() + DAY, until: SystemTime::now() + 2 * DAY, ..Node::new("node-2", &[]) };
    issue(certificates.path(), &early).expect("a certificate");
    check(
        early.files(certificates.path()),
        certificates.path(),
        &format!("certificate node-2.pem is valid from {} on only; look at the clock of this machine", day(early.from)),
    );
}

#[test]
fn a_certificate_without_the_name_of_nodes_is_refused() {
    let certificates = Certificates::new();
    let files = TlsFiles { node_name: "hunt-node".to_owned(), ..certificates.files("node-1") };
    check(
        files,
        certificates.path(),
        "certificate node-1.pem does not carry the name \"hunt-node\" of nodes; issue it with that name, or set `node_name`",
    );
}

#[test]
fn the_authoritys_own_certificate_is_not_one_of_a_node() {
    let certificates = Certificates::new();
    let file = |name: &str| certificates.path().join(name);
    check(
        TlsFiles::new(file("ca.pem"), file("ca.pem"), file("ca-key.pem")),
        certificates.path(),
        "certificate ca.pem is an authority's own; issue one for the node",
    );
}

#[test]
fn clients_that_must_show_a_certificate_need_an_authority() {
    let certificates = Certificates::new();
    let files = certificates.files("node-1");
    let server = ServerFiles { certificate: files.certificate, key: files.key, client_ca: None, client_certificate_required: true };
    let error = ServerIdentity::load(server).expect_err("there is no authority").to_string();
    assert!(error.ends_with("is to be shown to clients that must show theirs; name their authority in `client_ca`"), "{error}");
}
