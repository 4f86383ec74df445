//! AWS Batch's fetch-and-run protocol: a script or an archive from a store, checked and run.
use anyhow::{Context, Result};
use std::convert::Infallible;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use super::args::FetchArgs;
use super::store::{Place, Unread};
use super::unpack::{Limits, unpack};
use super::wait;
use crate::fault::{Exit, Fault};
use crate::studio::digest;

/// Most bytes that are fetched.
const MOST_BYTES: u64 = 1 << 30;

/// What an archive may hold.
const LIMITS: Limits = Limits {
    entries: 10_000,
    bytes: 4_000_000_000,
};

/// What the environment asks for.
#[derive(Debug, PartialEq, Eq)]
struct Wanted {
    kind: Kind,
    url: String,
    /// In small letters.
    sha256: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Script,
    Zip,
}

/// Fetches, checks, runs. Ends the program itself, with the script's exit code.
///
/// # Errors
/// Usage errors; what can't be fetched, is not what was asked for, or can't be started.
pub(super) fn run(args: &FetchArgs) -> Result<Exit> {
    let wanted = Wanted::new(|name| std::env::var(name).ok())?;
    let (name, words) = args.words.split_first().unzip();
    let bytes = fetch(&wanted)?;
    let folder = tempfile::tempdir().context("no folder for it")?;
    let script = lay(wanted.kind, &bytes, name.map(AsRef::as_ref), folder.path())?;
    drop(bytes);
    let mut command = Command::new(&script);
    command.args(words.unwrap_or_default());
    if wanted.kind == Kind::Zip {
        command.current_dir(folder.path());
    }
    let status = start(command)?;
    let code = code(status);
    folder.close().context("its folder could not be removed")?;
    std::process::exit(code);
}

impl Wanted {
    fn new(env: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let given = |name: &str| env(name).filter(|text| !text.is_empty());
        let kind = match given("BATCH_FILE_TYPE").as_deref() {
            Some("script") => Kind::Script,
            Some("zip") => Kind::Zip,
            Some(other) => {
                let message = format!("BATCH_FILE_TYPE is `{other}`, neither `script` nor `zip`");
                return Err(Fault::usage(message).into());
            }
            None => return Err(missing("BATCH_FILE_TYPE").into()),
        };
        let url = given("BATCH_FILE_S3_URL").ok_or_else(|| missing("BATCH_FILE_S3_URL"))?;
        let sha256 = given("BATCH_FILE_SHA256").map(|sum| sum.to_ascii_lowercase());
        if let Some(sum) = &sha256
            && !(sum.len() == 64 && sum.bytes().all(|byte| byte.is_ascii_hexdigit()))
        {
            let fault = Fault::usage("BATCH_FILE_SHA256 is not 64 hexadecimal digits");
            return Err(fault.hint("`sha256sum FILE` prints them").into());
        }
        Ok(Self { kind, url, sha256 })
    }
}

fn missing(name: &str) -> Fault {
    Fault::usage(format!("{name} is not set")).hint("`--help` lists what the environment must say")
}

/// The bytes, if they are the ones that were meant.
fn fetch(wanted: &Wanted) -> Result<Vec<u8>> {
    let (place, name) = Place::of_object(&wanted.url)?;
    let bytes = place
        .read(&name, MOST_BYTES, None)
        .map_err(Unread::into_error);
    let bytes = bytes.with_context(|| wanted.url.clone())?;
    let sum = digest(&bytes);
    match &wanted.sha256 {
        Some(meant) if *meant != sum => {
            let message = format!("{}: its SHA-256 is {sum}, not {meant}", wanted.url);
            Err(Fault::new(message).hint("it was not run").into())
        }
        _ => Ok(bytes),
    }
}

/// Lays what is to be run into `folder`, and says where it is.
fn lay(kind: Kind, bytes: &[u8], name: Option<&OsStr>, folder: &Path) -> Result<PathBuf> {
    let script = match kind {
        Kind::Script => {
            let script = folder.join("script");
            std::fs::write(&script, bytes).context("no place for the script")?;
            script
        }
        Kind::Zip => {
            let name = name.ok_or_else(|| {
                Fault::usage("an archive needs an argument: the script in it that is to be run")
            })?;
            unpack(bytes, folder, LIMITS)?;
            let script = folder.join(name);
            // The name is the caller's, yet it names something of the archive.
            let real = script.canonicalize().ok().filter(|real| real.is_file());
            let home = folder.canonicalize()?;
            real.filter(|real| real.starts_with(home)).ok_or_else(|| {
                Fault::new(format!("the archive holds no file `{}`", name.display()))
            })?
        }
    };
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::Permissions::from_mode(0o700);
        std::fs::set_permissions(&script, mode).context("the script can't be made runnable")?;
    }
    Ok(script)
}

