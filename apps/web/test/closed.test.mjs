// Failing closed, in a real Chromium: a worker dies mid-stream and no frame of the camera is seen. The same looks are then taken at
// pages that were broken on purpose, and must not pass there.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { browse, cameraOn, dist, framesOf, host, openPage } from "./harness.mjs";

let browser, site;

before(async () => {
  site = await host("page");
  ({ browser } = await browse());
});
after(async () => {
  await browser?.close();
  await site?.close();
});

/** Gives `look` a page; `mutation` is what its scripts are changed by: `{ file, from, to }`. */
async function withPage(query, mutation, look) {
  const context = await browser.newContext({ serviceWorkers: "block" });
  context.setDefaultTimeout(30_000);
  try {
    if (mutation !== undefined) {
      const text = readFileSync(join(dist, "page", mutation.file), "utf8");
      assert.equal(text.split(mutation.from).length, 2, `${mutation.file} has the place to be broken, once`);
      const body = text.replace(mutation.from, mutation.to);
      await context.route(`**/${mutation.file}`, (route) => route.fulfill({ body, contentType: "text/javascript" }));
    }
    await look(await openPage(context, site.address + query));
  } finally {
    await context.close();
  }
}

/** Starts the camera with a plain background and ends the worker; every look at what is shown meanwhile, in order. */
async function dying(page, percent) {
  await cameraOn(page);
  await page.check("#effects input[value=color]", { force: true });
  await page.fill("#option-color", "#ff00ff");
  await framesOf(page, 8);
  await page.fill("#compare", `${percent}`);
  if (percent > 0) await page.waitForFunction(() => !document.getElementById("raw-live").hidden);
  // Ended once the camera was seen to move beside the result, where that is asked for.
  await page.evaluate((compared) => {
    window.seen = [];
    const [live, raw, status] = ["live", "raw-live", "status"].map((id) => document.getElementById(id));
    const canvas = new OffscreenCanvas(64, 36);
    const context = canvas.getContext("2d", { willReadFrequently: true });
    const pixels = (element) => {
      context.clearRect(0, 0, 64, 36);
      context.drawImage(element, 0, 0, 64, 36);
      return context.getImageData(0, 0, 64, 36).data;
    };
    let [dead, known] = [false, false];
    const moved = new Set();
    const look = () => {
      const before = pixels(raw);
      const empty = before.every((byte) => byte === 0);
      const sum = before.reduce((sum, byte, i) => (sum * 31 + byte * (i % 7)) % 4294967291, 7);
      const shown = !document.getElementById("before").hidden && !raw.hidden && !empty;
      known ||= status.classList.contains("error");
      window.seen.push({ dead, known, shown, empty, sum, live: [...pixels(live).slice(4 * (4 * 64 + 2), 4 * (4 * 64 + 2) + 3)] });
      setTimeout(look, 15);
      moved.add(sum);
      if (dead || window.seen.length < 20 || (compared && moved.size < 5)) return;
      window.alive = window.workers.length;
      window.workers.at(-1).terminate();
      dead = true;
    };
    look();
  }, percent > 0);
  await page.waitForFunction(() => document.getElementById("status").textContent.includes("was replaced"));
  await framesOf(page, 5);
  return page.evaluate(() => ({ seen: window.seen, workers: window.workers.length - window.alive }));
}

/** What may be seen of a worker's death: the old picture, held; of the camera nothing. */
async function closed(page, percent) {
  const { seen, workers } = await dying(page, percent);
  assert.equal(workers, 1, "one worker came in its place");
  assert.ok(seen.length > 60, `${seen.length} looks`);
  for (const { live: [r, g, b] } of seen) assert.ok(r > 180 && g < 80 && b > 180, `background is #ff00ff, not ${[r, g, b]}`);
  const dead = seen.filter((look) => look.dead);
  if (percent === 0) return assert.ok(seen.every((look) => look.empty), "no pixel of the camera is in the page unless asked for");
  const different = (looks) => new Set(looks.filter((look) => look.shown).map((look) => look.sum)).size;
  assert.ok(different(dead) <= 2, `after it no new frame is shown, but ${different(dead)}`);
  const unknown = dead.filter((look) => !look.known);
  assert.ok(unknown.some((look) => look.empty), "the camera's picture is gone before the death is even known");
  assert.ok(unknown.at(-1).empty && dead.at(-1).empty, "and stays away");
}

for (const way of ["best", "canvas"]) {
  for (const percent of [0, 60]) {
    test(`a worker that dies mid-stream shows no raw frame (${way}, ${percent} % of before)`, () =>
      withPage(`?way=${way}`, undefined, (page) => closed(page, percent)));
  }
}

const MUTATIONS = [
  {
    broken: "frames are let through while the worker is away",
    file: "hypercut/processor.js",
    from: "frame.close();\n                if (this.#stopped())",
    to: "await passage.write(frame);\n                if (this.#stopped())",
    percent: 0,
  },
  {
    broken: "a frame that failed is written as it came",
    file: "hypercut/processor.js",
    from: "const { frame: composed, before } = await this.#compose(this.#client, frame);",
    to: "const spare = frame.clone(); const { frame: composed, before } = await this.#compose(this.#client, frame).catch(async (error) => { await passage.write(spare); throw error; }); spare.close();",
    percent: 0,
  },
  {
    broken: "the old picture of before is not taken away",
    file: "before.js",
    from: /this\.#silence = setTimeout\(.*\);/,
    to: "",
    percent: 60,
  },
  {
    broken: "before comes from the camera instead of the worker",
    file: "studio.js",
    from: "if (!on)\n            this.#before.hide();",
    to: `if (!on) this.#before.hide();
        else {
          processor.before = undefined;
          const video = document.createElement("video");
          video.srcObject = this.#stream;
          void video.play();
          const show = async () => { this.#before.show(await createImageBitmap(video), 0); video.requestVideoFrameCallback(show); };
          video.requestVideoFrameCallback(show);
        }`,
    percent: 60,
  },
];

for (const mutation of MUTATIONS) {
  test(`the looks tell it when ${mutation.broken}`, () =>
    withPage("", mutation, (page) =>
      assert.rejects(closed(page, mutation.percent), (error) => {
        assert.equal(error.name, "AssertionError", String(error));
        console.log(`  ${mutation.broken}: ${error.message}`);
        return true;
      }),
    ));
}
