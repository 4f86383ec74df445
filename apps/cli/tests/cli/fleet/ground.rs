//! Where a fleet works in a test: folders, or buckets of a server that stands in for a cloud's.
use std::collections::BTreeMap;
use std::process::Command;

use super::bucket::{Bucket, Cloud};
use crate::command::{Place, Said};
use crate::pictures::numbered;

/// Inputs and results, and what reaches them.
pub(super) struct Ground {
    pub(super) place: Place,
    bucket: Option<Bucket>,
}

impl Ground {
    pub(super) fn folders() -> Self {
        Self {
            place: Place::new(),
            bucket: None,
        }
    }

    /// A bucket of S3, or none with the reason printed.
    pub(super) fn s3(name: &str) -> Option<Self> {
        Self::cloud(Cloud::Amazon, name)
    }

    /// A bucket, or none with the reason printed.
    pub(super) fn cloud(cloud: Cloud, name: &str) -> Option<Self> {
        Some(Self {
            place: Place::new(),
            bucket: Some(Bucket::new(cloud, name)?),
        })
    }

    /// URL or path of `in` or `out`.
    pub(super) fn url(&self, name: &str) -> String {
        match &self.bucket {
            None => name.into(),
            Some(bucket) => bucket.url(name),
        }
    }

    /// `line` with `in` and `out` where they are.
    pub(super) fn command(&self, line: &str) -> Command {
        let mut command = self.place.command();
        command.args(line.split_whitespace().map(|word| match word {
            "in" | "out" => self.url(word),
            word => word.to_owned(),
        }));
        if let Some(bucket) = &self.bucket {
            command.envs(bucket.environment());
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
        match &self.bucket {
            None => self.place.write(name, bytes),
            Some(bucket) => bucket.put(name, bytes),
        }
    }

    /// Pictures that differ, in folders.
    pub(super) fn fill(&self, pictures: u32) {
        for index in 0..pictures {
            let name = format!("in/{}/{index:03}.png", index % 3);
            self.put(&name, &numbered(index));
        }
    }

    /// Every object below `out`, results and what is beside the plan; without what killed workers leave.
    pub(super) fn all(&self) -> BTreeMap<String, Vec<u8>> {
        let names = match &self.bucket {
            None => self.place.files(),
            Some(bucket) => bucket.list("out/"),
        };
        let names = names.into_iter().filter_map(|name| {
            let short = name.strip_prefix("out/")?.to_owned();
            Some((name, short))
        });
        names
            .map(|(name, short)| {
                let bytes = match &self.bucket {
                    // Another process may be taking it away.
                    None => std::fs::read(self.place.path(&name)).unwrap_or_default(),
                    Some(bucket) => bucket.get(&name),
                };
                (short, bytes)
            })
            .collect()
    }

    /// The results with what tells their bytes apart: those, or the MD5 sums with which S3 lists them, in one request.
    pub(super) fn seals(&self) -> BTreeMap<String, Vec<u8>> {
        let Some(bucket) = &self.bucket else {
            return self.results();
        };
        let listed = bucket.list_with_tags("out/").into_iter();
        let results = listed.filter_map(|(name, tag)| {
            let name = name.strip_prefix("out/")?;
            (!name.starts_with(".hypercut/")).then(|| (name.to_owned(), tag.into_bytes()))
        });
        results.collect()
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
        match &self.bucket {
            None => {
                let _ = std::fs::remove_dir_all(self.place.path("out"));
            }
            Some(bucket) => {
                for name in bucket.list("out/") {
                    bucket.delete(&name);
                }
            }
        }
    }
}
