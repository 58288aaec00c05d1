//! Memory does not grow with the content API's stream.
//!
//! nextest runs every test in a process of its own, so the process's peak is the test's.

use std::io::{Read, Write};
use std::net::TcpListener;

use progress::Context;
use serde_json::json;
use shared_steps::jobs::learning_content::{self, ContentFormat};

use crate::learning_content::support::{Target, settings_for};

/// Of the stream; 300 MiB take as little, and two minutes on a busy machine.
const BYTES: usize = 128 << 20;
/// Of one document.
const DOCUMENT: usize = 20_000;
/// What a load may take, whatever the size.
const LIMIT: u64 = 64 << 20;

fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    1024 * line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap()
}

/// Answers one request with documents that are made while they are sent.
fn stream() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/api/", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut connection, _) = listener.accept().unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            connection.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        let answer = "HTTP/1.1 200 OK\r\ncontent-type: application/octet-stream\r\nconnection: close\r\n\r\n";
        connection.write_all(answer.as_bytes()).unwrap();
        let text = "é".repeat(DOCUMENT / 2);
        for number in 0..BYTES / DOCUMENT {
            let document = match number % 2 {
                0 => {
                    json!({"type": "challenges", "value": {"id": format!("c{number}"), "instruction": text}})
                }
                _ => {
                    json!({"type": "translations", "value": {"key": format!("k{number}"), "locale": "fr", "value": text}})
                }
            };
            connection.write_all(document.to_string().as_bytes()).unwrap();
        }
    });
    url
}

#[tokio::test]
async fn of_a_large_stream_stays_flat() {
    let target = Target::start();
    let mut settings = settings_for(&stream(), &target);
    settings.format = ContentFormat::Stream;
    let before = peak();
    learning_content::run(&settings, &Context::quiet()).await.unwrap();
    let grown = peak() - before;
    assert!(grown < LIMIT, "{} MiB for {} MiB", grown >> 20, BYTES >> 20);
    let rows = "SELECT (SELECT count(*) FROM challenges) + (SELECT count(*) FROM \"learning-content-translations\")";
    assert_eq!(target.sql(rows), (BYTES / DOCUMENT).to_string());
}
