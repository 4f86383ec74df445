//! A place for objects: a prefix of a bucket, or a folder of this machine.
use anyhow::{Context, Result};
use futures_util::TryStreamExt;
use object_store::path::Path as Key;
use object_store::{GetOptions, ObjectStore, ObjectStoreExt, ObjectStoreScheme};
use object_store::{PutMode, PutOptions, PutPayload};
use reqwest::Url;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use super::{address, wait};
use crate::fault::Fault;
use crate::output::atomic::{self, Existing};

/// Objects below one URL, by their names there.
#[derive(Debug, Clone)]
pub(super) struct Place {
    store: Arc<dyn ObjectStore>,
    prefix: Key,
    url: Url,
    /// The folder, when it is one.
    folder: Option<PathBuf>,
}

/// An object that is there.
#[derive(Debug, Clone)]
pub(super) struct Listed {
    /// Below the place, with `/`.
    pub(super) name: String,
    pub(super) bytes: u64,
    pub(super) e_tag: Option<String>,
    pub(super) modified: SystemTime,
}

/// What became of an object that was to be new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Created {
    /// It is there now, as given.
    New,
    /// Another one was there before, and still is.
    There,
}

/// Why an object could not be read.
#[derive(Debug)]
pub(super) enum Unread {
    /// There is none of this name.
    Missing(anyhow::Error),
    /// The object's own fault: changed, too long, damaged. Another try ends the same.
    Theirs(anyhow::Error),
    /// It may not be read; perhaps none may.
    Denied(anyhow::Error),
    /// The store could not be reached or failed.
    Store(anyhow::Error),
}

impl Unread {
    /// The error, whosever fault.
    pub(super) fn into_error(self) -> anyhow::Error {
        match self {
            Self::Missing(error)
            | Self::Theirs(error)
            | Self::Denied(error)
            | Self::Store(error) => error,
        }
    }
}

impl Place {
    /// The place at a URL or path. Nothing is asked of a store yet.
    ///
    /// # Errors
    /// Usage errors: a scheme that is not known, a path that a store can't have.
    pub(super) fn open(text: &str) -> Result<Self> {
        let url = address::url(text)?;
        let (store, prefix, folder) = address::connect(&url)?;
        Ok(Self {
            store,
            prefix,
            url,
            folder,
        })
    }

    /// The place that an object lies in, and its name there.
    ///
    /// # Errors
    /// As [`Place::open`]; a URL without a name.
    pub(super) fn of_object(text: &str) -> Result<(Self, String)> {
        let whole = address::url(text)?;
        let named = whole.as_str().rsplit_once('/');
        let (parent, _) = named.ok_or_else(|| address::unknown(&whole, "names no object"))?;
        let place = Self::open(parent)?;
        let (_, key) = ObjectStoreScheme::parse(&whole)
            .map_err(|error| address::unknown(&whole, &error.to_string()))?;
        match key.filename() {
            Some(name) if key.prefix_matches(&place.prefix) => Ok((place, name.to_owned())),
            _ => Err(address::unknown(&whole, "names no object").into()),
        }
    }

    /// A place below this one.
    pub(super) fn below(&self, name: &str) -> Result<Self> {
        Self::open(&format!("{}/{name}", self.url))
    }

    /// Its URL, without a slash at the end.
    pub(super) fn url(&self) -> &str {
        self.url.as_str()
    }

    /// The folder, when it is one of this machine.
    pub(super) fn folder(&self) -> Option<&PathBuf> {
        self.folder.as_ref()
    }

    /// The name of `other` in this place, empty when they are one; none when it lies elsewhere.
    pub(super) fn name_of(&self, other: &Self) -> Option<String> {
        let root = |url: &Url| (url.scheme().to_owned(), url.host_str().map(str::to_owned));
        if root(&self.url) != root(&other.url) {
            return None;
        }
        let parts = other.prefix.prefix_match(&self.prefix)?;
        let parts: Vec<_> = parts.map(|part| part.as_ref().to_owned()).collect();
        Some(parts.join("/"))
    }

