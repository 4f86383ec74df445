// A browser with a fake camera, and the built page on a local server.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { serve } from "../serve.mjs";

const root = fileURLToPath(new URL("../../..", import.meta.url));
export const dist = fileURLToPath(new URL("../dist/", import.meta.url));
export const sample = (n) => join(root, `samples/portrait-${n}.jpg`);

/** The command, built by `.ci/web` or named by HYPERCUT. */
export const command =
  process.env.HYPERCUT ?? join(process.env.CARGO_TARGET_DIR ?? join(root, "target"), "release/hypercut");

const scratch = mkdtempSync(join(tmpdir(), "hypercut-web-"));
process.on("exit", () => rmSync(scratch, { recursive: true, force: true }));
export const scratchFile = (name) => join(scratch, name);

/** A camera's film: a sample moving slowly from side to side, `[height, width]` I420, as Y4M. */
export function film({ width = 640, height = 360, frames = 20, from = 8 } = {}) {
  const path = scratchFile(`film-${width}x${height}-${frames}-${from}.y4m`);
  if (!existsSync(path)) {
    const scale = `scale=${width + 32}:${height + 32}:force_original_aspect_ratio=increase`;
    const pan = `crop=${width}:${height}:x='16+12*sin(2*PI*n/${frames})':y=16`;
    const turn = ["-loop", "1", "-i", sample(from), "-vf", `${scale},${pan},format=yuv420p`, "-frames:v", `${frames}`];
    execFileSync("ffmpeg", ["-v", "error", "-y", ...turn, "-r", "30", path]);
  }
  return path;
}

/** Bits of the number that `counted` writes on its frames, and where: blocks of 96 pixels, the lowest bit first. */
export const COUNTER = { bits: 6, left: 32, top: 24, side: 96, pitch: 112 };

/** A camera's film of 1280 x 720 whose frames carry their number, 0 to 63, as black and white blocks. */
export function counted() {
  const path = scratchFile("counted.y4m");
  const { bits, left, top, side, pitch } = COUNTER;
  const block = (bit, colour, when) =>
    `drawbox=x=${left + bit * pitch}:y=${top}:w=${side}:h=${side}:c=${colour}:t=fill:enable='eq(mod(floor(n/${2 ** bit}),2),${when})'`;
  const blocks = Array.from({ length: bits }, (_, bit) => [block(bit, "white", 1), block(bit, "black", 0)]).flat();
  const picture = "scale=1280:720:force_original_aspect_ratio=increase,crop=1280:720";
  const filter = [picture, ...blocks, "format=yuv420p"].join(",");
  execFileSync("ffmpeg", ["-v", "error", "-y", "-loop", "1", "-i", sample(8), "-vf", filter, "-frames:v", `${2 ** bits}`, "-r", "30", path]);
  return path;
}

/** Starts Chromium with a new, empty profile (Playwright makes one), the film as its camera. */
export async function browse(camera = film()) {
  const args = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-precise-memory-info",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    `--use-file-for-fake-video-capture=${camera}`,
  ];
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  const browser = await chromium.launch({ executablePath, headless: true, args });
  const context = await browser.newContext();
  context.setDefaultTimeout(30_000);
  return { browser, context };
}

/** Serves a folder of dist; `requests` collects the paths asked for. */
export async function host(folder, requests = []) {
  const server = await serve(join(dist, folder), 0, requests);
  const close = () => new Promise((resolve) => server.close(resolve) && server.closeAllConnections());
  return { address: `http://localhost:${server.address().port}/`, requests, close };
}

/** Remembers the workers that a page makes, so that a test can end one as a crash would: without a word. */
export function catchWorkers(page) {
  return page.addInitScript(() => {
    const Original = Worker;
    window.workers = [];
    window.Worker = class extends Original {
      constructor(...given) {
        super(...given);
        window.workers.push(this);
      }
    };
  });
}

/** Opens the page with its workers caught and what it complains of collected. */
export async function openPage(context, address) {
  const page = await context.newPage();
  page.faults = [];
  page.on("pageerror", (error) => page.faults.push(String(error)));
  page.on("console", (message) => message.type() === "error" && page.faults.push(message.text()));
  await catchWorkers(page);
  await page.goto(address);
  await page.waitForSelector("html[data-ready]");
  return page;
}

/** Starts the page's camera and waits for its first composed frame. */
export async function cameraOn(page) {
  await page.click("#camera");
  await page.waitForFunction(() => document.getElementById("live").videoWidth > 0);
}

/** Waits for so many frames on the page's screen. */
export function framesOf(page, count) {
  return page.evaluate(
    (count) =>
      new Promise((resolve, reject) => {
        setTimeout(() => reject(new Error(`${count} frames did not come within 30 s`)), 30_000);
        const video = document.getElementById("live");
        const next = () => (count-- > 0 ? video.requestVideoFrameCallback(next) : resolve());
        next();
      }),
    count,
  );
}
