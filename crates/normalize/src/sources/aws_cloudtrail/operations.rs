//! Which class and activity an operation is.

use coldtrail_model::Class;

use crate::fields::Fields;

/// Operations that are more than a call: (service, operation, class, activity). The service is the first label of `eventSource`.
///
/// Security Lake and the OCSF examples put changes of IAM users and roles in Account Change, sign-ins and role sessions in
/// Authentication. What OCSF has no number for is 99, and the operation is its name.
const OPERATIONS: &[(&str, &str, Class, i32)] = &[
    ("iam", "CreateUser", Class::AccountChange, 1),
    ("iam", "CreateRole", Class::AccountChange, 1),
    ("iam", "CreateServiceLinkedRole", Class::AccountChange, 1),
    ("iam", "DeleteUser", Class::AccountChange, 6),
    ("iam", "DeleteRole", Class::AccountChange, 6),
    ("iam", "DeleteServiceLinkedRole", Class::AccountChange, 6),
    ("iam", "CreateLoginProfile", Class::AccountChange, 2),
    ("iam", "DeleteLoginProfile", Class::AccountChange, 5),
    ("iam", "ChangePassword", Class::AccountChange, 3),
    ("iam", "UpdateLoginProfile", Class::AccountChange, 4),
    ("iam", "AttachUserPolicy", Class::AccountChange, 7),
    ("iam", "AttachRolePolicy", Class::AccountChange, 7),
    ("iam", "PutUserPolicy", Class::AccountChange, 7),
    ("iam", "PutRolePolicy", Class::AccountChange, 7),
    ("iam", "PutUserPermissionsBoundary", Class::AccountChange, 7),
    ("iam", "PutRolePermissionsBoundary", Class::AccountChange, 7),
    ("iam", "AddRoleToInstanceProfile", Class::AccountChange, 7),
    ("iam", "DetachUserPolicy", Class::AccountChange, 8),
    ("iam", "DetachRolePolicy", Class::AccountChange, 8),
    ("iam", "DeleteUserPolicy", Class::AccountChange, 8),
    ("iam", "DeleteRolePolicy", Class::AccountChange, 8),
    ("iam", "DeleteUserPermissionsBoundary", Class::AccountChange, 8),
    ("iam", "DeleteRolePermissionsBoundary", Class::AccountChange, 8),
    ("iam", "RemoveRoleFromInstanceProfile", Class::AccountChange, 8),
    ("iam", "EnableMFADevice", Class::AccountChange, 10),
    ("iam", "DeactivateMFADevice", Class::AccountChange, 11),
    ("iam", "CreateVirtualMFADevice", Class::AccountChange, 99),
    ("iam", "DeleteVirtualMFADevice", Class::AccountChange, 99),
    ("iam", "ResyncMFADevice", Class::AccountChange, 99),
    ("iam", "CreateAccessKey", Class::AccountChange, 99),
    ("iam", "UpdateAccessKey", Class::AccountChange, 99),
    ("iam", "DeleteAccessKey", Class::AccountChange, 99),
    ("iam", "CreateServiceSpecificCredential", Class::AccountChange, 99),
    ("iam", "ResetServiceSpecificCredential", Class::AccountChange, 99),
    ("iam", "UpdateServiceSpecificCredential", Class::AccountChange, 99),
    ("iam", "DeleteServiceSpecificCredential", Class::AccountChange, 99),
    ("iam", "UploadSigningCertificate", Class::AccountChange, 99),
    ("iam", "UpdateSigningCertificate", Class::AccountChange, 99),
    ("iam", "DeleteSigningCertificate", Class::AccountChange, 99),
    ("iam", "UploadSSHPublicKey", Class::AccountChange, 99),
    ("iam", "UpdateSSHPublicKey", Class::AccountChange, 99),
    ("iam", "DeleteSSHPublicKey", Class::AccountChange, 99),
    ("iam", "UpdateUser", Class::AccountChange, 99),
    ("iam", "UpdateRole", Class::AccountChange, 99),
    ("iam", "UpdateRoleDescription", Class::AccountChange, 99),
    ("iam", "UpdateAssumeRolePolicy", Class::AccountChange, 99),
    ("iam", "TagUser", Class::AccountChange, 99),
    ("iam", "UntagUser", Class::AccountChange, 99),
    ("iam", "TagRole", Class::AccountChange, 99),
    ("iam", "UntagRole", Class::AccountChange, 99),
    ("iam", "AttachGroupPolicy", Class::GroupManagement, 1),
    ("iam", "PutGroupPolicy", Class::GroupManagement, 1),
    ("iam", "DetachGroupPolicy", Class::GroupManagement, 2),
    ("iam", "DeleteGroupPolicy", Class::GroupManagement, 2),
    ("iam", "AddUserToGroup", Class::GroupManagement, 3),
    ("iam", "RemoveUserFromGroup", Class::GroupManagement, 4),
    ("iam", "DeleteGroup", Class::GroupManagement, 5),
    ("iam", "CreateGroup", Class::GroupManagement, 6),
    ("iam", "UpdateGroup", Class::GroupManagement, 99),
    ("sso-directory", "CreateUser", Class::AccountChange, 1),
    ("sso-directory", "EnableUser", Class::AccountChange, 2),
    ("sso-directory", "UpdatePassword", Class::AccountChange, 4),
    ("sso-directory", "DisableUser", Class::AccountChange, 5),
    ("sso-directory", "DeleteUser", Class::AccountChange, 6),
    ("sso-directory", "UpdateUser", Class::AccountChange, 99),
    ("sso-directory", "AddMemberToGroup", Class::GroupManagement, 3),
    ("sso-directory", "RemoveMemberFromGroup", Class::GroupManagement, 4),
    ("sso-directory", "DeleteGroup", Class::GroupManagement, 5),
    ("sso-directory", "CreateGroup", Class::GroupManagement, 6),
    ("identitystore", "CreateUser", Class::AccountChange, 1),
    ("identitystore", "DeleteUser", Class::AccountChange, 6),
    ("identitystore", "UpdateUser", Class::AccountChange, 99),
    ("identitystore", "CreateGroupMembership", Class::GroupManagement, 3),
    ("identitystore", "DeleteGroupMembership", Class::GroupManagement, 4),
    ("identitystore", "DeleteGroup", Class::GroupManagement, 5),
    ("identitystore", "CreateGroup", Class::GroupManagement, 6),
    ("signin", "PasswordUpdated", Class::AccountChange, 3),
    ("signin", "PasswordRecoveryRequested", Class::AccountChange, 4),
    ("signin", "PasswordRecoveryCompleted", Class::AccountChange, 4),
    ("signin", "EmailUpdated", Class::AccountChange, 99),
    ("signin", "AccountNameUpdated", Class::AccountChange, 99),
    ("signin", "ConsoleLogin", Class::Authentication, 1),
    ("signin", "ExternalIdPDirectoryLogin", Class::Authentication, 1),
    ("signin", "UserAuthentication", Class::Authentication, 1),
    ("signin", "RenewRole", Class::Authentication, 1),
    ("signin", "Logout", Class::Authentication, 2),
    ("signin", "LogOut", Class::Authentication, 2),
    ("signin", "SwitchRole", Class::Authentication, 7),
    ("signin", "ExitRole", Class::Authentication, 7),
    ("signin", "CheckMfa", Class::Authentication, 99),
    ("signin", "CredentialChallenge", Class::Authentication, 99),
    ("signin", "CredentialVerification", Class::Authentication, 99),
    ("sso", "Authenticate", Class::Authentication, 1),
    ("sso", "Federate", Class::Authentication, 1),
    ("sso", "Logout", Class::Authentication, 2),
    ("sts", "AssumeRole", Class::Authentication, 1),
    ("sts", "AssumeRoleWithSAML", Class::Authentication, 1),
    ("sts", "AssumeRoleWithWebIdentity", Class::Authentication, 1),
    ("sts", "AssumeRoot", Class::Authentication, 1),
    ("sts", "GetSessionToken", Class::Authentication, 1),
    ("sts", "GetFederationToken", Class::Authentication, 1),
];

