//! Kubernetes API server audit: <https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/>.

use chrono::NaiveDate;

use crate::cast::{Cast, Team};
use crate::dice::{Dice, Weighted, hash};
use crate::moment::{Moment, Tick};
use crate::out::Out;
use crate::sources::Records;

/// One request to the API server, after its answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request<'a> {
    pub(crate) when: Moment,
    pub(crate) user: &'a str,
    /// JSON array.
    pub(crate) groups: &'a str,
    pub(crate) verb: &'a str,
    pub(crate) uri: &'a str,
    pub(crate) ip: &'a str,
    pub(crate) agent: &'a str,
    /// Group, version, resource, subresource.
    pub(crate) kind: (&'a str, &'a str, &'a str, &'a str),
    pub(crate) namespace: &'a str,
    pub(crate) name: &'a str,
    pub(crate) code: u64,
    /// JSON; empty means absent.
    pub(crate) object: &'a str,
    pub(crate) reason: &'a str,
}

/// Writes one event.
pub(crate) fn write(out: &mut Out, dice: &mut Dice, request: &Request<'_>) {
    let level = if request.object.is_empty() { "Metadata" } else { "Request" };
    let fraction = dice.below(1000);
    out.s(r#"{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":""#).s(level).s(r#"","auditID":""#).uuid(dice);
    out.s(r#"","stage":"ResponseComplete","requestURI":""#).s(request.uri).s(r#"","verb":""#).s(request.verb);
    out.s(r#"","user":{"username":""#).s(request.user);
    if request.user.starts_with("system:serviceaccount:") {
        let mut uid = Dice::named(request.user);
        out.s(r#"","uid":""#).uuid(&mut uid);
    }
    out.s(r#"","groups":"#).s(request.groups).s(r#"},"sourceIPs":[""#).s(request.ip).s(r#""],"userAgent":""#).s(request.agent);
    let (group, version, resource, subresource) = request.kind;
    out.s(r#"","objectRef":{"resource":""#).s(resource).s("\"");
    for (key, value) in [("namespace", request.namespace), ("name", request.name), ("apiGroup", group), ("subresource", subresource)] {
        if !value.is_empty() {
            out.s(",\"").s(key).s("\":\"").s(value).s("\"");
        }
    }
    out.s(r#","apiVersion":""#).s(version).s(r#""},"responseStatus":{"metadata":{}"#);
    if request.code >= 400 {
        out.s(r#","status":"Failure","reason":"Forbidden""#);
    }
    out.s(r#","code":"#).n(request.code).s("}");
    if !request.object.is_empty() {
        out.s(r#","requestObject":"#).s(request.object);
    }
    out.s(r#","requestReceivedTimestamp":""#).iso_fraction(&request.when, fraction, 3).s(r#"Z","stageTimestamp":""#);
    out.iso_fraction(&request.when.later(3 + dice.below(90) as u32), dice.below(1000), 3);
    out.s(r#"Z","annotations":{"authorization.k8s.io/decision":""#).s(if request.code == 403 { "forbid" } else { "allow" });
    out.s(r#"","authorization.k8s.io/reason":"#).json(request.reason).s("}}");
}

/// The groups of people who sign in.
pub(crate) const PEOPLE_GROUPS: &str = r#"["meridian:engineers","system:authenticated"]"#;
const NODE_GROUPS: &str = r#"["system:nodes","system:authenticated"]"#;

static NAMESPACES: [&str; 6] = ["orders", "payments", "web", "monitoring", "kube-system", "batch"];

struct Verb {
    machine: bool,
    weight: u64,
    verb: &'static str,
    group: &'static str,
    resource: &'static str,
    subresource: &'static str,
}

impl Verb {
    /// True if one thing is asked for by its name.
    fn is_named(&self) -> bool {
        !matches!(self.verb, "list" | "watch") && (self.verb != "create" || !self.subresource.is_empty())
    }
}

/// A request's kind; the resource is group, resource, subresource.
const fn verb(machine: bool, weight: u64, verb: &'static str, resource: (&'static str, &'static str, &'static str)) -> Verb {
    Verb { machine, weight, verb, group: resource.0, resource: resource.1, subresource: resource.2 }
}

static VERBS: [Verb; 18] = [
    verb(true, 140, "update", ("coordination.k8s.io", "leases", "")),
    verb(true, 90, "get", ("coordination.k8s.io", "leases", "")),
    verb(true, 70, "patch", ("", "nodes", "status")),
    verb(true, 80, "patch", ("", "pods", "status")),
    verb(true, 60, "watch", ("", "pods", "")),
    verb(true, 50, "list", ("", "endpoints", "")),
    verb(true, 36, "get", ("", "configmaps", "")),
    verb(true, 30, "get", ("", "secrets", "")),
    verb(true, 24, "create", ("", "events", "")),
    verb(true, 12, "create", ("batch", "jobs", "")),
    verb(false, 60, "list", ("", "pods", "")),
    verb(false, 50, "get", ("", "pods", "log")),
    verb(false, 40, "get", ("apps", "deployments", "")),
    verb(false, 16, "patch", ("apps", "deployments", "")),
    verb(false, 10, "list", ("", "events", "")),
    verb(false, 6, "delete", ("", "pods", "")),
    verb(false, 4, "create", ("", "pods", "portforward")),
    verb(false, 3, "create", ("", "pods", "exec")),
];

/// The ordinary requests of a day.
pub(crate) struct Ordinary {
    date: NaiveDate,
    dice: Dice,
    people: Weighted,
    machines: Weighted,
    namespaces: Weighted,
    uri: Out,
    name: Out,
}

impl Ordinary {
    pub(crate) fn new(date: NaiveDate, dice: Dice) -> Self {
        let weights = |machine: bool| Weighted::new(VERBS.iter().map(move |verb| if verb.machine == machine { verb.weight } else { 0 }));
        let namespaces = Weighted::zipf(NAMESPACES.len());
        Self { date, dice, people: weights(false), machines: weights(true), namespaces, uri: Out::default(), name: Out::default() }
    }

    /// Writes the name and the URI of what is asked for.
    fn address(&mut self, verb: &Verb, namespace: &str) {
        let (name, uri) = (&mut self.name, &mut self.uri);
        name.bytes.clear();
        if verb.is_named() {
            let which = self.dice.below(5).min(self.dice.below(5));
            name.s(["checkout", "gateway", "worker", "ledger", "mailer"][which as usize]);
            match verb.resource {
                "pods" => drop(name.s("-").hex_of(hash(namespace) ^ which, 9).s("-").hex_of(hash(namespace) >> which, 5)),
                "nodes" => drop(name.s("-node-").n(which)),
                _ => {}
            }
        }
        uri.bytes.clear();
        uri.s(if verb.group.is_empty() { "/api/v1" } else { "/apis/" });
        if !verb.group.is_empty() {
            uri.s(verb.group).s("/v1");
        }
        if verb.resource != "nodes" {
            uri.s("/namespaces/").s(namespace);
        }
        uri.s("/").s(verb.resource);
        if verb.is_named() {
            uri.bytes.push(b'/');
            uri.bytes.extend_from_slice(&name.bytes);
        }
        if !verb.subresource.is_empty() {
            uri.s("/").s(verb.subresource);
        }
        match verb.verb {
            "list" => drop(uri.s("?limit=500")),
            "watch" => drop(uri.s("?allowWatchBookmarks=true&watch=true")),
            _ => {}
        }
    }
}

impl Records for Ordinary {
    fn write(&mut self, out: &mut Out, tick: Tick) {
        let when = Moment::new(self.date, tick.ms);
        let table = if tick.clockwork { &self.machines } else { &self.people };
        let verb = &VERBS[table.draw(&mut self.dice)];
        let namespace = NAMESPACES[self.namespaces.draw(&mut self.dice)];
        self.address(verb, namespace);
        let dice = &mut self.dice;
        let person = Cast::get().member_at(&[Team::Platform, Team::Engineering], when.hour(), dice);
        let groups;
        let (user, groups, ip, agent) = match (tick.clockwork, verb.resource) {
            (true, "nodes") | (true, "pods") if verb.verb == "patch" => {
                let node = dice.between(1, 6);
                let name = format!("system:node:ip-10-0-12-4{node}.eu-west-1.compute.internal");
                (name, NODE_GROUPS, format!("10.0.12.4{node}"), "kubelet/v1.31.3 (linux/amd64) kubernetes/c83cbee")
            }
            (true, _) => {
                let account = *dice.pick(&["argocd-controller", "cluster-autoscaler", "coredns", "prometheus", "cert-manager"]);
                groups = format!(r#"["system:serviceaccounts","system:serviceaccounts:{namespace}","system:authenticated"]"#);
                let ip = format!("10.0.20.{}", 10 + hash(account) % 40);
                (format!("system:serviceaccount:{namespace}:{account}"), groups.as_str(), ip, "Go-http-client/2.0")
            }
            _ => (person.email.clone(), PEOPLE_GROUPS, person.ip.clone(), "kubectl/v1.31.2 (darwin/arm64) kubernetes/5864a46"),
        };
        let code = match verb.verb {
            _ if dice.permille(9) => 403,
            "create" if verb.subresource == "exec" || verb.subresource == "portforward" => 101,
            "create" => 201,
            _ => 200,
        };
        let text = |out: &Out| String::from_utf8_lossy(&out.bytes).into_owned();
        let request = Request {
            when,
            user: &user,
            groups,
            verb: verb.verb,
            uri: &text(&self.uri),
            ip: &ip,
            agent,
            kind: (verb.group, "v1", verb.resource, verb.subresource),
            namespace: if verb.resource == "nodes" { "" } else { namespace },
            name: &text(&self.name),
            code,
            object: "",
            reason: if code == 403 {
                ""
            } else {
                "RBAC: allowed by ClusterRoleBinding \"meridian-default\" of ClusterRole \"meridian-default\""
            },
        };
        write(out, dice, &request);
    }
}