    fn key(&self, name: &str) -> Result<Key> {
        let whole = format!("{}/{name}", self.prefix);
        Key::parse(whole).with_context(|| name.to_owned())
    }

    /// Everything below, by name.
    ///
    /// # Errors
    /// The store can't be reached, or something in it can't be looked into.
    pub(super) fn list(&self) -> Result<Vec<Listed>> {
        let failed = || format!("{}: could not be listed", self.url);
        if let Some(folder) = &self.folder
            && !folder.is_dir()
        {
            let fault = Fault::new(format!("{}: no such folder", folder.display()));
            return Err(fault.hint("check the spelling of its path").into());
        }
        let objects: Vec<_> = wait(self.store.list(Some(&self.prefix)).try_collect())
            .map_err(told)
            .with_context(failed)?;
        let listed = objects.into_iter().filter_map(|object| {
            let parts = object.location.prefix_match(&self.prefix)?;
            let parts: Vec<_> = parts.map(|part| part.as_ref().to_owned()).collect();
            Some(Listed {
                name: parts.join("/"),
                bytes: object.size,
                e_tag: object.e_tag,
                modified: object.last_modified.into(),
            })
        });
        let mut listed: Vec<_> = listed.collect();
        listed.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(listed)
    }

    /// Everything below, or nothing where there is no such folder yet.
    ///
    /// # Errors
    /// As [`Place::list`].
    pub(super) fn list_if_there(&self) -> Result<Vec<Listed>> {
        match &self.folder {
            Some(folder) if !folder.exists() => Ok(Vec::new()),
            _ => self.list(),
        }
    }

    /// An object's bytes, `most` of them at most; with `e_tag`, only if it is still that one.
    ///
    /// # Errors
    /// Messages don't name the object.
    pub(super) fn read(
        &self,
        name: &str,
        most: u64,
        e_tag: Option<&str>,
    ) -> Result<Vec<u8>, Unread> {
        let key = self.key(name).map_err(Unread::Theirs)?;
        let options = GetOptions {
            if_match: e_tag.map(str::to_owned),
            ..GetOptions::default()
        };
        let read = async {
            let object = self.store.get_opts(&key, options).await?;
            if object.meta.size > most {
                return Ok(None);
            }
            object.bytes().await.map(Some)
        };
        match wait(read) {
            Ok(Some(bytes)) => Ok(bytes.into()),
            Ok(None) => {
                let message = format!("longer than {} MB", most / 1_000_000);
                Err(Unread::Theirs(Fault::new(message).into()))
            }
            Err(error) => Err(self.unread(error)),
        }
    }