/// The verbs that names of operations begin with, and the activity of API Activity that each is.
const VERBS: &[(&str, i32)] = &[
    ("Accept", 3),
    ("Add", 3),
    ("Allocate", 1),
    ("Associate", 3),
    ("Assign", 3),
    ("Attach", 3),
    ("Authorize", 3),
    ("Cancel", 4),
    ("Change", 3),
    ("Check", 2),
    ("Copy", 1),
    ("Create", 1),
    ("Delete", 4),
    ("Deregister", 4),
    ("Describe", 2),
    ("Detach", 3),
    ("Disable", 3),
    ("Disassociate", 3),
    ("Enable", 3),
    ("Get", 2),
    ("Head", 2),
    ("Import", 1),
    ("Issue", 1),
    ("List", 2),
    ("Lookup", 2),
    ("Modify", 3),
    ("Put", 3),
    ("Query", 2),
    ("Reboot", 3),
    ("Register", 1),
    ("Release", 4),
    ("Remove", 4),
    ("Replace", 3),
    ("Reset", 3),
    ("Restore", 3),
    ("Revoke", 3),
    ("Run", 1),
    ("Scan", 2),
    ("Search", 2),
    ("Select", 2),
    ("Set", 3),
    ("Start", 3),
    ("Stop", 3),
    ("Tag", 3),
    ("Terminate", 4),
    ("Unassign", 3),
    ("Untag", 3),
    ("Update", 3),
    ("Upload", 1),
];

/// The class and activity of a record.
pub(super) fn classify(record: &Fields<'_>) -> (Class, i32) {
    let operation = record.peek_text("eventName").unwrap_or_default();
    let service = record.peek_text("eventSource").and_then(|source| source.split('.').next()).unwrap_or_default();
    if let "iam" | "sts" | "signin" | "sso" | "sso-directory" | "identitystore" = service
        && let Some((.., class, activity)) = OPERATIONS.iter().find(|(of, name, ..)| *of == service && *name == operation)
    {
        return (*class, *activity);
    }
    (Class::ApiActivity, activity_of(operation, record))
}

fn activity_of(operation: &str, record: &Fields<'_>) -> i32 {
    let operation = ["Batch", "Admin"].iter().find_map(|prefix| operation.strip_prefix(prefix)).unwrap_or(operation);
    let is_verb = |verb: &str| operation.strip_prefix(verb).is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_lowercase()));
    match VERBS.iter().find(|(verb, _)| is_verb(verb)) {
        Some((_, activity)) => *activity,
        None if is_read_only(record) => 2,
        None => 99,
    }
}

fn is_read_only(record: &Fields<'_>) -> bool {
    matches!(record.peek("readOnly"), Some(serde_json_borrow::Value::Bool(true))) || record.peek_text("readOnly") == Some("true")
}
