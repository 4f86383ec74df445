//! From what the user names to a store: URLs, schemes, who we are there.
use anyhow::{Context, Result};
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::local::LocalFileSystem;
use object_store::path::Path as Key;
use object_store::{ClientConfigKey, ObjectStore, ObjectStoreScheme};
use reqwest::Url;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::aws;
use crate::fault::Fault;
use crate::output::names::resolve;

/// `text` as a URL; a path becomes `file://`. No slash at its end.
///
/// # Errors
/// A usage error for what is neither.
pub(super) fn url(text: &str) -> Result<Url> {
    let wrong = |why: String| Fault::usage(format!("{text}: {why}"));
    let mut url = if text.contains("://") {
        Url::parse(text).map_err(|error| wrong(error.to_string()))?
    } else {
        let path = resolve(Path::new(text));
        Url::from_file_path(path).map_err(|()| wrong("is no path".into()))?
    };
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("`?` and `#` in a URL must be written `%3F` and `%23`".into()).into());
    }
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    Ok(url)
}

/// The store at a URL, the name of the place in it, and its folder when it is this machine. Nothing is asked of a store yet.
///
/// # Errors
/// Usage errors: a scheme that is not known, a path that a store can't have.
pub(super) fn connect(url: &Url) -> Result<(Arc<dyn ObjectStore>, Key, Option<PathBuf>)> {
    let (scheme, prefix) =
        ObjectStoreScheme::parse(url).map_err(|error| unknown(url, &error.to_string()))?;
    let mut folder = None;
    let store: Arc<dyn ObjectStore> = match scheme {
        ObjectStoreScheme::Local => {
            let path = url.to_file_path();
            folder = Some(path.map_err(|()| unknown(url, "is no path of this machine"))?);
            Arc::new(LocalFileSystem::new())
        }
        ObjectStoreScheme::AmazonS3 => aws::s3(url)?,
        ObjectStoreScheme::GoogleCloudStorage => {
            let mut builder = GoogleCloudStorageBuilder::from_env().with_url(url.as_str());
            let endpoint = builder.get_config_value(&GoogleConfigKey::BaseUrl);
            if endpoint.is_some_and(|endpoint| endpoint.starts_with("http://")) {
                // Whoever names an endpoint without TLS wants none.
                builder = builder
                    .with_config(GoogleConfigKey::Client(ClientConfigKey::AllowHttp), "true");
            }
            Arc::new(builder.build().with_context(|| url.to_string())?)
        }
        ObjectStoreScheme::MicrosoftAzure => {
            let builder = MicrosoftAzureBuilder::from_env().with_url(url.as_str());
            Arc::new(builder.build().with_context(|| url.to_string())?)
        }
        _ => return Err(unknown(url, "is no object store").into()),
    };
    Ok((store, prefix, folder))
}

pub(super) fn unknown(url: &Url, why: &str) -> Fault {
    Fault::usage(format!("{url}: {why}")).hint(
        "s3://BUCKET/PATH, gs://BUCKET/PATH, az://CONTAINER/PATH, file:///PATH and plain paths are understood",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_urls_and_lose_their_last_slash() {
        assert_eq!(url("/a b/c/").unwrap().as_str(), "file:///a%20b/c");
        assert_eq!(url("s3://bucket/x/").unwrap().as_str(), "s3://bucket/x");
        assert!(url("s3://bucket/x?y").is_err());
    }
}
