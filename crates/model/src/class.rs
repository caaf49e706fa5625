use std::fmt;
use std::str::FromStr;

use crate::class_columns::{columns_of, has_column};
use crate::{Col, Error};

macro_rules! classes {
    ($($(#[$doc:meta])* $variant:ident = $uid:literal, $name:literal, $caption:literal, $category_uid:literal, $category:literal;)*) => {
        /// The OCSF 1.8.0 classes that have a table. The source of names and numbers is <https://schema.ocsf.io/1.8.0>.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Class { $($(#[$doc])* $variant,)* }

        impl Class {
            /// Every class, in order of category and number.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// OCSF's `class_uid`.
            pub fn uid(self) -> i32 { match self { $(Self::$variant => $uid,)* } }

            /// OCSF's short name, which is the table's name: `api_activity`.
            pub fn name(self) -> &'static str { match self { $(Self::$variant => $name,)* } }

            /// OCSF's `class_name`: `API Activity`.
            pub fn caption(self) -> &'static str { match self { $(Self::$variant => $caption,)* } }

            /// OCSF's `category_uid`.
            pub fn category_uid(self) -> i32 { match self { $(Self::$variant => $category_uid,)* } }

            /// OCSF's `category_name`.
            pub fn category_name(self) -> &'static str { match self { $(Self::$variant => $category,)* } }
        }
    };
}

classes! {
    /// A process reads, writes, deletes or otherwise touches a file.
    FileActivity = 1001, "file_activity", "File System Activity", 1, "System Activity";
    /// A process loads or unloads a library or driver.
    ModuleActivity = 1005, "module_activity", "Module Activity", 1, "System Activity";
    /// A scheduled job is created, changed, run or removed.
    ScheduledJobActivity = 1006, "scheduled_job_activity", "Scheduled Job Activity", 1, "System Activity";
    /// A process starts, ends, or acts on another.
    ProcessActivity = 1007, "process_activity", "Process Activity", 1, "System Activity";
    /// Something happens to an event log, or an event that no other class describes.
    EventLogActivity = 1008, "event_log_activity", "Event Log Activity", 1, "System Activity";
    /// A script is run.
    ScriptActivity = 1009, "script_activity", "Script Activity", 1, "System Activity";
    /// A detection of a security product.
    DetectionFinding = 2004, "detection_finding", "Detection Finding", 2, "Findings";
    /// An account is created, changed, disabled or removed.
    AccountChange = 3001, "account_change", "Account Change", 3, "Identity & Access Management";
    /// Somebody signs in or out.
    Authentication = 3002, "authentication", "Authentication", 3, "Identity & Access Management";
    /// A privilege is given to or taken from a user.
    UserAccess = 3005, "user_access", "User Access Management", 3, "Identity & Access Management";
    /// A group gains or loses members or privileges.
    GroupManagement = 3006, "group_management", "Group Management", 3, "Identity & Access Management";
    /// A connection or flow on the network.
    NetworkActivity = 4001, "network_activity", "Network Activity", 4, "Network Activity";
    /// An HTTP request or response.
    HttpActivity = 4002, "http_activity", "HTTP Activity", 4, "Network Activity";
    /// A DNS query or answer.
    DnsActivity = 4003, "dns_activity", "DNS Activity", 4, "Network Activity";
    /// A call of an API.
    ApiActivity = 6003, "api_activity", "API Activity", 6, "Application Activity";
    /// Data in a datastore is read or written.
    DatastoreActivity = 6005, "datastore_activity", "Datastore Activity", 6, "Application Activity";
    /// A Windows registry key is touched.
    RegistryKeyActivity = 201001, "registry_key_activity", "Registry Key Activity", 1, "System Activity";
    /// A Windows registry value is touched.
    RegistryValueActivity = 201002, "registry_value_activity", "Registry Value Activity", 1, "System Activity";
}

impl Class {
    /// The class with this `class_uid`, if it has a table.
    pub fn from_uid(uid: i32) -> Option<Self> {
        Self::ALL.iter().copied().find(|class| class.uid() == uid)
    }

    /// The columns of the class, in the order of its table.
    pub fn columns(self) -> &'static [Col] {
        columns_of(self)
    }

    /// True if the class has this column.
    pub fn has(self, col: Col) -> bool {
        has_column(self, col)
    }

    /// OCSF's `type_uid` of an activity: `class_uid * 100 + activity_id`.
    pub fn type_uid(self, activity_id: i32) -> i64 {
        i64::from(self.uid()) * 100 + i64::from(activity_id)
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Class {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        Self::ALL.iter().copied().find(|class| class.name() == name).ok_or_else(|| Error::NotAClass { name: name.to_owned() })
    }
}
