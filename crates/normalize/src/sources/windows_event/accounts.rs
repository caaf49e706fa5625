//! Accounts and groups, as the Security log has them:
//! <https://learn.microsoft.com/en-us/previous-versions/windows/it-pro/windows-10/security/threat-protection/auditing/basic-audit-account-management>.

use coldtrail_model::{Class, Col, Event};

use super::place::{USER, place, subject, target, user};
use super::record::Record;
use super::route::{Route, to};

/// The account and group events. Users and computers are accounts; local, global and universal groups are groups, with or without rights.
pub(super) fn route(id: i64) -> Option<Route> {
    Some(match id {
        4720 | 4741 => to(Class::AccountChange, 1, account),
        4722 => to(Class::AccountChange, 2, account),
        4723 => to(Class::AccountChange, 3, account),
        4724 => to(Class::AccountChange, 4, account),
        4725 => to(Class::AccountChange, 5, account),
        4726 | 4743 => to(Class::AccountChange, 6, account),
        4738 | 4742 => to(Class::AccountChange, 99, changed_account),
        4781 => to(Class::AccountChange, 99, renamed_account),
        4740 => to(Class::AccountChange, 9, locked_account),
        4767 => to(Class::AccountChange, 12, account),
        4728 | 4732 | 4746 | 4751 | 4756 | 4761 => to(Class::GroupManagement, 3, membership),
        4729 | 4733 | 4747 | 4752 | 4757 | 4762 => to(Class::GroupManagement, 4, membership),
        4730 | 4734 | 4748 | 4753 | 4758 | 4763 => to(Class::GroupManagement, 5, group),
        4727 | 4731 | 4744 | 4749 | 4754 | 4759 => to(Class::GroupManagement, 6, group),
        4735 | 4737 | 4745 | 4750 | 4755 | 4760 => to(Class::GroupManagement, 99, changed_group),
        _ => return None,
    })
}

fn account(event: &mut Event, record: &mut Record<'_>) {
    subject(event, record);
    target(event, record);
    place(event, record, &[(Col::UserFullName, "DisplayName"), (Col::UserEmailAddr, "UserPrincipalName")]);
}

fn changed_account(event: &mut Event, record: &mut Record<'_>) {
    event.activity_other("Change");
    account(event, record);
}

fn renamed_account(event: &mut Event, record: &mut Record<'_>) {
    event.activity_other("Rename");
    let old_name = record.text("OldTargetUserName");
    place(event, record, &[(Col::UserResultName, "NewTargetUserName")]);
    account(event, record);
    event.text_opt(Col::UserName, old_name);
}

/// 4740: `TargetDomainName` is the computer that the attempts came from.
fn locked_account(event: &mut Event, record: &mut Record<'_>) {
    place(event, record, &[(Col::SrcEndpointHostname, "TargetDomainName")]);
    account(event, record);
}

fn group(event: &mut Event, record: &mut Record<'_>) {
    subject(event, record);
    place(event, record, &[(Col::GroupName, "TargetUserName"), (Col::GroupDomain, "TargetDomainName")]);
    event.text_opt(Col::GroupUid, record.text_of(&["TargetSid", "TargetUserSid"]));
    privileges(event, record);
}

fn changed_group(event: &mut Event, record: &mut Record<'_>) {
    event.activity_other("Change");
    group(event, record);
}

fn membership(event: &mut Event, record: &mut Record<'_>) {
    let (name, uid) = (record.text("MemberName"), record.text("MemberSid"));
    user(event, &USER, name, None, uid);
    group(event, record);
}

fn privileges(event: &mut Event, record: &mut Record<'_>) {
    if let Some(privileges) = record.text("PrivilegeList") {
        event.list(Col::Privileges, privileges.split_ascii_whitespace());
    }
}
