use chrono::NaiveDate;

use super::{Kind, SCRIPT_BLOCK, SECURITY, SERVICE_INSTALLED, SYSMON, Scene, write};
use crate::cast::{Cast, DOMAIN_SID, Person, Team};
use crate::dice::{Dice, Weighted};
use crate::estate::{DOMAINS, SERVERS, SERVICE_ACCOUNTS, domain_ip};
use crate::moment::{Moment, Tick};
use crate::out::Out;
use crate::sources::Records;

/// What people start: image, parent, command line.
static PROGRAMS: [(&str, &str, &str); 10] = [
    (r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe", r"C:\Windows\explorer.exe", "msedge.exe --profile-directory=Default"),
    (r"C:\Program Files\Microsoft Office\root\Office16\OUTLOOK.EXE", r"C:\Windows\explorer.exe", "OUTLOOK.EXE /recycle"),
    (
        r"C:\Program Files\Microsoft Office\root\Office16\EXCEL.EXE",
        r"C:\Windows\explorer.exe",
        r#""EXCEL.EXE" "C:\Users\Public\Documents\plan.xlsx""#,
    ),
    (r"C:\Windows\System32\svchost.exe", r"C:\Windows\System32\services.exe", r"C:\Windows\system32\svchost.exe -k netsvcs -p -s wuauserv"),
    (r"C:\Windows\System32\backgroundTaskHost.exe", r"C:\Windows\System32\svchost.exe", "backgroundTaskHost.exe -ServerName:App.AppX"),
    (r"C:\Program Files\Git\cmd\git.exe", r"C:\Program Files\Microsoft VS Code\Code.exe", "git.exe status -z -uall"),
    (r"C:\Windows\System32\cmd.exe", r"C:\Windows\explorer.exe", r"C:\Windows\system32\cmd.exe"),
    (r"C:\Windows\System32\conhost.exe", r"C:\Windows\System32\cmd.exe", r"\??\C:\Windows\system32\conhost.exe 0xffffffff -ForceV1"),
    (
        r"C:\Windows\System32\SearchProtocolHost.exe",
        r"C:\Windows\System32\SearchIndexer.exe",
        "SearchProtocolHost.exe Global_UsGthrFltPipeMssGthrPipe",
    ),
    (
        r"C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe",
        r"C:\Windows\explorer.exe",
        r"powershell.exe -NoProfile -File C:\Scripts\mount-shares.ps1",
    ),
];

/// What runs on servers by itself.
static SERVICES: [(&str, &str, &str); 4] = [
    (
        r"C:\Windows\System32\wbem\WmiPrvSE.exe",
        r"C:\Windows\System32\svchost.exe",
        r"C:\Windows\system32\wbem\wmiprvse.exe -secured -Embedding",
    ),
    (r"C:\Windows\System32\taskhostw.exe", r"C:\Windows\System32\svchost.exe", "taskhostw.exe"),
    (r"C:\Program Files\Backup\agent.exe", r"C:\Windows\System32\services.exe", r#""C:\Program Files\Backup\agent.exe" --incremental"#),
    (r"C:\Program Files\Windows Defender\MpCmdRun.exe", r"C:\Windows\System32\svchost.exe", "MpCmdRun.exe SignatureUpdate -ScheduleJob"),
];

/// Scripts of everyday administration.
static SCRIPTS: [&str; 3] = [
    "Get-ADUser -Filter * -Properties LastLogonDate | Export-Csv report.csv",
    "Test-NetConnection -ComputerName FS01 -Port 445",
    "Get-Service | Where-Object { $_.Status -eq 'Stopped' }",
];

/// Events of people, and how often each happens.
fn people_events() -> [(&'static Kind, u64); 18] {
    [
        (&SYSMON.process, 110),
        (&SECURITY.process, 110),
        (&SYSMON.dns, 90),
        (&SYSMON.connection, 70),
        (&SYSMON.file, 46),
        (&SYSMON.registry, 34),
        (&SECURITY.logon, 90),
        (&SECURITY.logoff, 40),
        (&SECURITY.service_ticket, 70),
        (&SECURITY.ticket, 36),
        (&SECURITY.privileges, 12),
        (&SECURITY.explicit, 6),
        (&SECURITY.logon_failed, 6),
        (&SYSMON.access, 10),
        (&SCRIPT_BLOCK, 7),
        (&SECURITY.member_added, 1),
        (&SECURITY.task_created, 1),
        (&SECURITY.user_created, 1),
    ]
}

/// Events of service accounts, and how often each happens.
fn machine_events() -> [(&'static Kind, u64); 8] {
    [
        (&SECURITY.logon, 120),
        (&SECURITY.logoff, 60),
        (&SECURITY.privileges, 50),
        (&SECURITY.service_ticket, 60),
        (&SECURITY.ticket, 40),
        (&SYSMON.process, 60),
        (&SECURITY.process, 60),
        (&SERVICE_INSTALLED, 1),
    ]
}

/// The ordinary events of a day.
pub(crate) struct Ordinary {
    date: NaiveDate,
    dice: Dice,
    people: Weighted,
    machines: Weighted,
    programs: Weighted,
    domains: Weighted,
    domain_ips: Vec<String>,
    service_sids: Vec<String>,
}

impl Ordinary {
    pub(crate) fn new(date: NaiveDate, dice: Dice) -> Self {
        Self {
            date,
            dice,
            people: Weighted::new(people_events().map(|event| event.1)),
            machines: Weighted::new(machine_events().map(|event| event.1)),
            programs: Weighted::zipf(PROGRAMS.len()),
            domains: Weighted::zipf(DOMAINS.len()),
            domain_ips: (0..DOMAINS.len()).map(domain_ip).collect(),
            service_sids: SERVICE_ACCOUNTS.iter().map(|account| format!("{DOMAIN_SID}-{}", account.1)).collect(),
        }
    }

    fn write_machine(&mut self, out: &mut Out, when: Moment) {
        let dice = &mut self.dice;
        let kind = machine_events()[self.machines.draw(dice)].0;
        let which = dice.below(SERVICE_ACCOUNTS.len() as u64) as usize;
        let (account, _, home) = SERVICE_ACCOUNTS[which];
        let program = dice.pick(&SERVICES);
        let on_controller = matches!(kind.code, 4768 | 4769);
        let scene = Scene {
            peer: SERVERS[home],
            logon_type: if dice.permille(400) { 5 } else { 3 },
            image: program.0,
            parent: program.1,
            command: program.2,
            target: if kind.code == 7045 { "Backup Agent Updater" } else { "FS01$" },
            detail: if kind.code == 7045 { r"C:\Program Files\Backup\updater.exe" } else { "-" },
            ..Scene::new(when, if on_controller { "DC01" } else { SERVERS[home].0 }, (account, &self.service_sids[which]))
        };
        write(out, dice, kind, &scene);
    }

    fn write_person(&mut self, out: &mut Out, when: Moment) {
        let dice = &mut self.dice;
        let kind = people_events()[self.people.draw(dice)].0;
        let person = match kind.code {
            4720 | 4728 | 4698 | 4104 => Cast::get().member_at(&[Team::Platform], when.hour(), dice),
            _ => Cast::get().fitting_at(when.hour(), dice, Person::has_windows),
        };
        let program = &PROGRAMS[self.programs.draw(dice)];
        let domain = self.domains.draw(dice);
        let scene = Scene {
            peer: (&person.workstation, &person.ip),
            image: program.0,
            parent: program.1,
            command: program.2,
            ..Scene::new(when, &person.workstation, (&person.login, &person.sid))
        };
        let file;
        let scene = match kind.code {
            4624 | 4634 if dice.permille(550) => Scene { host: ["DC01", "FS01", "FS01", "APP01"][dice.below(4) as usize], ..scene },
            4624 | 4634 => Scene { logon_type: if dice.permille(500) { 2 } else { 11 }, peer: (&person.workstation, "127.0.0.1"), ..scene },
            4625 => Scene { logon_type: 2, peer: (&person.workstation, "127.0.0.1"), ..scene },
            4648 => Scene { target: &person.login, peer: ("FS01.corp.example.com", "-"), ..scene },
            4768 | 4769 => Scene { host: if dice.permille(600) { "DC01" } else { "DC02" }, target: "FS01$", ..scene },
            4720 | 4728 => self::directory_change(scene, person),
            4698 => Scene {
                target: r"\Meridian\Mount shares",
                detail: r"<Task><Exec><Command>C:\Scripts\mount-shares.cmd</Command></Exec></Task>",
                ..scene
            },
            4104 => Scene { target: "", detail: dice.pick::<&str>(&SCRIPTS), ..scene },
            3 => Scene { target: DOMAINS[domain], detail: &self.domain_ips[domain], port: 443, ..scene },
            22 => Scene { target: DOMAINS[domain], detail: &self.domain_ips[domain], ..scene },
            10 => Scene { image: r"C:\Windows\System32\svchost.exe", target: r"C:\Windows\explorer.exe", detail: "0x1000", ..scene },
            11 => {
                let name = dice.below(100_000);
                file = format!(r"C:\Users\{}\AppData\Local\Temp\~DF{name:05}.tmp", person.login);
                Scene { target: &file, ..scene }
            }
            13 => Scene {
                target: r"HKU\S-1-5-21\Software\Microsoft\Windows\CurrentVersion\Explorer\RecentDocs\MRUListEx",
                detail: "Binary Data",
                ..scene
            },
            _ => scene,
        };
        write(out, dice, kind, &scene);
    }
}

/// A change in the domain, made on a controller.
fn directory_change<'a>(scene: Scene<'a>, person: &'a Person) -> Scene<'a> {
    Scene { host: "DC01", target: "tmp.contractor", detail: &person.sid, ..scene }
}

impl Records for Ordinary {
    fn write(&mut self, out: &mut Out, tick: Tick) {
        let when = Moment::new(self.date, tick.ms);
        if tick.clockwork { self.write_machine(out, when) } else { self.write_person(out, when) }
    }
}
