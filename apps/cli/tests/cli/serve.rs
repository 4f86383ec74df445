//! `hypercut serve`, spoken to over sockets: the answers, the limits, the end.
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::command::{Place, sample};
use crate::pictures::plain;

/// A running server, ended when dropped.
struct Server {
    child: Child,
    port: u16,
}

/// An answer.
struct Reply {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Reply {
    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    #[track_caller]
    fn problem(&self, status: u16, words: &str) {
        let text = String::from_utf8_lossy(&self.body);
        assert_eq!(
            (self.status, self.header("content-type")),
            (status, Some("application/problem+json")),
            "{text}"
        );
        let problem: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(problem["status"], status);
        assert!(text.contains(words), "{text}");
    }

    #[track_caller]
    fn picture(&self, kind: &str) -> &[u8] {
        let text = String::from_utf8_lossy(&self.body);
        assert_eq!(
            (self.status, self.header("content-type")),
            (200, Some(kind)),
            "{text}"
        );
        &self.body
    }
}

impl Server {
    fn start(place: &Place, line: &str) -> Self {
        let mut command = place.command();
        command
            .args(["serve", "--port", "0"])
            .args(line.split_whitespace());
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut first = String::new();
        stderr.read_line(&mut first).unwrap();
        let port = first
            .trim()
            .rsplit(':')
            .next()
            .and_then(|port| port.parse().ok());
        let port = port.unwrap_or_else(|| panic!("{first}"));
        // Somebody has to read the log, or the pipe fills.
        std::thread::spawn(move || std::io::copy(&mut stderr, &mut std::io::sink()));
        Self { child, port }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(50)))
            .unwrap();
        stream
    }

    fn send(&self, method: &str, target: &str, headers: &str, body: &[u8]) -> Reply {
        let mut stream = self.connect();
        let length = body.len();
        let head = format!(
            "{method} {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        // A server that refuses may close before it has all.
        let _ = stream.write_all(body);
        read(stream)
    }

    fn get(&self, target: &str) -> Reply {
        self.send("GET", target, "", b"")
    }

    fn post(&self, target: &str, body: &[u8]) -> Reply {
        self.send(
            "POST",
            target,
            "Content-Type: application/octet-stream\r\n",
            body,
        )
    }

    /// As `curl -F` sends it; a part with a file name is a file.
    fn form(&self, target: &str, parts: &[(&str, Option<&str>, &[u8])]) -> Reply {
        let mut body = Vec::new();
        for (name, file, bytes) in parts {
            let file = file.map_or(String::new(), |file| format!("; filename=\"{file}\""));
            body.extend(
                format!("--XX\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n")
                    .bytes(),
            );
            body.extend(*bytes);
            body.extend(b"\r\n");
        }
        body.extend(b"--XX--\r\n");
        self.send(
            "POST",
            target,
            "Content-Type: multipart/form-data; boundary=XX\r\n",
            &body,
        )
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read(mut stream: TcpStream) -> Reply {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let end = bytes
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .unwrap_or_else(|| panic!("no answer: {bytes:?}"));
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    Reply {
        status: head[9..12].parse().unwrap(),
        head,
        body: bytes[end + 4..].to_vec(),
    }
}

/// What `photo` makes of the same picture.
fn photo(place: &Place, flags: &str, ending: &str) -> Vec<u8> {
    place
        .run(&format!(
            "photo x.jpg -q --overwrite -o photo.{ending} {flags}"
        ))
        .fine();
    place.read(&format!("photo.{ending}"))
}

fn place() -> (Place, Vec<u8>) {
    let place = Place::new();
    let picture = plain("jpg");
    place.write("x.jpg", &picture);
    (place, picture)
}

#[test]
fn the_same_bytes_as_photo() {
    let (place, picture) = place();
    let server = Server::start(&place, "");
    let reply = server.post(
        "/v1/portrait?effect=color&color=%23102030&format=png",
        &picture,
    );
    assert_eq!(
        reply.picture("image/png"),
        photo(&place, "--effect color --color #102030", "png")
    );
    assert!(reply.header("x-hypercut-verdict").is_some() && reply.header("x-request-id").is_some());
    let reply = server.post("/v1/mask", &picture);
    assert_eq!(
        reply.picture("image/png"),
        photo(&place, "--effect mask", "png")
    );
    let reply = server.form(
        "/v1/portrait",
        &[
            ("effect", None, b"pop"),
            ("quality", None, b"70"),
            ("image", Some("a.jpg"), &picture),
        ],
    );
    assert_eq!(
        reply.picture("image/jpeg"),
        photo(&place, "--effect pop --quality 70", "jpg")
    );
    place.write("beach.png", &plain("png"));
    let files = [
        ("image", Some("a"), &picture[..]),
        ("background", Some("b"), &plain("png")),
    ];
    let reply = server.form("/v1/portrait?effect=image", &files);
    assert_eq!(
        reply.picture("image/jpeg"),
        photo(&place, "--effect image --background beach.png", "jpg")
    );
}

#[test]
fn rembgs_clients_change_the_address_and_nothing_else() {
    let (place, picture) = place();
    let server = Server::start(&place, "");
    let file = ("file", Some("input.jpg"), &picture[..]);
    let cutout = photo(&place, "--effect cutout", "png");
    assert_eq!(
        server.form("/api/remove", &[file]).picture("image/png"),
        cutout
    );
    let all: [(&str, Option<&str>, &[u8]); 7] = [
        ("model", None, b"u2net"),
        ("a", None, b"true"),
        ("af", None, b"240"),
        ("ab", None, b"10"),
        ("ae", None, b"10"),
        ("ppm", None, b"false"),
        file,
    ];
    assert_eq!(
        server.form("/api/remove", &all).picture("image/png"),
        cutout
    );
    let mask = photo(&place, "--effect mask", "png");
    assert_eq!(
        server
            .form("/api/remove", &[("om", None, b"true"), file])
            .picture("image/png"),
        mask
    );
    let white = photo(&place, "--effect color --color white", "png");
    assert_eq!(
        server
            .form("/api/remove?bgc=255,255,255,255", &[file])
            .picture("image/png"),
        white
    );
    server
        .get("/api/remove?url=http://example.com/x.jpg")
        .problem(403, "fetches no URLs");
}

#[test]
fn what_is_wrong_and_what_to_do() {
    let (place, picture) = place();
    let server = Server::start(&place, "--max-megabytes 1 --max-pixels 2000 --timeout 20");
    server
        .post("/v1/mask", b"hello, hello")
        .problem(415, "send JPEG, PNG or WebP");
    server
        .post("/v1/mask", &picture[..picture.len() / 2])
        .problem(422, "damaged or cut-short JPEG");
    server
        .post("/v1/mask", b"")
        .problem(422, "no picture in the request");
    server
        .post("/v1/portrait?effect=sepia", &picture)
        .problem(422, "no effect `sepia`");
    server
        .post("/v1/portrait?strength=500", &picture)
        .problem(422, "500 is not a number from 0 to 100");
    server
        .post("/v1/portrait?effect=cutout&format=jpeg", &picture)
        .problem(422, "which JPEG can't hold");
    server
        .form(
            "/v1/portrait?effect=image",
            &[("image", Some("a"), &picture)],
        )
        .problem(422, "needs");
    server
        .post("/v1/portrait", &vec![7; 1_000_001])
        .problem(413, "longer than 1 MB");
    server
        .post("/v1/portrait", &std::fs::read(sample(6)).unwrap())
        .problem(413, "send fewer pixels");
    server.get("/v2").problem(404, "no such route");
    server.get("/v1/mask").problem(405, "not a method");
    let coded = "Content-Encoding: gzip\r\n";
    server
        .send("POST", "/v1/mask", coded, &picture)
        .problem(415, "leave out Content-Encoding");
    let lines = String::from_utf8(server.get("/metrics").body).unwrap();
    assert!(
        lines.contains("hypercut_requests_total{route=\"/v1/mask\",status=\"415\"} 2\n"),
        "{lines}"
    );
}

#[test]
fn a_body_without_end_is_cut_off() {
    let (place, _) = place();
    let server = Server::start(&place, "--max-megabytes 1");
    let mut stream = server.connect();
    stream
        .write_all(b"POST /v1/mask HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        .unwrap();
    let chunk = [&b"10000\r\n"[..], &vec![0; 0x10000], b"\r\n"].concat();
    let mut sent = 0;
    while stream.write_all(&chunk).is_ok() {
        sent += chunk.len();
        assert!(sent < 200_000_000, "taken without end");
    }
    assert!(sent >= 1_000_000);
}

#[test]
fn more_than_can_be_done_is_refused_and_the_rest_is_right() {
    let (place, picture) = place();
    let server = Server::start(&place, "--jobs 1 --queue 1");
    let large = std::fs::read(sample(6)).unwrap();
    let replies: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..12)
            .map(|_| scope.spawn(|| server.post("/v1/portrait?effect=cutout", &large)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    let (fine, refused): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.status == 200);
    assert!(
        !fine.is_empty() && !refused.is_empty(),
        "{} fine",
        fine.len()
    );
    assert!(fine.iter().all(|reply| reply.body == fine[0].body));
    for reply in refused {
        reply.problem(429, "try again");
        assert!(reply.header("retry-after").unwrap().parse::<u32>().unwrap() >= 1);
    }
    server.post("/v1/mask", &picture).picture("image/png");
}

#[test]
fn slow_senders_keep_nobody_waiting_and_are_cut_off() {
    let (place, picture) = place();
    // The one picture never fills a queue of two, so that no late sender is told to come back.
    let server = Server::start(&place, "--jobs 1 --queue 2 --timeout 3");
    let slow: Vec<_> = (0..50)
        .map(|_| {
            let mut stream = server.connect();
            stream.write_all(b"POST /v1/mask HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 1000\r\n\r\nab").unwrap();
            stream
        })
        .collect();
    server.post("/v1/mask", &picture).picture("image/png");
    for stream in slow {
        read(stream).problem(408, "took too long to arrive");
    }
}

#[test]
fn others_need_a_token() {
    let (place, picture) = place();
    place.run("serve --host 0.0.0.0 --port 0").says(
        2,
        "error: 0.0.0.0 can be reached by others, and nobody would have to say who they are\n\
         hint: `--token-file FILE` asks for a token; `--insecure` says that anybody may use it",
    );
    place.write("token", b"secret\n");
    let said = place.run("serve --token-file token");
    assert!(
        said.code == 1 && said.stderr.contains("easily guessed"),
        "{}",
        said.stderr
    );
    place.write("token", b"0123456789abcdef0123456789abcdef\n");
    let server = Server::start(&place, "--host 0.0.0.0 --token-file token");
    server
        .post("/v1/mask", &picture)
        .problem(401, "Authorization: Bearer");
    let wrong = "Authorization: Bearer 0123456789abcdef0123456789abcdee\r\n";
    server
        .send("POST", "/v1/mask", wrong, &picture)
        .problem(401, "missing or wrong");
    let right = "Authorization: Bearer 0123456789abcdef0123456789abcdef\r\n";
    server
        .send("POST", "/v1/mask", right, &picture)
        .picture("image/png");
    // The scheme's name may be written in any way (RFC 9110, 11.1).
    let small = "Authorization: bearer 0123456789abcdef0123456789abcdef\r\n";
    assert_eq!(server.send("GET", "/metrics", small, b"").status, 200);
    assert_eq!(server.get("/healthz").status, 200);
    assert_eq!(server.get("/metrics").status, 401);
}

/// Answers every connection with `answer`, once each.
fn stub(answer: impl Fn() -> Vec<u8> + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut line = String::new();
            while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
                line.clear();
            }
            let _ = stream.write_all(&answer());
        }
    });
    address
}

