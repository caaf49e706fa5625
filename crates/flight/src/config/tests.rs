use std::time::Duration;

use super::Config;

fn read(json: &str) -> Result<Config, String> {
    serde_json::from_str(json).map_err(|error| error.to_string())
}

#[test]
fn the_defaults_are_valid_and_listen_on_loopback() {
    let config = Config::default();
    config.validate().expect("the defaults are valid");
    assert_eq!(config.bind.to_string(), "127.0.0.1:32010");
    assert_eq!(read("{}"), Ok(config));
}

#[test]
fn durations_carry_their_unit() {
    let config = read(r#"{"token_lifetime": "7d", "heartbeat_interval": "200ms"}"#).expect("both are durations");
    assert_eq!(config.token_lifetime, Duration::from_secs(7 * 86_400));
    assert_eq!(config.heartbeat_interval, Duration::from_millis(200));
    for wrong in [r#""15""#, r#""s""#, r#""-1s""#, r#""1 week""#, r#""99999999999999999999d""#, r#""18446744073709551615d""#] {
        let error = read(&format!(r#"{{"token_lifetime": {wrong}}}"#)).expect_err("not a duration");
        assert!(error.contains("is not a duration"), "{wrong}: {error}");
    }
}

#[test]
fn an_unknown_key_is_refused() {
    assert!(read(r#"{"token_live": "7d"}"#).expect_err("unknown").contains("token_live"));
}

#[test]
fn a_setting_that_cannot_work_is_named() {
    let config = Config { row_bytes_max: 1, ..Config::default() };
    let error = config.validate().expect_err("rows smaller than messages").to_string();
    assert_eq!(error, "flight.row_bytes_max must not be below flight.message_bytes_max");
}
