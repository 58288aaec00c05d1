//! `sslmode` means what it means to libpq.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::support::World;
use pg_replicate::DatabaseUrl;
use test_servers::{PostgresServer, wait_for};

/// Made for these tests, for the name `localhost`; the authority's own key is gone.
const AUTHORITY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tls/authority.crt");
const CERTIFICATE: &str = include_str!("../tls/server.crt");
const KEY: &str = include_str!("../tls/server.key");

fn encrypted_world(script: &str) -> World {
    encrypted(World::new(script), CERTIFICATE, KEY)
}

/// The same world, whose server has this certificate.
fn encrypted(world: World, certificate: &str, key: &str) -> World {
    let directory = world.server.log_path().parent().unwrap().display().to_string();
    for (name, text) in [("server.crt", certificate), ("server.key", key)] {
        // Written by the server itself: the key must be its own.
        let write = format!(
            "COPY (SELECT unnest(string_to_array('{}', E'\\n')))
             TO PROGRAM 'umask 077; cat > \"{directory}/{name}\"'",
            text.trim()
        );
        world.server.psql("postgres", &write).unwrap();
        let setting = if name == "server.crt" { "ssl_cert_file" } else { "ssl_key_file" };
        let set = format!("ALTER SYSTEM SET {setting} = '{directory}/{name}'");
        world.server.psql("postgres", &set).unwrap();
    }
    world.server.psql("postgres", "ALTER SYSTEM SET ssl = on").unwrap();
    world.server.psql("postgres", "SELECT pg_reload_conf()").unwrap();
    let limit = Duration::from_secs(20);
    assert!(wait_for(limit, || world.server.psql("postgres", "SHOW ssl").unwrap() == "on"));
    world
}

fn with(world: &World, user: &str, database: &str, host: &str, parameters: &str) -> DatabaseUrl {
    let text = world.server.superuser_url(database);
    let text = text.replace("postgres:superuser@127.0.0.1", &format!("{user}@{host}"));
    format!("{text}?{parameters}").parse().unwrap()
}

/// Whether a connection is encrypted, or why there is none.
async fn is_encrypted(world: &World, host: &str, parameters: &str) -> Result<bool, String> {
    let url = with(world, "postgres:superuser", "postgres", host, parameters);
    let client = pg_replicate::connect(&url).await.map_err(|error| error.to_string())?;
    let sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    Ok(client.query_one(sql, &[]).await.unwrap().get(0))
}

#[tokio::test]
async fn every_mode() {
    let world = encrypted_world("");
    let root = format!("sslrootcert={AUTHORITY}");
    let ip = "127.0.0.1";
    assert_eq!(is_encrypted(&world, ip, "sslmode=disable").await, Ok(false));
    assert_eq!(is_encrypted(&world, ip, "sslmode=allow").await, Ok(false));
    assert_eq!(is_encrypted(&world, ip, "sslmode=prefer").await, Ok(true));
    assert_eq!(is_encrypted(&world, ip, "sslmode=require").await, Ok(true));
    assert_eq!(is_encrypted(&world, ip, &format!("sslmode=verify-ca&{root}")).await, Ok(true));
    assert_eq!(
        is_encrypted(&world, "localhost", &format!("sslmode=verify-full&{root}")).await,
        Ok(true)
    );
    // Another name than the certificate's, another authority than the system's.
    let error = is_encrypted(&world, ip, &format!("sslmode=verify-full&{root}")).await.unwrap_err();
    assert!(error.contains("not valid for name"), "{error}");
    let error = is_encrypted(&world, "localhost", "sslmode=verify-ca").await.unwrap_err();
    assert!(error.contains("invalid peer certificate: UnknownIssuer"), "{error}");
}

#[tokio::test]
async fn a_server_without_tls() {
    let world = World::new("");
    assert_eq!(is_encrypted(&world, "127.0.0.1", "sslmode=prefer").await, Ok(false));
    let error = is_encrypted(&world, "127.0.0.1", "sslmode=require").await.unwrap_err();
    assert!(error.contains("server does not support TLS"), "{error}");
}

#[tokio::test]
async fn a_whole_copy_over_verified_connections() {
    let world = encrypted_world("CREATE TABLE a (id int); INSERT INTO a VALUES (7)");
    let mut copy = world.copy("{}");
    let secret = |user: &str| {
        let password: String =
            crate::support::SECRET.bytes().map(|byte| format!("%{byte:02X}")).collect();
        format!("{user}:{password}")
    };
    let parameters = format!("sslmode=verify-full&sslrootcert={AUTHORITY}");
    copy.source = with(&world, &secret("source_user"), "source", "localhost", &parameters);
    copy.target = with(&world, &secret("target_user"), "target", "localhost", &parameters);
    world.run(&copy).await.unwrap();
    assert_eq!(world.target("SELECT id FROM a"), "7");
}

