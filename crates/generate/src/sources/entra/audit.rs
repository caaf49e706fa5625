use chrono::NaiveDate;

use crate::cast::{Cast, Person, Team};
use crate::dice::{Dice, Weighted, hash};
use crate::moment::{Moment, Tick};
use crate::out::Out;
use crate::sources::Records;
use crate::stream::TENANT;

/// One change of the directory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Change<'a> {
    pub(crate) when: Moment,
    pub(crate) activity: &'a str,
    pub(crate) category: &'a str,
    pub(crate) service: &'a str,
    /// `Add`, `Update`, `Delete` or `Assign`.
    pub(crate) operation: &'a str,
    pub(crate) by: &'a Person,
    pub(crate) ip: &'a str,
    pub(crate) target: &'a Person,
    /// The modified properties: JSON.
    pub(crate) modified: &'a str,
    pub(crate) reason: &'a str,
}

/// Writes one change.
pub(crate) fn write_change(out: &mut Out, dice: &mut Dice, change: &Change<'_>) {
    let Change { when, by, target, .. } = *change;
    let correlation = Out::default().uuid(dice).take_string();
    let fraction = dice.below(10_000);
    out.s(r#"{"time":""#).iso_fraction(&when, fraction, 4).s(r#"Z","resourceId":"/tenants/"#).s(TENANT);
    out.s(r#"/providers/Microsoft.aadiam","operationName":""#)
        .s(change.activity)
        .s(r#"","operationVersion":"1.0","category":"AuditLogs","#);
    out.s(r#""tenantId":""#).s(TENANT).s(r#"","resultSignature":"None","durationMs":0,"callerIpAddress":""#).s(change.ip);
    out.s(r#"","correlationId":""#)
        .s(&correlation)
        .s(r#"","Level":4,"properties":{"id":"Directory_"#)
        .s(&correlation)
        .s("_")
        .base32(dice, 5);
    out.s(r#"","category":""#).s(change.category).s(r#"","correlationId":""#).s(&correlation);
    out.s(r#"","result":"success","resultReason":"#).json(change.reason).s(r#","activityDisplayName":""#).s(change.activity);
    out.s(r#"","activityDateTime":""#).iso_fraction(&when, fraction, 4).s(r#"+00:00","loggedByService":""#).s(change.service);
    out.s(r#"","operationType":""#).s(change.operation).s(r#"","initiatedBy":{"user":{"id":""#).s(&by.guid);
    out.s(r#"","displayName":"#).json(by.display).s(r#","userPrincipalName":""#).s(&by.email).s(r#"","ipAddress":""#).s(change.ip);
    out.s(r#"","roles":[]}},"targetResources":[{"id":""#).s(&target.guid).s(r#"","displayName":"#).json(target.display);
    out.s(r#","type":"User","userPrincipalName":""#).s(&target.email).s(r#"","modifiedProperties":"#).s(change.modified);
    out.s(r#","administrativeUnits":[]}],"additionalDetails":[]}}"#);
}

/// Changes of everyday life: activity, category, service, operation, modified properties, weight, made by the user themself.
static CHANGES: [(&str, &str, &str, &str, &str, u64, bool); 9] = [
    (
        "Update user",
        "UserManagement",
        "Core Directory",
        "Update",
        r#"[{"displayName":"Department","oldValue":"[\"Sales\"]","newValue":"[\"Data\"]"}]"#,
        30,
        false,
    ),
    (
        "Add member to group",
        "GroupManagement",
        "Core Directory",
        "Assign",
        r#"[{"displayName":"Group.DisplayName","oldValue":null,"newValue":"\"app-crm-users\""}]"#,
        24,
        false,
    ),
    (
        "Remove member from group",
        "GroupManagement",
        "Core Directory",
        "Unassign",
        r#"[{"displayName":"Group.DisplayName","oldValue":"\"app-crm-users\"","newValue":null}]"#,
        9,
        false,
    ),
    ("User registered security info", "UserManagement", "Authentication Methods", "Add", "[]", 5, true),
    ("Change user password", "UserManagement", "Core Directory", "Update", "[]", 14, true),
    (
        "Reset user password",
        "UserManagement",
        "Core Directory",
        "Update",
        r#"[{"displayName":"Included Updated Properties","oldValue":null,"newValue":"\"PasswordProfile\""}]"#,
        6,
        false,
    ),
    (
        "Add user",
        "UserManagement",
        "Core Directory",
        "Add",
        r#"[{"displayName":"AccountEnabled","oldValue":"[]","newValue":"[true]"},{"displayName":"UserType","oldValue":"[]","newValue":"[\"Member\"]"}]"#,
        2,
        false,
    ),
    ("Consent to application", "ApplicationManagement", "Core Directory", "Assign", "[]", 4, true),
    (
        "Add member to role",
        "RoleManagement",
        "Core Directory",
        "Assign",
        r#"[{"displayName":"Role.DisplayName","oldValue":null,"newValue":"\"Reports Reader\""}]"#,
        1,
        false,
    ),
];

/// The ordinary changes of a day.
pub(crate) struct OrdinaryAudit {
    date: NaiveDate,
    dice: Dice,
    changes: Weighted,
}

impl OrdinaryAudit {
    pub(crate) fn new(date: NaiveDate, dice: Dice) -> Self {
        Self { date, dice, changes: Weighted::new(CHANGES.iter().map(|change| change.5)) }
    }
}

impl Records for OrdinaryAudit {
    fn write(&mut self, out: &mut Out, tick: Tick) {
        let when = Moment::new(self.date, tick.ms);
        let dice = &mut self.dice;
        let (activity, category, service, operation, modified, _, own) = CHANGES[self.changes.draw(dice)];
        let target = Cast::get().person_at(when.hour(), dice);
        let by = if own { target } else { Cast::get().member_at(&[Team::Platform, Team::People], when.hour(), dice) };
        let ip = if hash(activity).is_multiple_of(3) { by.site.nat_ip } else { by.public_ip(dice) };
        let reason =
            if activity == "User registered security info" { "User registered Authenticator App with Notification and Code" } else { "" };
        write_change(out, dice, &Change { when, activity, category, service, operation, by, ip, target, modified, reason });
    }
}
