//! A bucket on a server that stands in for a cloud's, spoken to by hand.
use std::io::{Read, Write};
use std::net::TcpStream;

/// moto asks who it is, and believes every signature.
const AUTHORIZATION: &str = "Authorization: AWS4-HMAC-SHA256 Credential=test/20261127/us-east-1/s3/aws4_request, \
    SignedHeaders=host, Signature=0";

/// Azurite's account, the same everywhere.
const ACCOUNT: &str = "devstoreaccount1";

/// A shared access signature by that account's well-known key: everything, until 2099.
const SIGNATURE: &str = "sv=2019-12-12&ss=b&srt=sco&sp=rwdlac&se=2099-01-01T00%3A00%3A00Z\
    &sig=YKAtmJudHaH98kax9IHOYkiCF9veHhGg4TBHNwluLXo%3D";

/// Whose object store is stood in for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Cloud {
    /// moto.
    Amazon,
    /// moto too: Google's XML interface is Amazon's but for conditions, which `tests/fleet/aws.py` translates.
    Google,
    /// Azurite.
    Microsoft,
}

pub(super) const CLOUDS: [Cloud; 3] = [Cloud::Amazon, Cloud::Google, Cloud::Microsoft];

impl Cloud {
    fn scheme(self) -> &'static str {
        match self {
            Self::Amazon => "s3",
            Self::Google => "gs",
            Self::Microsoft => "az",
        }
    }
}

/// A bucket of its own.
pub(super) struct Bucket {
    cloud: Cloud,
    server: String,
    name: String,
}

impl Bucket {
    /// A new bucket, or none with the reason printed.
    pub(super) fn new(cloud: Cloud, name: &str) -> Option<Self> {
        let variable = match cloud {
            Cloud::Amazon | Cloud::Google => "HYPERCUT_MOTO",
            Cloud::Microsoft => "HYPERCUT_AZURITE",
        };
        let Ok(url) = std::env::var(variable) else {
            println!("SKIPPED: {variable} names no server; `.ci/fleet` starts one");
            return None;
        };
        let bucket = Self {
            cloud,
            server: url.trim_start_matches("http://").to_owned(),
            // Letters and digits alone: moto takes a bucket's name as it comes, and Google's client writes `-` as `%2D`.
            name: format!("{}{name}{}", cloud.scheme(), std::process::id()),
        };
        let (status, _) = bucket.ask("PUT", "", "restype=container", b"");
        assert!(status == 200 || status == 201, "{status}");
        Some(bucket)
    }

    /// The URL of a place in it.
    pub(super) fn url(&self, place: &str) -> String {
        let scheme = self.cloud.scheme();
        format!("{scheme}://{}/{place}", self.name)
    }

    /// What leads `hypercut` here.
    pub(super) fn environment(&self) -> Vec<(&'static str, String)> {
        let server = format!("http://{}", self.server);
        match self.cloud {
            Cloud::Amazon => vec![
                ("AWS_ENDPOINT_URL", server),
                ("AWS_ACCESS_KEY_ID", "test".into()),
                ("AWS_SECRET_ACCESS_KEY", "test".into()),
                ("AWS_REGION", "us-east-1".into()),
            ],
            Cloud::Google => vec![
                ("GOOGLE_BASE_URL", server),
                ("GOOGLE_BEARER_TOKEN", "test".into()),
            ],
            Cloud::Microsoft => vec![
                ("AZURITE_BLOB_STORAGE_URL", server),
                ("AZURE_STORAGE_USE_EMULATOR", "true".into()),
            ],
        }
    }

    pub(super) fn put(&self, name: &str, bytes: &[u8]) {
        let (status, _) = self.ask("PUT", name, "", bytes);
        assert!(status == 200 || status == 201, "{status}");
    }

    pub(super) fn get(&self, name: &str) -> Vec<u8> {
        self.ask("GET", name, "", b"").1
    }

    pub(super) fn delete(&self, name: &str) {
        self.ask("DELETE", name, "", b"");
    }

    pub(super) fn list(&self, prefix: &str) -> Vec<String> {
        let listed = self.list_with_tags(prefix).into_iter();
        listed.map(|(name, _)| name).collect()
    }

    /// Names with their entity tags: MD5 sums on S3.
    pub(super) fn list_with_tags(&self, prefix: &str) -> Vec<(String, String)> {
        let (query, entry, name, tag) = match self.cloud {
            Cloud::Microsoft => ("restype=container&comp=list", "<Blob>", "Name", "Etag"),
            _ => ("list-type=2", "<Contents>", "Key", "ETag"),
        };
        let mut listed: Vec<(String, String)> = Vec::new();
        loop {
            let after = listed.last().map_or("", |(name, _)| name);
            let query = format!("{query}&prefix={prefix}&start-after={after}");
            let (_, body) = self.ask("GET", "", &query, b"");
            let text = String::from_utf8(body).unwrap();
            let entries = text.split(entry).skip(1);
            listed.extend(
                entries.filter_map(|entry| Some((within(entry, name)?, within(entry, tag)?))),
            );
            if !text.contains("<IsTruncated>true") {
                return listed;
            }
        }
    }

    /// One request; status and body.
    fn ask(&self, method: &str, name: &str, query: &str, body: &[u8]) -> (u16, Vec<u8>) {
        let mut stream = TcpStream::connect(&self.server).unwrap();
        let (account, query, headers) = match self.cloud {
            Cloud::Microsoft => (
                format!("{ACCOUNT}/"),
                format!("{query}&{SIGNATURE}"),
                "x-ms-version: 2019-12-12\r\nx-ms-blob-type: BlockBlob",
            ),
            _ => (String::new(), query.to_owned(), AUTHORIZATION),
        };
        let head = format!(
            "{method} /{account}{}/{name}?{query} HTTP/1.0\r\nHost: {}\r\nContent-Length: {}\r\n{headers}\r\n\r\n",
            self.name,
            self.server,
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let end = answer
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .unwrap();
        let head = String::from_utf8_lossy(&answer[..end]).into_owned();
        let status = head.split_whitespace().nth(1).unwrap().parse().unwrap();
        (status, answer.split_off(end + 4))
    }
}

/// What stands in the first element of this name.
fn within(text: &str, element: &str) -> Option<String> {
    let (_, rest) = text.split_once(&format!("<{element}>"))?;
    Some(rest.split_once('<')?.0.to_owned())
}
