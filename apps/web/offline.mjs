// Completes the service worker of a built page: the files to keep, and a version that changes when any of them does.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const folder = process.argv[2];
const files = readdirSync(folder, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name !== "sw.js")
  .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1).replaceAll("\\", "/"))
  // A browser takes one of the three modules; another is kept when it is asked for.
  .filter((file) => !file.endsWith(".wasm"))
  .sort();
const digest = createHash("sha256");
for (const entry of readdirSync(folder, { recursive: true }).sort()) {
  try {
    digest.update(entry).update(readFileSync(join(folder, entry)));
  } catch (error) {
    if (error.code !== "EISDIR") throw error;
  }
}
const worker = join(folder, "sw.js");
const text = readFileSync(worker, "utf8")
  .replace('"VERSION"', JSON.stringify(digest.digest("hex").slice(0, 12)))
  .replace('["FILES"]', JSON.stringify(["./", ...files]));
writeFileSync(worker, text);
