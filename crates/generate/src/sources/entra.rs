//! Microsoft Entra ID, as its diagnostic settings export it:
//! <https://learn.microsoft.com/en-us/entra/identity/monitoring-health/concept-diagnostic-settings-logs-options>.

mod audit;

use chrono::NaiveDate;

use crate::cast::{BROWSERS, Cast, Person, Site};
use crate::dice::{Dice, Weighted, hash};
use crate::moment::{Moment, Tick};
use crate::out::Out;
use crate::sources::Records;
use crate::stream::TENANT;

pub(crate) use audit::{Change, OrdinaryAudit, write_change};

/// Where an address is said to be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) city: &'a str,
    pub(crate) state: &'a str,
    pub(crate) country: &'a str,
    pub(crate) coordinates: (&'a str, &'a str),
    pub(crate) asn: u64,
}

impl Place<'static> {
    fn of(site: &'static Site) -> Self {
        let asn = match site.country {
            "DE" => 3320,
            "FR" => 3215,
            _ => 7018,
        };
        Self { city: site.city, state: site.state, country: site.country, coordinates: site.place, asn }
    }
}

/// What was asked of the user besides the password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mfa {
    /// Nothing.
    NotAsked,
    /// An earlier answer still counted.
    Remembered,
    /// The push was approved.
    Approved,
    /// The push was denied or ran out.
    Denied,
}

/// One sign-in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SignIn<'a> {
    pub(crate) when: Moment,
    pub(crate) interactive: bool,
    pub(crate) person: &'a Person,
    pub(crate) ip: &'a str,
    pub(crate) place: Place<'a>,
    pub(crate) agent: &'a str,
    /// Browser and operating system, as Entra names them.
    pub(crate) browser: (&'a str, &'a str),
    /// True if the device is the company's.
    pub(crate) managed: bool,
    /// Index into [`APPS`].
    pub(crate) app: usize,
    pub(crate) client: &'a str,
    /// Error code (0 is success), reason, what Entra adds.
    pub(crate) error: (u64, &'a str, &'a str),
    pub(crate) mfa: Mfa,
    pub(crate) conditional_access: &'a str,
    pub(crate) risk: &'a str,
}

/// Applications: id, name, and the resource they ask for (id, name). The busiest first.
pub(crate) static APPS: [(&str, &str, &str, &str); 9] = [
    ("1fec8e78-bce4-4aaf-ab1b-5451cc387264", "Microsoft Teams", "cc15fd57-2c6c-4117-a88c-83b1d56b4bbe", "Microsoft Teams Services"),
    ("9199bf20-a13f-4107-85dc-02114787ef48", "One Outlook Web", "00000002-0000-0ff1-ce00-000000000000", "Office 365 Exchange Online"),
    ("4765445b-32c6-49b0-83e6-1d93765276ca", "OfficeHome", "4345a7b9-9a63-4910-a426-35363201d503", "O365 Suite UX"),
    (
        "08e18876-6177-487e-b8b5-cf950c1e598c",
        "SharePoint Online Web Client",
        "00000003-0000-0ff1-ce00-000000000000",
        "Office 365 SharePoint Online",
    ),
    ("8c59ead7-d703-4a27-9e55-c96a0054c8d2", "AWS IAM Identity Center", "8c59ead7-d703-4a27-9e55-c96a0054c8d2", "AWS IAM Identity Center"),
    (
        "c44b4083-3bb0-49c1-b47d-974e53cbdf3c",
        "Azure Portal",
        "797f4846-ba00-4fd7-ba43-dac1f8f63013",
        "Windows Azure Service Management API",
    ),
    (
        "5f09333a-842c-47da-a157-57da27fcbca5",
        "Google Cloud / G Suite Connector by Microsoft",
        "00000002-0000-0000-c000-000000000000",
        "Windows Azure Active Directory",
    ),
    ("2793995e-0a7d-40d7-bd35-6968ba142197", "My Apps", "00000003-0000-0000-c000-000000000000", "Microsoft Graph"),
    (
        "04b07795-8ddb-461a-bbee-02f9e1bf7b46",
        "Microsoft Azure CLI",
        "797f4846-ba00-4fd7-ba43-dac1f8f63013",
        "Windows Azure Service Management API",
    ),
];

