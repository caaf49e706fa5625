//! Phases 6 and 7: the Kubernetes cluster, and the project in Google Cloud.

use super::{Condition, KEY_IP, PHISHING_DOMAIN, Scene, Story};
use crate::SourceKind;
use crate::sources::gcp::{self, Call};
use crate::sources::k8s::{self, PEOPLE_GROUPS, Request};
use crate::stream::Stream;

/// The address of the jump host, from which the cluster is reached.
const JUMP_IP: &str = "10.10.5.50";
const AGENT: &str = "kubectl/v1.29.0 (linux/amd64) kubernetes/3f7a50f";
const POD: &str = "node-debugger-7x2kd";

pub(super) fn tell(story: &mut Story) {
    exec(story);
    list_secrets(story);
    become_administrator(story);
    privileged_pod(story);
    grant_owner(story);
    create_account_key(story);
}

/// A request of the analyst's account from the jump host, after `set` has filled in what is asked for.
fn request(story: &mut Story, at_ms: i64, set: impl FnOnce(&mut Request<'_>)) {
    let victim = story.victim();
    story.plant(Stream::K8s, at_ms, |out, dice, when| {
        let mut request = Request {
            when,
            user: &victim.email,
            groups: PEOPLE_GROUPS,
            verb: "create",
            uri: "",
            ip: JUMP_IP,
            agent: AGENT,
            kind: ("", "v1", "pods", ""),
            namespace: "kube-system",
            name: "",
            code: 201,
            object: "",
            reason: "RBAC: allowed by ClusterRoleBinding \"data-platform\" of ClusterRole \"edit\"",
        };
        set(&mut request);
        k8s::write(out, dice, &request);
    });
}

fn step(story: &mut Story, id: &str, title: &str, technique: &str, matches: &[(&str, Condition)]) {
    let indicators = &[("ips", JUMP_IP), ("users", "nora.lindqvist@example.com")];
    story.step(Scene { id, phase: 6, title, technique, source: SourceKind::K8sAudit, matches, indicators });
}

fn exec(story: &mut Story) {
    let matches = [("objectRef.subresource", Condition::is("exec")), ("sourceIPs", Condition::is(JUMP_IP))];
    step(story, "exec-into-pod", "A shell is opened in a pod of the payments service", "T1609", &matches);
    for at_ms in story.burst(story.timeline.at(45, 20, 11), 3, 120_000) {
        request(story, at_ms, |request| {
            request.uri =
                "/api/v1/namespaces/payments/pods/ledger-5c9f7d6b4-x2x9q/exec?command=sh&container=ledger&stdin=true&stdout=true&tty=true";
            request.kind.3 = "exec";
            (request.namespace, request.name, request.code) = ("payments", "ledger-5c9f7d6b4-x2x9q", 101);
        });
    }
}

fn list_secrets(story: &mut Story) {
    let matches =
        [("objectRef.resource", Condition::is("secrets")), ("verb", Condition::is("list")), ("sourceIPs", Condition::is(JUMP_IP))];
    step(story, "secrets-listed", "The secrets of one namespace after the other are listed", "T1552.007", &matches);
    let spaces = [
        ("orders", "/api/v1/namespaces/orders/secrets?limit=500"),
        ("payments", "/api/v1/namespaces/payments/secrets?limit=500"),
        ("web", "/api/v1/namespaces/web/secrets?limit=500"),
        ("monitoring", "/api/v1/namespaces/monitoring/secrets?limit=500"),
        ("batch", "/api/v1/namespaces/batch/secrets?limit=500"),
        ("kube-system", "/api/v1/namespaces/kube-system/secrets?limit=500"),
    ];
    for (at_ms, (namespace, uri)) in story.burst(story.timeline.at(45, 20, 30), spaces.len(), 8000).into_iter().zip(spaces) {
        request(story, at_ms, |request| {
            (request.verb, request.uri, request.namespace, request.code) = ("list", uri, namespace, 200);
            request.kind.2 = "secrets";
        });
    }
}

fn become_administrator(story: &mut Story) {
    let matches = [("objectRef.resource", Condition::is("clusterrolebindings")), ("verb", Condition::is("create"))];
    step(story, "cluster-admin-binding", "A service account is bound to cluster-admin", "T1098.006", &matches);
    request(story, story.timeline.at(45, 20, 44), |request| {
        request.uri = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings?fieldManager=kubectl-create";
        request.kind = ("rbac.authorization.k8s.io", "v1", "clusterrolebindings", "");
        (request.namespace, request.name) = ("", "metrics-reader-ext");
        request.object = r#"{"kind":"ClusterRoleBinding","apiVersion":"rbac.authorization.k8s.io/v1","metadata":{"name":"metrics-reader-ext","creationTimestamp":null},"subjects":[{"kind":"ServiceAccount","name":"default","namespace":"batch"}],"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"cluster-admin"}}"#;
    });
}

fn privileged_pod(story: &mut Story) {
    let matches =
        [("objectRef.name", Condition::is(POD)), ("requestObject.spec.containers.securityContext.privileged", Condition::is("true"))];
    step(story, "privileged-pod", "A privileged pod is started with the node's disk in it", "T1611", &matches);
    request(story, story.timeline.at(45, 20, 51), |request| {
        request.uri = "/api/v1/namespaces/kube-system/pods?fieldManager=kubectl-client-side-apply";
        request.name = POD;
        request.object = r#"{"kind":"Pod","apiVersion":"v1","metadata":{"name":"node-debugger-7x2kd","namespace":"kube-system"},"spec":{"hostPID":true,"hostNetwork":true,"volumes":[{"name":"host","hostPath":{"path":"/"}}],"containers":[{"name":"debugger","image":"registry.containers.example.net/tools/netshoot:latest","command":["sleep","86400"],"securityContext":{"privileged":true},"volumeMounts":[{"name":"host","mountPath":"/host"}]}]}}"#;
    });
}

/// A call of the analyst's account in Google Cloud.
fn call(when: crate::moment::Moment, principal: &str) -> Call<'_> {
    Call {
        when,
        activity: true,
        principal,
        ip: KEY_IP,
        agent: "google-cloud-sdk gcloud/461.0.0 command/gcloud.projects environment-version/3.11.6 Linux/6.6.9-kali1",
        service: "cloudresourcemanager.googleapis.com",
        method: "SetIamPolicy",
        permission: "resourcemanager.projects.setIamPolicy",
        resource: "projects/meridian-analytics",
        resource_type: "project",
        resource_labels: r#"{"project_id":"meridian-analytics"}"#,
        request: "",
        response: "",
        service_data: "",
        granted: true,
    }
}

