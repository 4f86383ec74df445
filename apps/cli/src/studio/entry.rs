//! What became of one picture: a line of every manifest.
use serde::{Deserialize, Serialize};

use super::{Rendered, ms, share, verdict_word};

/// One line.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Entry {
    /// Path below the input folder.
    pub(crate) input: String,
    /// SHA-256 of the input's bytes; none when it couldn't be read.
    pub(crate) sha256: Option<String>,
    /// Fingerprint of the recipe, its files, the network and the version.
    pub(crate) options: String,
    /// Path below the output folder.
    pub(crate) output: String,
    /// SHA-256 of the output's bytes; none when there is none.
    pub(crate) output_sha256: Option<String>,
    /// `person`, `low confidence` or `no person`.
    pub(crate) verdict: Option<String>,
    /// The person's share of the picture, 0 to 1.
    pub(crate) coverage: Option<f64>,
    /// How certain the mask is, 0 to 1.
    pub(crate) confidence: Option<f64>,
    /// Milliseconds from decoding to encoding; none where the same work must give the same line.
    pub(crate) ms: Option<f64>,
    /// Why it failed.
    pub(crate) error: Option<String>,
}

impl Entry {
    /// The entry of a picture that worked, from one that says what was to be done.
    pub(crate) fn finished(self, rendered: &Rendered, output_sha256: String) -> Self {
        Self {
            output_sha256: Some(output_sha256),
            verdict: Some(verdict_word(&rendered.verdict).into()),
            coverage: Some(share(rendered.verdict.coverage)),
            confidence: Some(share(rendered.verdict.confidence)),
            ms: Some(ms(rendered.times.total())),
            ..self
        }
    }

    /// The entry of a picture that failed.
    pub(crate) fn failed(self, error: &anyhow::Error) -> Self {
        Self {
            error: Some(format!("{error:#}")),
            ..self
        }
    }
}