/// Runs it to its end. What an engine sends this process to end it, the script hears: it may have something to save.
fn start(mut command: Command) -> Result<ExitStatus> {
    let name = command.get_program().display().to_string();
    // Before the script is there, so that no signal ends this process alone.
    let signals = wait(async { Signals::listen() })?;
    let mut child = command.spawn().with_context(|| {
        format!("{name} can't be started: is its first line `#!` and a program of this machine?")
    })?;
    let id = child.id();
    let ended = wait(async {
        let ended = tokio::task::spawn_blocking(move || child.wait());
        tokio::select! {
            ended = ended => ended,
            never = signals.pass_on(id) => match never {},
        }
    });
    Ok(ended??)
}

/// Signals by which a process is told to end.
#[cfg(unix)]
struct Signals(Vec<(tokio::signal::unix::Signal, rustix::process::Signal)>);

#[cfg(unix)]
impl Signals {
    fn listen() -> Result<Self> {
        use rustix::process::Signal;
        use tokio::signal::unix::{SignalKind, signal};
        let pairs = [
            (SignalKind::terminate(), Signal::TERM),
            (SignalKind::interrupt(), Signal::INT),
            (SignalKind::hangup(), Signal::HUP),
        ];
        let listen = |(kind, sent)| Ok((signal(kind)?, sent));
        Ok(Self(pairs.into_iter().map(listen).collect::<Result<_>>()?))
    }

    /// Sends what comes on to a process that has not been waited for.
    async fn pass_on(mut self, process: u32) -> Infallible {
        let id = i32::try_from(process)
            .ok()
            .and_then(rustix::process::Pid::from_raw);
        loop {
            let came = self.0.iter_mut().map(|(signal, sent)| {
                Box::pin(async {
                    signal.recv().await;
                    *sent
                })
            });
            let (sent, ..) = futures_util::future::select_all(came).await;
            if let Some(id) = id {
                // It may have ended just now.
                let _ = rustix::process::kill_process(id, sent);
            }
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn listen() -> Result<Self> {
        Ok(Self)
    }

    async fn pass_on(self, _process: u32) -> Infallible {
        std::future::pending().await
    }
}

/// As shells have it: 128 and the number of the signal that ended it.
fn code(status: ExitStatus) -> i32 {
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt;
        if let Some(signal) = status.signal() {
            return 128 + signal;
        }
    }
    status.code().unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(env: &[(&str, &str)]) -> Result<Wanted, String> {
        let env = |name: &str| {
            let mut pairs = env.iter();
            pairs
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        };
        Wanted::new(env).map_err(|error| error.to_string())
    }

    #[test]
    fn the_environment_says_what_is_wanted() {
        let url = ("BATCH_FILE_S3_URL", "s3://b/x.sh");
        let sum = "AB".repeat(32);
        let all = [("BATCH_FILE_TYPE", "zip"), url, ("BATCH_FILE_SHA256", &sum)];
        let expected = Wanted {
            kind: Kind::Zip,
            url: url.1.into(),
            sha256: Some("ab".repeat(32)),
        };
        assert_eq!(wanted(&all), Ok(expected));
        let said = |env: &[(&str, &str)]| wanted(env).unwrap_err();
        assert_eq!(said(&[url]), "BATCH_FILE_TYPE is not set");
        assert_eq!(
            said(&[("BATCH_FILE_TYPE", "script")]),
            "BATCH_FILE_S3_URL is not set"
        );
        let other = [("BATCH_FILE_TYPE", "tar"), url];
        assert_eq!(
            said(&other),
            "BATCH_FILE_TYPE is `tar`, neither `script` nor `zip`"
        );
        let short = [
            ("BATCH_FILE_TYPE", "zip"),
            url,
            ("BATCH_FILE_SHA256", "abc"),
        ];
        assert!(said(&short).contains("64 hexadecimal digits"));
    }

    #[test]
    fn what_is_run_lies_in_the_archive() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("inner");
        std::fs::create_dir(&inner).unwrap();
        std::fs::write(folder.path().join("outside"), "").unwrap();
        let empty = b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
        let error = lay(Kind::Zip, empty, Some(OsStr::new("../outside")), &inner).unwrap_err();
        assert_eq!(error.to_string(), "the archive holds no file `../outside`");
        assert!(lay(Kind::Zip, empty, None, &inner).is_err());
    }
}
