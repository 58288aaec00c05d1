//! The servers start, answer, end and come back.

use std::net::TcpStream;

use test_servers::{PostgresOptions, PostgresServer, RedisOptions, RedisServer};

#[test]
fn postgres_keeps_its_data_over_a_crash_and_is_gone_after_drop() {
    let mut server = PostgresServer::start().unwrap();
    server.create_role("reader", "se:cret").unwrap();
    server.create_database("shop", "reader").unwrap();
    server.psql("shop", "CREATE TABLE t AS SELECT 42 AS answer; CHECKPOINT;").unwrap();
    server.kill();
    server.start_again().unwrap();
    assert_eq!(server.psql("shop", "SELECT answer FROM t").unwrap(), "42");
    let port = server.port();
    drop(server);
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
}

#[test]
fn postgres_takes_settings_and_reports_sql_errors() {
    let settings = vec![("work_mem".to_owned(), "7MB".to_owned())];
    let server =
        PostgresServer::start_with(PostgresOptions { settings, ..Default::default() }).unwrap();
    assert_eq!(server.psql("postgres", "SHOW work_mem").unwrap(), "7MB");
    let error = server.psql("postgres", "SELECT * FROM nowhere").unwrap_err();
    assert!(error.to_string().contains("nowhere"), "{error}");
}

#[test]
fn redis_with_an_append_only_file_outlives_a_kill() {
    let options = RedisOptions { append_only: true, ..Default::default() };
    let mut server = RedisServer::start_with(options).unwrap();
    let port = server.port();
    server.kill();
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
    server.start_again().unwrap();
    assert!(TcpStream::connect(("127.0.0.1", port)).is_ok());
}

#[test]
fn what_a_killed_process_has_left_goes_with_the_next_start() {
    let mut process = std::process::Command::new("true").spawn().unwrap();
    process.wait().unwrap();
    let first = RedisServer::start().unwrap();
    let parent = first.directory().parent().unwrap().to_owned();
    let left = parent.join(format!("test-server-{}-pg-left", process.id()));
    std::fs::create_dir_all(left.join("data")).unwrap();
    let second = RedisServer::start().unwrap();
    assert!(!left.exists());
    assert!(first.directory().exists() && second.directory().exists());
}
