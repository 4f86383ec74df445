// From glass to glass: how long after the camera gave a frame its composed picture is on the screen. Every frame carries its number.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { COUNTER, browse, cameraOn, counted, host, openPage } from "./harness.mjs";

/** Seconds that are measured. */
const SECONDS = Number(process.env.LATENCY ?? 5);

let browser, context, site;

before(async () => {
  site = await host("page");
  ({ browser, context } = await browse(counted()));
});
after(async () => {
  await browser?.close();
  await site?.close();
});

test(`${SECONDS} seconds of camera: every picture on the screen is a frame that the camera gave before`, async () => {
  await context.addInitScript(() => {
    const media = navigator.mediaDevices;
    const original = media.getUserMedia.bind(media);
    media.getUserMedia = async (wanted) => (window.camera = await original(wanted));
  });
  const page = await openPage(context, site.address);
  await cameraOn(page);
  await page.waitForTimeout(2000);
  const { given, shown } = await page.evaluate(
    async ([{ bits, left, top, side, pitch }, seconds]) => {
      const number = (light) => Array.from({ length: bits }, (_, bit) => (light(bit * pitch + side / 2) > 128 ? 2 ** bit : 0)).reduce((a, b) => a + b);
      const [given, shown] = [[], []];
      const track = window.camera.getVideoTracks()[0].clone();
      const reader = new MediaStreamTrackProcessor({ track, maxBufferSize: 8 }).readable.getReader();
      const rect = { x: left, y: top + side / 2, width: bits * pitch, height: 2 };
      let [done, ahead] = [false, Infinity];
      const read = async () => {
        while (!done) {
          const { value: frame } = await reader.read();
          if (frame === undefined) return;
          // The frame's own time is when it was captured, by another clock; the quickest delivery tells how far that clock is ahead.
          const at = frame.timestamp / 1000;
          ahead = Math.min(ahead, performance.now() - at);
          const bytes = new Uint8Array(frame.allocationSize({ rect }));
          await frame.copyTo(bytes, { rect });
          frame.close();
          given.push({ at, number: number((x) => bytes[x]) });
        }
      };
      const reading = read();
      const video = document.getElementById("live");
      const canvas = new OffscreenCanvas(rect.width, 1);
      const context = canvas.getContext("2d", { willReadFrequently: true });
      const look = (_, { expectedDisplayTime }) => {
        context.drawImage(video, rect.x, rect.y, rect.width, 1, 0, 0, rect.width, 1);
        const { data } = context.getImageData(0, 0, rect.width, 1);
        shown.push({ at: expectedDisplayTime, number: number((x) => data[4 * x]) });
        if (!done) video.requestVideoFrameCallback(look);
      };
      await new Promise((resolve) => setTimeout(resolve, 500));
      video.requestVideoFrameCallback(look);
      await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
      done = true;
      await Promise.race([reading, new Promise((resolve) => setTimeout(resolve, 500))]);
      track.stop();
      return { given: given.map(({ at, number }) => ({ at: at + ahead, number })), shown };
    },
    [COUNTER, SECONDS],
  );
  // A frame that was not seen coming counts for nothing; a number's last frame may then be one of the round before, 2.1 s ago.
  const since = ({ at, number }) => at - (given.findLast((frame) => frame.number === number && frame.at <= at)?.at ?? -Infinity);
  const sorted = shown.map(since).filter((latency) => latency < 1500).sort((a, b) => a - b);
  const quantile = (q) => Number(sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]?.toFixed(1));
  const rate = (frames) => Number((((frames.length - 1) * 1000) / (frames.at(-1).at - frames[0].at)).toFixed(1));
  console.log({ seconds: SECONDS, camera: rate(given), screen: rate(shown), measured: sorted.length, p50: quantile(0.5), p95: quantile(0.95), unit: "ms" });
  assert.ok(sorted.length >= SECONDS && sorted.length > shown.length / 2, `${sorted.length} of ${shown.length} pictures are known frames`);
  assert.ok(new Set(shown.map(({ number }) => number)).size > 10, "the pictures move on");
  assert.deepEqual(page.faults, []);
});
