use arrow_flight::sql::{CommandGetCatalogs, ProstMessageExt};
use arrow_flight::{Action, BasicAuth, Criteria, Empty, FlightData, FlightDescriptor, HandshakeRequest, Ticket};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use coldtrail_flight::{Config, SigningKey};
use futures::TryStreamExt;
use prost::Message;
use tonic::metadata::MetadataValue;
use tonic::{Code, Request, Status};

use crate::support::{PASSWORD, Raw, basic, descriptor, query, row_count, start, start_for, start_with, users};

/// Header of the answer and payloads.
async fn handshake(raw: &Raw, payload: Option<Vec<u8>>) -> Result<(String, Vec<String>), Status> {
    let requests = payload.map(|payload| HandshakeRequest { protocol_version: 0, payload: payload.into() });
    let response = raw.inner.clone().handshake(raw.request(futures::stream::iter(requests))).await?;
    let header = response.metadata().get("authorization").expect("the token in the header").to_str().expect("text").to_owned();
    let answers: Vec<_> = response.into_inner().try_collect().await?;
    Ok((header, answers.into_iter().map(|answer| String::from_utf8(answer.payload.to_vec()).expect("text")).collect()))
}

#[tokio::test]
async fn handshake_takes_basic_padded_and_unpadded_for_every_length_and_answers_once() {
    let passwords = [("user0", "p"), ("user1", "pw"), ("user2", "pwd"), ("user3", "with:colon"), ("user4", "пароль")];
    let server = start_for(Config::default(), &SigningKey::generate(), users(&passwords)).await;
    let mut raw = server.anonymous().await;
    for (user, password) in passwords {
        let text = format!("{user}:{password}");
        for credentials in [STANDARD.encode(&text), STANDARD_NO_PAD.encode(&text)] {
            raw.authorization = Some(format!("Basic {credentials}"));
            let (header, payloads) = handshake(&raw, None).await.expect("the password is right");
            assert_eq!([header.strip_prefix("Bearer ").expect("a bearer token")], payloads[..], "one answer with the same token");
            raw.authorization = Some(header);
            raw.info(&CommandGetCatalogs {}).await.expect("the token is good");
        }
    }
}

#[tokio::test]
async fn a_token_is_taken_by_handshake_and_by_calls_and_by_another_node_with_the_key() {
    let key = SigningKey::generate();
    let (first, second) = (start_with(Config::default(), &key).await, start_with(Config::default(), &key).await);
    let mut raw = first.raw("hunter").await;
    let (header, _) = handshake(&raw, None).await.expect("the password is right");
    raw.authorization = Some(header.clone());
    assert_eq!(handshake(&raw, None).await.expect("the token is good").0, header);
    let elsewhere = Raw { authorization: Some(header.clone()), ..second.anonymous().await };
    elsewhere.info(&CommandGetCatalogs {}).await.expect("the token is good there too");
    let third = start().await;
    let stranger = Raw { authorization: Some(header), ..third.anonymous().await };
    assert_eq!(stranger.info(&CommandGetCatalogs {}).await.expect_err("another key").code(), Code::Unauthenticated);
}

#[tokio::test]
async fn credentials_on_each_call_need_no_handshake() {
    let server = start().await;
    let raw = server.raw("hunter").await;
    for _ in 0..3 {
        let (_, batches) = raw.rows(&query("SELECT * FROM numbers")).await.expect("runs");
        assert_eq!(row_count(&batches), 100_000);
    }
}

#[tokio::test]
async fn arrows_own_handshake_message_signs_in_and_its_token_header_is_taken() {
    let server = start().await;
    let mut anonymous = server.anonymous().await;
    let message = BasicAuth { username: "hunter".into(), password: PASSWORD.into() };
    let (_, payloads) = handshake(&anonymous, Some(message.encode_to_vec())).await.expect("the password is right");
    let mut request = Request::new(descriptor(&CommandGetCatalogs {}));
    request.metadata_mut().insert_bin("auth-token-bin", MetadataValue::from_bytes(payloads[0].as_bytes()));
    anonymous.inner.get_flight_info(request).await.expect("the token is good");
    let nothing = handshake(&anonymous, Some(b"who knows".to_vec())).await.expect_err("no credentials");
    assert_eq!(nothing.code(), Code::Unauthenticated);
}

#[tokio::test]
async fn a_wrong_password_is_unauthenticated_and_guessing_is_slowed_down() {
    let server = start_with(Config { failed_sign_ins_max: 3, ..Config::default() }, &SigningKey::generate()).await;
    let mut raw = server.raw("hunter").await;
    let mut messages = Vec::new();
    for (user, password) in [("hunter", "wrong"), ("nobody", PASSWORD), ("hunter", "")] {
        raw.authorization = Some(basic(user, password));
        let status = handshake(&raw, None).await.expect_err("a wrong password");
        assert_eq!(status.code(), Code::Unauthenticated);
        messages.push(status.message().to_owned());
    }
    assert!(messages.iter().all(|message| message == "wrong user name or password"), "{messages:?}");
    raw.authorization = Some(basic("hunter", "another guess"));
    let status = handshake(&raw, None).await.expect_err("too many");
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert!(status.message().contains("try again in"), "{}", status.message());
}

#[tokio::test]
async fn no_call_is_answered_without_a_principal() {
    let server = start().await;
    let mut forged = server.anonymous().await;
    forged.authorization = Some("Bearer AQEKBmh1bnRlcg".into());
    for mut raw in [server.anonymous().await, forged] {
        let any_descriptor = || descriptor(&query("SELECT 1"));
        let ticket = Ticket::new(CommandGetCatalogs {}.as_any().encode_to_vec());
        let data = || futures::stream::iter([FlightData::new().with_descriptor(any_descriptor())]);
        let requests = [
            raw.inner.get_flight_info(raw.request(any_descriptor())).await.err(),
            raw.inner.poll_flight_info(raw.request(any_descriptor())).await.err(),
            raw.inner.get_schema(raw.request(FlightDescriptor::default())).await.err(),
            raw.inner.do_get(raw.request(ticket)).await.err(),
            raw.inner.do_put(raw.request(data())).await.err(),
            raw.inner.do_exchange(raw.request(data())).await.err(),
            raw.inner.do_action(raw.request(Action::new("CloseSession", ""))).await.err(),
            raw.inner.list_actions(raw.request(Empty {})).await.err(),
            raw.inner.list_flights(raw.request(Criteria::default())).await.err(),
            raw.inner.handshake(raw.request(futures::stream::iter([HandshakeRequest::default()]))).await.err(),
        ];
        for (index, status) in requests.into_iter().enumerate() {
            assert_eq!(status.expect("refused").code(), Code::Unauthenticated, "call {index}");
        }
    }
}
