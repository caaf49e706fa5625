//! Where events of a class go: to its table, or to that of the class that is nearest if it has none.

use coldtrail_model::Class;
use serde_json_borrow::Value;

use super::versions::move_value;
use crate::declared::text_of;
use crate::parse::parse_long;

/// The table of an event, and what becomes of it there.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) class: Class,
    /// True if the event says itself that it is of this class.
    pub(super) is_same_class: bool,
    /// True if the class of the event numbers activities like that of the table.
    pub(super) has_same_activities: bool,
    /// The protocol that the class of the event stands for.
    pub(super) protocol: Option<&'static str>,
    moves: &'static [(&'static str, &'static str)],
}

/// A class that has no table of its own.
struct Nearest {
    uids: &'static [i64],
    class: Class,
    has_same_activities: bool,
    protocol: Option<&'static str>,
    /// Where attributes of the class go that the class of the table calls otherwise.
    moves: &'static [(&'static str, &'static str)],
}

const fn nearest(uids: &'static [i64], class: Class, has_same_activities: bool) -> Nearest {
    Nearest { uids, class, has_same_activities, protocol: None, moves: &[] }
}

const fn protocol(uid: &'static [i64], has_same_activities: bool, name: &'static str) -> Nearest {
    Nearest { uids: uid, class: Class::NetworkActivity, has_same_activities, protocol: Some(name), moves: &[] }
}

/// Security Finding was deprecated for Detection Finding and its kin in 1.1.0. What the object is tells the class of the others; what is
/// no file, process or connection is an event of its log. Their own `class_uid` stays in `unmapped`.
const NEAREST: &[Nearest] = &[
    Nearest { moves: &[("driver", "module")], ..nearest(&[1002], Class::ModuleActivity, true) },
    nearest(&[1004, 7003], Class::ProcessActivity, false),
    nearest(&[2001], Class::DetectionFinding, true),
    nearest(&[2002, 2003, 2006, 2007, 2008], Class::DetectionFinding, true),
    Nearest {
        moves: &[("finding_info_list.0", "finding_info"), ("desc", "finding_info.desc")],
        ..nearest(&[2005], Class::DetectionFinding, true)
    },
    nearest(&[3003], Class::UserAccess, false),
    Nearest { moves: &[("entity", "resources.0")], ..nearest(&[3004], Class::ApiActivity, true) },
    protocol(&[4004], false, "dhcp"),
    protocol(&[4005], false, "rdp"),
    protocol(&[4006], false, "smb"),
    protocol(&[4007], true, "ssh"),
    protocol(&[4008], false, "ftp"),
    Nearest { moves: &[("email.from", "actor.user.email_addr")], ..protocol(&[4009, 4011, 4012], false, "smtp") },
    protocol(&[4013], false, "ntp"),
    nearest(&[4014, 7004], Class::NetworkActivity, false),
    nearest(&[4010, 7002], Class::FileActivity, false),
    nearest(&[6001, 6004, 6006], Class::ApiActivity, true),
];

/// The states of a finding by their captions.
pub(super) const FINDING_STATUSES: &[(i64, &str)] =
    &[(0, "Unknown"), (1, "New"), (2, "In Progress"), (3, "Suppressed"), (4, "Resolved"), (5, "Archived"), (6, "Deleted")];

/// The category Findings.
const FINDINGS: i64 = 2;

/// Where an event goes; nothing if it does not say what it is.
pub(super) fn target_of(root: &Value<'_>) -> Option<Target> {
    let root = root.as_object()?;
    let number = |key: &str| root.get(key).and_then(text_of).and_then(|text| parse_long(&text));
    let name = root.get("class_name").and_then(text_of);
    let by_name = name.and_then(|name| Class::ALL.iter().copied().find(|class| class.caption().eq_ignore_ascii_case(&name)));
    let uid = number("class_uid").or(number("type_uid").map(|type_uid| type_uid / 100)).or(by_name.map(|class| i64::from(class.uid())))?;
    let version = root.get("metadata").and_then(Value::as_object).and_then(|metadata| metadata.get("version")).and_then(text_of);
    // Candidates of 1.0.0 numbered some classes otherwise: API Activity was 3005.
    let is_candidate = version.is_some_and(|version| version.starts_with("0.") || version.starts_with("1.0.0-rc"));
    let by_uid = i32::try_from(uid).ok().and_then(Class::from_uid);
    match by_name.filter(|_| is_candidate).or(by_uid) {
        Some(class) => {
            Some(Target { class, is_same_class: i64::from(class.uid()) == uid, has_same_activities: true, protocol: None, moves: &[] })
        }
        None => Some(nearest_of(uid, number("category_uid").unwrap_or(uid / 1000))),
    }
}

fn nearest_of(uid: i64, category_uid: i64) -> Target {
    match NEAREST.iter().find(|nearest| nearest.uids.contains(&uid)) {
        Some(nearest) => Target {
            class: nearest.class,
            is_same_class: false,
            has_same_activities: nearest.has_same_activities,
            protocol: nearest.protocol,
            moves: nearest.moves,
        },
        None => {
            let class = if category_uid == FINDINGS { Class::DetectionFinding } else { Class::EventLogActivity };
            Target { class, is_same_class: false, has_same_activities: false, protocol: None, moves: &[] }
        }
    }
}

impl Target {
    /// Puts attributes where the class of the table has them.
    pub(super) fn move_attributes(&self, root: &mut Value<'_>) {
        self.moves.iter().for_each(|(from, to)| move_value(root, from, to));
    }
}
