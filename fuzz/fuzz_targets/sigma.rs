//! Sigma rules: read, checked and compiled.
#![no_main]

use coldtrail_fuzz::within;
use coldtrail_sigma::{Mappings, Placeholders, RuleSet, parse};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|yaml: &str| {
    within(256 << 20, || {
        let parsed = parse("rules.yml", yaml);
        let compilation = RuleSet::compile(parsed.rules().cloned(), Mappings::builtin(), &Placeholders::new());
        let json = compilation.set.to_json();
        let again = RuleSet::from_json(&json, Mappings::builtin()).expect("what a set writes can be read");
        assert_eq!(again.to_json(), json, "a set that was read again is another");
        for table in compilation.set.tables() {
            compilation.set.prefilter(table, None);
        }
    });
});