/// The servers of a URL are tried in their order, by libpq and by us; PostgreSQL's programs are told
/// the same.
#[tokio::test]
async fn several_servers_and_what_a_session_must_be() {
    let world = World::new("CREATE TABLE a (id int); INSERT INTO a VALUES (7)");
    let port = world.server.port();
    let psql = |url: &str| {
        let program = world.server.bin_dir().join("psql");
        let output = Command::new(program).args(["-X", "-At", "-c", "SELECT 1", url]).output();
        output.unwrap().status.success()
    };
    world.server.psql("postgres", "CREATE ROLE reader LOGIN PASSWORD 'x'; ALTER ROLE reader SET default_transaction_read_only = on").unwrap();
    for (user, hosts, parameters, works) in [
        ("postgres:superuser", format!("127.0.0.1:1,127.0.0.1:{port}"), "", true),
        (
            "postgres:superuser",
            format!("127.0.0.1:1,127.0.0.1:{port}"),
            "target_session_attrs=read-write",
            true,
        ),
        ("postgres:superuser", format!("127.0.0.1:{port}"), "target_session_attrs=primary", true),
        (
            "postgres:superuser",
            format!("127.0.0.1:{port}"),
            "target_session_attrs=prefer-standby",
            true,
        ),
        ("postgres:superuser", format!("127.0.0.1:{port}"), "target_session_attrs=standby", false),
        (
            "postgres:superuser",
            format!("127.0.0.1:{port}"),
            "target_session_attrs=read-only",
            false,
        ),
        ("reader:x", format!("127.0.0.1:{port}"), "target_session_attrs=read-only", true),
        ("reader:x", format!("127.0.0.1:{port}"), "target_session_attrs=read-write", false),
        ("postgres:superuser", format!("nowhere.invalid:{port}"), "hostaddr=127.0.0.1", true),
        ("postgres:superuser", "127.0.0.1:1,127.0.0.1:2".into(), "", false),
        ("postgres:wrong", format!("127.0.0.1:{port},127.0.0.1:{port}"), "", false),
        (
            "postgres:superuser",
            format!("127.0.0.1:{port}"),
            "gssencmode=disable&keepalives=1&keepalives_idle=5&channel_binding=prefer",
            true,
        ),
        // Without TLS there is nothing to bind to.
        (
            "postgres:superuser",
            format!("127.0.0.1:{port}"),
            "sslmode=disable&channel_binding=require",
            false,
        ),
    ] {
        let text = format!("postgresql://{user}@{hosts}/postgres?{parameters}");
        assert_eq!(psql(&text), works, "psql {text}");
        let ours = pg_replicate::connect(&text.parse().unwrap()).await;
        assert_eq!(ours.is_ok(), works, "{text}: {:?}", ours.err().map(|error| error.to_string()));
    }

    let mut copy = world.copy("{}");
    for url in [&mut copy.source, &mut copy.target] {
        let (user, database) = (url.user().to_owned(), url.database().to_owned());
        let secret: String =
            crate::support::SECRET.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let text = format!(
            "postgresql://{user}:{secret}@127.0.0.1:1,127.0.0.1:{port}/{database}\
             ?target_session_attrs=read-write&connect_timeout=5"
        );
        *url = text.parse().unwrap();
    }
    world.run(&copy).await.unwrap();
    assert_eq!(world.target("SELECT id FROM a"), "7");
}

#[tokio::test]
async fn a_password_bound_to_the_connection() {
    let world = encrypted_world("");
    let parameters = "sslmode=require&channel_binding=require";
    assert_eq!(is_encrypted(&world, "127.0.0.1", parameters).await, Ok(true));
}

fn openssl(directory: &Path, arguments: &str) {
    let mut command = Command::new("openssl");
    let output = command.args(arguments.split(' ')).current_dir(directory).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test]
