// The package in a real Chromium: the same bytes as the command, straight alpha, flat memory, a free main thread.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { inflateSync } from "node:zlib";
import { browse, command, film, host, sample, scratchFile } from "./harness.mjs";

/** Seconds that memory is watched; `.ci/web` takes few, `SOAK=300` many. */
const SOAK = Number(process.env.SOAK ?? 20);

let browser, context, site, page;

before(async () => {
  site = await host("page");
  ({ browser, context } = await browse(film({ width: 1280, height: 720, frames: 12 })));
  page = await context.newPage();
  await page.goto(site.address);
  await page.waitForSelector("html[data-ready]");
});
after(async () => {
  await browser?.close();
  await site?.close();
});

const base64 = (bytes) => Buffer.from(bytes, "base64");

/** Gray pixels of a PNG that the command wrote, by Node's own inflate: `[height, width]`. */
function grayPixels(file) {
  let at = 8;
  const parts = [];
  let width, height;
  while (at < file.length) {
    const length = file.readUInt32BE(at);
    const kind = file.toString("latin1", at + 4, at + 8);
    const data = file.subarray(at + 8, at + 8 + length);
    if (kind === "IHDR") {
      [width, height] = [data.readUInt32BE(0), data.readUInt32BE(4)];
      assert.deepEqual([data[8], data[9], data[12]], [8, 0, 0], "8-bit gray, not interlaced");
    } else if (kind === "IDAT") parts.push(data);
    at += length + 12;
  }
  const raw = inflateSync(Buffer.concat(parts));
  const pixels = Buffer.alloc(width * height);
  const of = (x, y) => (x < 0 || y < 0 ? 0 : pixels[y * width + x]);
  for (let y = 0; y < height; y++) {
    const filter = raw[y * (width + 1)];
    for (let x = 0; x < width; x++) {
      const [left, up, corner] = [of(x - 1, y), of(x, y - 1), x > 0 ? of(x - 1, y - 1) : 0];
      const estimate = left + up - corner;
      const [a, b, c] = [left, up, corner].map((value) => Math.abs(estimate - value));
      const paeth = a <= b && a <= c ? left : b <= c ? up : corner;
      const predicted = [0, left, up, (left + up) >> 1, paeth][filter];
      pixels[y * width + x] = raw[y * (width + 1) + 1 + x] + predicted;
    }
  }
  return { width, height, pixels };
}

for (const module of ["hypercut-relaxed", "hypercut", "hypercut-plain"]) {
  test(`a camera frame's mask equals the command's, byte for byte (${module})`, async () => {
    const answer = await page.evaluate(async (module) => {
      const { createSegmenter } = await import("./hypercut/index.js");
      const stream = await navigator.mediaDevices.getUserMedia({ video: { width: 1280, height: 720 } });
      const reader = new MediaStreamTrackProcessor({ track: stream.getVideoTracks()[0] }).readable.getReader();
      const { value: frame } = await reader.read();
      const data = new Uint8Array(frame.displayWidth * frame.displayHeight * 4);
      await frame.copyTo(data, { format: "RGBA" });
      const { displayWidth: width, displayHeight: height } = frame;
      frame.close();
      stream.getTracks().forEach((track) => track.stop());
      const segmenter = await createSegmenter({ module: `hypercut/${module}.wasm` });
      await segmenter.open({ width, height, data });
      const mask = await segmenter.segment();
      // A picture without person, blur of strength 0: the frame itself as PNG, written by the module.
      await segmenter.switchTo("blur", { strength: 0 });
      const png = new Uint8Array(await (await segmenter.save()).arrayBuffer());
      segmenter.close();
      const text = (bytes) => bytes.toBase64();
      return { width, height, verdict: mask.verdict, mask: text(mask.data), frame: text(data), png: text(png) };
    }, module);
    assert.equal(answer.verdict.finding, "person");
    const [input, output] = [scratchFile("frame.png"), scratchFile("mask.png")];
    writeFileSync(input, base64(answer.png));
    const decoded = execFileSync("ffmpeg", ["-v", "error", "-i", input, "-f", "rawvideo", "-pix_fmt", "rgba", "-"], {
      maxBuffer: 1 << 26,
    });
    assert.ok(decoded.equals(base64(answer.frame)), "the PNG holds the frame's bytes");
    execFileSync(command, ["photo", input, "--effect", "mask", "-o", output, "--overwrite"]);
    const theirs = grayPixels(readFileSync(output));
    assert.deepEqual([theirs.width, theirs.height], [answer.width, answer.height]);
    assert.ok(theirs.pixels.equals(base64(answer.mask)), "the masks are equal");
  });
}

