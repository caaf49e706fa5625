use std::net::{IpAddr, Ipv4Addr};

use coldtrail_query::Principal;

use super::*;

const PEER: Option<IpAddr> = Some(IpAddr::V4(Ipv4Addr::LOCALHOST));

fn users(pairs: &[(&str, &str)]) -> Users {
    let mut users = Users::default();
    for (name, password) in pairs {
        users.set_password(name, password).expect("a good user");
    }
    users
}

fn auth(config: &Config) -> Auth {
    Auth::new(users(&[("hunter", "right")]), SigningKey::generate(), config).expect("good users")
}

async fn sign_in(auth: &Auth, name: &str, password: &str) -> Result<String, Refusal> {
    auth.sign_in(name.into(), password.into(), PEER).await.map(|principal| principal.name)
}

#[tokio::test]
async fn the_right_password_signs_in_and_a_wrong_one_reads_like_an_unknown_name() {
    let auth = auth(&Config::default());
    assert_eq!(sign_in(&auth, "hunter", "right").await, Ok("hunter".into()));
    assert_eq!(sign_in(&auth, "hunter", "right").await, Ok("hunter".into()), "from memory");
    assert_eq!(sign_in(&auth, "hunter", "wrong").await, Err(Refusal::WrongPassword));
    assert_eq!(sign_in(&auth, "nobody", "right").await, Err(Refusal::WrongPassword));
}

#[tokio::test]
async fn an_address_that_guesses_is_made_to_wait_even_with_the_right_password() {
    let auth = auth(&Config { failed_sign_ins_max: 3, ..Config::default() });
    assert_eq!(sign_in(&auth, "hunter", "right").await, Ok("hunter".into()));
    for guess in ["a", "b", "c"] {
        assert_eq!(sign_in(&auth, "hunter", guess).await, Err(Refusal::WrongPassword));
    }
    assert!(matches!(sign_in(&auth, "hunter", "right").await, Err(Refusal::TooManyFailures(_))));
    let elsewhere = Some(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)));
    assert!(auth.sign_in("hunter".into(), "right".into(), elsewhere).await.is_ok());
}

#[test]
fn a_token_is_good_on_every_node_with_the_key_until_it_expires() {
    let (config, key, users) = (Config::default(), SigningKey::generate(), users(&[("hunter", "right")]));
    let node = |key: &SigningKey| Auth::new(users.clone(), key.clone(), &config).expect("good users");
    let token = node(&key).issue_token(&Principal { name: "hunter".into() });
    assert_eq!(node(&key).check_token(&token), Ok(Principal { name: "hunter".into() }));
    assert_eq!(node(&SigningKey::generate()).check_token(&token), Err(Refusal::WrongToken));
    let password_mark = node(&key).password_mark("hunter").expect("a user");
    let expired = Claims { name: "hunter".into(), expires_at: token::unix_seconds(), password_mark }.sign(&key);
    assert_eq!(node(&key).check_token(&expired), Err(Refusal::Expired));
}

#[tokio::test]
async fn a_token_ends_with_the_user_and_with_the_password() {
    let auth = auth(&Config::default());
    let token = auth.issue_token(&Principal { name: "hunter".into() });
    assert!(auth.check_token(&token).is_ok());
    auth.set_users(users(&[("hunter", "another")])).expect("good users");
    assert_eq!(auth.check_token(&token), Err(Refusal::WrongToken));
    assert_eq!(sign_in(&auth, "hunter", "right").await, Err(Refusal::WrongPassword));
    auth.set_users(Users::default()).expect("good users");
    assert_eq!(auth.check_token(&token), Err(Refusal::WrongToken));
}

#[test]
fn made_passwords_are_long_readable_and_never_alike() {
    let made: std::collections::HashSet<String> = (0..100).map(|_| generate_password()).collect();
    assert_eq!(made.len(), 100);
    let letters_bits = 25.0 * 30f64.log2();
    assert!(letters_bits > 100.0);
    for password in made {
        assert_eq!(password.split('-').map(str::len).collect::<Vec<_>>(), [5; 5], "{password}");
        assert!(!password.contains(['0', '1', 'l', 'i', 'o', 'u']), "{password}");
    }
}

#[test]
fn users_that_cannot_be_used_are_named() {
    let mut twice = users(&[("hunter", "right")]);
    twice.users.push(twice.users[0].clone());
    assert_eq!(twice.validate().expect_err("twice").to_string(), r#"user "hunter" is listed twice"#);
    let plain = Users { users: vec![User { name: "hunter".into(), password_hash: "s3cret".into() }] };
    let error = plain.validate().expect_err("not a hash").to_string();
    assert!(error.contains("not a PHC string") && !error.contains("s3cret"), "{error}");
    assert!(Users::default().set_password("a:b", "x").is_err());
}

#[test]
fn secrets_never_show() {
    let users = users(&[("hunter", "right")]);
    let shown = format!("{users:?} {:?}", auth(&Config::default()));
    assert!(!shown.contains("argon2") && !shown.contains("right"), "{shown}");
}
