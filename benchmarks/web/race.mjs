// The race in headless Chromium, one thread: node race.mjs MODULES NETWORKS [ROUNDS]. `run` prepares what it needs.
import { execFileSync } from "node:child_process";
import { createServer } from "node:http";
import { existsSync, readFileSync } from "node:fs";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const [modules, networks, rounds = "30"] = process.argv.slice(2);
const here = fileURLToPath(new URL(".", import.meta.url));
const sample = join(here, "../../samples/portrait-8.jpg");

function pixels(width, height, crop) {
  const scale = crop ? `scale=${width}:${height}:force_original_aspect_ratio=increase,crop=${width}:${height}` : `scale=${width}:${height}:flags=area`;
  return execFileSync("ffmpeg", ["-v", "error", "-i", sample, "-vf", scale, "-pix_fmt", "rgba", "-f", "rawvideo", "-"], { maxBuffer: 1 << 26 });
}

const NETWORK_SIDE = 224;
const made = new Map([
  ["/network.rgba", pixels(NETWORK_SIDE, NETWORK_SIDE, false)],
  ["/frame.rgba", pixels(1280, 720, true)],
]);
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm" };
const server = createServer((request, response) => {
  const path = normalize(new URL(request.url, "http://localhost").pathname);
  const found = [join(here, path), join(modules, path), join(networks, path)].find((file) => path !== "/" && existsSync(file));
  const body = made.get(path) ?? (found && readFileSync(found));
  if (body === undefined) return response.writeHead(404).end();
  // Isolated pages get a finer clock.
  const isolated = { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" };
  response.writeHead(200, { "content-type": TYPES[extname(path)] ?? "application/octet-stream", ...isolated }).end(body);
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));

const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
const browser = await chromium.launch({ executablePath, headless: true, args: ["--no-sandbox", "--enable-unsafe-swiftshader"] });
try {
  console.log(`Chromium ${browser.version()}, ${new Date().toISOString().slice(0, 10)}\n`);
  for (const [kind, width, height, title] of [
    ["network", NETWORK_SIDE, NETWORK_SIDE, `our portrait network, ${NETWORK_SIDE} x ${NETWORK_SIDE} (99 MMACs)`],
    ["frame", 1280, 720, "a frame of 1280 x 720 to a mask of its size"],
  ]) {
    const page = await browser.newPage();
    page.on("pageerror", (error) => console.error(String(error)));
    await page.goto(`http://localhost:${server.address().port}/page.html`);
    await page.waitForSelector("html[data-ready]", { state: "attached" });
    const lines = await page.evaluate(([kind, width, height, rounds]) => window.race(kind, width, height, rounds), [kind, width, height, Number(rounds)]);
    await page.close();
    const ours = lines.find((line) => line.name.startsWith("HyperCut"));
    console.log(`| ${title} | median ms | 95 % | least | over ours | mean difference of the mask, of 255 |\n|---|---|---|---|---|---|`);
    for (const { name, error, median, p95, least, difference } of lines) {
      if (error) console.log(`| ${name} | did not run: ${error.split("\n")[0]} | | | | |`);
      else console.log(`| ${name} | ${median.toFixed(2)} | ${p95.toFixed(2)} | ${least.toFixed(2)} | ${(median / ours.median).toFixed(2)} | ${difference.toFixed(2)} |`);
    }
    console.log();
  }
} finally {
  await browser.close();
  server.close();
}
