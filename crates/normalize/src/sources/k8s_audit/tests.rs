use expect_test::{Expect, expect};

use crate::sources::testing::{check_odd_values, shown};
use crate::{Source, detect};

fn check(input: &str, expected: Expect) {
    expected.assert_eq(&shown(Source::K8sAudit, input.as_bytes()));
}

#[test]
fn a_shell_in_a_pod_names_the_user_the_pod_and_the_subresource() {
    check(
        r#"{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Request","auditID":"a1","stage":"ResponseComplete",
            "requestURI":"/api/v1/namespaces/pay/pods/web-1/exec?command=sh","verb":"create",
            "user":{"username":"mara@corp.example","groups":["devs","system:authenticated"],"extra":{"authentication.kubernetes.io/pod-name":["x"]}},
            "impersonatedUser":{"username":"system:admin"},"sourceIPs":["203.0.113.9","10.0.0.1"],"userAgent":"kubectl/v1.30",
            "objectRef":{"resource":"pods","subresource":"exec","namespace":"pay","name":"web-1","apiVersion":"v1"},"responseStatus":{"code":101},
            "requestReceivedTimestamp":"2026-03-01T12:00:00.000000Z","stageTimestamp":"2026-03-01T12:00:01.500000Z",
            "annotations":{"authorization.k8s.io/decision":"allow","authorization.k8s.io/reason":"RBAC: allowed","other/one":"kept"}}"#,
        expect![[r#"
            api_activity: Create at 2026-03-01T12:00:01.500Z
              api_operation = create
              start_time = 1772366400000
              end_time = 1772366401500
              duration = 1500
              metadata_product_version = audit.k8s.io/v1
              metadata_log_name = Event
              metadata_log_level = Request
              message = ResponseComplete
              metadata_uid = a1
              api_request_uid = a1
              actor_user_name = mara@corp.example
              actor_user_email_addr = mara@corp.example
              actor_user_groups_name = devs | system:authenticated
              actor_authorizations_decision = allow
              actor_authorizations_policy_desc = RBAC: allowed
              src_endpoint_ip = 203.0.113.9
              src_endpoint_intermediate_ips = 10.0.0.1
              http_request_user_agent = kubectl/v1.30
              http_request_url_path = /api/v1/namespaces/pay/pods/web-1/exec
              http_request_url_query_string = command=sh
              resources_type = pods/exec
              resources_name = web-1
              resources_namespace = pay
              api_version = v1
              status = Success
              api_response_code = 101
              status_code = 101
              unmapped = {"user":{"extra":{"authentication.kubernetes.io/pod-name":["x"]}},"impersonatedUser":{"username":"system:admin"},"annotations":{"other/one":"kept"}}
        "#]],
    );
}

#[test]
fn a_denied_call_of_a_service_account_is_a_failure() {
    check(
        r#"{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[{"verb":"list","auditID":"a2","stageTimestamp":"2026-03-01T12:00:00Z",
            "user":{"username":"system:serviceaccount:kube-system:sneaky"},"sourceIPs":["not an address"],
            "objectRef":{"resource":"secrets","apiGroup":"","apiVersion":"v1"},"responseStatus":{"code":403,"reason":"Forbidden","message":"secrets is forbidden"}}]}"#,
        expect![[r#"
            api_activity: Read at 2026-03-01T12:00:00.000Z
              api_operation = list
              end_time = 1772366400000
              metadata_uid = a2
              api_request_uid = a2
              actor_user_type = Service
              actor_user_type_id = 4
              actor_user_name = system:serviceaccount:kube-system:sneaky
              src_endpoint_name = not an address
              resources_type = secrets
              api_version = v1
              status = Failure
              api_response_code = 403
              status_code = 403
              api_response_error = Forbidden
              api_response_message = secrets is forbidden
              status_detail = secrets is forbidden
        "#]],
    );
}

