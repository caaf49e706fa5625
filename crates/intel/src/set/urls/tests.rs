use super::*;

#[test]
fn a_url_that_is_cut_is_cut_as_it_would_be_parsed() {
    let hosts =
        ["evil.example", "a.b", "198.51.100.7", "1.2.3", "0x7f.1", "a-b.example", "xn--e1afmkfd.example", "a..b", "A.example", "a.1"];
    let paths = ["/", "/a", "/a/", "/a//", "/a/./b", "/a/../b", "/%41", "/a;b=1", "/a'b", "/a|b", "/a@b:c", "/a/.hidden", "/a[1]"];
    let queries = ["", "?", "?q=1", "?q=a/b?c", "?q='x'", "?q=%2f", "?q=/./", "?q=a^b", "#f", "?q=1#f"];
    let mut cut = 0;
    for scheme in ["http://", "https://"] {
        for host in hosts {
            for path in paths {
                for query in queries {
                    let text = format!("{scheme}{host}{path}{query}");
                    let Some(begin) = PlainHost::new(&text) else { continue };
                    assert_eq!(url::parse(&text).map(|parts| parts.host).as_deref(), Some(begin.host), "{text}");
                    let Some(plain) = Plain::new(&begin) else { continue };
                    let parts = url::parse(&text).unwrap_or_else(|| panic!("{text} is cut, but cannot be parsed"));
                    assert_eq!(begin.full, full_key(&parts), "{text}");
                    assert_eq!(plain.path_key, parts.path_key(), "{text}");
                    assert_eq!(begin.host, parts.host, "{text}");
                    assert_eq!(begin.scheme_tag, scheme_tag(parts.scheme.as_deref()), "{text}");
                    cut += 1;
                }
            }
        }
    }
    assert!(cut > 100, "only {cut} were cut");
}
