//! TLS with libpq's meaning of `sslmode`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{
    CertificateDer, CertificateRevocationListDer, PrivateKeyDer, ServerName, UnixTime,
};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::version::{TLS12, TLS13};
use rustls::{
    ClientConfig, DigitallySignedStruct, InconsistentKeys, RootCertStore, SignatureScheme,
    SupportedProtocolVersion,
};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::{DatabaseUrl, SslMode};

/// Where Linux distributions store trusted certificate authorities.
const SYSTEM_BUNDLES: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/// The file of trusted authorities for `url`, used by this program and by PostgreSQL's client programs.
///
/// As in libpq: `sslrootcert`, otherwise `~/.postgresql/root.crt`. If certificates must be verified and
/// there is neither, the system's bundle, where libpq would fail.
pub(crate) fn root_certificates(url: &DatabaseUrl) -> Option<PathBuf> {
    if let Some(path) = url.ssl_root_cert().filter(|path| *path != Path::new("system")) {
        return Some(path.to_owned());
    }
    let system = || SYSTEM_BUNDLES.iter().map(PathBuf::from).find(|path| path.is_file());
    if url.ssl_root_cert().is_some() {
        return system();
    }
    match in_home("root.crt") {
        Some(path) => Some(path),
        None if matches!(url.ssl_mode(), SslMode::VerifyCa | SslMode::VerifyFull) => system(),
        None => None,
    }
}

/// TLS for `url`; its `sslmode` decides what is verified.
pub(crate) fn connector(url: &DatabaseUrl) -> Result<MakeRustlsConnect, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&versions(url)?)
        .map_err(|error| error.to_string())?;
    let file = root_certificates(url);
    let authority = match (url.ssl_mode(), file) {
        (SslMode::VerifyFull | SslMode::VerifyCa, file) => Some(roots(file.as_deref())?),
        (SslMode::Require, Some(file)) => Some(roots(Some(&file))?),
        _ => None,
    };
    let authority = authority.map(|roots| {
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .with_crls(revoked(url)?)
            .build()
            .map_err(|error| format!("sslrootcert, sslcrl: {error}"))
    });
    let verifier = Verifier {
        provider,
        authority: authority.transpose()?,
        verifies_name: url.ssl_mode() == SslMode::VerifyFull,
    };
    let builder = builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier));
    let mut config = match client_certificate(url)? {
        Some((chain, key)) => {
            let certified = certified(builder.crypto_provider(), chain, key)
                .map_err(|error| format!("sslcert, sslkey: {error}"))?;
            builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(certified)))
        }
        None => builder.with_no_client_auth(),
    };
    config.enable_sni = url.setting("sslsni") != Some("0");
    if url.setting("sslnegotiation") == Some("direct") {
        config.alpn_protocols = vec![b"postgresql".to_vec()];
    }
    Ok(MakeRustlsConnect::new(config))
}

/// The TLS versions from `ssl_min_protocol_version` to `ssl_max_protocol_version`, at least 1.2.
fn versions(url: &DatabaseUrl) -> Result<Vec<&'static SupportedProtocolVersion>, String> {
    let mut versions = vec![&TLS12, &TLS13];
    if url.setting("ssl_min_protocol_version") == Some("TLSv1.3") {
        versions.retain(|version| version.version == TLS13.version);
    }
    match url.setting("ssl_max_protocol_version") {
        None | Some("TLSv1.3") => {}
        Some("TLSv1.2") => versions.retain(|version| version.version == TLS12.version),
        Some(_) => versions.clear(),
    }
    if versions.is_empty() {
        return Err("ssl_max_protocol_version must be TLSv1.2 or TLSv1.3, and not older than \
                    ssl_min_protocol_version"
            .into());
    }
    Ok(versions)
}

/// The client certificate. As in libpq: `sslcert` and `sslkey`, otherwise `~/.postgresql/postgresql.crt`
/// and `postgresql.key`.
fn client_certificate(
    url: &DatabaseUrl,
) -> Result<Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>, String> {
    if url.setting("sslcertmode") == Some("disable") {
        return Ok(None);
    }
    let file = |parameter: &str, name: &str| match url.setting(parameter) {
        Some(file) => Some(PathBuf::from(file)),
        None => in_home(name),
    };
    let Some(certificate) = file("sslcert", "postgresql.crt") else { return Ok(None) };
    let Some(key) = file("sslkey", "postgresql.key") else {
        return Err(format!("sslkey is missing: {} needs its key", certificate.display()));
    };
    let in_file = |what: &str, file: &Path, error: rustls::pki_types::pem::Error| {
        format!("{what} {}: {error}", file.display())
    };
    let chain: Vec<_> = CertificateDer::pem_file_iter(&certificate)
        .and_then(Iterator::collect)
        .map_err(|error| in_file("sslcert", &certificate, error))?;
    let key = PrivateKeyDer::from_pem_file(&key).map_err(|error| in_file("sslkey", &key, error))?;
    Ok(Some((chain, key)))
}

