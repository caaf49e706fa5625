use super::{MAPPINGS, Source};

#[test]
fn every_mapping_that_coldtrail_brings_can_be_read_and_is_named_like_its_file() {
    let names: Vec<&str> = Source::all().into_iter().map(Source::name).collect();
    for (file, _) in MAPPINGS {
        assert!(names.contains(&file.trim_end_matches(".yml")), "{file}");
    }
}

#[test]
fn a_name_that_no_source_has_is_answered_with_those_that_there_are() {
    let error = "acme".parse::<Source>().expect_err("no such source").to_string();
    assert!(error.starts_with(r#"there is no source "acme"; the sources are ocsf, aws_cloudfront, aws_cloudtrail,"#), "{error}");
    assert!(error.contains("zeek, okta, github_audit, o365_audit, google_workspace, duo, onepassword, slack, "), "{error}");
    assert!(error.ends_with(", or auto"), "{error}");
}

#[test]
fn every_route_of_a_mapping_leads_to_a_source() {
    let declared = Source::all().into_iter().filter_map(|source| match source {
        Source::Declared(declared) => Some(declared.mapping()),
        _ => None,
    });
    let lost: Vec<String> =
        declared.flat_map(|mapping| mapping.routes()).filter(|route| Source::named(route).is_none()).map(str::to_owned).collect();
    assert!(lost.is_empty(), "{lost:?}");
}

#[test]
fn a_route_to_a_source_that_there_is_not_is_refused() {
    let text = "source: gate\ndocumentation: https://gate.example\nrecognised_by: [[gate]]\ntime: at\nevent: what\n\
                classes: {\"*\": api_activity by verb}\nroutes: [{when: [kind = door], to: doors}]\n";
    let error = Source::add("gate.yml", text).expect_err("no such source").to_string();
    assert!(error.ends_with("a route leads to \"doors\", and there is no such source"), "{error}");
}
