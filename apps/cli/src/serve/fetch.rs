//! Fetching a picture by URL without becoming a door into the network behind the server (server-side request forgery).
//!
//! A name is resolved once and only its public addresses are ever connected to, so what is checked is what is used; redirects
//! are followed by hand, each checked like the first.
use axum::http::{StatusCode, header};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

use super::body::Whole;
use super::budget::Budget;
use super::problem::Problem;

const REDIRECTS: usize = 5;
const CONNECT_TIME: Duration = Duration::from_secs(5);

/// Fetches from public addresses alone.
#[derive(Debug)]
pub(super) struct Fetcher {
    public: Client,
    /// For the hosts that the operator allowed.
    any: Client,
    allowed: Vec<String>,
}

impl Fetcher {
    pub(super) fn new(allowed: Vec<String>) -> anyhow::Result<Self> {
        let builder = || {
            Client::builder()
                .redirect(Policy::none())
                .no_proxy()
                .connect_timeout(CONNECT_TIME)
                .user_agent(concat!("hypercut/", env!("CARGO_PKG_VERSION")))
        };
        Ok(Self {
            public: builder().dns_resolver(Arc::new(PublicOnly)).build()?,
            any: builder().build()?,
            allowed,
        })
    }

    /// The bytes behind `url`, at most `most`.
    ///
    /// # Errors
    /// 422 for what is no URL, 403 for private addresses, 413 longer, 502 when the other side fails.
    pub(super) async fn get(
        &self,
        url: &str,
        most: usize,
        budget: &Budget,
        deadline: Instant,
    ) -> Result<Whole, Problem> {
        let mut url =
            Url::parse(url).map_err(|error| Problem::unprocessable(format!("`url`: {error}")))?;
        for _ in 0..=REDIRECTS {
            let response =
                tokio::time::timeout_at(deadline, self.client(&url)?.get(url.clone()).send());
            let late = |_| {
                Problem::new(
                    StatusCode::GATEWAY_TIMEOUT,
                    "the other server took too long",
                )
            };
            let response = response
                .await
                .map_err(late)?
                .map_err(|error| unreachable(&error))?;
            if !response.status().is_redirection() {
                return tokio::time::timeout_at(deadline, whole(response, most, budget))
                    .await
                    .map_err(late)?;
            }
            let next = response
                .headers()
                .get(header::LOCATION)
                .and_then(|next| next.to_str().ok());
            let next = next.and_then(|next| url.join(next).ok());
            url = next.ok_or_else(|| {
                Problem::new(
                    StatusCode::BAD_GATEWAY,
                    "the other server redirects to nowhere",
                )
            })?;
        }
        Err(Problem::new(
            StatusCode::BAD_GATEWAY,
            format!("more than {REDIRECTS} redirects"),
        ))
    }

    fn client(&self, url: &Url) -> Result<&Client, Problem> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Problem::unprocessable(
                "`url`: only http and https are fetched",
            ));
        }
        let host = url.host_str().unwrap_or_default();
        let port = url.port_or_known_default().unwrap_or_default();
        if self
            .allowed
            .iter()
            .any(|allowed| *allowed == format!("{host}:{port}"))
        {
            return Ok(&self.any);
        }
        // Addresses written as such are not resolved.
        match host.trim_matches(['[', ']']).parse::<IpAddr>() {
            Ok(address) if !is_public(address) => Err(private()),
            _ => Ok(&self.public),
        }
    }
}

async fn whole(
    mut response: reqwest::Response,
    most: usize,
    budget: &Budget,
) -> Result<Whole, Problem> {
    if !response.status().is_success() {
        let detail = format!("the other server answered {}", response.status());
        return Err(Problem::new(StatusCode::BAD_GATEWAY, detail));
    }
    let full = || {
        Problem::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too many bytes in memory for other requests",
        )
        .retry_after(Duration::from_secs(1))
    };
    let mut share = budget.take(1).ok_or_else(full)?;
    let mut bytes = Vec::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| unreachable(&error))?
    {
        if bytes.len() + chunk.len() > most {
            return Err(Problem::too_many_bytes(most));
        }
        if !budget.grow(&mut share, bytes.len() + chunk.len()) {
            return Err(full());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(Whole {
        bytes: bytes.into(),
        share,
    })
}

fn private() -> Problem {
    Problem::new(
        StatusCode::FORBIDDEN,
        "`url`: the address is not a public one",
    )
    .hint("send the picture itself; whoever runs the server can allow a host with --fetch-allow")
}

fn unreachable(error: &reqwest::Error) -> Problem {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        if error.downcast_ref::<NotPublic>().is_some() {
            return private();
        }
        cause = error.source();
    }
    Problem::new(
        StatusCode::BAD_GATEWAY,
        "the other server can't be reached or broke off",
    )
}

/// A name with no public address.
#[derive(Debug, thiserror::Error)]
#[error("no public address")]
struct NotPublic;

#[derive(Debug)]
struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|address| is_public(address.ip())).collect();
            if public.is_empty() {
                return Err(NotPublic.into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

/// Whether an address is one of the public internet: the registries of special addresses (RFC 6890 and its updates) are left out,
/// and so are IPv6 addresses that carry a special IPv4 one.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || address.is_multicast()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (b == 18 || b == 19)))
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let s = address.segments();
    let v4 = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match s {
        // Mapped, and translated (RFC 6052): the IPv4 address counts.
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            is_public_v4(v4(high, low))
        }
        // 6to4 (RFC 3056).
        [0x2002, high, low, ..] => is_public_v4(v4(high, low)),
        // Teredo, benchmarks, ORCHID and the rest of 2001::/23; documentation.
        [0x2001, second, ..] if second < 0x200 || second == 0xdb8 => false,
        [0x3fff, second, ..] if second < 0x1000 => false,
        // Global unicast is 2000::/3.
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_addresses_are_not_public() {
        for special in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.0.1",
            "169.254.169.254",
            "0.0.0.0",
            "100.64.0.1",
            "192.0.0.1",
            "198.18.0.1",
            "203.0.113.9",
            "224.0.0.1",
            "255.255.255.255",
            "240.0.0.1",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "2001:db8::1",
            "::ffff:10.0.0.1",
            "::ffff:127.0.0.1",
            "64:ff9b::a9fe:a9fe",
            "2002:7f00:1::",
            "2001::1",
            "::127.0.0.1",
            "3fff::1",
        ] {
            assert!(!is_public(special.parse().unwrap()), "{special}");
        }
        for public in [
            "1.1.1.1",
            "172.32.0.1",
            "100.128.0.1",
            "2606:4700::1111",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
        ] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
    }
}
