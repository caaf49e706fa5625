//! A bundle that was changed in any way is told from one that was not, and the file is named.

use std::fs;
use std::path::{Path, PathBuf};

use coldtrail_evidence::{
    Error, Evidence, Problem, PublicKey, ResultData, ResultFile, Signer, SigningKey, Verification, read, verify, write,
};
use expect_test::{Expect, expect};

use crate::example::{contents, facts, quiet};

/// A bundle in a folder of its own, and the key that signed it.
struct Case {
    folder: tempfile::TempDir,
    key: SigningKey,
}

impl Case {
    fn new() -> Self {
        let case = Self { folder: tempfile::tempdir().unwrap(), key: SigningKey::generate().unwrap() };
        write(&case.bundle(), &contents(), &case.key).unwrap();
        case
    }

    fn bundle(&self) -> PathBuf {
        self.folder.path().join("bundle")
    }

    fn file(&self, name: &str) -> PathBuf {
        self.bundle().join(name)
    }

    fn verify(&self) -> Verification {
        verify(&self.bundle(), &[self.key.public_key()]).unwrap()
    }

    /// The names of what is wrong, and in which way.
    fn check(&self, expected: Expect) {
        let found = self.verify();
        assert!(!found.is_sound());
        expected.assert_eq(&found.problems.iter().map(told).collect::<Vec<_>>().join("\n"));
    }
}

/// A problem without the hashes.
fn told(problem: &Problem) -> String {
    let text = problem.to_string();
    text.split(": its SHA-256").next().unwrap_or_default().to_owned()
}

fn files_in(folder: &Path) -> Vec<String> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if entry.path().is_dir() {
            files.extend(files_in(&entry.path()).into_iter().map(|inside| format!("{name}/{inside}")));
        } else {
            files.push(name);
        }
    }
    files.sort();
    files
}