#[test]
fn an_event_of_eks_says_which_aws_identity_acted() {
    check(
        r#"{"logEvents":[{"id":"1","timestamp":1772366400000,"message":"{\"auditID\":\"a3\",\"verb\":\"delete\",\"user\":{\"username\":\"admin\",\"extra\":{\"arn\":[\"arn:aws:sts::210987654321:assumed-role/ops/mara\"],\"canonicalArn\":[\"arn:aws:iam::210987654321:role/ops\"],\"sessionName\":[\"mara\"],\"accessKeyId\":[\"ASIA1\"]}},\"requestObject\":{\"kind\":\"DeleteOptions\"},\"stage\":\"RequestReceived\"}"}]}"#,
        expect![[r#"
            api_activity: Delete at 2026-03-01T12:00:00.000Z
              api_operation = delete
              metadata_product_feature_name = Elastic Kubernetes Service
              message = RequestReceived
              metadata_uid = a3
              api_request_uid = a3
              actor_user_name = admin
              cloud_account_uid = 210987654321
              actor_user_uid_alt = arn:aws:sts::210987654321:assumed-role/ops/mara
              actor_session_credential_uid = ASIA1
              actor_session_issuer = arn:aws:iam::210987654321:role/ops
              actor_session_uid = mara
              api_request_data = {"kind":"DeleteOptions"}
              status = Unknown
              unmapped = {"id":"1","timestamp":1772366400000}
        "#]],
    );
}

#[test]
fn an_event_of_aks_is_inside_its_log_property() {
    check(
        r#"{"records":[{"time":"2026-03-01T12:00:00Z","category":"kube-audit","resourceId":"/SUBSCRIPTIONS/S1","properties":{"log":"{\"auditID\":\"a4\",\"verb\":\"impersonate\",\"kind\":\"Event\"}","pod":"p"}}]}"#,
        expect![[r#"
            api_activity: impersonate at 2026-03-01T12:00:00.000Z
              api_operation = impersonate
              metadata_log_name = Event
              metadata_uid = a4
              api_request_uid = a4
              status = Unknown
              unmapped = {"category":"kube-audit","resourceId":"/SUBSCRIPTIONS/S1","properties":{"pod":"p"}}
        "#]],
    );
}

#[test]
fn an_event_of_gke_is_read_as_a_google_cloud_audit_log() {
    check(
        r#"{"timestamp":"2026-03-01T12:00:00Z","protoPayload":{"serviceName":"k8s.io","methodName":"io.k8s.core.v1.pods.create","resourceName":"core/v1/namespaces/pay/pods/web"}}"#,
        expect![[r#"
            api_activity: Create at 2026-03-01T12:00:00.000Z
              status = Success
              resources_namespace = pay
              resources_name = web
              resources_uid = core/v1/namespaces/pay/pods/web
              api_operation = io.k8s.core.v1.pods.create
              api_service_name = k8s.io
        "#]],
    );
}

#[test]
fn what_has_no_time_or_is_something_else_is_a_reject() {
    check(
        r#"[{"kind":"Event","verb":"get"},{"stageTimestamp":"2026-03-01T12:00:00Z"},{"auditID":"a5","stageTimestamp":"2026-03-01T12:00:00Z"},{"verb":"get","stageTimestamp":"2026-03-01T12:00:00Z","user":"me","sourceIPs":"203.0.113.9","objectRef":[],"responseStatus":{"code":"odd"},"annotations":[]}]"#,
        expect![[r#"
            api_activity: Unknown at 2026-03-01T12:00:00.000Z
              end_time = 1772366400000
              metadata_uid = a5
              api_request_uid = a5
              status = Unknown
            api_activity: Read at 2026-03-01T12:00:00.000Z
              api_operation = get
              end_time = 1772366400000
              src_endpoint_ip = 203.0.113.9
              status = Unknown
              unmapped = {"user":"me","responseStatus":{"code":"odd"}}
            reject: the field stageTimestamp is missing
            reject: the field verb is missing
        "#]],
    );
}

#[test]
fn every_wrapper_but_that_of_gke_is_recognised() {
    for head in [
        r#"{"apiVersion":"audit.k8s.io/v1"}"#,
        r#"{"items":[{"auditID":"a","verb":"get","stage":"Panic"}]}"#,
        r#"{"message":"{\"apiVersion\":\"audit.k8s.io/v1\"}"}"#,
        r#"{"records":[{"properties":{"log":"{\"apiVersion\":\"audit.k8s.io/v1\"}"}}]}"#,
    ] {
        assert_eq!(detect(head.as_bytes(), "x"), Some(Source::K8sAudit), "{head}");
    }
}

#[test]
fn an_odd_value_in_any_place_costs_no_more_than_its_record() {
    check_odd_values(
        Source::K8sAudit,
        r#"{"kind":"Event","apiVersion":"audit.k8s.io/v1","auditID":"a1","stage":"Panic","requestURI":"/api?x","verb":"create","user":{"username":"u","groups":["g"],"extra":{"arn":["arn:aws:sts::1:a/b"]}},"sourceIPs":["203.0.113.9","10.0.0.1"],"objectRef":{"resource":"pods","subresource":"exec","name":"n"},"responseStatus":{"code":101},"stageTimestamp":"2026-03-01T12:00:01Z","annotations":{"authorization.k8s.io/decision":"allow"}}"#,
    );
}

#[test]
fn an_event_of_an_old_version_is_dated_by_its_timestamp() {
    check(
        r#"{"kind":"Event","apiVersion":"audit.k8s.io/v1beta1","auditID":"a1","stage":"ResponseComplete","verb":"get","timestamp":"2026-03-01T12:00:00Z"}"#,
        expect![[r#"
            api_activity: Read at 2026-03-01T12:00:00.000Z
              api_operation = get
              metadata_product_version = audit.k8s.io/v1beta1
              metadata_log_name = Event
              message = ResponseComplete
              metadata_uid = a1
              api_request_uid = a1
              status = Unknown
        "#]],
    );
}
