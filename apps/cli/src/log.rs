//! What goes to standard error: errors, hints, warnings, notes and the progress bar.
use anstream::eprintln;
use clap::builder::styling::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::path::Path;

use crate::fault::hint_of;

const RED: Style = AnsiColor::Red.on_default().bold();
const YELLOW: Style = AnsiColor::Yellow.on_default().bold();
const CYAN: Style = AnsiColor::Cyan.on_default().bold();

/// Writes messages for people to standard error, colourless when it is no terminal or `NO_COLOR` is set.
#[derive(Debug)]
pub(crate) struct Log {
    quiet: bool,
    verbose: bool,
    bar: ProgressBar,
}

impl Log {
    /// A log that leaves out warnings when `quiet` and adds notes when `verbose`.
    pub(crate) fn new(quiet: bool, verbose: bool) -> Self {
        Self {
            quiet,
            verbose,
            bar: ProgressBar::hidden(),
        }
    }

    /// Whether only errors are shown.
    #[cfg(feature = "serve")]
    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Shows a bar for `files` files from now on, if somebody watches and there is more than one.
    pub(crate) fn start_bar(&mut self, files: usize) {
        if self.quiet || files < 2 || !std::io::stderr().is_terminal() {
            return;
        }
        self.bar = ProgressBar::new(files as u64);
        if let Ok(style) =
            ProgressStyle::with_template("{bar:30} {pos}/{len} {wide_msg} {eta} left")
        {
            self.bar.set_style(style);
        }
    }

    /// Shows a bar for the frames of a video, of which there are about `total`, if somebody watches.
    pub(crate) fn start_frames(&mut self, total: Option<u64>) {
        if self.quiet || !std::io::stderr().is_terminal() {
            return;
        }
        let (bar, template) = match total {
            Some(total) => (
                ProgressBar::new(total),
                "{bar:30} {pos}/{len} frames, {per_sec:.1}, {eta} left",
            ),
            None => (
                ProgressBar::new_spinner(),
                "{spinner} {pos} frames, {per_sec:.1}, {elapsed}",
            ),
        };
        self.bar = bar;
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.bar.set_style(style);
        }
    }

    /// Says which file is being worked on.
    pub(crate) fn working_on(&self, name: &Path) {
        self.bar.set_message(name.display().to_string());
        self.bar.tick();
    }

    /// One more file is through.
    pub(crate) fn step(&self) {
        self.bar.inc(1);
    }

    /// Takes the bar away.
    pub(crate) fn finish_bar(&self) {
        self.bar.finish_and_clear();
    }

    /// An error with its causes, and its hint on a line of its own, which nothing that others say meanwhile comes before.
    pub(crate) fn error(&self, error: &anyhow::Error) {
        let hint = match hint_of(error) {
            Some(hint) => format!("\n{CYAN}hint:{CYAN:#} {hint}"),
            None => String::new(),
        };
        self.line(RED, "error", &format!("{error:#}{hint}"));
    }

    /// Something worth knowing although the work is done.
    pub(crate) fn warn(&self, message: &str) {
        if !self.quiet {
            self.line(YELLOW, "warning", message);
        }
    }

    /// A detail, shown with `-v`.
    pub(crate) fn note(&self, message: &str) {
        if self.verbose {
            self.bar.suspend(|| eprintln!("{message}"));
        }
    }

    /// The last line of a batch.
    pub(crate) fn summary(&self, message: &str) {
        if !self.quiet {
            self.bar.suspend(|| eprintln!("{message}"));
        }
    }

    fn line(&self, style: Style, word: &str, message: &str) {
        self.bar
            .suspend(|| eprintln!("{style}{word}:{style:#} {message}"));
    }
}