    /// An object's bytes, none when there is no such object.
    ///
    /// # Errors
    /// Messages name the object.
    pub(super) fn read_if_there(&self, name: &str, most: u64) -> Result<Option<Vec<u8>>> {
        match self.read(name, most, None) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(Unread::Missing(_)) => Ok(None),
            Err(other) => Err(other.into_error()).with_context(|| self.name(name)),
        }
    }

    /// Whether there is such an object.
    ///
    /// # Errors
    /// The store can't say.
    pub(super) fn has(&self, name: &str) -> Result<bool> {
        let key = self.key(name)?;
        match wait(self.store.head(&key)) {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(told(error)).with_context(|| self.name(name)),
        }
    }

    /// Makes an object that must be new; of several that try, one does.
    ///
    /// # Errors
    /// The store can't be written; messages name the object.
    pub(super) fn create(&self, name: &str, bytes: &[u8]) -> Result<Created> {
        if let Some(folder) = &self.folder {
            // As every other file here: whole or not there, and nothing of a killed process under a name that looks like a result.
            let path = folder.join(name);
            let mut written = atomic::write(&path, bytes, Existing::Keep);
            if written
                .as_ref()
                .is_err_and(|error| is(error, ErrorKind::NotFound))
            {
                // Its temporary file was swept away by the merge of another plan.
                written = atomic::write(&path, bytes, Existing::Keep);
            }
            return match written {
                Ok(()) => Ok(Created::New),
                Err(error) if is(&error, ErrorKind::AlreadyExists) => Ok(Created::There),
                Err(error) => Err(error),
            };
        }
        match self.put(name, bytes, PutMode::Create) {
            Ok(()) => Ok(Created::New),
            Err(object_store::Error::AlreadyExists { .. }) => Ok(Created::There),
            Err(error) => Err(told(error)).with_context(|| self.name(name)),
        }
    }

    /// Makes an object, over one that is there.
    ///
    /// # Errors
    /// As [`Place::create`].
    pub(super) fn replace(&self, name: &str, bytes: &[u8]) -> Result<()> {
        if let Some(folder) = &self.folder {
            return atomic::write(&folder.join(name), bytes, Existing::Replace);
        }
        self.put(name, bytes, PutMode::Overwrite)
            .map_err(told)
            .with_context(|| self.name(name))
    }

    fn put(&self, name: &str, bytes: &[u8], mode: PutMode) -> object_store::Result<()> {
        let key = Key::parse(format!("{}/{name}", self.prefix))?;
        let payload = PutPayload::from(bytes.to_vec());
        wait(self.store.put_opts(&key, payload, PutOptions::from(mode)))?;
        Ok(())
    }

    /// An object's whole name, for messages.
    pub(super) fn name(&self, name: &str) -> String {
        match &self.folder {
            Some(folder) => folder.join(name).display().to_string(),
            None => format!("{}/{name}", self.url),
        }
    }

    fn unread(&self, error: object_store::Error) -> Unread {
        use object_store::Error as E;
        let fault = |text: &str| Fault::new(text).into();
        match error {
            E::NotFound { .. } => Unread::Missing(fault("no such file")),
            E::Precondition { .. } => Unread::Theirs(fault("changed since the plan was made")),
            E::PermissionDenied { .. } => {
                Unread::Denied(fault("may not be read (permission denied)"))
            }
            other if self.folder.is_some() => {
                let error = anyhow::Error::from(other);
                if is(&error, ErrorKind::PermissionDenied) {
                    Unread::Denied(fault("may not be read (permission denied)"))
                } else {
                    Unread::Theirs(once(&error))
                }
            }
            other => Unread::Store(told(other)),
        }
    }
}

/// What a store says, said once.
fn told(error: object_store::Error) -> anyhow::Error {
    once(&error.into())
}

/// An error whose texts hold those of their causes: the first, and what is at the bottom.
fn once(error: &anyhow::Error) -> anyhow::Error {
    let (mut text, last) = (error.to_string(), error.root_cause().to_string());
    if !text.contains(&last) {
        text = format!("{text}: {last}");
    }
    Fault::new(text).into()
}

/// Whether an error of the system of this kind is at the bottom of it.
fn is(error: &anyhow::Error, kind: ErrorKind) -> bool {
    let mut causes = error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>());
    causes.any(|io| io.kind() == kind)
}

#[cfg(test)]
mod tests {
    use object_store::aws::AmazonS3Builder;
    use std::io::{Read, Write};

    use super::*;

    #[test]
    fn what_is_no_store_is_refused_with_advice() {
        let error = Place::open("ftp://host/x").unwrap_err();
        assert!(error.to_string().starts_with("ftp://host/x: "), "{error}");
        assert!(
            crate::fault::hint_of(&error)
                .unwrap()
                .contains("s3://BUCKET/PATH")
        );
        assert!(Place::open("https://example.com/x").is_err());
    }

    #[test]
    fn places_know_what_lies_in_them() {
        let name = |outer: &str, inner: &str| {
            let (outer, inner) = (Place::open(outer).unwrap(), Place::open(inner).unwrap());
            outer.name_of(&inner)
        };
        assert_eq!(name("/a", "/a/b/c").as_deref(), Some("b/c"));
        assert_eq!(name("/a", "/a").as_deref(), Some(""));
        assert_eq!(name("/a", "/ab"), None);
    }