async fn a_client_says_who_it_is_by_its_certificate() {
    let world = encrypted_world("CREATE TABLE a (id int); INSERT INTO a VALUES (7)");
    let directory = world.directory.path();
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    openssl(
        directory,
        &format!("req -x509 {key} -keyout ca.key -out ca.crt -days 2 -subj /CN=authority"),
    );
    openssl(
        directory,
        &format!("req {key} -keyout client.key -out client.csr -subj /CN=source_user"),
    );
    openssl(
        directory,
        "x509 -req -in client.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -out client.crt",
    );
    let set_mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(directory.join("client.key"), set_mode).unwrap();
    let authority = std::fs::read_to_string(directory.join("ca.crt")).unwrap();
    let data = world.server.log_path().parent().unwrap().join("data");
    let write = format!(
        "COPY (SELECT unnest(string_to_array('{}', E'\\n'))) TO PROGRAM 'cat > \"{1}/clients.crt\"';
         COPY (SELECT 1) TO PROGRAM 'sed -i \"1i hostssl all source_user 127.0.0.1/32 cert\" \"{1}/pg_hba.conf\"';",
        authority.trim(),
        data.display()
    );
    world.server.psql("postgres", &write).unwrap();
    world.server.psql("postgres", "ALTER SYSTEM SET ssl_ca_file = 'clients.crt'").unwrap();
    world.server.psql("postgres", "SELECT pg_reload_conf()").unwrap();
    let limit = Duration::from_secs(20);
    assert!(wait_for(limit, || world.server.psql("postgres", "SHOW ssl_ca_file").unwrap()
        == "clients.crt"));

    let with_certificate = format!(
        "sslmode=require&sslcert={0}/client.crt&sslkey={0}/client.key",
        directory.display()
    );
    let mut copy = world.copy("{}");
    copy.source = with(&world, "source_user", "source", "127.0.0.1", "sslmode=require");
    let refused = pg_replicate::connect(&copy.source).await.err().unwrap().to_string();
    assert!(refused.contains("certificate"), "{refused}");
    copy.source = with(&world, "source_user", "source", "127.0.0.1", &with_certificate);
    // By ours and by pg_dump's connections.
    world.run(&copy).await.unwrap();
    assert_eq!(world.target("SELECT id FROM a"), "7");
}

/// An authority of its own, a certificate of it for the server, and two lists: `none.crl` takes back nothing, `server.crl` that
/// certificate.
fn authority(directory: &Path) {
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    openssl(
        directory,
        &format!("req -x509 {key} -keyout ca.key -out ca.crt -days 2 -subj /CN=authority"),
    );
    openssl(
        directory,
        &format!("req {key} -keyout server.key -out server.csr -subj /CN=localhost"),
    );
    std::fs::write(directory.join("names"), "subjectAltName=DNS:localhost\n").unwrap();
    openssl(
        directory,
        "x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.crt",
    );
    std::fs::write(directory.join("index"), "").unwrap();
    std::fs::write(directory.join("number"), "01\n").unwrap();
    std::fs::write(
        directory.join("ca.conf"),
        "[ca]\ndefault_ca = ca_default\n[ca_default]\ndatabase = index\ncrlnumber = number\n\
         default_md = sha256\ndefault_crl_days = 2\ncertificate = ca.crt\nprivate_key = ca.key\n",
    )
    .unwrap();
    openssl(directory, "ca -config ca.conf -gencrl -out none.crl");
    openssl(directory, "ca -config ca.conf -revoke server.crt");
    openssl(directory, "ca -config ca.conf -gencrl -out server.crl");
}

/// Whether psql is let in, too.
fn psql_is_let_in(world: &World, parameters: &str) -> bool {
    let url = world.server.superuser_url("postgres").replace("127.0.0.1", "localhost");
    let mut psql = Command::new("psql");
    psql.args(["-X", "-At", "-c", "SELECT 1", &format!("{url}?{parameters}")]);
    psql.output().unwrap().status.success()
}

