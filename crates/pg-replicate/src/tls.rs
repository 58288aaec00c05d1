//! TLS with libpq's meaning of `sslmode`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::{DatabaseUrl, SslMode};

/// Where Linux distributions keep the authorities that are trusted.
const SYSTEM_BUNDLES: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/// The file of trusted authorities that `url` asks for, for us and for PostgreSQL's programs.
///
/// As libpq: `sslrootcert`, else `~/.postgresql/root.crt`. When certificates must be verified and
/// there is neither, the system's bundle, where libpq would give up.
pub(crate) fn root_certificates(url: &DatabaseUrl) -> Option<PathBuf> {
    if let Some(path) = url.ssl_root_cert().filter(|path| *path != Path::new("system")) {
        return Some(path.to_owned());
    }
    let system = || SYSTEM_BUNDLES.iter().map(PathBuf::from).find(|path| path.is_file());
    if url.ssl_root_cert().is_some() {
        return system();
    }
    let home = std::env::var_os("HOME").map(|home| Path::new(&home).join(".postgresql/root.crt"));
    match home.filter(|path| path.is_file()) {
        Some(path) => Some(path),
        None if matches!(url.ssl_mode(), SslMode::VerifyCa | SslMode::VerifyFull) => system(),
        None => None,
    }
}

/// TLS for `url`: what is verified depends on its `sslmode`.
pub(crate) fn connector(url: &DatabaseUrl) -> Result<MakeRustlsConnect, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let file = root_certificates(url);
    let config = match (url.ssl_mode(), file) {
        (SslMode::VerifyFull, file) => {
            builder.with_root_certificates(roots(file.as_deref())?).with_no_client_auth()
        }
        (SslMode::VerifyCa, file) => {
            verified_by(builder, Verifier::authority(&provider, roots(file.as_deref())?))
        }
        (SslMode::Require, Some(file)) => {
            verified_by(builder, Verifier::authority(&provider, roots(Some(&file))?))
        }
        _ => verified_by(builder, Verifier { provider, roots: None }),
    };
    Ok(MakeRustlsConnect::new(config))
}

fn verified_by(
    builder: rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>,
    verifier: Verifier,
) -> ClientConfig {
    builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth()
}

fn roots(file: Option<&Path>) -> Result<RootCertStore, String> {
    let mut store = RootCertStore::empty();
    match file {
        Some(file) => {
            let certificates = CertificateDer::pem_file_iter(file)
                .map_err(|error| format!("sslrootcert {}: {error}", file.display()))?;
            store.add_parsable_certificates(certificates.filter_map(Result::ok));
            if store.is_empty() {
                return Err(format!("sslrootcert {} holds no certificate", file.display()));
            }
        }
        None => {
            store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            if store.is_empty() {
                return Err(
                    "this system has no trusted authorities: name a file with sslrootcert".into()
                );
            }
        }
    }
    Ok(store)
}

/// Verifies less than the web does: the authority only (`verify-ca`), or nothing (`require`).
#[derive(Debug)]
struct Verifier {
    provider: Arc<CryptoProvider>,
    roots: Option<RootCertStore>,
}

impl Verifier {
    fn authority(provider: &Arc<CryptoProvider>, roots: RootCertStore) -> Self {
        Self { provider: Arc::clone(provider), roots: Some(roots) }
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if let Some(roots) = &self.roots {
            let certificate = ParsedCertificate::try_from(end_entity)?;
            verify_server_cert_signed_by_trust_anchor(
                &certificate,
                roots,
                intermediates,
                now,
                self.provider.signature_verification_algorithms.all,
            )?;
        }
        Ok(ServerCertVerified::assertion())
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