#[test]
fn urls_lead_to_no_private_address() {
    let (place, picture) = place();
    let body = picture.clone();
    let inner =
        stub(move || [&b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"[..], &body].concat());
    let target = format!("http://{inner}/x.jpg");
    let redirect = stub(move || {
        format!("HTTP/1.1 302 Found\r\nLocation: {target}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").into_bytes()
    });

    let server = Server::start(&place, &format!("--fetch-urls --fetch-allow {redirect}"));
    for url in [
        format!("http://{inner}/"),
        "http://localhost:1/".into(),
        "http://[::1]:1/".into(),
        "http://169.254.169.254/latest".into(),
        "http://2130706433/".into(),
    ] {
        server
            .get(&format!("/api/remove?url={url}"))
            .problem(403, "not a public one");
    }
    server
        .get("/api/remove?url=file:///etc/passwd")
        .problem(422, "only http and https");
    server
        .get(&format!("/api/remove?url=http://{redirect}/"))
        .problem(403, "not a public one");
    drop(server);
    let server = Server::start(
        &place,
        &format!("--fetch-urls --fetch-allow {redirect} --fetch-allow {inner}"),
    );
    let reply = server.get(&format!("/api/remove?url=http://{redirect}/"));
    assert_eq!(
        reply.picture("image/png"),
        photo(&place, "--effect cutout", "png")
    );
}

#[cfg(unix)]
#[test]
fn sigterm_ends_it_after_what_has_begun() {
    let (place, _) = place();
    let mut server = Server::start(&place, "--jobs 1");
    let large = std::fs::read(sample(6)).unwrap();
    let mut stream = server.connect();
    let head = format!(
        "POST /v1/mask HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n",
        large.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&large[..1000]).unwrap();
    std::thread::sleep(Duration::from_millis(200));
    let id = server.child.id().to_string();
    assert!(
        std::process::Command::new("kill")
            .arg(id)
            .status()
            .unwrap()
            .success()
    );
    std::thread::sleep(Duration::from_millis(200));
    assert!(
        TcpStream::connect(("127.0.0.1", server.port)).is_err(),
        "takes no new connection"
    );
    stream.write_all(&large[1000..]).unwrap();
    read(stream).picture("image/png");
    let clock = Instant::now();
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
    assert!(clock.elapsed() < Duration::from_secs(25));
}

#[cfg(unix)]
fn signal(server: &Server) {
    let id = server.child.id().to_string();
    let mut kill = std::process::Command::new("kill");
    assert!(kill.arg(id).status().unwrap().success());
    std::thread::sleep(Duration::from_millis(200));
}

#[cfg(unix)]
#[test]
fn a_second_signal_ends_it_at_once() {
    let (place, _) = place();
    let mut server = Server::start(&place, "--jobs 1 --drain 3600");
    let mut stream = server.connect();
    stream
        .write_all(b"POST /v1/mask HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nab")
        .unwrap();
    std::thread::sleep(Duration::from_millis(200));
    signal(&server);
    assert!(
        server.child.try_wait().unwrap().is_none(),
        "waits for what has begun"
    );
    signal(&server);
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
}

#[cfg(unix)]
#[test]
fn nobody_has_to_read_its_log() {
    let (place, picture) = place();
    let mut command = place.command();
    command
        .args(["serve", "--port", "0", "--jobs", "1"])
        .stdin(Stdio::null())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut first = String::new();
    stderr.read_line(&mut first).unwrap();
    let port = first.trim().rsplit(':').next().unwrap().parse().unwrap();
    let mut server = Server { child, port };
    // More lines than a pipe holds.
    for _ in 0..1000 {
        assert_eq!(server.get("/healthz").status, 200);
    }
    server.post("/v1/mask", &picture).picture("image/png");
    signal(&server);
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
}

#[test]
fn who_goes_away_leaves_no_place_taken() {
    let (place, picture) = place();
    let server = Server::start(&place, "--jobs 1 --queue 3");
    let large = std::fs::read(sample(6)).unwrap();
    let head = format!(
        "POST /v1/portrait?effect=cutout HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n",
        large.len()
    );
    let gone: Vec<_> = (0..4)
        .map(|_| {
            let mut stream = server.connect();
            stream.write_all(head.as_bytes()).unwrap();
            stream.write_all(&large).unwrap();
            stream
        })
        .collect();
    std::thread::sleep(Duration::from_millis(100));
    drop(gone);
    let clock = Instant::now();
    let lines = [
        "hypercut_queue_length 0",
        "hypercut_buffered_bytes 0",
        "hypercut_requests_total{route=\"/v1/portrait\",status=\"499\"} ",
    ];
    loop {
        let metrics = String::from_utf8(server.get("/metrics").body).unwrap();
        if lines.iter().all(|line| metrics.contains(line)) {
            break;
        }
        assert!(clock.elapsed() < Duration::from_secs(30), "{metrics}");
        std::thread::sleep(Duration::from_millis(50));
    }
    server.post("/v1/mask", &picture).picture("image/png");
}

#[test]
fn what_can_never_fit_is_not_asked_to_come_again() {
    let (place, picture) = place();
    place.run("serve --port 0 --max-buffered 10").says(
        2,
        "error: `--max-buffered 10` holds no request of `--max-megabytes 20`\n\
         hint: the first should be several times the second: results count too",
    );
    let server = Server::start(&place, "--max-megabytes 1 --max-buffered 1");
    let long = [&picture[..], &vec![0; 900_000]].concat();
    let reply = server.form("/v1/mask", &[("image", Some("a.jpg"), &long)]);
    reply.problem(413, "--max-buffered");
    assert_eq!(reply.header("retry-after"), None);
}

#[test]
fn files_under_other_names_are_told_and_empty_ones_passed_over() {
    let (place, picture) = place();
    let server = Server::start(&place, "");
    server
        .form("/v1/mask", &[("picture", Some("a.jpg"), &picture)])
        .problem(422, "no file `picture` is taken");
    // As browsers send fields in which nothing was chosen.
    server
        .form(
            "/v1/portrait",
            &[
                ("image", Some("a.jpg"), &picture),
                ("logo", Some(""), b""),
                ("background", Some(""), b""),
            ],
        )
        .picture("image/jpeg");
    for line in [
        "--max-connections 0",
        "--queue 99999999999",
        "--fetch-urls --fetch-allow http://x/",
    ] {
        assert_eq!(
            place.run(&format!("serve --port 0 {line}")).code,
            2,
            "{line}"
        );
    }
}
