//! TLS by rustls: which certificate is believed, for each of the five modes.

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

use crate::error::{Error, Result};
use crate::fault::Failure;
use crate::url::{Tls, TlsMode};

/// The client's side of TLS for this mode. Not asked for with [`TlsMode::Disable`].
pub(super) fn client_config(tls: &Tls) -> Result<ClientConfig> {
    let provider = Arc::new(ring::default_provider());
    let versions = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::internal("TLS cannot be set up").with_source(error))?;
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

/// The authorities in a PEM file.
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
        return Err(unusable("the file holds none".to_owned()));
    }
    Ok(roots)
}

/// Whether a connection failed because its TLS does not fit the server's, which waiting does not change.
pub(super) fn is_mismatch(failure: &Failure) -> bool {
    matches!(failure, Failure::Lost(cause) if cause.contains("does not support TLS") || cause.contains("certificate"))
}

/// The error of a connection that can never be made with these settings.
pub(super) fn refused(failure: &Failure, place: &str) -> Error {
    let Failure::Lost(cause) = failure else {
        return Error::internal("only a connection that was lost is explained by its TLS");
    };
    let advice = if cause.contains("UnknownIssuer") || cause.contains("unknown issuer") {
        "; name the file of the authority that signed it with sslrootcert"
    } else if cause.contains("does not support TLS") {
        "; have the server offer TLS, or ask for less with sslmode"
    } else {
        ""
    };
    Error::configuration(format!("cannot connect to {place}: {cause}{advice}"))
        .with_field("DATABASE_URL")
}

/// Encrypts without asking who is there: `prefer` and `require`, as libpq and MySQL's client understand them.
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

/// The certificate must come from a known authority, but may be another host's: `verify-ca`.
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
            // The name is the last thing that webpki checks, so everything else was found to be in order.
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
