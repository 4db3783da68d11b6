//! TLS with rustls: which certificates each of the five modes accepts.

use std::path::Path;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, ring, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
};

use crate::db_error::Failure;
use crate::error::{Error, Result};
use crate::url::{Tls, TlsMode};

/// Returns the client configuration for this mode. Not called for [`TlsMode::Disable`].
pub(super) fn client_config(tls: &Tls) -> Result<ClientConfig> {
    let provider = Arc::new(ring::default_provider());
    let versions = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::internal("cannot configure TLS").with_source(error))?;
    let verifier: Arc<dyn ServerCertVerifier> = match tls.mode {
        TlsMode::VerifyCa => Arc::new(KnownAuthority { inner: verifier(tls, &provider)? }),
        TlsMode::VerifyFull => verifier(tls, &provider)?,
        TlsMode::Disable | TlsMode::Prefer | TlsMode::Require => {
            Arc::new(AnyCertificate { algorithms: provider.signature_verification_algorithms })
        }
    };
    Ok(versions.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
}

fn verifier(tls: &Tls, provider: &Arc<CryptoProvider>) -> Result<Arc<WebPkiServerVerifier>> {
    let roots = match &tls.root_cert {
        Some(path) => read_roots(path)?,
        None => RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() },
    };
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
        .build()
        .map_err(|error| {
            Error::configuration(format!("no usable certificate: {error}"))
                .with_field("sslrootcert")
        })
}

/// Reads the certificate authorities in a PEM file.
pub(super) fn read_roots(path: &Path) -> Result<RootCertStore> {
    let unusable = |cause: String| {
        Error::configuration(format!("cannot read certificates from {}: {cause}", path.display()))
            .with_field("sslrootcert")
    };
    let mut roots = RootCertStore::empty();
    for certificate in
        CertificateDer::pem_file_iter(path).map_err(|error| unusable(error.to_string()))?
    {
        let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
        roots.add(certificate).map_err(|error| unusable(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(unusable("the file contains none".to_owned()));
    }
    Ok(roots)
}

/// Returns whether a connection failed because of its TLS settings or the server's certificate, so
/// that a retry cannot succeed.
pub(super) fn is_mismatch(failure: &Failure) -> bool {
    matches!(failure, Failure::Lost(cause)
        if cause.contains("does not support TLS") || cause.contains("certificate"))
}

/// Returns the error for a connection that cannot succeed with its TLS settings.
pub(super) fn refused(failure: &Failure, address: &str) -> Error {
    let Failure::Lost(cause) = failure else {
        return Error::internal("a TLS error was expected for a lost connection only");
    };
    let advice = if cause.contains("UnknownIssuer") || cause.contains("unknown issuer") {
        "; set sslrootcert to the file of the authority that signed the certificate"
    } else if cause.contains("does not support TLS") {
        "; enable TLS on the server, or set a weaker sslmode"
    } else {
        ""
    };
    Error::configuration(format!("cannot connect to {address}: {cause}{advice}"))
        .with_field("DATABASE_URL")
}

/// Accepts any certificate: `prefer` and `require`, with libpq's and MySQL's meaning.
#[derive(Debug)]
struct AnyCertificate {
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// Accepts a certificate of a trusted authority, even for another host: `verify-ca`.
#[derive(Debug)]
struct KnownAuthority {
    inner: Arc<WebPkiServerVerifier>,
}

impl ServerCertVerifier for KnownAuthority {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        match self.inner.verify_server_cert(certificate, intermediates, name, ocsp, now) {
            // webpki checks the name last, so all other checks have passed.
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}
