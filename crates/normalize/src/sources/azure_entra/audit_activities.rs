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

/// Roles, permissions and ownership of applications.
fn access_activity(activity: &str) -> Option<i32> {
    const GIVEN: [&str; 12] = [
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
        "add policy to service principal",
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
    match () {
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
