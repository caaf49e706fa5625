use std::collections::BTreeMap;

use expect_test::{Expect, expect};
use serde_json::Value as Json;

use super::ocsf_json;
use crate::{Class, Col, Event, Outcome};

fn check(event: &Event, expected: Expect) {
    let sorted = sort_keys(Json::Object(ocsf_json(event)));
    expected.assert_eq(&serde_json::to_string_pretty(&sorted).expect("JSON can be written"));
}

/// The order of keys says nothing, and depends on a feature of `serde_json` that any crate of a build may turn on.
fn sort_keys(value: Json) -> Json {
    match value {
        Json::Object(members) => {
            let sorted: BTreeMap<String, Json> = members.into_iter().map(|(key, value)| (key, sort_keys(value))).collect();
            sorted.into_iter().collect()
        }
        Json::Array(elements) => elements.into_iter().map(sort_keys).collect(),
        scalar => scalar,
    }
}

#[test]
fn an_event_nests_its_columns_and_fills_what_ocsf_requires() {
    let mut event = Event::new(Class::Authentication, 1, 1_767_225_600_000);
    event.outcome(Outcome::Success);
    event.text(Col::UserName, "ada");
    event.text(Col::SrcEndpointIp, "192.0.2.7");
    event.flag(Col::IsMfa, false);
    event.text(Col::MetadataProductName, "Example IdP");
    check(
        &event,
        expect![[r#"
        {
          "activity_id": 1,
          "activity_name": "Logon",
          "category_name": "Identity & Access Management",
          "category_uid": 3,
          "class_name": "Authentication",
          "class_uid": 3002,
          "is_mfa": false,
          "metadata": {
            "product": {
              "name": "Example IdP"
            },
            "version": "1.8.0"
          },
          "observables": [
            {
              "name": "user.name",
              "type": "User Name",
              "type_id": 4,
              "value": "ada"
            },
            {
              "name": "src_endpoint.ip",
              "type": "IP Address",
              "type_id": 2,
              "value": "192.0.2.7"
            }
          ],
          "service": {
            "name": "Unknown"
          },
          "severity": "Informational",
          "severity_id": 1,
          "src_endpoint": {
            "ip": "192.0.2.7"
          },
          "status": "Success",
          "status_id": 1,
          "time": 1767225600000,
          "type_name": "Authentication: Logon",
          "type_uid": 300201,
          "user": {
            "name": "ada"
          }
        }"#]],
    );
}
