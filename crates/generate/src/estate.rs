//! The machines, accounts and names of the company, and of the internet it talks to.

/// An AWS account.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) id: &'static str,
}

/// Production, development, and the account that keeps the trails.
pub(crate) static ACCOUNTS: [Account; 3] = [Account { id: "111122223333" }, Account { id: "444455556666" }, Account { id: "777788889999" }];

/// A Windows server: name, address.
pub(crate) static SERVERS: [(&str, &str); 8] = [
    ("DC01", "10.10.1.10"),
    ("DC02", "10.10.1.11"),
    ("FS01", "10.10.2.20"),
    ("APP01", "10.10.3.30"),
    ("APP02", "10.10.3.31"),
    ("SQL01", "10.10.4.40"),
    ("JUMP01", "10.10.5.50"),
    ("BUILD01", "10.10.6.60"),
];

/// The resolvers that workstations ask.
pub(crate) static RESOLVERS: [&str; 2] = ["10.10.1.10", "10.10.1.11"];

/// The domain's service accounts: name, relative id, the server they run on.
pub(crate) static SERVICE_ACCOUNTS: [(&str, u32, usize); 4] =
    [("svc_backup", 1012, 2), ("svc_sql", 1013, 5), ("svc_deploy", 1014, 7), ("svc_scan", 1015, 3)];

/// Names that people look up, the busiest first.
pub(crate) static DOMAINS: [&str; 48] = [
    "login.example.com",
    "mail.example.com",
    "intranet.example.com",
    "chat.example.com",
    "cdn.assets.example.net",
    "api.payments.example.net",
    "git.example.com",
    "telemetry.office.example.net",
    "docs.example.com",
    "updates.os-vendor.example.net",
    "storage.cloud.example.net",
    "metrics.example.com",
    "calendar.example.com",
    "video.meet.example.net",
    "img.cdn.example.org",
    "news.example.org",
    "packages.example.org",
    "search.example.org",
    "crm.sales.example.net",
    "wiki.example.com",
    "fonts.static.example.net",
    "ads.track.example.net",
    "safebrowsing.example.org",
    "time.example.net",
    "ocsp.ca.example.net",
    "registry.containers.example.net",
    "weather.example.org",
    "maps.example.org",
    "travel.booking.example.net",
    "shop.example.org",
    "forum.dev.example.org",
    "crates.mirror.example.org",
    "pypi.mirror.example.org",
    "npm.mirror.example.org",
    "status.cloud.example.net",
    "hr.payroll.example.net",
    "lunch.berlin.example.org",
    "music.stream.example.org",
    "push.mobile.example.net",
    "antivirus.defs.example.net",
    "bank.example.org",
    "sso.partner.example.net",
    "files.partner.example.net",
    "tickets.support.example.net",
    "survey.example.org",
    "vpn.example.com",
    "backup.example.com",
    "print.corp.example.com",
];

/// The address that the name with this index resolves to.
pub(crate) fn domain_ip(index: usize) -> String {
    format!("198.51.100.{}", 64 + index * 3 % 180)
}

/// S3 buckets of production, the busiest first.
pub(crate) static BUCKETS: [&str; 8] = [
    "meridian-prod-app-logs",
    "meridian-prod-assets",
    "meridian-prod-invoices",
    "meridian-data-lake-curated",
    "meridian-ci-artifacts",
    "meridian-terraform-state",
    "meridian-prod-backups",
    "meridian-customer-exports",
];
