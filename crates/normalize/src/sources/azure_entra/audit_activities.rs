//! Which class and activity the activities of the directory audit are:
//! <https://learn.microsoft.com/en-us/entra/identity/monitoring-health/reference-audit-activities>.

use coldtrail_model::Class;

/// Class and activity of an audit record.
pub(super) fn classify(activity: &str, category: &str, operation: &str) -> (Class, i32) {
    let activity = activity.to_ascii_lowercase();
    if let Some(activity_id) = group_activity(&activity) {
        return (Class::GroupManagement, activity_id);
    }
    if let Some(activity_id) = access_activity(&activity) {
        return (Class::UserAccess, activity_id);
    }
    if let Some(activity_id) = account_activity(&activity) {
        return (Class::AccountChange, activity_id);
    }
    match category {
        "GroupManagement" => (Class::GroupManagement, 99),
        "UserManagement" => (Class::AccountChange, 99),
        _ => (Class::ApiActivity, api_activity(operation)),
    }
}

fn group_activity(activity: &str) -> Option<i32> {
    Some(match activity {
        "add owner to group" => 1,
        "remove owner from group" => 2,
        "add member to group"
        | "add eligible member to group in pim completed (permanent)"
        | "add member to group in pim completed (permanent)" => 3,
        "remove member from group" => 4,
        "delete group" | "hard delete group" => 5,
        "add group" | "create group" => 6,
        _ => return None,
    })
}

/// Roles, permissions and ownership of applications. What is only asked for, or asked for in vain, is not given yet.
fn access_activity(activity: &str) -> Option<i32> {
    const GIVEN: [&str; 11] = [
        "add member to role",
        "add eligible member to role",
        "add scoped member to role",
        "add eligible scoped member to role",
        "add app role assignment",
        "add app role assignment grant to user",
        "add delegated permission grant",
        "add oauth2permissiongrant",
        "consent to application",
        "add owner to application",
        "add owner to service principal",
    ];
    const TAKEN: [&str; 10] = [
        "remove member from role",
        "remove eligible member from role",
        "remove scoped member from role",
        "remove eligible scoped member from role",
        "remove app role assignment",
        "remove delegated permission grant",
        "remove oauth2permissiongrant",
        "revoke consent",
        "remove owner from application",
        "remove owner from service principal",
    ];
    let begins = |starts: &[&str]| starts.iter().any(|start| activity.starts_with(start));
    let is_pending = ["requested", "canceled", "denied", "approved"].iter().any(|word| activity.contains(word));
    match () {
        () if is_pending && (begins(&TAKEN) || begins(&GIVEN)) => Some(99),
        () if begins(&TAKEN) => Some(2),
        () if begins(&GIVEN) => Some(1),
        () => None,
    }
}

fn account_activity(activity: &str) -> Option<i32> {
    Some(match activity {
        "add user" | "create user" | "invite external user" | "invite internal user" => 1,
        "enable account" => 2,
        "change user password" | "change password (self-service)" => 3,
        "reset user password" | "reset password (by admin)" | "reset password (self-service)" => 4,
        "disable account" => 5,
        "delete user" | "hard delete user" => 6,
        "user registered security info"
        | "user registered all required security info"
        | "admin registered security info"
        | "enable strong authentication" => 10,
        "user deleted security info" | "admin deleted security info" | "disable strong authentication" => 11,
        "unlock user account (self-service)" => 12,
        "restore user" | "update user" => 99,
        _ => return None,
    })
}

fn api_activity(operation: &str) -> i32 {
    match operation {
        "Add" | "Create" => 1,
        "Get" | "Read" => 2,
        "Update" | "Assign" | "Unassign" | "Set" => 3,
        "Delete" | "Remove" => 4,
        _ => 99,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_that_is_only_requested_is_not_assigned() {
        let of = |activity: &str| classify(activity, "RoleManagement", "Assign");
        assert_eq!(of("Add member to role requested (PIM activation)"), (Class::UserAccess, 99));
        assert_eq!(of("Add member to role completed (PIM activation)"), (Class::UserAccess, 1));
        assert_eq!(of("Remove eligible member from role in PIM completed (permanent)"), (Class::UserAccess, 2));
    }

    #[test]
    fn activities_without_a_class_of_their_own_go_by_category_and_operation() {
        assert_eq!(classify("Update group", "GroupManagement", "Update"), (Class::GroupManagement, 99));
        assert_eq!(classify("Set password policy", "UserManagement", "Update"), (Class::AccountChange, 99));
        assert_eq!(classify("Delete conditional access policy", "Policy", "Delete"), (Class::ApiActivity, 4));
        assert_eq!(classify("Recover device local administrator password", "Device", "Get"), (Class::ApiActivity, 2));
    }
}
