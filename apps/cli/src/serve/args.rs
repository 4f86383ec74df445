//! What `hypercut serve` can be told.
use clap::{Args, ValueHint};
use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use crate::picture::PixelLimit;

const EXAMPLES: &str = "\
Examples:
  hypercut serve                                          http://127.0.0.1:7000, a page to try it, /openapi.json
  curl -sF image=@me.jpg 'http://127.0.0.1:7000/v1/portrait?strength=70' -o out.jpg
  curl -s --data-binary @me.jpg 'http://127.0.0.1:7000/v1/mask' -o mask.png
  curl -sF file=@me.jpg http://127.0.0.1:7000/api/remove -o cut.png          as rembg's server takes it
  hypercut serve --host 0.0.0.0 --token-file token.txt    for others; they send `Authorization: Bearer ...`

Every request has limits: bytes, pixels, time, memory of all requests together. When more comes than is done the answer is \
429 with Retry-After. SIGTERM ends it: no new connections, what has begun is finished. Log lines are JSON on standard error; \
no picture is ever in them.

Exit codes: 0 ended by a signal, 1 the address can't be had, 2 usage.";

/// `hypercut serve`.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ServeArgs {
    /// Address to listen at; any but a loopback address wants --token-file or --insecure
    #[arg(long, default_value = "127.0.0.1")]
    pub(super) host: IpAddr,

    /// Port to listen at, 0 for a free one
    #[arg(short, long, default_value_t = 7000)]
    pub(super) port: u16,

    /// File with the token that every request must send but those for /, /openapi.json, /healthz and /readyz
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) token_file: Option<PathBuf>,

    /// Let anybody who reaches the address use it
    #[arg(long)]
    pub(super) insecure: bool,

    /// Pictures worked on at a time [default: one per core]
    #[arg(short, long, value_name = "N", value_parser = crate::args::jobs)]
    pub(super) jobs: Option<NonZeroUsize>,

    /// Requests that may wait for their turn [default: four per job]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(..=100_000))]
    pub(super) queue: Option<u32>,

    /// Most bytes of a request's body, in MB
    #[arg(long, value_name = "MB", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(super) max_megabytes: u32,

    /// Refuse larger pictures, before decoding them
    #[arg(long, value_name = "N[M]", default_value = "40M", value_parser = PixelLimit::parse)]
    pub(super) max_pixels: PixelLimit,

    /// Most bytes of all bodies and results held at a time, in MB
    #[arg(long, value_name = "MB", default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(super) max_buffered: u32,

    /// Most connections at a time; more wait to be accepted
    #[arg(long, value_name = "N", default_value_t = 1024, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(super) max_connections: u32,

    /// Seconds that a request may take, from its first byte to its answer, and that a client may take none of the answer
    #[arg(long, value_name = "S", default_value = "60", value_parser = seconds)]
    pub(super) timeout: Duration,

    /// Seconds that requests under way are given after SIGTERM or Ctrl-C; a second one ends it at once
    #[arg(long, value_name = "S", default_value = "30", value_parser = seconds)]
    pub(super) drain: Duration,

    /// Fetch pictures by URL (`url=` of /api/remove); private addresses are refused
    #[arg(long)]
    pub(super) fetch_urls: bool,

    /// HOST:PORT that may be fetched from although it is private
    #[arg(long, value_name = "HOST:PORT", requires = "fetch_urls", value_parser = host_and_port)]
    pub(super) fetch_allow: Vec<String>,
}

impl ServeArgs {
    pub(super) fn threads(&self) -> usize {
        crate::args::threads(self.jobs)
    }

    pub(super) fn waiting(&self) -> usize {
        self.queue
            .map_or(4 * self.threads(), |queue| queue as usize)
    }

    pub(super) fn max_bytes(&self) -> usize {
        self.max_megabytes as usize * 1_000_000
    }
}

/// As URLs have it: the host in small letters.
fn host_and_port(text: &str) -> Result<String, String> {
    let wanted = || "a host and a port, such as pictures.lan:8080".to_owned();
    let (host, port) = text.rsplit_once(':').ok_or_else(wanted)?;
    let port: u16 = port.parse().map_err(|_| wanted())?;
    if host.is_empty() || host.contains('/') {
        return Err(wanted());
    }
    Ok(format!("{}:{port}", host.to_ascii_lowercase()))
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text
        .parse()
        .ok()
        .filter(|&s: &f64| s > 0.0 && s <= 86_400.0);
    let wanted = || "a number of seconds above 0, at most 86400".to_owned();
    seconds.map(Duration::from_secs_f64).ok_or_else(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_ports() {
        assert_eq!(host_and_port("LocalHost:080"), Ok("localhost:80".into()));
        assert_eq!(host_and_port("[::1]:7000"), Ok("[::1]:7000".into()));
        for bad in [
            "",
            "localhost",
            ":80",
            "http://x/",
            "http://x:80",
            "x:y",
            "x:70000",
        ] {
            assert!(host_and_port(bad).is_err(), "{bad}");
        }
    }
}
