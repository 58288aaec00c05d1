//! Sample databases, content API and webhook receiver.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;

use test_servers::PostgresServer;
use test_servers::fakes::{ContentApi, Webhook, WebhookReceiver};
use test_servers::sample::{SampleSource, SampleTarget};

/// Runs one statement as the role of `url`; the error is what psql wrote.
fn psql(server: &PostgresServer, url: &str, statement: &str) -> Result<String, String> {
    let output = Command::new(server.bin_dir().join("psql"))
        .args(["-X", "-A", "-t", "-d", url, "-c", statement])
        .output()
        .unwrap();
    if output.status.success() {
        Ok(String::from_utf8(output.stdout).unwrap().trim_end().to_owned())
    } else {
        Err(String::from_utf8(output.stderr).unwrap())
    }
}

/// Sends a raw request, answers status line, headers and body.
fn http(url: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(url.trim_start_matches("http://")).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn the_source_holds_what_it_says_and_can_only_be_read() {
    let server = PostgresServer::start().unwrap();
    let source = SampleSource::create(&server, 2000).unwrap();
    let url = source.url(&server);
    let count =
        |table: &str| psql(&server, &url, &format!("SELECT count(*) FROM \"{table}\"")).unwrap();
    assert_eq!(count("answers"), "40000");
    assert_eq!(count("knowledge-elements"), "40000");
    assert_eq!(count("view-active-organization-learners"), "1950");
    let error = psql(&server, &url, "DELETE FROM \"answers\"").unwrap_err();
    assert!(error.contains("permission denied"), "{error}");
    let unset = psql(
        &server,
        &url,
        "SELECT count(*) FROM pg_sequences WHERE last_value IS NULL AND schemaname = 'public'",
    );
    assert_eq!(unset.unwrap(), "0", "a sequence that was never used");

    source.add_rows(&server, 7).unwrap();
    assert_eq!(count("users"), "2007");
    assert_eq!(count("answers"), "40070");
    assert_eq!(count("knowledge-element-snapshots"), "2007");
    source.add_rows(&server, 1).unwrap();
    assert_eq!(count("knowledge-elements"), "40080");
}

#[test]
fn the_same_size_gives_the_same_source() {
    let digest = || {
        let server = PostgresServer::start().unwrap();
        SampleSource::create(&server, 2000).unwrap();
        let sum = "SELECT sum(hashtextextended(t::text, 0)::numeric) FROM \"answers\" t";
        server.psql(SampleSource::DATABASE, sum).unwrap()
    };
    assert_eq!(digest(), digest());
}

#[test]
fn the_owner_of_the_target_is_an_ordinary_role() {
    let server = PostgresServer::start().unwrap();
    let target = SampleTarget::create(&server).unwrap();
    let url = target.url(&server);
    psql(&server, &url, "CREATE TABLE t (id int)").unwrap();
    let error = psql(&server, &url, "CREATE DATABASE other").unwrap_err();
    assert!(error.contains("permission denied"), "{error}");
    let superuser =
        psql(&server, &url, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user");
    assert_eq!(superuser.unwrap(), "f");
}

#[test]
fn the_content_api_answers_only_to_its_key() {
    let api = ContentApi::start().unwrap();
    let ask = |route: &str, headers: &str| {
        http(
            &api.url(),
            &format!(
                "GET /{route} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n"
            ),
        )
    };
    let (object, stream) = ("databases/airtable", "replication-stream");
    assert!(ask(object, "").starts_with("HTTP/1.1 401"), "no key");
    assert!(
        ask(object, "Authorization: Bearer wrong\r\nclient: me\r\n").starts_with("HTTP/1.1 401")
    );
    let key = format!("Authorization: Bearer {}\r\n", ContentApi::KEY);
    assert!(ask(stream, &key).starts_with("HTTP/1.1 401"), "a key of the other route");
    assert!(ask(object, &key).starts_with("HTTP/1.1 400"), "no client");
    let answer = ask(object, &format!("{key}client: me\r\n"));
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    let content: serde_json::Value = serde_json::from_str(body).unwrap();
    let sizes = content.as_object().unwrap().values().map(|items| items.as_array().unwrap().len());
    let expected: Vec<usize> = api.table_sizes().into_iter().map(|(_, size)| size).collect();
    assert_eq!(sizes.collect::<Vec<_>>(), expected);
    let answer = ask(stream, &format!("X-API-Key: {}\r\nclient: me\r\n", ContentApi::KEY));
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    let documents = serde_json::Deserializer::from_str(body).into_iter::<serde_json::Value>();
    assert_eq!(documents.filter(Result::is_ok).count(), expected.iter().sum::<usize>());
    assert_eq!(content["challenges"].as_array().unwrap().len(), 600);
    assert_eq!(api.clients(), ["me", "me"]);
}

#[test]
fn the_webhook_receiver_keeps_what_it_was_told() {
    let receiver = WebhookReceiver::start().unwrap();
    let address = receiver.url("");
    let answer = http(
        &address,
        "POST /done HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: secret\r\n\
         Content-Length: 2\r\n\r\n{}",
    );
    assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
    let expected = Webhook {
        path: "/done".to_owned(),
        authorization: Some("secret".to_owned()),
        body: "{}".to_owned(),
    };
    assert_eq!(receiver.received(), [expected]);
    drop(receiver);
    assert!(TcpStream::connect(address.trim_start_matches("http://")).is_err());
}