/// Writes one sign-in.
pub(crate) fn write_sign_in(out: &mut Out, dice: &mut Dice, sign_in: &SignIn<'_>) {
    let SignIn { when, person, error: (code, reason, details), .. } = *sign_in;
    let category = if sign_in.interactive { "SignInLogs" } else { "NonInteractiveUserSignInLogs" };
    let correlation = Out::default().uuid(dice).take_string();
    let logged = when.later(60_000 + dice.below(120_000) as u32);
    out.s(r#"{"time":""#).iso_fraction(&logged, dice.below(10_000), 4).s(r#"Z","resourceId":"/tenants/"#).s(TENANT);
    out.s(r#"/providers/Microsoft.aadiam","operationName":"Sign-in activity","operationVersion":"1.0","category":""#).s(category);
    out.s(r#"","tenantId":""#).s(TENANT).s(r#"","resultType":""#).n(code).s(r#"","resultSignature":"None""#);
    if code != 0 {
        out.s(r#","resultDescription":"#).json(reason);
    }
    out.s(r#","durationMs":0,"callerIpAddress":""#).s(sign_in.ip).s(r#"","correlationId":""#).s(&correlation);
    out.s(r#"","identity":"#).json(person.display).s(r#","Level":4,"location":""#).s(sign_in.place.country);
    out.s(r#"","properties":{"id":""#).uuid(dice).s(r#"","createdDateTime":""#).iso_fraction(&when, dice.below(10_000), 4);
    out.s(r#"+00:00","userDisplayName":"#).json(person.display).s(r#","userPrincipalName":""#).s(&person.email);
    out.s(r#"","userId":""#).s(&person.guid).s(r#"","appId":""#).s(APPS[sign_in.app].0).s(r#"","appDisplayName":""#).s(APPS[sign_in.app].1);
    out.s(r#"","ipAddress":""#).s(sign_in.ip).s(r#"","status":{"errorCode":"#).n(code);
    if code != 0 {
        out.s(r#","failureReason":"#).json(reason);
    }
    if !details.is_empty() {
        out.s(r#","additionalDetails":"#).json(details);
    }
    out.s(r#"},"clientAppUsed":""#).s(sign_in.client).s(r#"","userAgent":""#).s(sign_in.agent).s("\",");
    write_device(out, sign_in);
    write_place(out, &sign_in.place);
    out.s(r#""correlationId":""#).s(&correlation).s(r#"","conditionalAccessStatus":""#).s(sign_in.conditional_access);
    out.s(r#"","appliedConditionalAccessPolicies":"#);
    write_policies(out, sign_in);
    out.s(r#","authenticationContextClassReferences":[],"originalRequestId":""#).uuid(dice).s(r#"","isInteractive":"#);
    out.s(if sign_in.interactive { "true" } else { "false" }).s(r#","tokenIssuerName":"","tokenIssuerType":"AzureAD","#);
    write_authentication(out, sign_in);
    write_risk(out, sign_in.risk);
    out.s(r#""resourceDisplayName":""#)
        .s(APPS[sign_in.app].3)
        .s(r#"","resourceId":""#)
        .s(APPS[sign_in.app].2)
        .s(r#"","resourceTenantId":""#);
    out.s(TENANT).s(r#"","homeTenantId":""#).s(TENANT).s(r#"","tenantId":""#).s(TENANT).s(r#"","processingTimeInMilliseconds":"#);
    out.n(dice.between(40, 900)).s(r#","userType":"Member","crossTenantAccessType":"none","autonomousSystemNumber":"#).n(sign_in.place.asn);
    out.s(r#","uniqueTokenIdentifier":""#).base62(dice, 22).s(r#"","incomingTokenType":"none","authenticationProtocol":"none"}}"#);
}

fn write_device(out: &mut Out, sign_in: &SignIn<'_>) {
    out.s(r#""deviceDetail":{"deviceId":""#);
    if sign_in.managed {
        out.s(&sign_in.person.device_guid).s(r#"","displayName":""#).s(&sign_in.person.workstation);
    } else {
        out.s(r#"","displayName":""#);
    }
    let managed = if sign_in.managed { "true" } else { "false" };
    out.s(r#"","operatingSystem":""#).s(sign_in.browser.1).s(r#"","browser":""#).s(sign_in.browser.0).s(r#"","isCompliant":"#).s(managed);
    out.s(r#","isManaged":"#).s(managed).s(r#","trustType":""#).s(if sign_in.managed { "Hybrid Azure AD joined" } else { "" }).s("\"},");
}

fn write_place(out: &mut Out, place: &Place<'_>) {
    out.s(r#""location":{"city":""#).s(place.city).s(r#"","state":""#).s(place.state).s(r#"","countryOrRegion":""#).s(place.country);
    out.s(r#"","geoCoordinates":{"latitude":"#).s(place.coordinates.0).s(r#","longitude":"#).s(place.coordinates.1).s("}},");
}

fn write_policies(out: &mut Out, sign_in: &SignIn<'_>) {
    if sign_in.conditional_access == "notApplied" {
        out.s("[]");
        return;
    }
    out.s(r#"[{"id":"a7d7c3b1-2f0e-4c57-8a1b-6f4f3f0c9e21","displayName":"Require MFA for all users","enforcedGrantControls":["Mfa"],"#);
    out.s(r#""enforcedSessionControls":[],"result":""#).s(sign_in.conditional_access).s("\"}]");
}

const PRIMARY: &str = "Primary authentication";
const SECOND: &str = "Multi-factor authentication";

/// Writes one step of an authentication: method and its detail, result and what it was required for.
fn write_step(out: &mut Out, when: &Moment, succeeded: bool, method: (&str, &str), result: (&str, &str)) {
    out.s(r#"{"authenticationStepDateTime":""#).iso_fraction(when, 0, 4).s(r#"+00:00","authenticationMethod":""#).s(method.0);
    out.s(r#"","authenticationMethodDetail":""#).s(method.1).s(r#"","succeeded":"#).s(if succeeded { "true" } else { "false" });
    out.s(r#","authenticationStepResultDetail":""#).s(result.0).s(r#"","authenticationStepRequirement":""#).s(result.1).s("\"}");
}

fn write_authentication(out: &mut Out, sign_in: &SignIn<'_>) {
    let when = &sign_in.when;
    out.s(r#""authenticationDetails":["#);
    let knows = !matches!(sign_in.error.0, 50126 | 50053);
    let result = if knows { "Correct password" } else { "Invalid username or password" };
    match sign_in.mfa {
        Mfa::Remembered => {
            write_step(out, when, true, ("Previously satisfied", ""), ("MFA requirement satisfied by claim in the token", PRIMARY));
        }
        _ => write_step(out, when, knows, ("Password", "Password Hash Sync"), (result, PRIMARY)),
    }
    let second = match sign_in.mfa {
        Mfa::Approved => Some((true, "MFA completed in Azure AD")),
        Mfa::Denied => Some((false, "MFA denied; user declined the authentication")),
        Mfa::NotAsked | Mfa::Remembered => None,
    };
    if let Some((succeeded, result)) = second {
        out.s(",");
        write_step(out, when, succeeded, ("Mobile app notification", ""), (result, SECOND));
    }
    out.s(r#"],"authenticationProcessingDetails":[{"key":"Legacy TLS (TLS 1.0, 1.1, 3DES)","value":"False"}],"#);
    out.s(r#""authenticationRequirementPolicies":[],"authenticationRequirement":""#);
    out.s(if sign_in.mfa == Mfa::NotAsked { "singleFactorAuthentication" } else { "multiFactorAuthentication" }).s("\",");
    if second.is_some() {
        out.s(r#""mfaDetail":{"authMethod":"Mobile app notification","authDetail":null},"#);
    }
}

fn write_risk(out: &mut Out, risk: &str) {
    let (state, events) = if risk == "none" { ("none", "[]") } else { ("atRisk", r#"["unfamiliarFeatures"]"#) };
    out.s(r#""riskDetail":"none","riskLevelAggregated":""#).s(risk).s(r#"","riskLevelDuringSignIn":""#).s(risk).s(r#"","riskState":""#);
    out.s(state).s(r#"","riskEventTypes":"#).s(events).s(r#","riskEventTypes_v2":"#).s(events).s(",");
}

/// Failures of everyday life: code, reason, in a thousand sign-ins.
static FAILURES: [(u64, &str, u64); 7] = [
    (50126, "Error validating credentials due to invalid username or password.", 34),
    (50140, "This error occurred due to 'Keep me signed in' interrupt when the user was signing-in.", 22),
    (50074, "Strong Authentication is required.", 18),
    (50058, "Session information is not sufficient for single-sign-on.", 10),
    (50053, "The account is locked, you've tried to sign in too many times with an incorrect user ID or password.", 3),
    (500_121, "Authentication failed during strong authentication request.", 4),
    (53003, "Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.", 3),
];

/// The ordinary sign-ins of a day.
pub(crate) struct OrdinarySignIns {
    interactive: bool,
    date: NaiveDate,
    dice: Dice,
    apps: Weighted,
    failures: Weighted,
}

impl OrdinarySignIns {
    pub(crate) fn new(interactive: bool, date: NaiveDate, dice: Dice) -> Self {
        let failing: u64 = FAILURES.iter().map(|failure| failure.2).sum();
        let failures = Weighted::new(FAILURES.iter().map(|failure| failure.2).chain([1000 - failing]));
        Self { interactive, date, dice, apps: Weighted::zipf(APPS.len()), failures }
    }
}

impl Records for OrdinarySignIns {
    fn write(&mut self, out: &mut Out, tick: Tick) {
        let when = Moment::new(self.date, tick.ms);
        let dice = &mut self.dice;
        let person = Cast::get().person_at(when.hour(), dice);
        let mobile = !self.interactive && dice.permille(350);
        let (agent, browser, os) = if mobile { MOBILES[(hash(&person.login) % 2) as usize] } else { BROWSERS[person.browser] };
        let failure = if self.interactive { self.failures.draw(dice) } else { FAILURES.len() };
        let error = FAILURES.get(failure).map_or((0, "", ""), |failure| (failure.0, failure.1, ""));
        let mfa = match error.0 {
            500_121 => Mfa::Denied,
            0 if self.interactive && dice.permille(600) => Mfa::Approved,
            0 => Mfa::Remembered,
            50126 | 50053 => Mfa::NotAsked,
            _ => Mfa::Remembered,
        };
        let error = if mfa == Mfa::Denied { (error.0, error.1, "MFA denied; user declined the authentication") } else { error };
        let sign_in = SignIn {
            when,
            interactive: self.interactive,
            person,
            ip: person.public_ip(dice),
            place: Place::of(person.site),
            agent,
            browser: (browser, os),
            managed: !mobile,
            app: self.apps.draw(dice),
            client: if mobile { "Mobile Apps and Desktop clients" } else { "Browser" },
            error,
            mfa,
            conditional_access: match error.0 {
                0 => "success",
                50126 | 50053 | 50058 => "notApplied",
                _ => "failure",
            },
            risk: if dice.permille(6) { "low" } else { "none" },
        };
        write_sign_in(out, dice, &sign_in);
    }
}

/// Telephones: user agent, browser, operating system.
static MOBILES: [(&str, &str, &str); 2] = [
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Teams/24.20",
        "Mobile Safari",
        "Ios 18.1",
    ),
    (
        "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36",
        "Chrome Mobile 131.0.0",
        "Android 14",
    ),
];
