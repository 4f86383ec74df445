//! A page on this machine that shows the pictures: Motion JPEG, no script, no window of ours.
use anyhow::{Context, Result};
use hypercut::Frame;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::fault::Fault;
use crate::picture::{Encoding, Format, encode};

/// Quality of the pictures on the page.
const QUALITY: u8 = 85;
/// Most viewers at once.
const VIEWERS: usize = 8;
/// Most bytes of a request, and the longest wait for it.
const REQUEST_BYTES: u64 = 64 << 10;
const PATIENCE: Duration = Duration::from_secs(5);

const PAGE: &str = "<!doctype html><meta charset=utf-8><title>HyperCut live</title>\
<style>body{margin:0;background:#111;display:grid;place-items:center;height:100vh}img{max-width:100%;max-height:100vh}</style>\
<img src=/stream alt=\"live picture\">\n";

/// The last picture, for every viewer.
#[derive(Debug, Default)]
struct Shown {
    picture: Mutex<(u64, Arc<Vec<u8>>)>,
    changed: Condvar,
}

/// Serves the page until the program ends.
#[derive(Debug)]
pub(super) struct Page {
    shown: Arc<Shown>,
    address: SocketAddr,
}

impl Page {
    /// Begins to listen.
    ///
    /// # Errors
    /// An address that is not of this machine alone, or is in use.
    pub(super) fn new(address: SocketAddr) -> Result<Self> {
        if !address.ip().is_loopback() {
            let fault = Fault::usage(format!("{address}: the page is for this machine alone"));
            return Err(fault.hint("take 127.0.0.1 or [::1]").into());
        }
        let listener =
            TcpListener::bind(address).with_context(|| format!("could not listen on {address}"))?;
        let address = listener.local_addr()?;
        let shown = Arc::new(Shown::default());
        let served = Arc::clone(&shown);
        thread::Builder::new().name("page".into()).spawn(move || {
            let viewers = Arc::new(());
            for stream in listener.incoming().flatten() {
                if Arc::strong_count(&viewers) > VIEWERS {
                    continue;
                }
                let (shown, viewer) = (Arc::clone(&served), Arc::clone(&viewers));
                thread::spawn(move || {
                    // A viewer that goes away is no fault.
                    let _ = serve(stream, &shown, address);
                    drop(viewer);
                });
            }
        })?;
        Ok(Self { shown, address })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Shows a composed picture from now on.
    ///
    /// # Errors
    /// What encoding says.
    pub(super) fn show(&self, frame: &Frame<'_>) -> Result<()> {
        let encoding = Encoding {
            format: Format::Jpeg,
            is_mask: false,
            quality: QUALITY,
            icc: None,
            exif: None,
        };
        let bytes = encode(frame, &encoding)?;
        let mut picture = self
            .shown
            .picture
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *picture = (picture.0 + 1, Arc::new(bytes));
        self.shown.changed.notify_all();
        Ok(())
    }
}

fn serve(mut stream: TcpStream, shown: &Shown, address: SocketAddr) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut request = BufReader::new(stream.try_clone()?.take(REQUEST_BYTES));
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") && request.read_until(b'\n', &mut head)? > 0 {}
    let mut headers = [httparse::EMPTY_HEADER; 128];
    let mut parsed = httparse::Request::new(&mut headers);
    if !matches!(parsed.parse(&head), Ok(httparse::Status::Complete(_))) {
        return plain(
            &mut stream,
            "400 Bad Request",
            "text/plain",
            "not a request\n",
        );
    }
    let host = parsed
        .headers
        .iter()
        .find(|header| header.name.eq_ignore_ascii_case("host"))
        .and_then(|header| std::str::from_utf8(header.value).ok());
    // Another site's name that leads here is a site that wants to look (DNS rebinding).
    let ours = [address.to_string(), format!("localhost:{}", address.port())];
    // Browsers leave HTTP's own port out.
    let named = |own: &String| Some(own.as_str()) == host || own.strip_suffix(":80") == host;
    if host.is_none() || !ours.iter().any(named) {
        return plain(
            &mut stream,
            "403 Forbidden",
            "text/plain",
            "not under this name\n",
        );
    }
    let path = parsed.path.and_then(|path| path.split('?').next());
    match (parsed.method, path) {
        (Some("GET"), Some("/")) => plain(&mut stream, "200 OK", "text/html", PAGE),
        (Some("GET"), Some("/stream")) => pictures(&mut stream, shown),
        _ => plain(&mut stream, "404 Not Found", "text/plain", "not here\n"),
    }
}

fn plain(stream: &mut TcpStream, status: &str, kind: &str, body: &str) -> io::Result<()> {
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: {kind}; charset=utf-8\r\nContent-Length: {}\r\n\
         Cache-Control: no-store\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

/// One picture after another, the newest each time.
fn pictures(stream: &mut TcpStream, shown: &Shown) -> io::Result<()> {
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n\
         Cache-Control: no-store\r\nCross-Origin-Resource-Policy: same-origin\r\nConnection: close\r\n\r\n"
    )?;
    let mut last = 0;
    loop {
        let (number, picture) = {
            let mut picture = shown.picture.lock().unwrap_or_else(PoisonError::into_inner);
            while picture.0 == last {
                picture = shown
                    .changed
                    .wait(picture)
                    .unwrap_or_else(PoisonError::into_inner);
            }
            picture.clone()
        };
        last = number;
        write!(
            stream,
            "--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n",
            picture.len()
        )?;
        stream.write_all(&picture)?;
        stream.write_all(b"\r\n")?;
    }
}