#[test]
fn a_bundle_is_sound_as_it_was_written() {
    let case = Case::new();
    let found = case.verify();
    assert_eq!(found.problems, []);
    assert!(found.is_sound());
    assert_eq!(found.signer, Signer::Trusted(case.key.public_key()));
    assert_eq!(found.files, files_in(&case.bundle()).len() as u64);
    expect![[r#"
        coverage.json
        findings.jsonl
        hunt.yaml
        manifest.json
        plan.txt
        query.sql
        report.html
        report.md
        results/00000.parquet
        results/00001.parquet
        segments.jsonl
        signature.json
        slices.jsonl
        verdicts.jsonl"#]]
    .assert_eq(&files_in(&case.bundle()).join("\n"));
}

#[test]
fn a_bundle_without_results_is_sound_too() {
    let folder = tempfile::tempdir().unwrap();
    let key = SigningKey::generate().unwrap();
    write(&folder.path().join("bundle"), &quiet(), &key).unwrap();
    let found = verify(&folder.path().join("bundle"), &[key.public_key()]).unwrap();
    assert!(found.is_sound(), "{found:?}");
}

#[test]
fn what_is_read_is_what_was_written() {
    let case = Case::new();
    let bundle = read(&case.bundle()).unwrap();
    assert_eq!(bundle.evidence, Evidence::of(&contents()).unwrap());
    assert_eq!(bundle.evidence.facts, facts());
    assert_eq!(Some(bundle.id), case.verify().bundle_id);
}

/// The bundle's id depends on what it says alone, not on the folder or the key.
#[test]
fn the_same_contents_are_the_same_bundle() {
    let (one, two) = (Case::new(), Case::new());
    for file in files_in(&one.bundle()).iter().filter(|name| *name != "signature.json") {
        assert_eq!(fs::read(one.file(file)).unwrap(), fs::read(two.file(file)).unwrap(), "{file}");
    }
}

/// Every byte of every file, or of a large one every 41st and the last.
#[test]
fn a_flipped_bit_in_any_byte_names_the_file() {
    let case = Case::new();
    let trusted = [case.key.public_key()];
    for file in files_in(&case.bundle()) {
        let path = case.file(&file);
        let bytes = fs::read(&path).unwrap();
        let step = if bytes.len() > 512 { 41 } else { 1 };
        for at in (0..bytes.len()).step_by(step).chain(bytes.len().checked_sub(1)) {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << (at % 8);
            fs::write(&path, &flipped).unwrap();
            let found = verify(&case.bundle(), &trusted).unwrap();
            let named: Vec<&str> = found.problems.iter().map(Problem::file).collect();
            assert!(!found.is_sound(), "{file}, byte {at}");
            // A changed manifest may name other files wrongly as well.
            if file == "manifest.json" {
                assert!(named.contains(&file.as_str()), "{file}, byte {at}: {named:?}");
            } else {
                assert_eq!(named, [file.as_str()], "byte {at}");
            }
        }
        fs::write(&path, &bytes).unwrap();
    }
    assert!(case.verify().is_sound());
}

#[test]
fn a_byte_more_or_less_at_the_end_of_any_file_names_it() {
    let case = Case::new();
    for file in files_in(&case.bundle()) {
        let bytes = fs::read(case.file(&file)).unwrap();
        let longer = [bytes.as_slice(), b"\n"].concat();
        for changed in [Some(longer.as_slice()), bytes.len().checked_sub(1).map(|end| &bytes[..end])].into_iter().flatten() {
            fs::write(case.file(&file), changed).unwrap();
            let found = case.verify();
            assert!(found.problems.iter().any(|problem| problem.file() == file), "{file}: {found:?}");
        }
        fs::write(case.file(&file), &bytes).unwrap();
    }
}

#[test]
fn a_missing_file_is_named_whichever_it_is() {
    let case = Case::new();
    for file in files_in(&case.bundle()) {
        let bytes = fs::read(case.file(&file)).unwrap();
        fs::remove_file(case.file(&file)).unwrap();
        let found = case.verify();
        assert!(found.problems.contains(&Problem::Missing { file: file.clone() }), "{file}: {found:?}");
        fs::write(case.file(&file), bytes).unwrap();
    }
}

#[test]
fn an_additional_file_or_folder_is_named() {
    let case = Case::new();
    fs::write(case.file("results/00002.parquet"), b"more").unwrap();
    fs::write(case.file(".hidden"), b"").unwrap();
    fs::create_dir(case.file("empty")).unwrap();
    fs::create_dir_all(case.file("deep/er")).unwrap();
    fs::write(case.file("deep/er/note"), b"").unwrap();
    case.check(expect![[r#"
        .hidden is additional: it is not in the manifest
        deep/er/note is additional: it is not in the manifest
        empty is additional: it is not in the manifest
        results/00002.parquet is additional: it is not in the manifest"#]]);
}

#[test]
fn two_files_that_changed_places_are_both_named() {
    let case = Case::new();
    fs::rename(case.file("results/00000.parquet"), case.file("kept")).unwrap();
    fs::rename(case.file("results/00001.parquet"), case.file("results/00000.parquet")).unwrap();
    fs::rename(case.file("kept"), case.file("results/00001.parquet")).unwrap();
    let named: Vec<String> = case.verify().problems.iter().map(|problem| problem.file().to_owned()).collect();
    assert_eq!(named, ["results/00000.parquet", "results/00001.parquet"]);
}

#[cfg(unix)]
#[test]
fn a_link_in_place_of_a_file_is_named_even_if_it_leads_to_the_same_bytes() {
    let case = Case::new();
    fs::rename(case.file("plan.txt"), case.folder.path().join("plan.txt")).unwrap();
    std::os::unix::fs::symlink(case.folder.path().join("plan.txt"), case.file("plan.txt")).unwrap();
    case.check(expect!["plan.txt was altered: it is a link or a device, not a file"]);
}

#[test]
fn a_bundle_of_somebody_else_is_said_to_be_by_an_unknown_key() {
    let case = Case::new();
    let other = SigningKey::generate().unwrap().public_key();
    let found = verify(&case.bundle(), &[other]).unwrap();
    assert_eq!((found.signer, found.problems.len()), (Signer::Unknown(case.key.public_key()), 0));
    assert!(!found.is_sound());
    assert!(!verify(&case.bundle(), &[]).unwrap().is_sound());
}

/// Whoever changes a bundle and signs it anew is not the one who is trusted.
#[test]
fn a_bundle_that_was_signed_anew_is_not_trusted() {
    let case = Case::new();
    let forger = SigningKey::generate().unwrap();
    fs::remove_dir_all(case.bundle()).unwrap();
    write(&case.bundle(), &quiet(), &forger).unwrap();
    let found = case.verify();
    assert_eq!(found.signer, Signer::Unknown(forger.public_key()));
    assert!(!found.is_sound());
}

#[test]
fn a_signature_of_another_bundle_does_not_fit() {
    let (case, other) = (Case::new(), tempfile::tempdir().unwrap());
    write(&other.path().join("bundle"), &quiet(), &case.key).unwrap();
    fs::copy(other.path().join("bundle/signature.json"), case.file("signature.json")).unwrap();
    case.check(expect!["manifest.json was altered: it is not what was signed"]);
}

/// Signed by somebody trusted, and yet wrong: the manifest says of the rows what they are not.
#[test]
fn a_manifest_that_contradicts_its_files_is_found_though_it_is_signed() {
    let case = Case::new();
    let manifest = fs::read_to_string(case.file("manifest.json")).unwrap();
    let bundle = read(&case.bundle()).unwrap();
    let (rows, digest) = (bundle.evidence.rows.sha256.to_string(), bundle.evidence.evidence_digest.to_string());
    let wrong = manifest.replace(&rows, &"0".repeat(64)).replace(&digest, &"1".repeat(64));
    sign(&case, &wrong);
    let problems = case.verify().problems;
    let texts: Vec<String> = problems.iter().map(Problem::to_string).collect();
    assert_eq!(problems.len(), 2, "{texts:?}");
    assert!(texts.iter().any(|text| text.contains("evidence digest")), "{texts:?}");
    assert!(texts.iter().any(|text| text.contains("the result has 3 rows")), "{texts:?}");
}

#[test]
fn a_manifest_that_names_a_file_outside_of_the_bundle_is_refused() {
    let case = Case::new();
    let manifest = fs::read_to_string(case.file("manifest.json")).unwrap();
    sign(&case, &manifest.replace("\"plan.txt\"", "\"../plan.txt\""));
    case.check(expect![[r#"
        plan.txt is additional: it is not in the manifest
        manifest.json contradicts the rest of the bundle: "../plan.txt" cannot be the name of a file in a bundle"#]]);
}

#[test]
fn a_version_of_the_format_that_is_not_known_is_said() {
    let case = Case::new();
    let manifest = fs::read_to_string(case.file("manifest.json")).unwrap();
    sign(&case, &manifest.replace("\"version\":1,", "\"version\":2,"));
    case.check(expect!["manifest.json cannot be read: version 2 of the format is not known; this reader knows version 1"]);
}

/// Puts another manifest in place and signs it with the key that is trusted, as a program that is wrong would.
fn sign(case: &Case, manifest: &str) {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    let der = case.key.to_pem();
    let der = STANDARD.decode(der.lines().filter(|line| !line.starts_with('-')).collect::<String>()).unwrap();
    let pair = ring::signature::Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der).unwrap();
    let signature = serde_json::json!({
        "algorithm": "Ed25519",
        "fingerprint": case.key.public_key().fingerprint(),
        "manifest_sha256": coldtrail_evidence::Sha256Digest::of(manifest.as_bytes()),
        "public_key": case.key.public_key().to_pem(),
        "signature": STANDARD.encode(pair.sign(manifest.as_bytes())),
    });
    fs::write(case.file("manifest.json"), manifest).unwrap();
    fs::write(case.file("signature.json"), coldtrail_evidence::canonical_json(&signature).unwrap()).unwrap();
}

#[test]
fn a_bundle_is_never_written_over_another() {
    let case = Case::new();
    let error = write(&case.bundle(), &quiet(), &case.key).unwrap_err();
    assert!(matches!(error, Error::Exists { .. }), "{error}");
    assert!(case.verify().is_sound());
}

#[test]
fn what_a_writer_left_that_was_killed_is_in_nobodys_way() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join(".bundle.partial")).unwrap();
    fs::write(folder.path().join(".bundle.partial/query.sql"), "SEL").unwrap();
    write(&folder.path().join("bundle"), &contents(), &SigningKey::generate().unwrap()).unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_result_can_come_from_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let mut contents = contents();
    for ResultFile { name, data } in &mut contents.results {
        let path = folder.path().join(&*name);
        if let ResultData::Bytes(bytes) = data {
            fs::write(&path, bytes).unwrap();
        }
        *data = ResultData::Path(path);
    }
    let case = Case::new();
    let written = write(&folder.path().join("bundle"), &contents, &case.key).unwrap();
    assert_eq!(Some(written.bundle_id), case.verify().bundle_id);
}

#[test]
fn a_result_file_must_have_a_name_that_can_be_one() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["", "../x.parquet", "a/b", ".hidden", "a b", "00001.PARQUET", "ä"] {
        let mut contents = contents();
        contents.results[0].name = name.to_owned();
        let error = write(&folder.path().join("bundle"), &contents, &SigningKey::generate().unwrap()).unwrap_err();
        assert!(matches!(error, Error::ResultName { .. }), "{name}: {error}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn what_is_no_bundle_is_said() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(verify(&folder.path().join("none"), &[]), Err(Error::NotABundle { .. })));
    assert!(matches!(read(folder.path()), Err(Error::NotABundle { .. })));
    let found = verify(folder.path(), &[]).unwrap();
    expect![[r#"
        manifest.json is missing
        signature.json is missing"#]]
    .assert_eq(&found.problems.iter().map(told).collect::<Vec<_>>().join("\n"));
}

#[test]
fn a_key_is_read_as_it_was_written() {
    let key = SigningKey::generate().unwrap();
    let again = SigningKey::from_pem(&key.to_pem()).unwrap();
    assert_eq!(again.public_key(), key.public_key());
    assert_eq!(PublicKey::from_pem(&key.public_key().to_pem()).unwrap(), key.public_key());
    assert!(!format!("{key:?}").contains(key.to_pem().lines().nth(1).unwrap()), "a secret is not shown");
}

/// The key of RFC 8410, section 10.3, as OpenSSL writes it.
#[test]
fn a_key_of_another_tool_can_sign() {
    let pem = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";
    let public = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n";
    assert_eq!(SigningKey::from_pem(pem).unwrap().public_key().to_pem(), public);
}

#[test]
fn what_is_no_key_is_refused_with_a_reason() {
    let texts =
        ["", "-----BEGIN PRIVATE KEY-----\n!\n-----END PRIVATE KEY-----", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"];
    let errors = texts.map(|text| SigningKey::from_pem(text).unwrap_err().to_string());
    expect![[r#"
        not an Ed25519 private key: it does not hold -----BEGIN PRIVATE KEY-----
        not an Ed25519 private key: it is not base64
        not an Ed25519 private key: InvalidEncoding"#]]
    .assert_eq(&errors.join("\n"));
}
