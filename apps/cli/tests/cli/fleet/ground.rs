//! Where a fleet works in a test: folders, or buckets of a moto server.
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;

use crate::command::{Place, Said};
use crate::pictures::{asymmetric, encode};

/// moto asks who it is, and believes every signature.
const AUTHORIZATION: &str = "Authorization: AWS4-HMAC-SHA256 Credential=test/20261127/us-east-1/s3/aws4_request, \
    SignedHeaders=host, Signature=0";

/// Inputs and results, and what reaches them.
pub(super) struct Ground {
    pub(super) place: Place,
    moto: Option<Bucket>,
}

/// A bucket of its own on a moto server.
struct Bucket {
    server: String,
    name: String,
}

impl Ground {
    pub(super) fn folders() -> Self {
        Self {
            place: Place::new(),
            moto: None,
        }
    }

    /// A bucket, or none with the reason printed.
    pub(super) fn s3(name: &str) -> Option<Self> {
        let Ok(url) = std::env::var("HYPERCUT_MOTO") else {
            println!("SKIPPED: HYPERCUT_MOTO names no moto server; `.ci/fleet` starts one");
            return None;
        };
        let bucket = Bucket {
            server: url.trim_start_matches("http://").to_owned(),
            name: format!("{name}-{}", std::process::id()),
        };
        assert_eq!(bucket.ask("PUT", "", b"").0, 200);
        Some(Self {
            place: Place::new(),
            moto: Some(bucket),
        })
    }

    /// URL or path of `in` or `out`.
    pub(super) fn url(&self, name: &str) -> String {
        match &self.moto {
            None => name.into(),
            Some(bucket) => format!("s3://{}/{name}", bucket.name),
        }
    }

    /// `line` with `in` and `out` where they are.
    pub(super) fn command(&self, line: &str) -> Command {
        let mut command = self.place.command();
        command.args(line.split_whitespace().map(|word| match word {
            "in" | "out" => self.url(word),
            word => word.to_owned(),
        }));
        if let Some(bucket) = &self.moto {
            command
                .env("AWS_ENDPOINT_URL", format!("http://{}", bucket.server))
                .envs([
                    ("AWS_ACCESS_KEY_ID", "test"),
                    ("AWS_SECRET_ACCESS_KEY", "test"),
                ])
                .env("AWS_REGION", "us-east-1");
        }
        command
    }

    pub(super) fn run(&self, line: &str) -> Said {
        Said::by(self.command(line), b"")
    }

    /// A plan for `in` to `out`; its URL.
    pub(super) fn plan(&self, options: &str) -> String {
        let said = self.run(&format!("fleet plan in -o out {options}")).fine();
        String::from_utf8(said.stdout).unwrap().trim().to_owned()
    }

    /// Writes an object.
    pub(super) fn put(&self, name: &str, bytes: &[u8]) {
        match &self.moto {
            None => self.place.write(name, bytes),
            Some(bucket) => assert_eq!(bucket.ask("PUT", name, bytes).0, 200),
        }
    }

    /// Pictures that differ, in folders.
    pub(super) fn fill(&self, pictures: u64) {
        for index in 0..pictures {
            let mut picture = asymmetric();
            picture.put_pixel(0, 0, image::Rgb([index as u8, (index >> 8) as u8, 0]));
            let bytes = encode(&picture.into(), "png", None, None);
            self.put(&format!("in/{}/{index:03}.png", index % 3), &bytes);
        }
    }

    /// Every object below `out`, results and what is beside the plan; without what killed workers leave.
    pub(super) fn all(&self) -> BTreeMap<String, Vec<u8>> {
        let names = match &self.moto {
            None => self.place.files(),
            Some(bucket) => bucket.list("out/"),
        };
        let names = names.into_iter().filter_map(|name| {
            let short = name.strip_prefix("out/")?.to_owned();
            Some((name, short))
        });
        names
            .map(|(name, short)| {
                let bytes = match &self.moto {
                    // Another process may be taking it away.
                    None => std::fs::read(self.place.path(&name)).unwrap_or_default(),
                    Some(bucket) => bucket.ask("GET", &name, b"").1,
                };
                (short, bytes)
            })
            .collect()
    }

    /// The results alone.
    pub(super) fn results(&self) -> BTreeMap<String, Vec<u8>> {
        let mut all = self.all();
        all.retain(|name, _| !name.starts_with(".hypercut/"));
        all
    }

    /// What a merge wrote, by name.
    pub(super) fn merged(&self) -> BTreeMap<String, Vec<u8>> {
        let names = ["manifest.jsonl", "summary.json", "retry.txt"];
        let mut merged = BTreeMap::new();
        for (name, bytes) in self.all() {
            if let Some((_, last)) = name.rsplit_once('/')
                && name.starts_with(".hypercut/")
                && names.contains(&last)
            {
                assert!(
                    merged.insert(last.to_owned(), bytes).is_none(),
                    "one plan alone"
                );
            }
        }
        merged
    }

    /// The merged manifest.
    pub(super) fn manifest(&self) -> Vec<serde_json::Value> {
        let text = self.merged().remove("manifest.jsonl").unwrap_or_default();
        let lines = text
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty());
        lines
            .map(|line| serde_json::from_slice(line).unwrap())
            .collect()
    }

    /// Takes all results and plans away.
    pub(super) fn clear(&self) {
        match &self.moto {
            None => {
                let _ = std::fs::remove_dir_all(self.place.path("out"));
            }
            Some(bucket) => {
                for name in bucket.list("out/") {
                    bucket.ask("DELETE", &name, b"");
                }
            }
        }
    }
}

impl Bucket {
    /// One request, spoken by hand; status and body.
    fn ask(&self, method: &str, name: &str, body: &[u8]) -> (u16, Vec<u8>) {
        let mut stream = TcpStream::connect(&self.server).unwrap();
        let head = format!(
            "{method} /{}/{name} HTTP/1.0\r\nHost: {}\r\nContent-Length: {}\r\n{AUTHORIZATION}\r\n\r\n",
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

    fn list(&self, prefix: &str) -> Vec<String> {
        let mut names = Vec::new();
        loop {
            let after = names.last().cloned().unwrap_or_default();
            let query = format!("?list-type=2&prefix={prefix}&start-after={after}");
            let (_, body) = self.ask("GET", &query, b"");
            let text = String::from_utf8(body).unwrap();
            let keys = text.split("<Key>").skip(1);
            let keys = keys.filter_map(|rest| rest.split_once("</Key>"));
            names.extend(keys.map(|(key, _)| key.to_owned()));
            if !text.contains("<IsTruncated>true") {
                return names;
            }
        }
    }
}
