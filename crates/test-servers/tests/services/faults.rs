//! Servers that pause, and a proxy that breaks, stalls and loses replies.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::mpsc;
use std::time::Duration;

use test_servers::{PostgresServer, Proxy, RedisServer, wait_for, wait_for_async};

const LIMIT: Duration = Duration::from_secs(20);

/// One Redis command on `stream`; the answer up to 1 KiB.
fn ask(stream: &mut TcpStream, command: &str) -> std::io::Result<String> {
    stream.write_all(format!("{command}\r\n").as_bytes())?;
    let mut answer = [0; 1024];
    let length = stream.read(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer[..length]).trim_end().to_owned())
}

fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    stream
}

#[test]
fn a_paused_postgres_answers_when_it_is_resumed() {
    let server = PostgresServer::start().unwrap();
    server.pause();
    let (sender, answered) = mpsc::channel();
    std::thread::scope(|scope| {
        let server = &server;
        scope.spawn(move || sender.send(server.psql("postgres", "SELECT 7").unwrap()).unwrap());
        assert!(answered.recv_timeout(Duration::from_millis(500)).is_err(), "it answered, paused");
        server.resume();
        assert_eq!(answered.recv_timeout(LIMIT).unwrap(), "7");
    });
}

#[test]
fn a_paused_server_can_be_ended() {
    let mut postgres = PostgresServer::start().unwrap();
    postgres.pause();
    postgres.kill();
    postgres.start_again().unwrap();
    let mut redis = RedisServer::start().unwrap();
    redis.pause();
    redis.stop();
    redis.start_again().unwrap();
}

#[test]
fn a_cut_closes_connections_and_refuses_new_ones_until_resume() {
    let redis = RedisServer::start().unwrap();
    let proxy = Proxy::start(redis.port()).unwrap();
    let mut stream = connect(proxy.port());
    assert_eq!(ask(&mut stream, "PING").unwrap(), "+PONG");
    proxy.cut();
    assert!(matches!(ask(&mut stream, "PING").as_deref(), Ok("") | Err(_)));
    assert!(matches!(ask(&mut connect(proxy.port()), "PING").as_deref(), Ok("") | Err(_)));
    proxy.resume();
    assert_eq!(ask(&mut connect(proxy.port()), "PING").unwrap(), "+PONG");
}

#[test]
fn a_stall_holds_bytes_back_and_loses_none() {
    let redis = RedisServer::start().unwrap();
    let proxy = Proxy::start(redis.port()).unwrap();
    let mut stream = connect(proxy.port());
    assert_eq!(ask(&mut stream, "PING").unwrap(), "+PONG");
    proxy.stall();
    stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    assert!(ask(&mut stream, "INCR counter").is_err(), "a reply came through");
    assert_eq!(ask(&mut connect(redis.port()), "EXISTS counter").unwrap(), ":0");
    proxy.resume();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    let mut answer = [0; 4];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b":1\r\n");
}

#[test]
fn a_dropped_reply_leaves_the_request_done() {
    let redis = RedisServer::start().unwrap();
    let proxy = Proxy::start(redis.port()).unwrap();
    let mut stream = connect(proxy.port());
    assert_eq!(ask(&mut stream, "PING").unwrap(), "+PONG");
    proxy.drop_next_reply();
    assert!(matches!(ask(&mut stream, "INCR counter").as_deref(), Ok("") | Err(_)));
    assert_eq!(ask(&mut connect(redis.port()), "GET counter").unwrap(), "$1\r\n1");
    assert_eq!(proxy.dropped_replies(), 1);
    assert_eq!(ask(&mut connect(proxy.port()), "INCR counter").unwrap(), ":2");
}

#[test]
fn only_the_reply_to_the_named_request_is_dropped() {
    let redis = RedisServer::start().unwrap();
    let proxy = Proxy::start(redis.port()).unwrap();
    let mut stream = connect(proxy.port());
    proxy.drop_reply_to(b"INCR");
    assert_eq!(ask(&mut stream, "PING").unwrap(), "+PONG");
    assert_eq!(proxy.dropped_replies(), 0);
    assert!(matches!(ask(&mut stream, "INCR counter").as_deref(), Ok("") | Err(_)));
    assert!(wait_for(LIMIT, || proxy.dropped_replies() == 1));
}

#[test]
fn a_dropped_proxy_closes_its_port() {
    let redis = RedisServer::start().unwrap();
    let proxy = Proxy::start(redis.port()).unwrap();
    let (port, mut stream) = (proxy.port(), connect(proxy.port()));
    assert_eq!(ask(&mut stream, "PING").unwrap(), "+PONG");
    drop(proxy);
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
    assert!(matches!(ask(&mut stream, "PING").as_deref(), Ok("") | Err(_)));
}

#[tokio::test]
async fn waiting_ends_with_the_condition_or_the_limit() {
    let mut looks = 0;
    assert!(wait_for(LIMIT, || {
        looks += 1;
        looks == 3
    }));
    assert!(!wait_for(Duration::from_millis(50), || false));
    let mut looks = 0;
    assert!(
        wait_for_async(LIMIT, async || {
            looks += 1;
            looks == 3
        })
        .await
    );
    assert!(!wait_for_async(Duration::from_millis(50), async || false).await);
}