    #[test]
    fn one_of_many_writers_wins_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().unwrap();
        race(&Place::open(folder.path().to_str().unwrap()).unwrap());
    }

    #[test]
    fn one_of_many_writers_wins_over_s3() {
        match bucket() {
            Some(place) => race(&place),
            None => println!("SKIPPED: HYPERCUT_MOTO names no moto server; `.ci/fleet` starts one"),
        }
    }

    /// A new bucket of the moto server that `HYPERCUT_MOTO` names.
    fn bucket() -> Option<Place> {
        let url = std::env::var("HYPERCUT_MOTO").ok()?;
        let name = format!("writers-{}", std::process::id());
        let server = url.trim_start_matches("http://");
        let mut stream = std::net::TcpStream::connect(server).unwrap();
        // moto believes every signature.
        let request = format!(
            "PUT /{name} HTTP/1.0\r\nHost: {server}\r\nContent-Length: 0\r\nAuthorization: AWS4-HMAC-SHA256 \
             Credential=test/20261127/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.contains(" 200 "), "{answer}");
        let _ = rustls::crypto::ring::default_provider().install_default();
        let store = AmazonS3Builder::new()
            .with_endpoint(&url)
            .with_allow_http(true)
            .with_region("us-east-1")
            .with_access_key_id("test")
            .with_secret_access_key("test")
            .with_bucket_name(&name);
        Some(Place {
            store: Arc::new(store.build().unwrap()),
            prefix: Key::from("out"),
            url: Url::parse(&format!("s3://{name}/out")).unwrap(),
            folder: None,
        })
    }

    fn race(place: &Place) {
        let write = |byte: u8| place.create("deep/down.bin", &[byte; 999]).unwrap();
        let won: Vec<_> = std::thread::scope(|scope| {
            let writers: Vec<_> = (0..8)
                .map(|byte| (byte, scope.spawn(move || write(byte))))
                .collect();
            let done = writers
                .into_iter()
                .map(|(byte, writer)| (byte, writer.join().unwrap()));
            done.filter(|(_, created)| *created == Created::New)
                .map(|(byte, _)| byte)
                .collect()
        });
        assert_eq!(won.len(), 1);
        let bytes = place.read("deep/down.bin", 1000, None).unwrap();
        assert_eq!(bytes, [won[0]; 999]);
        assert_eq!(place.list().unwrap().len(), 1);
    }

    #[test]
    fn objects_that_are_missing_long_or_changed_say_so() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::open(folder.path().to_str().unwrap()).unwrap();
        let said = |name: &str, most, tag: Option<&str>| match place.read(name, most, tag) {
            Err(Unread::Theirs(error) | Unread::Missing(error)) => error.to_string(),
            other => panic!("{other:?}"),
        };
        assert_eq!(said("none", 9, None), "no such file");
        assert_eq!(place.read_if_there("none", 9).unwrap(), None);
        place.create("a#1 %", b"0123456789").unwrap();
        let listed = place.list_if_there().unwrap();
        assert_eq!(listed.len(), 1);
        assert_eq!((listed[0].name.as_str(), listed[0].bytes), ("a#1 %", 10));
        assert_eq!(said("a#1 %", 9, None), "longer than 0 MB");
        assert_eq!(
            said("a#1 %", 10, Some("else")),
            "changed since the plan was made"
        );
        let tag = listed[0].e_tag.as_deref();
        assert_eq!(place.read("a#1 %", 10, tag).unwrap(), b"0123456789");
        place.replace("a#1 %", b"!").unwrap();
        assert_eq!(place.create("a#1 %", b"?").unwrap(), Created::There);
        assert_eq!(place.read("a#1 %", 10, None).unwrap(), b"!");
    }
}
