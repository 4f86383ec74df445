// The page in a real Chromium: everything that a person does with it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, afterEach, before, test } from "node:test";
import { browse, cameraOn, framesOf, host, openPage, sample } from "./harness.mjs";

let browser, context, site, page;

before(async () => {
  site = await host("page");
  ({ browser, context } = await browse());
});
after(async () => {
  await browser?.close();
  await site?.close();
});
afterEach(() => page?.close());

/** Opens the page; what it says in its console as an error is in `page.faults`. */
async function open(query = "") {
  page = await openPage(context, site.address + query);
}

/** Sums of the pixels of what is shown at the left edge, where there is only background. */
const shown = (id) =>
  page.evaluate((id) => {
    const video = document.getElementById(id);
    const canvas = new OffscreenCanvas(160, 90);
    const context = canvas.getContext("2d");
    context.drawImage(video, 0, 0, 160, 90);
    return [...context.getImageData(0, 0, 160, 90).data];
  }, id);

const corner = (pixels) => pixels.slice(4 * (10 * 160 + 5), 4 * (10 * 160 + 5) + 3);

const startCamera = () => cameraOn(page);
const frames = (count) => framesOf(page, count);

test("the effects are those of the library, each with its options", async () => {
  await open();
  const names = await page.$$eval("#effects input", (inputs) => inputs.map((input) => input.value));
  assert.deepEqual(names, ["blur", "cutout", "color", "image", "pop", "mask"]);
  for (const name of names) {
    await page.check(`#effects input[value=${name}]`, { force: true });
    const fields = await page.$$eval("#options .row", (rows) => rows.map((row) => row.control.getAttribute("aria-describedby")));
    assert.ok(fields.every((hint) => hint), `every option of ${name} has a label and a description`);
  }
  assert.deepEqual(page.faults, []);
});

for (const way of ["best", "canvas"]) {
  test(`camera: effect switched, picture taken, recording made (${way})`, async () => {
    await open(`?way=${way}`);
    await startCamera();
    await frames(3);
    await page.check("#effects input[value=color]", { force: true });
    await page.fill("#option-color", "#00b140");
    await page.waitForFunction(() => document.getElementById("status").textContent === "");
    await frames(6);
    const [r, g, b] = corner(await shown("live"));
    assert.ok(r < 40 && g > 140 && g < 215 && b > 30 && b < 100, `background is #00b140, not ${[r, g, b]}`);

    await page.click("#shoot");
    await page.waitForSelector("#saved img");
    const picture = await page.$eval("#saved img", async (image) => {
      await image.decode();
      return [image.naturalWidth, image.naturalHeight];
    });
    assert.deepEqual(picture, [640, 360]);

    await page.click("#record");
    await page.waitForTimeout(1500);
    await page.click("#record");
    await page.waitForSelector("#saved video");
    const length = await page.$eval("#saved video", async (video) => {
      while (video.readyState < 2) await new Promise((resolve) => setTimeout(resolve, 50));
      return video.videoWidth;
    });
    assert.equal(length, 640);
    assert.deepEqual(page.faults, []);
  });
}

test("a saved cut-out has the logo at the bottom right, transparency, and nothing of the page", async () => {
  await open();
  await page.setInputFiles("#open", sample(3));
  await page.check("#effects input[value=cutout]", { force: true });
  await page.waitForFunction(() => document.getElementById("stage").dataset.shows === "photo");
  const save = async () => {
    const before = await page.locator("#saved li").count();
    await page.click("#shoot");
    await page.waitForFunction((count) => document.querySelectorAll("#saved li").length > count, before);
    await page.$eval("#saved img", async (image) => {
      await image.decode();
      const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
      const context = canvas.getContext("2d");
      context.drawImage(image, 0, 0);
      (window.pictures ??= []).push(context.getImageData(0, 0, canvas.width, canvas.height));
    });
  };
  await save();
  await page.uncheck("#logo");
  await save();
  const changed = await page.evaluate(() => {
    const [withLogo, plain] = window.pictures;
    const { width, height, data } = plain;
    const found = { width, height, clear: 0, left: width, top: height, count: 0 };
    for (let i = 0; i < data.length; i += 4) {
      found.clear += data[i + 3] === 0;
      if ([0, 1, 2, 3].every((c) => data[i + c] === withLogo.data[i + c])) continue;
      found.count++;
      found.left = Math.min(found.left, (i / 4) % width);
      found.top = Math.min(found.top, Math.floor(i / 4 / width));
    }
    return found;
  });
  assert.ok(changed.clear > (changed.width * changed.height) / 5, "the background is transparent");
  assert.ok(changed.count > 500, "the logo is there");
  assert.ok(changed.left > changed.width / 2 && changed.top > changed.height * 0.7, "and only at the bottom right");
  assert.deepEqual(page.faults, []);
});

test("a photo comes by paste, and before/after shows the original", async () => {
  await open();
  const bytes = readFileSync(sample(1)).toString("base64");
  await page.evaluate((bytes) => {
    const data = new DataTransfer();
    const file = Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0));
    data.items.add(new File([file], "me.jpg", { type: "image/jpeg" }));
    dispatchEvent(new ClipboardEvent("paste", { clipboardData: data }));
  }, bytes);
  await page.waitForFunction(() => document.getElementById("stage").dataset.shows === "photo");
  await page.fill("#compare", "50");
  assert.equal(await page.$eval("#before", (before) => before.hidden), false);
  await page.fill("#compare", "0");
  assert.equal(await page.$eval("#before", (before) => before.hidden), true);
});

test("a file that is no picture is refused in words", async () => {
  await open();
  await page.setInputFiles("#open", { name: "x.png", mimeType: "image/png", buffer: Buffer.from("not a picture") });
  await page.waitForSelector("#status.error");
  assert.match(await page.textContent("#status"), /cannot read this file/);
});

test("the page works without a network, and asked nobody else before", async () => {
  const others = [];
  context.on("request", (request) => {
    const { protocol, origin } = new URL(request.url());
    if (/^https?:$/.test(protocol) && `${origin}/` !== site.address) others.push(request.url());
  });
  await open();
  // One visit is enough: the module is kept though it came before the service worker did.
  await page.waitForFunction(async () => {
    const kept = await Promise.all((await caches.keys()).map(async (name) => (await caches.open(name)).keys()));
    return kept.flat().some((request) => request.url.endsWith(".wasm"));
  });
  await context.setOffline(true);
  try {
    const before = site.requests.length;
    await page.reload();
    await page.waitForSelector("html[data-ready]");
    await startCamera();
    await frames(3);
    // The browser itself looks for a newer service worker, and not as a request of the page.
    assert.deepEqual(site.requests.slice(before).filter((path) => path !== "/sw.js"), []);
  } finally {
    await context.setOffline(false);
  }
  assert.deepEqual(others, []);
});

test("the policy keeps page and worker from speaking to others", async () => {
  await open();
  const attempt = () => fetch("https://example.com/").then(() => "sent", (error) => error.name);
  const violation = () =>
    new Promise((resolve) => {
      addEventListener("securitypolicyviolation", (event) => resolve(event.effectiveDirective));
      fetch("https://example.com/").catch(() => undefined);
    });
  assert.equal(await page.evaluate(violation), "connect-src");
  const [worker] = page.workers();
  assert.equal(await worker.evaluate(violation), "connect-src");
  assert.equal(await worker.evaluate(attempt), "TypeError");
});