/// A certificate with its matching key. The server decides whether it accepts the certificate: rustls
/// itself rejects X.509 version 1, which OpenSSL creates and libpq accepts.
fn certified(
    provider: &CryptoProvider,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<CertifiedKey, rustls::Error> {
    let certified = CertifiedKey::new(chain, provider.key_provider.load_private_key(key)?);
    match certified.keys_match() {
        Err(error @ rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) => Err(error),
        _ => Ok(certified),
    }
}

/// The certificates revoked by `sslcrl` and `sslcrldir`.
fn revoked(url: &DatabaseUrl) -> Result<Vec<CertificateRevocationListDer<'static>>, String> {
    let mut lists = Vec::new();
    if let Some(file) = url.setting("sslcrl") {
        lists = crls(Path::new(file)).map_err(|error| format!("sslcrl {file}: {error}"))?;
    }
    if let Some(directory) = url.setting("sslcrldir") {
        let wrong = |error: String| format!("sslcrldir {directory}: {error}");
        let entries = std::fs::read_dir(directory).map_err(|error| wrong(error.to_string()))?;
        for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
            // As named by `openssl rehash`: 9d66eef0.r0
            let extension = path.extension().and_then(|extension| extension.to_str());
            let number = extension.and_then(|extension| extension.strip_prefix('r'));
            if number.is_some_and(|number| number.parse::<u32>().is_ok()) {
                let found =
                    crls(&path).map_err(|error| wrong(format!("{}: {error}", path.display())))?;
                lists.extend(found);
            }
        }
        // An empty list would mean that nothing is checked.
        if lists.is_empty() {
            return Err(wrong(
                "it contains no list (<hash>.r0); prepare it with openssl rehash".into(),
            ));
        }
    }
    Ok(lists)
}

fn crls(
    file: &Path,
) -> Result<Vec<CertificateRevocationListDer<'static>>, rustls::pki_types::pem::Error> {
    let lists: Vec<_> =
        CertificateRevocationListDer::pem_file_iter(file)?.collect::<Result<_, _>>()?;
    if lists.is_empty() { Err(rustls::pki_types::pem::Error::NoItemsFound) } else { Ok(lists) }
}

/// A file in `~/.postgresql`, if it exists.
fn in_home(name: &str) -> Option<PathBuf> {
    let home = std::env::var_os("HOME")?;
    Some(Path::new(&home).join(".postgresql").join(name)).filter(|path| path.is_file())
}

fn roots(file: Option<&Path>) -> Result<RootCertStore, String> {
    let mut store = RootCertStore::empty();
    match file {
        Some(file) => {
            let certificates = CertificateDer::pem_file_iter(file)
                .map_err(|error| format!("sslrootcert {}: {error}", file.display()))?;
            store.add_parsable_certificates(certificates.filter_map(Result::ok));
            if store.is_empty() {
                return Err(format!("sslrootcert {} contains no certificate", file.display()));
            }
        }
        None => {
            store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            if store.is_empty() {
                return Err(
                    "this system has no trusted certificate authorities: set sslrootcert to a file"
                        .into(),
                );
            }
        }
    }
    Ok(store)
}

/// Verifies the same as libpq: everything (`verify-full`), only the authority (`verify-ca`), or nothing
/// (`require`).
#[derive(Debug)]
struct Verifier {
    provider: Arc<CryptoProvider>,
    authority: Option<Arc<WebPkiServerVerifier>>,
    verifies_name: bool,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        use rustls::CertificateError::{NotValidForName, NotValidForNameContext};
        use rustls::Error::InvalidCertificate;
        let Some(authority) = &self.authority else { return Ok(ServerCertVerified::assertion()) };
        // The name is checked last.
        match authority.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        ) {
            Err(InvalidCertificate(NotValidForName | NotValidForNameContext { .. }))
                if !self.verifies_name =>
            {
                Ok(ServerCertVerified::assertion())
            }
            result => result,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
