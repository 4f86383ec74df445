//! Amazon: who we are there, S3 by the same identity, AWS Batch.
mod follow;
mod submit;

pub(super) use follow::follow;
pub(super) use submit::{cancel, submit};

use anyhow::{Context, Result};
use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_batch::config::{Credentials, ProvideCredentials, SharedCredentialsProvider};
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use object_store::aws::{AmazonS3Builder, AwsCredential};
use object_store::{CredentialProvider, ObjectStore};
use reqwest::Url;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::sync::{Mutex, OnceCell};

use super::wait;

/// Credentials are asked for again when less than this is left of them.
const EARLY: Duration = Duration::from_secs(300);

/// Region, identity and endpoints, from environment, profile, container or machine; asked for once.
async fn config() -> &'static SdkConfig {
    static CONFIG: OnceCell<SdkConfig> = OnceCell::const_new();
    let load = || async {
        let client = aws_smithy_http_client::Builder::new()
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .build_https();
        aws_config::from_env().http_client(client).load().await
    };
    CONFIG.get_or_init(load).await
}

/// A bucket by its URL, with the identity that the rest of AWS is spoken to with.
///
/// # Errors
/// A URL or an environment that contradicts itself.
pub(super) fn s3(url: &Url) -> Result<Arc<dyn ObjectStore>> {
    let config = wait(config());
    let mut builder = AmazonS3Builder::from_env();
    if let Some(region) = config.region() {
        builder = builder.with_region(region.as_ref());
    }
    let ours = std::env::var("AWS_ENDPOINT_URL_S3").ok();
    if let Some(endpoint) = ours.as_deref().or(config.endpoint_url()) {
        // Whoever names an endpoint without TLS wants none.
        builder = builder
            .with_endpoint(endpoint)
            .with_allow_http(endpoint.starts_with("http://"));
    }
    if let Some(provider) = config.credentials_provider() {
        let identity = Identity {
            provider,
            last: Mutex::new(None),
        };
        builder = builder.with_credentials(Arc::new(identity));
    }
    let store = builder.with_url(url.as_str()).build();
    Ok(Arc::new(store.with_context(|| url.to_string())?))
}

/// The SDK's credentials for S3, kept until they are about to run out.
#[derive(Debug)]
struct Identity {
    provider: SharedCredentialsProvider,
    last: Mutex<Option<(Arc<AwsCredential>, Option<SystemTime>)>>,
}

#[async_trait]
impl CredentialProvider for Identity {
    type Credential = AwsCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AwsCredential>> {
        let mut last = self.last.lock().await;
        if let Some((credential, expiry)) = &*last
            && expiry.is_none_or(|expiry| SystemTime::now() + EARLY < expiry)
        {
            return Ok(Arc::clone(credential));
        }
        let given = self.provider.provide_credentials().await;
        let given = given.map_err(|error| object_store::Error::Generic {
            store: "S3",
            source: Box::new(error),
        })?;
        let credential = Arc::new(translate(&given));
        *last = Some((Arc::clone(&credential), given.expiry()));
        Ok(credential)
    }
}

fn translate(given: &Credentials) -> AwsCredential {
    AwsCredential {
        key_id: given.access_key_id().into(),
        secret_key: given.secret_access_key().into(),
        token: given.session_token().map(Into::into),
    }
}
