"""Strains a running `hypercut serve` as the internet does, and prints what came of it.

    python load.py URL PICTURE [--seconds S] [--clients N] [--slow N] [--pid PID]

Standard library alone. Exits 1 when an answer is neither the right picture nor 429 with Retry-After, when slow senders are not cut
off, when a body without end is taken, or when memory keeps growing.
"""
import argparse
import asyncio
import hashlib
import sys
import time
from urllib.parse import urlsplit


def head(path, length, extra=""):
    return f"POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n{extra}\r\n".encode()


async def post(host, port, path, body):
    clock = time.perf_counter()
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(head(path, len(body)) + body)
        await writer.drain()
        answer = await reader.read(-1)
    finally:
        writer.close()
    lines, _, content = answer.partition(b"\r\n\r\n")
    headers = dict(line.lower().split(b": ", 1) for line in lines.split(b"\r\n")[1:])
    return int(lines[9:12]), headers, content, time.perf_counter() - clock


def resident(pid):
    """Resident memory in MB."""
    with open(f"/proc/{pid}/status") as status:
        line = next(line for line in status if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(share * len(values)))] if values else float("nan")


async def overload(args, host, port, picture):
    """Clients that ask again at once, several times what the server can do."""
    end = time.monotonic() + args.seconds
    accepted, refused, late, wrong, digests, memory = [], 0, 0, [], set(), []

    async def client():
        nonlocal refused, late
        while time.monotonic() < end:
            try:
                status, headers, content, took = await post(host, port, "/v1/portrait?effect=cutout", picture)
            except (ConnectionError, ValueError, StopIteration) as error:
                wrong.append(repr(error))
                continue
            if status == 200:
                accepted.append(took)
                digests.add(hashlib.sha256(content).hexdigest())
            elif status == 429 and int(headers[b"retry-after"]) >= 1:
                refused += 1
                # A real client waits for Retry-After; these wait a little, to keep the pressure up.
                await asyncio.sleep(0.05)
            elif status == 503 and int(headers[b"retry-after"]) >= 1:
                # Its time was up while it waited: a machine slower than the queue is long.
                late += 1
            else:
                wrong.append(status)

    async def watch():
        while args.pid and time.monotonic() < end:
            memory.append(resident(args.pid))
            await asyncio.sleep(0.5)

    await asyncio.gather(watch(), *(client() for _ in range(args.clients)))
    rate = len(accepted) / args.seconds
    print(f"overload: {args.seconds} s, {args.clients} clients: {len(accepted)} pictures ({rate:.1f}/s), {refused} x 429, {late} x 503, "
          f"p50 {percentile(accepted, .5):.3f} s, p99 {percentile(accepted, .99):.3f} s, max {max(accepted, default=0):.3f} s")
    if memory:
        half = len(memory) // 2
        print(f"memory: {min(memory):.0f} to {max(memory):.0f} MB; first half at most {max(memory[:half] or [0]):.0f}, second {max(memory[half:]):.0f}")
    good = bool(accepted) and not wrong and len(digests) == 1
    if not good:
        print(f"WRONG: {wrong[:5]} ({len(wrong)}), {len(digests)} different pictures")
    if memory and max(memory[half:]) > 1.15 * max(memory[:half]) + 8:
        print("WRONG: memory grows")
        good = False
    return good


async def slow(args, host, port, picture):
    """Sockets that send one byte a second; meanwhile others must be served."""
    sockets = [await asyncio.open_connection(host, port) for _ in range(args.slow)]
    for _, writer in sockets:
        writer.write(head("/v1/mask", len(picture)))
    closed = 0

    async def one(reader, writer):
        nonlocal closed
        answer = asyncio.ensure_future(reader.read(-1))
        for byte in picture[:120]:
            if answer.done():
                break
            try:
                writer.write(bytes([byte]))
                await writer.drain()
            except ConnectionError:
                break
            await asyncio.wait([answer], timeout=1)
        closed += answer.done()
        writer.close()

    senders = [asyncio.ensure_future(one(*socket)) for socket in sockets]
    await asyncio.sleep(2)
    status, _, _, took = await post(host, port, "/v1/mask", picture)
    await asyncio.gather(*senders)
    print(f"slow: {args.slow} sockets at a byte a second, {closed} cut off by the server; a request meanwhile: {status} in {took:.3f} s")
    return status == 200 and closed == args.slow


async def endless(host, port):
    """A chunked body that never ends."""
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(b"POST /v1/mask HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
    sent, chunk = 0, b"10000\r\n" + bytes(0x10000) + b"\r\n"
    try:
        while sent < 1 << 30:
            writer.write(chunk)
            await asyncio.wait_for(writer.drain(), 10)
            sent += len(chunk)
    except (ConnectionError, asyncio.TimeoutError):
        pass
    writer.close()
    print(f"endless: cut off after {sent / 1e6:.0f} MB")
    return sent < 1 << 30


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("picture")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--slow", type=int, default=500)
    parser.add_argument("--pid", type=int)
    args = parser.parse_args()
    url = urlsplit(args.url)
    with open(args.picture, "rb") as file:
        picture = file.read()
    good = await overload(args, url.hostname, url.port, picture)
    good &= await slow(args, url.hostname, url.port, picture)
    good &= await endless(url.hostname, url.port)
    return 0 if good else 1


sys.exit(asyncio.run(main()))