test("colours under alpha come through exactly, in and out", async () => {
  const answer = await page.evaluate(async () => {
    const { createSegmenter } = await import("./hypercut/index.js");
    const segmenter = await createSegmenter();
    const data = new Uint8Array(64 * 64 * 4).map((_, i) => (i * 89) % 256);
    await segmenter.open({ width: 64, height: 64, data });
    await segmenter.segment();
    await segmenter.switchTo("blur", { strength: 0 });
    await segmenter.open(await segmenter.save());
    const { data: back } = await segmenter.original();
    segmenter.close();
    return back.every((byte, i) => byte === data[i]);
  });
  assert.ok(answer);
});

test("an error is an answer, and the segmenter goes on", async () => {
  const messages = await page.evaluate(async () => {
    const { createSegmenter } = await import("./hypercut/index.js");
    const segmenter = await createSegmenter();
    const texts = [];
    const refused = (promise) => promise.then(() => texts.push("accepted"), (error) => texts.push(error.message));
    await refused(segmenter.switchTo("halo"));
    await refused(segmenter.switchTo("blur", { strength: 101 }));
    await refused(segmenter.switchTo("image"));
    await refused(segmenter.open({ width: 0, height: 4, data: new Uint8Array() }));
    await refused(segmenter.open(new Blob(["x"])));
    await segmenter.open({ width: 2, height: 2, data: new Uint8Array(16).fill(255) });
    texts.push((await segmenter.segment()).data.length);
    segmenter.close();
    await refused(segmenter.segment());
    return texts;
  });
  const expected = [/no effect `halo`/, /101 is not a number/, /needs option `background`/, /empty or too large/, /cannot read/];
  expected.forEach((pattern, i) => assert.match(messages[i], pattern));
  assert.equal(messages[5], 4);
  assert.match(messages[6], /closed/);
});

test(`${SOAK} seconds of camera: memory stays flat and the main thread is never held for 50 ms`, async () => {
  const session = await context.newCDPSession(page);
  const processes = await browser.newBrowserCDPSession();
  /** The page's JavaScript heap after a collection, and what all renderer processes hold, in bytes. */
  const memory = async () => {
    await session.send("HeapProfiler.collectGarbage");
    const heap = await page.evaluate(() => performance.memory.usedJSHeapSize);
    const { processInfo } = await processes.send("SystemInfo.getProcessInfo");
    const renderers = processInfo.filter(({ type }) => type === "renderer");
    const pages = renderers.map(({ id }) => Number(readFileSync(`/proc/${id}/statm`, "latin1").split(" ")[1]));
    return { heap, resident: pages.reduce((sum, n) => sum + n, 0) * 4096 };
  };
  await page.evaluate(async () => {
    const { BackgroundProcessor } = await import("./hypercut/index.js");
    const stream = await navigator.mediaDevices.getUserMedia({ video: { width: 1280, height: 720 } });
    const processor = new BackgroundProcessor({ effect: "blur" });
    const video = document.createElement("video");
    video.srcObject = new MediaStream([await processor.start(stream.getVideoTracks()[0])]);
    await video.play();
    window.soak = { processor, stream, video, tasks: [] };
  });
  await page.waitForTimeout(3000);
  await page.evaluate(() => {
    new PerformanceObserver((list) => window.soak.tasks.push(...list.getEntries().map((entry) => entry.duration))).observe({
      type: "longtask",
    });
  });
  const first = await memory();
  await page.waitForTimeout(SOAK * 1000);
  const tasks = await page.evaluate(() => window.soak.tasks);
  const last = await memory();
  const stats = await page.evaluate(() => {
    const { processor, stream } = window.soak;
    const stats = { ...processor.stats, state: processor.state };
    processor.stop();
    stream.getTracks().forEach((track) => track.stop());
    return stats;
  });
  console.log({ seconds: SOAK, first, last, stats, longTasks: tasks });
  assert.equal(stats.state, "running");
  assert.ok(stats.composed > SOAK, "frames are composed");
  assert.equal(stats.refused, 0);
  assert.ok(last.heap - first.heap < 2e6, `the heap grew from ${first.heap} to ${last.heap} bytes`);
  assert.ok(last.resident - first.resident < 25e6, `memory grew from ${first.resident} to ${last.resident} bytes`);
  assert.deepEqual(tasks, []);
});
