//! `rediss://`: TLS, with the certificates of the system, of a file, or any.

use std::path::Path;
use std::process::Command;

use bull_queue::{Queue, RedisUrl, Trust, connect, connect_to};
use serde_json::json;
use test_servers::{RedisOptions, RedisServer, free_port};

use crate::support::{QUEUE, job};

const URL: &str = "BULL_QUEUE_TEST_TLS_REDIS";

/// A certificate for localhost that vouches for itself.
fn certificate(directory: &Path) -> (String, String) {
    std::fs::create_dir_all(directory).unwrap();
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

    let runtime = tokio::runtime::Runtime::new().unwrap();
    let counts = |trust: Trust| {
        let url: RedisUrl = url.parse().unwrap();
        runtime.block_on(async {
            let queue = Queue::new(connect_to(&url.trusting(trust)).await?, QUEUE);
            // Over a connection of its own.
            drop(queue.events().await?);
            queue.counts().await
        })
    };
    let refused = counts(Trust::System).unwrap_err().to_string();
    assert!(refused.contains("REDIS_TLS_CA_FILE"), "{refused}");
    let pem = std::fs::read(&certificate).unwrap();
    assert_eq!(counts(Trust::Authorities(pem)).unwrap().waiting, 1);
    assert_eq!(counts(Trust::Anybody).unwrap().waiting, 1);
    let other = self::certificate(&directory.path().join("other")).0;
    let pem = std::fs::read(other).unwrap();
    let refused = counts(Trust::Authorities(pem)).unwrap_err().to_string();
    let cause = "not signed by an authority that is trusted";
    assert!(refused.contains(cause) && refused.contains("REDIS_TLS_CA_FILE"), "{refused}");
}