/// Certificates that were taken back, versions of TLS, and TLS from the first byte on, with a server that knows all of it.
#[tokio::test]
async fn what_is_asked_of_tls_is_kept() {
    let world = World::on(PostgresServer::start_version(17).unwrap(), "");
    let directory = world.directory.path().to_owned();
    authority(&directory);
    let read = |name: &str| std::fs::read_to_string(directory.join(name)).unwrap();
    let world = encrypted(world, &read("server.crt"), &read("server.key"));
    for (name, list) in [("good", "none.crl"), ("taken-back", "server.crl"), ("empty", "")] {
        std::fs::create_dir(directory.join(name)).unwrap();
        if !list.is_empty() {
            std::fs::copy(directory.join(list), directory.join(name).join("list.crl")).unwrap();
            openssl(&directory, &format!("rehash {name}"));
        }
    }
    let path = directory.display();
    let verified = format!("sslmode=verify-full&sslrootcert={path}/ca.crt");
    for (parameters, refusal) in [
        ("sslcrl=none.crl", ""),
        ("sslcrldir=good", ""),
        ("sslcrl=server.crl", "Revoked"),
        ("sslcrldir=taken-back", "Revoked"),
        ("sslcrldir=empty", "it contains no list"),
    ] {
        let parameters = format!("{verified}&{}", parameters.replace('=', &format!("={path}/")));
        let ours = is_encrypted(&world, "localhost", &parameters).await;
        match refusal {
            "" => assert_eq!(ours, Ok(true), "{parameters}"),
            text => assert!(ours.unwrap_err().contains(text), "{parameters}"),
        }
        assert_eq!(psql_is_let_in(&world, &parameters), refusal.is_empty(), "psql {parameters}");
    }
    let error =
        is_encrypted(&world, "localhost", &format!("{verified}&sslcrl={path}/missing")).await;
    assert!(error.unwrap_err().contains("sslcrl "));

    // Without it the server would have to be asked first whether it can TLS.
    assert_eq!(
        is_encrypted(&world, "localhost", &format!("{verified}&sslnegotiation=direct")).await,
        Ok(true)
    );
    let version = async |parameters: &str| {
        let parameters = format!("{verified}&{parameters}");
        let url = with(&world, "postgres:superuser", "postgres", "localhost", &parameters);
        let client = pg_replicate::connect(&url).await.map_err(|error| error.to_string())?;
        let sql = "SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
        Ok::<String, String>(client.query_one(sql, &[]).await.unwrap().get(0))
    };
    let tls = |text: &str| Ok(text.to_owned());
    assert_eq!(version("ssl_max_protocol_version=TLSv1.2").await, tls("TLSv1.2"));
    assert_eq!(version("ssl_min_protocol_version=TLSv1.3").await, tls("TLSv1.3"));
    let both = "ssl_min_protocol_version=TLSv1.3&ssl_max_protocol_version=TLSv1.2";
    assert!(version(both).await.unwrap_err().contains("ssl_max_protocol_version must be"));
    // What the server does not take is not bargained down.
    let set = "ALTER SYSTEM SET ssl_max_protocol_version = 'TLSv1.2'; SELECT pg_reload_conf()";
    for sql in set.split("; ") {
        world.server.psql("postgres", sql).unwrap();
    }
    let limit = Duration::from_secs(20);
    let show = "SHOW ssl_max_protocol_version";
    assert!(wait_for(limit, || world.server.psql("postgres", show).unwrap() == "TLSv1.2"));
    assert!(version("ssl_min_protocol_version=TLSv1.3").await.is_err());
    assert_eq!(version("sslsni=0").await, tls("TLSv1.2"));
}

/// As libpq reads it, but that what libpq leaves aside with a warning is said.
#[tokio::test]
async fn a_file_of_passwords() {
    let world = World::new("CREATE TABLE a (id int); INSERT INTO a VALUES (7)");
    let file = world.directory.path().join("passwords");
    let write = |lines: &str, mode: u32| {
        std::fs::write(&file, lines).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(mode);
        std::fs::set_permissions(&file, mode).unwrap();
    };
    let secret = crate::support::SECRET.replace('\\', "\\\\").replace(':', "\\:");
    let port = world.server.port();
    write(
        &format!(
            "# ours\n127.0.0.1:{port}:source:source_user:{secret}\n*:*:target:target_user:{secret}\n"
        ),
        0o600,
    );
    let url = |user: &str, database: &str, host: &str| {
        format!("postgresql://{user}@{host}/{database}?passfile={}", file.display())
    };
    let here = format!("127.0.0.1:{port}");
    let mut copy = world.copy("{}");
    copy.source = url("source_user", "source", &here).parse().unwrap();
    copy.target = url("target_user", "target", &here).parse().unwrap();
    // By ours and by pg_dump's connections.
    world.run(&copy).await.unwrap();
    assert_eq!(world.target("SELECT id FROM a"), "7");

    let wrong = |text: String| text.parse::<DatabaseUrl>().unwrap_err().to_string();
    let two = wrong(url("source_user", "source", &format!("{here},other:{port}")));
    assert!(two.contains("different passwords"), "{two}");
    // The URL's own password comes first, and no other line fits.
    let text = url("source_user:mine", "source", &here);
    assert_eq!(text.parse::<DatabaseUrl>().unwrap().password(), Some("mine"));
    assert_eq!(url("a", "b", &here).parse::<DatabaseUrl>().unwrap().password(), None);
    write("*:*:*:*:x", 0o640);
    let open = wrong(url("a", "b", &here));
    assert!(open.contains("passwords: its mode is 0640") && open.contains("0600"), "{open}");
    std::fs::remove_file(&file).unwrap();
    assert!(wrong(url("a", "b", &here)).contains("it cannot be read: No such file"));
}