fn grant_owner(story: &mut Story) {
    story.step(Scene {
        id: "project-owner-granted",
        phase: 7,
        title: "An outsider is made owner of a Google Cloud project",
        technique: "T1098.003",
        source: SourceKind::GcpAudit,
        matches: &[
            ("protoPayload.methodName", Condition::is("SetIamPolicy")),
            ("protoPayload.requestMetadata.callerIp", Condition::is(KEY_IP)),
        ],
        indicators: &[("ips", KEY_IP), ("users", "nora.lindqvist@example.com"), ("domains", PHISHING_DOMAIN)],
    });
    let victim = story.victim();
    story.plant(Stream::GcpActivity, story.timeline.at(46, 18, 25), |out, dice, when| {
        let call = Call {
            request: r#"{"@type":"type.googleapis.com/google.iam.v1.SetIamPolicyRequest","resource":"meridian-analytics","policy":{"bindings":[{"role":"roles/owner","members":["user:helpdesk@meridian-sso-login.test"]}]}}"#,
            service_data: r#"{"@type":"type.googleapis.com/google.iam.v1.logging.AuditData","policyDelta":{"bindingDeltas":[{"action":"ADD","role":"roles/owner","member":"user:helpdesk@meridian-sso-login.test"}]}}"#,
            ..call(when, &victim.email)
        };
        gcp::write(out, dice, &call);
    });
}

fn create_account_key(story: &mut Story) {
    story.step(Scene {
        id: "service-account-key",
        phase: 7,
        title: "A key is made for the service account of the data pipelines",
        technique: "T1098.001",
        source: SourceKind::GcpAudit,
        matches: &[("protoPayload.methodName", Condition::is("google.iam.admin.v1.CreateServiceAccountKey"))],
        indicators: &[("ips", KEY_IP), ("users", "nora.lindqvist@example.com")],
    });
    let victim = story.victim();
    for at_ms in story.burst(story.timeline.at(46, 18, 33), 2, 50_000) {
        story.plant(Stream::GcpActivity, at_ms, |out, dice, when| {
            let call = Call {
                service: "iam.googleapis.com",
                method: "google.iam.admin.v1.CreateServiceAccountKey",
                permission: "iam.serviceAccountKeys.create",
                resource: "projects/-/serviceAccounts/etl-runner@meridian-analytics.iam.gserviceaccount.com",
                resource_type: "service_account",
                resource_labels: r#"{"email_id":"etl-runner@meridian-analytics.iam.gserviceaccount.com","project_id":"meridian-analytics","unique_id":"108294731050642918375"}"#,
                request: r#"{"@type":"type.googleapis.com/google.iam.admin.v1.CreateServiceAccountKeyRequest","name":"projects/-/serviceAccounts/etl-runner@meridian-analytics.iam.gserviceaccount.com"}"#,
                ..call(when, &victim.email)
            };
            gcp::write(out, dice, &call);
        });
    }
}
