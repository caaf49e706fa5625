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
    assert!(error.contains("zeek, okta, github_audit, o365_audit, google_workspace, duo, onepassword, slack"), "{error}");
    assert!(error.ends_with(", or auto"), "{error}");
}
