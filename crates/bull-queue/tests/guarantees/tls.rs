//! `rediss://`: TLS, with the certificates of the system.

use std::path::Path;
use std::process::Command;

use bull_queue::{Queue, connect};
use local_services::{RedisOptions, RedisServer, free_port};
use serde_json::json;

use crate::support::{QUEUE, job};

const URL: &str = "BULL_QUEUE_TEST_TLS_REDIS";

/// A certificate for localhost that vouches for itself.
fn certificate(directory: &Path) -> (String, String) {
    let path = |name: &str| directory.join(name).to_str().unwrap().to_owned();
    let (certificate, key) = (path("cert.pem"), path("key.pem"));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"])
        .args(["-nodes", "-days", "1", "-subj", "/CN=localhost"])
        .args(["-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=CA:FALSE"])
        .args(["-keyout", &key, "-out", &certificate])
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    // The server runs as another user.
    use std::os::unix::fs::PermissionsExt;
    for file in [&certificate, &key] {
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o644)).unwrap();
    }
    std::fs::set_permissions(directory, std::fs::Permissions::from_mode(0o755)).unwrap();
    (certificate, key)
}

#[tokio::test]
#[ignore = "the other test of this file runs it as a process, with SSL_CERT_FILE set"]
async fn client() {
    let url = std::env::var(URL).unwrap();
    let queue = Queue::new(connect(&url).await.unwrap(), QUEUE);
    queue.add(&job(json!({}))).await.unwrap();
    assert_eq!(queue.counts().await.unwrap().waiting, 1);
}

fn client_with(url: &str, certificate: &str) -> std::process::Output {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "tls::client", "--ignored", "--nocapture"])
        .env(URL, url)
        .env("SSL_CERT_FILE", certificate)
        .output()
        .unwrap()
}

#[test]
fn a_queue_behind_tls() {
    let directory = tempfile::tempdir().unwrap();
    let (certificate, key) = certificate(directory.path());
    let port = free_port().unwrap();
    let setting = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let settings = vec![
        setting("tls-port", &port.to_string()),
        setting("tls-cert-file", &certificate),
        setting("tls-key-file", &key),
        setting("tls-auth-clients", "no"),
    ];
    let _redis =
        RedisServer::start_with(RedisOptions { settings, ..RedisOptions::default() }).unwrap();
    let url = format!("rediss://localhost:{port}");
    let client = client_with(&url, &certificate);
    assert!(client.status.success(), "{}", String::from_utf8_lossy(&client.stderr));
    let distrustful = client_with(&url, "/dev/null");
    assert!(!distrustful.status.success(), "a certificate that nobody vouches for is refused");
}
