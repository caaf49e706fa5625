//! The people of the company: who they are stays the same in every source and under every seed.

use std::sync::LazyLock;

use crate::dice::{Dice, Weighted, hash};
use crate::out::Out;

/// One office, and the people who go in and out through its NAT.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) code: &'static str,
    pub(crate) city: &'static str,
    pub(crate) state: &'static str,
    pub(crate) country: &'static str,
    /// Latitude and longitude, as text.
    pub(crate) place: (&'static str, &'static str),
    /// The public address of the office.
    pub(crate) nat_ip: &'static str,
    /// The first two bytes of its workstations' addresses.
    pub(crate) network: &'static str,
    /// The first and last hour of work, UTC.
    pub(crate) hours: (usize, usize),
}

/// The offices.
pub(crate) static SITES: [Site; 3] = [
    Site {
        code: "BER",
        city: "Berlin",
        state: "Berlin",
        country: "DE",
        place: ("52.52437", "13.41053"),
        nat_ip: "198.51.100.10",
        network: "10.20",
        hours: (6, 18),
    },
    Site {
        code: "LYO",
        city: "Lyon",
        state: "Auvergne-Rhone-Alpes",
        country: "FR",
        place: ("45.74846", "4.84671"),
        nat_ip: "198.51.100.20",
        network: "10.30",
        hours: (6, 18),
    },
    Site {
        code: "AUS",
        city: "Austin",
        state: "Texas",
        country: "US",
        place: ("30.26715", "-97.74306"),
        nat_ip: "198.51.100.30",
        network: "10.40",
        hours: (13, 23),
    },
];

/// What somebody does, which decides what they may touch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Team {
    Platform,
    Engineering,
    Data,
    Finance,
    People,
    Sales,
}

impl Team {
    /// The permission set that single sign-on gives in AWS.
    pub(crate) fn permission_set(self) -> &'static str {
        match self {
            Self::Platform => "PlatformEngineer",
            Self::Engineering => "Developer",
            Self::Data => "DataAnalyst",
            _ => "ReadOnlyAccess",
        }
    }
}

/// One employee.
#[derive(Debug)]
pub(crate) struct Person {
    pub(crate) display: &'static str,
    /// `nora.lindqvist`.
    pub(crate) login: String,
    /// `nora.lindqvist@example.com`, which is also the UPN.
    pub(crate) email: String,
    /// The object id in Entra.
    pub(crate) guid: String,
    /// The SID in the domain.
    pub(crate) sid: String,
    pub(crate) team: Team,
    pub(crate) site: &'static Site,
    /// The public address at home.
    pub(crate) home_ip: String,
    /// The workstation's name.
    pub(crate) workstation: String,
    /// The workstation's address in the office.
    pub(crate) ip: String,
    /// The device id in Entra.
    pub(crate) device_guid: String,
    /// Index into [`BROWSERS`].
    pub(crate) browser: usize,
}

/// A browser on an operating system: user agent, browser name, operating system name.
pub(crate) static BROWSERS: [(&str, &str, &str); 4] = [
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0",
        "Edge 131.0.0",
        "Windows11",
    ),
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
        "Chrome 131.0.0",
        "Windows10",
    ),
    (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
        "Chrome 131.0.0",
        "MacOs",
    ),
    ("Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0", "Firefox 133.0", "Linux"),
];

impl Person {
    fn new(index: usize, display: &'static str, login: &str) -> Self {
        let site = &SITES[[0, 0, 1, 2, 0, 1][index % 6]];
        let team = [Team::Platform, Team::Engineering, Team::Data, Team::Engineering, Team::Finance, Team::Sales, Team::People][index % 7];
        let dice = &mut Dice::named(login);
        Self {
            display,
            login: login.to_owned(),
            email: format!("{login}@example.com"),
            guid: Out::default().uuid(dice).take_string(),
            sid: format!("{DOMAIN_SID}-{}", 1104 + index * 3),
            team,
            site,
            home_ip: format!("203.0.113.{}", 2 + index),
            workstation: format!("{}-{}-{:04}", site.code, if team == Team::Platform { "WS" } else { "LT" }, 1000 + hash(login) % 9000),
            ip: format!("{}.{}.{}", site.network, 4 + index % 3, 20 + index),
            device_guid: Out::default().uuid(dice).take_string(),
            browser: [0, 1, 0, 2, 0, 1, 0, 0, 3, 0][index % 10],
        }
    }

    /// Where they connect from: three times in five the office.
    pub(crate) fn public_ip(&self, dice: &mut Dice) -> &str {
        if dice.below(5) < 3 { self.site.nat_ip } else { &self.home_ip }
    }

    /// True if the workstation runs Windows, and so ships Windows events.
    pub(crate) fn has_windows(&self) -> bool {
        self.browser < 2
    }

    /// The user agent of their browser.
    pub(crate) fn user_agent(&self) -> &'static str {
        BROWSERS[self.browser].0
    }
}

/// The domain part of every SID.
pub(crate) const DOMAIN_SID: &str = "S-1-5-21-3623811015-3361044348-30300820";
/// The NetBIOS name of the domain.
pub(crate) const NETBIOS: &str = "MERIDIAN";
/// The DNS name of the domain.
pub(crate) const AD_DOMAIN: &str = "corp.example.com";

