use super::*;

#[test]
fn every_setting_of_the_builder_reaches_the_pool() {
    let expected = PoolSettings {
        pool_size: 3,
        max_overflow: 1,
        pool_timeout: Duration::from_secs(2),
        pool_recycle: Duration::from_secs(60),
        pre_ping: false,
        connect_timeout: Duration::from_secs(4),
        query_timeout: Duration::from_secs(5),
        max_retries: 6,
        retry_delay: Duration::from_secs(7),
        auto_migrate: false,
    };
    let chat = Chatkeep::builder()
        .url("sqlite:///:memory:")
        .settings(PoolSettings::default())
        .pool_size(expected.pool_size)
        .max_overflow(expected.max_overflow)
        .pool_timeout(expected.pool_timeout)
        .pool_recycle(expected.pool_recycle)
        .pool_pre_ping(expected.pre_ping)
        .connect_timeout(expected.connect_timeout)
        .query_timeout(expected.query_timeout)
        .max_retries(expected.max_retries)
        .retry_delay(expected.retry_delay)
        .auto_migrate(expected.auto_migrate)
        .open()
        .expect("all settings are valid");
    assert_eq!(chat.pool.settings(), &expected);
}

#[test]
fn out_of_range_writers_and_token_cache_are_rejected_by_name() {
    let open = |builder: ChatkeepBuilder| builder.url("sqlite:///:memory:").open();
    let error = open(Chatkeep::builder().writers(0)).expect_err("zero writers");
    assert_eq!(error.to_string(), "writers: must be a whole number from 1 to 64, not 0");
    let error =
        open(Chatkeep::builder().token_cache(Duration::from_secs(7200))).expect_err("two hours");
    assert_eq!(
        error.to_string(),
        "token_cache: must be a number of seconds from 0 to 3600, not 7200"
    );
}
