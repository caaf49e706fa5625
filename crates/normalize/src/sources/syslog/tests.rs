use super::template::matches;

#[test]
fn a_template_finds_what_its_names_stand_for() {
    assert_eq!(matches("a {word} b", "a x b"), Some(vec![("word", "x")]));
    assert_eq!(matches("a {word} b", "a x c"), None);
    assert_eq!(matches("a {word} b", "a x b c"), None);
    assert_eq!(matches("from {ip} port {port}*", "from ::1 port 22 ssh2"), Some(vec![("ip", "::1"), ("port", "22")]));
    assert_eq!(matches("from {ip} port {port}*", "from a b port 22"), None);
    assert_eq!(matches("for {user} from {ip}", "for x from y from 192.0.2.7"), Some(vec![("user", "x from y"), ("ip", "192.0.2.7")]));
    assert_eq!(matches("({by}) CMD ({command})", "(root) CMD (a (b))"), Some(vec![("by", "root"), ("command", "a (b)")]));
}