/// Display names, and how they sign in. The busiest come first.
static NAMES: [(&str, &str); 60] = [
    ("Amelia Novak", "amelia.novak"),
    ("Jonas Weber", "jonas.weber"),
    ("Priya Raman", "priya.raman"),
    ("Mateo Alvarez", "mateo.alvarez"),
    ("Chloé Durand", "chloe.durand"),
    ("Samuel Okafor", "samuel.okafor"),
    ("Łukasz Wójcik", "lukasz.wojcik"),
    ("Hannah Schmitt", "hannah.schmitt"),
    ("Diego Fuentes", "diego.fuentes"),
    ("Nora Lindqvist", "nora.lindqvist"),
    ("Tariq Haddad", "tariq.haddad"),
    ("Emily Carter", "emily.carter"),
    ("Felix Brandt", "felix.brandt"),
    ("Ines Moreau", "ines.moreau"),
    ("Kenji Tanaka", "kenji.tanaka"),
    ("Olivia Bennett", "olivia.bennett"),
    ("Zoë Hartmann", "zoe.hartmann"),
    ("Marco Rinaldi", "marco.rinaldi"),
    ("Aisha Rahman", "aisha.rahman"),
    ("Lucas Petit", "lucas.petit"),
    ("Greta Vogel", "greta.vogel"),
    ("Daniel Murphy", "daniel.murphy"),
    ("Sofia Kowalska", "sofia.kowalska"),
    ("Benjamin Roth", "benjamin.roth"),
    ("Camille Laurent", "camille.laurent"),
    ("Noah Fischer", "noah.fischer"),
    ("Leila Farouk", "leila.farouk"),
    ("Ethan Brooks", "ethan.brooks"),
    ("Clara Neumann", "clara.neumann"),
    ("Hugo Lefèvre", "hugo.lefevre"),
    ("Grace Mwangi", "grace.mwangi"),
    ("Paul Krüger", "paul.krueger"),
    ("Isabel Santos", "isabel.santos"),
    ("Ryan Mitchell", "ryan.mitchell"),
    ("Mila Jovanovic", "mila.jovanovic"),
    ("Antoine Girard", "antoine.girard"),
    ("Vera Sokolova", "vera.sokolova"),
    ("Thomas Lang", "thomas.lang"),
    ("Natalie Reyes", "natalie.reyes"),
    ("Oskar Lehmann", "oskar.lehmann"),
    ("Julie Marchand", "julie.marchand"),
    ("Aaron Fletcher", "aaron.fletcher"),
    ("Mei Chen", "mei.chen"),
    ("Stefan Huber", "stefan.huber"),
    ("Elena Popescu", "elena.popescu"),
    ("David Cohen", "david.cohen"),
    ("Lea Baumann", "lea.baumann"),
    ("Victor Blanc", "victor.blanc"),
    ("Rachel Simmons", "rachel.simmons"),
    ("Tim Berger", "tim.berger"),
    ("Yasmin Aziz", "yasmin.aziz"),
    ("George Papadakis", "george.papadakis"),
    ("Anna Keller", "anna.keller"),
    ("Quentin Fabre", "quentin.fabre"),
    ("Megan Walsh", "megan.walsh"),
    ("Ravi Patel", "ravi.patel"),
    ("Lena Scholz", "lena.scholz"),
    ("Simon Perrin", "simon.perrin"),
    ("Kayla Jenkins", "kayla.jenkins"),
    ("Anders Holm", "anders.holm"),
];

/// Everybody.
#[derive(Debug)]
pub(crate) struct Cast {
    pub(crate) people: Vec<Person>,
    activity: Weighted,
}

/// The one company that all logs are about.
static CAST: LazyLock<Cast> = LazyLock::new(|| Cast {
    people: NAMES.iter().enumerate().map(|(index, (display, login))| Person::new(index, display, login)).collect(),
    activity: Weighted::zipf(NAMES.len()),
});

impl Cast {
    /// The company.
    pub(crate) fn get() -> &'static Self {
        &CAST
    }

    /// Somebody who is likely to be at work at that hour, UTC.
    pub(crate) fn person_at(&self, hour: usize, dice: &mut Dice) -> &Person {
        let mut person = &self.people[self.activity.draw(dice)];
        for _ in 0..4 {
            let (first, last) = person.site.hours;
            if (first..=last).contains(&hour) {
                break;
            }
            person = &self.people[self.activity.draw(dice)];
        }
        person
    }

    /// Somebody who fits and is likely to be at work. The test must fit one of the busier people, or anybody may come.
    pub(crate) fn fitting_at(&self, hour: usize, dice: &mut Dice, fits: impl Fn(&Person) -> bool) -> &Person {
        let mut person = self.person_at(hour, dice);
        for _ in 0..24 {
            if fits(person) {
                break;
            }
            person = self.person_at(hour, dice);
        }
        person
    }

    /// Somebody of these teams who is likely to be at work.
    pub(crate) fn member_at(&self, teams: &[Team], hour: usize, dice: &mut Dice) -> &Person {
        self.fitting_at(hour, dice, |person| teams.contains(&person.team))
    }

    /// The person who signs in with this name.
    pub(crate) fn by_login(&self, login: &str) -> &Person {
        self.people.iter().find(|person| person.login == login).expect("only names of the cast are asked for")
    }
}
