use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use tonic::metadata::{MetadataMap, MetadataValue};

use super::Credentials;

fn read(header: &str) -> Result<Option<Credentials>, String> {
    let mut headers = MetadataMap::new();
    headers.insert("authorization", header.parse().expect("a header value"));
    Credentials::read(&headers).map_err(|refusal| refusal.to_string())
}

#[test]
fn basic_is_read_padded_and_unpadded_for_every_length() {
    for password in ["", "p", "pw", "pwd", "with:colon", "päßwörd-密码"] {
        let text = format!("hunter:{password}");
        let expected = Credentials::Basic { name: "hunter".into(), password: password.into() };
        for value in [STANDARD.encode(&text), STANDARD_NO_PAD.encode(&text)] {
            assert_eq!(read(&format!("Basic {value}")), Ok(Some(expected.clone())), "{value}");
            assert_eq!(read(&format!("basic {value}")), Ok(Some(expected.clone())), "{value}");
        }
    }
}

#[test]
fn a_token_is_read_from_either_header() {
    assert_eq!(read("Bearer abc"), Ok(Some(Credentials::Bearer { token: "abc".into() })));
    let mut headers = MetadataMap::new();
    headers.insert_bin("auth-token-bin", MetadataValue::from_bytes(b"abc"));
    assert_eq!(Credentials::read(&headers), Ok(Some(Credentials::Bearer { token: "abc".into() })));
}

#[test]
fn no_header_is_no_credentials_and_a_wrong_one_is_named() {
    assert_eq!(Credentials::read(&MetadataMap::new()), Ok(None));
    for (header, expected) in [
        ("Basic", "expected Basic or Bearer"),
        ("Basic %%%", "not followed by base64"),
        ("Basic aHVudGVy", "expected name:password"),
        ("Basic /////w==", "not UTF-8"),
        ("Digest abc", "only Basic and Bearer"),
    ] {
        let error = read(header).expect_err(header);
        assert!(error.contains(expected), "{header}: {error}");
    }
}

#[test]
fn credentials_never_show_their_secrets() {
    let shown = format!("{:?} {:?}", read("Basic aHVudGVyOnMzY3JldA=="), read("Bearer s3cret"));
    assert!(!shown.contains("s3cret"), "{shown}");
    assert!(shown.contains("hunter"), "{shown}");
}
